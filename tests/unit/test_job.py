"""One generation in the hand: waiting, stopping, listening, and words for where it is."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from fakes import broken_download, reply

from ltxv_nb.errors import (
    DownloadError,
    GenerationFailed,
    GenerationTimeout,
    SubmissionUnknown,
    WatchStopped,
)
from ltxv_nb.interrupts import interrupt_note
from ltxv_nb.job import Job
from ltxv_nb.notebook.output.outcome import outcome_text
from ltxv_nb.notebook.output.status import snapshot

PROMPT = "A lighthouse"


@pytest.fixture
def job(desk):
    return desk.client.submit(PROMPT, duration=6)


def in_thread(act):
    """Run in a thread; returns a function that gives back what came of it."""
    outcome = []

    def run():
        try:
            outcome.append(act())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def join():
        thread.join(5)
        assert not thread.is_alive()
        return outcome[0]

    return join


def waiting(job):
    """Whether someone waits for the job."""
    return bool(job._changed._waiters)


def test_a_wait_that_is_over_says_how_to_get_back_and_the_job_goes_on(desk, job):
    with pytest.raises(GenerationTimeout) as caught:
        job.result(timeout=0)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.job is job
    assert f"Job {job.id} is not finished after 0 s. The generation continues and will be billed." in str(
        caught.value
    )
    assert f"%ltxv wait {job.id}" in str(caught.value)
    assert f"client.job('{job.id}').result()" in str(caught.value)
    assert job.watched
    desk.finish(job)
    assert job.result(timeout=0).path.exists()


def test_a_waiting_thread_gets_the_video(desk, job):
    join = in_thread(job.result)
    while not waiting(job):
        pass
    desk.finish(job)
    assert join() == job.video


def test_a_failed_generation_is_raised_with_the_services_words_and_the_job(desk, job):
    desk.service.say(job.generation_id, status="error", error={"name": "Unsafe", "message": "no dragons"})
    desk.rig.run(120)
    with pytest.raises(GenerationFailed, match="Unsafe: no dragons") as caught:
        job.result()
    assert caught.value.job is job
    assert job.wait() is job
    assert (job.status, job.video, job.done()) == ("error", None, True)
    assert "failed" in job.describe()
    assert "Unsafe: no dragons" in job.describe()


def test_a_download_that_was_given_up_is_raised_and_waiting_again_tries_again(desk, job):
    desk.rig.saver.faults.extend([broken_download()] * 3)
    desk.service.complete(job.generation_id)
    desk.rig.run(600)
    assert isinstance(job.error, DownloadError)
    assert job.error.job is job
    assert job.status == "completed"
    assert job.video is None
    assert "finished, not downloaded" in job.describe()
    join = in_thread(job.result)
    while not waiting(job):
        pass
    desk.rig.run(60)
    assert join().path.exists()
    assert job.error is None


def test_stopping_ends_the_wait_but_not_the_generation(desk, job):
    join = in_thread(job.result)
    while not waiting(job):
        pass
    job.stop()
    error = join()
    assert isinstance(error, WatchStopped)
    assert error.job is job
    assert "The generation continues and will be billed." in str(error)
    assert not job.watched
    assert not job.done()
    assert "not tracked here" in job.describe()
    desk.service.complete(job.generation_id)
    job.watch()
    desk.rig.run(120)
    assert job.result().path.exists()


def what_is_said_of_leaving(job, folder):
    """What a time-out, an interrupt and a stop say of a job, each in its place."""
    texts = [str(job.timed_out(600)), interrupt_note(job)]
    job.stop()
    return [*texts, str(job.stopped()), snapshot(job).line(), outcome_text(job, folder)]


def test_whoever_leaves_a_running_job_is_told_that_it_is_billed(job, tmp_path):
    for text in what_is_said_of_leaving(job, tmp_path):
        assert "The generation continues and will be billed." in text


def test_nobody_is_told_that_a_job_is_billed_which_the_service_may_not_have(desk, tmp_path):
    desk.service.on_post.append("lose")
    desk.service.hide_rows = True
    with pytest.raises(SubmissionUnknown) as caught:
        desk.client.submit(PROMPT)
    assert "keeps looking" in str(caught.value)
    *texts, outcome = what_is_said_of_leaving(caught.value.job, tmp_path)
    assert "keeps looking" not in outcome, "nobody does, once the tracking was stopped"
    for text in texts:
        assert "The service may have accepted it; its log will tell whether it is billed." in text
    assert "may or may not have accepted" in outcome
    assert "continues and will be billed" not in outcome


def test_nobody_is_told_that_a_job_is_billed_which_is_still_being_sent(desk, tmp_path):
    record = desk.rig.record()
    desk.client.journal.reserve(record)
    job = Job(desk.client, record)
    assert job.status == "submitting"
    for text in what_is_said_of_leaving(job, tmp_path):
        assert "The service may have accepted it; its log will tell whether it is billed." in text


def test_stopping_what_has_ended_changes_nothing(desk, job):
    desk.finish(job)
    job.stop()
    job.watch()
    assert job.done()
    assert job.result() == job.video


def test_await_gives_the_video_without_blocking_the_loop(desk, job):
    async def main():
        turns = 0
        waiter = asyncio.ensure_future(job_result())
        while not waiter.done():
            turns += 1
            if turns == 5:
                desk.finish(job)
            await asyncio.sleep(0)
        return await waiter, turns

    async def job_result():
        return await job

    video, turns = asyncio.run(main())
    assert video == job.video
    assert turns >= 5
    assert job._listeners == []


def test_await_raises_what_result_raises(desk, job):
    async def main():
        return await job

    desk.service.say(job.generation_id, status="error", error="no")
    desk.rig.run(120)
    with pytest.raises(GenerationFailed):
        asyncio.run(main())


def test_await_ends_when_someone_stops_the_watching(desk, job):
    async def main():
        waiter = asyncio.ensure_future(job._result_async())
        await asyncio.sleep(0)
        job.stop()
        await waiter

    with pytest.raises(WatchStopped):
        asyncio.run(main())


def test_a_cancelled_await_leaves_the_job_going(desk, job):
    async def main():
        waiter = asyncio.ensure_future(job._result_async())
        await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter

    asyncio.run(main())
    assert job.watched
    assert job._listeners == []
    desk.finish(job)
    assert job.done()


def test_every_change_is_heard_until_one_unsubscribes(desk, job):
    heard, never = [], []
    unsubscribe = job.on_change(lambda job: heard.append(job.status))
    job.on_change(never.append)()
    desk.service.say(job.generation_id, status="generating")
    desk.rig.run(60)
    desk.finish(job)
    assert [word for word in ("generating", "downloading", "completed") if word in heard] == [
        "generating",
        "downloading",
        "completed",
    ]
    count = len(heard)
    unsubscribe()
    unsubscribe()
    job.take(job._news)
    assert len(heard) == count
    assert never == []


def test_a_listener_that_fails_does_not_keep_the_others_from_hearing(desk, job, caplog):
    def fail(_job):
        raise ZeroDivisionError

    heard = []
    job.on_change(fail)
    job.on_change(lambda job: heard.append(job.status))
    with caplog.at_level(logging.ERROR, "ltxv_nb"):
        desk.finish(job)
    assert heard[-1] == "completed"
    assert f"A listener of job {job.id} failed" in caplog.text
    assert job.done()


def test_a_service_that_is_gone_shows_as_unreachable_and_not_as_an_end(desk, job):
    desk.service.on_get.extend([reply(503, {"message": "down"})] * 1000)
    desk.rig.run(1800)
    assert job.unreachable
    assert not job.done()
    assert "unreachable" in job.describe()
    assert "down" in job.trouble
    desk.service.on_get.clear()
    desk.finish(job)
    assert not job.unreachable
    assert job.trouble is None


def test_elapsed_counts_from_the_submission_and_stands_still_at_the_end(desk, job):
    desk.clock.advance(5)
    assert job.elapsed() == pytest.approx(5)
    desk.finish(job)
    took = job.elapsed()
    assert 5 < took < 125
    desk.clock.advance(1000)
    assert job.elapsed() == took


def test_elapsed_of_a_job_that_failed_stands_still_too(desk, job):
    desk.service.say(job.generation_id, status="error", error="no")
    desk.rig.run(120)
    took = job.elapsed()
    desk.clock.advance(1000)
    assert job.elapsed() == took > 0


def test_what_is_known_of_it_is_there_to_read(desk, job):
    desk.service.say(job.generation_id, status="generating", meta={"usage": {"credits_used": 504_000}})
    desk.rig.run(60)
    assert job.backend == "aimlapi"
    assert job.cost_usd == pytest.approx(0.252)
    assert job.created_at == job.accepted_at
    assert job.finished_at is None
    assert job.downloaded is None
    assert job.request.duration == 6
    assert 0 < job.expected().low < job.expected().seconds < job.expected().high
    desk.finish(job)
    assert job.finished_at >= job.accepted_at
    assert repr(job) == f"Job({job.id!r}, completed)"
    assert str(job.video.path) in job.describe()


def test_how_far_a_download_is_can_be_read(desk, job):
    shares = []

    def during(_record, _should_stop, progress):
        for done in (0, 50, 100):
            desk.clock.advance(1)
            progress(done, 100)
            shares.append(job.downloaded)
        desk.clock.advance(1)
        progress(100, None)
        shares.append(job.downloaded)

    desk.rig.saver.during = during
    desk.finish(job)
    assert shares == [0.0, 0.5, 1.0, None]


def test_a_description_is_one_line(desk, job):
    desk.service.say(job.generation_id, status="error", error="one\ntwo\x1b[31m")
    desk.rig.run(120)
    assert job.describe().isprintable()
