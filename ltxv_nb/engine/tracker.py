"""The one background thread: asks how the generations are, has them downloaded, tells who listens.

It owns no truth. What it learns goes into the journal first and to the listeners then, so that another
process, or the next one, can go on from there.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from ltxv_nb import journal as states
from ltxv_nb.engine.lookup import settlement
from ltxv_nb.engine.pool import DaemonPool
from ltxv_nb.errors import DownloadError, JournalError, LTXVError, NotFoundError, RateLimitError
from ltxv_nb.polling.priority import Questions
from ltxv_nb.polling.schedule import TokenBucket, after_failure, next_ask

if TYPE_CHECKING:
    from ltxv_nb.engine.estimates import Knowledge
    from ltxv_nb.engine.save import Saver
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.leases import Presence
    from ltxv_nb.service.api import Api, LogRow
    from ltxv_nb.service.reply import Generation

_log = logging.getLogger("ltxv_nb")

#: Threads: one loop, and these for HTTP. With two for the display it is never more than twelve.
POLL_THREADS, DOWNLOAD_THREADS = 6, 3

#: A job counts as unreachable after this many bad answers in a row, over at least this many seconds.
UNREACHABLE_FAILURES, UNREACHABLE_SECONDS = 5, 60.0

#: Seconds for which a 404 on a fresh generation only means that the service does not list it yet.
NOT_YET_LISTED_SECONDS = 600.0

#: Seconds between two questions about a generation for which no plan can be made.
UNPLANNED_SECONDS = 10.0

#: Seconds between two looks at a generation that another process watches.
FOLLOW_SECONDS = 1.0

#: Whole rounds (a fresh address each) that a download is tried before the job is "completed, not downloaded".
DOWNLOAD_ROUNDS = 3

#: Seconds between two notes on how far a download is.
PROGRESS_SECONDS = 0.5

#: Seconds between two looks into the service's record for a lost submission: the first, and the longest.
LOOKUP_FIRST, LOOKUP_LONGEST = 2.0, 600.0

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

    def close(self, timeout: float) -> None:
        """Take no more tasks."""


@dataclass(frozen=True)
class News:
    """What is known of a generation now.

    Attributes
    ----------
    record : Record
        Its row in the journal.
    unreachable : bool
        Whether the service has not answered for long.
    trouble : str or None
        In words, what is in the way at the moment, if anything is.
    error : LTXVError or None
        What ended the watching, if something did.
    watching : bool
        Whether it is still being watched.
    bytes_done, bytes_total : int or None
        How far a download is.
    """

    record: Record
    unreachable: bool = False
    trouble: str | None = None
    error: LTXVError | None = None
    watching: bool = True
    bytes_done: int | None = None
    bytes_total: int | None = None


Listener = Callable[[News], None]


#: When something is due (monotonic seconds), the ticket that tells a newer plan from an older one, and what.
_Entry = tuple[float, int, "_Watch"]


@dataclass(eq=False)
class _Watch:
    """One generation that is being watched. Only one task at a time works on it (`busy`)."""

    news: News
    listener: Listener
    mine: bool = False
    busy: bool = False
    ticket: int = -1
    stopped: bool = False
    asked: int = 0
    age: float = 0.0
    not_done_at: float | None = None
    failures: int = 0
    failing_since: float | None = None
    rounds: int = 0
    looks: int = 0
    #: Columns that the journal could not take yet, and why; none of it is lost while this process lives.
    unsaved: dict[str, Any] = field(default_factory=dict)
    journal_trouble: str | None = None
    #: Nothing is left to do but to write `unsaved`.
    ended: bool = False

    @property
    def record(self) -> Record:
        return self.news.record


class Tracker:
    """Watches generations until they end.

    Parameters
    ----------
    api, journal, knowledge, presence, saver
        The rooms it works with.
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
        knowledge: Knowledge,
        presence: Presence,
        saver: Saver,
        *,
        clock: Clock = time,
        polls: Executor | None = None,
        downloads: Executor | None = None,
        reads_per_minute: float = 150.0,
        threaded: bool = True,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._api, self._journal, self._knowledge = api, journal, knowledge
        self._presence, self._saver, self._clock, self._rng = presence, saver, clock, rng
        self._polls = polls or DaemonPool(POLL_THREADS, "ltxv-poll")
        self._downloads = downloads or DaemonPool(DOWNLOAD_THREADS, "ltxv-download")
        self._bucket = TokenBucket(rate=reads_per_minute / 60)
        self._threaded = threaded
        self._watches: dict[str, _Watch] = {}
        # What waits for its time: questions, which the budget limits, apart from everything else.
        self._questions: Questions[_Watch] = Questions(self._chance, self._is_current)
        self._others: list[_Entry] = []
        self._tickets = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._drift = clock.time() - clock.monotonic()

    # -- from outside --------------------------------------------------------------------------------------

    def watch(self, record: Record, listener: Listener, unsaved: dict[str, Any] | None = None) -> None:
        """Begin to watch a generation; one that is watched already only goes on.

        Parameters
        ----------
        record : Record
            Its row.
        listener : callable
            Called with `News`, from whichever thread learned them, on every change.
        unsaved : dict, optional
            Columns that the journal could not take; written as soon as it can.
        """
        with self._wake:
            if not self._closed:
                if record.id not in self._watches:
                    self._begin(record, listener, unsaved or {})
                return
        self._leave_be(record, listener, unsaved or {})

    def _begin(self, record: Record, listener: Listener, unsaved: dict[str, Any]) -> None:
        mine = record.owner == self._presence.name
        watch = _Watch(News(record), listener, mine=mine, unsaved=unsaved)
        self._watches[record.id] = watch
        if mine and record.state == states.RUNNING:
            self._plan(watch)
        else:
            self._again(watch, 0.0)
        if self._knowledge.stale(record.model):
            self._polls.submit(self._refresh, record.model)
        self._start()
        self._wake.notify()

    def _leave_be(self, record: Record, listener: Listener, unsaved: dict[str, Any]) -> None:
        """Say that nobody watches: this was closed while the order was under way."""
        watch = _Watch(News(record), listener, mine=True, ended=True, unsaved=unsaved)
        self._keep(watch, owner=None)
        self._tell(watch, watching=False)

    def unwatch(self, record_id: str) -> None:
        """Stop watching one generation; it stays unfinished in the journal."""
        with self._wake:
            watch = self._watches.pop(record_id, None)
            if watch is None:
                return
            watch.stopped = True
            saving = watch.busy and watch.record.state == states.FINISHED
        self._tell(watch, watching=False)
        if watch.mine and not saving:  # a download lets go of it when it has broken off
            self._let_go(watch)

    def _let_go(self, watch: _Watch) -> None:
        """Leave a generation to whoever wants to watch it next, unless that is somebody here."""
        if self._closed or self.watching(watch.record.id):
            return
        self._keep(watch, detail="stopped watching", owner=None, watched=False)
        self._end(watch, watch.news.error)

    def remember(self, record: Record, unsaved: dict[str, Any]) -> None:
        """Write columns of a generation that needs no watching, as soon as the journal can take them."""
        watch = _Watch(News(record), lambda _news: None, mine=True, ended=True, unsaved=dict(unsaved))
        with self._wake:
            self._again(watch, 0.0)
            self._start()

    def watching(self, record_id: str) -> bool:
        """Whether this tracker watches the generation."""
        return record_id in self._watches

    def charge(self) -> None:
        """Count a read that went out without asking: the questions wait the longer for it."""
        with self._wake:
            self._bucket.charge(self._clock.monotonic())

    def close(self, timeout: float = 2.0) -> None:
        """Stop: no more questions; downloads break off and can be resumed; the journal keeps everything."""
        with self._wake:
            if self._closed:
                return
            self._closed = True
            watches, self._watches = list(self._watches.values()), {}
            for watch in watches:
                watch.stopped = True
            self._wake.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)
        self._polls.close(timeout)
        self._downloads.close(timeout)
        for watch in {*watches, *(entry[2] for entry in self._others)}:
            if watch.unsaved:
                self._keep(watch)
        for watch in watches:
            self._tell(watch, watching=False)

    # -- the loop ------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._threaded and self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._loop, name="ltxv-tracker", daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        while True:
            with self._wake:
                if self._closed:
                    return
            try:
                wait = self.step()
            except Exception:  # noqa: BLE001 - the thread must outlive whatever it meets
                _log.exception("The tracker stumbled")
                wait = 1.0
            with self._wake:
                if not self._closed and wait > 0:
                    self._wake.wait(min(wait, LONGEST_SLEEP))

    def step(self) -> float:
        """Do everything that is due.

        Returns
        -------
        float
            Seconds until something is due again.
        """
        now = self._clock.monotonic()
        self._notice_jump(now)
        lost = []
        for watch in self._take_others(now):
            if watch.ended:
                self._polls.submit(self._flush, watch)
            elif not watch.mine:
                self._follow(watch)
            elif watch.record.state == states.FINISHED:
                self._downloads.submit(self._save, watch)
            else:
                lost.append(watch)
        if lost:
            self._look_up_in_budget(lost, now)
        for watch in self._take_questions(now):
            self._polls.submit(self._ask, watch)
        return self._until_next(now)

    def _take_others(self, now: float) -> list[_Watch]:
        """Take what is due and no question, longest due first; it is busy from then on."""
        due = []
        with self._wake:
            while self._others and self._others[0][0] <= now:
                _, ticket, watch = heapq.heappop(self._others)
                if self._is_current(ticket, watch):
                    watch.busy = True
                    due.append(watch)
        return due

    def _take_questions(self, now: float) -> list[_Watch]:
        """Take the questions that are due, as far as the budget goes; they are busy from then on."""
        with self._wake:
            due = self._questions.take(now, self._bucket)
            for watch in due:
                watch.busy = True
        return due

    def _look_up_in_budget(self, lost: list[_Watch], now: float) -> None:
        """Look for lost submissions, all in one go, once the budget allows a read."""
        with self._wake:
            ready_at = self._bucket.ready_at(now)
        if ready_at <= now:
            self._polls.submit(self._look_up, lost)
            return
        for watch in lost:
            self._again(watch, ready_at - now)

    @staticmethod
    def _is_current(ticket: int, watch: _Watch) -> bool:
        """Whether a plan is the newest one of its generation, and nobody works on that."""
        return ticket == watch.ticket and not watch.busy and (watch.ended or not watch.stopped)

    def _chance(self, watch: _Watch) -> float:
        """Return the probability that a generation has ended since it was last seen running."""
        age = self._age(watch)
        seen_at = age - max(0.0, self._clock.time() - watch.not_done_at) if watch.not_done_at else 0.0
        belief = self._knowledge.belief(watch.record)
        running = belief.survival(max(0.0, seen_at))
        return 1.0 - belief.survival(age) / running if running > 0 else 1.0

    def _until_next(self, now: float) -> float:
        with self._wake:
            soonest = self._others[0][0] if self._others else _NEVER
            soonest = min(soonest, self._questions.next_at(now, self._bucket))
        return max(0.0, soonest - now)

    def _notice_jump(self, now: float) -> None:
        """After the machine's sleep, ask about everything again: the sockets are dead, the plans old."""
        drift = self._clock.time() - now
        if abs(drift - self._drift) > CLOCK_JUMP:
            _log.info("The clock jumped; asking about everything again")
            with self._wake:
                for watch in self._watches.values():
                    if not watch.busy:
                        self._again(watch, 0.0)
        self._drift = drift

    def _again(self, watch: _Watch, seconds: float) -> None:
        """Let a generation rest for so many seconds."""
        with self._wake:
            watch.ticket, watch.busy = next(self._tickets), False
            is_question = watch.mine and not watch.ended and watch.record.state == states.RUNNING
            at = self._clock.monotonic() + seconds
            if is_question:
                self._questions.add(at, watch.ticket, watch)
            else:
                heapq.heappush(self._others, (at, watch.ticket, watch))
            self._wake.notify()

    def _age(self, watch: _Watch) -> float:
        """Seconds since the service took it; a clock set back does not make it negative."""
        return max(0.0, self._clock.time() - (watch.record.accepted_at or watch.record.created_at))

    def _plan(self, watch: _Watch) -> None:
        """Choose when to ask next; what is paid for is asked about even where nothing can be reckoned."""
        age = self._age(watch)
        try:
            at = next_ask(self._knowledge.belief(watch.record), age, watch.asked, jitter=self._rng())
        except Exception:  # noqa: BLE001 - see above
            _log.exception(
                "No plan could be made for job %s; it is asked about every now and then", watch.record.id
            )
            at = age + UNPLANNED_SECONDS
        self._again(watch, at - age)

    # -- one task each -------------------------------------------------------------------------------------

    def _ask(self, watch: _Watch) -> None:
        """Ask the service how a generation is."""
        if watch.stopped:
            return
        if self._knowledge.stale(watch.record.model):
            self._polls.submit(self._refresh, watch.record.model)
        try:
            self._keep(watch)
            generation = self._api.fetch(watch.record.generation_id or "", counted=False)
            self._answered(watch, generation)
        except LTXVError as error:
            self._failed_ask(watch, error)
        except Exception:
            self._again(watch, after_failure(watch.failures + 1, None, self._rng()))
            raise

    def _refresh(self, model: str) -> None:
        """Learn how long the model takes at present, and plan anew with that."""
        self._knowledge.refresh(model)
        with self._wake:
            for watch in self._watches.values():
                running = watch.mine and watch.record.state == states.RUNNING
                if running and not watch.busy and not watch.failures and watch.record.model == model:
                    self._plan(watch)

    def _answered(self, watch: _Watch, generation: Generation) -> None:
        if watch.stopped:  # while the question was under way; it is someone else's now, and may be further on
            return
        watch.asked += 1
        watch.failures, watch.failing_since = 0, None
        now = self._clock.time()
        usd = watch.record.usd if generation.usd is None else generation.usd
        if generation.failed:
            words = generation.error or "no reason was given"
            self._keep(watch, state=states.FAILED, status="error", error=words, owner=None, usd=usd)
            self._end(watch)
        elif generation.completed:
            self._keep(
                watch,
                state=states.FINISHED,
                status="completed",
                url=generation.url,
                asked_at=watch.not_done_at,
                finished_at=watch.record.finished_at or now,
                usd=usd,
            )
            self._tell(watch, unreachable=False, trouble=watch.journal_trouble)
            self._again(watch, 0.0)
        else:
            watch.not_done_at = now
            if (generation.status, usd) != (watch.record.status, watch.record.usd):
                self._keep(watch, status=generation.status, usd=usd)
            self._tell(watch, unreachable=False, trouble=watch.journal_trouble)
            self._plan(watch)

    def _failed_ask(self, watch: _Watch, error: LTXVError) -> None:
        """Take a bad answer for what it is: nothing is lost, ask again later."""
        if watch.stopped:
            return
        now = self._clock.monotonic()
        watch.asked += 1
        watch.failures += 1
        watch.failing_since = now if watch.failing_since is None else watch.failing_since
        if isinstance(error, NotFoundError) and watch.record.url:
            # Only a fresh address was asked for, and the service has forgotten: the known one may still do.
            watch.news = replace(watch.news, record=replace(watch.record, state=states.FINISHED))
            self._again(watch, after_failure(1, None, self._rng()))
            return
        if isinstance(error, NotFoundError) and self._age(watch) < NOT_YET_LISTED_SECONDS:
            self._plan(watch)
            return
        wait = after_failure(watch.failures, getattr(error, "retry_after", None), self._rng())
        if isinstance(error, RateLimitError):
            self._bucket.hold_until(now + wait)
        long = watch.failures >= UNREACHABLE_FAILURES and now - watch.failing_since >= UNREACHABLE_SECONDS
        self._tell(watch, unreachable=long, trouble=str(error))
        self._again(watch, wait)

    def _save(self, watch: _Watch) -> None:
        """Bring a finished video to disk."""
        from ltxv_nb.media.download import Stopped

        if watch.stopped:
            self._let_go(watch)
            return
        try:
            self._keep(watch)
            saved = self._saver.save(
                watch.record,
                lambda: watch.stopped,
                self._progress(watch),
            )
            self._keep(
                watch,
                state=states.SAVED,
                file=str(saved.file),
                media=saved.media,
                saved_at=self._clock.time(),
                error=None,
                owner=None,
            )
            self._end(watch)
        except Stopped:
            self._let_go(watch)
        except DownloadError as error:
            self._failed_save(watch, error)
        except Exception as error:
            self._failed_save(watch, DownloadError(f"The video could not be saved: {error}."))
            raise

    def _progress(self, watch: _Watch) -> Callable[[int, int | None], None]:
        """Return a callback that passes a download's progress on, a few times a second."""
        told_at = -1.0

        def progress(done: int, total: int | None) -> None:
            nonlocal told_at
            if (now := self._clock.monotonic()) - told_at >= PROGRESS_SECONDS:
                told_at = now
                self._tell(watch, bytes_done=done, bytes_total=total)

        return progress

    def _failed_save(self, watch: _Watch, error: DownloadError) -> None:
        """Ask for a fresh address and try again, a few rounds; then leave it to a resume."""
        from ltxv_nb.media.address import AddressRefused
        from ltxv_nb.media.part import DiskFull

        if watch.stopped:
            self._let_go(watch)
            return
        watch.rounds += 1
        hopeless = isinstance(error, (AddressRefused, DiskFull)) or watch.rounds >= DOWNLOAD_ROUNDS
        if not hopeless:
            self._tell(watch, trouble=str(error))
            watch.news = replace(watch.news, record=replace(watch.record, state=states.RUNNING))
            self._again(watch, after_failure(watch.rounds, None, self._rng()))
            return
        self._keep(watch, detail=str(error), error=str(error), owner=None, watched=False)
        self._end(watch, not_downloaded(watch.record))

    def _look_up(self, watches: list[_Watch]) -> None:
        """Look for submissions of unknown outcome in the service's own record."""
        try:
            self._look_up_all([watch for watch in watches if not watch.stopped])
        except Exception:
            for watch in watches:
                self._again(watch, LOOKUP_LONGEST)
            raise

    def _look_up_all(self, watches: list[_Watch]) -> None:
        for watch in watches:
            self._keep(watch)
        wanted = {
            watch.record.client_request_id: watch for watch in watches if watch.record.client_request_id
        }
        found: dict[str, LogRow] = {}
        trouble = None
        try:
            if wanted:
                sent_at = [watch.record.created_at for watch in wanted.values()]
                found = self._api.find_in_logs(wanted, min(sent_at), max(sent_at))
        except LTXVError as error:
            trouble = str(error)
            if isinstance(error, RateLimitError):
                wait = after_failure(1, error.retry_after, self._rng())
                self._bucket.hold_until(self._clock.monotonic() + wait)
        for watch in watches:
            watch.looks += 1
            try:
                self._settle(watch, found.get(watch.record.client_request_id or ""), trouble)
            except JournalError as error:
                self._tell(watch, trouble=str(error))
                self._again(watch, LOOKUP_FIRST)

    def _settle(self, watch: _Watch, row: LogRow | None, trouble: str | None) -> None:
        """Act on what the service's record says of one submission."""
        if watch.stopped:  # while the record was read; it is someone else's now, and may be further on
            return
        changes = settlement(row, self._journal, watch.record)
        if changes is None:
            self._tell(watch, trouble=trouble)
            self._again(watch, min(LOOKUP_LONGEST, LOOKUP_FIRST * 1.5**watch.looks))
            return
        before = watch.news, watch.unsaved
        try:
            self._write(watch, **changes)
        except JournalError:
            # Not believed before it is written: another process may have taken up this generation meanwhile.
            watch.news, watch.unsaved = before
            raise
        if watch.record.state == states.RUNNING:
            self._tell(watch, trouble=None)
            self._again(watch, 0.0)
        else:
            self._end(watch)

    def _follow(self, watch: _Watch) -> None:
        """See what the process that watches it has written; take over when that one is gone."""
        try:
            record = self._journal.get(watch.record.id)
            if record is None:
                self._end(watch)
                return
            given_up = record.state == states.FINISHED and record.error and not record.watched and watch.looks
            watch.looks += 1
            if record != watch.record:
                watch.news = replace(watch.news, record=record)
                self._tell(watch)
            if given_up or record.state not in states.OPEN:
                self._end(watch, not_downloaded(record) if given_up else None)
                return
            if (record.owner is None or not self._presence.alive(record.owner)) and self._take(watch, record):
                return
        except (JournalError, OSError) as error:
            self._tell(watch, trouble=str(error))
        except Exception:  # noqa: BLE001 - the others that are due must not suffer for it
            _log.exception("Job %s could not be followed", watch.record.id)
        self._again(watch, FOLLOW_SECONDS)

    def _take(self, watch: _Watch, record: Record) -> bool:
        """Become the one who watches it, if nobody was faster."""
        self._presence.show()
        if not self._journal.claim(record.id, self._presence.name, record.owner):
            return False
        watch.mine, watch.looks = True, 0
        watch.news = replace(watch.news, record=replace(record, owner=self._presence.name, watched=True))
        if record.state == states.SUBMITTING:
            # Whoever was sending it died before the answer was written down.
            self._keep(watch, state=states.UNKNOWN, detail="the process that was sending it ended")
        self._tell(watch)
        self._again(watch, 0.0)
        return True

    # -- writing and telling -------------------------------------------------------------------------------

    def _write(self, watch: _Watch, *, detail: str | None = None, **changes: Any) -> None:
        """Put changes into the journal, together with those it could not take before."""
        changes = {**watch.unsaved, **changes}
        if not changes:
            return
        watch.news = replace(watch.news, record=replace(watch.record, **changes))
        watch.unsaved = changes
        self._journal.update(watch.record.id, detail=detail, **changes)
        watch.unsaved, watch.journal_trouble = {}, None

    def _keep(self, watch: _Watch, *, detail: str | None = None, **changes: Any) -> None:
        """Put changes into the journal, or keep them in mind until it can take them: what is made goes on."""
        try:
            self._write(watch, detail=detail, **changes)
        except JournalError as error:
            watch.journal_trouble = str(error)
            _log.debug("%s Job %s is remembered here until it can be written.", error, watch.record.id)

    def _flush(self, watch: _Watch) -> None:
        """Write down what the journal could not take before, unless someone watches it anew."""
        if self.watching(watch.record.id):
            return
        self._keep(watch)
        if watch.unsaved:
            watch.failures += 1
            self._again(watch, after_failure(watch.failures, None, self._rng()))

    def _end(self, watch: _Watch, error: LTXVError | None = None) -> None:
        with self._wake:
            if self._watches.get(watch.record.id) is watch:
                del self._watches[watch.record.id]
        watch.ended = True
        if watch.unsaved:
            self._again(watch, after_failure(1, None, self._rng()))
        self._tell(watch, watching=False, unreachable=False, trouble=watch.journal_trouble, error=error)

    def _tell(self, watch: _Watch, **changes: Any) -> None:
        news = replace(watch.news, **changes)
        watch.news = news
        try:
            watch.listener(news)
        except Exception:  # noqa: BLE001 - a user's callback; the others must still hear
            _log.exception("A listener failed")


def not_downloaded(record: Record) -> DownloadError:
    """Return the error of a generation that is finished, but whose video is not on disk."""
    return DownloadError(
        f"Job {record.id} is completed and paid for, but not downloaded: {record.error} "
        f"`%ltxv resume` tries again."
    )
