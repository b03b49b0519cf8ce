"""A simulator for asking times: a policy, many made-up jobs, a virtual clock; no network, no waiting.

Examples
--------
>>> import random
>>> from ltxv_nb import schedule, simulate
>>> durations = simulate.lognormal(60, 0.1, 1000, random.Random(1))
>>> ours = simulate.simulate(simulate.informed(schedule.Belief.about(60, 0.1)), durations)
>>> vendor_guide = simulate.simulate(simulate.every(15), durations)
>>> ours.mean_delay < vendor_guide.mean_delay / 4
True
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ltxv_nb.polling.schedule import DEFAULT_COST, MIN_GAP, Belief, Shape, next_ask

#: Seconds from a poll to its answer; the service looks at the job half-way.
LATENCY = 0.05
#: ``policy(age, asked, jitter)``: the last answer came ``age`` seconds after acceptance (0 before any),
#: ``asked`` polls were sent, ``jitter`` is fresh in [0, 1); returns the age of the next poll.
Policy = Callable[[float, int, float], float]


@dataclass(frozen=True)
class Result:
    """What a policy came to, on average over the jobs.

    Attributes
    ----------
    mean_requests : float
        Polls for one job.
    mean_delay : float
        Seconds between the end of a job and the answer that tells of it.
    jobs : int
        How many jobs were simulated.
    """

    mean_requests: float
    mean_delay: float
    jobs: int

    def cost(self, per_request: float = DEFAULT_COST) -> float:
        """Return delay plus requests, in seconds, a request being worth ``per_request`` seconds."""
        return self.mean_delay + per_request * self.mean_requests


def simulate(
    policy: Policy, durations: Sequence[float], latency: float = LATENCY, seed: int = 0, most: int = 100_000
) -> Result:
    """Run a policy on jobs, one after the other, on a virtual clock.

    Parameters
    ----------
    policy : Policy
        When to ask next.
    durations : sequence of float
        Seconds each job takes from its acceptance.
    latency : float
        Seconds from a poll to its answer.
    seed : int
        For the jitter; the same seed gives the same result.
    most : int
        Polls after which a policy is taken to be stuck.

    Returns
    -------
    Result
        Mean requests and mean delay.

    Raises
    ------
    RuntimeError
        The policy asks in the past, or forever.
    """
    jitter = random.Random(seed).random  # noqa: S311 - a simulation, not a secret
    requests, delay = 0, 0.0
    for duration in durations:
        age, asked = 0.0, 0
        while True:
            at = policy(age, asked, jitter())
            asked += 1
            if at < age or asked > most:
                raise RuntimeError(
                    f"After {asked} polls the policy wants the next one at {at} s, at the age of {age} s."
                )
            age = at + latency
            if duration <= at + latency / 2:
                break
        requests += asked
        delay += age - duration
    return Result(requests / len(durations), delay / len(durations), len(durations))


def percentiles(durations: Sequence[float]) -> dict[str, float]:
    """Return p50, p75, p90 and p99 in milliseconds, as the service reports such times."""
    ranked = sorted(durations)
    last = len(ranked) - 1
    return {f"p{share}": 1000 * ranked[min(last, share * len(ranked) // 100)] for share in (50, 75, 90, 99)}


def noticed(policy: Policy, durations: Sequence[float], rng: random.Random) -> list[tuple[float, float]]:
    """Return what a journal would hold: for each job the ages of the last "not yet" and of the news."""
    seen = []
    for duration in durations:
        age, asked, last = 0.0, 0, 0.0
        while True:
            age = policy(age, asked, rng.random())
            asked += 1
            if age >= duration:
                break
            last = age
        seen.append((last, age))
    return seen


def lognormal(median: float, sigma: float, count: int, rng: random.Random) -> list[float]:
    """Return ``count`` times in seconds with the given median and spread of the logarithm."""
    return [median * math.exp(rng.gauss(0, sigma)) for _ in range(count)]


def informed(belief: Belief, cost: float | None = None) -> Policy:
    """Return this project's own rule, `ltxv_nb.polling.schedule.next_ask`, for what is known."""

    def policy(age: float, asked: int, jitter: float) -> float:
        return next_ask(belief, age, asked, cost=cost, jitter=jitter)

    return policy


def every(seconds: float, first: float = 0.0, spread: float = 0.0) -> Policy:
    """Return the rule of most clients: sleep between answer and poll, always as long.

    Parameters
    ----------
    seconds : float
        The sleep.
    first : float
        Seconds before the first poll; 0 sends it at once.
    spread : float
        How far the sleep is jittered to either side, in seconds.
    """

    def policy(age: float, asked: int, jitter: float) -> float:
        sleep = seconds if asked else first
        return age + (sleep + spread * (2 * jitter - 1) if sleep else 0.0)

    return policy


@dataclass(frozen=True)
class Peer:
    """How another client asks.

    Attributes
    ----------
    name : str
        The client.
    policy : Policy
        Its rule.
    rule : str
        The rule in words.
    source : str
        Where the rule was read, with the version.
    """

    name: str
    policy: Policy
    rule: str
    source: str


#: Other clients and their rules, as read in the published packages in November 2026.
PEERS: tuple[Peer, ...] = (
    Peer("vendor's guide", every(15), "at once, then every 15 s", "the guides of both models"),
    Peer(
        "aimlapi", every(10), "at once, then every 10 s", "aimlapi-sdk-python 2.24.0rc1, resources/videos.py"
    ),
    Peer("runwayml", every(6, 6, 1.5), "every 6 s, give or take 1.5 s", "runwayml 5.24.0, lib/polling.py"),
    Peer("openai", every(1), "at once, then every 1 s", "openai 3.51.0, resources/videos.py"),
    Peer("replicate", every(0.5, 0.5), "every 0.5 s", "replicate 1.0.7, client.py and prediction.py"),
    Peer("fal_client", every(0.1), "at once, then every 0.1 s", "fal_client 1.0.3, client.py"),
)


def at_ages(ages: Sequence[float]) -> Policy:
    """Return the rule that asks at given ages, in seconds, and past the last one at its last gap."""
    gap = ages[-1] - ages[-2] if len(ages) > 1 else max(MIN_GAP, ages[-1])

    def policy(age: float, asked: int, jitter: float) -> float:
        del jitter
        return max(age, ages[asked]) if asked < len(ages) else age + gap

    return policy


def optimum(shape: Shape, cost: float, latency: float = LATENCY, steps: int = 3000) -> list[float]:
    """Return the best ages to ask at when the distribution is known, by dynamic programming.

    The least expected delay plus ``cost`` per request from a poll at grid time ``i`` on is the minimum
    over the next poll ``j`` of ``cost * S(i)``, the delay of the jobs that end between the two, and the
    same from ``j`` on. Nothing that learns only from answers "not yet" can do better, the grid aside.

    Parameters
    ----------
    shape : Shape
        The distribution of the times.
    cost : float
        Seconds of delay that one request is worth, above zero.
    latency : float
        Seconds from a poll to its answer.
    steps : int
        Points of the grid, which covers all but a millionth of the probability at either end.

    Returns
    -------
    list of float
        Ages in seconds, rising.
    """
    low, high = _quantile(shape, 1e-6), _quantile(shape, 1 - 1e-6)
    width = (high - low) / (steps - 1)
    ages = [0.0, *(low + width * step for step in range(steps))]
    ended = [0.0, *(1 - shape.survival(age) for age in ages[1:])]
    area = [0.0, 0.0]
    for i in range(2, steps + 1):
        area.append(area[-1] + width * (ended[i - 1] + ended[i]) / 2)
    value, following = [0.0] * (steps + 1), [steps] * (steps + 1)
    for i in range(steps - 1, -1, -1):
        best, j = math.inf, i + 1
        # The best next poll never moves back as the age grows, so the search ends where the last one did.
        for j in range(i + 1, following[i + 1] + 1):
            waited = area[j] - area[i] - ended[i] * (ages[j] - ages[i])
            total = waited + value[j]
            if total < best:
                best, following[i] = total, j
        value[i] = best + (cost) * (1 - ended[i])
    schedule, i = [], 0
    while i < steps:
        i = following[i]
        schedule.append(ages[i] - latency / 2)
    return schedule


def _quantile(shape: Shape, probability: float) -> float:
    return Belief(((1.0, shape),)).quantile(probability)
