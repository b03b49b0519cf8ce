"""An interrupt in a notebook: one line that says what it did not stop, in place of a traceback.

IPython's ``%xmode Verbose`` writes the values of local variables into the notebook; of an interrupt nobody
wants to read them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ltxv_nb.text import error_line, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ltxv_nb.job import Job

#: What to say of calls that only look something up or prepare something.
NOTHING_LOST = "nothing was lost and nothing was paid for; run the cell again."


@contextlib.contextmanager
def explained(note: str | Callable[[], str]) -> Iterator[None]:
    """Show an interrupt, wherever in the block it arrives, as one line that says what it did not stop.

    Where several are nested, the innermost one explains: it knows best what was going on. It can be used as a
    decorator.

    Parameters
    ----------
    note : str or callable
        What the line says; if it is called, then only after an interrupt.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        if not hasattr(interrupt, "_render_traceback_"):
            words = visible(note if isinstance(note, str) else note())
            line = error_line("KeyboardInterrupt", words)
            interrupt._render_traceback_ = lambda *_args: [line]  # type: ignore[attr-defined]
        raise


def submission_note(job: Job | None) -> str:
    """Return what became of a submission that was interrupted; without a job, nothing was written yet."""
    if job is None or job.status == "refused":
        return "the submission was interrupted before anything was sent."
    if job.status in {"submitting", "unknown"}:
        return (
            f"job {job.id} was interrupted while it was being submitted, and the service may have accepted "
            f"it: %ltxv show {job.id} says how it stands."
        )
    return interrupt_note(job)


def interrupt_note(job: Job | None) -> str:
    """Return what an interrupt did not stop; without a job, the submission itself was interrupted."""
    if job is None:
        return "the submission was interrupted, and the service may have accepted it: see %ltxv jobs."
    if not job.id:  # it waits for another one
        return "this clip was not submitted yet. Nothing was sent: run the cell again."
    if job.done():
        return f"job {job.id} has ended; %ltxv show {job.id} shows its outcome."
    return (
        f"only this cell was stopped. {job.billing_note} "
        f"%ltxv wait {job.id} waits again, %ltxv show {job.id} shows the clip once it is ready."
    )
