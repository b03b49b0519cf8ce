"""What is said of a running job, and the one thread that says it for all of them.

A view is told at most twice a second, and only when what it shows would change. The board knows nothing of
widgets: it hands a `Snapshot` to a `View`, which is a widget, a line of text, or only the final output.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job

logger = logging.getLogger("ltxv_nb")

#: Seconds that must pass between two updates of one view.
SHORTEST_PAUSE = 0.5
#: Seconds between updates in which nothing changes but numbers. One is about 770 bytes on the wire, headers
#: and all, and a job may take 300 bytes a second (``benchmarks/bench_panel.py``).
BEAT = 3.5
#: Updates a second of all views together in which only time has passed: hundreds of views share them.
CROWD_RATE = 20.0

Tone = Literal["running", "trouble", "stopped", "done", "failed"]

#: The service's words and ours, as people say them. A word that is not here is shown as it came.
_WORDS = {
    "submitting": "Sending",
    "unknown": "Not known whether the service took it",
    "queued": "In the queue",
    "waiting": "In the queue",
    "active": "Generating",
    "generating": "Generating",
    "downloading": "Downloading",
    "completed": "Finished",
    "error": "Failed",
    "refused": "Refused",
}


class Snapshot(NamedTuple):
    """What is said of a job at one moment.

    Attributes
    ----------
    state : str
        One or two words.
    progress : int
        Percent, never 100 before the end.
    times : str
        Elapsed and expected time.
    tone : str
        How it stands: ``running``, ``trouble``, ``stopped``, ``done`` or ``failed``.
    """

    state: str
    progress: int
    times: str
    tone: Tone

    def same_but_for_numbers(self, other: Snapshot) -> bool:
        """Whether nothing but numbers differs between this and another."""
        return (self.state, self.tone) == (other.state, other.tone)

    def line(self) -> str:
        """Say it in one line of text."""
        return f"{self.state}: {self.times}" if self.times else self.state


def snapshot(job: Job) -> Snapshot:
    """Put into words how a job stands."""
    elapsed = job.elapsed()
    if job.done():
        word = "Finished" if job.error is None else "Failed"
        return Snapshot(
            f"{word} after {seconds_text(elapsed)}", 100 if job.error is None else 0, "", _end_tone(job)
        )
    if not job.watched:
        return Snapshot("Tracking stopped", 0, job.billing_note, "stopped")
    state = _WORDS.get(job.status, job.status.replace("_", " ").capitalize() or "Running")
    if job.unreachable:
        state = f"{state} (service unreachable, still trying)"
    tone: Tone = "trouble" if job.unreachable or job.status == "unknown" else "running"
    progress, times = _expectation(job, elapsed)
    if job.status == "downloading" and job.downloaded is not None:
        times = f"{min(99, int(100 * job.downloaded))} % of the file, {seconds_text(elapsed)}"
    return Snapshot(state, progress, times, tone)


def seconds_text(seconds: float) -> str:
    """Return a duration for people: ``48 s``, ``2 min 05 s``."""
    whole = round(max(0.0, seconds))
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:02d} s"


def _end_tone(job: Job) -> Tone:
    return "done" if job.error is None else "failed"


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
        """Show how the job stands; called from the board's thread."""

    def finish(self, job: Job) -> None:
        """Show how it ended; called once, from a thread that may take its time."""


@dataclass
class _Entry:
    job: Job
    view: View
    unsubscribe: Callable[[], None] = field(default=lambda: None)
    shown: Snapshot | None = None
    shown_at: float = float("-inf")
    changed: bool = True
    due_at: float = float("-inf")  # when to look at it again
    held: bool = False  # someone waits for the job, and will show its end


class Board:
    """Keeps every view of a running job up to date.

    Parameters
    ----------
    clock : callable
        Returns seconds, monotonic.
    run : callable, optional
        Runs a function at leisure; by default in one worker thread.
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
        self._run = run or self._in_worker
        self._threaded = threaded
        self._entries: list[_Entry] = []
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._worker: ThreadPoolExecutor | None = None
        self._closed = False
        self._news = False  # something changed since the last tick began

    def add(self, job: Job, view: View, *, held: bool = False) -> None:
        """Keep a view up to date until its job ends; a held one is left to its holder then."""
        entry = _Entry(job, view, held=held)
        with self._wake:
            if self._closed:
                return
            self._entries.append(entry)
            entry.unsubscribe = job.on_change(lambda _job: self._mark(entry))
            if self._threaded and self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="ltxv-status", daemon=True)
                self._thread.start()
            self._news = True
            self._wake.notify_all()

    def release(self, view: View) -> None:
        """Hold a view no longer: the board shows how its job ends."""
        with self._wake:
            for entry in self._entries:
                if entry.view is view:
                    entry.held, entry.changed, self._news = False, True, True
                    entry.due_at = float("-inf")
            self._wake.notify_all()

    def drop(self, view: View) -> None:
        """Have nothing more to do with a view."""
        with self._wake:
            dropped = [entry for entry in self._entries if entry.view is view]
            self._entries = [entry for entry in self._entries if entry.view is not view]
        for entry in dropped:
            entry.unsubscribe()

    def close(self) -> None:
        """Stop updating; what is shown stays, once it says how each job was left."""
        with self._wake:
            self._closed = True
            entries, self._entries = self._entries, []
            self._wake.notify_all()
        for entry in entries:
            entry.unsubscribe()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        if self._worker is not None:
            self._worker.shutdown(wait=False, cancel_futures=True)
        for entry in entries:
            _leave(entry)

    def tick(self) -> float | None:
        """Write what is due.

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
            pause = self._attend(entry)
            if pause is not None:
                with self._wake:  # a change meanwhile has made it due at once
                    entry.due_at = min(entry.due_at, now + pause)
        with self._wake:
            next_at = min((entry.due_at for entry in self._entries), default=float("inf"))
        return None if next_at == float("inf") else max(0.0, next_at - now)

    def _beat(self) -> float:
        """Return the seconds between two updates of a view in which nothing changes but numbers."""
        return max(BEAT, len(self._entries) / CROWD_RATE)

    def _mark(self, entry: _Entry) -> None:
        with self._wake:
            entry.changed = self._news = True
            entry.due_at = float("-inf")
            self._wake.notify_all()

    def _attend(self, entry: _Entry) -> float | None:
        """Bring one view up to date, if it is its turn; returns the seconds until its next turn."""
        now, job = self._clock(), entry.job
        age = now - entry.shown_at
        if job.done():
            if not entry.held:
                self._retire(entry)
            return None
        pause = self._beat() if not entry.changed else SHORTEST_PAUSE
        if age < pause:
            return pause - age
        entry.changed = False
        try:
            current = snapshot(job)
            if entry.shown is not None and current.same_but_for_numbers(entry.shown) and age < self._beat():
                return self._beat() - age  # the job was asked about, and there is no news
            if current != entry.shown:
                entry.view.update(current)
                entry.shown, entry.shown_at = current, now
        except Exception:  # one broken view must not silence the others
            logger.exception("The status of job %s could not be shown.", job.id)
            entry.shown_at = now
        return self._beat() if job.watched else None

    def _retire(self, entry: _Entry) -> None:
        with self._wake:
            if entry not in self._entries:
                return
            self._entries.remove(entry)
        entry.unsubscribe()
        self._run(lambda: _finish(entry))

    def _in_worker(self, work: Callable[[], None]) -> None:
        with self._wake:
            if self._closed:
                return
            if self._worker is None:
                self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ltxv-display")
            self._worker.submit(work)

    def _loop(self) -> None:
        while True:
            with self._wake:
                self._news = False
            pause = self.tick()
            with self._wake:
                if not self._news and not self._closed:
                    self._wake.wait(timeout=pause)
                if self._closed:
                    return


def _leave(entry: _Entry) -> None:
    if entry.job.done():
        _finish(entry)
        return
    try:
        if (current := snapshot(entry.job)) != entry.shown:
            entry.view.update(current)
    except Exception:  # the others are to be told, too
        logger.exception("The status of job %s could not be shown.", entry.job.id)


def _finish(entry: _Entry) -> None:
    try:
        entry.view.finish(entry.job)
    except Exception:  # in a worker thread nobody else would say it
        logger.exception("The outcome of job %s could not be shown.", entry.job.id)
