"""Watching: patient with bad answers, sparing with questions, and never the owner of the truth."""

from __future__ import annotations

import logging
import threading

import pytest
import requests
from fakes import START, FakeClock, FakeService, Queued, Rig, broken_download, reply

from ltxv_nb.engine import tasks
from ltxv_nb.engine import tracker as tracker_module
from ltxv_nb.engine.lookup import NOT_YET_LISTED_SECONDS
from ltxv_nb.engine.pool import DaemonPool
from ltxv_nb.errors import DownloadError, JournalError
from ltxv_nb.journal import State
from ltxv_nb.journal.transitions import accepted, progressed
from ltxv_nb.media.download import Stopped
from ltxv_nb.media.part import DiskFull


def row(rig, record):
    return rig.journal.get(record.id)


# -- the ordinary way ------------------------------------------------------------------------------------


def test_a_generation_is_watched_until_its_video_is_on_disk(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.run(30)
    rig.service.complete(record.generation_id)
    rig.run(120)
    saved = row(rig, record)
    assert saved.state == State.SAVED
    assert saved.url == "https://cdn.example.test/clip.mp4"
    assert saved.media["width"] == 1920
    assert saved.owner is None
    assert news[-1].record == saved
    assert news[-1].watching is False
    assert news[-1].error is None
    assert len(rig.saver.saved) == 1


def test_listeners_hear_of_a_step_only_after_it_is_in_the_journal(rig):
    record = rig.running()
    seen = []
    rig.tracker.watch(record, lambda news: seen.append((news.record.state, row(rig, record).state)))
    rig.service.complete(record.generation_id)
    rig.run(120)
    assert (State.SAVED, State.SAVED) in seen
    assert all(told == written for told, written in seen)


@pytest.mark.parametrize("word", ["waiting", "active", "queued", "generating", "dreaming", "completed"])
def test_any_word_but_the_final_ones_means_not_yet(rig, word):
    record = rig.running()
    news = rig.watch(record)
    rig.service.say(record.generation_id, status=word)
    rig.run(300)
    assert news[-1].watching
    assert row(rig, record).state == State.RUNNING
    assert row(rig, record).status == word
    rig.service.complete(record.generation_id)
    rig.run(60)
    assert row(rig, record).state == State.SAVED


@pytest.mark.parametrize("word", ["completed", "complete", "COMPLETED"])
def test_both_words_for_the_end_are_known(rig, word):
    record = rig.running()
    rig.watch(record)
    rig.service.say(record.generation_id, status=word, video={"url": "https://cdn.example.test/a.mp4"})
    rig.run(120)
    assert row(rig, record).state == State.SAVED


def test_a_failed_generation_ends_with_the_services_words_and_no_download(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.service.say(record.generation_id, status="error", error={"name": "Unsafe", "message": "no dragons"})
    rig.run(120)
    ended = row(rig, record)
    assert (ended.state, ended.error, ended.owner) == (State.FAILED, "Unsafe: no dragons", None)
    assert news[-1].watching is False
    assert rig.saver.saved == []


def test_the_cost_that_is_told_late_is_written_down(rig):
    record = rig.running()
    rig.watch(record)
    rig.service.say(record.generation_id, status="generating", meta={"usage": {"tokens_used": 504_000}})
    rig.run(120)
    assert row(rig, record).usd == pytest.approx(0.252)


# -- bad answers -----------------------------------------------------------------------------------------

BAD = {
    "500": reply(500, {"message": "oops"}),
    "502 in HTML": reply(502, body=b"<html><title>Bad Gateway</title></html>"),
    "503": reply(503, {}),
    "504": reply(504, body=b""),
    "reset": requests.ConnectionError("aborted", ConnectionResetError()),
    "timeout": requests.ReadTimeout("slow"),
    "HTML with 200": reply(200, body=b"<html>captive portal</html>"),
    "cut off": reply(200, body=b'{"id": "fb'),
    "empty": reply(200, body=b""),
    "no generation": reply(200, ["x"]),
    "401": reply(401, {"message": "key"}),
    "403": reply(403, {"message": "credits"}),
    "404": reply(404, {"message": "not found"}),
    "429": reply(429, {"message": "slow down"}, headers={"Retry-After": "3"}),
    "400": reply(400, {"message": "what?"}),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_one_bad_answer_costs_nothing(rig, answer):
    record = rig.running()
    news = rig.watch(record)
    rig.service.on_get.append(answer)
    rig.service.complete(record.generation_id)
    rig.run(240)
    assert rig.service.on_get == type(rig.service.on_get)()
    assert row(rig, record).state == State.SAVED
    assert not any(one.unreachable for one in news)


BUSY = reply(429, {}, headers={"Retry-After": "60"})


@pytest.mark.parametrize("answer", [BAD["500"], BAD["reset"], BUSY, BAD["HTML with 200"]])
def test_a_service_that_is_gone_for_hours_is_unreachable_and_the_job_comes_back(rig, answer):
    record = rig.running()
    news = rig.watch(record)
    rig.service.on_get.extend([answer] * 10_000)
    rig.run(3 * 3600)
    assert news[-1].unreachable
    assert news[-1].watching
    assert news[-1].trouble
    assert row(rig, record).state == State.RUNNING
    assert rig.service.polls < 400, "a service in trouble is not hammered"
    rig.service.on_get.clear()
    rig.service.complete(record.generation_id)
    rig.run(600)
    assert row(rig, record).state == State.SAVED
    assert not news[-1].unreachable
    assert news[-1].trouble is None


def test_a_few_bad_answers_in_a_row_are_not_yet_unreachable(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.service.on_get.extend([BAD["500"]] * 3)
    rig.run(600)
    assert not any(one.unreachable for one in news)
    assert any(one.trouble for one in news)
    assert news[-1].trouble is None


def test_a_404_soon_after_the_submission_is_quiet_and_a_late_one_is_trouble_but_no_end(rig):
    record = rig.running()
    del rig.service.generations[record.generation_id]
    news = rig.watch(record)
    rig.run(NOT_YET_LISTED_SECONDS - 60)
    assert rig.service.polls > 2
    assert all(one.trouble is None and not one.unreachable for one in news)
    rig.run(3600)
    assert "404" in news[-1].trouble
    assert news[-1].watching
    rig.service.complete(record.generation_id)
    rig.run(600)
    assert row(rig, record).state == State.SAVED


@pytest.mark.parametrize("value", ["40", "Mon, 21 Sep 2026 14:14:40 GMT"])
def test_retry_after_holds_back_every_question_of_the_key(rig, value):
    records = [rig.running() for _ in range(3)]
    for record in records:
        rig.watch(record)
    rig.service.on_get.append(reply(429, {}, headers={"Retry-After": value}))
    rig.until(lambda: rig.service.polls)
    polls, at = rig.service.polls, rig.clock.now
    rig.run(25)
    assert rig.service.polls <= polls + 2, "only those that were already on their way"
    rig.run(300)
    assert rig.service.polls > polls + 2
    assert rig.clock.now > at + 40


def test_a_retry_after_of_a_day_is_not_believed(rig):
    record = rig.running()
    rig.watch(record)
    rig.service.on_get.append(reply(429, {}, headers={"Retry-After": "86400"}))
    rig.service.complete(record.generation_id)
    rig.run(900)
    assert row(rig, record).state == State.SAVED


# -- budget and schedule ---------------------------------------------------------------------------------


def test_all_jobs_share_one_budget_of_questions(tmp_path):
    rig = Rig(tmp_path, reads_per_minute=30.0)
    for _ in range(60):
        rig.watch(rig.running())
    asked = []
    for _ in range(5):
        before = rig.service.polls
        rig.run(60)
        asked.append(rig.service.polls - before)
    assert max(asked) <= 30 + 20
    assert sum(asked) <= 5 * 30 + 20
    assert sum(asked) > 100, "the budget is used"
    rig.close()


def test_one_minute_of_work_takes_few_questions(rig):
    record = rig.running()
    rig.watch(record)
    rig.run(70)
    rig.service.complete(record.generation_id)
    rig.run(60)
    assert row(rig, record).state == State.SAVED
    assert rig.service.polls <= 15


def test_after_the_machine_slept_everything_is_asked_at_once(rig):
    records = [rig.running() for _ in range(3)]
    for record in records:
        rig.watch(record)
    rig.run(5)
    for record in records:
        rig.service.complete(record.generation_id)
    rig.clock.jump(8 * 3600)
    rig.run(1)
    assert [row(rig, record).state for record in records] == [State.SAVED] * 3


def test_a_clock_that_is_set_back_does_not_stop_the_watching(rig):
    record = rig.running()
    rig.watch(record)
    rig.run(5)
    rig.clock.jump(-24 * 3600)
    rig.service.complete(record.generation_id)
    rig.run(300)
    assert row(rig, record).state == State.SAVED


# -- downloads -------------------------------------------------------------------------------------------


def test_a_broken_download_is_tried_again_with_a_fresh_address(rig):
    record = rig.running()
    rig.watch(record)
    rig.saver.faults.append(broken_download())
    rig.service.complete(record.generation_id, "https://cdn.example.test/first.mp4")
    rig.saver.during = lambda record, *_: urls.append(record.url)
    urls = []
    rig.until(lambda: rig.downloads.tasks)
    rig.service.complete(record.generation_id, "https://cdn.example.test/second.mp4")
    rig.run(120)
    assert row(rig, record).state == State.SAVED
    assert urls == ["https://cdn.example.test/second.mp4"]


def test_a_download_that_keeps_failing_is_completed_not_downloaded_and_can_be_resumed(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.saver.faults.extend([broken_download()] * 3)
    rig.service.complete(record.generation_id)
    rig.run(600)
    given_up = row(rig, record)
    assert (given_up.state, given_up.owner, given_up.watched) == (State.FINISHED, None, False)
    assert isinstance(news[-1].error, DownloadError)
    assert f"Job {record.id} is finished and paid for, but not downloaded" in str(news[-1].error)
    assert "%ltxv resume" in str(news[-1].error)
    assert not news[-1].watching
    rig.watch(given_up)
    rig.run(60)
    assert row(rig, record).state == State.SAVED
    assert row(rig, record).error is None
    assert news[-1].error is None


def test_a_full_disk_is_not_tried_again_by_itself(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.saver.faults.append(DiskFull("The disk is full."))
    rig.service.complete(record.generation_id)
    rig.run(600)
    assert row(rig, record).state == State.FINISHED
    assert "The disk is full." in str(news[-1].error)
    assert rig.saver.saved == []


def test_a_bug_in_the_download_is_a_download_error_and_not_a_job_that_hangs(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.saver.faults.extend([ZeroDivisionError("x")] * 3)
    rig.service.complete(record.generation_id)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            rig.run(300)
    rig.run(1)
    assert isinstance(news[-1].error, DownloadError)


def test_progress_is_passed_on_but_not_for_every_block(rig):
    record = rig.running()
    news = rig.watch(record)

    def during(_record, _should_stop, progress):
        for block in range(100):
            rig.clock.advance(0.1)
            progress(block, 100)

    rig.saver.during = during
    rig.service.complete(record.generation_id)
    rig.run(120)
    told = [one.bytes_done for one in news if one.bytes_total == 100 and one.record.state == State.FINISHED]
    assert 10 <= len(told) <= 30
    assert told == sorted(told)


# -- stop, watch again, several watchers -----------------------------------------------------------------


def test_stopping_lets_go_and_watching_again_goes_on(rig):
    record = rig.running()
    news = rig.watch(record)
    rig.run(5)
    rig.tracker.unwatch(record.id)
    assert not rig.tracker.watching(record.id)
    assert news[-1].watching is False
    assert (row(rig, record).state, row(rig, record).owner) == (State.RUNNING, None)
    polls = rig.service.polls
    rig.run(600)
    assert rig.service.polls == polls
    rig.service.complete(record.generation_id)
    rig.watch(row(rig, record))
    rig.run(60)
    assert row(rig, record).state == State.SAVED


def test_stopping_breaks_a_download_off(rig):
    record = rig.running()
    rig.watch(record)
    asked = []

    def during(_record, should_stop, _progress):
        rig.tracker.unwatch(record.id)
        asked.append(should_stop())
        raise Stopped

    rig.saver.during = during
    rig.service.complete(record.generation_id)
    rig.run(300)
    assert asked == [True]
    assert row(rig, record).state == State.FINISHED
    rig.saver.during = None
    rig.watch(row(rig, record))
    rig.run(60)
    assert row(rig, record).state == State.SAVED


def test_stopping_what_is_not_watched_does_nothing(rig):
    rig.tracker.unwatch("nothere0")


def test_watching_twice_asks_once(rig):
    record = rig.running()
    rig.watch(record)
    rig.watch(record)
    rig.service.complete(record.generation_id)
    rig.run(120)
    assert len(rig.saver.saved) == 1


def test_a_poll_that_goes_out_while_plans_are_made_anew_goes_out_once(rig, monkeypatch):
    record = rig.running()
    rig.watch(record)  # figures of the model are to be read in the background, and plans made of them
    belief = rig.estimates.belief

    def slow_belief(known):
        rig.clock.advance(60)
        rig.tracker.step()  # the poll is due, and handed out
        return belief(known)

    monkeypatch.setattr(rig.estimates, "belief", slow_belief)
    refresh, *others = rig.polls.tasks
    assert not others
    rig.polls.tasks.clear()
    refresh[0](*refresh[1])
    rig.clock.advance(60)
    rig.tracker.step()
    assert len(rig.polls.tasks) == 1


def test_a_job_is_handed_out_first_when_its_first_plan_is_made(rig, monkeypatch):
    record = rig.running()
    belief, meanwhile = rig.estimates.belief, []

    def slow_belief(known):
        rig.tracker.poll_soon(record.id)
        rig.tracker.step()
        meanwhile.extend([*rig.tracker.resting(record.model), *rig.polls.tasks])
        return belief(known)

    monkeypatch.setattr(rig.estimates, "belief", slow_belief)
    rig.watch(record)
    assert meanwhile == []
    rig.run(60)
    assert rig.service.polls >= 1


def test_a_job_that_a_living_process_watches_is_followed_without_asking_the_service(rig, tmp_path):
    other = Rig(rig.home, service=rig.service, clock=rig.clock)
    record = other.running()
    other.watch(record)
    news = rig.watch(record)
    before = len(rig.wire.sent)
    for _ in range(40):
        other.run(1)
        rig.run(1)
    rig.service.complete(record.generation_id)
    for _ in range(90):
        other.run(1)
        rig.run(1)
    assert [request.url for request in rig.wire.sent[before:] if "generation_id" in request.url] == []
    assert news[-1].record.state == State.SAVED
    assert not news[-1].watching
    assert (len(other.saver.saved), len(rig.saver.saved)) == (1, 0)
    other.close()


@pytest.mark.parametrize("late", [None, reply(500, {})], ids=["an answer", "a failure"])
def test_what_comes_after_the_watching_was_stopped_does_not_turn_a_job_back(rig, late):
    other = Rig(rig.home, service=rig.service, clock=rig.clock)
    record = rig.running()
    news = rig.watch(record)
    under_way = []

    def answer(request):
        if "generation_id" in request.url and not under_way:
            under_way.append(request)
            rig.service.complete(record.generation_id)
            rig.tracker.unwatch(record.id)
            other.watch(row(rig, record))
            other.run(60)
            assert row(rig, record).state == State.SAVED
            if late:
                return late
        return rig.service(request)

    rig.wire.answer = answer
    rig.run(300)
    assert under_way
    assert row(rig, record).state == State.SAVED
    assert news[-1].watching is False
    assert news[-1].trouble is None
    other.close()


def test_a_job_whose_process_died_is_taken_over(rig):
    other = Rig(rig.home, service=rig.service, clock=rig.clock)
    record = other.running()
    other.watch(record)
    news = rig.watch(record)
    rig.run(3)
    assert row(rig, record).owner == other.lease.name
    other.lease.release()
    rig.service.complete(record.generation_id)
    rig.run(120)
    assert row(rig, record).state == State.SAVED
    assert len(rig.saver.saved) == 1
    assert news[-1].record.state == State.SAVED
    other.journal.close()


def test_a_submission_whose_process_died_is_looked_for_in_the_services_record(rig):
    record = rig.record(owner="a process that is gone")
    rig.journal.reserve(record)
    rig.service.generations["g"] = {"id": "g", "status": "queued"}
    rig.service.rows.append(
        {
            "status": "succeeded",
            "inference_id": "g",
            "client_request_id": record.client_request_id,
            "cost": {"usd": 0.25},
        }
    )
    rig.service.complete("g")
    rig.watch(record)
    rig.run(300)
    assert row(rig, record).state == State.SAVED
    assert row(rig, record).generation_id == "g"
    assert [request.method for request in rig.wire.sent].count("POST") == 0


# -- submissions of unknown outcome ----------------------------------------------------------------------


def unknown(rig):
    rig.lease.acquire()
    record = rig.record(state=State.UNKNOWN, error="the connection broke off")
    rig.journal.reserve(record)
    return record


def log_row(record, **changes):
    return {
        "status": "succeeded",
        "inference_id": "g",
        "client_request_id": record.client_request_id,
        "cost": {"usd": 0.25},
        **changes,
    }


def test_a_lost_submission_is_looked_for_patiently_for_a_day(rig):
    record = unknown(rig)
    news = rig.watch(record)
    rig.run(24 * 3600)
    assert row(rig, record).state == State.UNKNOWN
    assert news[-1].watching
    looks = sum("/v2/logs" in request.url for request in rig.wire.sent)
    assert 100 < looks < 400
    rig.service.generations["g"] = {"id": "g", "status": "queued"}
    rig.service.complete("g")
    rig.service.rows.append(log_row(record))
    rig.run(1200)
    found = row(rig, record)
    assert (found.state, found.generation_id, found.usd, found.error) == (State.SAVED, "g", 0.25, None)


def test_a_lost_submission_that_failed_is_refused_and_unbilled(rig):
    record = unknown(rig)
    news = rig.watch(record)
    rig.service.rows.append(log_row(record, status="failed"))
    rig.run(60)
    assert row(rig, record).state == State.REFUSED
    assert "nothing was billed" in row(rig, record).error
    assert not news[-1].watching


def test_many_lost_submissions_are_looked_for_with_one_question(rig):
    records = [unknown(rig) for _ in range(20)]
    for record in records:
        rig.watch(record)
    rig.tick()
    assert sum("/v2/logs" in request.url for request in rig.wire.sent) == 1


def test_a_lost_submission_that_was_taken_up_by_its_id_meanwhile_is_not_tracked_twice(rig):
    known = rig.running(generation_id="g", client_request_id=None)
    record = unknown(rig)
    rig.service.rows.append(log_row(record))
    rig.watch(record)
    rig.run(60)
    assert row(rig, record).state == State.REFUSED
    assert known.id in row(rig, record).error


def test_a_lost_submission_whose_log_names_another_jobs_generation_stays_unknown_and_says_so(rig):
    known = rig.running(generation_id="g")
    record = unknown(rig)
    rig.service.rows.append(log_row(record))
    rig.watch(record)
    rig.run(600)
    assert row(rig, record).state == State.UNKNOWN
    assert known.id in row(rig, record).error
    assert [words for _, _, words in rig.journal.events(record.id)].count(row(rig, record).error) == 1


@pytest.mark.parametrize("answer", [BAD["500"], BAD["429"], BAD["reset"], BAD["HTML with 200"]])
def test_a_service_record_that_cannot_be_read_is_read_again_later(rig, answer):
    record = unknown(rig)
    news = rig.watch(record)
    rig.service.on_logs.append(answer)
    rig.service.generations["g"] = {"id": "g", "status": "queued"}
    rig.service.complete("g")
    rig.service.rows.append(log_row(record))
    rig.run(300)
    assert any(one.trouble for one in news)
    assert row(rig, record).state == State.SAVED


# -- a journal in trouble --------------------------------------------------------------------------------


def test_what_the_journal_could_not_take_is_written_as_soon_as_it_can(rig, monkeypatch):
    record = rig.record()
    rig.lease.acquire()
    rig.journal.reserve(record)
    news = []
    pending = [accepted("g", "queued", at=rig.clock.time(), billed=None)]
    advance = rig.journal.advance

    def full(*_args, **_options):
        raise JournalError("The disk is full.")

    monkeypatch.setattr(rig.journal, "advance", full)
    rig.tracker.watch(pending[0].applied(record), news.append, pending)
    rig.service.complete("g")
    rig.run(60)
    assert row(rig, record).state == "submitting"
    monkeypatch.setattr(rig.journal, "advance", advance)
    rig.run(300)
    assert row(rig, record).state == State.SAVED
    assert row(rig, record).generation_id == "g"


def test_a_listener_that_fails_stops_nobody(rig, caplog):
    record = rig.running()

    def fail(_news):
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, "ltxv_nb"):
        rig.tracker.watch(record, fail)
        rig.service.complete(record.generation_id)
        rig.run(120)
    assert row(rig, record).state == State.SAVED
    assert "A listener failed" in caplog.text


# -- threads ---------------------------------------------------------------------------------------------


def test_closing_ends_the_thread_and_keeps_the_jobs(tmp_path):
    others = set(threading.enumerate())
    rig = Rig(tmp_path)
    record = rig.running()
    threaded = tracker_module.Tracker(
        rig.api, rig.journal, rig.estimates, rig.lease, rig.saver, polls=Queued(), downloads=Queued()
    )
    news = []
    threaded.watch(record, news.append)
    started = [thread for thread in set(threading.enumerate()) - others if thread.name == "ltxv-tracker"]
    assert len(started) == 1
    threaded.close()
    threaded.close()
    assert not started[0].is_alive()
    assert news[-1].watching is False
    assert row(rig, record).state == State.RUNNING
    rig.close()


def test_a_pool_runs_tasks_on_few_threads_and_outlives_a_failing_one(caplog):
    pool, done = DaemonPool(2, "test-pool"), threading.Semaphore(0)
    names = set()

    def task(fail):
        names.add(threading.current_thread().name)
        done.release()
        if fail:
            raise ZeroDivisionError

    for number in range(20):
        pool.submit(task, number % 2)
    for _ in range(20):
        assert done.acquire(timeout=5)
    pool.close(2)
    assert names <= {"test-pool-0", "test-pool-1"}
    assert "A background task failed" in caplog.text
    assert not any(thread.name.startswith("test-pool") for thread in threading.enumerate())


def test_a_closed_pool_takes_nothing_and_drops_what_waits():
    pool, running, go, ran = DaemonPool(1, "test-pool"), threading.Event(), threading.Event(), []
    pool.submit(lambda: (running.set(), go.wait(5)))
    assert running.wait(5)
    pool.submit(ran.append, "waiting")
    closing = threading.Thread(target=pool.close, args=(5,))
    closing.start()
    while not pool._closed:
        pass
    pool.submit(ran.append, "late")
    go.set()
    closing.join(5)
    assert not closing.is_alive()
    assert ran in ([], ["waiting"])
    assert not any(thread.name.startswith("test-pool") for thread in threading.enumerate())


def test_the_start_of_the_virtual_clock_is_that_of_the_dates_in_these_tests():
    assert FakeClock().time() == START
    assert FakeService().billed == []


# -- what must not keep a paid clip from its owner --------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{"duration": "5"}, {"duration": -1}, {"fps": "24"}, {"resolution": ["720p"]}, {"duration": "x"}],
)
def test_settings_of_an_unheard_of_model_do_not_keep_its_clip_from_being_watched(rig, settings):
    record = rig.running(model="somebody/else", request={"prompt": "A lighthouse", **settings})
    rig.watch(record)
    rig.service.complete(record.generation_id)
    rig.run(600)
    assert row(rig, record).state == State.SAVED


def test_a_generation_for_which_nothing_can_be_reckoned_is_asked_about_all_the_same(rig, monkeypatch, caplog):
    def no_plan(*_args, **_options):
        raise ZeroDivisionError

    monkeypatch.setattr(tasks, "next_ask", no_plan)
    record = rig.running()
    rig.watch(record)
    rig.run(60)
    rig.service.complete(record.generation_id)
    rig.run(60)
    assert row(rig, record).state == State.SAVED
    assert "No plan could be made" in caplog.text


def test_a_refused_look_into_the_record_does_not_silence_the_questions_for_a_day(rig):
    record = rig.running()
    rig.watch(record)
    lost = rig.record(state=State.UNKNOWN)
    rig.journal.reserve(lost)
    rig.watch(lost)
    rig.service.on_logs.append(reply(429, {"message": "slow down"}, headers={"Retry-After": "86400"}))
    rig.run(5)
    rig.service.complete(record.generation_id)
    rig.run(600)
    assert row(rig, record).state == State.SAVED


def test_a_late_answer_of_the_record_does_not_undo_what_came_of_it_meanwhile(rig):
    rig.lease.acquire()
    lost = rig.record(state=State.UNKNOWN)
    rig.journal.reserve(lost)
    generation = "g1:ltxv/ltxv-2"
    rig.service.say(generation, status="queued")
    rig.service.rows.append(
        {"status": "succeeded", "inference_id": generation, "client_request_id": lost.client_request_id}
    )
    find, news, slow = rig.api.find_in_logs, [], []

    def find_slowly(*args, **options):
        rows = find(*args, **options)
        if not slow:  # meanwhile: stopped, watched again, found, finished, saved
            slow.append(True)
            rig.tracker.unwatch(lost.id)
            rig.journal.take_over(row(rig, lost), rig.lease.name)
            rig.tracker.watch(row(rig, lost), news.append)
            rig.service.complete(generation)
            rig.run(200)
            assert row(rig, lost).state == State.SAVED
        return rows

    rig.api.find_in_logs = find_slowly
    rig.tracker.watch(lost, news.append)
    rig.run(20)
    assert row(rig, lost).state == State.SAVED
    assert news[-1].record.state == State.SAVED


def test_a_download_stopped_before_it_began_is_left_to_whoever_wants_it(rig):
    record = rig.running()
    rig.watch(record)
    rig.service.complete(record.generation_id)
    rig.until(lambda: rig.downloads.tasks)
    rig.tracker.unwatch(record.id)
    rig.downloads.run()
    assert row(rig, record).owner is None
    assert row(rig, record).state == State.FINISHED


def test_an_order_that_is_answered_after_the_end_is_not_said_to_be_watched(rig):
    record = rig.running()
    rig.tracker.close()
    news = []
    rig.tracker.watch(record, news.append, [progressed("generating", billed=None)])
    assert news[-1].watching is False
    assert row(rig, record).owner is None
    assert row(rig, record).status == "generating"
