"""What is said of a running job, how often, and by whom: on a clock of our own."""

import time
from types import SimpleNamespace

import pytest

from ltxv_nb.errors import GenerationFailed
from ltxv_nb.notebook.output.status import (
    CLOCK_INTERVAL,
    MIN_INTERVAL,
    REFRESH_INTERVAL,
    Board,
    seconds_text,
    snapshot,
)
from ltxv_nb.polling.estimate import Expected


class FakeJob:
    """A job whose facts the test sets."""

    def __init__(self):
        self.id, self.status, self.error, self.ended = "ab12cd34", "queued", None, False
        self.watched, self.unreachable, self.downloaded, self.seconds = True, False, None, 0.0
        self.created_at = self.accepted_at = 100.0
        self.listeners, self.share = [], 0.0
        self.billing_note, self.cost_text = "The generation continues and will be billed.", ""
        self.again_at = self.trouble = None

    def done(self):
        return self.ended

    def elapsed(self):
        return self.seconds

    def expected(self):
        return Expected(60.0, 55.0, 66.0, "somewhere")

    def on_change(self, callback):
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def change(self, **facts):
        vars(self).update(facts)
        for listener in list(self.listeners):
            listener(self)


class FakeView:
    def __init__(self):
        self.shown, self.finished = [], []

    def update(self, now):
        self.shown.append(now)

    def finish(self, job):
        self.finished.append(job)


@pytest.fixture
def scene():
    now = SimpleNamespace(at=0.0)
    board = Board(clock=lambda: now.at, run=lambda work: work(), threaded=False)
    job, view = FakeJob(), FakeView()
    board.add(job, view)
    yield SimpleNamespace(now=now, board=board, job=job, view=view)
    board.close()


def test_a_job_is_told_of_in_plain_words(scene):
    scene.job.seconds = 12.4
    assert snapshot(scene.job).line() == "Queued: 12 s of about 60 s"
    assert snapshot(scene.job).usual == 60.0
    scene.job.status = "an_unheard_of_word"
    assert snapshot(scene.job).state == "An unheard of word"
    scene.job.unreachable = True
    assert snapshot(scene.job).tone == "trouble"


def test_a_download_tells_how_far_it_is_without_a_line_for_each_percent(scene):
    scene.job.seconds = 30.0
    for step in range(100):  # ten seconds
        scene.now.at = step / 10
        scene.job.change(status="downloading", downloaded=step / 100)
        scene.board.tick()
    assert {now.state for now in scene.view.shown} == {"Downloading"}
    assert scene.view.shown[-1].line() == "Downloading: 30 s, 70 % of the file"
    assert len(scene.view.shown) <= 10 / REFRESH_INTERVAL + 1


def test_words_change_when_it_takes_longer_than_usual_and_no_sooner(scene):
    for step in range(1500):  # two and a half minutes
        scene.now.at = scene.job.seconds = step / 10
        scene.board.tick()
    changes = [(now.detail, now.age) for now in scene.view.shown]
    first = {words: min(age for detail, age in changes if detail == words) for words, _ in changes}
    assert list(first) == ["about 60 s", "a little longer than usual", "much longer than usual"]
    assert first["a little longer than usual"] == pytest.approx(66.0, abs=MIN_INTERVAL)
    assert first["much longer than usual"] == pytest.approx(132.0, abs=MIN_INTERVAL)


def test_a_request_that_waits_to_be_sent_again_says_why_and_when(scene):
    scene.job.seconds = 3.0
    scene.job.again_at, scene.job.trouble = time.time() + 20, "Too many requests."
    now = snapshot(scene.job)
    assert (now.state, now.detail, now.tone) == ("Not accepted yet", "Too many requests.", "trouble")
    assert now.due == pytest.approx(23.0, abs=1.0)


def test_at_most_two_updates_a_second_however_often_the_job_changes(scene):
    for step in range(1000):  # ten seconds, a change every hundredth
        scene.now.at = scene.job.seconds = step / 100
        scene.job.change(status="queued" if step % 2 else "active")
        scene.board.tick()
    assert len(scene.view.shown) <= 10 / MIN_INTERVAL + 1


def test_a_change_is_shown_without_waiting_for_the_next_refresh(scene):
    scene.job.seconds = 60.0
    scene.board.tick()
    scene.now.at = MIN_INTERVAL
    scene.job.change(status="generating")
    scene.board.tick()
    assert scene.view.shown[-1].state == "Generating"


def test_in_a_quiet_minute_only_the_pages_clock_is_set_again(scene):
    for step in range(600):  # a minute, asked about every second
        scene.now.at = scene.job.seconds = step / 10
        if step % 10 == 0:
            scene.job.change()
        scene.board.tick()
    assert len(scene.view.shown) == 60 / CLOCK_INTERVAL


def test_the_end_is_shown_once_and_then_nobody_listens(scene):
    scene.job.change(ended=True)
    scene.board.tick()
    scene.board.tick()
    assert scene.view.finished == [scene.job]
    assert scene.job.listeners == []


def test_a_failure_is_shown_as_one(scene):
    scene.job.change(ended=True, error=GenerationFailed("the service's words"))
    assert snapshot(scene.job).tone == "failed"


def test_a_view_that_someone_waits_with_is_left_to_them_and_taken_back_when_they_give_up(scene):
    held, job = FakeView(), FakeJob()
    scene.board.add(job, held, held=True)
    job.change(ended=True)
    scene.board.tick()
    assert held.finished == []
    scene.board.release(held)
    scene.board.tick()
    assert held.finished == [job]


def test_one_broken_view_does_not_silence_the_others(scene, caplog):
    broken = FakeView()
    broken.update = None
    scene.board.add(FakeJob(), broken)
    scene.board.tick()
    assert scene.view.shown
    assert "could not be shown" in caplog.text


def test_a_stopped_job_says_that_it_continues_and_will_be_billed(scene):
    scene.job.change(watched=False)
    scene.board.tick()
    assert scene.view.shown[-1].tone == "stopped"
    assert scene.view.shown[-1].line() == "Tracking stopped. The generation continues and will be billed."


def test_a_stopped_job_that_the_service_may_not_have_does_not_claim_to_be_billed(scene):
    scene.job.change(watched=False, status="unknown", billing_note="It may have been accepted.")
    assert snapshot(scene.job).line() == "Tracking stopped. It may have been accepted."


def test_closing_leaves_no_status_that_seems_to_continue(scene):
    scene.board.tick()
    scene.job.watched = False
    scene.board.close()
    assert scene.view.shown[-1].tone == "stopped"
    assert scene.view.finished == []


def test_closing_lets_go_of_every_job(scene):
    scene.board.close()
    assert scene.job.listeners == []


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.6, "60 s"), (125, "2 min 05 s")])
def test_times_are_for_people(seconds, text):
    assert seconds_text(seconds) == text
