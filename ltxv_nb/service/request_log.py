"""The service's request log: which of our requests it has taken, and what it charged for them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD, from_number
from ltxv_nb.errors import APIError
from ltxv_nb.service.reply import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Rows of a page, pages that one look reads, and hours that the service's clock and this machine's may differ
#: by (a wrong time zone included).
_PAGE_ROWS, _PAGES, _CLOCKS_APART = 100, 20, 13

#: Seconds of a difference between the clocks that is worth another look.
_NOTICEABLE = 3600.0

#: Hours of the longest window that can be asked for: 92 days.
_LONGEST_WINDOW = 92 * 24


@dataclass(frozen=True)
class LogRow:
    """One row of the service's request log.

    Attributes
    ----------
    client_request_id : str
        Our name for the request.
    generation_id : str or None
        The service's.
    failed : bool
        Whether the request failed; such a one is never charged.
    credits : int or None
        What it was charged, in credits; 2,000,000 are one US dollar.
    """

    client_request_id: str
    generation_id: str | None
    failed: bool
    credits: int | None


def find_rows(
    read_page: Callable[[Mapping[str, Any]], Any], wanted: set[str], window: Mapping[str, str]
) -> dict[str, LogRow]:
    """Read the log page by page until everything that is looked for is found, or there is no more.

    Parameters
    ----------
    read_page : callable
        Asks for one page; called with the parameters of ``/v2/logs``, returns the JSON document.
    wanted : set of str
        Client request ids.
    window : mapping
        What `window` returned.

    Raises
    ------
    APIError
        The log could not be read.
    """
    found: dict[str, LogRow] = {}
    for page in range(_PAGES):
        document = read_page({**window, "limit": _PAGE_ROWS, "offset": _PAGE_ROWS * page})
        rows = document.get("data") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            raise APIError("The service's request log cannot be read.")
        _take(rows, wanted, found)
        pagination = document.get("pagination")
        more = pagination.get("has_more") if isinstance(pagination, dict) else False
        if found.keys() == wanted or not more or not rows:
            break
    return found


def windows(
    since: float, until: float | None, now: float, ahead: float, *, everywhere: bool
) -> list[dict[str, str]]:
    """Return the windows in which requests may be found, the likeliest first.

    Parameters
    ----------
    since, until, now : float
        As `window` takes them, by this machine's clock.
    ahead : float
        Seconds by which the service's clock is ahead of it. It may itself be told by a gateway whose clock is
        wrong, so that our own time is tried as well.
    everywhere : bool
        Whether the longest window comes last.
    """
    differences = (ahead, 0.0) if abs(ahead) >= _NOTICEABLE else (0.0,)
    found = [window(since + by, until if until is None else until + by, now + by) for by in differences]
    return [*found, {"period": f"{_LONGEST_WINDOW}h"}] if everywhere else found


def window(since: float, until: float | None, now: float) -> dict[str, str]:
    """Return the parameters of ``/v2/logs`` for a window; all times in unix seconds."""
    slack = _CLOCKS_APART * 3600
    if until is None or until + slack >= now:
        return {"period": f"{min(_LONGEST_WINDOW, max(1, math.ceil((now - since) / 3600) + 1))}h"}
    end = until + slack
    start = max(since - slack, end - _LONGEST_WINDOW * 3600)
    moments = (datetime.fromtimestamp(moment, timezone.utc) for moment in (start, end))
    return dict(zip(("start", "end"), (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments), strict=True))


def _take(rows: Iterable[Any], wanted: set[str], found: dict[str, LogRow]) -> None:
    """Add the rows that are looked for; of two about one request the one that was billed."""
    for row in filter(None, map(_log_row, rows)):
        known = found.get(row.client_request_id)
        if row.client_request_id in wanted and (known is None or (known.failed and not row.failed)):
            found[row.client_request_id] = row


def _log_row(row: Any) -> LogRow | None:
    if not isinstance(row, dict) or not isinstance(row.get("client_request_id"), str):
        return None
    told = row.get("cost")
    cost = told if isinstance(told, dict) else {}
    charged = from_number(cost.get("credits"))
    return LogRow(
        row["client_request_id"],
        plain_text(row.get("inference_id"), 512),
        row.get("status") == "failed",
        from_number(cost.get("usd"), CREDITS_PER_USD) if charged is None else charged,
    )
