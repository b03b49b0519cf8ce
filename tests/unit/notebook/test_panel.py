"""The panel without a page: one click one submission, and controls that tell the truth."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from panel_bench import Bench, all_widgets, open_bench, put_picture, untracked
from panel_fakes import FakeClient, FakeJob, FakeSession
from PIL import Image

from ltxv_nb.errors import ConfigurationError, LTXVError, RateLimitError
from ltxv_nb.models import Parameter, builtin, request_parameters
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.panel.sender import CLICK_PAUSE
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    yield from open_bench(tmp_path, monkeypatch)


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
    shown = [child for child in all_widgets(bench.panel) if type(child).__name__ == "Output"]
    (output,) = shown
    assert "the &lt;b&gt;very&lt;/b&gt; words" in output.outputs[0]["data"]["text/html"]
    assert any("<i>first</i>" in str(getattr(child, "value", "")) for child in all_widgets(bench.panel))
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
        boxes = [
            child for child in all_widgets(bench.control(parameter.key)) if hasattr(child, "description")
        ]
        assert boxes[0].description == labels.get(parameter.key, parameter.label)
        assert parameter.help in boxes[0].tooltip
    assert "does not publish its default" in bench.control("duration").tooltip


def test_what_is_unfinished_from_earlier_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    client = FakeClient(tmp_path)
    client.unfinished = [untracked("earlier1")]
    panel: Any = Panel(FakeSession(client))
    (button,) = [child for child in all_widgets(panel) if getattr(child, "description", None) == "Resume"]
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
    (button,) = [child for child in all_widgets(panel) if getattr(child, "description", None) == "Resume"]
    client.unfinished = []  # another notebook has seen to it
    button.click()
    assert "Nothing is unfinished any more; %ltxv gallery shows the clips." in panel._bar.message.value
    assert button not in all_widgets(panel)
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
    assert any("Up to 7 MB" in str(getattr(child, "value", "")) for child in all_widgets(bench.panel))
    bench.panel._form.image._source.value = "none"
    assert not any("Up to 7 MB" in str(getattr(child, "value", "")) for child in all_widgets(bench.panel))


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
