"""The addresses of the model catalogue, and the figures that come with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ltxv_nb.service.reply import number

#: The catalogue, and the published description of one model's endpoint.
MODELS, SCHEMA = "/v1/models", "/docs-json"

#: The kind of endpoint that video models are served through.
VIDEO_ENDPOINT = "internal/video-generations/submit"

#: Characters of an address that is followed.
_LONGEST = 2_000


def query(name: str | None = None) -> dict[str, str]:
    """Return the query for all video models, or for the one of an id or alias, with everything about them."""
    chosen = {"id": name} if name is not None else {"output_modalities": "video"}
    return {**chosen, "include": "all"}


def schema_address(address: object, base_url: str, model: str, kind: str) -> tuple[str, dict[str, str]]:
    """Return path and query of a model's schema at the service's own origin.

    Parameters
    ----------
    address : object
        What the catalogue says. An address at another origin, or none, is put together anew from the id.
    base_url : str
        The service, without a trailing slash.
    model, kind : str
        The model's id, and the kind of endpoint that the catalogue names.
    """
    usual = (SCHEMA, {"model": model, "endpoint": kind or VIDEO_ENDPOINT})
    if not isinstance(address, str) or len(address) > _LONGEST or not address.isprintable():
        return usual
    try:
        theirs, ours = urlsplit(address.strip()), urlsplit(base_url)
        same = (theirs.scheme, theirs.hostname, theirs.port) == (ours.scheme, ours.hostname, ours.port)
        named = dict(parse_qsl(theirs.query))
    except ValueError:
        return usual
    if not same or theirs.username is not None or not theirs.path.startswith(f"{ours.path}/"):
        return usual
    return theirs.path.removeprefix(ours.path), named


def percentiles(document: Any) -> dict[str, dict[str, float]]:
    """Return the times in the answer of ``/models/metrics``, in milliseconds, by the models' aliases."""
    rows = document.get("models") if isinstance(document, dict) else None
    found: dict[str, dict[str, float]] = {}
    for row in rows if isinstance(rows, list) else []:
        metrics = row.get("metrics") if isinstance(row, dict) else None
        values = metrics.get("duration_ms") if isinstance(metrics, dict) else None
        if isinstance(values, dict) and isinstance(row.get("alias"), str):
            known = {name: number(value) for name, value in values.items()}
            found[row["alias"]] = {name: value for name, value in known.items() if value is not None}
    return found
