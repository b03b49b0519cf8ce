"""Values of a query, by the vendor's rules; what breaks them is refused with 400 and a reason."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.jobs.store import RETENTION
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.sandbox.server.catalogue import Query

_HOUR, _DAY = 3600, 86400


def window(query: Query, now: float, default: float) -> tuple[float, float]:
    """Return the window that ``period``, or ``start`` and ``end``, name.

    Parameters
    ----------
    query : dict
        The query's values by name.
    now : float
        Unix seconds.
    default : float
        Seconds of the window of a query that names none.

    Returns
    -------
    tuple of float
        Its beginning and its end, in unix seconds; at most 92 days apart.
    """
    period, start, end = (query.get(name, [""])[-1] for name in ("period", "start", "end"))
    if period and (start or end):
        raise Refused(400, "period: expected either period or both start and end, received both.")
    if period:
        match = re.fullmatch(r"([1-9]\d{0,4})([hd])", period)
        length = int(match[1]) * (_HOUR if match[2] == "h" else _DAY) if match else 0
        if not 0 < length <= RETENTION:
            raise Refused(400, f'period: expected a number of h or d up to 92d, received "{period[:40]}".')
        return now - length, now
    if not start and not end:
        return now - default, now
    if not start or not end:
        raise Refused(400, "start, end: expected both, received one.")
    first, last = moment("start", start), moment("end", end)
    if not 0 <= last - first <= RETENTION:
        raise Refused(400, "end: expected a moment at most 92 days after start, and not before it.")
    return first, last


def moment(name: str, text: str) -> float:
    """Return an ISO 8601 moment in unix seconds; one without an offset is in UTC."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(400, f'{name}: expected an ISO 8601 moment, received "{text[:40]}".') from None
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()


def whole(query: Query, name: str, default: int, least: int, most: int) -> int:
    """Return an integer within bounds."""
    text = query.get(name, [str(default)])[-1]
    value = int(text) if re.fullmatch(r"\d{1,10}", text) else -1
    if not least <= value <= most:
        raise Refused(400, f'{name}: expected an integer from {least} to {most}, received "{text[:40]}".')
    return value


def one_of(query: Query, name: str, allowed: Sequence[str]) -> str | None:
    """Return one of a list of words; ``None`` where the query has none."""
    text = query.get(name, [""])[-1]
    if text and text not in allowed:
        words = " | ".join(f'"{word}"' for word in allowed)
        raise Refused(400, f'{name}: expected {words}, received "{text[:40]}".')
    return text or None


def check_key_prefix(query: Query, token: str) -> str | None:
    """Return the prefix of the key that is asked about; that of another key is refused with 403."""
    prefix = query.get("key_prefix", [""])[-1]
    if not token.startswith(prefix):
        raise Refused(403, "key_prefix: what another key has done takes a management key.")
    return prefix or None
