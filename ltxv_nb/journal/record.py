"""One row of the journal."""

from __future__ import annotations

import secrets
from dataclasses import MISSING, dataclass, fields
from typing import Any, NamedTuple

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars
from ltxv_nb.journal.states import State


@dataclass(frozen=True)
class Record:
    """One row of the journal. Times are unix seconds, money is whole credits (2,000,000 to the US dollar).

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
    estimated_credits, estimated_least_credits : int or None
        What it was expected to cost, at most and at least; ``None`` where nobody knew.
    reserved_credits : int or None
        What a budget counts at least until it is settled what the generation costs; ``None`` afterwards.
    billed_credits : int or None
        What the service says that it costs; its newest word counts. ``None`` while it has not said.
    counted_at : float or None
        The moment for which a budget counts it: the submission, by the service's clock where that was known.
    stars : int or None
        How good somebody found it, 1 to 5.
    tags : list of str or None
        Words that somebody gave it.
    notebook : str or None
        The path of the notebook that asked for it, where that is known.
    batch_id : str or None
        The batch that it belongs to, see `Batch`.
    cell : dict or None
        Its place in the batch: ``values`` by axis, as people read them, and the ``take``, from 1.
    cell_key : str or None
        What two generations of one cell of a batch have in common.
    measures : dict or None
        What was measured of its clip, see `Video.measure`.
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
    output_dir: str | None = None
    file: str | None = None
    media: dict[str, Any] | None = None
    owner: str | None = None
    watched: bool = True
    missing_since: float | None = None
    revision: int = 0
    inference_id: str | None = None
    service_ahead: float | None = None
    estimated_credits: int | None = None
    estimated_least_credits: int | None = None
    reserved_credits: int | None = None
    billed_credits: int | None = None
    counted_at: float | None = None
    stars: int | None = None
    tags: list[str] | None = None
    notebook: str | None = None
    batch_id: str | None = None
    cell: dict[str, Any] | None = None
    cell_key: str | None = None
    measures: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.counted_at is None:
            object.__setattr__(self, "counted_at", max(0.0, self.created_at + (self.service_ahead or 0.0)))
        if type(self.state) is not State:
            object.__setattr__(self, "state", State(self.state))

    @property
    def usd(self) -> float | None:
        """What the service says that it costs, in US dollars."""
        return None if self.billed_credits is None else self.billed_credits / CREDITS_PER_USD

    @property
    def bill_note(self) -> str:
        """One sentence if it was billed otherwise than it was estimated, else ``""``."""
        billed, most, least = self.billed_credits, self.estimated_credits, self.estimated_least_credits
        if self.state is State.FAILED or billed is None or most is None or least is None:
            return ""
        if least <= billed <= most:
            return ""
        estimated = in_dollars(most) if least == most else f"{in_dollars(least)} to {in_dollars(most)}"
        return f"Billed {in_dollars(billed)}, estimated {estimated}."

    @property
    def estimated_usd(self) -> float | None:
        """What it was expected to cost at most, in US dollars."""
        return None if self.estimated_credits is None else self.estimated_credits / CREDITS_PER_USD

    @property
    def is_confirmed(self) -> bool:
        """Whether the service has told of it by this very id; else its log or a header named that."""
        return self.status is not None or self.generation_id != self.inference_id


COLUMNS = tuple(field.name for field in fields(Record))

#: What a column holds in a row that does not say.
DEFAULTS: dict[str, Any] = {
    field.name: None if field.default is MISSING else field.default for field in fields(Record)
}


class Budget(NamedTuple):
    """A budget as the journal keeps it; times are unix seconds.

    Attributes
    ----------
    backend : {"aimlapi", "sandbox"}
        Whose money it counts: that of the sandbox is none, and never mixes with the other.
    source : str
        Who set it: ``user``, or the text of the environment's setting.
    credits : int
        How much may be spent, in credits.
    period : {"day", "week", "month"} or None
        After which time it counts anew; ``None``: never.
    set_at, began_at : float
        When it was set, and the beginning of the period that it counts.
    """

    backend: str
    source: str
    credits: int
    period: str | None
    set_at: float
    began_at: float


class Place(NamedTuple):
    """The place of a generation in a batch; what each is says `Record`."""

    batch_id: str
    cell: dict[str, Any]
    key: str


class Batch(NamedTuple):
    """A batch as the journal keeps it, without its plan; the time is in unix seconds.

    Attributes
    ----------
    id : str
        Eight characters, as those of a job.
    name : str or None
        What somebody called it; several batches may have one name.
    digest : str
        What two runs of one sweep have in common.
    created_at : float
        When its first run began.
    backend, origin : str
        The service, as in `Record`.
    total : int
        How many cells its newest plan has, with the clips that earlier plans have made.
    axes : dict
        Values as people read them, by axis, in their order.
    """

    id: str
    name: str | None
    digest: str
    created_at: float
    backend: str
    origin: str
    total: int
    axes: dict[str, list[Any]]


class Vote(NamedTuple):
    """One comparison of two clips, as the journal keeps it.

    Attributes
    ----------
    winner, loser : str
        The ids of the two jobs: the clip that was preferred, and the other one.
    at : float
        When, in unix seconds.
    """

    winner: str
    loser: str
    at: float


#: What journal ids are made of, and how long they are.
_ID_ALPHABET, _ID_LENGTH = "23456789abcdefghjkmnpqrstuvwxyz", 8


def new_id() -> str:
    """Return a fresh journal id: eight characters that are easy to read out and fit into a file name."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def is_id(text: str) -> bool:
    """Whether a text could be a journal id."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ID_ALPHABET)
