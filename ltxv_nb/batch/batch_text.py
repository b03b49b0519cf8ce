"""A batch, and a list of batches, for people."""

from __future__ import annotations

import html
import time
from datetime import datetime
from typing import TYPE_CHECKING

from ltxv_nb.credits import in_dollars
from ltxv_nb.money.words import cost
from ltxv_nb.tables import aligned
from ltxv_nb.text import NO_MATH, one_line, visible
from ltxv_nb.vocabulary import state_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.batch.listing import BatchRow

#: Cells that a table lists.
SHOWN = 60

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def title_of(batch: Batch) -> str:
    """Return the first line: which batch it is, and how far."""
    name = f" {batch.name!r}" if batch.name else ""
    return one_line(f"Batch {batch.id}{name}: {batch.progress().words}", 400)


def rows_of(cells: Sequence[Cell]) -> list[tuple[str, str, str, str, str]]:
    """Return a row for each of the first cells: label, state, cost, job, what went wrong."""
    return [
        (
            cell.label,
            state_word(cell.state),
            "" if cell.job is None else cost(cell.job.record),
            "" if cell.job is None else cell.job.id,
            one_line(cell.error, 160),
        )
        for cell in cells[:SHOWN]
    ]


def _more(cells: Sequence[Cell]) -> list[str]:
    return [f"The first {SHOWN} of {len(cells):,} clips."] if len(cells) > SHOWN else []


def plain_text(batch: Batch) -> str:
    """Return the batch for a terminal."""
    rows = [tuple(map(visible, row)) for row in rows_of(batch.cells)]
    lines = [visible(title_of(batch)), *aligned(rows), *_more(batch.cells)]
    return "\n".join([*lines, *filter(None, [visible(batch.note)])])


def html_text(batch: Batch) -> str:
    """Return the batch for a page, as it is now; its texts are escaped here."""
    rows = rows_of(batch.cells)
    titles = [title for title, column in zip(_TITLES, zip(*rows, strict=True), strict=True) if any(column)]
    kept = [_TITLES.index(title) for title in titles]
    head = "".join(f'<th scope="col" style="{_CELL}">{title}</th>' for title in titles)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}" dir="auto">{html.escape(visible(row[at]))}</td>' for at in kept)
        + "</tr>"
        for row in rows
    )
    last = [*_more(batch.cells), *filter(None, [batch.note])]
    return (
        f'<div class="ltxv-batch {NO_MATH}"><div>{html.escape(visible(title_of(batch)))}</div>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{lines_html(last)}</div>"
    )


_TITLES = ("clip", "state", "cost", "job", "error")


def lines_html(lines: Sequence[str]) -> str:
    """Return sentences for a page."""
    return "".join(f"<div>{html.escape(visible(line))}</div>" for line in lines)


# -- a list of batches
# ------------------------------------------------------------------------------------------------

_HEAD = ("batch", "name", "begun", "clips", "made", "cost", "axes")


def _listed(row: BatchRow) -> tuple[str, ...]:
    begun = datetime.fromtimestamp(min(max(row.created_at, 0.0), time.time())).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ006
    axes = " × ".join(f"{name} ({len(values)})" for name, values in row.axes.items())
    money = in_dollars(row.billed_credits) if row.billed_credits else ""
    return (row.id, one_line(row.name or "", 60), begun, f"{row.total:,}", f"{row.made:,}", money, axes)


def list_text(rows: Sequence[BatchRow]) -> str:
    """Return a list of batches for a terminal."""
    if not rows:
        return NO_BATCHES
    return "\n".join(visible(line) for line in aligned([_HEAD, *map(_listed, rows)]))


def list_html(rows: Sequence[BatchRow]) -> str:
    """Return a list of batches for a page."""
    if not rows:
        return lines_html([NO_BATCHES])
    head = "".join(f'<th scope="col" style="{_CELL}">{title}</th>' for title in _HEAD)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}" dir="auto">{html.escape(visible(one))}</td>' for one in _listed(row))
        + "</tr>"
        for row in rows
    )
    return f'<div class="{NO_MATH}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


NO_BATCHES = "There are no batches yet: client.sweep(…), or %%ltxv --sweep NAME=A,B, makes one."
