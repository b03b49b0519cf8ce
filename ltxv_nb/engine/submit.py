"""The paid act: one POST, its outcome told apart and written down, never sent again in doubt."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ltxv_nb.engine.lookup import change_by_log, sent_at
from ltxv_nb.errors import APIError, JournalError, LTXVError
from ltxv_nb.journal import State
from ltxv_nb.journal.transitions import accepted, answer_lost, refused, sent_again
from ltxv_nb.service import transport
from ltxv_nb.service.outcome import Accepted, Busy, NotDelivered, Refused, Unclear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.outcome import Outcome

_log = logging.getLogger("ltxv_nb")

#: How often a request that was certainly not accepted is sent, in all.
TRIES = 4

#: Seconds of the longest wait before the next try, whatever ``Retry-After`` says: a cell must come back.
LONGEST_WAIT = 30.0

#: Called with the row, when the request is sent again in unix seconds, and why it was not accepted.
Waits = Callable[["Record", float, str], object]

#: Seconds between the looks into the service's request log that a cell itself waits for.
QUICK_LOOKS = (0.3, 1.2)


@dataclass(frozen=True)
class Sent:
    """What became of a submission.

    Attributes
    ----------
    record : Record
        The generation as it is now: running, refused or unknown.
    error : APIError or None
        Why it was refused.
    pending : tuple of Change
        What the journal could not take after the POST; the tracker writes it when it can.
    """

    record: Record
    error: APIError | None = None
    pending: tuple[Change, ...] = ()


class Submission:
    """Sends one request that stands in the journal.

    Parameters
    ----------
    api : Api
        Where to.
    journal : Journal
        Has the row already.
    sleep, clock, rng : callable
        For the waits between tries, the times in the journal, and jitter.
    """

    def __init__(
        self,
        api: Api,
        journal: Journal,
        *,
        sleep: Callable[[float], Any] = time.sleep,
        clock: Callable[[], float] = time.time,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._api, self._journal = api, journal
        self._sleep, self._clock, self._rng = sleep, clock, rng

    def send(
        self,
        record: Record,
        body: Mapping[str, Any],
        waits: Waits | None = None,
        *,
        again_if_busy: bool = True,
    ) -> Sent:
        """Send the request; again only after an answer, or the lack of one, that proves it was not accepted.

        Parameters
        ----------
        record : Record
            Its row, in state ``submitting``.
        body : mapping
            The JSON body.
        waits : callable, optional
            Called before each wait with the row, the time in unix seconds at which the request is sent
            again, and why.
        again_if_busy : bool
            Whether to send it again after a 429; a batch waits for that itself.

        Returns
        -------
        Sent
            What became of it.

        Raises
        ------
        JournalError
            The journal does not take the next try's name; that try is not sent.
        """
        outcome: Outcome
        for tried in range(1, TRIES + 1):
            outcome = self._post(record, body)
            if isinstance(outcome, (Accepted, Refused, Unclear)) or tried == TRIES:
                break
            if isinstance(outcome, Busy) and not again_if_busy:
                break
            try:
                pause = self._pause(outcome, tried)
                if waits is not None:
                    waits(record, self._clock() + pause, _why(outcome, record, tried))
                self._sleep(pause)
                record = self._rename(record, tried + 1)
            except BaseException as error:
                self._note(record, refused(f"not sent again: {error!r}"))
                if isinstance(error, JournalError):
                    billing = "" if record.backend == "sandbox" else "; nothing was billed"
                    raise JournalError(f"{error} The request was not accepted{billing}.") from error
                raise
        return self._settle(record, outcome)

    def cut_short(self, record: Record, cause: BaseException) -> Sent:
        """Write down what is known of a submission that was interrupted wherever it was.

        Parameters
        ----------
        record : Record
            Its row as it was before.
        cause : BaseException
            What interrupted it.
        """
        now = self._now(record)
        if now.state is not State.SUBMITTING:
            return Sent(now)
        if isinstance(cause, LTXVError):  # raised only where the request is certain not to have been accepted
            return self._note(now, refused(str(cause)))
        return self._note(now, answer_lost("interrupted while it was being sent"))

    def _now(self, record: Record) -> Record:
        try:
            return self._journal.get(record.id) or record
        except JournalError as error:
            _log.debug("%s", error)
            return record

    def _post(self, record: Record, body: Mapping[str, Any]) -> Outcome:
        """Send once; being interrupted leaves the outcome unknown, unless nothing had left the machine."""
        try:
            return self._api.create(body, record.client_request_id or "")
        except BaseException as error:
            if isinstance(error, LTXVError) or transport.never_sent(error):
                self._note(record, refused(f"not sent: {error!r}"))
            else:
                self._note(record, answer_lost("interrupted while it was being sent"))
            raise

    def _pause(self, outcome: Busy | NotDelivered, tried: int) -> float:
        asked = outcome.error.retry_after if isinstance(outcome, Busy) else None
        wait = asked if asked is not None else 0.5 * 2.0**tried * (0.5 + 0.5 * self._rng())
        return min(wait, LONGEST_WAIT)

    def _rename(self, record: Record, attempt: int) -> Record:
        """Give the next try a name of its own: the request log says of a refused try that it failed."""
        name = f"{(record.client_request_id or '').rpartition('.')[0]}.{attempt}"
        advanced = self._journal.advance(record.id, record, sent_again(name, attempt))
        if not advanced.done:
            raise JournalError(f"Job {record.id} was taken over by another process, and is not sent again.")
        return advanced.record

    def _settle(self, record: Record, outcome: Outcome) -> Sent:
        if isinstance(outcome, Accepted):
            made = outcome.generation
            change = accepted(
                made.id,
                made.status or None,
                at=self._clock(),
                billed=made.credits,
                inference_id=made.inference_id,
            )
            sent = self._note(record, change)
            return self._quick_look(sent) if sent.record.state is State.UNKNOWN else sent
        if isinstance(outcome, Unclear):
            return self._quick_look(self._note(record, answer_lost(outcome.reason)))
        error = outcome.error
        return replace(self._note(record, refused(str(error))), error=error)

    def _quick_look(self, sent: Sent) -> Sent:
        """Look into the service's request log once or twice, while the cell is still there to be told."""
        name = sent.record.client_request_id or ""
        for pause in QUICK_LOOKS:
            self._sleep(pause)
            try:
                rows = self._api.find_in_logs([name], sent_at(sent.record, self._api.ahead))
                change = change_by_log(rows.get(name), self._journal, sent.record)
            except (APIError, JournalError) as error:
                _log.debug("the service's request log cannot be read: %s", error)
                continue
            if change is None:
                continue
            sent = self._note(sent.record, *sent.pending, change)
            if sent.record.state is State.UNKNOWN:
                continue
            refusal = sent.record.state is State.REFUSED
            return replace(sent, error=APIError(sent.record.error or "")) if refusal else sent
        return sent

    def _note(self, record: Record, *changes: Change) -> Sent:
        """Write down what is known now; if the journal cannot take it, carry it on in memory."""
        try:
            return Sent(self._journal.advance(record.id, None, *changes).record)
        except JournalError as error:
            _log.warning("%s Job %s is kept in memory until it can be written.", error, record.id)
            for change in changes:
                record = change.applied(record) or record
            return Sent(record, pending=changes)


def _why(outcome: Busy | NotDelivered, record: Record, attempt: int) -> str:
    """Say why a request was not accepted, and which try that was."""
    what = (
        "The service has too many requests at the moment (HTTP 429)"
        if isinstance(outcome, Busy)
        else "The service could not be reached"
    )
    billing = "" if record.backend == "sandbox" else " Nothing was billed."
    return f"{what}, try {attempt} of {TRIES}.{billing}"
