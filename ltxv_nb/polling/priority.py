"""Which generation is polled next when the request budget does not allow for all at once.

While it does, everything is polled when it is due. When it does not, the poll that most probably finds the
end of a job goes first, and one that probably finds nothing leaves the budget to better ones to come: that
shortens the delay of all jobs together the most. Waiting adds to the worth of a poll, so that no job waits
for ever.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.polling.schedule import TokenBucket

#: Seconds for which the order of polls stands; the chances of a thousand jobs are not worked out for every
#: poll.
ORDER_SECONDS = 1.0

#: Seconds of waiting past its time that count as much as being certain of an end.
PATIENCE = 300.0

#: What a poll must be worth to get the last of the budget, in a crowd; of a full budget it need be
#: nothing, as that would otherwise run over.
LAST_WORTH = 0.8

_Item = TypeVar("_Item")


class PollQueue(Generic[_Item]):
    """Polls that wait for their time, and then for the budget.

    Parameters
    ----------
    chance : callable
        Returns the probability that polling an item now finds its end.
    valid : callable
        Whether a ticket is still the item's newest plan; polls of older plans are dropped.
    """

    def __init__(self, chance: Callable[[_Item], float], valid: Callable[[int, _Item], bool]) -> None:
        self._chance, self._valid = chance, valid
        self._later: list[tuple[float, int, _Item]] = []
        self._due: list[_Due[_Item]] = []  # the next one last
        self._ordered_at = float("-inf")

    def add(self, at: float, ticket: int, item: _Item) -> None:
        """Poll an item at a time, in monotonic seconds; a ticket is never given twice."""
        heapq.heappush(self._later, (at, ticket, item))

    def take(self, now: float, bucket: TokenBucket) -> list[_Item]:
        """Return what to poll now: all that is due, or the best of it, as far as the budget goes."""
        self._fall_due(now)
        if not self._due or bucket.ready_at(now) > now:
            return []
        crowded = len(self._due) > bucket.level(now)
        if crowded and now - self._ordered_at >= ORDER_SECONDS:
            self._order(now)
        taken = []
        while self._due:
            poll = self._due[-1]
            if self._valid(poll.ticket, poll.item):
                if crowded and poll.worth < LAST_WORTH * (1 - bucket.level(now) / bucket.burst):
                    break
                if not bucket.take(now):
                    break
                taken.append(poll.item)
            self._due.pop()
        return taken

    def next_at(self, now: float, bucket: TokenBucket) -> float:
        """Return when something may be due, in monotonic seconds; infinity when nothing is."""
        if self._due:
            return max(bucket.ready_at(now), self._ordered_at + ORDER_SECONDS)
        return max(self._later[0][0], bucket.ready_at(now)) if self._later else float("inf")

    def _fall_due(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            at, ticket, item = heapq.heappop(self._later)
            if self._valid(ticket, item):
                self._due.insert(0, _Due(at, ticket, item))

    def _order(self, now: float) -> None:
        """Put what is worth most last, among equals what has been due for longest."""
        self._due = [poll for poll in self._due if self._valid(poll.ticket, poll.item)]
        for poll in self._due:
            poll.worth = self._chance(poll.item) + max(0.0, now - poll.at) / PATIENCE
        self._due.sort(key=lambda poll: (poll.worth, -poll.ticket))
        self._ordered_at = now


@dataclass(eq=False)
class _Due(Generic[_Item]):
    """A poll whose time has come; what it is worth is not known before the first order."""

    at: float
    ticket: int
    item: _Item
    worth: float = 0.0
