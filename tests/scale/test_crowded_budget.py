"""What a thousand jobs may ask in a minute, who comes first, and that nobody is left behind."""

from __future__ import annotations

import random
import time
from statistics import fmean

import pytest

from ltxv_nb.journal import State
from ltxv_nb.polling.priority import PollQueue
from ltxv_nb.polling.schedule import TokenBucket

from .crowd import Crowd, forced

DAY = 86_400.0


def filled(count: int, *, over: float, mean: float = 60.0, sigma: float = 5.0, **options) -> Crowd:
    """Jobs submitted evenly over some seconds, and watched to the end."""
    rng, crowd = random.Random(7), Crowd(mean=mean, sigma=sigma, **options)
    begun = crowd.clock.now
    for number in range(count):
        at = begun + over * number / count
        crowd.run(at)
        crowd.clock.now = at
        crowd.submit(rng.gauss(mean, sigma))
    crowd.run(begun + DAY)
    crowd.begun = begun
    return crowd


@pytest.fixture(scope="module")
def thousand() -> Crowd:
    return filled(1000, over=10.0)


def test_a_thousand_jobs_never_ask_more_than_the_service_allows(thousand):
    assert thousand.most_reads() <= 170


def test_a_thousand_jobs_all_end(thousand):
    assert len(thousand.noticed) == 1000


def test_a_thousand_jobs_are_noticed_no_later_than_the_budget_forces(thousand):
    least = forced(list(thousand.ends.values()), thousand.begun)
    assert fmean(thousand.lateness()) <= 1.2 * least


def test_nobody_is_left_behind_in_a_crowd(thousand):
    assert max(thousand.lateness()) <= 1.15 * 1000 / 2.5


def test_a_steady_stream_near_the_budget_is_noticed_in_seconds():
    crowd = filled(400, over=240.0)  # 1.7 new jobs a second, 2.5 questions a second
    assert crowd.most_reads() <= 170
    assert fmean(crowd.lateness()) < 5
    assert max(crowd.lateness()) < 30


def test_few_jobs_feel_nothing_of_the_budget():
    few, unlimited = filled(5, over=0.1), filled(5, over=0.1, reads_per_minute=1e6)
    assert fmean(few.lateness()) < 2.0
    assert fmean(few.asked.values()) == pytest.approx(fmean(unlimited.asked.values()), rel=0.5)


def test_a_job_that_outlives_everything_known_is_still_asked_about_in_a_crowd():
    crowd = Crowd()
    slow = crowd.submit(400.0)
    rng, begun = random.Random(3), crowd.clock.now
    for number in range(900):
        crowd.run(begun + number / 1.8)
        crowd.clock.now = max(crowd.clock.now, begun + number / 1.8)
        crowd.submit(rng.gauss(60, 5))
    crowd.run(begun + DAY)
    assert crowd.noticed[slow.generation_id] - crowd.ends[slow.generation_id] < 300


def test_lookups_of_lost_submissions_share_the_budget():
    crowd = Crowd()
    for _ in range(300):
        crowd.submit(60.0)
    for number in range(200):
        crowd.submit(1e9, state=State.UNKNOWN, generation_id=None, created_at=crowd.clock.now - number)
    crowd.ends.pop(None)
    crowd.run(crowd.clock.now + 600)
    assert crowd.logs_reads
    assert crowd.most_reads() <= 175
    assert len(crowd.noticed) == 300


def test_an_outage_does_not_end_in_a_stampede():
    crowd = Crowd()
    begun = crowd.clock.now
    for _ in range(200):
        crowd.submit(60.0)
    crowd.refuse_until = begun + 180
    crowd.run(begun + DAY)
    assert crowd.most_reads() <= 170
    assert len(crowd.noticed) == 200


def test_the_soonest_to_finish_goes_first():
    asked = PollQueue(lambda item: item, lambda _ticket, _item: True)
    bucket = TokenBucket(rate=1.0, burst=2)
    for ticket, chance in enumerate([0.9, 0.2, 0.95, 0.85]):
        asked.add(0.0, ticket, chance)
    assert asked.take(1.0, bucket) == [0.95, 0.9]
    assert asked.take(asked.next_at(1.0, bucket), bucket) == [0.85]


def test_watching_a_thousand_jobs_costs_little_time():
    begun = time.process_time()
    crowd = filled(1000, over=10.0)
    played = max(crowd.noticed.values()) - crowd.begun
    assert time.process_time() - begun < 0.05 * played
