"""Reading the price lists of the service's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ltxv_nb.models.price import PriceList, Rate, Span, decimal

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Rows of a list that are read, and US dollars that no unit of video costs: what is dearer is a mistake.
_MOST_ROWS, _MOST_USD = 2_000, 1_000_000

#: What the words in a price list measure. The first word of a unit that is found here counts.
_MEASURES = {
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s", "duration"), "second"),
    **dict.fromkeys(("minute", "minutes", "min"), "minute"),
    **dict.fromkeys(
        (
            "video", "videos", "generation", "generations", "request", "requests", "clip", "clips", "run",
            "runs", "call", "calls", "item", "items", "output", "outputs", "job", "jobs", "task", "tasks",
        ),
        "clip",
    ),
    **dict.fromkeys(("frame", "frames"), "frame"),
}  # fmt: skip

#: Units of which no request says how many it takes.
_UNCOUNTED = {"token", "tokens", "megapixel", "megapixels", "pixel", "pixels", "character", "characters"}


_SPAN_WORDS = {
    **dict.fromkeys(("min", "minimum", "gte", "from", ">="), "least"),
    **dict.fromkeys(("max", "maximum", "lte", "to", "<="), "most"),
    **dict.fromkeys(("gt", ">"), "above"),
    **dict.fromkeys(("lt", "<"), "below"),
}


def read(pricing: object) -> PriceList | None:
    """Read the ``pricing`` of a catalogue row.

    Parameters
    ----------
    pricing : object
        ``kind`` is ``fixed`` (``units`` of ``name, measure, price, per``) or ``variants`` (``when, price,
        unit, per``); ``variable`` cannot be quoted.

    Returns
    -------
    PriceList or None
        ``None`` where nothing can be quoted: another kind or currency, a price that is missing or negative.
        A row that cannot be read makes the whole list unusable, for it may be the one that counts.
    """
    if not isinstance(pricing, Mapping) or str(pricing.get("currency") or "USD").upper() != "USD":
        return None
    kind = str(pricing.get("kind")).lower()
    rows = {"fixed": pricing.get("units"), "variants": pricing.get("variants")}.get(kind)
    if not isinstance(rows, list) or not 0 < len(rows) <= _MOST_ROWS:
        return None
    rates = [_rate(row) if isinstance(row, Mapping) else None for row in rows]
    if any(rate is None for rate in rates):
        return None
    return PriceList(tuple(rate for rate in rates if rate), variants=kind == "variants")


def _rate(row: Mapping[str, Any]) -> Rate | None:
    usd, per = decimal(row.get("price")), row.get("per", 1)
    count = decimal(1 if per is None else per)
    words = [row.get("measure"), row.get("unit"), row.get("name")]
    if count is None and isinstance(per, str):  # ``per: "second"`` is one second
        count, words = decimal(1), [per, *words]
    when = _conditions(row.get("when"))
    if usd is None or usd > _MOST_USD or not count or when is None:
        return None
    return Rate(str(usd), str(count), _measure(words), when)


def _measure(words: Iterable[object]) -> str | None:
    """Return the unit that a row's words name; the most telling word comes first."""
    for text in words:
        parts = str(text or "").lower().replace("-", " ").replace("_", " ").replace("/", " ").split()
        if set(parts) & _UNCOUNTED:
            return None
        if "input" in parts and {"image", "images"} & set(parts):
            return "image"
        known = [_MEASURES[part] for part in parts if part in _MEASURES]
        for measure in ("second", "minute", "frame", "clip"):
            if measure in known:
                return measure
        if {"image", "images"} & set(parts):
            return "image"
    return None


def _conditions(when: object) -> tuple[tuple[str, Any], ...] | None:
    """Read for which values a row holds; ``None`` when that cannot be understood."""
    if when is None:
        return ()
    if not isinstance(when, Mapping):
        return None
    found: list[tuple[str, Any]] = []
    for name, wanted in when.items():
        if isinstance(wanted, Mapping):
            ends = {_SPAN_WORDS.get(str(word).lower()): decimal(end) for word, end in wanted.items()}
            if None in ends or None in ends.values():
                return None
            found.append((str(name), Span(**{str(side): str(end) for side, end in ends.items()})))
        else:
            values = wanted if isinstance(wanted, list) else [wanted]
            if any(isinstance(value, (list, Mapping)) for value in values):
                return None
            found.append((str(name), tuple(values)))
    return tuple(found)
