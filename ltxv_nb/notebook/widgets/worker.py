"""One thread that does a panel's slow work and changes its page, one piece after the other."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("ltxv_nb")


class Writer:
    """Runs functions in the order in which they were given, in a thread of its own.

    Clicks arrive on whatever thread the kernel uses for them. What takes time, or adds to the page, goes
    through here: the handler returns at once, and two clicks never write over each other.

    Parameters
    ----------
    name : str
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._closed = False

    def put(self, work: Callable[[], object]) -> None:
        """Run a function soon; what it raises is logged. Nothing runs once the writer is closed."""
        with self._lock:
            if self._closed:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=self._name)
            self._pool.submit(_run, work)

    def close(self) -> None:
        """Drop what has not begun, and end the thread."""
        with self._lock:
            self._closed = True
            if self._pool is not None:
                self._pool.shutdown(wait=False, cancel_futures=True)


def _run(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # noqa: BLE001 - in a thread of ours nobody else would say it
        _log.exception("The page could not be brought up to date.")
