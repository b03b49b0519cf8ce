"""Spending as a table: for a page, for a terminal, as CSV, and as records.

Names and prompts come from outside: each is escaped. Colours are those of the page, so that it is readable in
light and dark; there is no script, which a saved notebook would lose.
"""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ltxv_nb import tables
from ltxv_nb.credits import in_dollars
from ltxv_nb.money.bars import bars_html
from ltxv_nb.tables import aligned
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.money.spending import Spending, SpendingRow

#: Rows that are shown on a page or in a terminal; CSV and pandas have all.
_ROWS_SHOWN = 50

#: Characters of a prompt in a table.
_PROMPT_SHOWN = 60

_LEFT, _RIGHT = "text-align:left", "text-align:right;font-variant-numeric:tabular-nums"

#: What is billed, in words for the state of a job.
_STATES = {"saved": "billed", "finished": "billed", "failed": "failed, not billed", "lost": "given up"}


def columns(by: str) -> list[str]:
    """Return the names of the columns of `records`."""
    of_a_job = ["state", "model", "created_at", "prompt"] if by == "job" else ["jobs"]
    return [by, *of_a_job, "usd", "estimated_usd", "open_usd"]


def records(spending: Spending) -> list[dict[str, Any]]:
    """Return the rows as plain values; money in USD, times as ISO 8601 in UTC."""
    names = columns(spending.by)
    return [{name: _value(row, name, spending.by) for name in names} for row in spending.rows]


def _value(row: SpendingRow, name: str, by: str) -> Any:
    if name == by:
        return row.name
    if name == "created_at":
        return None if row.created_at is None else _iso(row.created_at)
    return getattr(row, name)


def _iso(moment: float) -> str | None:
    try:
        return datetime.fromtimestamp(moment, tz=timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None


def csv_text(spending: Spending) -> str:
    """Return the rows as CSV; what a spreadsheet would take for a formula begins with an apostrophe."""
    return tables.csv_text(records(spending), columns(spending.by))


# -- for people
# ------------------------------------------------------------------------------------------------


def _head(spending: Spending) -> tuple[str, ...]:
    money = ("would cost" if spending.play_money else "billed", "estimate (at most)", "open")
    return (
        ("job", "state", "model", *money, "prompt")
        if spending.by == "job"
        else (spending.by, "clips", *money)
    )


def _cells(spending: Spending, row: SpendingRow) -> tuple[str, ...]:
    billed = "?" if row.unpriced and not row.billed_credits else in_dollars(row.billed_credits)
    estimated = "" if not row.estimated_credits else in_dollars(row.estimated_credits)
    money = (billed, estimated, in_dollars(row.open_credits) if row.open_credits else "")
    if spending.by != "job":
        return (one_line(row.name, 80), f"{row.jobs:,}", *money)
    state = _STATES.get(row.state, row.state)
    if spending.play_money and state == "billed":
        state = "made"
    return (row.name, state, row.model.rpartition("/")[2], *money, one_line(row.prompt, _PROMPT_SHOWN))


def _total(spending: Spending) -> str:
    """Return the total in words."""
    total, open_ = in_dollars(spending.total_credits), spending.open_credits
    words = f"{total} in play money: the sandbox bills nothing" if spending.play_money else f"{total} in all"
    more = f"; {in_dollars(open_)} may still follow for what is not finished or was given up" if open_ else ""
    return f"{words}{more}."


def _rest(spending: Spending) -> str:
    left = len(spending.rows) - _ROWS_SHOWN
    return f"{left:,} more rows are not shown here; .to_pandas() and .to_csv() have all." if left > 0 else ""


def _last(spending: Spending) -> list[str]:
    return [line for line in (_rest(spending), _total(spending), *spending.notes) if line]


def plain_text(spending: Spending) -> str:
    """Return the table for a terminal."""
    if not spending.rows:
        return "\n".join(["Nothing has been spent yet.", *spending.notes])
    rows = [_head(spending), *(_cells(spending, row) for row in spending.rows[:_ROWS_SHOWN])]
    return "\n".join([*aligned(rows), "", *_last(spending)])


def html_text(spending: Spending) -> str:
    """Return the table for a page, with a picture of the last days above it."""
    if not spending.rows:
        return paragraphs(["Nothing has been spent yet.", *spending.notes])
    shown = [_cells(spending, row) for row in spending.rows[:_ROWS_SHOWN]]
    bars = bars_html(spending.days, play_money=spending.play_money)
    table = table_html(
        _head(spending), shown, {"clips", "billed", "would cost", "estimate (at most)", "open"}
    )
    return f'<div class="{NO_MATH}">{bars}{table}{_lines(_last(spending))}</div>'


def table_html(head: Sequence[str], rows: Sequence[Sequence[str]], numbers: set[str]) -> str:
    """Return a table of texts, which are escaped here; the columns of numbers are flush right."""
    sides = [_RIGHT if title in numbers else _LEFT for title in head]
    titles = "".join(
        f'<th scope="col" style="{side}">{html.escape(title)}</th>'
        for title, side in zip(head, sides, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{side}" dir="auto">{html.escape(cell)}</td>'
            for cell, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def paragraphs(lines: Sequence[str]) -> str:
    """Return sentences for a page."""
    return f'<div class="{NO_MATH}">{_lines(lines)}</div>'


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"<div>{html.escape(line)}</div>" for line in lines)
