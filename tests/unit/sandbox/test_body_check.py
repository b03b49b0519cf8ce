"""Promises of the sandbox's checks for any model: the field that is wrong, what was expected and received."""

from __future__ import annotations

import base64

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.models.served import ServedModel, document_of, row_of
from ltxv_nb.sandbox.server.body_check import _is_plainly_right, problems

MODELS = usual_models()
URL = "https://example.test/a.png"


def found(name, **body):
    return problems(MODELS.find(f"sandbox/{name}"), {"model": f"sandbox/{name}", **body})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("postcard", {"prompt": "A boat", "duration": 10, "seed": 0}),
        ("storyboard", {"prompt": "A boat", "multi_prompt": None, "duration": 2.5}),
        ("storyboard", {"multi_prompt": [{"prompt": "A boat", "duration": 3}], "camera_control": {}}),
        ("references", {"prompt": "A boat", "seed": None, "aspect_ratio": "16:9"}),
        ("talking-head", {"image_url": URL, "audio_url": "data:audio/mpeg;base64,AAAA"}),
        ("either", {"prompt": "A boat", "image": URL}),
        ("either", {"prompt": "A boat", "image": [URL, URL]}),
        ("bridge", {"prompt": " ", "image_url": URL, "tail_image_url": URL}),
        ("plain", {"prompt": "A boat", "nobody_knows_it": 1}),
    ],
)
def test_what_a_schema_allows_passes(name, body):
    assert found(name, **body) == []


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("postcard", {"prompt": "A", "duration": "5"}, 'duration: expected 5 | 10, received "5"'),
        ("postcard", {"prompt": "A", "seed": -1}, "seed: expected integer >= 0 <= 4294967295, received -1"),
        ("postcard", {"prompt": 5}, "prompt: expected string of at most 2000 characters, received 5"),
        (
            "storyboard",
            {"multi_prompt": [{"prompt": "A"}, {"duration": 9, "prompt": "B"}]},
            "multi_prompt[1].duration: expected 1 | 2 | 3 | 4 | 5, received 9",
        ),
        (
            "storyboard",
            {"multi_prompt": [{"duration": 1}]},
            "multi_prompt[0].prompt: expected string of at most 500 characters, received nothing",
        ),
        ("storyboard", {"duration": 2}, "body: expected prompt or multi_prompt, received duration"),
        (
            "storyboard",
            {"prompt": "A", "camera_control": {"speed": 11}},
            "camera_control.speed: expected number >= -10 <= 10, received 11",
        ),
        ("pixels", {"prompt": "A", "width": 641}, "width: expected integer >= 128 <= 1920 a multiple of 2, received 641"),
        ("flipbook", {}, "image_url: expected string, received nothing"),
        ("flipbook", {"image_url": "a.png"}, 'image_url: expected an http(s) URL or a data URI, received "a.png"'),
        (
            "talking-head",
            {"image_url": URL, "audio_url": "data:image/png;base64,AAAA"},
            'audio_url: expected a Base64 data URI of a sound, received "data:image/png;base64,AAAA"',
        ),
        (
            "ensemble",
            {"prompt": "A", "image_urls": [URL, "x"]},
            'image_urls[1]: expected an http(s) URL or a data URI, received "x"',
        ),
        ("ensemble", {"prompt": "A", "image_urls": []}, "image_urls: expected array of at least 1 items and at most 4 items, received []"),
        ("either", {"prompt": "A", "image": 5}, "image: expected string or array of at most 2 items, received 5"),
        ("references", {"prompt": "A", "seed": "x"}, 'seed: expected integer >= 0 or null, received "x"'),
    ],
)  # fmt: skip
def test_what_it_forbids_is_named_with_what_was_expected_and_received(name, body, problem):
    assert found(name, **body) == [problem]


def test_a_body_of_many_mistakes_is_answered_in_bounds():
    wrong = [{"prompt": 5}] * 200
    assert len(found("storyboard", multi_prompt=wrong)) <= 20
    assert all(len(one) < 500 for one in found("postcard", prompt="x" * 100_000))


def test_an_image_inside_a_body_has_to_be_one():
    page = "data:image/png;base64," + base64.b64encode(b"<html>").decode()
    assert found("flipbook", image_url=page)[0].startswith(
        "image_url: expected a Base64 data URI of an image"
    )


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 12), st.floats(-3, 12), st.sampled_from(["a", "abcd", "x", "", "é"])
)  # fmt: skip
_RULES = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "integer", "number", "boolean"])},
    optional={
        "enum": st.lists(st.integers(0, 5) | st.sampled_from(["a", "x"]) | st.booleans(), min_size=1, max_size=3),
        "minimum": st.integers(0, 3),
        "maximum": st.integers(3, 9),
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(2, 4),
        "pattern": st.just("a"),
    },
)  # fmt: skip


@given(
    properties=st.dictionaries(st.sampled_from("abc"), _RULES, max_size=3),
    required=st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    body=st.dictionaries(st.sampled_from("abcd"), _VALUES, max_size=4),
)
def test_the_quick_look_never_lets_a_body_pass_that_the_schema_forbids(properties, required, body):
    schema = {"type": "object", "properties": properties, "required": required}
    if _is_plainly_right(schema, body):
        jsonschema.validate(body, schema)


def test_the_quick_look_takes_the_bodies_that_people_send():
    served = MODELS.find("ltxv/ltxv-2")
    body = {"prompt": "A boat", "duration": 6, "resolution": "1080p", "generate_audio": True, "fps": 25}
    assert _is_plainly_right(served.schema, body)


def test_a_schema_that_holds_itself_is_checked_as_far_as_it_goes():
    node = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Node"}, "n": {"type": "integer"}},
    }
    body = {"type": "object", "properties": {"model": {}, "node": {"$ref": "#/components/schemas/Node"}}}
    row = row_of("sandbox/self", name="s", developer="s", description="", pricing={"kind": "variable"})
    served = ServedModel(row, document_of(body, components={"schemas": {"Node": node}}))
    assert problems(served, {"node": {"n": 1, "next": {"n": "deep"}}}) == []
    assert problems(served, {"node": {"n": "x"}}) == ['node.n: expected integer, received "x"']
