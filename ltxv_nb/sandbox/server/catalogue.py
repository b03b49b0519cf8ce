"""What the sandbox says of its two models: the catalogue and the measured times."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import builtin_models
from ltxv_nb.sandbox.jobs.generations import JITTER
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from ltxv_nb.models import Model
    from ltxv_nb.sandbox.jobs.generations import Generations

ENDPOINT = "/v2/video/generations"
_TYPE = "video/generations"
_TAGS = ["playground:video"]
_MODALITIES = {"input": ["text", "image"], "output": ["video"]}
_PRICING = {"kind": "fixed", "currency": "USD", "units": [{"name": "video", "price": 0, "per": "second"}]}
_WINDOW = 300
_LEAST_SECONDS = 0.05

Query = dict[str, list[str]]


def timestamp(unix: float) -> str:
    """Return unix seconds as ISO 8601 in UTC, with milliseconds."""
    moment = datetime.fromtimestamp(unix, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def models(query: Query) -> dict[str, Any]:
    """Return the catalogue.

    Parameters
    ----------
    query : dict
        The query's values by name: the filters and sections of the vendor's ``/v1/models``.
    """
    sections = _split(query, "include")
    if sections & {"all"} or set(query.get("details", ())) & {"true", "1"}:
        sections = {"pricing", "modalities", "capabilities"}
    data = [_model(model, sections) for model in builtin_models() if _wanted(model, query)]
    return {"object": "list", "data": data}


def _model(model: Model, sections: set[str]) -> dict[str, Any]:
    extra = {"pricing": _PRICING, "modalities": _MODALITIES, "capabilities": list(model.capabilities)}
    described = (
        "Drawn by the sandbox of ltxv-nb, from the words of the prompt; nothing is generated or billed."
    )
    return {
        "id": model.id,
        "aliases": list(model.aliases),
        "type": _TYPE,
        "info": {"name": f"{model.short_name} (sandbox)", "developer": "ltxv-nb", "description": described},
        "tags": _TAGS,
        **{section: value for section, value in extra.items() if section in sections},
    }


def _wanted(model: Model, query: Query) -> bool:
    has = {
        "id": {model.id, *model.aliases},
        "type": {_TYPE},
        "tags": set(_TAGS),
        "modalities": {*_MODALITIES["input"], *_MODALITIES["output"]},
        "input_modalities": set(_MODALITIES["input"]),
        "output_modalities": set(_MODALITIES["output"]),
        "capabilities": set(model.capabilities),
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
    known = [name for model in builtin_models() for name in (model.id, *model.aliases)]
    names = [name for name in known if name in aliases]
    ids = [model.id for model in builtin_models()]
    rows = [_metric(name, generations) for name in (names if aliases else ids)]
    return {"window_seconds": _WINDOW, "generated_at": timestamp(now), "models": rows}


def _metric(name: str, generations: Generations) -> dict[str, Any]:
    """Return the percentiles of the even spread around a model's nominal time."""
    # With --fast a clip takes no time, which nobody who reads the figures could believe.
    nominal = max(generations.nominal(name), _LEAST_SECONDS) * 1000
    shares = {"p50": 0.50, "p75": 0.75, "p90": 0.90, "p99": 0.99}
    spread = {key: round(nominal * (1 + JITTER * (2 * share - 1)), 1) for key, share in shares.items()}
    return {"alias": name, "endpoint": ENDPOINT, "metrics": {"duration_ms": spread}}
