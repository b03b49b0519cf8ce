"""A blind comparison: which two clips are shown next, and when there are votes enough."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.ranking import next_pair

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from ltxv_nb.ranking import Vote

#: Clips up to which every two are compared once: ten comparisons.
_ALL_PAIRS = 5


class Draw(NamedTuple):
    """A vote that is not kept: of two clips between which nobody could decide, each wins once."""

    winner: str
    loser: str


def planned(count: int) -> int:
    """Return how many comparisons of so many clips are asked for.

    Up to five clips meet each other once. Of more, each takes part in about ``log2(n) + 1`` comparisons, as
    in a tournament by the Swiss system, which is enough to find the best and the worst.
    """
    pairs = count * (count - 1) // 2
    return pairs if count <= _ALL_PAIRS else min(pairs, math.ceil(count * (math.log2(count) + 1) / 2))


def compared(votes: Iterable[Vote]) -> int:
    """Return how many pairs were compared."""
    return len({frozenset((vote.winner, vote.loser)) for vote in votes})


def draw(pair: tuple[str, str]) -> list[Draw]:
    """Return the votes of a pair between which nobody could decide."""
    return [Draw(*pair), Draw(*reversed(pair))]


def pair_to_show(
    clips: Sequence[str], votes: Sequence[Vote], chance: random.Random, *, more: bool = False
) -> tuple[str, str] | None:
    """Return the two clips to be shown next, left and right by chance; ``None`` when there are votes enough.

    Parameters
    ----------
    clips : sequence of str
        The ids of the clips' jobs.
    votes : sequence of Vote
        What was voted so far, with the draws.
    chance : random.Random
        Decides who stands where, and among equals who is shown.
    more : bool
        Whether to go on until every two were compared.
    """
    if not more and compared(votes) >= planned(len(clips)):
        return None
    mixed = list(clips)
    chance.shuffle(mixed)
    pair = next_pair(mixed, votes)
    return pair if pair is None or chance.random() < 0.5 else (pair[1], pair[0])
