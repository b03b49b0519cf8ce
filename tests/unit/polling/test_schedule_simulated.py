"""How good the asking times are: thousands of simulated jobs, held to the offline optimum."""

import functools
import random
from statistics import fmean

import pytest

from ltxv_nb.models import find_model
from ltxv_nb.polling import estimate, schedule
from ltxv_nb.polling.schedule import Belief, Lognormal
from ltxv_nb.polling.simulate import (
    PEERS,
    at_ages,
    every,
    informed,
    lognormal,
    noticed,
    optimum,
    percentiles,
    simulate,
)

COSTS = (0.1, 0.25, 0.5)
CASES = [(10, 0.1), (30, 0.3), (60, 0.1), (120, 0.2)]


@functools.cache
def best(median, sigma, cost):
    return at_ages(optimum(Lognormal(median, sigma), cost, steps=400))


def past(durations, rng):
    """Return a history as the journal would hold it after asking at fixed gaps."""
    policy = every(max(durations) / 20)
    return [
        estimate.History(low, high, 0.1 * i) for i, (low, high) in enumerate(noticed(policy, durations, rng))
    ]


def excess(case, cost, known, jobs=80, trials=6):
    """Return cost over the optimum's, on average over trials that each know something else."""
    rng = random.Random(f"{case} {cost}")
    ours = ideal = 0.0
    for trial in range(trials):
        durations = lognormal(*case, jobs, rng)
        policy = informed(known(lognormal(*case, 60, rng), rng), cost)
        ours += simulate(policy, durations, seed=trial).cost(cost)
        ideal += simulate(best(*case, cost), durations).cost(cost)
    return ours / ideal


def from_past(durations, rng):
    return estimate.belief(vendor_seconds=70.0, history=past(durations[:20], rng))


def from_metrics(durations, rng):
    return estimate.belief(vendor_seconds=70.0, percentiles=percentiles(durations))


@pytest.mark.parametrize("known", [from_past, from_metrics])
def test_known_jobs_cost_within_a_tenth_of_the_best_possible(known):
    for cost in COSTS:
        ratios = {case: excess(case, cost, known) for case in CASES}
        assert fmean(ratios.values()) < 1.08, ratios
        # A case has 480 jobs and six histories here, hence the room; the benchmark has many more of both.
        assert max(ratios.values()) < 1.16, ratios


@pytest.mark.parametrize("model", ["ltxv-2", "ltxv-2-fast"])
def test_the_vendor_measurements_alone_are_within_a_third_of_the_best_possible(model):
    seconds = find_model(model).seconds
    for sigma in (0.1, 0.2, 0.3):
        for cost in COSTS:
            known = estimate.belief(vendor_seconds=seconds)
            ratio = excess((seconds, sigma), cost, lambda *_, known=known: known, jobs=250, trials=1)
            assert ratio < 1.35, (sigma, cost)


@functools.cache
def sixty_seconds():
    """Return the case everyone is measured on: 60 s, give or take 5 s."""
    rng = random.Random(60)
    return [rng.gauss(60, 5) for _ in range(1000)]


@pytest.mark.parametrize("known", [from_past, from_metrics])
def test_the_default_notices_sooner_than_others_for_as_few_requests(known):
    rng = random.Random(61)
    durations = sixty_seconds()
    results = []
    for trial in range(8):
        belief = known([rng.gauss(60, 5) for _ in range(60)], rng)
        results.append(simulate(informed(belief), durations[:300], seed=trial))
    requests, delay = fmean(r.mean_requests for r in results), fmean(r.mean_delay for r in results)
    peers = {
        peer.name: simulate(peer.policy, durations) for peer in PEERS if peer.name in {"aimlapi", "runwayml"}
    }
    assert requests < min(9.4, 1.25 * peers["aimlapi"].mean_requests, peers["runwayml"].mean_requests)
    assert delay < min(1.2, peers["aimlapi"].mean_delay / 4, peers["runwayml"].mean_delay)


def wrong_worlds(median, rng, count=200):
    """Return worlds that are not lognormal."""
    half = count // 2
    return {
        "half and double": lognormal(median / 2, 0.1, half, rng)
        + lognormal(2 * median, 0.1, count - half, rng),
        "once and thrice": lognormal(median, 0.1, half, rng) + lognormal(3 * median, 0.1, count - half, rng),
        "any size": lognormal(median, 1, count, rng),
        "heavy tail": [0.5 * median * rng.paretovariate(1.2) for _ in range(count)],
        "odd ones": [
            t * (rng.paretovariate(1) if rng.random() < 0.15 else 1)
            for t in lognormal(median, 0.1, count, rng)
        ],
    }


def assert_not_worse_than_every_ten_seconds(belief, durations, why):
    ours, plain = simulate(informed(belief), durations), simulate(every(10), durations)
    worse = ours.mean_requests > plain.mean_requests and ours.mean_delay > plain.mean_delay
    assert not worse, (why, ours, plain)


@pytest.mark.parametrize(("median", "sigma"), [(10, 0.2), (30, 0.1), (70, 0.3), (120, 0.1)])
def test_however_wrong_a_firm_belief_it_is_no_worse_than_asking_every_ten_seconds(median, sigma):
    rng = random.Random(f"{median} {sigma}")
    for factor in (1 / 3, 3):
        durations = lognormal(median, sigma, 150, rng)
        assert_not_worse_than_every_ten_seconds(Belief.about(factor * median, sigma), durations, factor)
    for why, durations in wrong_worlds(median, rng).items():
        assert_not_worse_than_every_ten_seconds(Belief.about(median, sigma), durations, why)


def test_a_world_unlike_the_vendor_measurements_is_no_worse_than_asking_every_ten_seconds():
    rng = random.Random(7)
    cold = estimate.belief(vendor_seconds=70.0)
    worlds = {factor: lognormal(70 * factor, 0.15, 150, rng) for factor in (0.2, 1 / 3, 0.5, 0.7, 1.4, 2, 3)}
    for why, durations in {**worlds, **wrong_worlds(70, rng)}.items():
        assert_not_worse_than_every_ten_seconds(cold, durations, why)


@pytest.mark.parametrize("median", [20, 60])
def test_a_past_of_no_lognormal_times_is_no_worse_than_asking_every_ten_seconds(median):
    rng = random.Random(median)
    for why, durations in wrong_worlds(median, rng).items():
        known = from_past(rng.sample(durations, 40), rng)
        assert_not_worse_than_every_ten_seconds(known, durations, why)


@pytest.mark.parametrize("median", [20, 60])
def test_percentiles_of_no_lognormal_times_are_no_worse_than_asking_every_ten_seconds(median):
    rng = random.Random(median)
    for why, durations in wrong_worlds(median, rng).items():
        known = from_metrics(rng.sample(durations, 60), rng)
        assert_not_worse_than_every_ten_seconds(known, durations, why)


def test_a_sandbox_clip_is_noticed_at_once():
    belief = estimate.belief(
        vendor_seconds=70.0, percentiles={"p50": 4000, "p75": 4050, "p90": 4100, "p99": 4200}
    )
    result = simulate(informed(belief), lognormal(4, 0.03, 300, random.Random(4)))
    assert result.mean_delay < 0.35
    assert result.mean_requests < 6


def test_the_optimum_is_not_beaten_by_any_fixed_gap():
    durations = lognormal(60, 0.2, 500, random.Random(2))
    ideal = simulate(best(60, 0.2, 0.25), durations).cost(0.25)
    assert all(ideal < simulate(every(gap), durations).cost(0.25) for gap in (1, 2, 4, 6, 8, 10, 15, 30))


def test_the_simulator_counts_requests_and_delay_as_a_hand_would():
    result = simulate(every(10), [25.0], latency=0.0)
    assert (result.mean_requests, result.mean_delay, result.jobs) == (4, 5.0, 1)
    assert result.cost(0.5) == 7.0
    with pytest.raises(RuntimeError, match="wants the next one at"):
        simulate(lambda age, asked, jitter: 5.0, [25.0], latency=0.0, most=50)


def test_a_job_unfinished_for_an_hour_costs_few_requests():
    belief = estimate.belief(vendor_seconds=70.0)
    assert simulate(informed(belief), [3600.0]).mean_requests < 300
    assert schedule.MAX_GAP <= 30
