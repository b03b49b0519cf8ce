"""The table of state changes: what can happen to a generation, and from which state it leads to which.

`ltxv_nb.journal.store.Journal.advance` is the only writer of states. It reads the row, looks the change up
here, and writes the new state, all in one transaction. A change that does not fit the state the row is in by
then is not made: whoever asked for it worked from an older copy of the row, and gets the newer one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from ltxv_nb.journal.states import State

if TYPE_CHECKING:
    from ltxv_nb.journal.record import Record

_SUBMITTING, _UNKNOWN, _REFUSED = State.SUBMITTING, State.UNKNOWN, State.REFUSED
_RUNNING, _FINISHED, _SAVED = State.RUNNING, State.FINISHED, State.SAVED
_FAILED, _LOST = State.FAILED, State.LOST


class Event(str, Enum):
    """What can happen to a generation."""

    ACCEPTED = "the service accepted it"
    REFUSED = "the service refused it, or it was never sent"
    SENT_AGAIN = "it was certainly not accepted, and is sent again under another name"
    TRIED_AGAIN = "it was refused, and is tried again: a cell of a batch"
    ANSWER_LOST = "the answer to the submission was lost"
    FOUND_IN_LOG = "the service's request log says that it was accepted"
    FAILED_IN_LOG = "the service's request log says that it was not accepted"
    TAKEN_OVER = "another tracker tracks it, because the one before is gone"
    RELEASED = "nobody tracks it any more"
    PROGRESSED = "the service told its state"
    MISSING = "the service does not know it, at the moment"
    KNOWN_AS = "the service knows it by another id"
    DISOWNED = "the service does not know the id that its request log, or a header alone, named"
    COMPLETED = "the video is made"
    FAILED = "the service ended it with an error"
    SAVED = "the video is on disk"
    DOWNLOAD_GIVEN_UP = "the video could not be brought to disk"
    LOST = "the service has not known it for long"
    FORGOTTEN = "the user gave it up"
    REOPENED = "the user asks for a lost one again"
    SOUGHT_AGAIN = "the user asks for a lost submission again"
    FETCHED_AGAIN = "the user asks for a file that is gone again"


#: From which state each event leads to which. Where a state is missing, the event does not fit it.
TRANSITIONS: dict[Event, dict[State, State]] = {
    # The answer to a submission is a fact, whatever somebody else has concluded from its absence meanwhile.
    Event.ACCEPTED: {_SUBMITTING: _RUNNING, _UNKNOWN: _RUNNING, _LOST: _RUNNING},
    Event.REFUSED: {_SUBMITTING: _REFUSED, _UNKNOWN: _REFUSED},
    Event.SENT_AGAIN: {_SUBMITTING: _SUBMITTING},
    Event.TRIED_AGAIN: {_REFUSED: _SUBMITTING},
    Event.ANSWER_LOST: {_SUBMITTING: _UNKNOWN, _UNKNOWN: _UNKNOWN},
    Event.FOUND_IN_LOG: {_UNKNOWN: _RUNNING},
    Event.FAILED_IN_LOG: {_UNKNOWN: _REFUSED},
    # Whoever was sending it is gone, and took the answer along.
    Event.TAKEN_OVER: {
        _SUBMITTING: _UNKNOWN, _UNKNOWN: _UNKNOWN, _RUNNING: _RUNNING, _FINISHED: _FINISHED,
    },
    Event.RELEASED: {
        _SUBMITTING: _SUBMITTING, _UNKNOWN: _UNKNOWN, _RUNNING: _RUNNING, _FINISHED: _FINISHED,
    },
    Event.PROGRESSED: {_RUNNING: _RUNNING},
    Event.MISSING: {_RUNNING: _RUNNING},
    Event.KNOWN_AS: {_RUNNING: _RUNNING},
    Event.DISOWNED: {_RUNNING: _UNKNOWN},
    # A video that is made may get a fresh address.
    Event.COMPLETED: {_RUNNING: _FINISHED, _FINISHED: _FINISHED},
    Event.FAILED: {_RUNNING: _FAILED, _FINISHED: _FAILED},
    Event.SAVED: {_RUNNING: _SAVED, _FINISHED: _SAVED},
    Event.DOWNLOAD_GIVEN_UP: {_FINISHED: _FINISHED},
    Event.LOST: {_RUNNING: _LOST},
    Event.FORGOTTEN: {_UNKNOWN: _LOST, _RUNNING: _LOST, _FINISHED: _LOST},
    Event.REOPENED: {_LOST: _RUNNING},
    Event.SOUGHT_AGAIN: {_LOST: _UNKNOWN},
    Event.FETCHED_AGAIN: {_SAVED: _FINISHED},
}  # fmt: skip


#: Events after which nothing is or will be billed: the service never charges a request that failed.
_RELEASING = frozenset({Event.REFUSED, Event.FAILED_IN_LOG, Event.FAILED})
#: Events after which the bill counts in place of what was reserved, if there is one.
_SETTLING = frozenset({Event.COMPLETED, Event.SAVED})


@dataclass(frozen=True)
class Change:
    """One event, with what it says.

    Attributes
    ----------
    event : Event
        What happened.
    columns : dict
        Columns of the row that change with it.
    detail : str or None
        Words for the list of events; by default the error or the service's state in `columns`.
    """

    event: Event
    columns: dict[str, Any] = field(default_factory=dict)
    detail: str | None = None

    def after(self, state: State) -> State | None:
        """Return the state that it leads to; ``None`` where it does not fit the state."""
        return TRANSITIONS[self.event].get(state)

    def applied(self, record: Record) -> Record | None:
        """Return the record after the change, in memory alone; ``None`` where it does not fit."""
        from dataclasses import replace

        after = self.after(record.state)
        return None if after is None else replace(record, **self.columns_after(record), state=after)

    def columns_after(self, record: Record) -> dict[str, Any]:
        """Return the columns that change, when it happens to a row as it is now."""
        if self.event is Event.TAKEN_OVER and record.state is _SUBMITTING:
            return {**self.columns, "error": "the process that was sending it ended"}
        if self.event is Event.TAKEN_OVER and record.state is _UNKNOWN:
            return {**self.columns, "inference_id": None}  # what was tried in vain may be tried again
        return {**self.columns, **self._settled(record)}

    def _settled(self, record: Record) -> dict[str, Any]:
        """Return what becomes of the money that was reserved.

        It is kept until the end, whatever is said of the price before: only then is a bill the last word.
        """
        if self.event in _RELEASING:
            return {"reserved_credits": None, "billed_credits": 0 if self.event is Event.FAILED else None}
        billed = self.columns.get("billed_credits", record.billed_credits)
        return {"reserved_credits": None} if self.event in _SETTLING and billed is not None else {}

    @property
    def words(self) -> str | None:
        """What the list of events says of it."""
        return self.detail or self.columns.get("error") or self.columns.get("status")


def bill_note(before: Record, after: Record) -> str | None:
    """Return words for the list of events if a change settles a bill that differs from the estimate."""
    settled = before.reserved_credits is not None and after.reserved_credits is None
    return after.bill_note or None if settled and after.state is not _FAILED else None


# -- what happens to a submission
# ------------------------------------------------------------------------------


def accepted(
    generation_id: str | None,
    status: str | None,
    *,
    at: float,
    billed: int | None,
    inference_id: str | None = None,
) -> Change:
    """Return the change for an accepted submission; the time is in unix seconds, the bill in credits.

    The inference id is what the reply's headers call it. Where they alone named it, there is no status.
    """
    columns = {"generation_id": generation_id, "status": status, "accepted_at": at, "error": None}
    return Change(Event.ACCEPTED, {**columns, "inference_id": inference_id, **_told(billed)})


def refused(words: str) -> Change:
    """Return the change for a submission that was certainly not accepted."""
    return Change(Event.REFUSED, {"error": words, "owner": None})


def sent_again(client_request_id: str, attempt: int) -> Change:
    """Return the change for another try, under a client request id of its own."""
    return Change(Event.SENT_AGAIN, {"client_request_id": client_request_id}, f"try {attempt}")


def answer_lost(words: str) -> Change:
    """Return the change for a submission that may or may not have been accepted."""
    return Change(Event.ANSWER_LOST, {"error": words})


def found_in_log(generation_id: str, *, at: float, billed: int | None) -> Change:
    """Return the change for a submission that the service's request log lists as accepted.

    It has no status until a poll has been answered: the log's id may not be the one to poll by.
    """
    columns = {
        "generation_id": generation_id,
        "inference_id": generation_id,
        "status": None,
        "accepted_at": at,
        "error": None,
        **_told(billed),
    }
    return Change(Event.FOUND_IN_LOG, columns)


def failed_in_log(words: str) -> Change:
    """Return the change for a submission that the service's request log lists as failed."""
    return Change(Event.FAILED_IN_LOG, {"error": words, "owner": None})


def _told(billed: int | None) -> dict[str, Any]:
    """Return the columns for what is said of the price while it is being made: nothing means "not yet"."""
    return {"billed_credits": billed} if billed else {}


# -- who tracks it
# ---------------------------------------------------------------------------------------------


def taken_over(owner: str) -> Change:
    """Return the change for a generation that another tracker tracks from now on."""
    return Change(Event.TAKEN_OVER, {"owner": owner, "watched": True})


def released(*, wanted: bool) -> Change:
    """Return the change for a generation that nobody tracks any more; wanted if that was not asked for."""
    detail = "the client was closed" if wanted else "tracking stopped"
    return Change(Event.RELEASED, {"owner": None, "watched": wanted}, detail)


# -- what the service says of it
# -------------------------------------------------------------------------------


def progressed(status: str, *, billed: int | None) -> Change:
    """Return the change for a generation that is not finished; the status is the service's own word."""
    return Change(Event.PROGRESSED, {"status": status, "missing_since": None, **_told(billed)})


def missing(since: float) -> Change:
    """Return the change for a generation that the service does not know at the moment, in unix seconds."""
    return Change(Event.MISSING, {"missing_since": since}, "the service does not know it")


def known_as(generation_id: str) -> Change:
    """Return the change for a generation that has been polled by another id, and found."""
    return Change(Event.KNOWN_AS, {"generation_id": generation_id}, "the service knows it by another id")


def disowned(inference_id: str | None, words: str) -> Change:
    """Return the change for an id that the service named and does not know.

    Parameters
    ----------
    inference_id : str or None
        The id, where it is not to be tried again; ``None`` while it may only not be listed yet.
    words : str
        What is told.
    """
    columns = {"generation_id": None, "status": None, "accepted_at": None, "missing_since": None}
    return Change(Event.DISOWNED, {**columns, "inference_id": inference_id, "error": words})


def completed(url: str | None, *, asked_at: float | None, finished_at: float, billed: int | None) -> Change:
    """Return the change for a finished generation.

    Parameters
    ----------
    url : str
        Where the video is.
    asked_at, finished_at : float
        The last answer that it was not finished, and the first one that it was, in unix seconds.
    billed : int or None
        What it cost, in credits; ``None`` if the answer does not say, then what was said before holds.
    """
    columns = {"url": url, "asked_at": asked_at, "finished_at": finished_at, "status": "completed"}
    bill = {} if billed is None else {"billed_credits": billed}
    return Change(Event.COMPLETED, {**columns, "missing_since": None, **bill})


def failed(words: str) -> Change:
    """Return the change for a generation that the service ended with an error, and does not charge."""
    columns = {"status": "error", "error": words, "owner": None, "missing_since": None}
    return Change(Event.FAILED, columns)


def lost(words: str) -> Change:
    """Return the change for a generation that the service has not known for long."""
    return Change(Event.LOST, {"error": words, "owner": None})


# -- its video
# -------------------------------------------------------------------------------------------------


def saved(file: str, media: dict[str, Any], *, at: float) -> Change:
    """Return the change for a video that is on disk; the time is in unix seconds."""
    return Change(Event.SAVED, {"file": file, "media": media, "saved_at": at, "error": None, "owner": None})


def download_given_up(words: str) -> Change:
    """Return the change for a video that could not be brought to disk, for now."""
    return Change(Event.DOWNLOAD_GIVEN_UP, {"error": words, "owner": None, "watched": False})


# -- what the user decides
# -------------------------------------------------------------------------------------


def forgotten() -> Change:
    """Return the change for a generation that the user gives up."""
    return Change(Event.FORGOTTEN, {"error": "given up on request", "owner": None, "watched": False})


def reopened(record: Record, owner: str) -> Change:
    """Return the change for a lost generation, or one whose file is gone, that the user asks for again."""
    if record.state is _SAVED:
        return Change(Event.FETCHED_AGAIN, {"owner": owner, "watched": True}, "its file is fetched again")
    event = Event.REOPENED if record.generation_id else Event.SOUGHT_AGAIN
    columns = {"missing_since": None, "owner": owner, "watched": True}
    if record.generation_id:
        return Change(event, {**columns, "error": None}, "asked for again")
    return Change(event, {**columns, "error": record.error, "inference_id": None}, "asked for again")
