"""How a running job is described, and the one thread that keeps every description up to date.

A view is updated at most twice a second, and only when what it says would change: that time passes is drawn
by the page itself. The board knows nothing of widgets: it hands a `Snapshot` to a `View`, which is a widget,
a line of text, or only the final output.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.vocabulary import seconds_text, state_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job

logger = logging.getLogger("ltxv_nb")

#: Seconds that must pass between two updates of one view.
MIN_INTERVAL = 0.5
#: Seconds between updates in which nothing changes but numbers, such as the share of a download.
REFRESH_INTERVAL = 3.5
#: Seconds after which the clock in the page is set again: a computer that was asleep has stopped it. One
#: update is about 900 bytes on the wire, headers and all, and a job may take 100 bytes a second
#: (``benchmarks/bench_panel.py``).
CLOCK_INTERVAL = 30.0
#: Updates a second of all views together in which nothing but numbers changes: hundreds of views share them.
MAX_REFRESH_RATE = 20.0

_NUMBER = re.compile(r"\d+")

#: Said while the outcome of a submission is not known, after the time for which it is looked for.
LOOKING = "it is looked for in the service's request log"

Tone = Literal["running", "trouble", "stopped", "done", "failed"]


class Snapshot(NamedTuple):
    """What is shown of a job at one moment.

    Attributes
    ----------
    state : str
        A few words.
    detail : str
        What follows the elapsed time: the expected time; once tracking has stopped, a sentence on what
        becomes of the job.
    tone : str
        ``running``, ``trouble``, ``stopped``, ``done`` or ``failed``.
    age : float or None
        Seconds since it was submitted; ``None`` where no clock is shown.
    begun : float
        Its age when the service accepted it, in seconds; the bar begins there.
    usual : float
        Seconds such a clip usually takes from then on; 0 where there is no bar.
    share : float or None
        The share of the file that is on disk, 0 to 1, while it is being downloaded.
    due : float or None
        Its age in seconds at which it is sent again, where that is known.
    until : float
        Its age in seconds from which on the words are others.
    cost : str
        What it costs, in words; empty where that is not known.
    """

    state: str
    detail: str = ""
    tone: Tone = "running"
    age: float | None = None
    begun: float = 0.0
    usual: float = 0.0
    share: float | None = None
    due: float | None = None
    until: float = math.inf
    cost: str = ""

    def same_but_for_numbers(self, other: Snapshot) -> bool:
        """Whether nothing but numbers differs between this and another."""
        return self._words() == other._words()

    def same_but_for_time(self, other: Snapshot) -> bool:
        """Whether this is what a page shows by itself that was told the other some time ago."""
        return self._still() == other._still()

    def _words(self) -> tuple[str, ...]:
        return self.state, self.tone, _NUMBER.sub("", self.detail)

    def _still(self) -> tuple[object, ...]:
        return (
            self.state, self.detail, self.tone, self.age is None, round(self.usual),
            self.share and round(self.share, 2), self.cost,
        )  # fmt: skip

    @property
    def times(self) -> str:
        """Elapsed and expected time in words."""
        if self.age is None:
            return self.detail
        return f"{seconds_text(self.age)}{self.joint}{self.detail}"

    @property
    def joint(self) -> str:
        """What stands between elapsed and expected time."""
        if not self.detail or self.share is not None:
            return ", " if self.detail else ""
        return " of " if self.detail[:1].isdigit() or self.detail.startswith(("about", "up to")) else ", "

    def line(self) -> str:
        """Return all of it as one line of text."""
        words = ", ".join(filter(None, [self.times, self.cost]))
        return f"{self.state}{'.' if self.tone == 'stopped' else ':'} {words}" if words else self.state


def snapshot(job: Job) -> Snapshot:
    """Describe a job as it is now."""
    elapsed = job.elapsed()
    if job.done():
        failed = job.error is not None
        state = f"{state_word('error' if failed else 'completed').capitalize()} after {seconds_text(elapsed)}"
        return Snapshot(state, tone="failed" if failed else "done")
    if job.again_at is not None:
        due = elapsed + max(0.0, job.again_at - time.time())
        return Snapshot("Not accepted yet", job.trouble or "", "trouble", elapsed, due=due)
    if not job.watched:
        return Snapshot("Tracking stopped", job.billing_note, "stopped")
    if not job.id:  # it waits for another job
        return Snapshot(job.status.capitalize(), "submitted when that one is finished", age=elapsed)
    state = state_word(job.status).capitalize()
    if job.unreachable:
        state = f"{state} (service unreachable, still trying)"
    if job.status == "unknown":
        return Snapshot(state, LOOKING, "trouble", elapsed)
    return _progress(job, state, elapsed)


def _progress(job: Job, state: str, elapsed: float) -> Snapshot:
    """Describe how far a job is that the service has accepted."""
    if job.status == "downloading" and job.downloaded is not None:
        share = min(0.99, job.downloaded)
        words = f"{int(100 * share)} % of the file"
        return Snapshot(state, words, age=elapsed, share=share, cost=job.cost_text)
    begun = max(0.0, (job.accepted_at or job.created_at or 0.0) - (job.created_at or 0.0))
    expected = job.expected()
    tone: Tone = "trouble" if job.unreachable else "running"
    words = expected.words(elapsed - begun)
    until = next((end for end in expected.ends(begun) if end >= elapsed), math.inf)
    return Snapshot(state, words, tone, elapsed, begun, expected.seconds, until=until, cost=job.cost_text)


class View(Protocol):
    """Where a job's status is shown."""

    def update(self, now: Snapshot) -> None:
        """Show how the job is; called from the board's thread."""

    def finish(self, job: Job) -> None:
        """Show how it ended; called once, from a thread that may take its time."""


@dataclass(eq=False)
class _Entry:
    job: Job
    view: View
    unsubscribe: Callable[[], None] = field(default=lambda: None)
    shown: Snapshot | None = None
    shown_at: float = float("-inf")
    due_at: float = float("-inf")  # when to look at it again
    held: bool = False  # a cell waits for the job, and will show its end


class Board:
    """Keeps every view of a running job up to date.

    Its thread exists only while a job is tracked or a change has to be shown. Views and jobs are called
    outside the lock, which guards the entries alone.

    Parameters
    ----------
    clock : callable
        Returns seconds, monotonic.
    run : callable, optional
        Runs a function that may take its time; by default in a `Worker`.
    threaded : bool
        Whether the board runs its own thread. Otherwise someone calls `tick`.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        run: Callable[[Callable[[], None]], object] | None = None,
        *,
        threaded: bool = True,
    ) -> None:
        self._clock = clock
        self._worker = Worker("ltxv-display")
        self._run = run or self._worker.put
        self._threaded = threaded
        self._entries: dict[_Entry, None] = {}  # in the order in which they came
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._running = False  # whether the thread still looks at the entries
        self._closed = False
        self._pending = False  # something changed since the last tick began

    def add(self, job: Job, view: View, *, held: bool = False) -> None:
        """Keep a view up to date until its job ends; a held one is left to its holder then."""
        entry = _Entry(job, view, held=held)
        entry.unsubscribe = job.on_change(lambda _job: self._mark(entry))
        with self._wake:
            if not self._closed:
                self._entries[entry] = None
                self._notify()
                return
        entry.unsubscribe()

    def release(self, view: View) -> None:
        """Hold a view no longer: the board shows how its job ends."""
        with self._wake:
            for entry in self._entries:
                if entry.view is view:
                    entry.held, entry.due_at = False, float("-inf")
            self._notify()

    def drop(self, view: View) -> None:
        """Forget a view."""
        with self._wake:
            dropped = [entry for entry in self._entries if entry.view is view]
            for entry in dropped:
                del self._entries[entry]
        for entry in dropped:
            entry.unsubscribe()

    def close(self, timeout: float = 5.0) -> None:
        """Stop updating; what is shown stays, once it says how each job was left.

        Parameters
        ----------
        timeout : float
            Seconds to wait at most for each of the two threads to end.
        """
        with self._wake:
            self._closed = True
            entries, self._entries = self._entries, {}
            self._wake.notify_all()
        for entry in entries:
            entry.unsubscribe()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._worker.close()
        self._worker.join(timeout)
        for entry in entries:
            _show_last(entry)

    def tick(self) -> float | None:
        """Update the views that are due.

        Returns
        -------
        float or None
            Seconds until something may be due again; ``None`` when only a change can make it so.
        """
        now = self._clock()
        with self._wake:
            due = [entry for entry in self._entries if entry.due_at <= now]
            for entry in due:
                entry.due_at = float("inf")
        for entry in due:
            pause = self._update(entry)
            if pause is not None:
                with self._wake:  # a change meanwhile has made it due at once
                    entry.due_at = min(entry.due_at, now + pause)
        with self._wake:
            next_at = min((entry.due_at for entry in self._entries), default=float("inf"))
        return None if next_at == float("inf") else max(0.0, next_at - now)

    def _interval(self) -> float:
        """Return the seconds between two updates of a view in which nothing changes but numbers."""
        return max(REFRESH_INTERVAL, len(self._entries) / MAX_REFRESH_RATE)

    def _mark(self, entry: _Entry) -> None:
        with self._wake:
            if entry in self._entries:
                entry.due_at = float("-inf")
                self._notify()

    def _update(self, entry: _Entry) -> float | None:
        """Update one view, if it is its turn; returns the seconds until its next turn."""
        now, job = self._clock(), entry.job
        age = now - entry.shown_at
        if job.done():
            if not entry.held:
                self._finish(entry)
            return None
        if age < MIN_INTERVAL:
            return MIN_INTERVAL - age
        try:
            current = snapshot(job)
            turn = min(self._interval(), max(MIN_INTERVAL, current.until - (current.age or 0.0)))
            if entry.shown and current.same_but_for_numbers(entry.shown) and age < self._interval():
                return min(turn, self._interval() - age)  # the service was asked, and nothing is new
            ticks = current.age is not None and age >= max(CLOCK_INTERVAL, self._interval())
            if ticks or entry.shown is None or not current.same_but_for_time(entry.shown):
                entry.view.update(current)
                entry.shown, entry.shown_at = current, now
        except Exception:  # one broken view must not silence the others
            logger.exception("The status of job %s could not be shown.", job.id)
            entry.shown_at = now
            return self._interval()
        return turn if job.watched else None

    def _finish(self, entry: _Entry) -> None:
        with self._wake:
            if entry not in self._entries:
                return
            del self._entries[entry]
        entry.unsubscribe()
        self._run(lambda: _show_outcome(entry))

    def _notify(self) -> None:
        """Wake the thread, or start one; called with the lock held."""
        self._pending = True
        if self._running:
            self._wake.notify_all()
        elif self._threaded and not self._closed:
            thread = threading.Thread(target=self._loop, name="ltxv-status", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # "can't start new thread": the next change tries again
                return
            self._thread, self._running = thread, True

    def _loop(self) -> None:
        while True:
            with self._wake:
                self._pending = False
            pause = self.tick()
            with self._wake:
                if not self._pending and not self._closed and pause is not None:
                    self._wake.wait(timeout=pause)
                elif not self._pending or self._closed:
                    self._running = False
                    return


def _show_last(entry: _Entry) -> None:
    """Show how a job is left when the board is closed."""
    if entry.job.done():
        _show_outcome(entry)
        return
    try:
        current = snapshot(entry.job)
        if entry.shown is None or not current.same_but_for_time(entry.shown):
            entry.view.update(current)
    except Exception:  # the other views still have to be updated
        logger.exception("The status of job %s could not be shown.", entry.job.id)


def _show_outcome(entry: _Entry) -> None:
    try:
        entry.view.finish(entry.job)
    except Exception:  # in a worker's thread the log is all there is
        logger.exception("The outcome of job %s could not be shown.", entry.job.id)
