"""When to ask next: a pure function of what is known, with no clock, no randomness and no I/O of its own.

Asking late costs a person's time, asking often costs requests. With ``cost`` seconds of waiting for one
request, the best gap at age ``t`` is close to ``sqrt(2 * cost / h(t))``, where ``h`` is the hazard: the
chance per second that a job which is still running ends now. Where there are only a few polls to send,
dynamic programming over the same trade does better still, so the plan is made that way, and the rule gives
its table and its tail. ``docs/polling.md`` derives both and compares them with the offline optimum.

Estimates may be wrong, so the default plan, for a caller who names no price, is made with caution: it spends
two or three requests a job on being no worse than asking every 10 s in any world.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import NamedTuple, Protocol

#: Seconds of later notice that one request is worth, when the caller has no price of its own.
DEFAULT_COST = 0.16
#: What the plan then allows for on top of its belief: how often everything known may be wrong, and the times
#: in that case (median as a multiple of the believed one, and shape). It buys that no wrong belief is worse
#: than asking every 10 s on both figures, for two or three requests a job.
CAUTION, CAUTION_FACTOR, CAUTION_SHAPE = 0.2, 0.7, 2.5
#: Seconds between two polls of one job: never less, and never more once it may be finished.
MIN_GAP, MAX_GAP = 0.2, 30.0
#: No poll, but for the early one, before this probability of being finished.
FIRST_PERCENT = 0.01
#: Seconds after acceptance of the early poll, which catches instant failures (a refused prompt, a broken
#: image), and seconds that it must save. It may cost this share of the plan: where asking it for each job
#: would cost more, as many jobs ask it as that pays for.
EARLY_AGE, EARLY_SAVES, EARLY_SHARE = 3.0, 15.0, 0.04
#: The share of a gap over which a poll is spread.
STEP_JITTER = 0.3
#: How often what is known is simply wrong, when it is well known.
BACKGROUND = 0.01
#: Points of a plan's table: to find the gaps with, in one gap, and in all.
_ROUGH, _PER_GAP, _MOST_POINTS = 150, 8, 4000

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
        return (math.log(t) - math.log(self.median)) / self.sigma

    def survival(self, t: float) -> float:
        """Return the probability that a job takes longer than ``t`` seconds."""
        return 0.5 * math.erfc(self._z(t) / _ROOT_2) if t > 0 else 1.0

    def density(self, t: float) -> float:
        """Return the probability per second of ending at ``t`` seconds."""
        return math.exp(-0.5 * self._z(t) ** 2) / (t * self.sigma * _ROOT_2_PI) if t > 0 else 0.0


@dataclass(frozen=True)
class LogLogistic:
    """Times of any order of magnitude; far out the hazard falls as ``shape / t``, so the polls thin out.

    Parameters
    ----------
    median : float
        In seconds, above zero.
    shape : float
        Above zero; the smaller, the heavier both tails.
    """

    median: float
    shape: float = 1.8

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
    expected, the background takes over by Bayes' rule alone, and the polls thin out.

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

    def cautious(self) -> Belief:
        """Return the same belief with less trust in it, as `next_ask` has it where no cost is given."""
        parts = tuple(((1 - CAUTION) * weight, shape) for weight, shape in self.parts)
        wrong = LogLogistic(CAUTION_FACTOR * self.median, CAUTION_SHAPE)
        return Belief((*parts, (CAUTION, wrong)), self.source)


#: Seconds beyond which no time is told apart: a year.
_FOREVER = 3.2e7


class _Plan(NamedTuple):
    """The best next poll for every age of a table, in seconds since acceptance, and its making."""

    ages: list[float]
    following: list[float]
    first: float
    total: float
    belief: Belief
    cost: float


@lru_cache(maxsize=256)
def _plan(belief: Belief, cost: float | None) -> _Plan:
    """Return the plan for a cost; for none, the default one, made with caution."""
    return _best_plan(belief.cautious(), DEFAULT_COST) if cost is None else _best_plan(belief, cost)


def _best_plan(belief: Belief, cost: float) -> _Plan:
    """Find the best next poll from every age, by dynamic programming from the end.

    The least expected delay plus cost from age ``i`` on is the minimum over the next age ``j`` of
    ``cost * S(i)``, the delay of the jobs that end between ``i`` and ``j``, and the same from ``j`` on.
    """
    ages = _table(belief, cost)
    running = [belief.survival(age) for age in ages]
    ended = [1 - survival for survival in running]
    steps = zip(pairwise(ages), pairwise(ended), strict=True)
    waited = list(accumulate(((b - a) * (p + q) / 2 for (a, b), (p, q) in steps), initial=0.0))
    end = len(ages) - 1
    value, best = [0.0] * (end + 1), [end] * (end + 1)
    for i in range(end - 1, -1, -1):
        least = math.inf
        # The older a job, the later its best next poll: the search can stop where the last one ended.
        for j in range(i + 1, best[i + 1] + 1):
            gap = ages[j] - ages[i]
            total = waited[j] - waited[i] - ended[i] * gap + value[j]
            if total < least and (gap >= MIN_GAP or j == end):
                least, best[i] = total, j
        value[i] = least + cost * running[i]
    return _Plan(ages, [ages[j] for j in best], belief.quantile(FIRST_PERCENT), value[0], belief, cost)


def _table(belief: Belief, cost: float) -> list[float]:
    """Return ages from 0 to past all that is known, `_PER_GAP` to each gap of the square-root rule."""
    medians = [shape.median for _, shape in belief.parts]
    low, high = min(medians) / 20, max(medians) * 3
    rough = [low * (high / low) ** (step / _ROUGH) for step in range(_ROUGH + 1)]
    gaps = (math.sqrt(2 * cost / max(belief.hazard((a + b) / 2), 1e-12)) for a, b in pairwise(rough))
    spent = list(
        accumulate(((b - a) / gap for (a, b), gap in zip(pairwise(rough), gaps, strict=True)), initial=0.0)
    )
    points = max(2, min(_MOST_POINTS, math.ceil(spent[-1] * _PER_GAP)))
    return [0.0, *(_interpolate(spent[-1] * point / points, spent, rough) for point in range(points + 1))]


def _interpolate(x: float, xs: list[float], ys: list[float]) -> float:
    """Read a table that rises, flat beyond its ends."""
    right = bisect_left(xs, x)
    if right == 0 or right == len(xs):
        return ys[min(right, len(ys) - 1)]
    left = right - 1
    return ys[left] + (ys[right] - ys[left]) * (x - xs[left]) / (xs[right] - xs[left])


def _best(plan: _Plan, age: float) -> float:
    """Return the best next age: from the plan, and past its end by the square-root rule alone."""
    # The last gaps of the plan are cut short by its end, which nothing known comes near.
    if age < plan.ages[-1] * 0.9:
        return _interpolate(age, plan.ages, plan.following)
    hazard = plan.belief.hazard(age)
    return age + (math.sqrt(2 * plan.cost / hazard) if hazard > 0 else MAX_GAP)


def _early(plan: _Plan, jitter: float) -> float | None:
    """Return when to ask the early poll, if this job is one of those that send it."""
    share = min(1.0, EARLY_SHARE * plan.total / plan.cost)
    if plan.first < EARLY_AGE + EARLY_SAVES or jitter >= share:
        return None
    return EARLY_AGE * (0.75 + 0.5 * jitter / share)


def next_ask(
    belief: Belief, age: float, asked: int, *, cost: float | None = None, jitter: float = 0.5
) -> float:
    """Return the age at which to ask next, in seconds since acceptance.

    Parameters
    ----------
    belief : Belief
        What is known of how long such a job takes.
    age : float
        Seconds since acceptance of the last poll; 0 before any.
    asked : int
        How many polls were sent so far.
    cost : float, optional
        Seconds of later notice that one request is worth, above zero: the plan is then the best for what is
        known. Without it the price is `DEFAULT_COST`, and a few requests guard against wrong knowledge.
    jitter : float
        From 0 to 1, fresh for each poll, so that a batch does not march in step.

    Returns
    -------
    float
        Always at least `MIN_GAP` later than ``age``.
    """
    plan = _plan(belief, cost)
    early = _early(plan, jitter) if asked == 0 else None
    if early is not None and early >= age + MIN_GAP:
        return early
    later = max(_best(plan, age), plan.first)
    spread = min(MAX_GAP, _best(plan, later) - later)
    later = max(later, plan.first + STEP_JITTER / 2 * spread) + STEP_JITTER * (jitter - 0.5) * spread
    return max(age + MIN_GAP, min(later, max(age, plan.first) + MAX_GAP))


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
        return max(MIN_GAP, min(retry_after, RETRY_AFTER_CAP)) * (1 + 0.1 * jitter)
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

    def level(self, now: float) -> float:
        """Return how many requests may go at once; below zero after more were charged than there were."""
        elapsed = max(0.0, now - self._at)
        return min(float(self.burst), self._tokens + (elapsed * self.rate if elapsed < math.inf else 0.0))

    def ready_at(self, now: float) -> float:
        """Return the earliest time, in seconds on the caller's clock and not before ``now``, to send one."""
        missing = max(0.0, 1.0 - _ROUNDING - self.level(now))
        return max(now + missing / self.rate, self._held_until)

    def take(self, now: float) -> bool:
        """Spend one request if there is one, and say whether there was."""
        if self.ready_at(now) > now:
            return False
        self.charge(now)
        return True

    def charge(self, now: float) -> None:
        """Count a request that is sent whether there is one or not; later ones wait for it."""
        self._tokens, self._at = self.level(now) - 1.0, max(now, self._at)

    def hold_until(self, time: float) -> None:
        """Send nothing before ``time``: the service said so to one job, and means the key."""
        self._held_until = max(self._held_until, time)
