"""News in order: no listener and no waiter ever sees an older one after a newer one, and none under a lock."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from ltxv_nb.engine.news import News
from ltxv_nb.errors import WatchStopped
from ltxv_nb.job import Job
from ltxv_nb.journal import State
from ltxv_nb.journal.transitions import accepted, answer_lost

PROMPT = "A lighthouse at dusk"


def in_thread(work):
    """Run something in a thread; returns what waits for it, and says whether it came to an end."""
    ended = threading.Event()

    def run():
        try:
            work()
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True).start()
    return ended.wait


def test_a_stop_during_an_answer_is_the_last_word(rig):
    """The answer that was under way does not say that the job is still being tracked."""
    record = rig.running()
    watching = []
    rig.tracker.watch(record, lambda news: watching.append(news.watching))
    fetch = rig.api.fetch

    def fetch_and_stop(*args, **options):
        generation = fetch(*args, **options)
        rig.tracker.unwatch(record.id)
        return replace(generation, status="generating")

    rig.api.fetch = fetch_and_stop
    rig.run(60)
    assert watching
    assert not any(watching[watching.index(False) :])


def test_a_stop_between_the_check_and_the_news_of_an_answer_is_the_last_word(rig, monkeypatch):
    record = rig.running()
    watching = []
    rig.tracker.watch(record, lambda news: watching.append(news.watching))
    advance = rig.journal.advance

    def advance_and_stop(record_id, expected, *changes, **options):
        advanced = advance(record_id, expected, *changes, **options)
        rig.tracker.unwatch(record.id)
        return advanced

    rig.service.say(record.generation_id, status="generating")
    monkeypatch.setattr(rig.journal, "advance", advance_and_stop)
    rig.run(60)
    assert not any(watching[watching.index(False) :])


def test_a_wait_ends_when_the_tracking_is_stopped_during_an_answer(desk):
    job = desk.client.submit(PROMPT)
    fetch = desk.rig.api.fetch

    def fetch_and_stop(*args, **options):
        generation = fetch(*args, **options)
        job.stop()
        return replace(generation, status="generating")

    desk.rig.api.fetch = fetch_and_stop
    desk.rig.run(30)
    assert not job.watched
    failures = []

    def wait():
        try:
            job.client.watch = lambda _job: None
            job.wait()
        except WatchStopped as error:
            failures.append(error)

    assert in_thread(wait)(5), "the wait hangs"
    assert failures


def test_news_that_arrive_in_the_wrong_order_are_heard_in_the_right_one(desk):
    job = desk.client.submit(PROMPT)
    desk.client.unwatch(job)
    older = News(replace(job.record, revision=10, status="queued"))
    newer = News(replace(job.record, revision=11, status="generating"))
    heard = []
    job.on_change(lambda job: heard.append(job.status))
    for news in (newer, older):
        job.take(news)
    assert heard == ["generating"]
    assert job.status == "generating"


def test_a_later_copy_of_the_same_row_is_newer_whatever_the_thread(desk):
    job = desk.client.submit(PROMPT)
    first = News(job.record, trouble="first")
    second = News(job.record, trouble="second")
    job.take(second)
    job.take(first)
    assert job.trouble == "second"


def test_many_threads_bring_news_and_each_listener_hears_them_one_after_the_other(desk):
    job = desk.client.submit(PROMPT)
    desk.client.unwatch(job)
    base, at_once, most, revisions = job.record.revision, [0], [0], []

    def listen(job):
        at_once[0] += 1
        most[0] = max(most[0], at_once[0])
        revisions.append(job.record.revision)
        at_once[0] -= 1

    job.on_change(listen)
    every = [News(replace(job.record, revision=base + 1 + number)) for number in range(400)]
    threads = [
        threading.Thread(target=lambda part=part: [job.take(news) for news in part])
        for part in (every[0::4], every[1::4], every[2::4], every[3::4])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    assert revisions == sorted(revisions)
    assert job.record.revision == base + 400


def test_a_callback_that_takes_a_lock_of_its_own_does_not_deadlock(desk):
    """Thread A holds the user's lock and asks for the job; thread B brings news whose callback takes that lock."""
    job = desk.client.submit(PROMPT)
    desk.client.unwatch(job)
    mine, inside, go = threading.Lock(), threading.Event(), threading.Event()

    def callback(_job):
        inside.set()
        assert go.wait(5)
        with mine:
            pass

    job.on_change(callback)
    newer = replace(job.record, revision=job.record.revision + 1, status="generating")
    bring = in_thread(lambda: desk.client.job_of(newer))
    assert inside.wait(5)

    def ask():
        with mine:
            go.set()
            desk.client.job_of(newer)
            assert desk.client.jobs()

    assert in_thread(ask)(5), "asking for a job waits for another one's callback"
    assert bring(5)


def test_a_listener_may_stop_the_job_it_hears_of(desk):
    job = desk.client.submit(PROMPT)
    watched = []

    def listen(job):
        watched.append(job.watched)
        job.stop()

    job.on_change(listen)
    desk.service.say(job.generation_id, status="generating")
    desk.rig.run(60)
    assert watched[-1] is False
    assert watched.count(True) == 1


def test_a_job_that_was_accepted_is_not_called_unknown_by_who_took_it_for_dead(rig):
    """The sender was slow, not dead: its answer comes after another process has looked at the row."""
    rig.lease.acquire()
    record = rig.record(owner="a process that seemed to be gone")
    rig.journal.reserve(record)
    seen = rig.journal.get(record.id)  # what the other process acts on
    now = rig.journal.advance(record.id, None, accepted("g", "queued", at=1.0, billed=None)).record
    taken = rig.journal.take_over(seen, rig.lease.name).record
    assert (taken.state, taken.generation_id) == (State.RUNNING, "g")
    assert rig.journal.advance(record.id, now, answer_lost("gone")).record.state is State.RUNNING


def test_an_answer_that_comes_after_the_sender_was_taken_for_dead_is_believed(rig):
    record = rig.record(owner="a process that seemed to be gone")
    rig.journal.reserve(record)
    assert rig.journal.take_over(record, rig.lease.name).record.state is State.UNKNOWN
    now = rig.journal.advance(record.id, None, accepted("g", "queued", at=1.0, billed=None)).record
    assert (now.state, now.generation_id, now.error) == (State.RUNNING, "g", None)


# -- nothing waits under a lock ------------------------------------------------------------------------------


@pytest.fixture
def slow_journal(rig):
    """A journal whose reads for the estimates take until they are let go."""
    entered, go = threading.Event(), threading.Event()
    past = rig.journal.past

    def slow_past(*args, **options):
        entered.set()
        assert go.wait(10)
        return past(*args, **options)

    rig.journal.past = slow_past
    yield entered, go
    go.set()


def test_a_slow_disk_under_a_plan_holds_up_nobody_else(rig, slow_journal):
    entered, go = slow_journal
    record = rig.running()
    watching = in_thread(lambda: rig.tracker.watch(record, lambda _news: None))
    assert entered.wait(5)
    assert in_thread(rig.tracker.charge)(5), "an unrelated read waits for the disk"
    go.set()
    assert watching(5)


def test_a_slow_disk_in_a_crowd_holds_up_nobody_else(tmp_path):
    from fakes import Rig

    rig = Rig(tmp_path, reads_per_minute=6.0)
    for _ in range(60):
        rig.watch(rig.running())
    rig.run(120)  # more is due than the budget allows, so that chances are compared
    entered = threading.Event()
    rig.journal.past = lambda *_args: entered.set() or []
    rig.clock.advance(3600)  # every estimate has become old
    rig.tracker.step()
    assert not entered.is_set(), "nothing is read to compare chances"
    rig.close()


def test_a_listener_is_never_called_under_the_trackers_lock(rig):
    record = rig.running()
    held = []

    def listen(_news):
        ended = in_thread(rig.tracker.charge)
        held.append(not ended(5))

    rig.tracker.watch(record, listen)
    rig.service.complete(record.generation_id)
    rig.run(120)
    assert held
    assert not any(held)


def test_a_job_is_made_once_however_many_ask_for_it_at_once(desk):
    record = desk.client.submit(PROMPT).record
    jobs, barrier = [], threading.Barrier(8)

    def ask():
        barrier.wait()
        jobs.append(desk.client.job(record.id))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(job) for job in jobs}) == 1
    assert isinstance(jobs[0], Job)
