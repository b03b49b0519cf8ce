"""How long a clip will take, for people and for `polling.schedule`: from measurements that are passed in.

Three sources, each a prior for the next: the vendor's measurement of the model, the percentiles that the
service reports for it, and the times of one's own earlier clips, of which the recent ones count more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist, median
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.polling.schedule import BACKGROUND, Belief, LogLogistic, Lognormal, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Width and height of the vendor's test clip, in pixels.
_TEST_FRAME = (1920, 1080)

#: What a person reads as the source of an expectation.
FROM_VENDOR = "the vendor's two measurements"
FROM_SERVICE = "this model's recent times, as the service reports them"
FROM_NOTHING = "a guess: nothing is known of this model yet"

#: Seconds and spread of the logarithm where nothing at all is known.
_UNKNOWN_SECONDS, _UNKNOWN_SIGMA = 60.0, 0.9
#: Spread of the logarithm of repeated runs, where one measurement is all there is.
_VENDOR_SIGMA = 0.15
#: Time grows with the amount of picture, but less than in proportion; how much less is itself uncertain.
_WORK_EXPONENT, _WORK_SIGMA = 0.5, 0.25
#: Days after which a clip of one's own counts half; how much one of other settings counts; how many count.
_HALF_LIFE, _OTHER_SETTINGS, _MOST = 7.0, 0.3, 60
#: Seconds that a clip can take at most, and days after which it gets no older: beyond, a clock is wrong.
_LONGEST, _OLDEST = 7 * 86_400.0, 365.0
#: What a prior is worth in clips: for the centre and for the spread.
_VENDOR_WORTH, _SERVICE_WORTH, _SPREAD_WORTH = 0.1, 2.0, 1.0
#: How often what is known is wrong, before any clip; it falls with every clip.
_COLD_DOUBT = 0.08
#: No spread is believed to be below this; the odd clip is as likely at any logarithm; rounds of the fit.
_LEAST_SIGMA, _ODD_DENSITY, _ROUNDS = 0.05, 0.002, 25
#: Percentiles this many times away from the vendor's measurement may measure something else, this likely.
_SUSPECT, _SUSPICION = 8.0, 0.08
#: Percentiles this many times away from one's own clips are not about such clips.
_NOT_OURS = 3.0

_NORMAL = NormalDist()


class History(NamedTuple):
    """One finished clip: its end is only known to lie between two polls.

    Attributes
    ----------
    low : float
        Seconds from acceptance to the last poll that found it unfinished; 0 if there was none.
    high : float
        Seconds from acceptance to the poll that found it finished.
    ago_days : float
        How long ago that was, in days.
    same : bool
        Whether model, duration, resolution and frame rate were the same as now.
    work : float
        `workload` of that clip; what differs in settings is scaled by it.
    """

    low: float
    high: float
    ago_days: float = 0.0
    same: bool = True
    work: float = 1.0

    @property
    def usable(self) -> bool:
        """Whether the times are plausible; others are ignored."""
        return 0 <= self.low <= self.high and 0.001 <= self.high <= _LONGEST


def workload(
    duration: float | None = None, frame_size: tuple[int, int] = _TEST_FRAME, fps: float | None = None
) -> float:
    """Return the amount of picture in a clip; 1 is the vendor's test clip, 6 s of 1080p at 25 frames/s.

    Parameters
    ----------
    duration : float, optional
        Length in seconds; 6 where it was not set.
    frame_size : tuple of int
        Width and height in pixels.
    fps : float, optional
        Frames per second; 25 where it was not set.
    """
    return (duration or 6) / 6 * math.prod(frame_size) / math.prod(_TEST_FRAME) * (fps or 25) / 25


@dataclass(frozen=True)
class _Fit:
    """A normal distribution of the logarithm of the time, its worth in clips, how likely it is wrong."""

    mu: float
    sigma: float
    worth: float
    doubt: float
    source: str


def belief(
    *,
    vendor_seconds: float | None = None,
    work: float = 1.0,
    percentiles: Mapping[str, float] | None = None,
    history: Sequence[History] = (),
) -> Belief:
    """Return what is known of how long such a clip takes.

    Parameters
    ----------
    vendor_seconds : float, optional
        Seconds that the vendor's test clip took; ``None`` where nobody measured the model.
    work : float
        `workload` of the clip.
    percentiles : mapping of str to float, optional
        ``p50``, ``p75``, ``p90`` and ``p99`` of the model in milliseconds, as ``/models/metrics`` has them in
        ``duration_ms``; missing and implausible ones are ignored.
    history : sequence of History, optional
        Earlier clips of the same model.

    Returns
    -------
    Belief
        With its source in words.
    """
    cold = _from_vendor(vendor_seconds, work)
    reported = _from_service(percentiles or {})
    clips = _comparable(history, work)
    fit = _update(_prior(cold, reported, clips), clips) if clips else reported or cold
    known, doubt = _lognormal(fit), fit.doubt
    parts: list[tuple[float, Shape]] = [(1 - doubt, known), (doubt, LogLogistic(known.median))]
    if fit is reported and abs(reported.mu - cold.mu) > math.log(_SUSPECT):
        parts[:1] = [((1 - doubt) * (1 - _SUSPICION), known), ((1 - doubt) * _SUSPICION, _lognormal(cold))]
    return Belief(tuple(parts), _source(history) if clips else fit.source)


def _lognormal(fit: _Fit) -> Lognormal:
    """Round the fit, so that jobs which know about the same share their tables."""
    return Lognormal(math.exp(round(fit.mu, 2)), max(_LEAST_SIGMA, round(fit.sigma, 2)))


def _source(history: Sequence[History]) -> str:
    usable = [clip for clip in history if clip.usable]
    count = min(len(usable), _MOST)
    words = "your last clip" if count == 1 else f"your last {count} clips"
    return f"{words} {'like this' if all(clip.same for clip in usable) else 'of this model'}"


def _from_vendor(seconds: float | None, work: float) -> _Fit:
    known = seconds is not None
    centre = math.log(seconds or _UNKNOWN_SECONDS) + _WORK_EXPONENT * math.log(work)
    spread = math.hypot(_VENDOR_SIGMA if known else _UNKNOWN_SIGMA, _WORK_SIGMA * math.log(work))
    return _Fit(centre, spread, _VENDOR_WORTH, _COLD_DOUBT, FROM_VENDOR if known else FROM_NOTHING)


def _is_time(value: object) -> bool:
    """Whether a value is a time at all, in milliseconds: from one to a week."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value <= 1000 * _LONGEST


def _from_service(percentiles: Mapping[str, float]) -> _Fit | None:
    """Fit the reported percentiles, or return ``None`` where they are missing or implausible."""
    named = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99}
    points = [
        (_NORMAL.inv_cdf(share), math.log(percentiles[name] / 1000))
        for name, share in named.items()
        if _is_time(percentiles.get(name))
    ]
    if not points or any(a[1] > b[1] for a, b in pairwise(points)):
        return None
    z0, mu = points[0]
    slopes = [((y - mu) / (z - z0), weight) for (z, y), weight in zip(points[1:], (1, 2, 1), strict=False)]
    total = sum(weight for _, weight in slopes)
    sigma = sum(slope * weight for slope, weight in slopes) / total if total else _VENDOR_SIGMA
    # All percentiles alike: one clip in the window, which says nothing of the spread.
    sigma = sigma if sigma > 0.001 else _VENDOR_SIGMA
    return _Fit(mu - sigma * z0, sigma, _SERVICE_WORTH, BACKGROUND, FROM_SERVICE)


class _Clip(NamedTuple):
    """One clip of the history, made comparable: logarithms of the interval, and how much it counts."""

    low: float
    high: float
    weight: float

    @property
    def middle(self) -> float:
        return self.high if self.low == -math.inf else (self.low + self.high) / 2


def _comparable(history: Sequence[History], work: float) -> list[_Clip]:
    """Take the newest clips, scale those of other settings, let the old and the different count less."""
    newest = sorted((clip for clip in history if clip.usable), key=lambda clip: clip.ago_days)[:_MOST]
    clips = []
    for clip in newest:
        shift = 0.0 if clip.same or clip.work <= 0 else _WORK_EXPONENT * math.log(work / clip.work)
        low = math.log(clip.low) + shift if clip.low > 0 else -math.inf
        weight = 0.5 ** (min(max(0.0, clip.ago_days), _OLDEST) / _HALF_LIFE) * (
            1.0 if clip.same else _OTHER_SETTINGS
        )
        clips.append(_Clip(low, math.log(clip.high) + shift, weight))
    return clips


def _prior(cold: _Fit, reported: _Fit | None, clips: Sequence[_Clip]) -> _Fit:
    """Return where the clips start from: the service's times, unless two clips contradict them."""
    if reported is None:
        return cold
    apart = abs(reported.mu - median(clip.middle for clip in clips))
    return cold if apart > math.log(_NOT_OURS) and sum(clip.weight for clip in clips) >= 1.5 else reported


def _update(prior: _Fit, clips: Sequence[_Clip]) -> _Fit:
    """Return the prior after it has seen the clips: expectation-maximisation over censored intervals."""
    mu, sigma = median(clip.middle for clip in clips), 0.5
    amount = 0.0
    for _ in range(_ROUNDS):
        moments = [_within(clip.low, clip.high, mu, sigma) for clip in clips]
        odds = [_odd(mean, mu, sigma) for mean, _ in moments]
        weights = [clip.weight * (1 - odd) for clip, odd in zip(clips, odds, strict=True)]
        fair = [(weight, *moment) for weight, moment in zip(weights, moments, strict=True)]
        amount = sum(weight for weight, _, _ in fair)
        centre = prior.worth * prior.mu + sum(weight * mean for weight, mean, _ in fair)
        centre /= prior.worth + amount
        squares = sum(weight * ((mean - centre) ** 2 + variance) for weight, mean, variance in fair)
        spread = math.sqrt((_SPREAD_WORTH * prior.sigma**2 + squares) / (_SPREAD_WORTH + amount))
        settled = abs(centre - mu) + abs(spread - sigma) < 1e-3
        mu, sigma = centre, max(_LEAST_SIGMA, spread)
        if settled:
            break
    worth = prior.worth + amount
    misfits = 1 - amount / sum(clip.weight for clip in clips)
    doubt = max(BACKGROUND, misfits, prior.doubt / (1 + amount))
    return _Fit(mu, sigma * math.sqrt(1 + 1 / worth), worth, doubt, "")


def _odd(mean: float, mu: float, sigma: float) -> float:
    """Return how likely a clip was one of the odd ones, whose times say nothing of the others."""
    fair = (1 - BACKGROUND) * _NORMAL.pdf((mean - mu) / sigma) / sigma
    return _ODD_DENSITY / (_ODD_DENSITY + fair)


def _within(low: float, high: float, mu: float, sigma: float) -> tuple[float, float]:
    """Return mean and variance of a normal variable that is known to lie in an interval."""
    a, b = (low - mu) / sigma, (high - mu) / sigma
    share = _NORMAL.cdf(b) - _NORMAL.cdf(a)
    if share < 1e-9 or b - a < 1e-3:
        middle = high if low == -math.inf else (low + high) / 2
        return middle, 0.0 if low == -math.inf else (high - low) ** 2 / 12
    at_a, at_b = _NORMAL.pdf(a), _NORMAL.pdf(b)
    tilt = (at_a - at_b) / share
    bend = ((a * at_a if a > -math.inf else 0.0) - b * at_b) / share
    return mu + sigma * tilt, max(0.0, sigma**2 * (1 + bend - tilt**2))


#: A range whose end is this many times its beginning is too wide to be shown as a range.
_WIDE = 8


@dataclass(frozen=True)
class Expected:
    """How long a clip takes in all, for people.

    It does not move while the clip is being made: it is about the whole time, with which the elapsed time is
    compared.

    Attributes
    ----------
    seconds : float
        Median of the total time, in seconds since acceptance; the bar goes by it.
    low, high : float
        Eight of ten such clips end between these, in seconds since acceptance.
    source : str
        Where this comes from, in words.
    """

    seconds: float
    low: float
    high: float
    source: str

    def words(self, age: float = 0.0) -> str:
        """Say it as a person would: ``about 60 s``, ``50–80 s``, ``up to 80 s``, ``much longer than usual``.

        Parameters
        ----------
        age : float
            Seconds since acceptance.
        """
        if age > self.high:
            return f"{'much' if age > 2 * self.high else 'a little'} longer than usual"
        if self.source == FROM_VENDOR and 50 <= self.seconds <= 75:
            return "about a minute"
        low, high = _rounded(self.low), _rounded(self.high)
        if self.high < 1.4 * self.low or low == high:
            return f"about {_amount(_rounded(self.seconds))}"
        if high >= _WIDE * low:  # such a range says no more than its end
            return f"up to {_amount(high)}"
        if low >= 120:
            return f"{low / 60:g}–{high / 60:g} min"
        return f"{low:g}–{high:g} s"

    def ends(self, begun: float = 0.0) -> tuple[float, float]:
        """Return the times after which `words` says that it takes longer, for a clip begun at some time."""
        return begun + self.high, begun + 2 * self.high


def expected(belief: Belief) -> Expected:
    """Return the expectation for a clip, from `belief`."""
    low, seconds, high = (belief.quantile(share) for share in (0.1, 0.5, 0.9))
    return Expected(seconds, low, high, belief.source)


def _rounded(seconds: float) -> float:
    """Round to what a person would say: 1 s, 5 s, 10 s or whole minutes."""
    step = 1 if seconds < 20 else 5 if seconds < 100 else 10 if seconds < 180 else 60
    return max(1.0, step * float(round(seconds / step)))


def _amount(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 120 else f"{seconds:g} s"
