"""How far a batch is: counts, money so far, and when it is expected to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.credits import in_dollars
from ltxv_nb.vocabulary import seconds_text

if TYPE_CHECKING:
    from ltxv_nb.batch.batch import Batch
    from ltxv_nb.batch.cells import Cell


class Progress(NamedTuple):
    """How far a batch is.

    Attributes
    ----------
    total, made, running, waiting, unknown, failed, unsent : int
        How many clips there are in all; are made; are being made; wait to be sent; may or may not have been
        accepted; have failed or were refused; are neither made nor going to be.
    billed_credits : int
        What was billed so far; 2,000,000 credits are one US dollar.
    left_seconds : float or None
        When all is expected to have ended, in seconds from now; ``None`` where that is not known.
    is_free : bool
        Whether the sandbox makes it.
    """

    total: int
    made: int = 0
    running: int = 0
    waiting: int = 0
    unknown: int = 0
    failed: int = 0
    unsent: int = 0
    billed_credits: int = 0
    left_seconds: float | None = None
    is_free: bool = False

    @property
    def words(self) -> str:
        """All of it in one line, for people."""
        counts = [
            (self.running, "being made"),
            (self.waiting, "waiting to be sent"),
            (self.unknown, "unconfirmed"),
            (self.failed, "failed"),
            (self.unsent, "not sent"),
        ]
        parts = [f"{self.made:,} of {self.total:,} made", *(f"{n:,} {word}" for n, word in counts if n)]
        if self.billed_credits:
            money = in_dollars(self.billed_credits)
            parts.append(f"free; the real model costs {money}" if self.is_free else f"{money} so far")
        if self.left_seconds is not None and (self.running or self.waiting):
            parts.append(f"about {seconds_text(self.left_seconds)} left")
        return ", ".join(parts)


def progress_of(batch: Batch, since: float, ended_before: int) -> Progress:
    """Return how far a batch is.

    Parameters
    ----------
    batch : Batch
        The batch.
    since : float
        Seconds since its sending began here.
    ended_before : int
        How many clips had ended by then.
    """
    counts = dict.fromkeys(("made", "running", "waiting", "unknown", "failed", "unsent"), 0)
    for cell in batch.cells:
        counts[_kind(cell)] += 1
    return Progress(
        total=len(batch.cells),
        **counts,
        billed_credits=sum(job.record.billed_credits or 0 for job in batch.jobs),
        left_seconds=_left(batch, counts, since, ended_before),
        is_free=batch.kept.backend == "sandbox",
    )


def _kind(cell: Cell) -> str:
    if cell.waiting:
        return "waiting"
    if cell.job is None:
        return "failed" if cell.error else "unsent"
    if cell.job.video is not None:
        return "made"
    if cell.job.status in {"unknown", "submitting"}:
        return "unknown" if cell.job.status == "unknown" else "running"
    return "failed" if cell.job.done() else "running"


def _left(batch: Batch, counts: dict[str, int], since: float, ended_before: int) -> float | None:
    """Return the seconds until all has ended: by the pace so far, else by what one clip takes."""
    running = [cell.job for cell in batch.cells if cell.job is not None and _kind(cell) == "running"]
    if not running and not counts["waiting"]:
        return None
    ended = counts["made"] + counts["failed"] - ended_before
    if counts["waiting"]:
        left = len(running) + counts["waiting"]
        return left * since / ended if ended > 0 and since > 0 else None
    return max(max(0.0, job.expected().seconds - job.elapsed()) for job in running[:50])
