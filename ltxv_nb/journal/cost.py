"""What the journal knows of the money of one generation: a short row, so that thousands are read at once."""

from __future__ import annotations

from typing import NamedTuple

from ltxv_nb.journal.states import State

#: Characters of a prompt that are read.
PROMPT_READ = 200

_MADE = frozenset({State.FINISHED.value, State.SAVED.value})
_NEVER_BILLED = frozenset({State.REFUSED.value, State.FAILED.value})


class Cost(NamedTuple):
    """One generation and its money, in credits; 2,000,000 are one US dollar.

    Attributes
    ----------
    job_id : str
        The journal's id.
    created_at : float
        Unix seconds of the submission.
    origin : str
        The service's address, or ``sandbox``.
    model, prompt : str
        The model's id, and the beginning of the prompt.
    state : str
        A value of `State`.
    generation_id, inference_id : str or None
        What the service calls it.
    estimated : int or None
        What it was expected to cost at most.
    billed : int or None
        What the service says that it costs.
    batch_id : str or None
        The batch that it belongs to.
    """

    job_id: str
    created_at: float
    origin: str
    model: str
    prompt: str
    state: str
    generation_id: str | None
    inference_id: str | None
    estimated: int | None
    billed: int | None
    batch_id: str | None = None

    @property
    def is_made(self) -> bool:
        """Whether its clip was made, so that its bill is the last word."""
        return self.state in _MADE

    @property
    def is_free(self) -> bool:
        """Whether it was refused or ended in an error: then nothing is billed."""
        return self.state in _NEVER_BILLED


#: The columns of `Cost`, as SQL.
COST_COLUMNS = (
    f"id, created_at, origin, model, substr(prompt, 1, {PROMPT_READ}), state, generation_id, inference_id, "
    "estimated_credits, billed_credits, batch_id"
)
