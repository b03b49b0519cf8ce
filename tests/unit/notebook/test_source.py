"""The cell and the Python call that the panel shows ask for the very same clip."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model, Parameter, default_model
from ltxv_nb.models.schema import read
from ltxv_nb.notebook.magic.options import named_model, parse, split
from ltxv_nb.notebook.magic.template import fill
from ltxv_nb.notebook.magic.values import filled
from ltxv_nb.notebook.output.flags import is_switch, with_flags
from ltxv_nb.notebook.output.source import cell_text, code_html, python_text
from ltxv_nb.request import GenerationRequest

_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("{}'\"\\\n%"), min_size=1)
_PROMPTS = _TEXTS.filter(lambda text: bool(text.strip()))
_PATHS = st.text(st.sampled_from("ab {}'\"\\/.-é"), min_size=1).map(lambda text: f"p/{text}.png")


#: Names of parameters: of roles, of the magic's own options, and such as no option can be called.
NAMES = [
    "image_url", "image", "image_urls", "first_frame_image", "tail_image_url", "video_url", "audio_url",
    "generate_audio", "duration", "seed", "negative_prompt", "timeout", "help", "output", "no_watermark",
    "watermark", "cameraControl", "two words", "-d", "<b>", "élan", "3d", "m", "embed", "no_embed", "{x}",
]  # fmt: skip
SCHEMAS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "string", "enum": ["720P", "720p", "a b", "{x}", "-1", ""]},
    {"type": "integer"},
    {"type": "integer", "enum": [5, 10], "default": "5"},
    {"type": "number", "minimum": -1, "maximum": 50},
    {"type": "boolean", "required": True},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "object"}, "minItems": 1},
    {"type": "array"},
    {"type": "object"},
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]},
    {},
]
_NAMED = st.characters(exclude_categories=["Cs", "Cc", "Z", "Cf", "Cn", "Co"])


@st.composite
def requests(draw: Any) -> GenerationRequest:
    chosen = {
        parameter.key: draw(st.sampled_from([None, *parameter.choices]))
        for parameter in default_model().parameters
        if parameter.role not in {"prompt", "image"}
    }
    model = draw(st.sampled_from(["ltxv-2", "ltxv-2-fast", "someone/else v{2}"]))
    return GenerationRequest(draw(_PROMPTS), model=model, image=draw(st.none() | _PATHS), **chosen)


def run_cell(cell: str, model: Model) -> GenerationRequest:
    """Return what a cell asks for, read as the magic reads it."""
    line, _, body = cell.partition("\n")
    assert line.startswith("%%ltxv")
    assert len(line.splitlines()) == 1, "the page would cut the line there"
    words = split(line.removeprefix("%%ltxv"))
    options = parse(words, model)
    known = {one.key: one for one in with_flags(model)}
    values = {name: filled(known.get(name), value, {}) for name, value in options.parameters.items()}
    assert fill(named_model(words) or "ltxv-2", {}) in {model.id, *model.aliases}
    return GenerationRequest.of({"prompt": fill(body, {}), **values, "model": model})


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


@st.composite
def any_requests(draw: Any) -> GenerationRequest:
    """A request to a model of a generated schema."""
    names = st.sampled_from(NAMES) | st.text(_NAMED, min_size=1, max_size=12)
    properties = draw(st.dictionaries(names, st.sampled_from(SCHEMAS), min_size=1, max_size=6))
    parameters = read({"properties": {**properties, "prompt": {"type": "string"}}}, "a/b").parameters
    model = Model("a/b", "Invented", "Nobody", parameters=parameters)
    values: dict[str, Any] = {}
    for known in parameters:
        if known.role == "prompt" or draw(st.booleans()):
            continue
        values[known.key] = draw(values_of(known))
    usable = {key: value for key, value in values.items() if takes(model.parameter(key), value)}
    return GenerationRequest.of({"model": model, "prompt": draw(_TEXTS | st.just("")), **usable})


def values_of(known: Parameter) -> Any:
    if known.media:
        one = _PATHS | st.sampled_from(["-i", "https://x.example/{a}.png"])
        return st.lists(one, min_size=1, max_size=3) if known.type == "array" else one
    if known.choices or is_switch(known):
        return st.sampled_from(known.choices or (True, False))
    kinds = {"string": _TEXTS, "integer": st.integers(-9, 99), "number": st.floats(-9, 99)}
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | _TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
        max_leaves=5,
    )
    kinds |= {"array": st.lists(_TEXTS | json_values, max_size=3), "any": json_values}
    kinds |= {"object": st.dictionaries(_TEXTS, json_values, max_size=2)}
    return st.one_of([kinds.get(kind, st.booleans()) for kind in known.types])


def takes(known: Parameter | None, value: Any) -> bool:
    try:
        return known is not None and (bool(known.media) or known.parse(value) is not None)
    except RequestError:
        return False


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
