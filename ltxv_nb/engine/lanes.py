"""Who gets the threads: what is slow, or all from one host, holds no more than its share of them."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ltxv_nb.engine.tracker import Executor


class Lanes:
    """Hands tasks to an executor, so many of each lane at a time; the others of the lane wait for their turn.

    Parameters
    ----------
    executor : Executor
        Runs them.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._running: defaultdict[Hashable, int] = defaultdict(int)
        self._waiting: defaultdict[Hashable, deque[tuple[Callable[..., Any], tuple[Any, ...]]]]
        self._waiting = defaultdict(deque)
        self._lock = threading.Lock()

    def submit(self, lane: Hashable, limit: int, task: Callable[..., Any], *args: Any) -> None:
        """Run ``task(*args)`` as soon as fewer than ``limit`` of its lane are running."""
        with self._lock:
            if self._running[lane] >= limit:
                self._waiting[lane].append((task, args))
                return
            self._running[lane] += 1
        self._executor.submit(self._run, lane, task, args)

    def _run(self, lane: Hashable, task: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            task(*args)
        finally:
            self._go_on(lane)

    def _go_on(self, lane: Hashable) -> None:
        """Let the next of the lane have the turn; a lane that is empty is forgotten."""
        with self._lock:
            waiting = self._waiting.get(lane)
            if waiting:
                following = waiting.popleft()
            else:
                following = None
                self._waiting.pop(lane, None)
                self._running[lane] -= 1
                if not self._running[lane]:
                    del self._running[lane]
        if following:
            self._executor.submit(self._run, lane, *following)


def host_of(url: str | None) -> str:
    """Return the host of an address, in lower case; what cannot be read has none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""
