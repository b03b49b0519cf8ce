"""When to ask next: the rule itself, without any clock."""

import itertools
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.polling import schedule
from ltxv_nb.polling.schedule import Belief, LogLogistic, Lognormal, TokenBucket, after_failure, next_ask

beliefs = st.builds(
    Belief.about, st.floats(0.5, 5000), st.floats(0.05, 1.2), background=st.floats(0.001, 0.3)
)
unit = st.floats(0, 1, exclude_max=True)


def asks(belief, until, **options):
    """Return the ages of all questions about a job that is never finished."""
    ages = [0.0]
    while ages[-1] < until:
        ages.append(next_ask(belief, ages[-1], len(ages) - 1, **options))
    return ages[1:]


@given(beliefs, st.floats(0, 1e5), st.integers(0, 500), unit, st.sampled_from([0.01, 0.1, 0.5, 5]))
def test_the_next_question_is_later_than_the_last(belief, age, asked, jitter, cost):
    later = next_ask(belief, age, asked, cost=cost, jitter=jitter)
    assert later >= age + schedule.MIN_GAP * (1 - 1e-9)
    assert math.isfinite(later)


@pytest.mark.parametrize("cost", [None, 0.05, 0.25])
@given(belief=beliefs, jitter=unit)
def test_nothing_is_asked_before_the_first_percent_but_one_early_question(cost, belief, jitter):
    # Without a cost of its own the plan trusts its belief less, and its first percent comes sooner.
    first_percent = (belief.cautious() if cost is None else belief).quantile(0.01)
    ages = asks(belief, first_percent, cost=cost, jitter=jitter)
    before = [age for age in ages if age < first_percent * (1 - 1e-6)]
    assert len(before) <= 1
    assert all(age <= 1.25 * schedule.EARLY_AGE for age in before)


def test_an_early_question_catches_instant_failures_of_long_jobs():
    assert next_ask(Belief.about(120, 0.2), 0, 0) < 5
    assert next_ask(Belief.about(120, 0.2), 3, 1) > 30
    assert next_ask(Belief.about(120, 0.2), 3, 1, cost=0.1) > 60


def test_a_short_job_has_no_early_question():
    assert next_ask(Belief.about(4, 0.1), 0, 0) > 3


def test_questions_come_closest_where_the_end_is_most_likely():
    ages = asks(Belief.about(60, 0.1), 300)[1:]
    gaps = {b: b - a for a, b in itertools.pairwise(ages)}
    likely = min(gap for age, gap in gaps.items() if 55 < age < 75)
    assert likely < 1.6
    assert all(gap > 2 * likely for age, gap in gaps.items() if age < 50 or age > 100)


def test_gaps_follow_the_square_root_rule_where_questions_are_many():
    belief, cost = Belief(((1.0, Lognormal(600, 0.3)),)), 0.05
    ages = [age for age in asks(belief, 800, cost=cost) if 500 < age < 800]
    for a, b in itertools.pairwise(ages):
        assert b - a == pytest.approx(math.sqrt(2 * cost / belief.hazard((a + b) / 2)), rel=0.1)


def test_a_job_past_everything_known_decays_to_a_slow_steady_beat():
    ages = asks(Belief.about(60, 0.1), 20_000)
    gaps = [b - a for a, b in itertools.pairwise(ages) if a > 300]
    assert all(later >= earlier - 1e-6 for earlier, later in itertools.pairwise(gaps[::20]))
    assert gaps[-1] == pytest.approx(schedule.MAX_GAP)


def test_a_batch_does_not_march_in_step():
    belief = Belief.about(60, 0.1)
    first = sorted(next_ask(belief, 4, 1, jitter=i / 50) for i in range(50))
    assert first[-1] - first[0] > 0.5
    assert all(later - earlier < 0.5 for earlier, later in itertools.pairwise(first))


def test_a_dearer_request_means_fewer_questions():
    belief = Belief.about(60, 0.2)
    counts = [len(asks(belief, 90, cost=cost)) for cost in (0.05, 0.1, 0.25, 0.5, 2)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 2 * counts[-1]


@given(beliefs, st.floats(0.02, 0.98), st.floats(0, 1000))
def test_a_quantile_is_the_age_by_which_that_share_has_ended(belief, probability, age):
    t = belief.quantile(probability, age)
    assert t >= age
    ended = 1 - belief.survival(t) / belief.survival(age)
    assert ended == pytest.approx(probability, abs=2e-3)


@pytest.mark.parametrize("shape", [Lognormal(40, 0.3), LogLogistic(40)])
def test_the_density_is_the_slope_of_the_survival(shape):
    for t in (20, 40, 55, 90):
        slope = (shape.survival(t - 0.01) - shape.survival(t + 0.01)) / 0.02
        assert shape.density(t) == pytest.approx(slope, rel=1e-3)
    assert shape.survival(shape.median) == pytest.approx(0.5)
    assert (shape.survival(0), shape.density(0)) == (1, 0)


def test_a_retry_after_is_honoured_up_to_a_limit():
    assert 7 <= after_failure(1, 7, 0.5) <= 7.7
    assert after_failure(1, 1e9, 0) == schedule.RETRY_AFTER_CAP


@given(st.integers(1, 10_000), st.one_of(st.none(), st.floats(0, 1e6)), unit)
def test_waits_after_failures_are_never_instant_nor_endless(failures, retry_after, jitter):
    assert schedule.MIN_GAP <= after_failure(failures, retry_after, jitter) <= 1.1 * schedule.RETRY_AFTER_CAP


def test_waits_grow_with_consecutive_failures_and_spread_over_the_whole_range():
    assert after_failure(5, None, 0.5) > 4 * after_failure(1, None, 0.5)
    assert after_failure(4, None, 0.0) == schedule.MIN_GAP
    assert after_failure(40, None, 1.0) == pytest.approx(schedule.BACKOFF_CAP)


def test_no_minute_sees_more_than_170_requests():
    bucket, now, sent = TokenBucket(), 1000.0, []
    while now < 1400:
        now = bucket.ready_at(now)
        assert bucket.take(now)
        sent.append(now)
        if len(sent) == 100:
            now += 90
    busiest = max(sum(1 for other in sent if start <= other < start + 60) for start in sent)
    assert 150 <= busiest <= 171


@given(st.lists(st.floats(0, 5), max_size=80))
def test_a_request_goes_out_when_the_bucket_says_it_may(waits):
    bucket, now = TokenBucket(rate=2, burst=3), 0.0
    for wait in waits:
        now += wait
        ready = bucket.ready_at(now)
        assert now <= ready <= now + 0.5 + 1e-6
        assert bucket.take(now) == (ready == now)


def test_one_retry_after_holds_back_all_jobs_of_the_key():
    bucket = TokenBucket()
    bucket.hold_until(110.0)
    bucket.hold_until(105.0)
    assert bucket.ready_at(100.0) == 110.0
    assert not bucket.take(109.9)
    assert bucket.take(110.0)


def test_a_clock_that_steps_back_gives_no_extra_requests():
    bucket = TokenBucket(rate=1, burst=2)
    assert bucket.take(100.0)
    assert bucket.take(100.0)
    assert not bucket.take(50.0)
    assert bucket.ready_at(100.0) == pytest.approx(101.0, abs=1e-3)


def test_the_schedule_needs_no_heavy_package():
    import subprocess

    code = (
        "import sys, ltxv_nb.polling.schedule, ltxv_nb.polling.estimate, ltxv_nb.polling.simulate;"
        "sys.exit(bool({'numpy','requests','IPython','av','PIL'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
