"""Requests to invented models with generated schemas, and cells read as the magic reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model
from ltxv_nb.models.schema import read
from ltxv_nb.notebook.magic.options import named_model, parse, split
from ltxv_nb.notebook.magic.template import fill
from ltxv_nb.notebook.magic.values import filled
from ltxv_nb.notebook.output.flags import is_switch, with_flags
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from ltxv_nb.models import Parameter

#: Without a lone "--", which argparse takes for its own mark.
TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("{}'\"\\\n%"), min_size=1
).filter(lambda text: text != "--")
PROMPTS = TEXTS.filter(lambda text: bool(text.strip()))
PATHS = st.text(st.sampled_from("ab {}'\"\\/.-é"), min_size=1).map(lambda text: f"p/{text}.png")


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
    return GenerationRequest.of({"model": model, "prompt": draw(TEXTS | st.just("")), **usable})


def values_of(known: Parameter) -> Any:
    if known.media:
        one = PATHS | st.sampled_from(["-i", "https://x.example/{a}.png"])
        return st.lists(one, min_size=1, max_size=3) if known.type == "array" else one
    if known.choices or is_switch(known):
        return st.sampled_from(known.choices or (True, False))
    if known.type == "any" and known.role:
        return TEXTS
    kinds = {"string": TEXTS, "integer": st.integers(-9, 99), "number": st.floats(-9, 99)}
    json_values = st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    )
    kinds |= {"array": st.lists(TEXTS | json_values, max_size=3), "any": json_values}
    kinds |= {"object": st.dictionaries(TEXTS, json_values, max_size=2)}
    return st.one_of([kinds.get(kind, st.booleans()) for kind in known.types])


def takes(known: Parameter | None, value: Any) -> bool:
    try:
        return known is not None and (bool(known.media) or known.parse(value) is not None)
    except RequestError:
        return False


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
