"""Waiting in a cell: the page still answers meanwhile, and an interrupt ends the waiting, not the job."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import GenerationTimeout

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Iterator

    from ltxv_nb.job import Job


def wait_for(job: Job, timeout: float, *, answering: bool) -> None:
    """Wait until a job ends, successfully or not.

    Parameters
    ----------
    job : Job
        The job.
    timeout : float
        Seconds to wait at most.
    answering : bool
        Whether a page hangs on this kernel, whose buttons shall work meanwhile.

    Raises
    ------
    GenerationTimeout
        The time is over; the job goes on.
    WatchStopped
        Someone stopped watching.
    KeyboardInterrupt
        The person interrupted the kernel; the job goes on.
    """
    deadline = time.monotonic() + timeout
    try:
        job.watch()
        if answering:
            _turn_loop_until(job, timeout)
            if not job.done() and not job.watched:
                raise job.stopped()
        if not job.done():
            job.wait(timeout=max(0.0, deadline - time.monotonic()))
    except GenerationTimeout:
        raise job.timed_out(timeout) from None
    except KeyboardInterrupt as interrupt:
        explain(interrupt, f"only the waiting stopped; job {job.id} goes on and is billed. {_way_back(job)}")
        raise


def _turn_loop_until(job: Job, timeout: float) -> None:
    """Run the kernel's own loop, in which this very cell runs, until the job ends or nobody watches it."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return  # no loop to keep turning
    import nest_asyncio2

    try:
        nest_asyncio2.apply(loop)
    except ValueError:
        return  # not a loop that can be entered twice (uvloop): wait without
    with _room_for_messages(loop):
        loop.run_until_complete(_until_over(job, timeout))


@contextlib.contextmanager
def _room_for_messages(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let a page's messages through while the cell that waits holds the kernel's context.

    ipykernel 7 handles every message in one `contextvars.Context`. It is entered as long as the cell runs and
    cannot be entered again, so that a nested loop has to put such a message off until the cell has ended. In
    a copy of the context it can go ahead; a queued cell goes no further than to the kernel's own lock.
    """
    call_soon: Any = loop.call_soon

    def in_a_free_context(callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        if context is not None and _is_entered(context):
            context = context.copy()
        return call_soon(callback, *args, context=context)

    setattr(loop, "call_soon", in_a_free_context)  # noqa: B010 - shadows the method of this one loop
    try:
        yield
    finally:
        delattr(loop, "call_soon")


def _is_entered(context: contextvars.Context) -> bool:
    try:
        context.run(int)
    except RuntimeError:
        return True
    return False


async def _until_over(job: Job, timeout: float) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def look(changed: Job) -> None:
        if changed.done() or not changed.watched:
            loop.call_soon_threadsafe(over.set)

    unsubscribe = job.on_change(look)
    try:
        look(job)  # it may have ended before anyone listened
        await asyncio.wait_for(over.wait(), timeout)
    except asyncio.TimeoutError:
        return
    finally:
        unsubscribe()


def explain(interrupt: KeyboardInterrupt, words: str) -> None:
    """Let an interrupt show as one line that says what it did not stop."""
    line = f"\x1b[1;31mKeyboardInterrupt:\x1b[0m {words}"
    interrupt._render_traceback_ = lambda *_args: [line]  # type: ignore[attr-defined]


def _way_back(job: Job) -> str:
    return f"%ltxv wait {job.id} waits on, %ltxv show {job.id} shows the clip once it is there."
