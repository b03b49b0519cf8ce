"""The paid act: one POST, its outcome told apart and written down, never sent again in doubt."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ltxv_nb import journal as states
from ltxv_nb.engine.lookup import settlement
from ltxv_nb.errors import APIError, JournalError, LTXVError
from ltxv_nb.service import transport
from ltxv_nb.service.api import Accepted, Busy, NotDelivered, Refused, Unclear

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.service.api import Api, Outcome

_log = logging.getLogger("ltxv_nb")

#: How often a request that was certainly not taken is sent, in all.
TRIES = 4

#: Seconds of the longest wait before the next try, whatever ``Retry-After`` says: a cell must come back.
LONGEST_WAIT = 30.0

#: Seconds between the looks into the service's record that a cell itself waits for.
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
    unsaved : dict
        Columns that the journal could not take after the POST; the tracker writes them when it can.
    """

    record: Record
    error: APIError | None = None
    unsaved: Mapping[str, Any] = field(default_factory=dict)


class Submission:
    """Sends one journalled request.

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

    def send(self, record: Record, body: Mapping[str, Any]) -> Sent:
        """Send the request; again only after an answer, or the want of one, that proves it was not taken.

        Parameters
        ----------
        record : Record
            Its row, in state ``submitting``.
        body : mapping
            The JSON body.

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
            try:
                self._sleep(self._pause(outcome, tried))
                record = self._rename(record, tried + 1)
            except BaseException as error:
                self._note(record, state=states.REFUSED, error=f"not sent again: {error!r}", owner=None)
                if isinstance(error, JournalError):
                    raise JournalError(f"{error} The request was not taken; nothing was billed.") from error
                raise
        return self._settle(record, outcome)

    def _post(self, record: Record, body: Mapping[str, Any]) -> Outcome:
        """Send once; being interrupted leaves the outcome unknown, unless nothing had left the machine."""
        try:
            return self._api.create(body, record.client_request_id or "")
        except BaseException as error:
            if isinstance(error, LTXVError) or transport.never_sent(error):
                self._note(record, state=states.REFUSED, error=f"not sent: {error!r}", owner=None)
            else:
                self._note(record, state=states.UNKNOWN, error="interrupted while it was being sent")
            raise

    def _pause(self, outcome: Busy | NotDelivered, tried: int) -> float:
        asked = outcome.error.retry_after if isinstance(outcome, Busy) else None
        wait = asked if asked is not None else 0.5 * 2.0**tried * (0.5 + 0.5 * self._rng())
        return min(wait, LONGEST_WAIT)

    def _rename(self, record: Record, attempt: int) -> Record:
        """Give the next try a name of its own: the service's record of a refused one says nothing of it."""
        name = f"{(record.client_request_id or '').rpartition('.')[0]}.{attempt}"
        return self._journal.update(record.id, client_request_id=name, detail=f"try {attempt}")

    def _settle(self, record: Record, outcome: Outcome) -> Sent:
        if isinstance(outcome, Accepted):
            made = outcome.generation
            changes = {
                "state": states.RUNNING,
                "status": made.status,
                "generation_id": made.id,
                "accepted_at": self._clock(),
                "usd": made.usd,
            }
            return self._note(record, **changes)
        if isinstance(outcome, Unclear):
            return self._quick_look(self._note(record, state=states.UNKNOWN, error=outcome.reason))
        error = outcome.error
        return replace(self._note(record, state=states.REFUSED, error=str(error), owner=None), error=error)

    def _quick_look(self, sent: Sent) -> Sent:
        """Look into the service's record once or twice, while the cell is still there to be told."""
        record = sent.record
        for pause in QUICK_LOOKS:
            self._sleep(pause)
            try:
                rows = self._api.find_in_logs([record.client_request_id or ""], record.created_at)
                changes = settlement(rows.get(record.client_request_id or ""), self._journal, record)
            except (APIError, JournalError) as error:
                _log.debug("the service's record cannot be read: %s", error)
                continue
            if changes is None:
                continue
            sent = self._note(record, **changes)
            refused = sent.record.state == states.REFUSED
            return replace(sent, error=APIError(sent.record.error or "")) if refused else sent
        return sent

    def _note(self, record: Record, **changes: Any) -> Sent:
        """Write down what is known now; if the journal cannot take it, carry it on in memory."""
        try:
            return Sent(self._journal.update(record.id, **changes))
        except JournalError as error:
            _log.warning("%s Job %s is remembered here until it can be written.", error, record.id)
            return Sent(replace(record, **changes), unsaved=changes)
