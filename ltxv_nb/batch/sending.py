"""Sending the cells of a batch: in the background, a few at a time, waiting out the service's limits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import (
    APIError,
    AuthenticationError,
    BudgetExceeded,
    ConfigurationError,
    InsufficientCreditsError,
    LTXVError,
    RateLimitError,
    ServiceUnreachable,
    SubmissionUnknown,
)
from ltxv_nb.job import LOOK_UP
from ltxv_nb.journal import State
from ltxv_nb.journal.record import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ltxv_nb.batch.cells import Cell
    from ltxv_nb.client import Client
    from ltxv_nb.job import Job

_log = logging.getLogger("ltxv_nb")

#: Submissions that are under way at once.
AT_ONCE = 4

#: Seconds before another try after a 429 that does not say when: at first, and at most; and by how much that
#: grows with each 429, as long as nothing is known of how long clips take.
FIRST_PAUSE, LONGEST_PAUSE, _GROWTH = 0.5, 5.0, 1.1
#: From which share of the shortest time of late a clip of ours may end, and leave its place; and then the
#: seconds between two tries: at least, as a share of that time, and as a share of how long it is overdue.
_MAY_END, _LEAST_PAUSE, _OF_USUAL, _OF_OVERDUE = 0.97, 0.02, 0.005, 0.1
#: Seconds that a ``Retry-After`` is believed at most; then one request finds out.
LONGEST_ASKED = 600.0

#: What will go wrong with the other cells as well.
_FOR_ALL = (
    BudgetExceeded,
    InsufficientCreditsError,
    AuthenticationError,
    ServiceUnreachable,
    ConfigurationError,
)

_TAKES_A_PLACE = (State.SUBMITTING, State.UNKNOWN, State.RUNNING)


class Gate:
    """When the next request for one model may be sent: after a 429 one at a time, until they are taken again.

    Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._window, self._under_way = AT_ONCE, 0
        self._again_at, self._asked = float("-inf"), False
        self._pause = FIRST_PAUSE
        self._accepted: dict[
            str, float
        ] = {}  # clips of ours that are being made, the oldest first, since when
        self._took: deque[float] = deque(maxlen=20)  # how long the last ones took at most
        self._places: int | None = None  # how many of ours were being made when the service took no more
        self._left: set[str] = set()  # whose place another one has

    def opens_at(self) -> float:
        """Return from when on another request may be sent; never, while enough are under way."""
        return self._again_at if self._under_way < self._window else float("inf")

    def begin(self) -> None:
        """Count a request that is sent now."""
        self._under_way += 1

    def answered(self, now: float, job_id: str | None) -> str | None:
        """Take note that a request was answered, and not by a 429; of which job, if it was accepted.

        Returns
        -------
        str or None
            A job of which this shows that it has ended, for its place was needed: the oldest one.
        """
        self._under_way -= 1
        self._window = min(AT_ONCE, self._window + 1)
        self._pause, self._asked = FIRST_PAUSE, False
        if job_id is None:
            return None
        oldest = None
        if self._places and len(self._accepted) >= self._places:
            oldest = next(iter(self._accepted))
            self._took.append(now - self._accepted.pop(oldest))
            self._left.add(oldest)
        self._accepted[job_id] = now
        return oldest

    def busy(self, now: float, retry_after: float | None) -> None:
        """Take note of a 429; the service may have asked to wait so many seconds."""
        self._under_way -= 1
        self._window, self._asked = 1, retry_after is not None
        self._places = max(self._places or 0, len(self._accepted))
        pause = self._next_pause(now) if retry_after is None else min(retry_after, LONGEST_ASKED)
        self._again_at = max(self._again_at, now + pause)

    def ended(self, now: float, job_id: str) -> None:
        """Take note that a clip of ours is made: worth a try, unless the service has named a time."""
        if job_id in self._left:  # that is known, and its place is taken
            return
        since = self._accepted.pop(job_id, None)
        if since is not None:
            self._took.append(now - since)
        if not self._asked:
            self._again_at, self._pause = min(self._again_at, now), FIRST_PAUSE

    def _next_pause(self, now: float) -> float:
        """Return the seconds until a place may be free: by when our own clips usually end."""
        if not (self._took and self._accepted):
            pause, self._pause = self._pause, min(LONGEST_PAUSE, self._pause * _GROWTH)
            return pause
        usual = min(self._took)
        waits = []
        for since in self._accepted.values():
            overdue = now - since - _MAY_END * usual
            often = max(_LEAST_PAUSE, _OF_USUAL * usual, _OF_OVERDUE * overdue)
            waits.append(often if overdue >= 0 else max(often, -overdue))
        return min(LONGEST_PAUSE, *waits)


class Sender:
    """Sends cells, each at most once; whatever another process has sent of the batch meanwhile is not sent.

    Parameters
    ----------
    client : Client
        Who sends.
    batch_id : str
        The journal's id of the batch.
    changed : callable
        Called after each change of a cell, outside every lock.
    """

    def __init__(self, client: Client, batch_id: str, changed: Callable[[], None]) -> None:
        self._client, self._batch_id, self._tell = client, batch_id, changed
        self._wake = threading.Condition()  # guards what stands below; nothing is sent or called under it
        self._queue: deque[Cell] = deque()
        self._gates: dict[str, Gate] = {}
        self._posting: set[Cell] = set()
        self._running = self._stopped = False
        self._most: int | None = None
        self._shares: dict[str, int] = {}
        self.error: LTXVError | None = None  #: what ended the sending before all was sent

    def send(self, cells: Iterable[Cell], most: int | None, shares: dict[str, int]) -> None:
        """Send these cells from now on, in place of those that still waited.

        Parameters
        ----------
        cells : iterable of Cell
            Those that are missing.
        most : int, optional
            What the batch may cost at most, in credits.
        shares : dict
            By the key of each cell whose price nobody knows: how many credits are reserved for it.
        """
        with self._wake:
            for cell in self._queue:
                cell.waiting = False
            self._queue = deque(cell for cell in cells if cell not in self._posting)
            for cell in self._queue:
                cell.set(waiting=True)
            self._most, self._shares, self.error, self._stopped = most, shares, None, False
            begins = bool(self._queue) and not self._running
            self._running = self._running or begins
            self._wake.notify_all()
        if begins:
            # A daemon: what is not sent yet need not keep a script from ending. Each submission is none.
            _start(self._run, "ltxv-batch", daemon=True)

    def stop(self, error: LTXVError | None = None) -> int:
        """Send nothing more; what is sent goes on. Returns how many cells still waited."""
        with self._wake:
            waited = list(self._queue)
            self._queue.clear()
            for cell in waited:
                cell.waiting = False
            self._stopped = True
            self.error = self.error or error
            self._wake.notify_all()
        self._tell()
        return len(waited)

    @property
    def is_sending(self) -> bool:
        """Whether there is something left to send, or being sent."""
        with self._wake:
            return bool(self._queue or self._posting)

    def ended(self, job: Job) -> None:
        """Take note that the service is at work on a job no more."""
        with self._wake:
            self._gate(job.record.model).ended(time.monotonic(), job.id)
            self._wake.notify_all()

    # -- the thread ----------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (cell := self._next()) is not None:
            _start(lambda cell=cell: self._post(cell), "ltxv-submit", daemon=False)  # type: ignore[misc]

    def _next(self) -> Cell | None:
        """Wait until a cell may be sent, and return it; ``None`` once nothing is left, or Python ends."""
        with self._wake:
            while threading.main_thread().is_alive():
                if not (self._queue or self._posting):
                    break
                wait = LOOK_UP
                if len(self._posting) < AT_ONCE:
                    cell, wait = self._ready(time.monotonic())
                    if cell is not None:
                        self._queue.remove(cell)
                        self._posting.add(cell)
                        self._gate(cell.request.model).begin()
                        return cell
                self._wake.wait(min(wait, LOOK_UP))
            self._running = False
            return None

    def _ready(self, now: float) -> tuple[Cell | None, float]:
        """Return the first cell that may be sent now, or the seconds until one may be."""
        soonest, seen = float("inf"), set()
        for cell in self._queue:
            model = cell.request.model
            if model in seen:
                continue
            seen.add(model)
            opens_at = self._gate(model).opens_at()
            if opens_at <= now:
                return cell, 0.0
            soonest = min(soonest, opens_at)
        return None, soonest - now

    def _gate(self, model: str) -> Gate:
        return self._gates.setdefault(model, Gate())

    # -- one submission ------------------------------------------------------------------------------------

    def _post(self, cell: Cell) -> None:
        """Send a cell, and take note of what became of it; whatever happens, it is under way no longer."""
        limited: RateLimitError | None = None
        ends: LTXVError | None = None
        made: str | None = None
        try:
            limited, ends = self._submit(cell)
        except BaseException as error:  # noqa: BLE001 - in a thread; nothing more is bought after a surprise
            _log.exception("A clip of batch %s could not be submitted.", self._batch_id)
            cell.set(cell.job, f"The submission failed ({error!r}); %ltxv jobs shows whether it was sent.")
            ends = LTXVError(f"The submission failed ({error!r}).")
        with self._wake:
            self._posting.discard(cell)
            gate = self._gate(cell.request.model)
            if limited is None:
                job = cell.job
                runs = job is not None and takes_a_place(job)
                made = gate.answered(time.monotonic(), job.id if job is not None and runs else None)
            else:
                gate.busy(time.monotonic(), limited.retry_after)
                cell.waiting = not self._stopped
                if cell.waiting:
                    self._queue.appendleft(cell)
            self._wake.notify_all()
        if made is not None:
            self._client.poll_soon(made)
        if ends is not None:
            self.stop(ends)
        self._tell()

    def _submit(self, cell: Cell) -> tuple[RateLimitError | None, LTXVError | None]:
        """Submit a cell; returns the 429 that has to be waited out, and what ends the sending."""
        begun: list[Job] = []
        share = self._shares.get(cell.key)
        try:
            job = self._client.submit_request(
                cell.request,
                max_usd=None if share is None else share / CREDITS_PER_USD,
                begun=begun.append,
                place=Place(self._batch_id, cell.place, cell.key),
                batch_most=self._most,
            )
        except RateLimitError as error:
            return error, None
        except SubmissionUnknown as error:
            cell.set(error.job)
            return None, None
        except LTXVError as error:
            cell.set(begun[0] if begun else None, str(error))
            return None, error if isinstance(error, _FOR_ALL) or _out_of_credits(error) else None
        cell.set(job)
        if not job.done():
            job.watch()  # another process may have sent it
        return None, None


def _out_of_credits(error: LTXVError) -> bool:
    return isinstance(error, APIError) and error.status_code == 402


def takes_a_place(job: Job) -> bool:
    """Whether the service may still be at work on a job, or have it in its queue."""
    return job.record.state in _TAKES_A_PLACE


def _start(work: Callable[[], None], name: str, *, daemon: bool) -> None:
    """Do something in a thread of its own; here, if the system has no thread to give."""
    thread = threading.Thread(target=work, name=name, daemon=daemon)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread": it has not begun
        work()
