"""The content of a catalogue as it is kept: rows, times, and the models that have disappeared from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.models.builtin import builtin_models
from ltxv_nb.models.listing import aliases_of, usable_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Models whose disappearance is remembered.
_MOST_MISSING = 500

Row = dict[str, Any]


def checked(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Check what was read back: another program may have written it, or an older version of this one."""
    rows = usable_rows(content)
    if content is None or not rows:
        return None
    etag, metrics, gone = content.get("etag"), content.get("metrics"), content.get("missing")
    return {
        "etag": etag if isinstance(etag, str) else None,
        "checked_at": number(content.get("checked_at")),
        "data": rows,
        "metrics": _usable_times(metrics),
        "missing": {
            name: {
                "since": number(entry.get("since")),
                "row": next(iter(usable_rows({"data": [entry.get("row")]})), None),
            }
            for name, entry in (gone.items() if isinstance(gone, dict) else ())
            if isinstance(entry, dict)
        },
    }


def _usable_times(metrics: object) -> dict[str, dict[str, float]]:
    rows = metrics.items() if isinstance(metrics, dict) else ()
    return {
        name: {key: value for key, value in times.items() if isinstance(value, (int, float))}
        for name, times in rows
        if isinstance(times, dict)
    }


def number(value: object) -> float:
    """Return a number that was read back, 0 for anything else."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def missing(kept: Mapping[str, Any] | None, rows: list[Row], now: float) -> dict[str, Any]:
    """Return the models that were known and are not listed, each with the time since when."""
    alive = {name.lower() for row in rows for name in (row["id"], *aliases_of(row))}
    before = {row["id"]: row for row in (kept or {}).get("data", ())}
    known: dict[str, Row | None] = {**dict.fromkeys(model.id for model in builtin_models()), **before}
    earlier = (kept or {}).get("missing", {})
    found = {name: entry for name, entry in earlier.items() if name.lower() not in alive}
    for name, row in known.items():
        if name.lower() not in alive and name not in found:
            found[name] = {"since": now, "row": row}
    return dict(list(found.items())[-_MOST_MISSING:])
