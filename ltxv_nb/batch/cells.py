"""The cells of a batch: one clip each, planned, being made, or made."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ltxv_nb.journal import State
from ltxv_nb.text import one_line
from ltxv_nb.tiles import Tile
from ltxv_nb.vocabulary import state_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.job import Job
    from ltxv_nb.journal import Record
    from ltxv_nb.request import GenerationRequest

#: Characters of a label.
_LABEL = 120


@dataclass(eq=False)
class Cell:
    """One clip of a batch.

    Attributes
    ----------
    values : dict
        Its value on each axis.
    take : int
        Which of several clips of one request, from 1.
    request : GenerationRequest
        What is asked for.
    job : Job or None
        The job that makes it; ``None`` while it is not sent.
    error : str
        Why it was not sent, or why there is no clip; empty while nothing is wrong.
    """

    values: dict[str, Any]
    take: int
    request: GenerationRequest
    key: str
    several: bool = False  # whether there are several takes
    job: Job | None = None
    _error: str = ""
    waiting: bool = field(default=False, repr=False)  # whether it is to be sent by this process

    @property
    def error(self) -> str:
        """Why it was not sent, or why there is no clip; empty while nothing is wrong."""
        if self._error or self.job is None or self.waiting:
            return self._error
        error = self.job.error
        return "" if error is None else str(error)

    @property
    def label(self) -> str:
        """What tells it from the others, in a few words."""
        words = [plain(value) for value in self.values.values()]
        if not words:
            words = [one_line(self.request.prompt, 60) or self.request.spec.short_name]
        if self.several:
            words.append(f"take {self.take}")
        return one_line(" · ".join(words), _LABEL)

    @property
    def state(self) -> str:
        """One word for where it is, as of a job; or ``"waiting"``, ``"not sent"``, ``"refused"``."""
        if self.waiting:
            return "waiting"
        if self.job is not None:
            return self.job.status
        return "refused" if self._error else "not sent"

    @property
    def state_words(self) -> str:
        """What is said in place of a clip; empty if there is one."""
        if self.job is not None and self.job.video is not None:
            return ""
        if self.error:
            return one_line(self.error, 300)
        known = {"waiting": "waits for its turn", "not sent": "not made yet"}
        return known.get(self.state) or state_word(self.state)

    @property
    def place(self) -> dict[str, Any]:
        """What the journal keeps beside its job."""
        return {"values": self.values, "take": self.take}

    def done(self) -> bool:
        """Whether nothing more is going to happen to it."""
        return not self.waiting and (self.job is None or self.job.done())

    def tile(self) -> Tile:
        """Return it as one of several clips that stand side by side."""
        values = {name: plain(value) for name, value in self.values.items()}
        if self.several:
            values["take"] = str(self.take)
        job = self.job
        video = job.video if job is not None else None
        job_id, failed = (job.id if job is not None else None), video is None and bool(self.error)
        return Tile(video, self.label, values, job_id, self.state_words, failed)

    def set(self, job: Job | None = None, error: str = "", *, waiting: bool = False) -> None:
        """Take note of how it stands."""
        self.job, self._error, self.waiting = job, error, waiting


def plain(value: Any) -> str:
    """Return a value of an axis as plain text."""
    return one_line(str(value), 60) if not isinstance(value, bool) else ("yes" if value else "no")


def kept(
    cells: Iterable[Cell], asked: Callable[[GenerationRequest], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return cells as the journal keeps a plan.

    Parameters
    ----------
    cells : iterable of Cell
        The cells.
    asked : callable
        Returns what the journal writes down of a request.
    """
    return [
        {"key": cell.key, "values": cell.values, "take": cell.take, "request": asked(cell.request)}
        for cell in cells
    ]


def from_kept(
    plan: Iterable[Mapping[str, Any]], request_of: Callable[[Any], GenerationRequest]
) -> list[Cell]:
    """Return the cells of a plan that the journal has kept."""
    rows = list(plan)
    several = any(row["take"] > 1 for row in rows)
    made: dict[str, GenerationRequest] = {}  # takes share theirs
    cells = []
    for row in rows:
        text = json.dumps(row["request"], sort_keys=True)
        if text not in made:
            made[text] = request_of(row["request"])
        cells.append(Cell(dict(row["values"]), row["take"], made[text], row["key"], several))
    return cells


#: States of a generation after which its cell may be made again: nothing came, and nothing will.
_VOID = frozenset({State.REFUSED, State.FAILED, State.LOST})


def is_missing(cell: Cell) -> bool:
    """Whether a cell may be sent: there is no job of it, or its job made nothing and never will."""
    return not cell.waiting and (cell.job is None or cell.job.record.state in _VOID)


def by_cell(cells: Iterable[Cell], rows: Iterable[Record]) -> list[Record | None]:
    """Return the row of each cell: the one that takes it, else the newest; the rows are oldest first."""
    found: dict[str | None, Record] = {}
    for row in rows:
        there = found.get(row.cell_key)
        if there is None or there.state in _VOID:
            found[row.cell_key] = row
    return [found.get(cell.key) for cell in cells]
