"""What is slow, or all from one host, leaves threads to the rest."""

from __future__ import annotations

import pytest
from fakes import Queued

from ltxv_nb.engine import tasks, tracker
from ltxv_nb.engine.lanes import Lanes, host_of


def test_no_more_of_a_lane_run_than_its_share_and_the_others_of_it_follow():
    queue, ran = Queued(), []
    lanes = Lanes(queue)
    for number in range(5):
        lanes.submit("slow", 2, ran.append, number)
    lanes.submit("quick", 2, ran.append, "quick")
    assert [args[0] for _, args in queue.tasks] == ["slow", "slow", "quick"]
    queue.run()
    assert ran == [0, 1, "quick", 2, 3, 4]


def test_a_task_that_fails_gives_its_turn_to_the_next():
    queue, ran = Queued(), []
    lanes = Lanes(queue)
    lanes.submit("a", 1, lambda: 1 / 0)
    lanes.submit("a", 1, ran.append, "next")
    with pytest.raises(ZeroDivisionError):
        queue.run()
    queue.run()
    assert ran == ["next"]


def test_a_lane_that_is_over_is_forgotten():
    queue = Queued()
    lanes = Lanes(queue)
    for host in range(100):
        lanes.submit(host, 1, lambda: None)
    queue.run()
    assert not lanes._running
    assert not lanes._waiting


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://CDN.example.test:443/a.mp4", "cdn.example.test"),
        ("http://[::1]/a.mp4", "::1"),
        ("http://[::1/a.mp4", ""),
        ("nonsense", ""),
        (None, ""),
    ],
)
def test_downloads_are_sorted_by_the_host_of_their_address(url, host):
    assert host_of(url) == host


def lanes_in_use(rig):
    """Which lanes the polls that wait for a thread are in; none is that of a quick one."""
    return [args[0] if args and isinstance(args[0], str) else None for _, args in rig.polls.tasks]


def test_polls_of_quick_jobs_need_no_turn_and_those_of_slow_ones_share_a_third(rig):
    jobs = [rig.running() for _ in range(12)]
    for job in jobs:
        rig.watch(job)
    for number, one in enumerate(rig.tracker._tracked.values()):
        one.slow = (None, True, False)[number % 3]
        rig.tracker.again(one, 0.0)
    rig.polls.tasks.clear()
    rig.tracker.step()
    handed_out = lanes_in_use(rig)
    assert handed_out.count("slow") == tracker.SLOW_POLLS == tracker.POLL_THREADS // 3
    assert handed_out.count("first") == tracker.FIRST_POLLS
    assert handed_out.count(None) == 4
    assert tracker.DOWNLOADS_PER_HOST == tracker.DOWNLOAD_THREADS // 3


def test_a_poll_that_took_long_is_slow_until_one_is_quick_again(rig):
    record = rig.running()
    rig.watch(record)
    (tracked,) = rig.tracker._tracked.values()
    fetch, patience, seconds = rig.api.fetch, [], [20.0]

    def slowly(*args, **options):
        patience.append(options["patience"])
        rig.clock.advance(seconds[0])
        return fetch(*args, **options)

    rig.api.fetch = slowly
    rig.tracker.tasks.poll(tracked)
    assert tracked.slow is True
    rig.tracker.tasks.poll(tracked)
    seconds[0] = 0.1
    rig.tracker.tasks.poll(tracked)
    assert tracked.slow is False
    assert patience == [tasks.FIRST_PATIENCE, tasks.PATIENCE, tasks.PATIENCE]
