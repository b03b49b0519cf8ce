"""The cell and the Python call that the panel shows ask for the very same clip."""

from __future__ import annotations

import json
from typing import Any

import pytest
from generated import PATHS, PROMPTS, any_requests, run_cell
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltxv_nb.models import default_model
from ltxv_nb.notebook.output.source import cell_text, code_html, python_text
from ltxv_nb.request import GenerationRequest


@st.composite
def requests(draw: Any) -> GenerationRequest:
    chosen = {
        parameter.key: draw(st.sampled_from([None, *parameter.choices]))
        for parameter in default_model().parameters
        if parameter.role not in {"prompt", "image"}
    }
    model = draw(st.sampled_from(["ltxv-2", "ltxv-2-fast", "someone/else v{2}"]))
    return GenerationRequest(draw(PROMPTS), model=model, image=draw(st.none() | PATHS), **chosen)


@given(requests())
def test_running_the_cell_asks_for_the_same(request: GenerationRequest) -> None:
    assert run_cell(cell_text(request), request.spec) == request


@given(requests())
def test_running_the_python_asks_for_the_same(request: GenerationRequest) -> None:
    asked: dict[str, Any] = {}

    class Client:
        def submit(self, prompt: str, **parameters: Any) -> Any:
            asked.update(parameters, prompt=prompt)
            return self

        def result(self) -> None:
            """Do nothing."""

    code = python_text(request).replace("import ltxv_nb", "").replace("ltxv_nb.Client", "Client")
    exec(code, {"Client": Client})
    assert GenerationRequest(**asked) == request


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(any_requests())
def test_running_the_cell_asks_for_the_same_of_any_model(request: GenerationRequest) -> None:
    again = run_cell(cell_text(request), request.spec)
    assert json.dumps(again.body(), sort_keys=True) == json.dumps(request.body(), sort_keys=True)


def test_a_file_called_like_a_variable_is_still_a_file() -> None:
    assert "-i ./picture" in cell_text(GenerationRequest("A", image="picture"))


def test_python_copied_from_the_sandbox_stays_free() -> None:
    assert 'Client(backend="sandbox")' in python_text(GenerationRequest("A"), sandbox=True)
    assert "Client()" in python_text(GenerationRequest("A"))


def test_fields_of_a_model_of_which_nothing_is_known_are_in_both() -> None:
    other = GenerationRequest("A", model="someone/else", extra={"seed": 7, "mood": "7", "on": True})
    assert "seed=7" in python_text(other)
    assert cell_text(other) == "%%ltxv -m someone/else --seed 7 --mood '\"7\"' --on true\nA"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>"])
def test_the_text_shown_cannot_run(text: str) -> None:
    shown = code_html("Cell", text)
    assert text not in shown
    assert "<script" not in shown
    assert "<img" not in shown
