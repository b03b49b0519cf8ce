"""Background work, one piece after the other, in a thread that exists only while there is work."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("ltxv_nb")


class Worker:
    """Runs functions in the order in which they were given, in a background thread.

    Clicks arrive on whatever thread the kernel uses for them. What takes time, or adds to the page, goes
    through here: the handler returns at once, and two clicks never write over each other.

    The thread starts with the first piece of work and ends with the last one. A worker whose owner was closed
    or forgotten therefore leaves nothing behind, and there may be as many workers as there are panels. It is
    a daemon: nothing that costs money may be given to it.

    Parameters
    ----------
    name : str
        Name of the thread.
    pause : float
        Seconds before the very first piece of work: while a thread computes, the widgets that the kernel is
        just making take twice as long to reach the page.
    """

    def __init__(self, name: str, pause: float = 0.0) -> None:
        self._name, self._pause = name, pause
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._queue: deque[Callable[[], object]] = deque()
        self._thread: threading.Thread | None = None
        self._running = False
        self._closed = False

    def put(self, work: Callable[[], object]) -> None:
        """Run a function soon; what it raises is logged. Once the worker is closed, nothing runs.

        If the system has no thread to give, it runs at once, in the caller's.
        """
        with self._lock:
            if self._closed:
                return
            self._queue.append(work)
            if self._running:
                return
            self._running = True
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread"
            self._pause = 0.0
            self._run()
        else:
            self._thread = thread

    def close(self) -> None:
        """Drop what has not begun; the thread ends with the piece of work at hand."""
        with self._lock:
            self._closed = True
            self._queue.clear()
        self._ending.set()

    def join(self, timeout: float) -> None:
        """Wait until everything is done and the thread has ended, but not for longer than so many seconds."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _run(self) -> None:
        if self._pause:
            self._ending.wait(self._pause)
            self._pause = 0.0
        while True:
            with self._lock:
                if not self._queue:
                    self._running = False
                    return
                work = self._queue.popleft()
            try:
                work()
            except Exception:  # noqa: BLE001 - one failure must not end what was given afterwards
                _log.exception("A change to the notebook page failed.")
