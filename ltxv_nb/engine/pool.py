"""A few daemon threads that run what they are given.

The standard library's executor joins its threads at the interpreter's exit, and a script would then hang on
the poll or the download in flight. Here nothing needs that: whatever is cut off is in the journal.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("ltxv_nb")


def started(work: Callable[[], None], name: str) -> threading.Thread | None:
    """Return a new daemon thread that does something, or ``None`` if the system has none to give just now."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:  # "can't start new thread"
        _log.debug("No thread for %s: %s", name, error)
        return None
    return thread


class DaemonPool:
    """Runs functions on at most ``size`` threads, started when first needed.

    Parameters
    ----------
    size : int
        The most threads.
    name : str
        Prefix of the threads' names.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._tasks: queue.SimpleQueue[tuple[Callable[..., Any], tuple[Any, ...]] | None] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._waiting = 0
        self._closed = False

    def submit(self, task: Callable[..., Any], *args: Any) -> None:
        """Run ``task(*args)`` on one of the threads, unless closed; what it raises is logged.

        Where no thread can be started at the moment, the task waits for one: see `start_threads`.
        """
        with self._lock:
            if self._closed:
                return
            self._waiting += 1
        self._tasks.put((task, args))
        self.start_threads()

    def start_threads(self) -> None:
        """Start what threads the waiting tasks need, as far as the system allows; else the next call does."""
        with self._lock:
            while not self._closed and len(self._threads) < min(self._size, self._waiting):
                thread = started(self._work, f"{self._name}-{len(self._threads)}")
                if thread is None:
                    return
                self._threads.append(thread)

    def close(self, timeout: float) -> None:
        """Let the threads end after what they are doing; wait at most ``timeout`` seconds for all of them."""
        with self._lock:
            self._closed = True
            threads, self._threads = self._threads, []
        with contextlib.suppress(queue.Empty):
            while True:
                self._tasks.get_nowait()
        for _ in threads:
            self._tasks.put(None)
        deadline = time.monotonic() + timeout
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self) -> None:
        while (item := self._tasks.get()) is not None:
            task, args = item
            try:
                task(*args)
            except Exception:  # noqa: BLE001 - whatever it is, the thread must go on
                _log.exception("A background task failed")
            finally:
                del item, task, args
                with self._lock:
                    self._waiting -= 1
