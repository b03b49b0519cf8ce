"""What a list says of one job, in the words of the page."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.journal import State
from ltxv_nb.money.words import cost
from ltxv_nb.vocabulary import state_word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ltxv_nb.job import Job
    from ltxv_nb.journal import Record

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Facts(NamedTuple):
    """One job of a list.

    Attributes
    ----------
    id, state, model, prompt : str
        As they are shown, but not yet escaped.
    age : float
        Seconds since it was submitted.
    took : float
        Seconds that it took, or takes so far.
    cost : str
        In words; empty where nobody knows.
    usd : float or None
        The same as a number, to sort by; 0 in the sandbox.
    stars : int
        0 while nobody has rated it.
    file : Path or None
        Its clip, once that is on disk.
    """

    id: str
    state: str
    model: str
    age: float
    took: float
    cost: str
    usd: float | None
    stars: int
    prompt: str
    file: Path | None


def facts(job: Job, now: float | None = None) -> Facts:
    """Return what is known of a job.

    Parameters
    ----------
    job : Job
        The job.
    now : float, optional
        Unix time in seconds; by default the present.
    """
    record = job.record
    return Facts(
        id=job.id,
        state=state_text(job),
        model=record.model.rpartition("/")[2],
        age=max(0.0, (time.time() if now is None else now) - record.created_at),
        took=job.elapsed(),
        cost=cost_text(record),
        usd=0.0 if job.is_free else record.usd,
        stars=record.stars or 0,
        prompt=record.prompt,
        file=job.video.path if job.video else None,
    )


def state_text(job: Job) -> str:
    """Return where a job is: queued, generating, downloading, finished, failed, unconfirmed."""
    if job.status == "completed" and job.record.state is not State.SAVED:
        return f"{state_word('completed')}, not downloaded"
    word = state_word(job.status)
    if job.unreachable:
        return f"{word}, service unreachable"
    return word if job.watched or job.done() else f"{word}, not tracked here"


def cost_text(record: Record) -> str:
    """Return what a clip cost, else about what it is going to cost; ``""`` where nobody knows."""
    return "sandbox" if record.backend == "sandbox" else cost(record)


def age_text(seconds: float, now: float | None = None) -> str:
    """Return how long ago something was; the day of what is older than a week."""
    if seconds < _MINUTE:
        return "just now"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} min ago"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h ago"
    if seconds < 7 * _DAY:
        return f"{seconds // _DAY:.0f} days ago"
    at = (time.time() if now is None else now) - seconds
    return datetime.fromtimestamp(at, tz=timezone.utc).astimezone().strftime("%Y-%m-%d")


#: What a list of jobs can be sorted by, the most interesting first; what is not known comes last.
SORTS: dict[str, Callable[[Facts], tuple[bool, float | str]]] = {
    "age": lambda job: (False, job.age),
    "cost": lambda job: (job.usd is None, -(job.usd or 0.0)),
    "time": lambda job: (False, -job.took),
    "state": lambda job: (False, job.state),
    "model": lambda job: (False, job.model),
    "stars": lambda job: (not job.stars, -job.stars),
}
