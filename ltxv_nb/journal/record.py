"""One row of the journal, and the states that a generation can be in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any


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


@dataclass(frozen=True)
class Record:
    """One row of the journal. Times are unix seconds, money is USD.

    Attributes
    ----------
    revision : int
        How often the row was changed; of two copies, the one with the higher revision is the newer one.
    owner : str or None
        The lease of the tracker that tracks the generation, see `ltxv_nb.journal.leases`.
    watched : bool
        Whether somebody wants it to be tracked; false after a stop, or when its download was given up.
    missing_since : float or None
        Since when the service answers that it knows no such generation.
    """

    id: str
    created_at: float
    backend: str
    origin: str
    model: str
    prompt: str
    request: dict[str, Any]
    fingerprint: str | None
    client_request_id: str | None
    state: State
    status: str | None = None
    generation_id: str | None = None
    accepted_at: float | None = None
    asked_at: float | None = None
    finished_at: float | None = None
    saved_at: float | None = None
    url: str | None = None
    error: str | None = None
    usd: float | None = None
    output_dir: str | None = None
    file: str | None = None
    media: dict[str, Any] | None = None
    owner: str | None = None
    watched: bool = True
    missing_since: float | None = None
    revision: int = 0

    def __post_init__(self) -> None:
        if type(self.state) is not State:
            object.__setattr__(self, "state", State(self.state))


COLUMNS = tuple(field.name for field in fields(Record))


def new_id() -> str:
    """Return a fresh journal id: eight characters that are easy to read out and fit into a file name."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(8))
