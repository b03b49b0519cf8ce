"""Every published model becomes parameters that people can use; what its schema forbids is not sent.

The schemas are the service's own, where they are present. `GOLDEN` says in our own words what twenty of them
ask for: it was written by hand from their pages.
"""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol import published

from ltxv_nb.engine.prepare import prepare
from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model
from ltxv_nb.models import schema as schemas
from ltxv_nb.request import GenerationRequest

SCHEMAS = published.video_schemas() if published.has_video_schemas() else {}
WEB = "https://example.test/a.png"

pytestmark = pytest.mark.skipif(
    not SCHEMAS, reason="the published OpenAPI data is not here (LTXV_TEST_API_DIR)"
)

each_model = pytest.mark.parametrize("name", SCHEMAS)

#: What people call each parameter, its type, what is allowed, and the default; ``!`` means required.
#: Lengths and bounds stand behind the type, numbers to choose from are listed.
GOLDEN = {
    "kling-video/v1.6/pro/image-to-video": """
        prompt text | image! text, picture, image_url | last_image text, picture, tail_image_url
        duration integer 5 10 = 5 | negative_prompt text | cfg_scale number 0..1
        static_mask text, picture | dynamic_masks list ..6 | camera_control object""",
    "klingai/kling-video-v1.6-pro-effects": """
        image! text or list, picture, image_url | duration integer 5 10 = 5 | effect_scene! text (80)""",
    "kling-video/v1.6/standard/multi-image-to-video": """
        prompt text | images! list 2..4, picture, image_list | negative_prompt text
        duration integer 5 10 = 5 | aspect_ratio text 16:9 9:16 1:1 = 16:9""",
    "klingai/video-v3-omni-1080p-image-to-video": """
        prompt text | provider text | multi_prompt list | image! text, picture, image_url
        last_image text, picture, tail_image_url | duration integer 3 4 5 6 7 8 9 10 11 12 13 14 15 = 5
        elements list ..4 | shot_type text customize intelligent intelligence = customize
        generate_audio switch = on | negative_prompt text | cfg_scale number 0..1""",
    "klingai/avatar-pro": """
        image! text, picture, image_url | audio! text, sound, audio_url
        prompt text ..2500 | provider text""",
    "alibaba/wan2.2-i2v-plus": """
        prompt! text | image! text, picture, image_url | resolution text 480P 1080P = 1080P
        negative_prompt text | seed integer | watermark switch = off | enhance_prompt switch = on""",
    "alibaba/wan-2-6-r2v": """
        prompt! text | video! list 1..3, video, video_urls
        aspect_ratio text 16:9 9:16 1:1 4:3 3:4 = 16:9 | resolution text 720p 1080p = 1080p
        duration integer 5 10 15 = 10 | negative_prompt text | shot_type text single multi = single
        seed integer | enhance_prompt switch = on""",
    "alibaba/wan2.2-14b-animate-replace": """
        video! text, video, video_url | image! text, picture, image_url
        resolution text 480p 580p 720p = 480p | num_inference_steps integer = 20
        enable_safety_checker switch | shift number = 5 | video_quality text low medium high maximum = high
        video_write_mode text fast balanced small = balanced""",
    "minimax/h3": """
        prompt! text ..7000 | image text, picture, image_url | last_image text, picture, last_image_url
        images list ..9, picture, reference_image_urls | video list ..3, video, video_urls
        audio list ..3, sound, audio_urls | duration integer 4..15 = 6 | resolution text 2K = 2K
        aspect_ratio text adaptive 21:9 16:9 4:3 1:1 3:4 9:16 = adaptive, ratio""",
    "minimax/hailuo-2.3": """
        prompt! text ..2000 | image text, picture, image_url | duration integer 6 10
        resolution text 768P 1080P = 768P | enhance_prompt switch = on""",
    "bytedance/omnihuman/v1.5": """
        image! text, picture, image_url | audio! text, sound, audio_url""",
    "magic/text-to-video": """
        prompt! text | template text (1) = Shanghai Drone Show""",
    "magic/video-to-video": """
        video! text, video, video_url | template text (19) = Thailand Street""",
    "openai/sora-2-t2v": """
        prompt! text | aspect_ratio text 16:9 9:16 = 16:9 | duration integer 4 8 12 = 4
        resolution text 720p = 720p""",
    "luma/ray-2": """
        prompt! text | aspect_ratio text 1:1 16:9 9:16 4:3 3:4 21:9 9:21 = 16:9 | keyframes object
        loop switch = off | resolution text 540p 720p 1080p 4k = 1080p | duration integer 5 9 = 5""",
    "runway/act_two": """
        character! object | reference! object
        frame_size text (8) = 1280:720 | body_control switch | expression_intensity integer 1..5 = 3
        seed integer 0..4294967295""",
    "beeble/switchx-video-to-video": """
        prompt text ..2000 | video! text, video, video_url | alpha_url text, picture
        reference_image_url text, picture | alpha_mode text auto fill custom select = auto
        max_resolution integer 720 1080 = 1080 | alpha_keyframe_index integer 0..
        seed integer 0..4294967295""",
    "google/veo-3.1-first-last-image-to-video": """
        prompt! text | image! text, picture, image_url | last_image! text, picture, last_image_url
        aspect_ratio text 16:9 9:16 | duration integer 4 6 8 = 8
        resolution text 720p 1080p = 1080p | generate_audio switch = on | provider text""",
    "krea/krea-wan-14b/video-to-video": """
        prompt! text | video! text, video, video_url | strength number 0..1 = 0.85
        enable_prompt_expansion switch = on | seed integer""",
    "pixverse/v5/transition": """
        prompt! text | image! text, picture, image_url | last_image! text, picture, tail_image_url
        resolution text 360p 540p 720p 1080p = 720p | duration integer 5 8 = 5 | negative_prompt text
        style text anime 3d_animation clay comic cyberpunk | seed integer
        lip_sync_tts_speaker text (15) | lip_sync_tts_content text""",
}


def model_of(name, document=None):
    read = schemas.read(SCHEMAS[name] if document is None else document, name)
    return Model(name, name, "", parameters=read.parameters, rules=read.rules, open=read.open)


_KINDS = {
    "string": "text", "boolean": "switch", "array": "list",
}  # fmt: skip
_FILES = {"image": "picture", "video": "video", "audio": "sound"}


def in_words(one):
    """Return a parameter in the words of `GOLDEN`."""
    text = (
        f"{one.key}{'!' if one.required else ''} {' or '.join(_KINDS.get(kind, kind) for kind in one.types)}"
    )
    for least, most in (
        (one.minimum, one.maximum), (one.min_length, one.max_length), (one.min_items, one.max_items),
    ):  # fmt: skip
        if least is not None or most is not None:
            text += f" {'' if least is None else least}..{'' if most is None else most}"
    long = (
        len(one.values) > 13
        or any(len(str(value).split()) > 1 for value in one.values)
        or one.key == "frame_size"
    )
    if one.values:
        text += f" ({len(one.values)})" if long else "".join(f" {value}" for value in one.values)
    if one.default is not None:
        shown = {True: "on", False: "off"}[one.default] if isinstance(one.default, bool) else one.default
        text += f" = {shown:g}" if isinstance(shown, (int, float)) else f" = {shown}"
    if one.media:
        text += f", {_FILES[one.media]}"
    return text + (f", {one.name}" if one.name != one.key else "")


@pytest.mark.parametrize("name", GOLDEN)
def test_a_published_model_has_the_parameters_that_its_page_shows(name):
    expected = {
        part.strip() for line in GOLDEN[name].splitlines() for part in line.split("|") if part.strip()
    }
    assert {in_words(parameter) for parameter in model_of(name).parameters} == expected


def oracle(name):
    """Return the published schema as JSON Schema reads it, without the flaws that make it invalid."""

    def repaired(schema):
        if isinstance(schema, list):
            return [repaired(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        kept = {key: repaired(value) for key, value in schema.items()}
        return {key: value for key, value in kept.items() if key != "required" or isinstance(value, list)}

    return published._plain(repaired(SCHEMAS[name]))


def valid(schema):
    """Return a strategy for the values that a published schema allows."""
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        return st.one_of(*map(valid, alternatives))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _OF_TYPE[schema.get("type", "string")](schema)


def _lists(schema):
    least = schema.get("minItems", 1)
    return st.lists(
        valid(schema["items"]), min_size=least, max_size=min(schema.get("maxItems", 3), least + 3)
    )


def _objects(schema):
    needed = schema.get("required", [])
    parts = {part: valid(rule) for part, rule in schema["properties"].items()}
    further = {part: one for part, one in parts.items() if part not in needed}
    return st.fixed_dictionaries({part: parts[part] for part in needed}, optional=further)


def _texts(schema):
    if schema.get("format") == "uri":
        return st.just(WEB)
    return st.text("abc é", min_size=1, max_size=min(40, schema.get("maxLength", 40))).filter(str.strip)


_OF_TYPE = {
    "boolean": lambda _schema: st.booleans(),
    "integer": lambda schema: st.integers(schema.get("minimum", -1000), schema.get("maximum", 1000)),
    "number": lambda schema: st.floats(schema.get("minimum", -9), schema.get("maximum", 9), allow_nan=False),
    "array": _lists,
    "object": _objects,
    "string": _texts,
}


def bodies(name):
    """Return a strategy for the bodies that a published schema allows, without their model."""
    schema = SCHEMAS[name]
    properties = {part: rule for part, rule in schema["properties"].items() if part != "model"}
    plain = {**schema, "properties": {part: {**rule, **_address(part)} for part, rule in properties.items()}}
    return valid({**plain, "required": [part for part in schema.get("required", ()) if part != "model"]})


def _address(part):
    """Add what one schema leaves out: that its sound is an address."""
    return {"format": "uri"} if part == "audio_url" else {}


@each_model
def test_every_property_becomes_a_parameter_with_help_and_a_name_of_its_own(name):
    parameters = model_of(name).parameters
    assert {one.name for one in parameters} == SCHEMAS[name]["properties"].keys() - {"model"}
    assert {one.name for one in parameters if one.required} == set(SCHEMAS[name].get("required", ())) - {
        "model"
    }
    assert len({one.key for one in parameters}) == len(parameters)
    flags = [flag for one in parameters for flag in one.flags]
    assert len(set(flags)) == len(flags)
    for one in parameters:
        rule = SCHEMAS[name]["properties"][one.name]
        assert one.help or not rule.get("description")
        assert one.values == tuple(rule.get("enum", ()))
        assert (one.default is None) == ("default" not in rule)
        assert one.help.isprintable()


@each_model
def test_a_body_that_the_schema_allows_is_sent_as_it_is(name):
    model = model_of(name)

    @settings(max_examples=5, suppress_health_check=list(HealthCheck))
    @given(bodies(name), st.booleans())
    def check(body, by_role):
        keys = {one.name: one.key for one in model.parameters}
        values = {keys[part] if by_role else part: value for part, value in body.items()}
        sent = prepare(GenerationRequest.of({"model": model, **values})).body
        assert sent.pop("model") == name
        prompt = body.get("prompt")
        assert sent == ({**body, "prompt": prompt.strip()} if prompt else body)
        jsonschema.validate({"model": name, **sent}, oracle(name))

    check()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 5_000_000_000) | st.floats() | st.text("aP17 ", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "url"]), inner, max_size=2)
    ),
    max_leaves=4,
)


def outcome(values):
    """Return why a request is refused, or the body that is sent."""
    try:
        return "", prepare(GenerationRequest.of(values)).body
    except RequestError as error:
        return str(error), None


@each_model
def test_what_is_sent_fits_the_schema_and_what_does_not_is_refused_by_name(name):
    model = model_of(name)
    rules = oracle(name)
    usable = needed_by(name)

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(model.parameters), ANYTHING)
    def check(parameter, value):
        if parameter.role == "prompt" or parameter.media or value is None:
            return
        refusal, sent = outcome({"model": model, **usable, parameter.name: value})
        if refusal:
            assert parameter.key in refusal
            assert "\n" not in refusal
        else:
            jsonschema.validate(sent, rules)

    check()


def _usable(rule):
    for either in ("anyOf", "oneOf"):
        if either in rule:
            return _usable(rule[either][0])
    if "enum" in rule:
        return rule["enum"][0]
    if rule.get("type") == "array":
        return [_usable(rule["items"])] * rule.get("minItems", 1)
    if rule.get("type") == "object":
        return {part: _usable(rule["properties"][part]) for part in rule.get("required", ())}
    return WEB


def needed_by(name):
    """Return what a model needs, as values that its schema allows, by published name."""
    rules = SCHEMAS[name]["properties"]
    return {one.name: _usable(rules[one.name]) for one in model_of(name).parameters if one.required}


def test_what_a_model_needs_and_does_not_get_is_named():
    for name in SCHEMAS:
        model, usable = model_of(name), needed_by(name)
        for missing in usable:
            parameter = model.parameter(missing)
            expected = "The prompt is empty" if parameter.role == "prompt" else f"needs {parameter.key}"
            with pytest.raises(RequestError, match=expected):
                GenerationRequest.of({"model": model, **usable, missing: None})


def test_a_resolution_in_another_case_and_a_duration_as_text_are_understood():
    for name in SCHEMAS:
        model, usable = model_of(name), needed_by(name)
        for role, change in (("resolution", str.swapcase), ("duration", str)):
            parameter = model.parameter(role)
            for value in parameter.values if parameter else ():
                sent = GenerationRequest.of({"model": model, **usable, role: change(str(value))}).body()
                assert (name, sent[parameter.name]) == (name, value)
                assert type(sent[parameter.name]) is type(value), name


def test_a_model_without_a_prompt_takes_none():
    without = [name for name in SCHEMAS if model_of(name).parameter("prompt") is None]
    assert without
    for name in without:
        values = {"model": model_of(name), **needed_by(name)}
        assert "prompt" not in GenerationRequest.of(values).body()
        with pytest.raises(RequestError, match="takes no prompt"):
            GenerationRequest.of({**values, "prompt": "A lighthouse"})
