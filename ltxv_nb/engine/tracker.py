"""The one background thread: decides what is due, and hands it to a few threads that do it.

It owns no truth. What is learned goes into the journal first and to the listeners then, so that another
process, or the next one, can go on from there. What happens to one generation is in `ltxv_nb.engine.tasks`.

The lock guards plans and what is tracked, and nothing else: no file, no network and no listener is touched
under it.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from ltxv_nb.engine.lanes import Lanes, host_of
from ltxv_nb.engine.news import News
from ltxv_nb.engine.pool import DaemonPool, started
from ltxv_nb.engine.tasks import Tasks
from ltxv_nb.engine.tracked import Tracked
from ltxv_nb.journal import State
from ltxv_nb.polling.priority import PollQueue
from ltxv_nb.polling.schedule import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ltxv_nb.engine.estimates import Estimates
    from ltxv_nb.engine.news import Listener
    from ltxv_nb.engine.save import Saver
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.leases import Lease
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.api import Api

_log = logging.getLogger("ltxv_nb")

#: Threads, at most: one loop, and these for HTTP. They are started when they are needed.
POLL_THREADS, DOWNLOAD_THREADS = 6, 9

#: How many of them one kind of work may hold, so that something that never ends leaves the rest to others:
#: polls of generations whose last poll was slow, first polls, looks into the service's request log; and
#: downloads from one host.
SLOW_POLLS, FIRST_POLLS, LOOKUPS = 2, 4, 2
DOWNLOADS_PER_HOST = 3

#: A difference between the two clocks larger than this (seconds) means that the machine slept.
CLOCK_JUMP = 10.0

#: Seconds of the longest sleep of the loop; the machine's own sleep is noticed after that.
LONGEST_SLEEP = 5.0

_NEVER = float("inf")


class Clock(Protocol):
    """Where the time comes from; tests hand in their own."""

    def time(self) -> float:
        """Return unix time in seconds; may jump."""

    def monotonic(self) -> float:
        """Return seconds that never jump; may stand still while the machine sleeps."""


class Executor(Protocol):
    """Where tasks run."""

    def submit(self, task: Callable[..., Any], *args: Any) -> Any:
        """Run ``task(*args)`` some time."""

    def start_threads(self) -> None:
        """Start the threads that tasks wait for because there were none to be had."""

    def close(self, timeout: float) -> None:
        """Take no more tasks."""


#: When something is due (monotonic seconds), the ticket that tells a newer plan from an older one, and what.
_Entry = tuple[float, int, Tracked]


class Tracker:
    """Tracks generations until they end.

    Parameters
    ----------
    api, journal, estimates, lease, saver
        What it works with.
    clock : Clock, optional
        Both clocks.
    polls, downloads : Executor, optional
        Where HTTP happens.
    reads_per_minute : float, optional
        The request budget of all reads together.
    threaded : bool, optional
        False leaves `step` to the caller: for tests.
    rng : callable, optional
        Returns numbers in [0, 1) for jitter.
    """

    def __init__(
        self,
        api: Api,
        journal: Journal,
        estimates: Estimates,
        lease: Lease,
        saver: Saver,
        *,
        clock: Clock = time,
        polls: Executor | None = None,
        downloads: Executor | None = None,
        reads_per_minute: float = 150.0,
        threaded: bool = True,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.clock, self._estimates, self._lease = clock, estimates, lease
        self.polls = polls or DaemonPool(POLL_THREADS, "ltxv-poll")
        self.downloads = downloads or DaemonPool(DOWNLOAD_THREADS, "ltxv-download")
        self.poll_lanes, self._download_lanes = Lanes(self.polls), Lanes(self.downloads)
        self._bucket = TokenBucket(rate=reads_per_minute / 60)
        self._threaded = threaded
        self.tasks = Tasks(self, api, journal, estimates, lease, saver, rng)
        self._tracked: dict[str, Tracked] = {}
        # What waits for its time: polls, which the budget limits, apart from everything else.
        self._poll_queue: PollQueue[Tracked] = PollQueue(self._chance, self._is_current)
        self._others: list[_Entry] = []
        self._tickets = itertools.count()
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._drift = clock.time() - clock.monotonic()

    # -- from outside --------------------------------------------------------------------------------------

    def watch(self, record: Record, listener: Listener, pending: Sequence[Change] = ()) -> None:
        """Begin to track a generation; one that is tracked already only goes on.

        Parameters
        ----------
        record : Record
            Its row.
        listener : callable
            Called with `News`, from whichever thread learned them, on every change.
        pending : sequence of Change
            What the journal could not take; written as soon as it can.
        """
        tracked = Tracked(
            News(record), listener, mine=record.owner == self._lease.name, pending=list(pending)
        )
        to_be_planned = tracked.mine and record.state is State.RUNNING
        with self._lock:
            if not self._closed:
                if record.id in self._tracked:
                    return
                self._tracked[record.id] = tracked
                tracked.busy = True  # until its first plan is made
                if not to_be_planned:
                    self.again(tracked, 0.0)
        if self._closed:
            self.tasks.leave(tracked)
            return
        if to_be_planned:
            self.tasks.plan(tracked)
        self.tasks.keep_estimates_fresh(record.model)
        self.start()

    def unwatch(self, record_id: str) -> None:
        """Stop tracking one generation; it stays unfinished in the journal."""
        with self._lock:
            tracked = self._tracked.pop(record_id, None)
            if tracked is None:
                return
            tracked.stopped = True
            saving = tracked.busy and tracked.record.state is State.FINISHED
        self.publish(tracked, watching=False)
        if tracked.mine and not saving:  # a download lets go of it when it has broken off
            self.tasks.let_go(tracked)

    def remember(self, record: Record, pending: Sequence[Change]) -> None:
        """Write changes of a generation that needs no tracking, as soon as the journal can take them."""
        news = News(record, watching=False)
        tracked = Tracked(news, lambda _news: None, mine=True, ended=True, pending=list(pending))
        self.again(tracked, 0.0)
        self.start()

    def watching(self, record_id: str) -> bool:
        """Whether this tracker tracks the generation."""
        return record_id in self._tracked

    def poll_soon(self, record_id: str) -> None:
        """Poll a generation at the next chance: something says that it has ended."""
        with self._lock:
            tracked = self._tracked.get(record_id)
            if tracked is not None and tracked.to_be_polled and not tracked.busy:
                self.again(tracked, 0.0)

    def charge(self) -> None:
        """Count a read that went out without asking: the polls wait the longer for it."""
        with self._lock:
            self._bucket.charge(self.clock.monotonic())

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self, timeout: float = 2.0) -> None:
        """Stop: no more polls; downloads break off and can be resumed; the journal keeps everything."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            tracked, self._tracked = list(self._tracked.values()), {}
            for one in tracked:
                one.stopped = True
            self._lock.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self.polls.close(timeout)
        self.downloads.close(timeout)
        for one in {*tracked, *(entry[2] for entry in self._others)}:
            if one.pending:
                self.tasks.write(one)
        for one in tracked:
            self.publish(one, watching=False)

    # -- the loop ------------------------------------------------------------------------------------------

    def start(self) -> bool:
        """Start the thread, if there is something to do and it does not run; whether it runs then.

        The system may have no thread to give just now. Whoever asks next tries again: a submission, a wait, a
        look at a job.
        """
        if self._thread is not None or not self._threaded:
            return True
        with self._lock:
            if self._thread is None and not self._closed and (self._tracked or self._others):
                self._thread = started(self._loop, "ltxv-tracker")
            return self._thread is not None

    def _loop(self) -> None:
        while not self._closed:
            try:
                self.step()
                least = 0.0
            except Exception:  # noqa: BLE001 - the thread must outlive whatever it meets
                _log.exception("The tracker met an unexpected error")
                least = 1.0
            with self._lock:
                wait = max(least, min(self._until_next(self.clock.monotonic()), LONGEST_SLEEP))
                if not self._closed and wait > 0:
                    self._lock.wait(wait)

    def step(self) -> float:
        """Hand out everything that is due.

        Returns
        -------
        float
            Seconds until something is due again.
        """
        now = self.clock.monotonic()
        self._lease.beat()
        self.polls.start_threads()
        self.downloads.start_threads()
        self._notice_jump(now)
        lost, followed = [], []
        for tracked in self._take_others(now):
            if tracked.ended:
                self.polls.submit(self.tasks.flush, tracked)
            elif not tracked.mine:
                followed.append(tracked)
            elif tracked.record.state is State.FINISHED:
                host = host_of(tracked.record.url)
                self._download_lanes.submit(host, DOWNLOADS_PER_HOST, self.tasks.save, tracked)
            else:
                lost.append(tracked)
        if followed:
            self.polls.submit(self.tasks.follow, followed)
        if lost:
            self._look_up_in_budget(lost, now)
        for tracked in self._take_polls(now):
            self._poll(tracked)
        with self._lock:
            return self._until_next(now)

    def _poll(self, tracked: Tracked) -> None:
        """Hand out one poll; what is known to be quick needs no turn."""
        if tracked.slow is False:
            self.polls.submit(self.tasks.poll, tracked)
        elif tracked.slow:
            self.poll_lanes.submit("slow", SLOW_POLLS, self.tasks.poll, tracked)
        else:
            self.poll_lanes.submit("first", FIRST_POLLS, self.tasks.poll, tracked)

    def _take_others(self, now: float) -> list[Tracked]:
        """Take what is due and no poll, longest due first; it is busy from then on."""
        due = []
        with self._lock:
            while self._others and self._others[0][0] <= now:
                _, ticket, tracked = heapq.heappop(self._others)
                if self._is_current(ticket, tracked):
                    tracked.busy = True
                    due.append(tracked)
        return due

    def _take_polls(self, now: float) -> list[Tracked]:
        """Take the polls that are due, as far as the budget goes; they are busy from then on."""
        with self._lock:
            due = self._poll_queue.take(now, self._bucket)
            for tracked in due:
                tracked.busy = True
        return due

    def _look_up_in_budget(self, lost: list[Tracked], now: float) -> None:
        """Look for lost submissions, all in one go, once the budget allows a read."""
        with self._lock:
            ready_at = self._bucket.ready_at(now)
        if ready_at <= now:
            self.poll_lanes.submit("lookup", LOOKUPS, self.tasks.lookups.look_up, lost)
            return
        for tracked in lost:
            self.again(tracked, ready_at - now)

    @staticmethod
    def _is_current(ticket: int, tracked: Tracked) -> bool:
        """Whether a plan is the newest one of its generation, and nobody works on that."""
        return ticket == tracked.ticket and not tracked.busy and (tracked.ended or not tracked.stopped)

    def _chance(self, tracked: Tracked) -> float:
        """Return the probability that a generation has ended since it was last seen running.

        By the belief that its plan was made with: this is asked under the lock.
        """
        if tracked.belief is None:
            return 1.0
        age = self.age(tracked)
        seen_at = age - max(0.0, self.clock.time() - tracked.not_done_at) if tracked.not_done_at else 0.0
        running = tracked.belief.survival(max(0.0, seen_at))
        return 1.0 - tracked.belief.survival(age) / running if running > 0 else 1.0

    def _until_next(self, now: float) -> float:
        soonest = self._others[0][0] if self._others else _NEVER
        return max(0.0, min(soonest, self._poll_queue.next_at(now, self._bucket)) - now)

    def _notice_jump(self, now: float) -> None:
        """After the machine's sleep, ask about everything again: the sockets are dead, the plans old."""
        drift = self.clock.time() - now
        if abs(drift - self._drift) > CLOCK_JUMP:
            _log.info("The clock jumped; asking about everything again")
            with self._lock:
                for tracked in self._tracked.values():
                    if not tracked.busy:
                        self.again(tracked, 0.0)
        self._drift = drift

    # -- for the tasks -------------------------------------------------------------------------------------

    def again(self, tracked: Tracked, seconds: float, *, instead_of: int | None = None) -> None:
        """Let a generation rest for so many seconds.

        Only the task that works on it may do so, or, while it rests, who replaces its plan: `instead_of` is
        the ticket of that one, and what has begun or been planned meanwhile stays as it is.
        """
        with self._lock:
            if instead_of is not None and (tracked.busy or tracked.ticket != instead_of):
                return
            tracked.ticket, tracked.busy = next(self._tickets), False
            at = self.clock.monotonic() + seconds
            if tracked.to_be_polled:
                self._poll_queue.add(at, tracked.ticket, tracked)
            else:
                heapq.heappush(self._others, (at, tracked.ticket, tracked))
            self._lock.notify_all()

    def hold(self, seconds: float) -> None:
        """Send no poll for so many seconds: the service said so to one job, and means the key."""
        with self._lock:
            self._bucket.hold_until(self.clock.monotonic() + seconds)

    def age(self, tracked: Tracked) -> float:
        """Seconds since the service accepted it; a clock set back does not make it negative."""
        return max(0.0, self.clock.time() - (tracked.record.accepted_at or tracked.record.created_at))

    def resting(self, model: str) -> list[tuple[Tracked, int]]:
        """Return the generations of a model that wait for a poll, without trouble, and the ticket of each."""
        with self._lock:
            return [
                (one, one.ticket)
                for one in self._tracked.values()
                if one.to_be_polled and not one.busy and not one.failures and one.record.model == model
            ]

    def forget(self, tracked: Tracked) -> None:
        """Track a generation no more."""
        with self._lock:
            if self._tracked.get(tracked.record.id) is tracked:
                del self._tracked[tracked.record.id]
            tracked.ended = True

    def update(self, tracked: Tracked, **changes: Any) -> News:
        """Change what is known of a generation, without telling anybody yet."""
        with self._lock:
            if tracked.stopped or tracked.ended:
                changes["watching"] = False
            tracked.news = tracked.news.updated(**changes)
            return tracked.news

    def publish(self, tracked: Tracked, **changes: Any) -> None:
        """Change what is known of a generation, and tell its listener, outside every lock.

        Threads may deliver at the same time; the listener takes the order from the news
        (`News.is_newer_than`).
        """
        news = self.update(tracked, **changes)
        current = self._tracked.get(tracked.record.id)
        if current is not None and current is not tracked:
            return  # it is tracked anew, and that one tells
        try:
            tracked.listener(news)
        except Exception:  # noqa: BLE001 - a user's callback; the others must still hear
            _log.exception("A listener failed")
