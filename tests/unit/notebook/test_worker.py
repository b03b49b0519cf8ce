"""Background work: in order, in one thread, and in none at all once it is done."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import FakeClient, FakeSession

from ltxv_nb.notebook.output.status import Board
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker("ltxv-test")
    yield worker
    worker.close()
    worker.join(5)


_BEFORE: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def _threads_of_earlier_tests() -> None:
    """Leave threads aside that clients of earlier tests still have."""
    _BEFORE.clear()
    _BEFORE.update(threading.enumerate())


def ours() -> list[str]:
    """Return the names of the page's threads that this test has started; clients have others."""
    new = set(threading.enumerate()) - _BEFORE
    clients = ("ltxv-tracker", "ltxv-poll", "ltxv-download", "ltxv-file-limit")
    names = [thread.name for thread in new if thread.name.startswith("ltxv")]
    return sorted(name for name in names if not name.startswith(clients))


def test_work_is_done_in_order_and_its_thread_ends_with_it(worker: Worker) -> None:
    done: list[int] = []
    gate = threading.Event()
    worker.put(lambda: gate.wait(5))
    for number in range(50):
        worker.put(lambda number=number: done.append(number))
    assert ours() == ["ltxv-test"]
    gate.set()
    worker.join(5)
    assert done == list(range(50))
    assert ours() == []
    worker.put(lambda: done.append(50))
    worker.join(5)
    assert done[-1] == 50
    assert ours() == []


def test_work_that_fails_is_logged_and_the_rest_is_done(worker: Worker, caplog: Any) -> None:
    done: list[str] = []
    worker.put(lambda: 1 / 0)
    worker.put(lambda: done.append("done"))
    worker.join(5)
    assert done == ["done"]
    assert "ZeroDivisionError" in caplog.text


def test_a_closed_worker_drops_what_has_not_begun(worker: Worker) -> None:
    done: list[str] = []
    began, gate = threading.Event(), threading.Event()

    def first() -> None:
        began.set()
        gate.wait(5)
        done.append("first")

    worker.put(first)
    worker.put(lambda: done.append("second"))
    assert began.wait(5)
    worker.close()
    worker.put(lambda: done.append("third"))
    gate.set()
    worker.join(5)
    assert done == ["first"]


def test_a_worker_leaves_the_page_its_time_before_its_first_work_and_ends_at_once_when_closed() -> None:
    patient, done = Worker("ltxv-test", pause=60), []
    patient.put(lambda: done.append("done"))
    assert ours() == ["ltxv-test"]
    patient.close()
    patient.join(5)
    assert (done, ours()) == ([], [])


def test_a_pause_is_made_once(worker: Worker) -> None:
    patient, done = Worker("ltxv-test", pause=0.001), []
    for word in ("first", "second"):
        patient.put(lambda word=word: done.append(word))
        patient.join(5)
        assert patient._pause == 0.0
    assert done == ["first", "second"]


def test_a_panel_cell_that_is_run_twenty_times_leaves_no_thread(tmp_path: Path) -> None:
    session = FakeSession(FakeClient(tmp_path))
    # Kept, as the page keeps them: IPython's output history and ipywidgets hold on to every panel.
    panels: list[Any] = [Panel(session) for _ in range(20)]
    for panel in panels:
        panel.request = GenerationRequest("A lighthouse", image=b"no picture")
        panel._worker.join(5)
    assert ours() == []
    for panel in panels:
        panel.close()


class Job:
    """A job that is tracked until it is told to stop."""

    id, status, error, unreachable, downloaded = "abcd2345", "generating", None, False, None
    billing_note, cost_text = "The generation continues and will be billed.", ""
    created_at = accepted_at = 0.0
    again_at = None

    def __init__(self) -> None:
        self.watched, self.listeners = True, []

    def done(self) -> bool:
        return False

    def elapsed(self) -> float:
        return 1.0

    def expected(self) -> Any:
        from ltxv_nb.polling.estimate import belief, expected

        return expected(belief(vendor_seconds=70.0))

    def on_change(self, callback: Any) -> Any:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def stop(self) -> None:
        self.watched = False
        for listener in list(self.listeners):
            listener(self)

    def track(self) -> None:
        self.watched = True
        for listener in list(self.listeners):
            listener(self)


class View:
    """Keeps what it shows, and lets a test wait for it."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self._changed = threading.Condition()

    def update(self, now: Any) -> None:
        with self._changed:
            self.shown.append(now.tone)
            self._changed.notify_all()

    def finish(self, job: Any) -> None:
        """Never called: the job does not end."""

    def wait_for(self, tones: list[str]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.shown == tones, timeout=5), self.shown


def test_a_board_has_a_thread_only_while_a_job_is_tracked() -> None:
    board, job, view = Board(), Job(), View()
    board.add(job, view)
    view.wait_for(["running"])
    assert ours() == ["ltxv-status"]
    job.stop()
    view.wait_for(["running", "stopped"])
    board._thread.join(5)
    assert ours() == []
    job.track()
    view.wait_for(["running", "stopped", "running"])
    board.close()
    assert ours() == []
    assert job.listeners == []


def test_a_board_calls_a_job_outside_its_lock() -> None:
    board = Board(threaded=False)

    class Curious(Job):
        def on_change(self, callback: Any) -> Any:
            # As a job does that has news at this very moment, in another thread.
            other = threading.Thread(target=board.release, args=(None,))
            other.start()
            other.join(5)
            assert not other.is_alive(), "the board is locked while it calls the job"
            return super().on_change(callback)

    board.add(Curious(), View())
    board.close()
