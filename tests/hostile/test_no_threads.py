"""A moment in which the system has no thread to give costs nothing that is paid for."""

from __future__ import annotations

import threading

import pytest
from faults.fast import assert_books_agree, wait_until

from ltxv_nb.errors import LTXVError

PROMPT = "A lighthouse at dusk"


class Shortage:
    """Fails to start some of our threads: the n-th only, or all from the n-th on."""

    def __init__(self, monkeypatch):
        self.refused, self.count, self.refuses = [], 0, lambda _number: False
        start = threading.Thread.start

        def limited(thread):
            if not thread.name.startswith("ltxv-"):
                return start(thread)
            self.count += 1
            if self.refuses(self.count):
                self.refused.append(thread.name)
                raise RuntimeError("can't start new thread")
            return start(thread)

        monkeypatch.setattr(threading.Thread, "start", limited)

    def from_now(self, refuses):
        self.count, self.refuses = 0, refuses


@pytest.fixture
def shortage(monkeypatch):
    return Shortage(monkeypatch)


@pytest.mark.parametrize("moment", range(1, 7))
def test_one_thread_that_cannot_be_started_changes_nothing(client, service, shortage, moment):
    shortage.from_now(lambda number: number == moment)
    job = client.submit(PROMPT)
    assert job.result(20).path.exists()
    assert service.prompts() == [PROMPT]
    assert_books_agree(client, service)


def test_without_any_thread_a_submission_returns_its_job_and_says_that_it_is_not_tracked(
    client, service, shortage
):
    shortage.from_now(lambda _number: True)
    job = client.submit(PROMPT)
    assert shortage.refused
    assert job.generation_id == service.billed[0].id
    assert not job.watched
    assert "not tracked" in job.describe()
    shortage.from_now(lambda _number: False)
    assert job.watched, "to ask is to try again"
    assert job.result(20).path.exists()
    assert_books_agree(client, service)


@pytest.mark.parametrize(
    "chance",
    [
        lambda client, job: client.submit("Another prompt"),
        lambda client, job: client.resume(),
        lambda client, job: job.watch(),
        lambda client, job: client.jobs()[0].watched,
    ],
    ids=["the next submission", "a resume", "a watch", "a look"],
)
def test_tracking_starts_at_the_next_chance(client, service, shortage, chance):
    shortage.from_now(lambda _number: True)
    job = client.submit(PROMPT)
    shortage.from_now(lambda _number: False)
    chance(client, job)
    wait_until(job.done)
    assert job.video is not None
    wait_until(lambda: all(one.done() for one in client.jobs()))
    assert_books_agree(client, service)


def test_a_wait_goes_on_until_there_are_threads_again(client, service, shortage):
    shortage.from_now(lambda number: number <= 6)
    assert client.generate(PROMPT, timeout=30).path.exists()
    assert len(shortage.refused) == 6
    assert_books_agree(client, service)


def test_a_lost_answer_is_looked_up_once_there_are_threads_again(client, service, shortage):
    from faults import faults

    service.logged = lambda _task: False
    service.meet("submit", faults.reset(bills=True))
    shortage.from_now(lambda _number: True)
    with pytest.raises(LTXVError) as caught:
        client.submit(PROMPT)
    shortage.from_now(lambda _number: False)
    service.logged = lambda _task: True
    assert caught.value.job.result(20).path.exists()
    assert_books_agree(client, service)


@pytest.mark.parametrize(
    "refuses", [lambda number: True, lambda number: number % 2 == 0], ids=["all", "half"]
)
def test_many_prompts_are_submitted_once_each_although_threads_are_short(client, service, shortage, refuses):
    prompts = [f"Prompt {number}" for number in range(6)]
    shortage.from_now(lambda number: number <= 12 and refuses(number))
    jobs = list(client.map(prompts, concurrency=3))
    assert sorted(job.record.prompt for job in jobs) == sorted(service.prompts()) == prompts
    assert all(job.video for job in jobs)
    assert_books_agree(client, service)
