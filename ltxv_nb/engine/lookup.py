"""Submissions whose answer was lost: what the service's request log says, and by which ids they go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.errors import JournalError, LTXVError, NotFoundError, RateLimitError
from ltxv_nb.journal import State
from ltxv_nb.journal.transitions import answer_lost, disowned, failed_in_log, found_in_log, known_as
from ltxv_nb.polling.schedule import after_failure
from ltxv_nb.service.reply import same_generation, uuid_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.engine.tasks import Tasks
    from ltxv_nb.engine.tracked import Tracked
    from ltxv_nb.engine.tracker import Tracker
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.reply import Generation
    from ltxv_nb.service.request_log import LogRow

#: Seconds for which a 404 on a fresh generation only means that the service does not list it yet.
NOT_YET_LISTED_SECONDS = 600.0

#: Seconds between two looks into the service's request log for a lost submission: the first, and the longest.
LOOKUP_FIRST, LOOKUP_LONGEST = 2.0, 600.0

#: One look in so many is at the whole log: this machine's clock may have been wrong at the submission.
LOOKUPS_EVERYWHERE = 4


class Lookups:
    """The tasks of one tracker that look for lost submissions.

    Parameters
    ----------
    tasks : Tasks
        Those that go on from here, and write.
    tracker : Tracker
        Plans, and tells.
    api, journal
        What they work with.
    rng : callable
        Returns numbers in [0, 1) for jitter.
    """

    def __init__(
        self, tasks: Tasks, tracker: Tracker, api: Api, journal: Journal, rng: Callable[[], float]
    ) -> None:
        self._tasks, self._tracker, self._api, self._journal, self._rng = tasks, tracker, api, journal, rng

    def look_up(self, several: list[Tracked]) -> None:
        """Look for submissions of unknown outcome in the service's request log."""
        try:
            self._look_up([tracked for tracked in several if not tracked.stopped])
        except Exception:
            for tracked in several:
                self._tracker.again(tracked, LOOKUP_LONGEST)
            raise

    def _look_up(self, several: list[Tracked]) -> None:
        for tracked in several:
            self._tasks.write(tracked)
        wanted = {one.record.client_request_id: one for one in several if one.record.client_request_id}
        found: dict[str, LogRow] = {}
        trouble = None
        try:
            if wanted:
                sent = [sent_at(tracked.record, self._api.ahead) for tracked in wanted.values()]
                everywhere = any(one.looks % LOOKUPS_EVERYWHERE == 3 for one in wanted.values())
                found = self._api.find_in_logs(wanted, min(sent), max(sent), everywhere=everywhere)
        except LTXVError as error:
            trouble = str(error)
            if isinstance(error, RateLimitError):
                self._tracker.hold(after_failure(1, error.retry_after, self._rng()))
        for tracked in several:
            tracked.looks += 1
            try:
                self._settle(tracked, found.get(tracked.record.client_request_id or ""), trouble)
            except JournalError as error:
                self._tracker.publish(tracked, trouble=str(error))
                self._tracker.again(tracked, LOOKUP_FIRST)

    def _settle(self, tracked: Tracked, row: LogRow | None, trouble: str | None) -> None:
        """Act on what the service's request log says of one submission."""
        if tracked.stopped:  # while the log was read; it is someone else's now, and may be further on
            return
        found = change_by_log(row, self._journal, tracked.record)
        if found is not None:
            # Not believed before it is written: another process may have taken up this generation meanwhile.
            self._tasks.write_or_raise(tracked, *tracked.pending, found)
        if tracked.record.state in {State.SUBMITTING, State.UNKNOWN}:
            self._tracker.publish(tracked, trouble=trouble)
            self._look_later(tracked)
            return
        self._tasks.go_on(tracked)

    def _look_later(self, tracked: Tracked) -> None:
        """Look into the request log again, less and less often."""
        self._tracker.again(tracked, min(LOOKUP_LONGEST, LOOKUP_FIRST * 1.5 ** min(tracked.looks, 30)))

    def by_another_id(self, tracked: Tracked) -> bool:
        """Ask by the other ids it may have; what no answer has ever confirmed is of unknown outcome again.

        Returns
        -------
        bool
            Whether it is settled how it goes on.
        """
        record = tracked.record
        try:
            found = under_another_id(self._api, self._journal, record)
        except LTXVError as error:
            self._tasks.tell_trouble(tracked, error)
            self._tracker.again(tracked, after_failure(tracked.failures, None, self._rng()))
            return True
        if found is not None:
            identifier, generation = found
            self._tasks.write(tracked, known_as(identifier))
            self._tasks.answered(tracked, generation)
        elif not record.is_confirmed:
            self._disown(tracked)
        return found is not None or not record.is_confirmed

    def _disown(self, tracked: Tracked) -> None:
        """Give an id back that the service named and does not know: it is of unknown outcome again."""
        if tracked.stopped:  # while the service was asked
            return
        record = tracked.record
        final = self._tracker.age(tracked) >= NOT_YET_LISTED_SECONDS
        words = f"the service named it {record.generation_id}, and knows no such generation"
        self._tasks.write(tracked, disowned(record.generation_id if final else None, words))
        self._tracker.publish(tracked, trouble=None)
        self._look_later(tracked)


def sent_at(record: Record, ahead: float | None) -> float:
    """Return when a request was sent, by this machine's clock as it goes now, in unix seconds.

    Parameters
    ----------
    record : Record
        The submission; its time is by our clock as it went then.
    ahead : float or None
        Seconds by which the service's clock is ahead of ours now, if that is known.
    """
    if record.service_ahead is None or ahead is None:
        return record.created_at
    return record.created_at + record.service_ahead - ahead


def change_by_log(row: LogRow | None, journal: Journal, record: Record) -> Change | None:
    """Say what the service's request log means for a submission of unknown outcome.

    Parameters
    ----------
    row : LogRow or None
        What the log says of it, if anything yet.
    journal : Journal
        Asked whether the generation is known already under another job.
    record : Record
        The submission.

    Returns
    -------
    Change or None
        What becomes of it; ``None`` while nothing new can be said.
    """
    if row is None or not (row.failed or row.generation_id):
        return None
    if row.failed or row.generation_id is None:
        words = "The service's request log says that the request failed"
        return failed_in_log(f"{words}." if record.backend == "sandbox" else f"{words}; nothing was billed.")
    if same_generation(row.generation_id, record.inference_id):
        return None  # tried, and the service did not know it
    known = journal.by_generation_id(row.generation_id, record.origin)
    if known is not None and known.id != record.id:
        return _known_already(known, record)
    return found_in_log(row.generation_id, at=record.created_at, billed=row.credits)


def _known_already(known: Record, record: Record) -> Change | None:
    """Say what it means that the log names the generation of another job."""
    if known.client_request_id is None:  # it was taken up by its id meanwhile
        return failed_in_log(f"This generation is job {known.id}.")
    words = f"the service's request log names the generation of job {known.id} for it"
    return answer_lost(words) if record.error != words else None


def under_another_id(api: Api, journal: Journal, record: Record) -> tuple[str, Generation] | None:
    """Ask the service for a generation by the other ids that its answers may have meant.

    Parameters
    ----------
    api : Api
        Asked once for each of them.
    journal : Journal
        Another job's generation is not asked for.
    record : Record
        A generation that the service does not know by its id.

    Returns
    -------
    tuple or None
        The id by which the service knows it, and what it said; ``None`` when it knows none of them.

    Raises
    ------
    APIError
        The service did not answer.
    """
    for identifier in other_ids(record):
        known = journal.by_generation_id(identifier, record.origin)
        if known is not None and known.id != record.id:
            continue
        try:
            return identifier, api.fetch(identifier)
        except NotFoundError:
            continue
    return None


def other_ids(record: Record) -> list[str]:
    """Return the ids by which the service may know a generation, other than the one it has now.

    They are what its reply's headers or its request log called it, and both spellings of each: ``UUID`` and
    ``UUID:model``.
    """
    found: dict[str, None] = {}
    for identifier in filter(None, (record.inference_id, record.generation_id)):
        uuid = uuid_of(identifier)
        found.update(
            dict.fromkeys([identifier] if uuid is None else [identifier, uuid, f"{uuid}:{record.model}"])
        )
    found.pop(record.generation_id or "", None)
    return list(found)
