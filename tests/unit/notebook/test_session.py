"""A session: one client however many ask for it, nothing that waits for a lock, and no thread left behind."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import FakeClient, FakeSession, record_of

from ltxv_nb.errors import ConfigurationError
from ltxv_nb.notebook.gallery.gallery import PAGE, Gallery
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.session import NotebookSession, Session
from ltxv_nb.request import GenerationRequest
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Made:
    """What `ltxv_nb.client.Client` makes: something that can be closed, once the test lets it be made."""

    backend = "sandbox"

    def __init__(self, **_settings: Any) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Gate:
    """A step that waits until the test lets it pass."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def pass_through(self) -> None:
        self.reached.set()
        assert self.open.wait(10)


def returns(act: Callable[[], object], what: str) -> None:
    """Fail when a call does not return by itself."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), what


def test_many_threads_that_need_the_client_first_get_the_same_and_the_others_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Made] = []
    together = threading.Barrier(4)

    def make(**settings: Any) -> Made:
        together.wait(5)
        made.append(Made(**settings))
        return made[-1]

    monkeypatch.setattr("ltxv_nb.client.Client", make)
    session, got = Session(), []
    threads = [threading.Thread(target=lambda: got.append(session.client)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(map(id, got))) == 1
    assert [client.closed for client in made].count(False) == 1
    assert not got[0].closed


def test_a_client_that_takes_long_to_make_does_not_hold_up_the_rest_of_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate()

    def make(**settings: Any) -> Made:  # a keyring that asks the user to unlock it, say
        gate.pass_through()
        return Made(**settings)

    monkeypatch.setattr("ltxv_nb.client.Client", make)
    session: Any = NotebookSession(None)
    made: list[Any] = []

    def ask() -> None:
        try:
            made.append(session.client)
        except ConfigurationError as error:
            made.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    assert gate.reached.wait(5)
    returns(session.close, "closing waits for a client that is being made")
    gate.open.set()
    asking.join(5)
    assert "run this cell again" in str(made[0])


def test_closing_a_session_leaves_no_thread_of_its_panels_and_boards(tmp_path: Path) -> None:
    session = FakeSession(FakeClient(tmp_path))
    gate = Gate()
    worker = session.worker("ltxv-panel")
    worker.put(gate.pass_through)
    assert gate.reached.wait(5)
    threading.Timer(0.05, gate.open.set).start()
    session.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "ltxv-panel"] == []


# -- panel and gallery never read or call back under a lock ----------------------------------------------------


@pytest.fixture
def session(tmp_path: Path) -> FakeSession:
    media = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True, "size_bytes": 1}
    records = [
        replace(record_of(f"clip{number:04d}", f"Clip {number}"), file="/nowhere/x.mp4", media=media)
        for number in range(3 * PAGE)
    ]
    return FakeSession(FakeClient(tmp_path, records))


@pytest.fixture
def blocked_journal(session: FakeSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """From the second page on, a journal that does not answer until the gate is open."""
    gate, saved = Gate(), session.client.journal.saved

    def read(*wanted: Any, **options: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            gate.pass_through()
        return saved(*wanted, **options)

    monkeypatch.setattr(session.client.journal, "saved", read)
    yield gate
    gate.open.set()


def test_the_gallery_can_be_turned_while_a_page_is_being_read(
    session: FakeSession, blocked_journal: Gate
) -> None:
    gallery: Any = Gallery(session)
    gallery._refresh()
    assert blocked_journal.reached.wait(5)
    returns(lambda: gallery.turn(1), "turning the page waits for the journal")
    blocked_journal.open.set()
    gallery._worker.join(5)
    assert f"{PAGE + 1} to {2 * PAGE} of" in gallery._count.value
    gallery.close()


def test_a_click_does_not_wait_while_the_panel_reads_the_journal(
    session: FakeSession, blocked_journal: Gate
) -> None:
    later: list[Callable[[], None]] = []
    panel: Any = Panel(session, start=later.append)
    panel.request = GenerationRequest("A lighthouse")
    panel._form.image._source.value = "last"
    panel._form.image._source.value = "none"
    clip = session.client.journal.records[0]
    job = SimpleNamespace(id=clip.id, video=Video.of(clip))
    reading = threading.Thread(target=panel.use_last_frame, args=(job,), daemon=True)
    reading.start()
    assert blocked_journal.reached.wait(5)
    returns(panel.generate, "a click waits for the journal")
    assert len(later) == 1
    blocked_journal.open.set()
    reading.join(5)
    panel.close()


def test_an_observer_of_the_request_may_wait_for_another_thread_that_uses_the_panel(
    session: FakeSession,
) -> None:
    later: list[Callable[[], None]] = []
    panel: Any = Panel(session, start=later.append)

    def wait_for_a_click(_change: Any) -> None:
        returns(panel.generate, "the observer was called under the panel's lock")

    panel.observe(wait_for_a_click, names="request")
    panel._form.fields["prompt"].box.value = "A lighthouse"
    assert len(later) == 1
    panel.close()


def test_an_observer_may_correct_the_request_and_the_controls_follow(session: FakeSession) -> None:
    panel: Any = Panel(session, start=lambda _work: None)

    def shorten(change: Any) -> None:
        if change["new"] is not None and change["new"].duration == 10:
            panel.request = change["new"].replace(duration=6)

    panel.observe(shorten, names="request")
    panel.request = GenerationRequest("A lighthouse", duration=10)
    assert panel.request == GenerationRequest("A lighthouse", duration=6)
    assert panel._form.fields["duration"].box.label == "6 s"
    panel.close()


def test_an_observer_that_fails_does_not_leave_the_panel_behind_its_controls(session: FakeSession) -> None:
    panel: Any = Panel(session, start=lambda _work: None)

    def fail(_change: Any) -> None:
        raise ValueError("a fault of the observer")

    panel.observe(fail, names="request")
    with pytest.raises(ValueError, match="a fault of the observer"):
        panel.request = GenerationRequest("A lighthouse")
    panel.unobserve(fail, names="request")
    panel._form.fields["prompt"].box.value = "A lighthouse at night"
    assert panel.request == GenerationRequest("A lighthouse at night")
    panel.close()


# -- what is unfinished ----------------------------------------------------------------------------------------


def offers(client: Any) -> list[str]:
    """Return what a new panel says is unfinished."""
    panel: Any = Panel(Session(client))
    panel._worker.join(5)
    found = [str(box.children[0].value) for box in panel._list._offer]
    panel.close()
    return found


def test_a_clip_that_a_cell_tracks_is_not_called_unfinished_from_earlier(desk: Any) -> None:
    job = desk.client.submit("A lighthouse", duration=6)
    assert offers(desk.client) == []
    job.stop()
    (offer,) = offers(desk.client)
    assert "1 clip is unfinished from earlier" in offer


def test_a_clip_that_another_living_notebook_tracks_is_not_called_unfinished(desk: Any) -> None:
    desk.client.submit("A lighthouse", duration=6)
    other, _ = desk.another()
    assert other.unfinished_count() == 1
    assert offers(other) == []
    desk.client.close()
    (offer,) = offers(other)
    assert "1 clip is unfinished from earlier" in offer


def test_resuming_in_a_panel_shows_only_what_was_not_tracked_before(desk: Any) -> None:
    tracked = desk.client.submit("A lighthouse", duration=6)
    left = desk.client.submit("A fox", duration=6)
    left.stop()
    panel: Any = Panel(Session(desk.client))
    panel._worker.join(5)
    panel._list._resume_unfinished()
    assert panel.jobs == [left]
    assert left.watched
    assert tracked.watched
    panel.close()
    panel._session.close()


def test_a_panel_says_what_is_unfinished_at_another_service_and_how_to_get_there(
    session: FakeSession,
) -> None:
    session.client.elsewhere = {"https://api.example.test": 2}
    panel: Any = Panel(session, start=lambda _work: None)
    panel._worker.join(5)
    (offer,) = [str(box.children[0].value) for box in panel._list._offer]
    assert "2 clips are unfinished at another service (https://api.example.test)" in offer
    assert "%ltxv sandbox off" in offer
    panel._list._resume_unfinished()
    assert "Nothing is unfinished" not in panel._bar.message.value
    assert len(panel._list._offer) == 1
    panel.close()


def test_a_panel_without_anything_unfinished_anywhere_says_so(session: FakeSession) -> None:
    panel: Any = Panel(session, start=lambda _work: None)
    panel._worker.join(5)
    panel._list._resume_unfinished()
    assert "Nothing is unfinished any more" in panel._bar.message.value
    panel.close()


def test_in_a_pinned_sandbox_no_way_out_is_offered(
    session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.client.elsewhere = {"https://api.example.test": 1}
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    (sentence,) = session.unfinished_elsewhere()
    assert "1 clip is unfinished at another service" in sentence
    assert "sandbox off" not in sentence
    assert "LTXV_BACKEND=sandbox keeps this kernel in the sandbox" in sentence


def test_what_is_unfinished_in_the_sandbox_is_told_to_those_who_pay(session: FakeSession) -> None:
    session.client.elsewhere = {"sandbox": 1}
    (sentence,) = session.unfinished_elsewhere()
    assert sentence.startswith("1 clip is unfinished in the sandbox: %ltxv sandbox")
