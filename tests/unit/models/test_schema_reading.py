"""Schemas from outside: flaws are mended, what cannot be used is left out, and nothing is ever fetched for them."""

from __future__ import annotations

import json
import socket
import time

import pytest

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model
from ltxv_nb.models import schema as schemas
from ltxv_nb.models.clean import MAX_ENUM
from ltxv_nb.request import GenerationRequest


def read(**properties):
    """Return the parameters of a schema with these properties, by published name."""
    found = schemas.read({"type": "object", "properties": properties}, "a/b")
    return {one.name: one for one in found.parameters}


def one(**rule):
    return read(field=rule)["field"]


def model(document):
    found = schemas.read(document, "a/b")
    return Model("a/b", "B", "A", parameters=found.parameters, rules=found.rules, open=found.open)


# -- flaws -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "values", "default"),
    [
        ({"type": "integer", "enum": [5, 10], "default": "5"}, (5, 10), 5),
        ({"type": "integer", "enum": ["5", "10"], "default": "10"}, (5, 10), 10),
        ({"type": "string", "enum": [5, 10], "default": 5}, ("5", "10"), "5"),
        ({"type": "string", "enum": ["720P", "1080P"], "default": "720p"}, ("720P", "1080P"), "720P"),
        ({"type": "boolean", "default": "true"}, (), True),
        ({"type": "number", "default": "0.5"}, (), 0.5),
        ({"type": "integer", "enum": [5, 10], "default": 7}, (5, 10), None),
        ({"type": "integer", "default": "many"}, (), None),
        ({"type": "integer", "default": {"a": 1}}, (), None),
        ({"const": "x"}, ("x",), None),
        ({"enum": ["a", None]}, ("a",), None),
    ],
)
def test_a_default_or_an_enum_of_the_wrong_type_is_mended_or_left_out(rule, values, default):
    found = one(**rule)
    assert (found.values, found.default) == (values, default)


def test_required_true_inside_a_property_is_no_requirement():
    found = read(image_url={"type": "string", "required": True})["image_url"]
    assert not found.required


def test_a_field_that_is_a_text_or_a_list_takes_both():
    rule = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 2}]}
    found = one(**rule)
    assert found.types == ("string", "array")
    assert found.parse("a") == "a"
    assert found.parse(["a", "b"]) == ["a", "b"]
    with pytest.raises(RequestError, match="field"):
        found.parse(["a", "b", "c"])


@pytest.mark.parametrize(("given", "parsed"), [("auto", "auto"), (7, 7), ("7", 7)])
def test_a_union_takes_what_one_of_its_types_takes(given, parsed):
    found = one(oneOf=[{"type": "string", "enum": ["auto"]}, {"type": "integer", "minimum": 1, "maximum": 9}])
    assert found.parse(given) == parsed
    for wrong in ("manual", 10, "10", 1.5, True):
        with pytest.raises(RequestError, match="field is"):
            found.parse(wrong)


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "integer", "nullable": True},
        {"type": ["integer", "null"]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"allOf": [{"type": "integer"}], "description": "how many"},
    ],
)
def test_what_may_be_null_is_a_parameter_of_the_other_type(rule):
    found = one(**rule)
    assert found.type == "integer"
    assert found.parse("3") == 3


def test_a_limit_that_excludes_its_end_is_kept_in_both_notations():
    for rule in ({"exclusiveMinimum": 0}, {"minimum": 0, "exclusiveMinimum": True}):
        found = one(type="number", **rule)
        assert found.parse(0.1) == 0.1
        with pytest.raises(RequestError, match=r"field is 0\.0, but it can be a number above 0"):
            found.parse(0)


def test_limits_that_contradict_each_other_are_left_out():
    found = one(type="integer", minimum=9, maximum=1)
    assert found.parse(5) == 5


def test_unusable_keywords_are_left_out():
    found = one(type="integr", minimum="low", maximum=[], enum="a", multipleOf=0, items=3, pattern="(a+)+b")
    assert (found.type, found.values, found.minimum, found.maximum) == ("any", (), None, None)
    assert found.parse({"a": 1}) == {"a": 1}


def test_a_number_has_to_be_a_multiple_where_the_schema_says_so():
    found = one(type="integer", multipleOf=8, minimum=0)
    assert found.parse(16) == 16
    with pytest.raises(RequestError, match="a multiple of 8"):
        found.parse(17)


def test_nested_objects_are_checked_in_full():
    shot = {
        "type": "object",
        "properties": {"duration": {"type": "integer", "enum": [1, 2]}},
        "required": ["prompt"],
    }
    found = one(type="array", items=shot, maxItems=2)
    assert found.parse('[{"prompt": "a", "duration": 1}]') == [{"prompt": "a", "duration": 1}]
    for wrong, words in (
        ([{"duration": 1}], "field[0] needs prompt."),
        ([{"prompt": "a"}, {"prompt": "b", "duration": 3}], "field[1].duration is 3, but it can be 1 or 2."),
        ([{}] * 3, "a list of at most 2 items"),
        (7, "field is 7, but it can be a list of at most 2 items."),
    ):
        with pytest.raises(RequestError) as caught:
            found.parse(wrong)
        assert words in str(caught.value)


def test_words_from_outside_lose_control_characters_and_have_an_end():
    found = one(type="string", description="red\x1b[31m\n<b>bold</b>\u202e" + "x" * 5000)
    assert found.help.isprintable()
    assert len(found.help) <= 600


def test_branches_for_other_models_are_left_out():
    def branch(name, **more):
        return {"type": "object", "properties": {"model": {"enum": [name]}, **more}, "required": list(more)}

    document = {"oneOf": [branch("a/b", seed={"type": "integer"}), branch("a/c", style={"type": "string"})]}
    assert [parameter.name for parameter in schemas.read(document, "a/b").parameters] == ["seed"]


def test_alternatives_of_a_whole_body_are_put_together_and_checked():
    text, picture = {"type": "string"}, {"type": "string"}
    document = {
        "type": "object",
        "properties": {
            "model": {"type": "string"},
            "prompt": text,
            "image_url": picture,
            "multi_prompt": text,
        },
        "anyOf": [{"required": ["prompt"]}, {"required": ["multi_prompt"]}],
    }
    made = model(document)
    assert not any(parameter.required for parameter in made.parameters)
    from ltxv_nb.engine.prepare import prepare

    assert prepare(GenerationRequest("A boat", made)).body == {"model": "a/b", "prompt": "A boat"}
    with pytest.raises(RequestError, match="does not fit its schema"):
        prepare(GenerationRequest(model=made))


def test_a_field_that_the_schema_does_not_name_is_refused_unless_it_says_that_others_may_come():
    closed = {"type": "object", "properties": {"prompt": {"type": "string"}}}
    with pytest.raises(RequestError, match="a/b has no parameter 'sead'"):
        GenerationRequest("A boat", model(closed), extra={"sead": 7})
    opened = model({**closed, "additionalProperties": True})
    assert GenerationRequest("A boat", opened, extra={"sead": 7}).body()["sead"] == 7


# -- roles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule", "role"),
    [
        ("imageUrl", {"type": "string"}, "image"),
        ("first_frame_image", {"type": "string"}, "image"),
        ("tail_image_url", {"type": "string"}, "last_image"),
        ("image_list", {"type": "array", "items": {"type": "string"}}, "images"),
        ("ratio", {"type": "string"}, "aspect_ratio"),
        ("aspectRatio", {"type": "string"}, "aspect_ratio"),
        ("audio", {"type": "boolean"}, "generate_audio"),
        ("audio", {"type": "string"}, "audio"),
        ("images", {"type": "integer"}, None),
        ("images", {"type": "array", "items": {"type": "object", "properties": {"url": {}}}}, None),
        ("duration", {"type": "object", "properties": {"a": {}}}, None),
        ("watermark", {"type": "boolean"}, None),
    ],
)
def test_a_role_is_found_by_name_and_type(name, rule, role):
    assert read(**{name: rule})[name].role == role


def test_each_role_goes_to_one_parameter_and_a_published_name_is_never_taken_over():
    text = {"type": "string"}
    found = read(image=text, image_url=text, first_frame_image=text)
    assert [parameter.key for parameter in found.values()] == ["image", "image_url", "first_frame_image"]
    assert [parameter.media for parameter in found.values()] == ["image"] * 3
    found = read(image={"type": "boolean"}, image_url=text)
    assert [parameter.key for parameter in found.values()] == ["image", "image_url"]


def test_the_switch_for_sound_gives_way_to_a_sound_that_is_given():
    switch, sound = {"type": "boolean"}, {"type": "string"}
    assert read(generate_audio=switch)["generate_audio"].flags == ("--audio", "--no-audio")
    both = read(generate_audio=switch, audio_url=sound)
    assert both["audio_url"].flags == ("--audio",)
    assert both["generate_audio"].flags == ("--generate-audio", "--no-audio")


# -- documents ---------------------------------------------------------------------------------------------

BODY = {"$ref": "#/components/schemas/Body"}
COMPONENTS = {"schemas": {"Body": {"type": "object", "properties": {"seed": {"type": "integer"}}}}}


def post(schema, kind="application/json"):
    return {"post": {"requestBody": {"content": {kind: {"schema": schema}}}}}


@pytest.mark.parametrize(
    "document",
    [
        COMPONENTS["schemas"]["Body"],
        {"model": "a/b", "statuses": [], "schema": COMPONENTS["schemas"]["Body"]},
        {"paths": {"/v2/video/generations": post(BODY)}, "components": COMPONENTS},
        {
            "paths": {"/v2/other": {"get": {}}, "/v2/x": post(BODY, "application/json; charset=utf-8")},
            "components": COMPONENTS,
        },
        {
            "paths": {"/v2/x": {"post": {"requestBody": {"$ref": "#/components/requestBodies/B"}}}},
            "components": {**COMPONENTS, "requestBodies": {"B": post(BODY)["post"]["requestBody"]}},
        },
        {
            "paths": {
                "/x": {"post": {"parameters": [{"in": "body", "schema": {"$ref": "#/definitions/B"}}]}}
            },
            "definitions": {"B": COMPONENTS["schemas"]["Body"]},
        },
    ],
)
def test_a_schema_is_found_in_every_usual_kind_of_document(document):
    (parameter,) = schemas.read(document, "a/b").parameters
    assert (parameter.name, parameter.type) == ("seed", "integer")


def test_the_service_s_own_endpoint_comes_before_others():
    other = {"type": "object", "properties": {"voice": {"type": "string"}}}
    document = {
        "paths": {"/v1/other": post(other), "/v2/video/generations": post(BODY)},
        "components": COMPONENTS,
    }
    assert [parameter.name for parameter in schemas.read(document, "a/b").parameters] == ["seed"]


@pytest.mark.parametrize(
    "document",
    [
        None, [], "<html>", 7, {}, {"properties": {}}, {"properties": []}, {"type": "object"}, {"paths": {}},
        {"paths": {"/x": {"get": {}}}}, {"paths": {"/x": {"post": {}}}}, {"paths": []},
        {"paths": {"/x": post({"$ref": "https://evil.example/schema.json"})}},
        {"paths": {"/x": post({"$ref": "#/nowhere"})}}, {"paths": {"/x": post({"$ref": "#/paths/~1x/post/requestBody/content/application~1json/schema"})}},
        {"properties": {"model": {"type": "string"}}},
    ],
)  # fmt: skip
def test_what_is_no_schema_is_said_in_a_few_words(document):
    with pytest.raises(schemas.Unreadable) as caught:
        schemas.read(document, "a/b")
    assert "\n" not in str(caught.value)


def test_a_schema_that_holds_itself_ends(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    shot = {"type": "object", "properties": {"next": {"$ref": "#/$defs/shot"}, "seed": {"type": "integer"}}}
    document = {"type": "object", "properties": {"shot": {"$ref": "#/$defs/shot"}}, "$defs": {"shot": shot}}
    (found,) = schemas.read(document, "a/b").parameters
    assert found.parse({"next": {"next": {"seed": "whatever"}}, "seed": 1})
    with pytest.raises(RequestError, match=r"shot\.seed is 'x'"):
        found.parse({"seed": "x"})


def test_schemas_that_are_nested_without_end_or_too_wide_are_bounded():
    deep = {"type": "integer"}
    for _ in range(400):
        deep = {"type": "object", "properties": {"a": deep, "b": deep}}
    began = time.monotonic()
    found = schemas.read({"type": "object", "properties": {"deep": deep}}, "a/b")
    assert found.parameters[0].parse({"a": {"b": {}}})
    wide = {f"p{index}": {"type": "integer"} for index in range(100_000)}
    found = schemas.read({"type": "object", "properties": wide}, "a/b")
    assert len(found.parameters) == 300
    assert found.open
    assert "too many" in found.note
    assert time.monotonic() - began < 10


def test_references_that_multiply_are_bounded():
    defs = {
        f"d{i}": {"type": "object", "properties": {x: {"$ref": f"#/$defs/d{i + 1}"} for x in "abcdefgh"}}
        for i in range(12)
    }
    document = {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**defs, "d12": {}}}
    began = time.monotonic()
    assert schemas.read(document, "a/b").parameters
    assert time.monotonic() - began < 10


def test_a_million_values_are_left_to_the_service():
    found = one(type="integer", enum=list(range(1_000_000)))
    assert found.values == ()
    assert found.parse(7) == 7
    some = one(type="integer", enum=list(range(MAX_ENUM)))
    with pytest.raises(RequestError) as caught:
        some.parse(-1)
    assert len(str(caught.value)) < 300


def test_a_pattern_is_checked_unless_it_could_take_for_ever():
    assert one(type="string", pattern="^[a-z]+$").parse("abc") == "abc"
    with pytest.raises(RequestError, match="text that matches"):
        one(type="string", pattern="^[a-z]+$").parse("ABC")
    began = time.monotonic()
    one(type="string", pattern="^(a+)+$").parse("a" * 60 + "b")
    assert time.monotonic() - began < 1


def test_nothing_is_ever_fetched_for_a_schema(monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    rule = {
        "type": "object",
        "properties": {"x": {"$ref": "https://evil.example/x.json"}},
        "$schema": "https://evil.example/",
    }
    found = one(**rule)
    assert found.parse({"x": 1}) == {"x": 1}


def test_a_schema_survives_being_written_down():
    document = json.loads(json.dumps({"properties": {"seed": {"type": "integer", "maximum": 1e400}}}))
    (found,) = schemas.read(document, "a/b").parameters
    assert found.maximum is None
