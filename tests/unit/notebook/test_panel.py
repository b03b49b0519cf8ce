"""The panel without a page: one click one submission, and controls that tell the truth."""

from __future__ import annotations

import html
import io
import re
import threading
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from panel_fakes import FakeClient, FakeJob, FakeSession
from PIL import Image

from ltxv_nb.errors import ConfigurationError, LTXVError, RateLimitError, SubmissionUnknown
from ltxv_nb.models import Parameter, builtin, request_parameters
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.panel.sender import CLICK_PAUSE
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Bench:
    """A panel, its fakes, and what was put off until the test lets it happen."""

    def __init__(self, home: Path) -> None:
        self.client = FakeClient(home)
        self.session = FakeSession(self.client)
        self.later: list[Callable[[], None]] = []
        self.panel: Any = Panel(self.session, clock=lambda: self.session.now, start=self.later.append)

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
        form = self.panel._form
        return form.choice.box if name == "model" else form.fields[name].box

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

    def takes(self, count: int) -> None:
        self.panel._bar._takes.label = str(count)

    @property
    def price(self) -> str:
        return str(self.panel._bar._price.value)

    @property
    def says(self) -> str:
        return str(self.panel._bar.message.value)


def untracked(job_id: str) -> FakeJob:
    job = FakeJob(job_id, GenerationRequest("From yesterday"))
    job.watched = False
    return job


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
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    bench = Bench(tmp_path)
    yield bench
    bench.panel.close()


def test_generate_is_off_until_there_is_something_to_send_and_says_why(bench: Bench) -> None:
    assert bench.button("Generate").disabled
    assert "The prompt is empty" in bench.says
    assert bench.panel.request is None
    bench.prompt("A lighthouse")
    assert not bench.button("Generate").disabled
    assert bench.says == ""
    assert bench.panel.request == GenerationRequest("A lighthouse")


def test_one_click_is_one_submission_however_often_it_arrives(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    assert bench.button("Generate").disabled
    bench.panel.generate()
    bench.let_it_happen()
    bench.panel.generate()  # the second half of a double click, after the service was quick
    bench.let_it_happen()
    assert len(bench.client.posts) == 1
    assert [job.id for job in bench.panel.jobs] == ["job00000"]
    assert bench.session.bound == bench.client.jobs


def test_a_double_click_is_one_submission_with_an_array_as_first_frame_too(bench: Bench) -> None:
    dark, light = (np.full((36, 64, 3), grey, dtype=np.uint8) for grey in (40, 200))
    for image in (dark, dark.copy(), light):
        bench.panel.request = GenerationRequest("A lighthouse", image=image)
        bench.panel.generate()
        bench.let_it_happen()
    first, second = bench.client.posts
    assert first.image is dark
    assert second.image is light


def test_clicks_that_arrive_on_many_threads_at_once_are_one_submission(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    barrier = threading.Barrier(8)

    def click() -> None:
        barrier.wait()
        bench.panel.generate()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bench.let_it_happen()
    assert len(bench.client.posts) == 1


def test_the_same_again_is_paid_for_only_when_they_say_so(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    bench.session.now += CLICK_PAUSE
    bench.click("Generate")
    bench.let_it_happen()
    assert len(bench.client.posts) == 1
    assert "Already running as job job00000" in bench.says
    bench.click("Never mind")
    assert not bench.has_button("Make another")
    bench.click("Generate")
    bench.let_it_happen()
    yes = bench.button("Make another")
    yes.click()
    yes.click()
    bench.let_it_happen()
    assert len(bench.client.posts) == 2
    assert not bench.has_button("Make another")


def test_the_keyboard_is_back_at_generate_once_the_question_is_answered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    focused: list[str] = []
    monkeypatch.setattr("ipywidgets.Button.focus", lambda button: focused.append(button.description))
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    for answer in ("Never mind", "Make another"):
        bench.session.now += CLICK_PAUSE
        bench.click("Generate")
        bench.let_it_happen()
        assert focused == []
        bench.click(answer)
        assert focused == ["Generate"]
        focused.clear()


def test_changing_the_prompt_takes_the_question_back(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    for _ in range(2):
        bench.session.now += CLICK_PAUSE
        bench.click("Generate")
        bench.let_it_happen()
    assert bench.has_button("Make another")
    bench.prompt("A lighthouse at night")
    assert not bench.has_button("Make another")
    assert bench.panel._question is None


def test_a_refusal_is_shown_in_the_services_words_and_the_button_comes_back(bench: Bench) -> None:
    bench.client.refusal = RateLimitError("Too <many> requests", status_code=429)
    bench.prompt("A lighthouse")
    bench.click("Generate")
    assert "Submitting" in bench.says
    bench.let_it_happen()
    assert "Too &lt;many&gt; requests" in bench.says
    assert not bench.button("Generate").disabled
    assert bench.panel.jobs == []


def test_an_unexpected_failure_brings_the_button_back_and_is_told(bench: Bench, caplog: Any) -> None:
    bench.client.refusal = RuntimeError("a fault of ours")
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    assert "Something unexpected" in bench.says
    assert not bench.button("Generate").disabled
    assert "a fault of ours" in caplog.text


def test_a_click_never_pays_when_the_panel_said_that_it_is_free(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.client.backend = "aimlapi"  # someone has logged in in another cell
    bench.click("Generate")
    bench.let_it_happen()
    assert bench.client.posts == []
    assert "are billed" in bench.says
    assert "every clip is billed" in bench.panel._head.value
    bench.click("Generate")
    bench.let_it_happen()
    assert len(bench.client.posts) == 1


def test_the_newest_job_is_on_top_and_a_failed_one_keeps_the_services_words(bench: Bench) -> None:
    for prompt in ("first", "second"):
        bench.prompt(prompt)
        bench.click("Generate")
        bench.let_it_happen()
    assert [job.request.prompt for job in bench.panel.jobs] == ["second", "first"]
    bench.client.jobs[0].fail("the <b>very</b> words")
    bench.session.pass_time(1)
    shown = [child for child in _all(bench.panel) if type(child).__name__ == "Output"]
    (output,) = shown
    assert "the &lt;b&gt;very&lt;/b&gt; words" in output.outputs[0]["data"]["text/html"]
    assert any("<i>first</i>" in str(getattr(child, "value", "")) for child in _all(bench.panel))
    bench.click("Try again")
    bench.let_it_happen()
    assert [post.prompt for post in bench.client.posts] == ["first", "second", "first"]


def test_try_again_goes_through_the_duplicate_guard(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    bench.client.jobs[0].fail("no luck")
    bench.session.pass_time(CLICK_PAUSE)
    again = bench.button("Try again")
    again.click()
    bench.let_it_happen()
    bench.session.pass_time(CLICK_PAUSE)
    again.click()
    bench.let_it_happen()
    assert len(bench.client.posts) == 2
    assert "Already running" in bench.says


def test_tracking_that_was_stopped_can_be_resumed(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    bench.session.pass_time(1)
    bench.click("Stop tracking")
    bench.session.pass_time(1)
    assert not bench.client.jobs[0].watched
    assert not bench.has_button("Stop tracking")
    bench.click("Resume tracking")
    bench.session.pass_time(1)
    assert bench.client.jobs[0].watched
    assert bench.has_button("Stop tracking")


def test_tracking_is_resumed_with_the_client_in_use_when_the_jobs_own_is_closed(bench: Bench) -> None:
    for prompt in ("A lighthouse", "A fox"):
        bench.prompt(prompt)
        bench.click("Generate")
        bench.let_it_happen()
        bench.session.now += CLICK_PAUSE
    old = bench.client.jobs[0]
    old.stop()
    bench.session.pass_time(1)
    other = FakeClient(bench.client.home)
    new = FakeJob(old.id, old.request)
    new.watched = False
    other.jobs.append(new)
    bench.session.client = other
    bench.click("Resume tracking")
    bench.session.pass_time(1)
    assert new.watched
    assert not old.watched
    assert bench.panel.jobs == [bench.client.jobs[1], new], "it must keep its row, once"
    assert old.listeners == []
    assert not bench.has_button("Resume tracking")


def test_a_panel_that_outlived_its_session_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_host: Any) -> Any:
        raise ConfigurationError("The extension was unloaded or reloaded: run this cell again.")

    bench.prompt("A lighthouse")
    client = bench.client
    monkeypatch.setattr(type(bench.session), "client", property(gone), raising=False)
    bench.click("Generate")
    assert "run this cell again" in bench.says
    assert client.posts == []


def test_why_tracking_cannot_be_resumed_is_said(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    job = bench.client.jobs[0]
    job.stop()
    bench.session.pass_time(1)
    job.refusal = ConfigurationError("made by <another> service")
    bench.click("Resume tracking")
    assert "made by &lt;another&gt; service" in bench.says
    assert bench.panel.jobs == [job]
    assert bench.has_button("Resume tracking")


def test_a_request_set_from_code_moves_the_controls_and_back(bench: Bench) -> None:
    wanted = GenerationRequest("Set", model="ltxv-2-fast", duration=8, fps=50, generate_audio=False)
    bench.panel.request = wanted
    assert bench.control("prompt").value == "Set"
    assert bench.control("model").label == "ltxv-2-fast"
    assert bench.control("duration").label == "8 s"
    assert bench.control("generate_audio").value is False
    assert bench.panel.request == wanted
    bench.control("duration").label = "10 s"
    bench.control("fps").index = 0
    assert bench.panel.request == wanted.replace(duration=10, fps=None)


def test_values_of_another_model_are_kept_as_they_are(bench: Bench) -> None:
    other = GenerationRequest("Set", model="someone/else", duration=30, extra={"seed": 7})
    bench.panel.request = other
    assert bench.panel.request == other
    assert bench.control("duration").value == "30"
    bench.control("model").label = "ltxv-2"
    assert bench.panel.request == GenerationRequest("Set")
    assert "ltxv-2 has no such setting or value: Duration (30 s), Seed (7)." in bench.says


def test_code_that_observes_the_request_hears_of_every_change(bench: Bench) -> None:
    heard: list[Any] = []
    bench.panel.observe(lambda change: heard.append(change["new"]), names="request")
    bench.prompt("A")
    bench.control("duration").label = "6 s"
    bench.prompt("")
    assert heard == [GenerationRequest("A"), GenerationRequest("A", duration=6), None]


def test_a_new_parameter_has_its_control_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    style = Parameter("style", "string", "how it looks", values=("calm", "wild"))
    seed = Parameter("seed", "integer", "for the same clip again", role="seed")
    usual = builtin.default_model()
    changed = replace(usual, parameters=(*usual.parameters, style, seed))
    monkeypatch.setattr(builtin, "BUILTIN_MODELS", (changed,))
    bench = Bench(tmp_path)
    assert bench.control("style").description == "Style"
    assert bench.control("style").options == ("Auto", "calm", "wild")
    for _ in range(2):
        bench.panel.request = GenerationRequest("Set")
        bench.control("style").label = "wild"
        bench.control("seed").value = "7"
        assert bench.panel.request.extra == {"style": "wild", "seed": 7}
        bench.panel.request = bench.panel.request.replace(style="calm", duration=6)
        assert bench.control("style").label == "calm"
        bench.control("seed").value = ""
        assert bench.panel.request.extra == {"style": "calm"}
    bench.panel.close()


def test_every_parameter_has_a_visible_label_and_a_tooltip(bench: Bench) -> None:
    labels = {
        "image": "First frame", "resolution": "Resolution (default 1080p)", "generate_audio": "Audio",
        "fps": "Frame rate",
    }  # fmt: skip
    for parameter in request_parameters(builtin.default_model()):
        if parameter.key == "aspect_ratio":
            continue  # it has one value, so that there is nothing to choose
        boxes = [child for child in _all(bench.control(parameter.key)) if hasattr(child, "description")]
        assert boxes[0].description == labels.get(parameter.key, parameter.label)
        assert parameter.help in boxes[0].tooltip
    assert "does not publish its default" in bench.control("duration").tooltip


def test_what_is_unfinished_from_earlier_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    client = FakeClient(tmp_path)
    client.unfinished = [untracked("earlier1")]
    panel: Any = Panel(FakeSession(client))
    (button,) = [child for child in _all(panel) if getattr(child, "description", None) == "Resume"]
    button.click()
    assert [job.id for job in panel.jobs] == ["earlier1"]
    assert client.posts == []
    panel.close()


def test_resuming_says_so_when_nothing_is_unfinished_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    client = FakeClient(tmp_path)
    client.unfinished = [untracked("earlier1")]
    panel: Any = Panel(FakeSession(client))
    (button,) = [child for child in _all(panel) if getattr(child, "description", None) == "Resume"]
    client.unfinished = []  # another notebook has seen to it
    button.click()
    assert "Nothing is unfinished any more; %ltxv gallery shows the clips." in panel._bar.message.value
    assert button not in _all(panel)
    panel.close()


def test_nothing_is_sent_to_the_page_when_nothing_changed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    bench.session.pass_time(1)
    sent: list[Any] = []
    monkeypatch.setattr("ipywidgets.Widget._send", lambda _self, message, **_more: sent.append(message))
    for _ in range(20):
        bench.session.pass_time(0.5)
        bench.client.jobs[0].tell()
    assert sent == []


def test_a_picture_that_cannot_be_read_turns_generate_off(bench: Bench, tmp_path: Path) -> None:
    bench.prompt("A lighthouse")
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"not a picture")
    bench.panel.request = GenerationRequest("A lighthouse", image=str(damaged))
    assert bench.button("Generate").disabled
    assert "damaged.png" in bench.says
    assert bench.panel.request is None


def test_a_picture_from_code_stays_the_very_object(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "first.png"
    Image.new("RGB", (64, 36), "teal").save(path)
    for image in (path, str(path), path.read_bytes(), Image.open(path)):
        bench.panel.request = GenerationRequest("A lighthouse", image=image)
        assert bench.panel.request.image is image
        assert "data:image/jpeg" in bench.panel._form.image._thumb.value
    bench.panel.request = GenerationRequest("A lighthouse")
    assert bench.panel.request.image is None


def test_an_upload_is_kept_beside_the_journal_under_a_safe_name(bench: Bench, tmp_path: Path) -> None:
    bench.prompt("A lighthouse")
    bench.panel._form.image._source.value = "upload"
    assert "Choose a picture" in bench.panel.problem
    upload = bench.upload
    picture = put_picture(upload, "teal", "../../<b>x.png")
    image = bench.panel.request.image
    assert image.parent == tmp_path / "uploads"
    assert image.name.endswith("-b-x.png")
    assert image.read_bytes() == picture
    assert upload.value == ()


def test_an_upload_that_never_arrives_leaves_no_earlier_picture_and_the_next_one_is_taken(
    bench: Bench,
) -> None:
    source = bench.panel._form.image._source
    bench.prompt("A lighthouse")
    source.value = "upload"
    put_picture(bench.upload, "teal")
    assert not bench.button("Generate").disabled
    source.value = "none"
    source.value = "upload"
    assert bench.panel.request is None
    assert bench.button("Generate").disabled
    lost = bench.upload  # its page waits for an answer to what was too big to get through
    source.value = "none"
    source.value = "upload"
    assert lost.comm is None, "it must be closed"
    picture = put_picture(bench.upload, "navy")
    assert bench.panel.request.image.read_bytes() == picture


def test_a_picture_that_has_arrived_is_given_up_before_another_is_chosen(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.panel._form.image._source.value = "upload"
    for colour in ("teal", "navy"):
        upload = bench.upload
        picture = put_picture(upload, colour)
        assert bench.panel.request.image.read_bytes() == picture
        assert upload.comm is None, "each control takes one picture"
        bench.click("Another picture")
        assert bench.panel.request is None, "the next one may be lost on its way"
        assert bench.button("Generate").disabled
        assert bench.upload is not upload


def test_a_picture_that_cannot_be_used_can_be_replaced(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.panel._form.image._source.value = "upload"
    put_picture(bench.upload, "teal", "broken.png", content=b"no picture")
    assert bench.button("Generate").disabled
    bench.click("Another picture")
    picture = put_picture(bench.upload, "navy")
    assert bench.panel.request.image.read_bytes() == picture


def test_how_big_an_upload_may_be_stands_beside_the_button(bench: Bench) -> None:
    bench.panel._form.image._source.value = "upload"
    assert any("Up to 7 MB" in str(getattr(child, "value", "")) for child in _all(bench.panel))
    bench.panel._form.image._source.value = "none"
    assert not any("Up to 7 MB" in str(getattr(child, "value", "")) for child in _all(bench.panel))


def test_a_request_with_an_uploaded_picture_can_be_set_from_code(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.panel._form.image._source.value = "upload"
    picture = put_picture(bench.upload, "teal")
    kept = bench.panel.request
    bench.panel._form.image._source.value = "none"
    bench.panel.request = kept
    assert bench.panel.request == kept
    assert bench.panel.request.image.read_bytes() == picture
    assert not bench.button("Generate").disabled


def test_a_picture_that_the_page_cannot_load_is_said_in_constant_words(bench: Bench) -> None:
    address = "https://example.com/x.png?a='+alert(1)+'&b=\"><b>"
    bench.panel.request = GenerationRequest("A lighthouse", image=address)
    shown = bench.panel._form.image._thumb.value
    handler = "this.replaceWith('This page cannot load it; the service may not either.')"
    assert f' onerror="{handler}"' in shown
    assert "alert" not in shown.split("onerror=")[1]
    assert shown.count("<") == 3


def test_an_error_while_looking_at_the_journal_does_not_break_the_panel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = FakeClient(tmp_path)

    def broken() -> list[Any]:
        raise LTXVError("the journal is damaged")

    monkeypatch.setattr(client, "untracked", broken)
    panel: Any = Panel(FakeSession(client))
    assert panel.problem
    panel.close()


def test_each_take_is_a_submission_of_its_own_and_one_click_makes_no_more(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.takes(3)
    bench.click("Generate 3 takes")
    assert "Submitting take 1 of 3" in bench.says
    bench.panel.generate()  # the second half of a double click
    bench.let_it_happen()
    bench.panel.generate()
    bench.let_it_happen()
    assert [post.prompt for post in bench.client.posts] == ["A lighthouse"] * 3
    assert "Accepted as jobs job00000, job00001 and job00002." in bench.says
    assert [job.id for job in bench.panel.jobs] == ["job00002", "job00001", "job00000"]
    bench.takes(1)
    assert not bench.button("Generate").disabled


def test_takes_of_what_is_unfinished_ask_once_before_anything_is_sent(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    bench.session.now += CLICK_PAUSE
    bench.takes(2)
    bench.click("Generate 2 takes")
    bench.let_it_happen()
    assert len(bench.client.posts) == 1
    assert "Already running as job job00000. Make 2 more?" in bench.says
    bench.click("Make 2 more")
    bench.let_it_happen()
    assert len(bench.client.posts) == 3
    bench.session.now += CLICK_PAUSE
    bench.click("Generate 2 takes")
    bench.let_it_happen()
    bench.takes(1)
    assert not bench.has_button("Make 2 more"), "the question was about another click"


@pytest.mark.parametrize("is_unknown", [False, True])
def test_the_first_take_that_is_not_accepted_for_certain_is_the_last_one(
    bench: Bench, is_unknown: bool
) -> None:
    submit = bench.client.submit_request

    def run_out(request: Any, *, allow_duplicate: bool = False) -> FakeJob:
        job = submit(request, allow_duplicate=allow_duplicate)
        if len(bench.client.posts) < 2:
            return job
        if is_unknown:
            raise SubmissionUnknown("The answer was lost.", job)
        bench.client.posts.pop()
        raise LTXVError("Out of <credits>.")

    bench.client.submit_request = run_out  # type: ignore[method-assign]
    bench.prompt("A lighthouse")
    bench.takes(4)
    bench.click("Generate 4 takes")
    bench.let_it_happen()
    made = 2 if is_unknown else 1
    assert len(bench.client.posts) == made
    assert len(bench.panel.jobs) == made, "a job whose outcome is unknown is shown as well"
    some = "were" if is_unknown else "was"
    assert f"{made} of 4 takes {some} submitted. The other {4 - made} were not sent." in bench.says
    assert ("The answer was lost." if is_unknown else "Out of &lt;credits&gt;.") in bench.says


def test_the_price_follows_the_controls_and_is_for_all_takes(bench: Bench, monkeypatch: Any) -> None:
    assert "Nothing is billed" in bench.price
    assert "The real model costs $0.378 to $0.63: 6 to 10 s of 1080p at $0.063 a second." in bench.price
    bench.control("duration").label = "6 s"
    bench.takes(2)
    assert "The real model costs $0.756: 2 takes, each 6 s of 1080p" in bench.price
    bench.control("resolution").label = "2160p"
    assert "No price is published for these settings of the real model." in bench.price
    bench.client.backend = "aimlapi"
    panel: Any = Panel(bench.session, start=lambda _work: None)
    panel.request = GenerationRequest("A lighthouse", duration=8)
    assert "<b>$0.504</b>" in panel._bar._price.value
    assert "Nothing is billed" not in panel._bar._price.value
    panel._form.fields["resolution"].box.label = "2160p"
    assert "<b>Price unknown</b>" in panel._bar._price.value
    reckoned: list[Any] = []
    monkeypatch.setattr("ltxv_nb.models.Model.price", lambda _model, **values: reckoned.append(values))
    panel._form.fields["prompt"].box.value = "A lighthouse at night"
    assert reckoned == [], "typing a prompt changes no price"
    panel.close()


def test_what_is_shown_as_a_cell_makes_as_many_takes(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.control("duration").label = "6 s"
    bench.button("Show as cell").value = True
    shown = bench.panel._code.box
    assert "%%ltxv -d 6\nA lighthouse" in html.unescape(shown.value)
    bench.takes(3)
    assert "Cell, to be run 3 times" in shown.value
    assert "%%ltxv --again -d 6\nA lighthouse" in html.unescape(shown.value)
    (code,) = [text for text in re.findall(r"(?s)<pre[^>]*>(.*?)</pre>", shown.value) if "client" in text]
    made: list[Any] = []

    class Client:
        def __init__(self, **_settings: Any) -> None: ...

        def submit(self, prompt: str, **given: Any) -> Any:
            made.append((prompt, given))
            return SimpleNamespace(result=lambda: None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ltxv_nb.Client", Client)
        exec(html.unescape(code), {})
    assert made == [("A lighthouse", {"duration": 6, "allow_duplicate": True})] * 3


def test_using_the_settings_of_a_clip_asks_before_it_replaces_a_prompt(bench: Bench) -> None:
    bench.panel.request = GenerationRequest("A lighthouse", duration=6)
    bench.click("Generate")
    bench.let_it_happen()
    bench.prompt("Something of mine")
    bench.control("duration").label = "8 s"
    bench.click("Use these settings")
    assert bench.panel.request == GenerationRequest("Something of mine", duration=8), (
        "nothing is replaced yet"
    )
    bench.click("Never mind")
    assert not bench.has_button("Keep my prompt")
    bench.click("Use these settings")
    bench.click("Keep my prompt")
    assert bench.panel.request == GenerationRequest("Something of mine", duration=6)
    bench.click("Use these settings")
    bench.click("Replace")
    assert bench.panel.request == GenerationRequest("A lighthouse", duration=6)
    bench.click("Use these settings")
    assert not bench.has_button("Replace"), "the prompt is the same"
    bench.prompt("")
    bench.click("Use these settings")
    assert bench.panel.request == GenerationRequest("A lighthouse", duration=6)


def test_a_switch_and_a_choice_leave_the_default_to_the_service_and_keep_what_code_has_set(
    bench: Bench,
) -> None:
    bench.prompt("A lighthouse")
    assert bench.control("generate_audio").value is True
    assert bench.control("resolution").label == "1080p"
    assert bench.panel.request.settings() == {"model": "ltxv/ltxv-2"}
    bench.control("generate_audio").value = False
    assert bench.panel.request.generate_audio is False
    bench.control("generate_audio").value = True
    assert bench.panel.request.generate_audio is None
    explicit = GenerationRequest("A", resolution="1080p", generate_audio=True, aspect_ratio="16:9")
    bench.panel.request = explicit
    assert bench.panel.request == explicit
    bench.prompt("B")
    assert bench.panel.request == explicit.replace(prompt="B"), "what code has set stays as it is"
    bench.panel.request = GenerationRequest("C")
    assert bench.panel.request.settings() == {"model": "ltxv/ltxv-2"}


def test_what_has_one_value_is_no_choice_and_is_sent_where_it_has_to_be(bench: Bench) -> None:
    only = replace(
        builtin.default_model(),
        id="inv/only",
        parameters=(
            Parameter("prompt", "string", "words", required=True, role="prompt"),
            Parameter("size", "string", "how large", values=("large",), required=True),
            Parameter("pace", "string", "how fast", values=("slow",), default="slow"),
        ),
    )
    bench.client.catalogue = [only]
    bench.panel.request = GenerationRequest("A", model=only, extra={"size": "large"})
    assert list(bench.panel._form.fields) == ["prompt"]
    bench.prompt("B")
    assert bench.panel.request.body() == {"model": "inv/only", "prompt": "B", "size": "large"}


def test_a_picture_arrives_in_pieces_and_only_whole(bench: Bench) -> None:
    from ltxv_nb.notebook.panel.page import MOST_BYTES, Upload

    bench.prompt("A lighthouse")
    bench.panel._keyboard = SimpleNamespace(ready=True)
    image = bench.panel._form.image
    image._source.value = "upload"
    (upload,) = [child for child in _all(bench.panel) if isinstance(child, Upload)]
    assert upload.frame == [3840, 2160], "as large as the largest clip of the model"
    answers: list[Any] = []
    upload.send = answers.append
    out = io.BytesIO()
    Image.new("RGB", (64, 36), "teal").save(out, "JPEG")
    picture = out.getvalue()

    def say(*buffers: bytes, **content: Any) -> Any:
        upload._received(upload, {"id": "one", **content}, [memoryview(one) for one in buffers])
        return answers[-1] if answers else None

    assert say(kind="begin", name="x", size=MOST_BYTES + 1)["kind"] == "problem"
    assert say(kind="begin", name="x", size=0)["kind"] == "problem"
    more = {"kind": "more", "id": "one", "received": 0}
    assert say(kind="begin", name="../a.png", type="image/jpeg", size=len(picture)) == more
    for wrong in ({"at": 5}, {"at": 0, "id": "another"}, {"at": None}):
        answers.clear()
        assert say(picture, kind="piece", **wrong) is None, "out of order, it is dropped"
    assert say(picture[:100], kind="piece", at=0) == {**more, "received": 100}
    assert bench.panel.request is None
    say(picture[100:], kind="piece", at=100)
    path = bench.panel.request.image
    assert path.read_bytes() == picture
    assert path.name.endswith("-a.jpg"), "the page has drawn it anew"
    assert upload.comm is None


def test_ctrl_enter_generates_once_everything_typed_has_arrived(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.panel._add_keyboard()
    keyboard = bench.panel._keyboard
    answers: list[Any] = []
    keyboard.send = answers.append
    assert not keyboard.ready
    for message in ({"kind": "ready"}, {"kind": "ask", "id": "view 1"}, "nonsense", {"kind": "other"}):
        keyboard._received(keyboard, message, [])
    assert keyboard.ready
    assert answers == [{"kind": "answer", "id": "view 1"}]
    assert bench.later == [], "the page has not said so yet"
    keyboard._received(keyboard, {"kind": "generate"}, [])
    bench.let_it_happen()
    assert len(bench.client.posts) == 1
