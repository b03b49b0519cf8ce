"""The panel without a page: one click one submission, and controls that tell the truth."""

from __future__ import annotations

import io
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import FakeClient, FakeHost, FakeJob
from PIL import Image

from ltxv_nb.errors import ConfigurationError, LTXVError, RateLimitError
from ltxv_nb.notebook.panel import form as panelform
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.panel.sender import CLICK_PAUSE
from ltxv_nb.notebook.widgets import worker as writer
from ltxv_nb.request import PARAMETERS, GenerationRequest, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Desk:
    """A panel, its fakes, and what was put off until the test lets it happen."""

    def __init__(self, home: Path) -> None:
        self.client = FakeClient(home)
        self.host = FakeHost(self.client)
        self.later: list[Callable[[], None]] = []
        self.panel: Any = Panel(self.host, clock=lambda: self.host.now, start=self.later.append)

    def click(self, text: str) -> None:
        """Click the button with this text, as the page would; a button that is off cannot be clicked."""
        button = self.button(text)
        assert not button.disabled, f"{text} is off"
        button.click()

    def button(self, text: str) -> Any:
        found = [child for child in _all(self.panel) if getattr(child, "description", None) == text]
        assert found, f"there is no {text!r}"
        return found[0]

    def has_button(self, text: str) -> bool:
        return any(getattr(child, "description", None) == text for child in _all(self.panel))

    def control(self, name: str) -> Any:
        return self.panel._form.fields[name].box

    def prompt(self, text: str) -> None:
        self.control("prompt").value = text

    def let_it_happen(self) -> None:
        while self.later:
            self.later.pop(0)()

    @property
    def upload(self) -> Any:
        """The control for uploads that the page shows."""
        (found,) = [child for child in _all(self.panel) if type(child).__name__ == "FileUpload"]
        return found

    @property
    def says(self) -> str:
        return str(self.panel._says.value)


def _all(widget: Any) -> list[Any]:
    return [widget, *(deeper for child in getattr(widget, "children", ()) for deeper in _all(child))]


def put_picture(upload: Any, colour: str, name: str = "first.png", content: bytes | None = None) -> bytes:
    """Let a picture arrive from the page; returns its content."""
    out = io.BytesIO(content or b"")
    if content is None:
        Image.new("RGB", (64, 36), colour).save(out, "PNG")
    file = {
        "name": name,
        "type": "image/png",
        "size": 1,
        "content": memoryview(out.getvalue()),
        "last_modified": datetime.now(timezone.utc),
    }
    upload.set_trait("value", (file,))
    return out.getvalue()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(writer.Writer, "put", lambda _self, work: work())
    desk = Desk(tmp_path)
    yield desk
    desk.panel.close()


def test_generate_is_off_until_there_is_something_to_send_and_says_why(desk: Desk) -> None:
    assert desk.button("Generate").disabled
    assert "The prompt is empty" in desk.says
    assert desk.panel.request is None
    desk.prompt("A lighthouse")
    assert not desk.button("Generate").disabled
    assert desk.says == ""
    assert desk.panel.request == GenerationRequest("A lighthouse")


def test_one_click_is_one_submission_however_often_it_arrives(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    assert desk.button("Generate").disabled
    desk.panel.generate()
    desk.let_it_happen()
    desk.panel.generate()  # the second half of a double click, after the service was quick
    desk.let_it_happen()
    assert len(desk.client.posts) == 1
    assert [job.id for job in desk.panel.jobs] == ["job00000"]
    assert desk.host.bound == desk.client.jobs


def test_clicks_that_arrive_on_many_threads_at_once_are_one_submission(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    barrier = threading.Barrier(8)

    def click() -> None:
        barrier.wait()
        desk.panel.generate()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    desk.let_it_happen()
    assert len(desk.client.posts) == 1


def test_the_same_again_is_paid_for_only_when_they_say_so(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    desk.host.now += CLICK_PAUSE
    desk.click("Generate")
    desk.let_it_happen()
    assert len(desk.client.posts) == 1
    assert "Already running as job job00000" in desk.says
    desk.click("Never mind")
    assert not desk.has_button("Make another")
    desk.click("Generate")
    desk.let_it_happen()
    yes = desk.button("Make another")
    yes.click()
    yes.click()
    desk.let_it_happen()
    assert len(desk.client.posts) == 2
    assert not desk.has_button("Make another")


def test_the_keyboard_is_back_at_generate_once_the_question_is_answered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    focused: list[str] = []
    monkeypatch.setattr("ipywidgets.Button.focus", lambda button: focused.append(button.description))
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    for answer in ("Never mind", "Make another"):
        desk.host.now += CLICK_PAUSE
        desk.click("Generate")
        desk.let_it_happen()
        assert focused == []
        desk.click(answer)
        assert focused == ["Generate"]
        focused.clear()


def test_changing_the_prompt_takes_the_question_back(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    for _ in range(2):
        desk.host.now += CLICK_PAUSE
        desk.click("Generate")
        desk.let_it_happen()
    assert desk.has_button("Make another")
    desk.prompt("A lighthouse at night")
    assert not desk.has_button("Make another")
    assert desk.panel._question is None


def test_a_refusal_is_shown_in_the_services_words_and_the_button_comes_back(desk: Desk) -> None:
    desk.client.refusal = RateLimitError("Too <many> requests", status_code=429)
    desk.prompt("A lighthouse")
    desk.click("Generate")
    assert "Sending" in desk.says
    desk.let_it_happen()
    assert "Too &lt;many&gt; requests" in desk.says
    assert not desk.button("Generate").disabled
    assert desk.panel.jobs == []


def test_an_unexpected_failure_brings_the_button_back_and_is_told(desk: Desk, caplog: Any) -> None:
    desk.client.refusal = RuntimeError("a fault of ours")
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    assert "Something unexpected" in desk.says
    assert not desk.button("Generate").disabled
    assert "a fault of ours" in caplog.text


def test_a_click_never_pays_when_the_panel_said_that_it_is_free(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.client.backend = "aimlapi"  # someone has logged in in another cell
    desk.click("Generate")
    desk.let_it_happen()
    assert desk.client.posts == []
    assert "are billed" in desk.says
    assert "every clip is billed" in desk.panel._head.value
    desk.click("Generate")
    desk.let_it_happen()
    assert len(desk.client.posts) == 1


def test_the_newest_job_is_on_top_and_a_failed_one_keeps_the_services_words(desk: Desk) -> None:
    for prompt in ("first", "second"):
        desk.prompt(prompt)
        desk.click("Generate")
        desk.let_it_happen()
    assert [job.request.prompt for job in desk.panel.jobs] == ["second", "first"]
    desk.client.jobs[0].fail("the <b>very</b> words")
    desk.host.pass_time(1)
    shown = [child for child in _all(desk.panel) if type(child).__name__ == "Output"]
    (output,) = shown
    assert "the &lt;b&gt;very&lt;/b&gt; words" in output.outputs[0]["data"]["text/html"]
    assert any("<i>first</i>" in str(getattr(child, "value", "")) for child in _all(desk.panel))
    desk.click("Try again")
    desk.let_it_happen()
    assert [post.prompt for post in desk.client.posts] == ["first", "second", "first"]


def test_try_again_goes_through_the_duplicate_guard(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    desk.client.jobs[0].fail("no luck")
    desk.host.pass_time(CLICK_PAUSE)
    again = desk.button("Try again")
    again.click()
    desk.let_it_happen()
    desk.host.pass_time(CLICK_PAUSE)
    again.click()
    desk.let_it_happen()
    assert len(desk.client.posts) == 2
    assert "Already running" in desk.says


def test_stop_watching_can_be_taken_back(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    desk.host.pass_time(1)
    desk.click("Stop watching")
    desk.host.pass_time(1)
    assert not desk.client.jobs[0].watched
    assert not desk.has_button("Stop watching")
    desk.click("Watch again")
    desk.host.pass_time(1)
    assert desk.client.jobs[0].watched
    assert desk.has_button("Stop watching")


def test_watching_is_taken_up_with_the_client_in_use_when_the_jobs_own_is_closed(desk: Desk) -> None:
    for prompt in ("A lighthouse", "A fox"):
        desk.prompt(prompt)
        desk.click("Generate")
        desk.let_it_happen()
        desk.host.now += CLICK_PAUSE
    old = desk.client.jobs[0]
    old.stop()
    desk.host.pass_time(1)
    other = FakeClient(desk.client.home)
    new = FakeJob(old.id, old.request)
    new.watched = False
    other.jobs.append(new)
    desk.host.client = other
    desk.click("Watch again")
    desk.host.pass_time(1)
    assert new.watched
    assert not old.watched
    assert desk.panel.jobs == [desk.client.jobs[1], new], "it must stay at its place, once"
    assert old.listeners == []
    assert not desk.has_button("Watch again")


def test_a_panel_that_outlived_its_session_says_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_host: Any) -> Any:
        raise ConfigurationError("The extension was unloaded or reloaded: run this cell again.")

    desk.prompt("A lighthouse")
    client = desk.client
    monkeypatch.setattr(type(desk.host), "client", property(gone), raising=False)
    desk.click("Generate")
    assert "run this cell again" in desk.says
    assert client.posts == []


def test_why_a_job_cannot_be_watched_again_is_said(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    job = desk.client.jobs[0]
    job.stop()
    desk.host.pass_time(1)
    job.refusal = ConfigurationError("made by <another> service")
    desk.click("Watch again")
    assert "made by &lt;another&gt; service" in desk.says
    assert desk.panel.jobs == [job]
    assert desk.has_button("Watch again")


def test_a_request_set_from_code_moves_the_controls_and_back(desk: Desk) -> None:
    wanted = GenerationRequest("Set", model="ltxv-2-fast", duration=8, fps=50, generate_audio=False)
    desk.panel.request = wanted
    assert desk.control("prompt").value == "Set"
    assert desk.control("model").label == "ltxv-2-fast"
    assert desk.control("duration").label == "8 s"
    assert desk.control("generate_audio").label == "Off"
    assert desk.panel.request == wanted
    desk.control("duration").label = "10 s"
    desk.control("fps").index = 0
    assert desk.panel.request == wanted.replace(duration=10, fps=None)


def test_values_of_another_model_are_kept_as_they_are(desk: Desk) -> None:
    other = GenerationRequest("Set", model="someone/else", duration=30, extra={"seed": 7})
    desk.panel.request = other
    assert desk.panel.request == other
    assert desk.control("duration").label == "30 s"
    desk.control("model").label = "ltxv-2"
    assert desk.panel.request is None
    assert "duration is 30" in desk.panel.problem


def test_code_that_watches_the_request_hears_of_every_change(desk: Desk) -> None:
    heard: list[Any] = []
    desk.panel.observe(lambda change: heard.append(change["new"]), names="request")
    desk.prompt("A")
    desk.control("duration").label = "6 s"
    desk.prompt("")
    assert heard == [GenerationRequest("A"), GenerationRequest("A", duration=6), None]


def test_a_new_parameter_has_its_control_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = Parameter("mood", "mood", "Mood", str, "how it feels", flags=("--mood",), choices=("calm", "wild"))
    seed = Parameter("seed", "seed", "Seed", int, "for the same clip again", flags=("--seed",))
    monkeypatch.setattr(panelform, "PARAMETERS", {**PARAMETERS, "mood": new, "seed": seed})
    desk = Desk(tmp_path)
    assert desk.control("mood").description == "Mood"
    assert desk.control("mood").options == ("Default", "calm", "wild")
    desk.panel.request = GenerationRequest("Set", model="someone/else")
    desk.control("mood").label = "wild"
    desk.control("seed").value = "7"
    assert desk.panel.request.extra == {"mood": "wild", "seed": 7}
    desk.panel.close()


def test_every_parameter_has_a_visible_label_and_a_tooltip(desk: Desk) -> None:
    for name, parameter in PARAMETERS.items():
        boxes = [child for child in _all(desk.control(name)) if hasattr(child, "description")]
        assert boxes[0].description == parameter.label
        assert parameter.help in boxes[0].tooltip


def test_what_is_unfinished_from_earlier_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer.Writer, "put", lambda _self, work: work())
    client = FakeClient(tmp_path)
    client.unfinished = [FakeJob("earlier1", GenerationRequest("From yesterday"))]
    panel: Any = Panel(FakeHost(client))
    (button,) = [child for child in _all(panel) if getattr(child, "description", None) == "Pick up"]
    button.click()
    assert [job.id for job in panel.jobs] == ["earlier1"]
    assert client.posts == []
    panel.close()


def test_picking_up_says_so_when_nothing_is_unfinished_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer.Writer, "put", lambda _self, work: work())
    client = FakeClient(tmp_path)
    client.unfinished = [FakeJob("earlier1", GenerationRequest("From yesterday"))]
    panel: Any = Panel(FakeHost(client))
    (button,) = [child for child in _all(panel) if getattr(child, "description", None) == "Pick up"]
    client.unfinished = []  # another notebook has seen to it
    button.click()
    assert "Nothing is unfinished any more; %ltxv gallery shows the clips." in panel._says.value
    assert button not in _all(panel)
    panel.close()


def test_nothing_is_sent_to_the_page_when_nothing_changed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.prompt("A lighthouse")
    desk.click("Generate")
    desk.let_it_happen()
    desk.host.pass_time(1)
    sent: list[Any] = []
    monkeypatch.setattr("ipywidgets.Widget._send", lambda _self, message, **_more: sent.append(message))
    for _ in range(20):
        desk.host.pass_time(0.5)
        desk.client.jobs[0].tell()
    assert sent == []


def test_a_picture_that_cannot_be_read_turns_generate_off(desk: Desk, tmp_path: Path) -> None:
    desk.prompt("A lighthouse")
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"not a picture")
    desk.panel.request = GenerationRequest("A lighthouse", image=str(damaged))
    assert desk.button("Generate").disabled
    assert "damaged.png" in desk.says
    assert desk.panel.request is None


def test_a_picture_from_code_stays_the_very_object(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "first.png"
    Image.new("RGB", (64, 36), "teal").save(path)
    for image in (path, str(path), path.read_bytes(), Image.open(path)):
        desk.panel.request = GenerationRequest("A lighthouse", image=image)
        assert desk.panel.request.image is image
        assert "data:image/jpeg" in desk.panel._form.image._thumb.value
    desk.panel.request = GenerationRequest("A lighthouse")
    assert desk.panel.request.image is None


def test_an_upload_is_kept_beside_the_journal_under_a_safe_name(desk: Desk, tmp_path: Path) -> None:
    desk.prompt("A lighthouse")
    desk.panel._form.image._source.value = "upload"
    assert "Choose a picture" in desk.panel.problem
    upload = desk.upload
    picture = put_picture(upload, "teal", "../../<b>x.png")
    image = desk.panel.request.image
    assert image.parent == tmp_path / "uploads"
    assert image.name.endswith("-b-x.png")
    assert image.read_bytes() == picture
    assert upload.value == ()


def test_an_upload_that_never_arrives_leaves_no_earlier_picture_and_the_next_one_is_taken(desk: Desk) -> None:
    source = desk.panel._form.image._source
    desk.prompt("A lighthouse")
    source.value = "upload"
    put_picture(desk.upload, "teal")
    assert not desk.button("Generate").disabled
    source.value = "none"
    source.value = "upload"
    assert desk.panel.request is None
    assert desk.button("Generate").disabled
    lost = desk.upload  # its page waits for an answer to what was too big to get through
    source.value = "none"
    source.value = "upload"
    assert lost.comm is None, "it must be closed"
    picture = put_picture(desk.upload, "navy")
    assert desk.panel.request.image.read_bytes() == picture


def test_a_picture_that_has_arrived_is_given_up_before_another_is_chosen(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.panel._form.image._source.value = "upload"
    for colour in ("teal", "navy"):
        upload = desk.upload
        picture = put_picture(upload, colour)
        assert desk.panel.request.image.read_bytes() == picture
        assert upload.comm is None, "each control takes one picture"
        desk.click("Another picture")
        assert desk.panel.request is None, "the next one may be lost on its way"
        assert desk.button("Generate").disabled
        assert desk.upload is not upload


def test_a_picture_that_cannot_be_used_can_be_replaced(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.panel._form.image._source.value = "upload"
    put_picture(desk.upload, "teal", "broken.png", content=b"no picture")
    assert desk.button("Generate").disabled
    desk.click("Another picture")
    picture = put_picture(desk.upload, "navy")
    assert desk.panel.request.image.read_bytes() == picture


def test_how_big_an_upload_may_be_stands_beside_the_button(desk: Desk) -> None:
    desk.panel._form.image._source.value = "upload"
    assert any("Up to 7 MB" in str(getattr(child, "value", "")) for child in _all(desk.panel))
    desk.panel._form.image._source.value = "none"
    assert not any("Up to 7 MB" in str(getattr(child, "value", "")) for child in _all(desk.panel))


def test_a_request_with_an_uploaded_picture_can_be_set_from_code(desk: Desk) -> None:
    desk.prompt("A lighthouse")
    desk.panel._form.image._source.value = "upload"
    picture = put_picture(desk.upload, "teal")
    kept = desk.panel.request
    desk.panel._form.image._source.value = "none"
    desk.panel.request = kept
    assert desk.panel.request == kept
    assert desk.panel.request.image.read_bytes() == picture
    assert not desk.button("Generate").disabled


def test_a_picture_that_the_page_cannot_load_is_said_in_constant_words(desk: Desk) -> None:
    address = "https://example.com/x.png?a='+alert(1)+'&b=\"><b>"
    desk.panel.request = GenerationRequest("A lighthouse", image=address)
    shown = desk.panel._form.image._thumb.value
    handler = "this.replaceWith('This page cannot load it; the service may not either.')"
    assert f' onerror="{handler}"' in shown
    assert "alert" not in shown.split("onerror=")[1]
    assert shown.count("<") == 3


def test_an_error_while_looking_at_the_journal_does_not_break_the_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeClient(tmp_path)

    def broken() -> int:
        raise LTXVError("the journal is damaged")

    monkeypatch.setattr(client, "unfinished_count", broken)
    panel: Any = Panel(FakeHost(client))
    assert panel.problem
    panel.close()
