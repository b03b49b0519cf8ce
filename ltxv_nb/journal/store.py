"""The record of every generation, on disk before the money is spent and after.

One SQLite file, one row a generation, one more row for each step it took. Several kernels and scripts may use
it at once. It never holds the key; an image is kept beside it as a file, under its hash.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ltxv_nb.errors import JournalError, RequestError
from ltxv_nb.journal.connections import Connections
from ltxv_nb.journal.guards import Occupied
from ltxv_nb.journal.record import COLUMNS, Vote
from ltxv_nb.journal.rows import Rows
from ltxv_nb.journal.search import ANY
from ltxv_nb.journal.transitions import TRANSITIONS, Event, answer_lost, bill_note, taken_over
from ltxv_nb.journal.trouble import in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from ltxv_nb.journal.cost import Cost
    from ltxv_nb.journal.guards import Guard
    from ltxv_nb.journal.record import Batch, Record
    from ltxv_nb.journal.search import Wanted
    from ltxv_nb.journal.transitions import Change

_Found = TypeVar("_Found")


class Advanced(NamedTuple):
    """What became of a change.

    Attributes
    ----------
    record : Record
        The row as it is now.
    done : bool
        Whether the change was made; if not, the row was in another state than it fits.
    """

    record: Record
    done: bool


class Journal:
    """The journal of one home. Threads may use it side by side; readers never wait for writers.

    Parameters
    ----------
    path : Path
        The SQLite file; it and its folder are made at the first write.
    clock : callable, optional
        Returns unix time in seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._connections = Connections(path)

    # -- writing -------------------------------------------------------------------------------------------

    def reserve(self, record: Record, guards: Iterable[Guard] = ()) -> Record:
        """Write a new generation, if nothing stands in its way; the checks and the row are one transaction.

        Parameters
        ----------
        record : Record
            What to write; with the id of a refused generation of the same cell of a batch, and the next
            revision, it takes that one's place.
        guards : iterable of Guard
            What has to be checked while nobody else can write; what they raise comes out of here.

        Returns
        -------
        Record
            The row as it was written; a guard may have changed it.

        Raises
        ------
        Occupied
            From `no_identical_request`: an identical request is unfinished.
        JournalError
            It cannot be written.
        """

        def insert(rows: Rows) -> Record:
            row = record
            for guard in guards:
                row = guard(rows, row) or row
            before = rows.get(row.id) if row.revision else None
            if before is None:
                rows.insert(row)
            else:
                self._try_again(rows, before, row)
            rows.note(row.id, self._clock(), row.state, None)
            return row

        return self._write(insert)

    def advance(
        self,
        record_id: str,
        expected: Record | None,
        *changes: Change,
        patience: float | None = None,
    ) -> Advanced:
        """Change a generation, each change only if it fits the state that the row is in by then.

        This is the only writer of states: see `ltxv_nb.journal.transitions`.

        Parameters
        ----------
        record_id : str
            Its journal id.
        expected : Record or None
            Whose owner the row must still have; ``None`` where a change is true whoever tracks it (what the
            service said).
        *changes : Change
            Made in this order, in one transaction.
        patience : float, optional
            Seconds to wait at most while others write; `BUSY_SECONDS` by default.

        Returns
        -------
        Advanced
            The row as it is now, and whether the last of the changes was made.

        Raises
        ------
        JournalError
            It cannot be written, or the row is gone.
        """

        def make_all(rows: Rows) -> Advanced:
            record = self._existing(rows, record_id)
            done = expected is None or record.owner == expected.owner
            for change in changes if done else ():
                record, done = self._make(rows, record, change)
            return Advanced(record, done)

        return self._write(make_all, patience)

    def take_over(self, record: Record, owner: str, *, patience: float | None = None) -> Advanced:
        """Become the owner of a generation, if it still has the owner that a copy of its row names.

        If that one was sending it, whether it was accepted is unknown from now on.
        """
        return self.advance(record.id, record, taken_over(owner), patience=patience)

    def transact(self, work: Callable[[Rows], _Found]) -> _Found:
        """Read and write rows in one transaction; what the work raises undoes everything.

        Raises
        ------
        JournalError
            It cannot be written.
        """
        return self._write(work)

    def release(self, owner: str) -> None:
        """Let go of everything an owner tracks."""
        self._write(lambda rows: rows.release(owner))

    def rate(self, record_id: str, **columns: Any) -> None:
        """Set ``stars``, ``tags`` and ``measures``: no change of the generation, which counts no revision.

        Raises
        ------
        JournalError
            It cannot be written, or the row is gone.
        """

        def change(rows: Rows) -> None:
            self._existing(rows, record_id)
            rows.rate(record_id, columns)

        self._write(change)

    def add_vote(self, winner: str, loser: str) -> None:
        """Keep which of two clips somebody preferred.

        Parameters
        ----------
        winner, loser : str
            The ids of their jobs.

        Raises
        ------
        RequestError
            They are one and the same.
        JournalError
            It cannot be written, or one of them is not in it.
        """
        if winner == loser:
            raise RequestError(f"Job {winner} cannot be preferred to itself: a vote needs two clips.")

        def add(rows: Rows) -> None:
            for record_id in (winner, loser):
                self._existing(rows, record_id)
            rows.add_vote(Vote(winner, loser, self._clock()))

        self._write(add)

    # -- reading -------------------------------------------------------------------------------------------

    def query(self, query: Callable[[Rows], _Found], nothing: _Found) -> _Found:
        """Return what a query of the rows finds; ``nothing`` where there is no journal yet."""
        return self._read(query, nothing)

    def now(self) -> float:
        """Return the time by this machine's clock, in unix seconds."""
        return self._clock()

    def get(self, record_id: str) -> Record | None:
        """Return the generation of this journal id."""
        return self._read(lambda rows: rows.get(record_id), None)

    def by_generation_id(self, generation_id: str, origin: str) -> Record | None:
        """Return the generation that a service knows by this id."""
        return self._read(lambda rows: rows.by_generation_id(generation_id, origin), None)

    def finished_before(self, *fingerprints: str) -> list[Record]:
        """Return the finished generations of the very same request, newest first.

        None while another one of it is unfinished: that is the newest then.
        """

        def query(rows: Rows) -> list[Record]:
            if any(map(rows.open_twin, fingerprints)):
                return []
            found = chain.from_iterable(map(rows.saved_twins, fingerprints))
            return sorted(found, key=lambda record: record.created_at, reverse=True)

        return self._read(query, [])

    def newest(self, limit: int | None = None, offset: int = 0, *, wanted: Wanted = ANY) -> list[Record]:
        """Return generations that are wanted, newest first unless another order is wanted."""
        return self._read(lambda rows: rows.found(wanted, limit, offset), [])

    def saved(self, wanted: Wanted = ANY, *, limit: int = 50, offset: int = 0) -> list[Record]:
        """Return generations with a video on disk that are wanted, newest first unless wanted otherwise."""
        return self._read(lambda rows: rows.saved(wanted, limit, offset), [])

    def count_saved(self, wanted: Wanted = ANY) -> int:
        """Return how many generations `saved` would find."""
        return self._read(lambda rows: rows.count_saved(wanted), 0)

    def last_saved_at(self) -> float:
        """Return when the last video came, whoever made it, in unix seconds; 0 while there is none."""
        return self._read(Rows.last_saved_at, 0.0)

    def costs(self, backend: str) -> list[Cost]:
        """Return what all generations of a backend (``aimlapi`` or ``sandbox``) have cost, newest first."""
        return self._read(lambda rows: rows.costs(backend), [])

    def count_of(self, backend: str) -> int:
        """Return how many generations of a backend (``aimlapi`` or ``sandbox``) there are."""
        return self._read(lambda rows: rows.count_of(backend), 0)

    def models(self) -> list[str]:
        """Return the models that have made videos."""
        return self._read(Rows.models, [])

    def notebooks(self) -> list[str]:
        """Return the paths of the notebooks that have made videos, as far as they are known."""
        return self._read(Rows.notebooks, [])

    def open(self, origin: str | None = None) -> list[Record]:
        """Return what is unfinished, oldest first; of one service if it is named."""
        return self._read(lambda rows: rows.open(origin), [])

    def count_open(self) -> int:
        """Return how many generations are unfinished; makes no file."""
        return self._read(Rows.count_open, 0)

    def open_by_origin(self) -> dict[str, int]:
        """Return how many generations are unfinished at each service."""
        return self._read(Rows.open_by_origin, {})

    def past(self, model: str, limit: int = 200) -> list[Record]:
        """Return the newest generations of a model whose time is known, newest first."""
        return self._read(lambda rows: rows.past(model, limit), [])

    def events(self, record_id: str) -> list[tuple[float, str, str | None]]:
        """Return the steps of a generation: unix time, state, words."""
        return self._read(lambda rows: rows.events(record_id), [])

    def votes(self, record_ids: Collection[str]) -> list[Vote]:
        """Return the votes between two of these generations, oldest first."""
        return self._read(lambda rows: rows.votes(record_ids), [])

    # -- batches -------------------------------------------------------------------------------------------

    def batches(self, backend: str) -> list[Batch]:
        """Return the batches of a backend (``aimlapi`` or ``sandbox``), newest first."""
        return self._read(lambda rows: rows.batches(backend), [])

    def batches_of(self, digest: str) -> list[Batch]:
        """Return the batches of one sweep, newest first."""
        return self._read(lambda rows: rows.batches_of(digest), [])

    def of_batch(self, batch_id: str) -> list[Record]:
        """Return the generations of a batch, oldest first."""
        return self._read(lambda rows: rows.of_batch(batch_id), [])

    def plan_of(self, batch_id: str) -> list[dict[str, Any]]:
        """Return the cells of a batch as they were planned."""
        return self._read(lambda rows: rows.plan(batch_id), [])

    def counted_of_batch(self, batch_id: str) -> int:
        """Return what counts of a batch, billed or reserved, in credits."""
        return self._read(lambda rows: rows.counted_of_batch(batch_id), 0)

    def made_of_batches(self) -> dict[str, tuple[int, int]]:
        """Return for each batch how many clips are made, and what was billed, in credits."""
        return self._read(Rows.made_of_batches, {})

    # -- the file ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._connections.close()

    def check(self) -> None:
        """Read the whole file and raise `JournalError` if it is damaged."""
        with in_words(self.path):
            verdict = self._connections.of_this_thread().execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise JournalError(f"The journal at {self.path} is damaged: {verdict}.")

    # -- inside --------------------------------------------------------------------------------------------

    def _make(self, rows: Rows, record: Record, change: Change) -> Advanced:
        """Make one change of a row that was read in this transaction."""
        claimed = change.columns.get("generation_id")
        other = rows.by_generation_id(claimed, record.origin) if claimed else None
        if other is not None and other.id != record.id:
            # Two jobs never hold one generation: then this is not the answer to our request.
            change = answer_lost(f"the service named the generation of job {other.id} for it")
        after = change.after(record.state)
        if after is None:
            return Advanced(record, done=False)
        columns = {**change.columns_after(record), "state": after}
        rows.update(record.id, columns)
        if after is not record.state or change.words:
            rows.note(record.id, self._clock(), after if after is not record.state else "note", change.words)
        changed = replace(record, **columns, revision=record.revision + 1)
        if (note := bill_note(record, changed)) is not None:
            rows.note(record.id, self._clock(), "note", note)
        return Advanced(changed, done=True)

    def _try_again(self, rows: Rows, before: Record, row: Record) -> None:
        """Write another try in the place of one that was refused."""
        after = TRANSITIONS[Event.TRIED_AGAIN].get(before.state)
        if after is not row.state or before.revision + 1 != row.revision:
            raise Occupied(before)
        kept = {"id", "revision", "stars", "tags"}
        rows.update(row.id, {name: getattr(row, name) for name in COLUMNS if name not in kept})

    def _existing(self, rows: Rows, record_id: str) -> Record:
        record = rows.get(record_id)
        if record is None:
            raise JournalError(f"Job {record_id} is no longer in the journal at {self.path}.")
        return record

    def _read(self, query: Callable[[Rows], _Found], nothing: _Found) -> _Found:
        """Ask for rows; a journal that is not there yet has none, and is not made."""
        if not _may_exist(self.path):
            return nothing
        with in_words(self.path):
            return self._connections.read(lambda connection: query(Rows(connection)), nothing)

    def _write(self, work: Callable[[Rows], _Found], patience: float | None = None) -> _Found:
        with in_words(self.path):
            return self._connections.write(lambda connection: work(Rows(connection)), patience)


def _may_exist(path: Path) -> bool:
    """Whether there may be something to read, or nobody may look: then whoever reads it hears why.

    An empty file is a journal that another process is just making, and may have locked for that.
    """
    try:
        return path.stat().st_size > 0
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
