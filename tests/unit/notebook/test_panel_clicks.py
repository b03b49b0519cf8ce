"""The panel's takes, its price, its segmented choices, and what it does in the page."""

from __future__ import annotations

import html
import io
import re
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from panel_bench import Bench, all_widgets, open_bench
from panel_fakes import FakeJob
from PIL import Image

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import LTXVError, SubmissionUnknown
from ltxv_nb.models import Parameter, builtin
from ltxv_nb.models.price import PriceList, Rate
from ltxv_nb.money.budget import Budget
from ltxv_nb.money.limit import Limit
from ltxv_nb.notebook.panel.panel import Panel
from ltxv_nb.notebook.panel.price_line import budget_words
from ltxv_nb.notebook.panel.sender import CLICK_PAUSE
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    yield from open_bench(tmp_path, monkeypatch)


def test_each_take_is_a_submission_of_its_own_and_one_click_makes_no_more(bench: Bench) -> None:
    bench.prompt("A lighthouse")
    bench.takes(3)
    bench.click("Generate 3")
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
    bench.click("Generate 2")
    bench.let_it_happen()
    assert len(bench.client.posts) == 1
    assert "Already running as job job00000. Make 2 more?" in bench.says
    bench.click("Make 2 more")
    bench.let_it_happen()
    assert len(bench.client.posts) == 3
    bench.session.now += CLICK_PAUSE
    bench.click("Generate 2")
    bench.let_it_happen()
    bench.takes(1)
    assert not bench.has_button("Make 2 more"), "the question was about another click"


@pytest.mark.parametrize("is_unknown", [False, True])
def test_the_first_take_that_is_not_accepted_for_certain_is_the_last_one(
    bench: Bench, is_unknown: bool
) -> None:
    submit = bench.client.submit_request

    def run_out(request: Any, *, allow_duplicate: bool = False, **_how: Any) -> FakeJob:
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
    bench.click("Generate 4")
    bench.let_it_happen()
    made = 2 if is_unknown else 1
    assert len(bench.client.posts) == made
    assert len(bench.panel.jobs) == made, "a job whose outcome is unknown is shown as well"
    some = "were" if is_unknown else "was"
    assert f"{made} of 4 takes {some} submitted. The other {4 - made} were not sent." in bench.says
    assert ("The answer was lost." if is_unknown else "Out of &lt;credits&gt;.") in bench.says


@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_job_that_is_not_accepted_yet_is_shown_at_once_and_goes_if_it_never_is(
    bench: Bench, is_accepted: bool
) -> None:
    job, shown = FakeJob("waiting1", GenerationRequest("A lighthouse")), []

    def wait_first(request: Any, *, begun: Any, **_how: Any) -> FakeJob:
        begun(job)
        job.tell()
        job.again_at, job.trouble = time.time() + 20, "Too many requests."
        job.tell()
        job.tell()
        bench.let_it_happen()
        shown.append(list(bench.panel.jobs))
        if not is_accepted:
            raise LTXVError("Too many requests, four times.")
        job.again_at = None
        return job

    bench.client.submit_request = wait_first  # type: ignore[method-assign]
    bench.prompt("A lighthouse")
    bench.click("Generate")
    bench.let_it_happen()
    assert shown == [[job]], "it was shown before it was accepted, and once"
    assert bench.panel.jobs == ([job] if is_accepted else [])
    assert ("Too many requests, four times." in bench.says) is not is_accepted


def test_the_price_follows_the_controls_and_is_for_all_takes(bench: Bench, monkeypatch: Any) -> None:
    assert "Nothing is billed" in bench.price
    assert "The real model costs $0.378 to $0.63: 6 to 10 s of 1080p at $0.063 a second." in bench.price
    bench.control("duration").label = "6 s"
    bench.takes(2)
    assert "The real model costs $0.756: 2 takes, each 6 s of 1080p" in bench.price
    bench.control("resolution").label = "2160p"
    assert "What the real model costs with these settings is not known." in bench.price
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


def test_a_newer_price_list_and_the_budget_are_looked_up_after_the_price_is_there(
    bench: Bench, monkeypatch: Any
) -> None:
    later: list[Any] = []
    monkeypatch.setattr(Worker, "put", lambda _self, work: later.append(work))
    bench.client.listed = PriceList((Rate("0.1"),))
    bench.client.budget = Budget(Limit(4 * CREDITS_PER_USD, "day"), 0.0, 2 * CREDITS_PER_USD, 0)
    bench.control("duration").label = "10 s"
    assert "The real model costs $0.63" in bench.price, "at once"
    for work in later:
        work()
    assert "The real model costs $1.00: 10 s at $0.10 a second." in bench.price
    assert "budget" not in bench.price, "there is enough left"
    bench.takes(3)
    assert "$2.00 of the budget of $4.00 a day are left, enough for 2 of 3 takes." in bench.price
    bench.client.budget = Budget(Limit(4 * CREDITS_PER_USD, "day"), 0.0, 3 * CREDITS_PER_USD, 1_500_000)
    bench.takes(1)
    for work in later:
        work()
    assert "$0.25 of the budget of $4.00 a day are left, too little for this clip." in bench.price
    assert budget_words(bench.client.budget, None, 1).endswith("a clip of unknown price is not sent.")
    assert budget_words(None, None, 4) == ""


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


def test_takes_with_one_seed_are_said_to_be_alike(bench: Bench) -> None:
    seeded = replace(
        builtin.default_model(),
        id="inv/seeded",
        parameters=(
            *builtin.default_model().parameters,
            Parameter("seed", "integer", "a number", role="seed"),
        ),
    )
    bench.panel.request = GenerationRequest("A", model=seeded, extra={"seed": 7})
    assert "With one seed" not in bench.price
    bench.takes(2)
    assert "With one seed, all takes may be the same clip" in bench.price
    bench.control("seed").value = ""
    assert "With one seed" not in bench.price


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
    (upload,) = [child for child in all_widgets(bench.panel) if isinstance(child, Upload)]
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
