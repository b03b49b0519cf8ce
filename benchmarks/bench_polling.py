"""How good the asking times are, in simulation: beside other clients' rules and the offline optimum.

``python benchmarks/bench_polling.py`` prints the tables of ``docs/polling.md`` in half a minute, always the
same ones. There is no network in it: the clients themselves are measured by another benchmark.
"""

import random
from statistics import fmean

from ltxv_nb.models import builtin_models
from ltxv_nb.polling import estimate
from ltxv_nb.polling.schedule import DEFAULT_COST, Belief, Lognormal
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
CASES = [(median, sigma) for median in (10, 30, 60, 120) for sigma in (0.1, 0.2, 0.3)]
TRIALS, JOBS = 40, 150


def normal(count, rng):
    """Return the case everyone is measured on: 60 s, give or take 5 s."""
    return [rng.gauss(60, 5) for _ in range(count)]


def past(durations, rng):
    """Return the journal's history of some jobs, asked for at fixed gaps."""
    policy = every(max(durations) / 20)
    return [
        estimate.History(low, high, 0.1 * i) for i, (low, high) in enumerate(noticed(policy, durations, rng))
    ]


def from_past(durations, rng):
    return estimate.belief(vendor_seconds=70.0, history=past(durations[:20], rng))


def from_metrics(durations, rng):
    del rng
    return estimate.belief(vendor_seconds=70.0, percentiles=percentiles(durations))


def frontier(jobs=20_000):
    """Return rows of (who, requests, delay) on jobs of 60 s, give or take 5 s."""
    rng = random.Random(60)
    durations = normal(jobs, rng)
    rows = [(peer.name, simulate(peer.policy, durations[:4000])) for peer in PEERS]
    rows.append(
        (
            "ours, nothing known but the vendor's figures",
            simulate(informed(estimate.belief(vendor_seconds=70.0)), durations),
        )
    )
    for name, known in (("ours, 20 past jobs", from_past), ("ours, the service's percentiles", from_metrics)):
        results = [
            simulate(informed(known(normal(60, rng), rng)), durations[i::TRIALS], seed=i)
            for i in range(TRIALS)
        ]
        rows.append(
            (
                name,
                type(results[0])(
                    fmean(r.mean_requests for r in results), fmean(r.mean_delay for r in results), jobs
                ),
            )
        )
    ideal = at_ages(optimum(Lognormal(60, 5 / 60), DEFAULT_COST))
    rows.append(("offline optimum", simulate(ideal, durations)))
    return rows


def excess(case, cost, known):
    """Return cost over the optimum's, on average over `TRIALS` that each know something else."""
    rng = random.Random(f"{case} {cost}")
    best = at_ages(optimum(Lognormal(*case), cost, steps=2000))
    ours = ideal = 0.0
    for trial in range(TRIALS):
        durations = lognormal(*case, JOBS, rng)
        ours += simulate(informed(known(lognormal(*case, 60, rng), rng), cost), durations, seed=trial).cost(
            cost
        )
        ideal += simulate(best, durations).cost(cost)
    return ours / ideal


def learning(case=(40, 0.2), clips=(0, 1, 2, 3, 5, 10, 20, 40)):
    """Return how the excess falls with the number of one's own clips."""
    rows = []
    for count in clips:

        def known(durations, rng, count=count):
            return estimate.belief(vendor_seconds=70.0, history=past(durations[:count], rng) if count else ())

        rows.append((count, excess(case, DEFAULT_COST, known)))
    return rows


def worlds(median, rng, count=1500):
    half = count // 2
    return {
        "3 times shorter": lognormal(median / 3, 0.15, count, rng),
        "3 times longer": lognormal(median * 3, 0.15, count, rng),
        "half and double": lognormal(median / 2, 0.1, half, rng) + lognormal(median * 2, 0.1, half, rng),
        "once and thrice": lognormal(median, 0.1, half, rng) + lognormal(median * 3, 0.1, half, rng),
        "any size (sigma 1)": lognormal(median, 1, count, rng),
        "heavy tail (Pareto)": [median / 2 * rng.paretovariate(1.2) for _ in range(count)],
    }


def robust():
    """Return rows of (belief, world, ours, every 10 s) where what is known is wrong."""
    rng = random.Random(10)
    beliefs = {
        "vendor's figures": estimate.belief(vendor_seconds=70.0),
        "70 s, sure (sigma 0.1)": Belief.about(70, 0.1),
        "70 s, less so (sigma 0.3)": Belief.about(70, 0.3),
    }
    truths = worlds(70, rng)
    return [
        (name, world, simulate(informed(belief), durations), simulate(every(10), durations))
        for name, belief in beliefs.items()
        for world, durations in truths.items()
    ]


def main():
    print("## 60 s, give or take 5 s; 50 ms latency\n")
    print("| rule | requests | notices late by (s) | asks |\n| --- | --- | --- | --- |")
    rules = {peer.name: peer.rule for peer in PEERS}
    for name, result in frontier():
        print(f"| {name} | {result.mean_requests:.1f} | {result.mean_delay:.2f} | {rules.get(name, '')} |")
    print("\n## Cost over the offline optimum\n")
    columns = [f"{name}, c={cost}" for name in ("20 past", "percentiles") for cost in COSTS]
    print("| median (s) | sigma | " + " | ".join(columns) + " |\n|" + " --- |" * (2 + len(columns)))
    for case in CASES:
        cells = [f"{excess(case, cost, known):.3f}" for known in (from_past, from_metrics) for cost in COSTS]
        print(f"| {case[0]} | {case[1]} | " + " | ".join(cells) + " |")
    print(
        "\n## Cold: only the vendor's figures\n\n| model | sigma | "
        + " | ".join(f"c={c}" for c in COSTS)
        + " |\n|"
        + " --- |" * 5
    )
    for model in builtin_models():
        known = estimate.belief(vendor_seconds=model.seconds)
        for sigma in (0.1, 0.2, 0.3):
            cells = [
                f"{excess((model.seconds, sigma), cost, lambda *_, known=known: known):.3f}" for cost in COSTS
            ]
            print(f"| {model.short_name} | {sigma} | " + " | ".join(cells) + " |")
    print("\n## Learning (jobs of 40 s, sigma 0.2)\n\n| own clips | cost over the optimum |\n| --- | --- |")
    for count, ratio in learning():
        print(f"| {count} | {ratio:.2f} |")
    print("\n## Wrong knowledge\n")
    print("| believed | truth | ours | every 10 s | worse on both |\n| --- | --- | --- | --- | --- |")
    for name, world, ours, plain in robust():
        worse = ours.mean_requests > plain.mean_requests and ours.mean_delay > plain.mean_delay
        cells = [f"{r.mean_requests:.1f} requests, {r.mean_delay:.1f} s" for r in (ours, plain)]
        print(f"| {name} | {world} | " + " | ".join(cells) + f" | {'yes' if worse else 'no'} |")


if __name__ == "__main__":
    main()
