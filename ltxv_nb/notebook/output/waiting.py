"""Waiting in a cell: the page still answers meanwhile, and an interrupt ends the waiting, not the job."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import GenerationTimeout

if TYPE_CHECKING:
    import contextvars
    from collections.abc import Callable, Iterator

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
    waiting = loop.create_task(_until_over(job, timeout))
    try:
        with _room_for_messages(loop):
            loop.run_until_complete(waiting)
    finally:  # after an interrupt nothing of it may stay behind in the kernel's loop
        if not waiting.cancel() and not waiting.cancelled():
            waiting.exception()


@contextlib.contextmanager
def _room_for_messages(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let a page's messages through while the cell that waits holds the kernel's context.

    ipykernel 7 handles every message in one `contextvars.Context`. It is entered as long as the cell runs and
    cannot be entered again, so that a nested loop has to put such a message off until the cell has ended. In
    a copy of the context it can go ahead; a queued cell goes no further than to the kernel's own lock.

    A button's handler may wait, too, while the cell does: what it leaves behind is what it found.
    """
    before: Any = vars(loop).get("call_soon")
    call_soon: Any = loop.call_soon

    def in_a_free_context(callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        if context is not None and _is_entered(context):
            context = context.copy()
        return call_soon(callback, *args, context=context)

    setattr(loop, "call_soon", in_a_free_context)  # noqa: B010 - shadows the method of this one loop
    try:
        yield
    finally:
        if before is None:
            delattr(loop, "call_soon")
        else:
            setattr(loop, "call_soon", before)  # noqa: B010


def _is_entered(context: contextvars.Context) -> bool:
    try:
        context.run(int)
    except RuntimeError:
        return True
    return False


async def _until_over(job: Job, timeout: float) -> None:
    from ltxv_nb.job import LOOK_UP

    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def look(changed: Job) -> None:
        if changed.done() or not changed.watched:
            loop.call_soon_threadsafe(over.set)

    deadline = loop.time() + timeout
    unsubscribe = job.on_change(look)
    try:
        look(job)  # it may have ended before anyone listened
        while not over.is_set() and (left := deadline - loop.time()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(over.wait(), min(left, LOOK_UP))
    finally:
        unsubscribe()


@contextlib.contextmanager
def explained(words: Callable[[], str]) -> Iterator[None]:
    """Let an interrupt, wherever in the block it lands, show as one line that says what it did not stop."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        line = f"\x1b[1;31mKeyboardInterrupt:\x1b[0m {words()}"
        interrupt._render_traceback_ = lambda *_args: [line]  # type: ignore[attr-defined]
        raise


def what_goes_on(job: Job | None) -> str:
    """Return what an interrupt did not stop; without a job, the sending itself was interrupted."""
    if job is None:
        return "sending was interrupted, and the service may have taken it: %ltxv jobs tells."
    if job.done():
        return f"job {job.id} has ended; %ltxv show {job.id} shows how."
    return (
        f"only this cell stopped. {job.billing_note} "
        f"%ltxv wait {job.id} waits on, %ltxv show {job.id} shows the clip once it is there."
    )
