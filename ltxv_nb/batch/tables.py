"""A batch as rows of plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.media.measures import measure_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.journal import Record

#: The columns of each cell beside its values and what was measured.
FACTS = (
    "take", "state", "stars", "tags", "cost_usd", "estimated_usd", "submitted_at", "seconds", "job",
    "prompt", "file", "error",
)  # fmt: skip


def records(batch: Batch) -> list[dict[str, Any]]:
    """Return a row for each cell; times in unix seconds and seconds, money in USD."""
    rows = batch.client.journal.of_batch(batch.id)
    newest = {row.id: row for row in rows}  # with the newest ratings and measures
    return [_row(cell, newest) for cell in batch.cells]


def columns(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the names of all columns, in their order."""
    return list(dict.fromkeys(name for row in rows for name in row)) or list(FACTS)


def _row(cell: Cell, newest: dict[str, Record]) -> dict[str, Any]:
    values = {f"{name} (axis)" if name in FACTS else name: value for name, value in cell.values.items()}
    return {**values, **_facts(cell, newest)}


def _facts(cell: Cell, newest: dict[str, Record]) -> dict[str, Any]:
    job = cell.job
    row = None if job is None else newest.get(job.id, job.record)
    video = None if job is None else job.video
    found = [
        cell.take,
        cell.state,
        None if row is None else row.stars or 0,
        [] if row is None else list(row.tags or ()),
        None if row is None else row.usd,
        None if row is None else row.estimated_usd,
        None if row is None else row.created_at,
        None if job is None else job.elapsed(),
        None if job is None else job.id,
        cell.request.prompt,
        None if video is None else str(video.path),
        cell.error,
    ]
    return {**dict(zip(FACTS, found, strict=True)), **measure_columns(row.measures if row else None)}
