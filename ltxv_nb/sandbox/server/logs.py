"""``/v2/logs``: the requests that were made, by the vendor's rules for the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.sandbox.jobs.store import RETENTION
from ltxv_nb.sandbox.server import query_values
from ltxv_nb.sandbox.server.catalogue import Query, timestamp
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from ltxv_nb.sandbox.jobs.store import LoggedRequest, Store

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
    start, end = query_values.window(query, now, _DEFAULT_WINDOW)
    limit, offset = (
        query_values.whole(query, "limit", 50, 1, 100),
        query_values.whole(query, "offset", 0, 0, 2**31),
    )
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
