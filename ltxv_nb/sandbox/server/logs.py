"""``/v2/logs``: the requests that were made, by the vendor's rules for the query."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.sandbox.jobs.store import RETENTION
from ltxv_nb.sandbox.server.catalogue import Query, timestamp
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from ltxv_nb.sandbox.jobs.store import LoggedRequest, Store

_HOUR, _DAY = 3600, 86400

#: The vendor's schema names no default window; the sandbox shows everything it has stored.
_DEFAULT_WINDOW = RETENTION


def page(query: Query, store: Store, now: float) -> dict[str, Any]:
    """Return a page of the log, newest first.

    Parameters
    ----------
    query : dict
        The query's values by name.
    store : Store
        Where the requests are.
    now : float
        Unix seconds.

    Raises
    ------
    Refused
        400 for a query that breaks the rules.
    """
    start, end = _window(query, now)
    limit, offset = _whole(query, "limit", 50, 1, 100), _whole(query, "offset", 0, 0, 2**31)
    statuses, models = query.get("status", []), query.get("model", [])
    for status in statuses:
        if status not in {"succeeded", "failed"}:
            raise Refused(400, f'status: expected "succeeded" | "failed", received "{status}".')
    if len(models) > 50:
        raise Refused(400, f"model: expected at most 50 values, received {len(models)}.")
    full = [model if "/" in model else f"ltxv/{model}" for model in models]
    rows, total = store.requests(start, end, full, statuses, limit, offset)
    more = offset + len(rows) < total
    return {
        "data": [_row(row) for row in rows],
        "pagination": {"limit": limit, "offset": offset, "total": total, "has_more": more},
    }


def _row(row: LoggedRequest) -> dict[str, Any]:
    return {
        "created": timestamp(row.created),
        "status": row.status,
        "origin": "api",
        "model": row.model,
        "cost": {"usd": row.credits / CREDITS_PER_USD, "credits": row.credits},
        "tokens": {"input": 0, "output": 0, "total": 0},
        "request_id": row.request_id,
        "inference_id": row.inference_id,
        "client_request_id": row.client_request_id,
    }


def _window(query: Query, now: float) -> tuple[float, float]:
    """Return the window as unix seconds."""
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
        return now - _DEFAULT_WINDOW, now
    if not start or not end:
        raise Refused(400, "start, end: expected both, received one.")
    first, last = _moment("start", start), _moment("end", end)
    if not 0 <= last - first <= RETENTION:
        raise Refused(400, "end: expected a moment at most 92 days after start, and not before it.")
    return first, last


def _moment(name: str, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refused(400, f'{name}: expected an ISO 8601 moment, received "{text[:40]}".') from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _whole(query: Query, name: str, default: int, least: int, most: int) -> int:
    text = query.get(name, [str(default)])[-1]
    value = int(text) if re.fullmatch(r"\d{1,10}", text) else -1
    if not least <= value <= most:
        raise Refused(400, f'{name}: expected an integer from {least} to {most}, received "{text[:40]}".')
    return value
