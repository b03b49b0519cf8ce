"""Hundreds of running jobs on one page: their status must not slow the kernel down."""

from __future__ import annotations

from types import SimpleNamespace

from ltxv_nb.notebook.output import status
from ltxv_nb.notebook.output.status import MAX_REFRESH_RATE, Board


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Job:
    """As much of a job as the board looks at; it counts how often it is looked at."""

    id, status, error, watched, unreachable, downloaded = "abcd2345", "generating", None, True, False, None
    created_at = accepted_at = 0.0
    cost_text = "about $0.38"
    again_at = None

    def __init__(self, clock: Clock) -> None:
        self.clock, self.looks, self.ended, self.listener = clock, 0, False, None

    def done(self) -> bool:
        self.looks += 1
        return self.ended

    def elapsed(self) -> float:
        return self.clock.now

    def expected(self):
        return SimpleNamespace(words=lambda age: f"{age:.0f} s more", seconds=9.0, ends=lambda _begun: ())

    def on_change(self, callback):
        self.listener = callback
        return lambda: None


class View:
    def __init__(self) -> None:
        self.shown, self.finished = [], 0

    def update(self, now) -> None:
        self.shown.append(now)

    def finish(self, _job) -> None:
        self.finished += 1


def many_views(count: int):
    clock = Clock()
    board = Board(clock=clock, run=lambda work: work(), threaded=False)
    jobs, views = [Job(clock) for _ in range(count)], [View() for _ in range(count)]
    for job, view in zip(jobs, views, strict=True):
        board.add(job, view)
    return clock, board, jobs, views


def play(clock, board, until: float) -> None:
    while True:
        pause = board.tick()
        if pause is None or clock.now + pause > until:
            clock.now = until
            return
        clock.now += max(pause, 1e-6)


def test_a_thousand_views_together_get_few_updates():
    clock, board, jobs, views = many_views(1000)
    play(clock, board, 10.0)
    before, looks = sum(len(view.shown) for view in views), sum(job.looks for job in jobs)
    play(clock, board, 110.0)
    assert sum(len(view.shown) for view in views) - before <= 100 * MAX_REFRESH_RATE * 1.1
    assert sum(job.looks for job in jobs) - looks <= 100 * MAX_REFRESH_RATE * 3
    assert all(len(view.shown) >= 2 for view in views), "each is still kept up to date"


def test_among_many_views_a_change_is_shown_at_once():
    clock, board, jobs, views = many_views(1000)
    play(clock, board, 100.0)
    clock.now += status.MIN_INTERVAL
    jobs[500].status = "downloading"
    jobs[500].listener(jobs[500])
    board.tick()
    assert views[500].shown[-1].state == "Downloading"
    jobs[7].ended = True
    jobs[7].listener(jobs[7])
    board.tick()
    assert views[7].finished == 1


def test_few_views_are_refreshed_as_often_as_ever():
    clock, board, _, views = many_views(3)
    play(clock, board, 60.0)
    assert all(len(view.shown) >= 0.8 * 60 / status.REFRESH_INTERVAL for view in views)
