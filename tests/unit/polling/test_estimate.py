"""How long a clip will take, for people: where it comes from, how honest it is, what it says."""

import math
import random
from statistics import geometric_mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.models import find_model
from ltxv_nb.polling.estimate import History, belief, expected, workload
from ltxv_nb.polling.schedule import Belief
from ltxv_nb.polling.simulate import lognormal, percentiles

MINUTE = {"p50": 60_000, "p75": 64_000, "p90": 68_000, "p99": 75_000}
seconds = st.floats(0.01, 1e5)
histories = st.lists(
    st.builds(
        lambda low, more, ago, same, work: History(low, low + more, ago, same, work),
        st.floats(0, 1e4), st.floats(0.01, 1e4), st.floats(0, 1000), st.booleans(), st.floats(0.1, 20),
    ),
    max_size=12,
)  # fmt: skip


def exactly(*times, ago=0.0, same=True, work=1.0):
    return [History(0.99 * t, 1.01 * t, ago, same, work) for t in times]


@pytest.mark.parametrize(("model", "measured"), [("ltxv-2", 70), ("ltxv/ltxv-2-fast", 58.9)])
def test_a_first_clip_is_about_a_minute_as_the_vendor_measured(model, measured):
    first = expected(belief(vendor_seconds=find_model(model).seconds))
    assert first.seconds == pytest.approx(measured, rel=0.02)
    assert first.words() == "about a minute"
    assert first.source == "the vendor's two measurements"


def test_the_service_knows_better_than_the_vendor():
    told = expected(belief(vendor_seconds=70.0, percentiles={name: 0.5 * ms for name, ms in MINUTE.items()}))
    assert told.seconds == pytest.approx(30, rel=0.02)
    assert told.source == "this model's recent times, as the service reports them"


def test_own_clips_know_better_than_the_service():
    told = expected(belief(vendor_seconds=70.0, percentiles=MINUTE, history=exactly(*[45.0, 46.0, 44.0] * 5)))
    assert told.seconds == pytest.approx(45, rel=0.05)
    assert told.source == "your last 15 clips like this"


def test_one_own_clip_is_said_to_be_one():
    assert belief(vendor_seconds=70.0, history=exactly(45)).source == "your last clip like this"
    assert (
        belief(vendor_seconds=70.0, history=exactly(45, 50, same=False)).source
        == "your last 2 clips of this model"
    )


def test_recent_clips_count_more_than_old_ones():
    old, new = exactly(*[100.0] * 6, ago=60), exactly(*[50.0] * 3, ago=0.1)
    assert belief(vendor_seconds=70.0, history=old + new).median < 60


def test_clips_of_other_settings_are_scaled_and_count_less():
    large = workload(10, (3840, 2160), 50)
    scaled = belief(vendor_seconds=70.0, history=exactly(*[200.0] * 5, same=False, work=large))
    assert 40 < scaled.median < 120
    alike = belief(
        vendor_seconds=70.0, history=exactly(*[200.0] * 5, same=False, work=large) + exactly(*[50.0] * 5)
    )
    assert alike.median < scaled.median


def test_a_larger_clip_is_expected_to_take_longer_and_with_more_doubt():
    plain = expected(belief(vendor_seconds=70.0, work=workload(6, (1920, 1080))))
    large = expected(belief(vendor_seconds=70.0, work=workload(10, (3840, 2160), 50)))
    assert 2 * plain.seconds < large.seconds < 20 * plain.seconds
    assert large.high / large.low > 2 * plain.high / plain.low


def test_the_work_in_a_clip_is_measured_by_the_vendors_test_clip():
    assert workload() == workload(6, (1920, 1080), 25) == 1
    assert workload(6, (3840, 2160), 50) == 8


def test_a_late_question_does_not_make_a_clip_seem_slow():
    rng = random.Random(3)
    durations = lognormal(50, 0.1, 40, rng)
    lows = [t - 12 * rng.random() for t in durations]
    known = belief(vendor_seconds=70.0, history=[History(low, low + 12) for low in lows])
    assert geometric_mean(low + 12 for low in lows) > 1.1 * geometric_mean(durations)
    assert known.median == pytest.approx(geometric_mean(durations), rel=0.03)


def test_a_night_with_the_laptop_closed_says_nothing_of_the_clip():
    usual = exactly(*[50.0, 52.0, 48.0, 51.0])
    asleep = belief(vendor_seconds=70.0, history=[*usual, History(20.0, 30_000.0)])
    assert asleep.median == pytest.approx(50, rel=0.08)


def test_one_odd_clip_does_not_spoil_the_expectation():
    odd = belief(vendor_seconds=70.0, history=exactly(*[50.0, 52.0, 48.0, 51.0, 49.0] * 3, 900.0))
    assert odd.median == pytest.approx(50, rel=0.06)
    assert odd.survival(300) > 0.002


def test_percentiles_of_something_else_give_way_to_two_own_clips():
    accepting = {"p50": 800, "p75": 900, "p90": 1000, "p99": 1300}
    assert belief(vendor_seconds=70.0, percentiles=accepting).survival(30) > 0.05
    assert belief(
        vendor_seconds=70.0, percentiles=accepting, history=exactly(68, 71)
    ).median == pytest.approx(70, rel=0.1)


@pytest.mark.parametrize(
    "nonsense",
    [{}, {"p50": 0}, {"p50": -5.0}, {"p50": math.nan}, {"p50": math.inf}, {"p50": "60000"}, {"p50": True},
     {"p50": 60_000, "p75": 50_000}, {"p50": None, "p90": None}],
)  # fmt: skip
def test_percentiles_that_make_no_sense_are_left_aside(nonsense):
    assert belief(vendor_seconds=70.0, percentiles=nonsense) == belief(vendor_seconds=70.0)


def test_a_window_of_one_clip_does_not_feign_certainty():
    same = belief(vendor_seconds=70.0, percentiles=dict.fromkeys(MINUTE, 60_000))
    assert same.quantile(0.9) > 1.15 * same.quantile(0.1)


def test_times_that_make_no_sense_are_left_aside():
    nonsense = [History(5, 3), History(-1, 4), History(0, 0), History(1, math.inf), History(math.nan, 3)]
    assert belief(vendor_seconds=70.0, history=nonsense) == belief(vendor_seconds=70.0)
    assert belief(vendor_seconds=70.0, history=nonsense).source == "the vendor's two measurements"


def test_a_model_nobody_measured_is_a_guess_and_says_so():
    told = expected(belief(vendor_seconds=None))
    assert "guess" in told.source
    assert told.high > 3 * told.low


@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_eight_of_ten_clips_end_within_the_range(sigma):
    rng = random.Random(5)
    inside = 0
    for _ in range(40):
        told = expected(belief(vendor_seconds=70.0, history=exactly(*lognormal(40, sigma, 15, rng))))
        inside += sum(told.low <= t <= told.high for t in lognormal(40, sigma, 50, rng))
    assert 0.74 < inside / 2000 < 0.9


@given(histories, st.floats(0, 1e5))
def test_whatever_the_past_the_range_is_in_order(history, age):
    told = expected(belief(vendor_seconds=70.0, history=history))
    assert 0 < told.low <= told.seconds <= told.high < math.inf
    assert told.words(age)


@pytest.mark.parametrize(
    ("known", "age", "words"),
    [
        (Belief.about(60, 0.08), 0, "about 60 s"),
        (Belief.about(4, 0.05), 0, "about 4 s"),
        (Belief.about(63, 0.18), 0, "50–80 s"),
        (Belief.about(150, 0.3), 0, "100–240 s"),
        (Belief.about(300, 0.05), 0, "about 5 min"),
        (Belief.about(300, 0.4), 0, "3–8 min"),
        (Belief.about(4, 0.3), 0, "3–6 s"),
        (Belief.about(4, 0.3), 5, "3–6 s"),
        (Belief.about(10, 1.0), 0, "up to 35 s"),
        (Belief.about(60, 0.08), 80, "a little longer than usual"),
        (Belief.about(60, 0.08), 200, "much longer than usual"),
    ],
)
def test_the_words_are_those_of_a_person(known, age, words):
    assert expected(known).words(age) == words


def test_jobs_which_know_about_the_same_share_their_plans():
    rng = random.Random(8)
    durations = lognormal(60, 0.1, 400, rng)
    known = {belief(vendor_seconds=70.0, percentiles=percentiles(durations[i:])) for i in range(40)}
    assert len(known) <= 8


@pytest.mark.parametrize(
    "percentiles",
    [
        {"p75": 5e-324, "p90": 5e-324},
        {"p75": 1e15, "p90": 1e300, "p99": 0},
        {"p50": 0, "p75": 1e9, "p90": 1e300},
    ],
)
def test_figures_beyond_all_reason_are_left_aside(percentiles):
    ancient = History(30, 80, ago_days=100_000)
    for history in ((), (ancient,), (ancient, History(1e-9, 1e8, 0.0))):
        told = expected(belief(vendor_seconds=70.0, percentiles=percentiles, history=history))
        assert 0 < told.low <= told.high < 86_400
