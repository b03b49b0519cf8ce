"""The panel with any model: its controls, what it keeps when the model changes, and the cell that it shows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from generated import any_requests, run_cell
from hypothesis import HealthCheck, given, settings
from model_fakes import EVERYTHING, model, models, per_second
from panel_fakes import FakeClient, FakeSession

from ltxv_nb.errors import APIError
from ltxv_nb.models import builtin_models
from ltxv_nb.models.model import Schema
from ltxv_nb.notebook.output.source import cell_text
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Bench:
    """A panel over a catalogue of invented models; what the worker is to do waits if that is wanted."""

    def __init__(self, home: Path) -> None:
        self.client = FakeClient(home)
        self.client.catalogue = [*builtin_models(), *models()]
        self.panel: Any = Panel(FakeSession(self.client), start=lambda _work: None)
        self.form = self.panel._form

    def choose(self, name: str) -> None:
        self.form.choice.box.label = name

    def control(self, key: str) -> Any:
        return self.form.fields[key].box

    @property
    def shown(self) -> list[str]:
        """The labels of the controls on the page, from top to bottom."""
        return [one.description for one in _all(self.panel._card) if "ltxv-field" in one._dom_classes]

    @property
    def offered(self) -> list[str]:
        return list(self.form.choice.box.options)

    @property
    def says(self) -> str:
        return str(self.panel._bar.message.value)

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.panel.request.body()
        return body

    def press(self, text: str) -> None:
        (button,) = [one for one in _all(self.panel) if getattr(one, "description", "").startswith(text)]
        button.value = not button.value


def _all(widget: Any) -> list[Any]:
    return [widget, *(deeper for child in getattr(widget, "children", ()) for deeper in _all(child))]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    bench = Bench(tmp_path)
    yield bench
    bench.panel.close()


def test_the_models_of_the_catalogue_are_offered(bench: Bench) -> None:
    assert bench.offered == [one.short_name for one in bench.client.catalogue]
    assert bench.form.choice.box.label == "ltxv-2"


def test_the_controls_are_those_of_the_chosen_model(bench: Bench) -> None:
    bench.choose("inv/everything")
    assert bench.shown[:2] == ["Prompt", "Model"]
    assert {
        "Duration (default 5 s)", "Seed", "Negative prompt", "First frame", "Last frame", "Images", "Video",
        "Audio",
    } <= set(bench.shown)  # fmt: skip
    assert "Frame rate" not in bench.shown
    assert "Cfg scale" not in bench.shown, "what has no role stands under More"
    bench.press("More settings (6)")
    assert {"Cfg scale", "Style (default ink)", "Loop", "Camera control", "Elements", "Timeout"} <= set(
        bench.shown
    )
    bench.choose("ltxv-2")
    bench.choose("inv/everything")
    assert "Cfg scale" in bench.shown, "who has opened them wants to see them"
    bench.press("Fewer settings")
    assert "Cfg scale" not in bench.shown


def test_what_is_chosen_makes_the_body_of_that_model(bench: Bench) -> None:
    bench.choose("inv/everything")
    bench.press("More settings")
    for key, text in (
        ("prompt", "A lighthouse"), ("seed", "7"), ("negative_prompt", "blur"), ("cfg_scale", "0.5"),
        ("camera_control", '{"pan": 3}'), ("elements", '[{"a": 1}]'), ("video", "https://x.example/v.mp4"),
        ("images", "https://x.example/1.png\nhttps://x.example/2.png"),
    ):  # fmt: skip
        bench.control(key).value = text
    bench.control("style").label = "two words"
    bench.control("loop").label = "Off"
    bench.press("Fewer settings")
    assert bench.body() == {
        "model": "inv/everything",
        "prompt": "A lighthouse",
        "image_urls": ["https://x.example/1.png", "https://x.example/2.png"],
        "video_url": "https://x.example/v.mp4",
        "seed": 7,
        "negative_prompt": "blur",
        "cfg_scale": 0.5,
        "style": "two words",
        "loop": False,
        "camera_control": {"pan": 3},
        "elements": [{"a": 1}],
    }


@pytest.mark.parametrize(
    ("key", "text", "answer"),
    [
        ("seed", "100", "a whole number from 0 to 99"),
        ("cfg_scale", "2", "a number from 0 to 1"),
        (
            "camera_control",
            '{"pan": ',
            "Camera control is not complete JSON: Expecting value at line 1",
        ),
        ("camera_control", '{"pan": "x"}', "camera_control.pan is"),
        ("elements", "word", "elements"),
    ],
)
def test_a_value_that_cannot_be_is_answered_in_one_sentence(
    bench: Bench, key: str, text: str, answer: str
) -> None:
    bench.choose("inv/everything")
    bench.press("More settings")
    bench.control("prompt").value = "A"
    bench.control(key).value = text
    assert bench.panel.request is None
    assert answer in bench.panel.problem
    bench.control(key).value = ""
    assert bench.panel.problem == ""


def test_a_change_of_the_model_keeps_what_both_have_and_says_what_it_dropped(bench: Bench) -> None:
    bench.panel.request = GenerationRequest("A boat", duration=10, resolution="2160p", fps=50)
    bench.choose("inv/everything")
    assert bench.body() == {"model": "inv/everything", "prompt": "A boat", "duration": 10}
    assert (
        "inv/everything has no such setting or value: Resolution (2160p), Frame rate (50 fps)." in bench.says
    )
    bench.control("duration").label = "5 s"
    bench.control("seed").value = "7"
    assert bench.body() == {"model": "inv/everything", "prompt": "A boat", "seed": 7}, "5 s is its default"
    bench.choose("ltxv-2")
    assert bench.body() == {"model": "ltxv/ltxv-2", "prompt": "A boat"}
    assert "ltxv-2 has no such setting or value: Seed (7)." in bench.says
    bench.choose("ltxv-2-fast")
    assert "no such setting" not in bench.says


def test_a_prompt_waits_while_the_model_takes_none(bench: Bench) -> None:
    prompt = bench.control("prompt")
    prompt.value = "A boat"
    bench.choose("inv/avatar")
    assert "Prompt" not in bench.shown
    assert "has no such setting or value: Prompt." in bench.says
    assert "needs image" in bench.panel.problem
    bench.choose("inv/cheap")
    assert bench.control("prompt") is prompt
    assert bench.body() == {"model": "inv/cheap", "prompt": "A boat"}


def test_the_list_is_shortened_by_words_by_what_models_can_do_and_by_price(bench: Bench) -> None:
    bench.press("Find a model")
    words, ability, price = bench.form.choice._filters
    words.value = "cheap"
    assert bench.offered == ["ltxv-2", "inv/cheap"], "the chosen one stays in the list"
    assert "1 of 6 models" in bench.form.choice._about.value
    words.value = ""
    ability.label = "image to video"
    assert bench.offered == ["ltxv-2", "ltxv-2-fast", "inv/everything", "inv/avatar"]
    price.label = "up to $0.05"
    assert bench.offered == ["ltxv-2", "ltxv-2-fast"]
    bench.choose("ltxv-2-fast")
    assert bench.panel._form.model.short_name == "ltxv-2-fast"
    assert "$0.042 a second" in bench.form.choice._about.value
    bench.press("Find a model")
    assert len(bench.offered) == 6


def test_a_model_whose_parameters_are_not_known_is_read_by_the_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(Worker, "put", lambda _self, work: later.append(work))
    known = model("inv/new", {"prompt": {"type": "string"}, "seed": {"type": "integer"}})
    unread = replace(known, read=lambda: Schema(known.parameters))
    bench.client.catalogue.append(unread)
    bench.form.choice.offer(bench.client.catalogue)
    bench.control("prompt").value = "A"
    bench.choose("inv/new")
    assert "Reading the parameters" in bench.panel.problem
    assert bench.panel.request is None, "no request may go to a model that is not the one shown"
    while later:
        later.pop(0)()
    assert "Seed" in bench.shown
    assert bench.body() == {"model": "inv/new", "prompt": "A"}


def test_a_model_that_cannot_be_read_leaves_the_one_before(bench: Bench) -> None:
    def fail() -> Schema:
        raise APIError("The service cannot be <reached>.")

    bench.client.catalogue.append(replace(models()[0], id="inv/broken", read=fail))
    bench.form.choice.offer(bench.client.catalogue)
    bench.control("prompt").value = "A"
    bench.choose("inv/broken")
    assert "cannot be &lt;reached&gt;" in bench.says
    assert bench.form.choice.box.label == "ltxv-2"
    assert bench.body() == {"model": "ltxv/ltxv-2", "prompt": "A"}


def test_a_request_with_settings_below_opens_them(bench: Bench) -> None:
    everything = models()[0]
    wanted = GenerationRequest.of({"model": everything, "prompt": "A", "cfg_scale": 0.5, "seed": 3})
    bench.panel.request = wanted
    assert bench.panel.request == wanted
    assert bench.control("cfg_scale").value == "0.5"
    assert "Cfg scale" in bench.shown


def test_a_choice_that_is_needed_is_not_made_by_itself(bench: Bench) -> None:
    needed = model("inv/needs", {"mode": {"type": "string", "enum": ["a", "b"]}}, required=["mode"])
    bench.client.catalogue.append(needed)
    bench.form.choice.offer(bench.client.catalogue)
    bench.choose("inv/needs")
    assert bench.control("mode").options == ("Choose one", "a", "b")
    assert "inv/needs needs mode" in bench.panel.problem


def test_words_of_a_model_are_never_markup(bench: Bench) -> None:
    bench.choose("inv/<b>bold</b>")
    pieces = " ".join(str(one.value) for one in _all(bench.panel) if type(one).__name__ == "HTML")
    for tag in ("<b>bold", "<b>Bold", "<u>Nobody", "<s>", "<img", "<i>"):
        assert tag not in pieces
    assert "&lt;b&gt;Bold&lt;/b&gt;" in pieces
    assert all(
        not one.description_allow_html for one in _all(bench.panel) if hasattr(one, "description_allow_html")
    )


def test_replaced_controls_are_removed(bench: Bench) -> None:
    old = bench.control("resolution")
    bench.choose("inv/everything")
    assert old.comm is None


def test_a_model_with_hundreds_of_parameters_makes_few_controls(bench: Bench) -> None:
    many = model("inv/many", {**EVERYTHING, **{f"p{at}": {"type": "string"} for at in range(250)}})
    bench.client.catalogue.append(replace(many, prices=per_second("1")))
    bench.form.choice.offer(bench.client.catalogue)
    bench.choose("inv/many")
    assert len(bench.form.fields) < 20


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(request=any_requests())
def test_the_cell_that_is_shown_asks_for_what_the_controls_say(
    bench: Bench, request: GenerationRequest
) -> None:
    bench.panel.request = request
    current = bench.panel.request
    assert bench.panel.problem == "" or "needs" in bench.panel.problem or request.files()
    if current is None:  # a picture that is not there
        current = request
    again = run_cell(cell_text(current), current.spec)
    assert json.dumps(again.body(), sort_keys=True) == json.dumps(request.body(), sort_keys=True)
