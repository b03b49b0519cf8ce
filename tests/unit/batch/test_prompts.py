"""Many prompts at once: a limited number in flight, each paid once, each handed back once."""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace

import pytest

from ltxv_nb.batch import prompts
from ltxv_nb.batch.prompts import as_they_end
from ltxv_nb.errors import InsufficientCreditsError, RequestError, SubmissionUnknown


class FakeJob:
    """Ends when told to."""

    def __init__(self, prompt, *, ended=False):
        self.prompt, self.to_be_watched = prompt, True
        self._ended, self._listeners = ended, []

    def done(self):
        return self._ended

    def on_change(self, listener):
        self._listeners.append(listener)
        return lambda: None

    def end(self):
        self._ended = True
        for listener in list(self._listeners):
            listener(self)


class Desk:
    def __init__(self):
        self.jobs, self.arrived = {}, threading.Condition()

    def submit(self, prompt):
        with self.arrived:
            job = self.jobs[prompt] = FakeJob(prompt)
            self.arrived.notify_all()
        return job

    def wait_for(self, prompt):
        with self.arrived:
            assert self.arrived.wait_for(lambda: prompt in self.jobs, 5)
        return self.jobs[prompt]


def test_jobs_come_back_in_the_order_in_which_they_end():
    desk = Desk()
    jobs = as_they_end(desk.submit, ["a", "b", "c"], 3)
    ended = []

    def end():
        for prompt in ("b", "c", "a"):
            desk.wait_for(prompt)
        for prompt in ("b", "c", "a"):
            desk.jobs[prompt].end()

    thread = threading.Thread(target=end)
    thread.start()
    ended = [job.prompt for job in jobs]
    thread.join()
    assert ended == ["b", "c", "a"]


def test_no_more_than_the_limit_are_under_way_and_prompts_are_read_as_needed():
    desk, read = Desk(), []

    def prompts():
        for number in range(10):
            read.append(number)
            yield str(number)

    jobs = as_they_end(desk.submit, prompts(), 2)
    assert read == []
    for number in range(10):
        thread = threading.Thread(target=lambda number=number: desk.wait_for(str(number)).end())
        thread.start()
        assert next(jobs).prompt == str(number)
        thread.join()
        assert len(read) <= number + 2
    with pytest.raises(StopIteration):
        next(jobs)
    assert len(desk.jobs) == 10


def test_a_job_that_has_ended_already_is_handed_back_once():
    jobs = as_they_end(lambda prompt: FakeJob(prompt, ended=True), ["a", "b"], 1)
    assert [job.prompt for job in jobs] == ["a", "b"]


def test_an_end_that_two_threads_see_at_once_is_one_end():
    class Eager(FakeJob):
        def on_change(self, listener):
            super().on_change(listener)
            self.end()
            return lambda: None

    jobs = as_they_end(Eager, ["a", "b", "c"], 2)
    assert sorted(job.prompt for job in jobs) == ["a", "b", "c"]


def test_a_refused_prompt_ends_the_iteration_with_its_error():
    def submit(prompt):
        if prompt == "b":
            raise InsufficientCreditsError("No credits left.", status_code=403)
        return FakeJob(prompt, ended=True)

    jobs = as_they_end(submit, ["a", "b", "c"], 1)
    assert next(jobs).prompt == "a"
    with pytest.raises(InsufficientCreditsError):
        next(jobs)


def test_a_job_of_unknown_outcome_is_handed_back_and_the_others_go_on():
    lost = FakeJob("lost")

    def submit(prompt):
        if prompt == "lost":
            raise SubmissionUnknown("Who knows.", lost)
        return FakeJob(prompt, ended=True)

    assert {job.prompt for job in as_they_end(submit, ["a", "lost", "b"], 1)} == {"a", "lost", "b"}


def test_a_job_that_is_no_longer_watched_does_not_hold_up_the_rest():
    def submit(prompt):
        job = FakeJob(prompt, ended=prompt != "stopped")
        job.to_be_watched = prompt != "stopped"
        return job

    assert len(list(as_they_end(submit, ["stopped", "b"], 1))) == 2


def test_an_interrupt_comes_through_where_it_cannot_wake_a_wait_without_end(monkeypatch):
    """On Windows Ctrl-C is noticed only between two waits."""
    looks = []

    class Windows(queue.SimpleQueue):
        def get(self, block=True, timeout=None):
            assert timeout is not None, "this wait would never be interrupted"
            looks.append(timeout)
            if len(looks) == 3:
                job.end()  # so that the pool's own threads are over, too
                raise KeyboardInterrupt
            return super().get(block, timeout)

    monkeypatch.setattr(prompts, "queue", SimpleNamespace(SimpleQueue=Windows, Empty=queue.Empty))
    monkeypatch.setattr(prompts, "LOOK_UP", 0.01)
    job = FakeJob("a")
    with pytest.raises(KeyboardInterrupt):
        next(as_they_end(lambda prompt: job, ["a"], 1))
    assert looks == [0.01] * 3


def test_no_prompts_are_no_jobs():
    assert list(as_they_end(Desk().submit, [], 4)) == []


@pytest.mark.parametrize("concurrency", [0, -1])
def test_a_limit_below_one_is_refused_before_anything_is_sent(concurrency):
    with pytest.raises(RequestError, match="at least 1"):
        as_they_end(Desk().submit, ["a"], concurrency)


def test_the_clients_map_submits_each_prompt_once(desk):
    def answer(request):
        made = desk.service(request)
        for identifier in desk.service.generations:
            desk.service.complete(identifier)
        return made

    desk.rig.wire.answer = answer
    over = threading.Event()

    def drive():
        while not over.is_set():
            desk.rig.run(1)

    jobs = desk.client.map((f"Lighthouse {number}" for number in range(6)), concurrency=2, duration=6)
    thread = threading.Thread(target=drive)
    thread.start()
    ended = [job.status for job in jobs]
    over.set()
    thread.join()
    assert ended == ["completed"] * 6
    assert len(desk.posts) == 6
