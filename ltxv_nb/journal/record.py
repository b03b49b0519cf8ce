"""One row of the journal."""

from __future__ import annotations

import secrets
from dataclasses import MISSING, dataclass, fields
from typing import Any

from ltxv_nb.journal.states import State


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
    inference_id : str or None
        What the service's request log calls it, where that has been told; of a submission of unknown outcome,
        the id that was tried in vain.
    service_ahead : float or None
        Seconds by which the service's clock was ahead of ours when it was submitted, if that was known.
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
    inference_id: str | None = None
    service_ahead: float | None = None

    def __post_init__(self) -> None:
        if type(self.state) is not State:
            object.__setattr__(self, "state", State(self.state))

    @property
    def is_confirmed(self) -> bool:
        """Whether the service has told of it by this very id; else its log or a header named that."""
        return self.status is not None or self.generation_id != self.inference_id


COLUMNS = tuple(field.name for field in fields(Record))

#: What a column holds in a row that does not say.
DEFAULTS: dict[str, Any] = {
    field.name: None if field.default is MISSING else field.default for field in fields(Record)
}


def new_id() -> str:
    """Return a fresh journal id: eight characters that are easy to read out and fit into a file name."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(8))
