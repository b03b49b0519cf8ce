"""What happens to one generation in the background: polls, the download, the search for a lost submission.

Each function here is one task, run on one of the tracker's threads; only one at a time works on a generation.
It reads, writes the journal, tells the listener, and says when to go on (`Tracker.again`), unless the job has
ended.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ltxv_nb.engine.lookup import NOT_YET_LISTED_SECONDS, Lookups
from ltxv_nb.errors import DownloadError, JournalError, LTXVError, NotFoundError, RateLimitError
from ltxv_nb.journal import State
from ltxv_nb.journal import transitions as change
from ltxv_nb.polling.schedule import after_failure, next_ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.engine.estimates import Estimates
    from ltxv_nb.engine.news import News
    from ltxv_nb.engine.save import Saver
    from ltxv_nb.engine.tracked import Tracked
    from ltxv_nb.engine.tracker import Tracker
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.leases import Lease
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.reply import Generation

_log = logging.getLogger("ltxv_nb")

#: A job counts as unreachable after this many bad answers in a row, over at least this many seconds.
UNREACHABLE_FAILURES, UNREACHABLE_SECONDS = 5, 60.0

#: A generation is lost when the service has answered "not found" for so many seconds, and to at least so many
#: polls in a row; and seconds between two such polls, at most.
LOST_SECONDS, LOST_POLLS, LOST_LONGEST = 6 * 3600.0, 10, 300.0

#: A poll that took longer (seconds) was slow; and seconds that the answer to a first poll, and to any other
#: one, may take. A first one that is slow is asked again with more time, but beside few others.
SLOW_POLL, FIRST_PATIENCE, PATIENCE = 5.0, 10.0, 30.0

#: Seconds between two polls of a generation for which no plan can be made.
UNPLANNED_SECONDS = 10.0

#: Seconds between two looks at a generation that another process tracks.
FOLLOW_SECONDS = 1.0

#: Whole rounds (a fresh address each) that a download is tried before the job is "finished, not downloaded".
DOWNLOAD_ROUNDS = 3

#: Seconds between two notes on how far a download is.
PROGRESS_SECONDS = 0.5

#: Seconds between two blocks of a download after which this process may have been stopped meanwhile.
PAUSE_SECONDS = 5.0

#: Seconds that a task waits for others to finish writing; then it goes on, and writes later.
WRITE_PATIENCE = 1.0


class Tasks:
    """The tasks of one tracker.

    Parameters
    ----------
    tracker : Tracker
        Plans, and tells.
    api, journal, estimates, lease, saver
        What they work with.
    rng : callable
        Returns numbers in [0, 1) for jitter.
    """

    def __init__(  # noqa: PLR0917 - made in one place, by the tracker
        self,
        tracker: Tracker,
        api: Api,
        journal: Journal,
        estimates: Estimates,
        lease: Lease,
        saver: Saver,
        rng: Callable[[], float],
    ) -> None:
        self._tracker, self._api, self._journal = tracker, api, journal
        self._estimates, self._lease, self._saver, self._rng = estimates, lease, saver, rng
        self.lookups = Lookups(self, tracker, api, journal, rng)

    # -- polls ---------------------------------------------------------------------------------------------

    def plan(self, tracked: Tracked, *, instead_of: int | None = None) -> None:
        """Choose when to poll next; what is paid for is polled even where nothing can be estimated."""
        if not tracked.record.is_confirmed:
            self._tracker.again(tracked, 0.0, instead_of=instead_of)
            return
        age = self._tracker.age(tracked)
        try:
            tracked.belief = self._estimates.belief(tracked.record)
            at = next_ask(tracked.belief, age, tracked.asked, jitter=self._rng())
        except Exception:  # noqa: BLE001 - see above
            _log.exception(
                "No plan could be made for job %s; it is polled every now and then", tracked.record.id
            )
            at = age + UNPLANNED_SECONDS
        self._tracker.again(tracked, at - age, instead_of=instead_of)

    def keep_estimates_fresh(self, model: str) -> None:
        """Learn in the background how long the model takes at present, if that is not known well enough."""
        if self._estimates.stale(model):
            self._tracker.poll_lanes.submit("figures", 1, self._refresh, model)

    def _refresh(self, model: str) -> None:
        self._estimates.refresh(model)
        for tracked, ticket in self._tracker.resting(model):
            self.plan(tracked, instead_of=ticket)

    def poll(self, tracked: Tracked) -> None:
        """Ask the service how a generation is."""
        if tracked.stopped:
            return
        self.keep_estimates_fresh(tracked.record.model)
        try:
            if self._is_taken_over(tracked):
                return
            self.write(tracked)
            try:
                self.answered(tracked, self._fetch(tracked))
            except LTXVError as error:
                self._poll_failed(tracked, error)
        except Exception:  # whatever it is, it is polled again
            self._tracker.again(tracked, after_failure(tracked.failures + 1, None, self._rng()))
            raise

    def _fetch(self, tracked: Tracked) -> Generation:
        """Ask once, and note how long it took."""
        began = self._tracker.clock.monotonic()
        patience = FIRST_PATIENCE if tracked.slow is None else PATIENCE
        try:
            return self._api.fetch(tracked.record.generation_id or "", counted=False, patience=patience)
        finally:
            tracked.slow = self._tracker.clock.monotonic() - began > SLOW_POLL

    def answered(self, tracked: Tracked, generation: Generation) -> None:
        """Take in what the service said of a generation."""
        if tracked.stopped:  # while the poll was under way; it is someone else's now, and may be further on
            return
        tracked.asked += 1
        tracked.failures, tracked.failing_since, tracked.not_found = 0, None, 0
        now, record = self._tracker.clock.time(), tracked.record
        billed = record.billed_credits if generation.credits is None else generation.credits
        if generation.failed:
            self.write(tracked, change.failed(generation.error or "no reason was given"))
        elif generation.completed:
            finished_at = record.finished_at or now
            asked_at = tracked.not_done_at if record.finished_at is None else record.asked_at
            self.write(
                tracked,
                change.completed(generation.url, asked_at=asked_at, finished_at=finished_at, billed=billed),
            )
            tracked.wants_address = False
        else:
            tracked.not_done_at = now
            known = (record.status, record.billed_credits, record.missing_since)
            if (generation.status, billed or record.billed_credits, None) != known:
                self.write(tracked, change.progressed(generation.status, billed=billed))
        self.go_on(tracked)

    def go_on(self, tracked: Tracked) -> None:
        """Tell what is known by now, and plan what comes next in the state that the row is in."""
        if not tracked.record.state.is_open:
            self._end(tracked)
            return
        self._tracker.publish(tracked, unreachable=False, trouble=tracked.journal_trouble)
        if tracked.to_be_polled:
            self.plan(tracked)
        else:
            self._tracker.again(tracked, 0.0)

    def _poll_failed(self, tracked: Tracked, error: LTXVError) -> None:
        """Take a bad answer for what it is: nothing is lost, poll again later."""
        if tracked.stopped:
            return
        now = self._tracker.clock.monotonic()
        tracked.asked += 1
        tracked.failures += 1
        tracked.failing_since = now if tracked.failing_since is None else tracked.failing_since
        if isinstance(error, NotFoundError):
            self._not_found(tracked, error)
            return
        wait = after_failure(tracked.failures, getattr(error, "retry_after", None), self._rng())
        if isinstance(error, RateLimitError):
            self._tracker.hold(wait)
        self.tell_trouble(tracked, error)
        self._tracker.again(tracked, wait)

    def tell_trouble(self, tracked: Tracked, error: LTXVError) -> None:
        """Say what is in the way of the polls."""
        failing = self._tracker.clock.monotonic() - (tracked.failing_since or 0.0)
        long = tracked.failures >= UNREACHABLE_FAILURES and failing >= UNREACHABLE_SECONDS
        self._tracker.publish(tracked, unreachable=long, trouble=str(error))

    def _not_found(self, tracked: Tracked, error: NotFoundError) -> None:
        """The service does not know the generation: not yet, not at the moment, or not any more."""
        record = tracked.record
        if tracked.wants_address:
            # Only a fresh address was asked for, and the service has forgotten: the known one may still do.
            tracked.wants_address = False
            self._tracker.again(tracked, after_failure(1, None, self._rng()))
            return
        young = self._tracker.age(tracked) < NOT_YET_LISTED_SECONDS
        # What only the log, or a header, has named may be one of several spellings, whatever an answer said.
        is_certain = record.is_confirmed and record.generation_id != record.inference_id
        first = record.missing_since is None and not (young and is_certain)
        if first and self.lookups.by_another_id(tracked):
            return
        if young:
            self.plan(tracked)
            return
        now = self._tracker.clock.time()
        if abs(now - tracked.not_found_at) > 4 * LOST_LONGEST:  # the machine slept
            tracked.not_found = 0
        tracked.not_found, tracked.not_found_at = tracked.not_found + 1, now
        since = min(now, record.missing_since or now)
        if record.missing_since is None:
            self.write(tracked, change.missing(since))
        if now - since >= LOST_SECONDS and tracked.not_found >= LOST_POLLS:
            if self.lookups.by_another_id(tracked):
                return
            self.write(tracked, change.lost(_lost_words(now - since)))
            self.go_on(tracked)
            return
        self.tell_trouble(tracked, error)
        wait = min(LOST_LONGEST, UNPLANNED_SECONDS * 1.3**tracked.not_found) * (0.75 + 0.5 * self._rng())
        self._tracker.again(tracked, wait)

    # -- the download --------------------------------------------------------------------------------------

    def save(self, tracked: Tracked) -> None:
        """Bring a finished video to disk."""
        from ltxv_nb.media.download import Stopped

        if tracked.stopped:
            self.let_go(tracked)
            return
        try:
            if self._is_taken_over(tracked):
                return
            self.write(tracked)
            if tracked.record.state is not State.FINISHED:  # another process was faster
                self.go_on(tracked)
                return
            saved = self._saver.save(tracked.record, self._should_stop(tracked), self._progress(tracked))
            at = self._tracker.clock.time()
            self.write(tracked, change.saved(str(saved.file), saved.media, at=at))
            self._end(tracked)
        except Stopped:
            if not self._is_taken_over(tracked):
                self.let_go(tracked)
        except DownloadError as error:
            self._save_failed(tracked, error)
        except Exception as error:
            self._save_failed(tracked, DownloadError(f"The video could not be saved: {error}."))
            raise

    def _progress(self, tracked: Tracked) -> Callable[[int, int | None], None]:
        """Return a callback that passes a download's progress on, a few times a second."""
        told_at = -1.0

        def progress(done: int, total: int | None) -> None:
            nonlocal told_at
            if (now := self._tracker.clock.monotonic()) - told_at >= PROGRESS_SECONDS:
                told_at = now
                self._tracker.publish(tracked, bytes_done=done, bytes_total=total)

        return progress

    def _save_failed(self, tracked: Tracked, error: DownloadError) -> None:
        """Ask for a fresh address and try again, a few rounds; then leave it to a resume."""
        from ltxv_nb.media.address import AddressRefused
        from ltxv_nb.media.part import DiskFull

        if tracked.stopped:
            self.let_go(tracked)
            return
        tracked.rounds += 1
        hopeless = isinstance(error, (AddressRefused, DiskFull)) or tracked.rounds >= DOWNLOAD_ROUNDS
        if hopeless:
            self.write(tracked, change.download_given_up(str(error)))
            self._end(tracked, not_downloaded(tracked.record))
            return
        tracked.wants_address = True
        self._tracker.publish(tracked, trouble=str(error), bytes_done=None, bytes_total=None)
        self._tracker.again(tracked, after_failure(tracked.rounds, None, self._rng()))

    # -- what another process tracks -----------------------------------------------------------------------

    def follow(self, several: list[Tracked]) -> None:
        """See what the processes that track them have written; take over where one is gone."""
        for tracked in several:
            try:
                self._follow(tracked)
            except (JournalError, OSError) as error:
                self._tracker.publish(tracked, trouble=str(error))
                self._tracker.again(tracked, FOLLOW_SECONDS)
            except Exception:  # noqa: BLE001 - the others that are due must not suffer for it
                _log.exception("Job %s could not be followed", tracked.record.id)
                self._tracker.again(tracked, FOLLOW_SECONDS)

    def _follow(self, tracked: Tracked) -> None:
        record = self._journal.get(tracked.record.id)
        if record is None:
            self._end(tracked)
            return
        given_up = record.state is State.FINISHED and record.error and not record.watched and tracked.looks
        tracked.looks += 1
        if record != tracked.record:
            self._tracker.publish(tracked, record=record, trouble=None)
        if given_up or not record.state.is_open:
            self._end(tracked, not_downloaded(record) if given_up else None)
        elif record.owner == self._lease.name:  # it was taken over here meanwhile
            self._own(tracked, record)
        elif record.owner is not None and self._lease.is_held(record.owner):
            self._tracker.again(tracked, FOLLOW_SECONDS)
        else:
            self._take_over(tracked, record)

    def _take_over(self, tracked: Tracked, record: Record) -> None:
        """Become the one who tracks it, if nobody was faster."""
        self._lease.acquire()
        advanced = self._journal.take_over(record, self._lease.name, patience=WRITE_PATIENCE)
        if not advanced.done:
            self._tracker.again(tracked, FOLLOW_SECONDS)
            return
        self._own(tracked, advanced.record)

    def _own(self, tracked: Tracked, record: Record) -> None:
        tracked.mine, tracked.looks = True, 0
        self._tracker.publish(tracked, record=record)
        self._tracker.again(tracked, 0.0)

    def _is_taken_over(self, tracked: Tracked) -> bool:
        """Whether another process has become the owner, while this one was stopped; then it is followed."""
        row = self._other_owner(tracked)
        if row is None:
            return False
        tracked.mine, tracked.looks = False, 0
        self._tracker.publish(tracked, record=row)
        self._tracker.again(tracked, FOLLOW_SECONDS)
        return True

    def _should_stop(self, tracked: Tracked) -> Callable[[], bool]:
        """Return what a download asks between blocks: whether to stop, for it is not ours any more."""
        asked_at = self._tracker.clock.monotonic()

        def should_stop() -> bool:
            nonlocal asked_at
            now = self._tracker.clock.monotonic()
            paused, asked_at = now - asked_at, now
            return tracked.stopped or (paused > PAUSE_SECONDS and self._other_owner(tracked) is not None)

        return should_stop

    def _other_owner(self, tracked: Tracked) -> Record | None:
        """Return the row as it is now, if it is another process's."""
        try:
            record = self._journal.get(tracked.record.id)
        except JournalError:
            return None  # to be found out later; nothing that costs money is done meanwhile
        taken = record is not None and record.state.is_open and record.owner not in {None, self._lease.name}
        return record if taken else None

    # -- the end, and what the journal takes later ---------------------------------------------------------

    def write(self, tracked: Tracked, *changes: Change) -> None:
        """Put changes into the journal, or keep them in mind until it can take them: what is made goes on."""
        everything = [*tracked.pending, *changes]
        try:
            self.write_or_raise(tracked, *everything)
        except JournalError as error:
            record = tracked.record
            for one in changes:
                record = one.applied(record) or record
            tracked.pending, tracked.journal_trouble = everything, str(error)
            self._tracker.update(tracked, record=record)
            _log.debug("%s Job %s is kept in memory until it can be written.", error, record.id)

    def write_or_raise(self, tracked: Tracked, *changes: Change) -> None:
        """Put changes into the journal; raises `JournalError` when it does not take them."""
        if not changes:
            return
        advanced = self._journal.advance(tracked.record.id, None, *changes, patience=WRITE_PATIENCE)
        tracked.pending, tracked.journal_trouble = [], None
        self._tracker.update(tracked, record=advanced.record)

    def flush(self, tracked: Tracked) -> None:
        """Write what the journal could not take before, unless someone tracks it anew."""
        if self._tracker.watching(tracked.record.id):
            return
        self.write(tracked)
        if tracked.pending:
            tracked.failures += 1
            self._tracker.again(tracked, after_failure(tracked.failures, None, self._rng()))

    def let_go(self, tracked: Tracked) -> None:
        """Leave a generation to whoever wants to track it next, unless that is somebody here."""
        if self._tracker.closed or self._tracker.watching(tracked.record.id):
            return
        self.write(tracked, change.released(wanted=False))
        self._end(tracked, tracked.news.error)

    def leave(self, tracked: Tracked) -> None:
        """Say that nobody tracks it: the tracker was closed while the submission was under way."""
        self.write(tracked, change.released(wanted=True))
        tracked.ended = True
        self._tracker.publish(tracked, watching=False)

    def _end(self, tracked: Tracked, error: LTXVError | None = None) -> None:
        self._tracker.forget(tracked)
        if tracked.pending:
            self._tracker.again(tracked, after_failure(1, None, self._rng()))
        trouble = tracked.journal_trouble
        self._tracker.publish(tracked, watching=False, unreachable=False, trouble=trouble, error=error)
        tracked.listener = _nobody  # an old plan may still hold on to this, and must not keep a client alive


def _nobody(_news: News) -> None:
    """Hear nothing."""


def not_downloaded(record: Record) -> DownloadError:
    """Return the error of a generation that is finished, but whose video is not on disk."""
    made = "finished" if record.backend == "sandbox" else "finished and paid for"
    return DownloadError(
        f"Job {record.id} is {made}, but not downloaded: {record.error} `%ltxv resume` tries again."
    )


def _lost_words(seconds: float) -> str:
    return f"the service has answered for {seconds / 3600:.0f} hours that it knows no such generation"
