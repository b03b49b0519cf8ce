"""The states that a generation can be in."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """Where a generation stands, in the order in which the states come."""

    #: Written before the POST; its outcome is not known yet.
    SUBMITTING = "submitting"
    #: The service may or may not have accepted it.
    UNKNOWN = "unknown"
    #: The service has not accepted it; nothing is billed.
    REFUSED = "refused"
    #: The service has accepted it; its own word for the progress is in `Record.status`.
    RUNNING = "running"
    #: The video is made, but not on disk yet.
    FINISHED = "finished"
    #: The video is on disk.
    SAVED = "saved"
    #: The service ended it with an error.
    FAILED = "failed"
    #: The service has no trace of it any more, or the user gave it up.
    LOST = "lost"

    def __str__(self) -> str:
        return self.value

    def __format__(self, spec: str) -> str:  # Python 3.12 changed what an f-string makes of such a member
        return format(self.value, spec)

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self in OPEN


#: States in which there is still something to do; identical requests wait for these.
OPEN = (State.SUBMITTING, State.UNKNOWN, State.RUNNING, State.FINISHED)
