"""When to ask next: a pure function of what is known, with no clock, no randomness and no I/O of its own.

Asking late costs a person's time, asking often costs requests. With ``cost`` seconds of waiting for one
request, the best gap at age ``t`` is close to ``sqrt(2 * cost / h(t))``, where ``h`` is the hazard: the
chance per second that a job which is still running ends now. ``docs/polling.md`` derives it and compares it with the
offline optimum.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple, Protocol

#: Seconds of later notice that one request is worth. Gives about 9 requests and 1.2 s for jobs of a minute.
DEFAULT_COST = 0.13
#: Seconds between two questions about one job: never less, and never more once it may be finished.
MIN_GAP, MAX_GAP = 0.2, 30.0
#: No question, but for the early one, before this probability of being finished.
FIRST_PERCENT = 0.01
#: Share of jobs taken to fail at once (a refused prompt, a broken image); the early question is for them.
INSTANT_FAILURES = 0.003
#: Seconds after acceptance at which the early question is asked, and the share by which that is jittered.
EARLY_AGE, EARLY_JITTER = 3.0, 0.5
#: A whole step of the pace is one request; the first lies a part of one step in, where the hazard sets in.
FIRST_STEP, STEP_JITTER = 0.6, 0.3
#: Weight of a belief's background: how often what is known is simply wrong, before a job has taught better.
BACKGROUND = 0.05

_ROOT_2, _ROOT_2_PI = math.sqrt(2), math.sqrt(2 * math.pi)

#: A token is whole when this little is missing: `ready_at` must be a time at which `take` agrees.
_ROUNDING = 1e-6


class Shape(Protocol):
    """A distribution of the time a job takes, in seconds since its acceptance."""

    @property
    def median(self) -> float:
        """The time by which half of the jobs are finished, in seconds."""

    def survival(self, t: float) -> float:
        """Return the probability that a job takes longer than ``t`` seconds."""

    def density(self, t: float) -> float:
        """Return the probability per second of ending at ``t`` seconds."""


@dataclass(frozen=True)
class Lognormal:
    """Times whose logarithm is normal: what repeated runs of one job look like.

    Parameters
    ----------
    median : float
        In seconds, above zero.
    sigma : float
        Standard deviation of the logarithm, above zero: 0.1 is about 10 %.
    """

    median: float
    sigma: float

    def _z(self, t: float) -> float:
        return math.log(t / self.median) / self.sigma

    def survival(self, t: float) -> float:
        """Return the probability that a job takes longer than ``t`` seconds."""
        return 0.5 * math.erfc(self._z(t) / _ROOT_2) if t > 0 else 1.0

    def density(self, t: float) -> float:
        """Return the probability per second of ending at ``t`` seconds."""
        return math.exp(-0.5 * self._z(t) ** 2) / (t * self.sigma * _ROOT_2_PI) if t > 0 else 0.0


@dataclass(frozen=True)
class LogLogistic:
    """Times of any order of magnitude; far out the hazard falls as ``shape / t``, so the questions thin out.

    Parameters
    ----------
    median : float
        In seconds, above zero.
    shape : float
        Above zero; the smaller, the heavier both tails.
    """

    median: float
    shape: float = 1.2

    def survival(self, t: float) -> float:
        """Return the probability that a job takes longer than ``t`` seconds."""
        return 1 / (1 + (t / self.median) ** self.shape) if t > 0 else 1.0

    def density(self, t: float) -> float:
        """Return the probability per second of ending at ``t`` seconds."""
        survival = self.survival(t)
        return self.shape * survival * (1 - survival) / t if t > 0 else 0.0


@dataclass(frozen=True)
class Belief:
    """What is known of how long such a job takes, in seconds since its acceptance.

    A mixture: what the measurements say, and a background for when they are wrong. As a job outlives what was
    expected, the background takes over by Bayes' rule alone, and the questions thin out.

    Parameters
    ----------
    parts : tuple of (float, Shape)
        Weights, which add up to one, and distributions.
    source : str
        Where the knowledge comes from, in words for people.

    Examples
    --------
    >>> belief = Belief.about(60, 0.1)
    >>> round(belief.median)
    60
    """

    parts: tuple[tuple[float, Shape], ...]
    source: str = field(default="", compare=False)

    @classmethod
    def about(
        cls, median: float, sigma: float, *, background: float = BACKGROUND, source: str = ""
    ) -> Belief:
        """Return the belief in jobs of ``median`` seconds, give or take a factor ``exp(sigma)``.

        Parameters
        ----------
        median : float
            In seconds, above zero.
        sigma : float
            Standard deviation of the logarithm of the times, above zero.
        background : float
            How likely it is, from 0 to 1, that all of this is wrong.
        source : str
            Where the knowledge comes from.
        """
        known, unknown = Lognormal(median, sigma), LogLogistic(median)
        return cls(((1 - background, known), (background, unknown)), source)

    def survival(self, t: float) -> float:
        """Return the probability that a job takes longer than ``t`` seconds."""
        return sum(weight * shape.survival(t) for weight, shape in self.parts)

    def density(self, t: float) -> float:
        """Return the probability per second of ending at ``t`` seconds."""
        return sum(weight * shape.density(t) for weight, shape in self.parts)

    def hazard(self, t: float) -> float:
        """Return the chance per second that a job still running at ``t`` seconds ends then."""
        survival = self.survival(t)
        return self.density(t) / survival if survival > 0 else 0.0

    def quantile(self, probability: float, age: float = 0.0) -> float:
        """Return the total time, in seconds, within which a job unfinished at ``age`` ends, so probably.

        Parameters
        ----------
        probability : float
            Above 0 and below 1.
        age : float
            Seconds since acceptance at which the job was still running.
        """
        target = (1 - probability) * self.survival(age)
        low = max(age, 1e-3)
        high = max(2 * low, *(2 * shape.median for _, shape in self.parts))
        while self.survival(high) > target and high < _FOREVER:
            low, high = high, 2 * high
        while high - low > 1e-6 * high:
            middle = (low + high) / 2
            low, high = (middle, high) if self.survival(middle) > target else (low, middle)
        return high

    @property
    def median(self) -> float:
        """The total time by which half of the jobs are finished, in seconds."""
        return self.quantile(0.5)


#: Seconds beyond which no time is told apart: a year.
_FOREVER = 3.2e7


class _Pace(NamedTuple):
    """The number of requests due by each age: the integral of ``1 / gap`` over the age."""

    ages: list[float]
    due: list[float]
    first: float


@lru_cache(maxsize=128)
def _pace(belief: Belief, cost: float) -> _Pace:
    """Tabulate the integral of ``sqrt(h / (2 * cost))``; ages grow by 2 %, well within any belief's width."""
    medians = [shape.median for _, shape in belief.parts]
    low, high = min(medians) / 50, max(medians) * 50
    ratio = 1.02
    ages = [low * ratio**step for step in range(math.ceil(math.log(high / low) / math.log(ratio)))]
    middles = ((a + b) / 2 for a, b in pairwise(ages))
    widths = (b - a for a, b in pairwise(ages))
    steps = (
        width * math.sqrt(belief.hazard(middle) / (2 * cost))
        for middle, width in zip(middles, widths, strict=True)
    )
    return _Pace(ages, list(accumulate(steps, initial=0.0)), belief.quantile(FIRST_PERCENT))


def _interpolate(x: float, xs: list[float], ys: list[float]) -> float:
    """Read a table that rises in both columns, flat below its beginning."""
    right = bisect_left(xs, x)
    if right == 0:
        return ys[0]
    left = right - 1
    return ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / (xs[right] - xs[left])


def next_ask(
    belief: Belief, age: float, asked: int, *, cost: float = DEFAULT_COST, jitter: float = 0.5
) -> float:
    """Return the age at which to ask next, in seconds since acceptance.

    Parameters
    ----------
    belief : Belief
        What is known of how long such a job takes.
    age : float
        Seconds since acceptance at which the last question was asked; 0 before any.
    asked : int
        How many questions were asked so far.
    cost : float
        Seconds of later notice that one request is worth, above zero.
    jitter : float
        From 0 to 1, fresh for each question, so that a batch does not march in step.

    Returns
    -------
    float
        Always at least `MIN_GAP` later than ``age``.
    """
    pace = _pace(belief, cost)
    if asked == 0 and INSTANT_FAILURES * (pace.first - EARLY_AGE) > cost:
        early = EARLY_AGE * (1 + EARLY_JITTER * (jitter - 0.5))
        if early >= age + MIN_GAP:
            return early
    if age < pace.first:
        step, latest = FIRST_STEP, math.inf
    else:
        step, latest = 1.0, age + MAX_GAP
    if age >= pace.ages[-1]:
        return latest
    due = _interpolate(age, pace.ages, pace.due) + step * (1 + STEP_JITTER * (jitter - 0.5))
    later = _interpolate(due, pace.due, pace.ages) if due < pace.due[-1] else pace.ages[-1]
    return min(latest, max(age + MIN_GAP, pace.first, later))


#: Seconds: the first wait after a bad answer, the longest one, the longest `Retry-After` that is believed.
BACKOFF_BASE, BACKOFF_CAP, RETRY_AFTER_CAP = 1.0, 60.0, 300.0


def after_failure(failures: int, retry_after: float | None, jitter: float) -> float:
    """Return how long to wait after bad answers, in seconds.

    Parameters
    ----------
    failures : int
        Consecutive bad answers so far, at least one.
    retry_after : float or None
        Seconds the service asked to wait; honoured up to `RETRY_AFTER_CAP`.
    jitter : float
        From 0 to 1, fresh for each wait: the jobs of one outage must not come back together.
    """
    if retry_after is not None and retry_after > 0:
        return min(retry_after, RETRY_AFTER_CAP) * (1 + 0.1 * jitter)
    ceiling = min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(max(failures, 1), 30))
    return MIN_GAP + jitter * (ceiling - MIN_GAP)


class TokenBucket:
    """The request budget that all jobs of one key share; the time is handed in.

    Parameters
    ----------
    rate : float
        Requests per second that may go on forever.
    burst : int
        Requests that may go at once after a quiet time. No 60 s ever see more than ``60 * rate + burst``: 170
        by default, inside the 200 per 60 s that the service documents for its logs.
    """

    def __init__(self, rate: float = 2.5, burst: int = 20) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = float(burst)
        self._at = -math.inf
        self._held_until = -math.inf

    def _level(self, now: float) -> float:
        elapsed = max(0.0, now - self._at)
        return min(float(self.burst), self._tokens + (elapsed * self.rate if elapsed < math.inf else 0.0))

    def ready_at(self, now: float) -> float:
        """Return the earliest time, in seconds on the caller's clock and not before ``now``, to send one."""
        missing = max(0.0, 1.0 - _ROUNDING - self._level(now))
        return max(now + missing / self.rate, self._held_until)

    def take(self, now: float) -> bool:
        """Spend one request if there is one, and say whether there was."""
        if self.ready_at(now) > now:
            return False
        self._tokens, self._at = self._level(now) - 1.0, max(now, self._at)
        return True

    def hold_until(self, time: float) -> None:
        """Send nothing before ``time``: the service said so to one job, and means the key."""
        self._held_until = max(self._held_until, time)
