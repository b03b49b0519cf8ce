"""What the sandbox says of its models: the catalogue, the documents of their requests, the measured times."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ltxv_nb.sandbox.jobs.generations import JITTER
from ltxv_nb.sandbox.models.served import PATH, TYPE
from ltxv_nb.sandbox.server.body_check import shown
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.sandbox.jobs.generations import Generations
    from ltxv_nb.sandbox.models.served import ServedModel, ServedModels

#: The parts of an entry that are sent only where they are asked for.
_SECTIONS = frozenset({"pricing", "modalities", "capabilities"})
_WINDOW = 300
_LEAST_SECONDS = 0.05

Query = dict[str, list[str]]


def timestamp(unix: float) -> str:
    """Return unix seconds as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(unix, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def models(query: Query, served: ServedModels, origin: str) -> dict[str, Any]:
    """Return the catalogue.

    Parameters
    ----------
    query : dict
        The query's values by name: the filters and sections of the vendor's ``/v1/models``.
    served : ServedModels
        The models that there are.
    origin : str
        The address of this service.
    """
    sections = frozenset(_split(query, "include"))
    if sections & {"all"} or set(query.get("details", ())) & {"true", "1"}:
        sections = _SECTIONS
    data = [_entry(one, sections, origin) for one in served if _wanted(one.row, query)]
    return {"object": "list", "data": data}


def model(name: str, served: ServedModels, origin: str) -> dict[str, Any]:
    """Return one model with all sections.

    Raises
    ------
    Refused
        404 for a name that is no id and no alias.
    """
    return {"object": "model", "data": _entry(_found(name, served), _SECTIONS, origin)}


def document(query: Query, served: ServedModels) -> dict[str, Any]:
    """Return the OpenAPI document of a model's requests.

    Raises
    ------
    Refused
        400 without a model; 404 for one that is not there.
    """
    names = query.get("model", [])
    if not names:
        raise Refused(400, "model: expected the id of a model, received nothing.")
    return dict(_found(names[-1], served).document)


def _found(name: str, served: ServedModels) -> ServedModel:
    one = served.find(name)
    if one is None:
        raise Refused(404, f"Model {shown(name)} not found: it does not exist or has been retired.")
    return one


def _entry(one: ServedModel, sections: frozenset[str], origin: str) -> dict[str, Any]:
    docs = f"{origin}/docs-json?{urlencode({'model': one.id, 'endpoint': TYPE})}"
    row = {**one.row, "info": {**one.row["info"], "docsJson": docs}}
    return {name: value for name, value in row.items() if name not in _SECTIONS - sections}


def _wanted(row: Mapping[str, Any], query: Query) -> bool:
    modalities = row["modalities"]
    taken, made = (set(modalities.get(side, ())) for side in ("input", "output"))
    has = {
        "id": {row["id"], *row["aliases"]},
        "type": {row["type"]},
        "tags": set(row["tags"]),
        "modalities": taken | made,
        "input_modalities": taken,
        "output_modalities": made,
        "capabilities": set(row["capabilities"]),
    }
    return all(_split(query, field) & own for field, own in has.items() if query.get(field))


def _split(query: Query, name: str) -> set[str]:
    """Return the values of a parameter, repeated or separated by commas."""
    return {part.strip() for value in query.get(name, ()) for part in value.split(",") if part.strip()}


# Documented like `ltxv_nb.sandbox.server.logs.page`, whose query follows other rules.
def metrics(query: Query, generations: Generations, now: float) -> dict[str, Any]:
    """Return how long generations take, as the service that times them knows without measuring.

    Parameters
    ----------
    query : dict
        The query's values by name.
    generations : Generations
        Knows their nominal times.
    now : float
        Unix seconds.

    Raises
    ------
    Refused
        400 for another parameter than ``aliases``, or more than 100 of those.
    """
    for name in query:
        if name != "aliases":
            raise Refused(400, f"{name}: expected no such query parameter, only aliases.")
    aliases = query.get("aliases", [])
    if len(aliases) > 100:
        raise Refused(400, f"aliases: expected at most 100 values, received {len(aliases)}.")
    measured = [one for one in generations.models if one.measured]
    known = [name for one in measured for name in one.names]
    names = [name for name in known if name in aliases] if aliases else [one.id for one in measured]
    rows = [_metric(name, generations) for name in names]
    return {"window_seconds": _WINDOW, "generated_at": timestamp(now), "models": rows}


def _metric(name: str, generations: Generations) -> dict[str, Any]:
    """Return the percentiles of the even spread around a model's nominal time."""
    # With --fast a clip takes no time, which nobody who reads the figures could believe.
    nominal = max(generations.nominal(name), _LEAST_SECONDS) * 1000
    shares = {"p50": 0.50, "p75": 0.75, "p90": 0.90, "p99": 0.99}
    spread = {key: round(nominal * (1 + JITTER * (2 * share - 1)), 1) for key, share in shares.items()}
    return {"alias": name, "endpoint": PATH, "metrics": {"duration_ms": spread}}
