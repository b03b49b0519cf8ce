"""Who is asked about next, when the request budget does not reach for all at once.

While it does, everything is asked about when it is due. When it does not, the question that most probably
brings the end of a job goes first: that is what shortens everybody's waiting most. Patience adds to that, so
that nobody waits for ever behind others.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.schedule import TokenBucket

#: Seconds for which an order stands; the chances of a thousand jobs are not worked out for every question.
ORDER_SECONDS = 1.0

#: Seconds of waiting past its time that count as much as being certain of an end.
PATIENCE = 300.0

_Item = TypeVar("_Item")


class Questions(Generic[_Item]):
    """Questions that wait for their time, and then for the budget.

    Parameters
    ----------
    chance : callable
        Returns the probability that asking about an item now brings its end.
    valid : callable
        Whether a ticket is still the item's newest plan; questions of older plans are dropped.
    """

    def __init__(self, chance: Callable[[_Item], float], valid: Callable[[int, _Item], bool]) -> None:
        self._chance, self._valid = chance, valid
        self._later: list[tuple[float, int, _Item]] = []
        self._due: list[tuple[float, int, _Item]] = []  # the next one last
        self._ordered_at = float("-inf")

    def add(self, at: float, ticket: int, item: _Item) -> None:
        """Ask about an item at a time, in monotonic seconds; a ticket is never given twice."""
        heapq.heappush(self._later, (at, ticket, item))

    def take(self, now: float, bucket: TokenBucket) -> list[_Item]:
        """Return what to ask about now: all that is due, or the best of it, as far as the budget goes."""
        while self._later and self._later[0][0] <= now:
            self._due.insert(0, heapq.heappop(self._later))
        if not self._due or bucket.ready_at(now) > now:
            return []
        if len(self._due) > 1 and now - self._ordered_at >= ORDER_SECONDS:
            self._order(now)
        taken = []
        while self._due:
            _, ticket, item = self._due[-1]
            if self._valid(ticket, item):
                if not bucket.take(now):
                    break
                taken.append(item)
            self._due.pop()
        return taken

    def next_at(self, now: float, bucket: TokenBucket) -> float:
        """Return when there may be something to ask, in monotonic seconds; infinity when there is nothing."""
        if self._due:
            return bucket.ready_at(now)
        return max(self._later[0][0], bucket.ready_at(now)) if self._later else float("inf")

    def _order(self, now: float) -> None:
        self._due = [entry for entry in self._due if self._valid(entry[1], entry[2])]
        worth = {ticket: self._chance(item) + max(0.0, now - at) / PATIENCE for at, ticket, item in self._due}
        self._due.sort(key=lambda entry: (worth[entry[1]], -entry[1]))
        self._ordered_at = now
