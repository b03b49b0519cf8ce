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
        """Run ``task(*args)`` on one of the threads, unless closed; what it raises is logged."""
        with self._lock:
            if self._closed:
                return
            self._waiting += 1
            if self._waiting > len(self._threads) and len(self._threads) < self._size:
                thread = threading.Thread(
                    target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        self._tasks.put((task, args))

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
