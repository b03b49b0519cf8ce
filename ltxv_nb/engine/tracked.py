"""What the tracker keeps of one generation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ltxv_nb.journal import State

if TYPE_CHECKING:
    from ltxv_nb.engine.news import Listener, News
    from ltxv_nb.journal import Record
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.polling.schedule import Belief


@dataclass(eq=False)
class Tracked:
    """One generation that is being tracked. Only one task at a time works on it (`busy`).

    Attributes
    ----------
    news : News
        What is known of it; replaced by the tracker alone.
    mine : bool
        Whether it is this tracker's, so that it polls and downloads; else it follows the journal.
    ticket : int
        Of its newest plan; older ones no longer count.
    stopped : bool
        Whether the tracking was stopped from outside.
    ended : bool
        Whether there is nothing left to do but to write `pending`.
    pending : list of Change
        What the journal could not take yet, and `journal_trouble` why; none of it is lost while this process
        lives.
    slow : bool or None
        Whether its last poll took long; ``None`` before the first one.
    wants_address : bool
        Whether the video is made, but the service is to be asked for a fresh address of it.
    """

    news: News
    listener: Listener
    mine: bool = False
    busy: bool = False
    ticket: int = -1
    stopped: bool = False
    ended: bool = False
    belief: Belief | None = None
    asked: int = 0
    not_done_at: float | None = None
    failures: int = 0
    failing_since: float | None = None
    not_found: int = 0
    not_found_at: float = 0.0
    rounds: int = 0
    looks: int = 0
    slow: bool | None = None
    wants_address: bool = False
    pending: list[Change] = field(default_factory=list)
    journal_trouble: str | None = None

    @property
    def record(self) -> Record:
        """Its row, as far as it is known here."""
        return self.news.record

    @property
    def to_be_polled(self) -> bool:
        """Whether the next thing to do is to ask the service about it."""
        running = self.record.state is State.RUNNING or self.wants_address
        return self.mine and not self.ended and running
