"""Draw the plots of ``docs/polling.md`` beside this file; the same ones each time."""

import random
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

from ltxv_nb.polling.schedule import Belief, Lognormal, next_ask
from ltxv_nb.polling.simulate import PEERS, at_ages, informed, optimum, simulate

HERE = Path(__file__).parent
OURS, OTHERS, IDEAL = "#0b6e99", "#9a5b13", "#555555"
STYLE = {
    "svg.hashsalt": "ltxv-nb", "svg.fonttype": "none", "font.size": 10, "figure.figsize": (7.2, 3.6),
    "axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.use": True,
}  # fmt: skip


def save(figure, name):
    figure.savefig(HERE / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def poll_ages(belief, until, cost):
    ages = [0.0]
    while ages[-1] < until:
        ages.append(next_ask(belief, ages[-1], len(ages) - 1, cost=cost))
    return [age for age in ages[1:] if age <= until]


def poll_times():
    """Draw when each rule polls a job of about a minute, over the chance that it ends then."""
    belief, until = Belief.about(60, 0.1), 130
    times = [0.5 * step for step in range(1, 2 * until)]
    figure, axes = plt.subplots()
    axes.fill_between(times, [100 * belief.density(t) for t in times], color=OURS, alpha=0.25, linewidth=0)
    axes.set(
        xlabel="seconds since acceptance",
        ylabel="chance of ending, % per second",
        xlim=(0, until),
        ylim=(-5.6, 7),
    )
    axes.set_yticks([0, 2, 4, 6])
    rows = {
        "every 10 s": [10 * step for step in range(14)],
        "ours, by default": poll_ages(belief, until, None),
        "ours, at 0.25 s a request": poll_ages(belief, until, 0.25),
        "offline optimum, at 0.25 s a request": optimum(Lognormal(60, 0.1), 0.25),
    }
    for row, (name, ages) in enumerate(rows.items()):
        color = OTHERS if row == 0 else IDEAL if row == 3 else OURS
        axes.plot(ages, [-1 - 1.3 * row] * len(ages), "|", color=color, markersize=9, markeredgewidth=1.6)
        axes.text(1, -0.75 - 1.3 * row, name, color=color, fontsize=8.5)
    axes.spines["bottom"].set_position(("data", -5.6))
    save(figure, "polling-times")


def gaps():
    """Draw the gap over the age for beliefs of different firmness."""
    figure, axes = plt.subplots()
    for sigma, style in ((0.1, "-"), (0.2, "--"), (0.3, ":")):
        ages = poll_ages(Belief.about(60, sigma), 400, None)
        axes.plot(
            ages[1:],
            [b - a for a, b in pairwise(ages)],
            style,
            color=OURS,
            label=f"spread {sigma:.0%}",
        )
    axes.axhline(10, color=OTHERS, linewidth=1)
    axes.text(398, 10.2, "every 10 s", color=OTHERS, ha="right", fontsize=8.5)
    axes.set(
        xlabel="seconds since acceptance", ylabel="gap since the last poll, s", ylim=(0, 12), xlim=(0, 400)
    )
    axes.legend(frameon=False, title="jobs of 60 s", loc="upper center")
    save(figure, "polling-gaps")


def frontier():
    """Draw requests against delay for jobs of 60 s, give or take 5 s: best possible, ours, others."""
    rng = random.Random(60)
    durations = [rng.gauss(60, 5) for _ in range(3000)]
    costs = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.16, 0.25, 0.5, 1, 2, 4]
    figure, axes = plt.subplots()
    belief = Belief.about(60, 0.085)
    for name, color, style, policy in (
        ("best possible", IDEAL, "-", lambda cost: at_ages(optimum(Lognormal(60, 5 / 60), cost))),
        ("ours, at a price", OURS, "--", lambda cost: informed(belief, cost)),
    ):
        results = [simulate(policy(cost), durations) for cost in costs]
        axes.plot(
            [r.mean_requests for r in results],
            [r.mean_delay for r in results],
            style,
            color=color,
            label=name,
        )
    ours = simulate(informed(belief), durations)
    axes.plot(ours.mean_requests, ours.mean_delay, "o", color=OURS, label="ours, by default")
    for peer in PEERS:
        result = simulate(peer.policy, durations[:1000])
        axes.plot(result.mean_requests, result.mean_delay, "s", color=OTHERS, markersize=4)
        axes.annotate(
            peer.name,
            (result.mean_requests, result.mean_delay),
            xytext=(5, 4),
            textcoords="offset points",
            color=OTHERS,
            fontsize=8.5,
        )
    axes.set(xscale="log", yscale="log", xlabel="requests for one job", ylabel="noticed late by, s")
    axes.set_xticks(
        [2, 5, 10, 20, 50, 100, 200, 400], labels=["2", "5", "10", "20", "50", "100", "200", "400"]
    )
    axes.set_yticks([0.1, 0.2, 0.5, 1, 2, 5, 10], labels=["0.1", "0.2", "0.5", "1", "2", "5", "10"])
    axes.minorticks_off()
    axes.legend(frameon=False)
    save(figure, "polling-frontier")


if __name__ == "__main__":
    with mpl.rc_context(STYLE):
        poll_times()
        gaps()
        frontier()
