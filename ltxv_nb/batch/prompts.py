"""Many prompts at once, a limited number in flight."""

from __future__ import annotations

import itertools
import queue
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ltxv_nb.errors import RequestError, SubmissionUnknown
from ltxv_nb.interrupts import explained
from ltxv_nb.job import LOOK_UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ltxv_nb.job import Job


_NOTE = "no more prompts are submitted; what was submitted continues: see %ltxv jobs."


def as_they_end(
    submit: Callable[[str], Job],
    prompts: Iterable[str],
    concurrency: int,
    keep_tracking: Callable[[], object] = lambda: None,
) -> Iterator[Job]:
    """Submit prompts from a few threads and yield the jobs as they end.

    Parameters
    ----------
    submit : callable
        Makes one job.
    prompts : iterable of str
        Read only as fast as generations end.
    concurrency : int
        Generations under way at once, at least one.
    keep_tracking : callable, optional
        Called now and then while nothing ends.

    Yields
    ------
    Job
        Ended. A job of unknown outcome is yielded as it is, so that the others go on.

    Raises
    ------
    RequestError
        ``concurrency`` is below one.
    """
    if concurrency < 1:
        raise RequestError(f"concurrency is {concurrency}, but it is at least 1.")
    return _run(submit, iter(prompts), concurrency, keep_tracking)


def _run(
    submit: Callable[[str], Job],
    prompts: Iterator[str],
    concurrency: int,
    keep_tracking: Callable[[], object],
) -> Iterator[Job]:
    ended: queue.SimpleQueue[Job | BaseException] = queue.SimpleQueue()

    def one(prompt: str) -> None:
        try:
            job = submit(prompt)
        except SubmissionUnknown as error:
            ended.put(error.job if error.job is not None else error)
        except BaseException as error:  # noqa: BLE001 - raised again where the user is
            ended.put(error)
        else:
            _when_done(job, ended)

    with explained(_NOTE), ExitStack() as at_the_end:
        free, under_way = concurrency, 0
        while True:
            for prompt in itertools.islice(prompts, free):
                _start(one, prompt, at_the_end)
                under_way += 1
            if not under_way:
                return
            item = _next(ended, keep_tracking)
            under_way, free = under_way - 1, 1
            if isinstance(item, BaseException):
                raise item
            yield item


def _start(submit: Callable[[str], None], prompt: str, at_the_end: ExitStack) -> None:
    """Submit a prompt in a thread, whose end is waited for; here, if the system has no thread to give."""
    # Not a daemon: at exit the interpreter waits for a paid request rather than cutting it off.
    thread = threading.Thread(target=submit, args=(prompt,), name="ltxv-submit", daemon=False)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread": it has not begun, so it is not submitted twice
        submit(prompt)
    else:
        at_the_end.callback(thread.join)


def _next(
    ended: queue.SimpleQueue[Job | BaseException], keep_tracking: Callable[[], object]
) -> Job | BaseException:
    """Wait for the next end, looking up now and then so that an interrupt comes through."""
    while True:
        try:
            return ended.get(timeout=LOOK_UP)
        except queue.Empty:
            keep_tracking()


def _when_done(job: Job, ended: queue.SimpleQueue[Job | BaseException]) -> None:
    """Put the job into the queue when it ends, once."""
    first = threading.Lock()  # its end can be seen by two threads at once: here, and by the tracker's

    def look(job: Job) -> None:
        if (job.done() or not job.to_be_watched) and first.acquire(blocking=False):
            ended.put(job)

    job.on_change(look)
    look(job)
