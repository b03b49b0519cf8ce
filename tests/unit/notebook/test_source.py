"""The cell and the Python call that the panel shows ask for the very same clip."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.models import default_model, find_model
from ltxv_nb.notebook.magic.options import parse, split
from ltxv_nb.notebook.magic.template import fill
from ltxv_nb.notebook.output.source import cell_text, code_html, python_text
from ltxv_nb.request import GenerationRequest

_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("{}'\"\\\n%"), min_size=1)
_PROMPTS = _TEXTS.filter(lambda text: bool(text.strip()))
_PATHS = st.text(st.sampled_from("ab {}'\"\\/.-é"), min_size=1).map(lambda text: f"p/{text}.png")


@st.composite
def requests(draw: Any) -> GenerationRequest:
    chosen = {
        parameter.key: draw(st.sampled_from([None, *parameter.choices]))
        for parameter in default_model().parameters
        if parameter.role not in {"prompt", "image"}
    }
    model = draw(st.sampled_from(["ltxv-2", "ltxv-2-fast", "someone/else v{2}"]))
    return GenerationRequest(draw(_PROMPTS), model=model, image=draw(st.none() | _PATHS), **chosen)


@given(requests())
def test_running_the_cell_asks_for_the_same(request: GenerationRequest) -> None:
    line, _, body = cell_text(request, request.image).partition("\n")
    assert line.startswith("%%ltxv")
    options = parse(split(line.removeprefix("%%ltxv")))
    values = {
        name: fill(value, {}) if isinstance(value, str) else value
        for name, value in options.parameters.items()
    }
    if find_model(request.model) is None:
        for name in ("duration", "fps"):  # another model's numbers are text on its own responsibility
            values[name] = int(values[name]) if name in values else None
    assert GenerationRequest(fill(body, {}), **values) == request


@given(requests())
def test_running_the_python_asks_for_the_same(request: GenerationRequest) -> None:
    asked: dict[str, Any] = {}

    class Client:
        def submit(self, prompt: str, **parameters: Any) -> Any:
            asked.update(parameters, prompt=prompt)
            return self

        def result(self) -> None:
            """Do nothing."""

    code = (
        python_text(request, request.image).replace("import ltxv_nb", "").replace("ltxv_nb.Client", "Client")
    )
    exec(code, {"Client": Client})
    assert GenerationRequest(**asked) == request


def test_a_file_called_like_a_variable_is_still_a_file() -> None:
    assert "-i ./picture" in cell_text(GenerationRequest("A"), "picture")


def test_python_copied_from_the_sandbox_stays_free() -> None:
    assert 'Client(backend="sandbox")' in python_text(GenerationRequest("A"), sandbox=True)
    assert "Client()" in python_text(GenerationRequest("A"))


def test_fields_of_another_model_are_in_the_python_call() -> None:
    other = GenerationRequest("A", model="someone/else", extra={"seed": 7})
    assert "seed=7" in python_text(other)
    assert "seed" not in cell_text(other)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</pre><img src=x onerror=alert(1)>"])
def test_the_text_shown_cannot_run(text: str) -> None:
    shown = code_html("Cell", text)
    assert text not in shown
    assert "<script" not in shown
    assert "<img" not in shown
