"""How a running job is described, and the one thread that keeps every description up to date.

A view is updated at most twice a second, and only when what it shows would change. The board knows nothing of
widgets: it hands a `Snapshot` to a `View`, which is a widget, a line of text, or only the final output.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from ltxv_nb.notebook.widgets.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job

logger = logging.getLogger("ltxv_nb")

#: Seconds that must pass between two updates of one view.
MIN_INTERVAL = 0.5
#: Seconds between updates in which nothing changes but numbers. One is about 770 bytes on the wire, headers
#: and all, and a job may take 300 bytes a second (``benchmarks/bench_panel.py``).
REFRESH_INTERVAL = 3.5
#: Updates a second of all views together in which only time has passed: hundreds of views share them.
MAX_REFRESH_RATE = 20.0

Tone = Literal["running", "trouble", "stopped", "done", "failed"]

#: The service's words and ours, as they are shown. A word that is not here is shown as it came.
_WORDS = {
    "submitting": "Submitting",
    "unknown": "Unconfirmed",
    "queued": "Queued",
    "waiting": "Queued",
    "active": "Generating",
    "generating": "Generating",
    "downloading": "Downloading",
    "completed": "Finished",
    "error": "Failed",
    "refused": "Refused",
    "lost": "Lost",
}


class Snapshot(NamedTuple):
    """What is shown of a job at one moment.

    Attributes
    ----------
    state : str
        A few words.
    progress : int
        Percent, never 100 before the end.
    detail : str
        Elapsed and expected time; once tracking has stopped, a sentence on what becomes of the job.
    tone : str
        ``running``, ``trouble``, ``stopped``, ``done`` or ``failed``.
    """

    state: str
    progress: int
    detail: str
    tone: Tone

    def same_but_for_numbers(self, other: Snapshot) -> bool:
        """Whether nothing but numbers differs between this and another."""
        return (self.state, self.tone) == (other.state, other.tone)

    def line(self) -> str:
        """Return all of it as one line of text."""
        if not self.detail:
            return self.state
        return f"{self.state}{'.' if self.tone == 'stopped' else ':'} {self.detail}"


def snapshot(job: Job) -> Snapshot:
    """Describe a job as it is now."""
    elapsed = job.elapsed()
    if job.done():
        failed = job.error is not None
        state = f"{'Failed' if failed else 'Finished'} after {seconds_text(elapsed)}"
        return Snapshot(state, 0 if failed else 100, "", "failed" if failed else "done")
    if not job.watched:
        return Snapshot("Tracking stopped", 0, job.billing_note, "stopped")
    if not job.id:  # it waits for another job
        return Snapshot(job.status.capitalize(), 0, "submitted when that one is finished", "running")
    state = _WORDS.get(job.status, job.status.replace("_", " ").capitalize() or "Running")
    if job.unreachable:
        state = f"{state} (service unreachable, still trying)"
    tone: Tone = "trouble" if job.unreachable or job.status == "unknown" else "running"
    progress, detail = _expectation(job, elapsed)
    if job.status == "downloading" and job.downloaded is not None:
        detail = f"{min(99, int(100 * job.downloaded))} % of the file, {seconds_text(elapsed)}"
    return Snapshot(state, progress, ", ".join(filter(None, [detail, job.cost_text])), tone)


def seconds_text(seconds: float) -> str:
    """Return a duration for people: ``48 s``, ``2 min 05 s``."""
    whole = round(max(0.0, seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def _expectation(job: Job, elapsed: float) -> tuple[int, str]:
    """Return where the bar stands, in percent, and elapsed and expected time in words."""
    age = elapsed - max(0.0, (job.accepted_at or job.created_at or 0.0) - (job.created_at or 0.0))
    expected = job.expected()
    words = expected.words(age)
    joint = " of " if words[:1].isdigit() or words.startswith(("about", "up to")) else ", "
    return min(99, int(100 * expected.progress(age))), f"{seconds_text(elapsed)}{joint}{words}"


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
    changed: bool = True
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
                    entry.held, entry.changed, entry.due_at = False, True, float("-inf")
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
                entry.changed, entry.due_at = True, float("-inf")
                self._notify()

    def _update(self, entry: _Entry) -> float | None:
        """Update one view, if it is its turn; returns the seconds until its next turn."""
        now, job = self._clock(), entry.job
        age = now - entry.shown_at
        if job.done():
            if not entry.held:
                self._finish(entry)
            return None
        pause = self._interval() if not entry.changed else MIN_INTERVAL
        if age < pause:
            return pause - age
        entry.changed = False
        try:
            current = snapshot(job)
            if entry.shown and current.same_but_for_numbers(entry.shown) and age < self._interval():
                return self._interval() - age  # the service was asked, and nothing is new
            if current != entry.shown:
                entry.view.update(current)
                entry.shown, entry.shown_at = current, now
        except Exception:  # one broken view must not silence the others
            logger.exception("The status of job %s could not be shown.", job.id)
            entry.shown_at = now
        return self._interval() if job.watched else None

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
        if (current := snapshot(entry.job)) != entry.shown:
            entry.view.update(current)
    except Exception:  # the other views still have to be updated
        logger.exception("The status of job %s could not be shown.", entry.job.id)


def _show_outcome(entry: _Entry) -> None:
    try:
        entry.view.finish(entry.job)
    except Exception:  # in a worker's thread the log is all there is
        logger.exception("The outcome of job %s could not be shown.", entry.job.id)
