"""Which clips people prefer, from votes between two at a time."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ltxv_nb.errors import ConfigurationError, RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence


#: Bradley and Terry, "Rank analysis of incomplete block designs: I", Biometrika 39 (1952); or the share of
#: its votes that a clip has won.
METHODS = ("bradley-terry", "wins")
#: A little of every clip against every other one: without it, a clip that has won all would be infinitely
#: strong, and clips that no chain of votes connects could not be compared.
_REGULARISATION = 0.01


class Vote(Protocol):
    """One vote."""

    @property
    def winner(self) -> str:
        """The id of the job that was preferred."""

    @property
    def loser(self) -> str:
        """The id of the other one."""


class Ranked(NamedTuple):
    """A clip in a ranking.

    Attributes
    ----------
    job_id : str
        The id of its job.
    wins, losses : int
        Votes for and against it, against the others of the ranking.
    strength : float
        Bradley and Terry's, as a natural logarithm, 0 on average: at a distance of d, the stronger one is
        expected to be preferred with a probability of 1 / (1 + exp(-d)). By the method ``wins`` the share of
        its votes that it has won, 0 to 1; 0.5 where there is none.
    """

    job_id: str
    wins: int
    losses: int
    strength: float


def ranking(job_ids: Sequence[str], votes: Sequence[Vote], method: str | None = None) -> list[Ranked]:
    """Rank clips by votes, the best first; equal ones stay in their order.

    Parameters
    ----------
    job_ids : sequence of str
        The ids of their jobs.
    votes : sequence of Vote
        What was voted; votes on other clips do not count.
    method : {"bradley-terry", "wins"}, optional
        By default Bradley and Terry's model where the package choix is installed, else the share of wins.

    Raises
    ------
    RequestError
        There is no such method.
    ConfigurationError
        Bradley and Terry's is asked for, and choix is not installed.
    """
    if method is not None and method not in METHODS:
        raise RequestError(f"The method is {method!r}, but it can be {' or '.join(METHODS)}.")
    ids = list(dict.fromkeys(job_ids))
    pairs = _among(ids, votes)
    wins, losses = Counter(winner for winner, _ in pairs), Counter(loser for _, loser in pairs)
    strengths = dict(zip(ids, _strengths(ids, pairs, method), strict=True))
    rows = [Ranked(job, wins[job], losses[job], strengths[job]) for job in ids]
    return sorted(rows, key=lambda row: -row.strength)


def next_pair(job_ids: Sequence[str], votes: Sequence[Vote]) -> tuple[str, str] | None:
    """Return the two clips to be compared next; ``None`` when each was compared with each.

    Those with the fewest votes come first, and of these the two closest in the ranking, as in a Swiss-system
    tournament: a vote between clips of very different strength tells little.
    """
    ids = list(dict.fromkeys(job_ids))
    pairs = _among(ids, votes)
    asked = {frozenset(pair) for pair in pairs}
    count = Counter(job for pair in pairs for job in pair)
    share = dict(zip(ids, _shares(ids, pairs), strict=True))

    def order(pair: tuple[str, str]) -> tuple[int, float]:
        return sum(count[job] for job in pair), abs(share[pair[0]] - share[pair[1]])

    left = (pair for pair in combinations(ids, 2) if frozenset(pair) not in asked)
    return min(left, key=order, default=None)


def _among(ids: Sequence[str], votes: Sequence[Vote]) -> list[tuple[str, str]]:
    known = set(ids)
    return [
        (vote.winner, vote.loser)
        for vote in votes
        if vote.winner != vote.loser and {vote.winner, vote.loser} <= known
    ]


def _strengths(ids: list[str], pairs: list[tuple[str, str]], method: str | None) -> list[float]:
    if method == "wins":
        return _shares(ids, pairs)
    try:
        import choix
    except ImportError:
        if method is None:
            return _shares(ids, pairs)
        raise ConfigurationError(
            "Bradley and Terry's ranking needs choix, which is not installed here: "
            '`pip install "ltxv-nb[grid]"`, or rank by method="wins".'
        ) from None
    if not pairs:
        return [0.0] * len(ids)
    number = {job: at for at, job in enumerate(ids)}
    data = [(number[winner], number[loser]) for winner, loser in pairs]
    return [float(strength) for strength in choix.ilsr_pairwise(len(ids), data, alpha=_REGULARISATION)]


def _shares(ids: list[str], pairs: list[tuple[str, str]]) -> list[float]:
    wins, votes = Counter(winner for winner, _ in pairs), Counter(job for pair in pairs for job in pair)
    return [wins[job] / votes[job] if votes[job] else 0.5 for job in ids]
