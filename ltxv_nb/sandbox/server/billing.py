"""``/v2/billing`` and ``/v2/usage``: what the account holds, what was charged, and what was used."""

from __future__ import annotations

import base64
import json
import math
import zoneinfo
from collections import defaultdict
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.sandbox.jobs import books
from ltxv_nb.sandbox.server import query_values
from ltxv_nb.sandbox.server.catalogue import Query, timestamp
from ltxv_nb.sandbox.server.validation import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo

    from ltxv_nb.sandbox.jobs.books import Books, Entry, Inference

_DAY = 86400.0

#: The words of ``group_by``.
_GROUPS = ("day", "model", "day,model")


def balance(accounts: Books, now: float) -> dict[str, Any]:
    """Return what the account holds; it is play money."""
    return {"current_balance": _usd(accounts.balance(now)), "currency": "USD"}


def balance_detail(accounts: Books, now: float) -> dict[str, Any]:
    """Return the balance, whose account it is, and whether it is topped up by itself."""
    top_up = {
        "is_enabled": accounts.tops_up,
        "threshold": _usd(books.THRESHOLD),
        "amount": _usd(books.TOP_UP),
        "currency": "USD",
    }
    owner = {"user_id": 1, "email": "sandbox@example.invalid"}
    return {**owner, **balance(accounts, now), "autotopup_settings": top_up}


def transactions(query: Query, accounts: Books, now: float) -> dict[str, Any]:
    """Return a page of the entries, newest first.

    Raises
    ------
    Refused
        400 for a query that breaks the rules.
    """
    first, last = (
        query_values.moment(name, text) if (text := query.get(name, [""])[-1]) else None
        for name in ("from", "to")
    )
    if first is not None and last is not None and last <= first:
        raise Refused(400, "to: expected a moment later than from.")
    limit = query_values.whole(query, "limit", 50, 1, 100)
    rows = accounts.page(
        first or 0.0,
        math.nextafter(now, math.inf) if last is None else min(last, now),
        query_values.one_of(query, "direction", books.DIRECTIONS),
        query_values.one_of(query, "type", books.TYPES),
        _position(query.get("cursor", [""])[-1]),
        limit + 1,
    )
    more = len(rows) > limit
    cursor = _cursor(rows[limit - 1]) if more else None
    return {
        "data": [_entry(row) for row in rows[:limit]],
        "pagination": {"next_cursor": cursor, "has_more": more},
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "created_at": timestamp(entry.created),
        "direction": entry.direction,
        "type": entry.type,
        "amount": {"usd": _usd(entry.credits), "credits": entry.credits},
        "model": entry.model,
        "reference_id": entry.reference_id,
    }


def _cursor(entry: Entry) -> str:
    position = json.dumps({"v": 1, "c": entry.created, "n": entry.number}, separators=(",", ":"))
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(cursor: str) -> tuple[float, int] | None:
    """Return time and number of the entry that a cursor stands for."""
    if not cursor:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor))
        created, number = found["c"], found["n"]
        if isinstance(created, (int, float)) and isinstance(number, int) and abs(number) < 2**63:
            return float(created), number
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    raise Refused(400, "cursor: expected the next_cursor of an earlier answer, received another text.")


def usage(query: Query, accounts: Books, token: str, now: float) -> dict[str, Any]:
    """Return what was charged in a window.

    Raises
    ------
    Refused
        400 for a query that breaks the rules; 403 for another key.
    """
    if "group_by" in query:
        raise Refused(400, "group_by: expected on /v2/usage/detail alone, received on /v2/usage.")
    return _total(query, accounts, token, now)[0]


def usage_detail(query: Query, accounts: Books, token: str, now: float) -> dict[str, Any]:
    """Return what was charged in a window, by model and, if asked, by day; raises as `usage` does."""
    group_by = query_values.one_of(query, "group_by", _GROUPS)
    zone = _zone(query.get("tz", ["UTC"])[-1])
    answer, inferences = _total(query, accounts, token, now)
    paid = [one for one in inferences if one.credits is not None]
    models = [
        {"model": name, "spend": _usd(_sum(rows)), "requests": len(rows)}
        for name, rows in _grouped(paid, lambda one: one.model).items()
    ]
    answer["models"] = sorted(models, key=lambda row: -float(row["spend"]))
    if group_by is not None:
        parts = group_by.split(",")

        def name_of(one: Inference) -> tuple[str, ...]:
            named = {"day": _day(one.created, zone), "model": one.model}
            return tuple(named[part] for part in parts)

        groups = _grouped(inferences, name_of)
        answer["groups"] = [
            {**dict(zip(parts, name, strict=True)), **_counts(groups[name])} for name in sorted(groups)
        ]
    return answer


def _total(query: Query, accounts: Books, token: str, now: float) -> tuple[dict[str, Any], list[Inference]]:
    prefix = query_values.check_key_prefix(query, token)
    start, end = query_values.window(query, now, _DAY)
    inferences = accounts.usage(start, end, now)
    paid = [one for one in inferences if one.credits is not None]
    answer = {
        "api_key_prefix": prefix,
        "start": timestamp(start),
        "end": timestamp(end),
        "spend": _usd(_sum(paid)),
        "currency": "USD",
        "requests": len(paid),
    }
    return answer, inferences


def _counts(inferences: list[Inference]) -> dict[str, Any]:
    failed = sum(one.failed for one in inferences)
    total, charged = len(inferences), sum(one.credits is not None for one in inferences)
    return {
        "spend": _usd(_sum(inferences)),
        "tokens": {"input": 0, "output": 0, "total": 0},
        "requests": {"total": total, "charged": charged, "succeeded": total - failed, "failed": failed},
    }


def _grouped(
    inferences: Iterable[Inference], name_of: Callable[[Inference], Any]
) -> dict[Any, list[Inference]]:
    groups = defaultdict(list)
    for one in inferences:
        groups[name_of(one)].append(one)
    return groups


def _sum(inferences: Iterable[Inference]) -> int:
    return sum(one.credits or 0 for one in inferences)


def _usd(credits_: int) -> float:
    return credits_ / CREDITS_PER_USD


def _day(moment: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d")


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return timezone.utc
    if name not in _zones():  # by the list: the file system may find names in other cases
        raise Refused(
            400, f'tz: expected the name of a time zone, like "Europe/Berlin", received "{name[:40]}".'
        )
    return zoneinfo.ZoneInfo(name)


@cache
def _zones() -> set[str]:
    return zoneinfo.available_timezones()
