"""A batch: many clips that belong together, as a Python user holds them."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Any

from ltxv_nb.batch import batch_text, tables
from ltxv_nb.batch.cells import Cell, by_cell, from_kept, is_missing, plain
from ltxv_nb.batch.prices import prices_of
from ltxv_nb.batch.progress import Progress, progress_of
from ltxv_nb.batch.sending import Sender, takes_a_place
from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import GenerationTimeout, LTXVError
from ltxv_nb.interrupts import explained
from ltxv_nb.job import LOOK_UP
from ltxv_nb.job_list import JobList

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.journal.record import Batch as KeptBatch
    from ltxv_nb.tiles import Tile

_log = logging.getLogger("ltxv_nb")

#: Seconds after which a clip of unknown outcome does not hold up `Batch.wait` and the iteration any more.
UNKNOWN_SECONDS = 60.0


class Batch:
    """Many clips that belong together. Made by `Client.sweep` and `Client.submit_many`, not by hand.

    Iterating over it yields its jobs as they end. ``await batch`` waits for all of them.

    Attributes
    ----------
    id : str
        The journal's id, eight characters.
    name : str or None
        What it is called.
    axes : dict
        The values by axis, in their order.
    client : Client
        Who makes it.
    """

    def __init__(self, client: Client, kept: KeptBatch, cells: list[Cell] | None = None) -> None:
        self.client, self.id = client, kept.id
        self.kept = kept
        self._cells = cells
        self._sender = Sender(client, kept.id, self._notify)
        self._changed = threading.Condition()  # guards what stands below; no callback is called under it
        self._listeners: list[Callable[[Batch], Any]] = []
        self._heard: set[str] = set()  # jobs whose changes are heard of
        self._ended: set[str] = set()  # those of them that the service is at work on no more
        self._since = time.monotonic()
        self._ended_before = 0

    # -- what is known -------------------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """What it is called."""
        return self.kept.name

    @property
    def axes(self) -> dict[str, list[Any]]:
        """The values by axis, in their order; the takes are no axis."""
        return self.kept.axes

    @property
    def cells(self) -> list[Cell]:
        """One for each clip, in the order of the plan."""
        if self._cells is None:
            rows, plan = self.client.journal.of_batch(self.id), self.client.journal.plan_of(self.id)
            cells = from_kept(plan, self.client.model_lookup.request_from)
            for cell, row in zip(cells, by_cell(cells, rows), strict=True):
                if row is not None:
                    cell.set(self.client.job_of(row))
            self._cells = cells
            self._hear()
        return self._cells

    @property
    def jobs(self) -> JobList:
        """The jobs of all cells that were sent, in the order of the plan."""
        return JobList(cell.job for cell in self.cells if cell.job is not None)

    @property
    def missing(self) -> list[Cell]:
        """The cells that have no clip, and of which none is being made or waits to be sent."""
        return [cell for cell in self.cells if is_missing(cell)]

    @property
    def cost_usd(self) -> float:
        """What was billed for it so far, in USD; in the sandbox what it would have been."""
        return sum(job.record.billed_credits or 0 for job in self.jobs) / CREDITS_PER_USD

    @property
    def error(self) -> LTXVError | None:
        """What ended the sending before all was sent: no credits, no budget, no connection; else ``None``."""
        return self._sender.error

    @property
    def note(self) -> str:
        """One sentence if the sending ended before all was sent, with how many were not; else ``""``."""
        error = self.error
        if error is None:
            return ""
        unsent = sum(cell.job is None or cell.job.status == "refused" for cell in self.missing)
        clips = "1 clip was" if unsent == 1 else f"{unsent:,} clips were"
        return f"{clips} not sent: {str(error).rstrip('. ')}. Running the sweep again makes what is missing."

    def progress(self) -> Progress:
        """Return how far it is: counts, money so far, and when it is expected to end."""
        since = max(0.0, time.monotonic() - self._since)
        return progress_of(self, since, self._ended_before)

    def done(self) -> bool:
        """Whether nothing more is going to happen: all has ended, or will not be sent."""
        return not self._sender.is_sending and all(cell.done() for cell in self.cells)

    # -- making --------------------------------------------------------------------------------------------

    def submit(self, max_usd: float | None = None) -> Batch:
        """Make what is missing. This is the paid act; nobody else sends what an earlier kernel left.

        Parameters
        ----------
        max_usd : float, optional
            What the batch may cost at most in all, in USD.

        Raises
        ------
        ConfigurationError
            It was made by another service than this client uses, or the journal cannot be written.
        """
        from ltxv_nb.batch.begin import send_missing
        from ltxv_nb.money.limit import amount

        self.take_up()
        send_missing(self, None if max_usd is None else amount(max_usd, "max_usd"))
        return self

    def take_up(self) -> None:
        """Look into the journal for what other processes have made of it meanwhile."""
        cells = self.cells
        rows = self.client.journal.of_batch(self.id)
        for cell, row in zip(cells, by_cell(cells, rows), strict=True):
            if row is not None and not cell.waiting:
                cell.set(self.client.job_of(row))
        self._hear()

    def take_plan(self, kept: KeptBatch, cells: list[Cell]) -> None:
        """Have the cells of a newer plan from now on; those that are there already stay as they are."""
        known = {cell.key: cell for cell in self._cells or ()}
        self.kept = kept
        self._cells = [known.get(cell.key, cell) for cell in cells]
        for cell in self._cells:
            cell.several = any(one.take > 1 for one in cells)
        self._hear()

    def send(self, most: int | None) -> None:
        """Send what is missing; see `submit`."""
        wanted = [cell for cell in self.cells if cell.waiting or is_missing(cell)]
        prices = prices_of(self.client, wanted)
        unpriced = [cell for cell, price in zip(wanted, prices, strict=True) if price is None]
        share = (most or 0) // max(1, len(unpriced))
        shares = {cell.key: share for cell in unpriced} if share else {}
        self._since = time.monotonic()
        self._ended_before = sum(cell.job is not None and cell.job.done() for cell in self.cells)
        self._sender.send(wanted, most, shares)
        for job in self.jobs:
            if not job.done():
                with contextlib.suppress(LTXVError):  # what was left by an earlier kernel
                    job.watch()
        self._notify()

    def stop(self) -> int:
        """Send nothing more; what was sent goes on, and will be billed. Returns how many were not sent."""
        return self._sender.stop()

    # -- waiting -------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> Batch:
        """Wait until all clips have ended, or will not be sent.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; for ever by default.

        Returns
        -------
        Batch
            Itself; see `cells` for the errors, and `note` for what was not sent.

        Raises
        ------
        GenerationTimeout
            The time is over; the clips go on.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        with explained(self._interrupted):
            self._watch_all()
            while not self._over():
                if (left := deadline - time.monotonic()) <= 0:
                    raise self.timed_out(timeout or 0.0)
                self._pause(min(left, LOOK_UP))
        return self

    def __iter__(self) -> Iterator[Job]:
        told: set[int] = set()
        with explained(self._interrupted):
            self._watch_all()
            while True:
                over = self._over()
                ended = [cell for cell in self.cells if id(cell) not in told and (over or _has_ended(cell))]
                for cell in ended:
                    told.add(id(cell))
                    if cell.job is not None:
                        yield cell.job
                if over:
                    return
                if not ended:
                    self._pause(LOOK_UP)

    def __await__(self) -> Generator[Any, None, Batch]:
        return self._wait_async().__await__()

    async def _wait_async(self) -> Batch:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        unsubscribe = self.on_change(lambda _batch: loop.call_soon_threadsafe(changed.set))
        try:
            self._watch_all()
            while not self._over():
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(changed.wait(), LOOK_UP)
                changed.clear()
                self.client.keep_tracking()
        finally:
            unsubscribe()
        return self

    def timed_out(self, timeout: float) -> GenerationTimeout:
        """Return the error for a wait that is over."""
        progress = self.progress()
        left = progress.running + progress.waiting + progress.unknown
        billing = "" if self.client.backend == "sandbox" else " and will be billed"
        return GenerationTimeout(
            f"{left:,} of {progress.total:,} clips of batch {self.id} have not ended after {timeout:g} s; "
            f"they go on{billing}. `%ltxv batch {self.id}` or client.batch({self.id!r}).wait() gets back to "
            f"them."
        )

    def _interrupted(self) -> str:
        return (
            f"only the waiting was stopped; the clips of batch {self.id} go on. client.batch({self.id!r}) "
            f"has them, and its .stop() ends the sending."
        )

    def _watch_all(self) -> None:
        for job in self.jobs:
            if not job.done() and not job.watched:
                with contextlib.suppress(LTXVError):
                    job.watch()
        self._hear()

    def _over(self) -> bool:
        return not self._sender.is_sending and all(map(_has_ended, self.cells))

    def _pause(self, seconds: float) -> None:
        self.client.keep_tracking()
        with self._changed:
            self._changed.wait(seconds)

    # -- hearing of changes --------------------------------------------------------------------------------

    def on_change(self, callback: Callable[[Batch], Any]) -> Callable[[], None]:
        """Call ``callback(batch)`` on every change, from a background thread; returns what ends that."""
        with self._changed:
            self._listeners.append(callback)
        self._hear()

        def unsubscribe() -> None:
            with self._changed:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return unsubscribe

    def _notify(self) -> None:
        self._hear()
        with self._changed:
            self._changed.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(self)
            except Exception:  # noqa: BLE001 - a user's callback; the others must still hear
                _log.exception("A listener of batch %s failed", self.id)

    def _hear(self) -> None:
        """Hear of the changes of jobs that are new."""
        for cell in self._cells or ():
            job = cell.job
            if job is None or job.done():
                continue
            with self._changed:
                is_new = job.id not in self._heard
                self._heard.add(job.id)
            if is_new:
                job.on_change(self._look)
                self._leave_place(job)  # it may have ended before anybody listened

    def _look(self, job: Job) -> None:
        self._leave_place(job)
        self._notify()

    def _leave_place(self, job: Job) -> None:
        """Tell the sender, once, that the service is at work on a job no more."""
        if takes_a_place(job):
            return
        with self._changed:
            is_new = job.id not in self._ended
            self._ended.add(job.id)
        if is_new:
            self._sender.ended(job)
            self.client.estimates.learn(job.record.model)

    # -- looking -------------------------------------------------------------------------------------------

    def tiles(self) -> list[Tile]:
        """Return the cells as clips that stand side by side."""
        return [cell.tile() for cell in self.cells]

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each cell: values, take, state, stars, tags, cost, times, measures, file."""
        return tables.records(self)

    def to_pandas(self) -> Any:
        """Return `records` as a `pandas.DataFrame`.

        Raises
        ------
        ConfigurationError
            pandas is not installed.
        """
        from ltxv_nb.tables import data_frame

        rows = self.records()
        return data_frame(rows, tables.columns(rows))

    def grid(self, rows: Any = None, columns: Any = None) -> Any:
        """Return the clips as a grid that plays them in step; it needs a notebook.

        Parameters
        ----------
        rows, columns : str or sequence of str, optional
            Which axes lead down and across; ``columns`` can also be a number of clips side by side.
        """
        # By its name, for no module of this layer may import the notebook's.
        grid = importlib.import_module("ltxv_nb.notebook.grid.grid")
        how = {"rows": rows, "columns": columns, "title": self._title(), "client": self.client}
        return grid.grid_of(self.tiles(), self._axes_shown(), **how)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        rows: Any = None,
        columns: Any = None,
        sound: str | bool = True,
        overwrite: bool = False,
    ) -> Path:
        """Write the clips to one file: a mosaic (``.mp4``), a contact sheet (``.png``), a page, or a table.

        Parameters
        ----------
        path : path-like
            The file; its ending says what it becomes: ``.mp4``, ``.png``, ``.html`` or ``.csv``.
        rows, columns : str or sequence of str, optional
            As for `grid`.
        sound : str or bool
            Whose sound a mosaic has: the label of a clip, ``True`` for the first that has one, or ``False``.
        overwrite : bool
            Whether a file that is there may be replaced although it was not exported by this package.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        RequestError
            The name ends in something else, no clip can be shown, or a file is in the way.
        ConfigurationError
            The file cannot be written.
        """
        from ltxv_nb.media.export import save_tiles

        return save_tiles(
            self.tiles(),
            path,
            records=self.records(),
            rows=rows,
            columns=columns,
            axes=self._axes_shown(),
            sound=sound,
            title=self._title(),
            overwrite=overwrite,
        )

    def _axes_shown(self) -> dict[str, list[str]]:
        return {name: [plain(value) for value in values] for name, values in self.axes.items()}

    def _title(self) -> str:
        return self.name or f"Batch {self.id}"

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return batch_text.plain_text(self)

    def _repr_html_(self) -> str:
        return batch_text.html_text(self)


def _has_ended(cell: Cell) -> bool:
    """Whether a cell is not worth waiting for: it has ended, or nobody knows for long whether it was sent."""
    job = cell.job
    if cell.done() or job is None:
        return cell.done()
    if not job.to_be_watched:
        return True
    return job.status == "unknown" and time.time() - job.created_at > UNKNOWN_SECONDS
