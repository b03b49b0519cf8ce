"""Waiting in a cell: the page still responds meanwhile, and an interrupt ends the waiting, not the job."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from ltxv_nb.errors import GenerationTimeout
from ltxv_nb.notebook.ipython import messages_admitted

if TYPE_CHECKING:
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
        Whether a page is connected to this kernel, whose buttons have to work meanwhile.

    Raises
    ------
    GenerationTimeout
        The time is over; the generation continues.
    WatchStopped
        Tracking was stopped.
    """
    deadline = time.monotonic() + timeout
    try:
        job.watch()
        if answering:
            _run_loop_until(job, timeout)
            if not job.done() and not job.to_be_watched:
                raise job.stopped()
        if not job.done():
            job.wait(timeout=max(0.0, deadline - time.monotonic()))
    except GenerationTimeout:
        raise job.timed_out(timeout) from None


def _run_loop_until(job: Job, timeout: float) -> None:
    """Run the kernel's own loop, in which this very cell runs, until the job ends or its tracking stops."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return  # no loop to keep running
    import nest_asyncio2

    try:
        nest_asyncio2.apply(loop)
    except ValueError:
        return  # not a loop that can be entered twice (uvloop): wait without
    waiting = loop.create_task(_until_over(job, timeout))
    try:
        with messages_admitted(loop):
            loop.run_until_complete(waiting)
    finally:  # after an interrupt nothing of it may stay behind in the kernel's loop
        if not waiting.cancel() and not waiting.cancelled():
            waiting.exception()


async def _until_over(job: Job, timeout: float) -> None:
    from ltxv_nb.job import LOOK_UP

    loop, over = asyncio.get_running_loop(), asyncio.Event()

    def check(changed: Job) -> None:
        if changed.done() or not changed.to_be_watched:
            loop.call_soon_threadsafe(over.set)

    deadline = loop.time() + timeout
    unsubscribe = job.on_change(check)
    try:
        check(job)  # it may have ended before anyone listened
        while not over.is_set() and (left := deadline - loop.time()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(over.wait(), min(left, LOOK_UP))
            job.client.keep_tracking()
    finally:
        unsubscribe()
