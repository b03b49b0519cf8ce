"""Promises of the sandbox's checks: what the service refuses, the sandbox refuses, in words that help."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.models import request_parameters
from ltxv_nb.request import GenerationRequest
from ltxv_nb.sandbox.jobs.attached import decode_image
from ltxv_nb.sandbox.server.validation import MAX_BODY, Refused, read_body

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from protocol import published, schemas

GOOD = {"model": "ltxv/ltxv-2", "prompt": "A boat"}
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()


def check(body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_body(raw, len(raw))


def refusal(body):
    with pytest.raises(Refused) as caught:
        check(body)
    return caught.value


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"duration": 10, "fps": 50, "resolution": "2160p", "aspect_ratio": "16:9", "generate_audio": False},
        {"image_url": f"data:image/png;base64,{PNG}"},
        {"image_url": "https://example.com/a.png?b=c"},
    ],
)
def test_what_the_service_allows_is_allowed(more):
    assert check({**GOOD, **more}) == {**GOOD, **more}


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("duration", 7, "6 | 8 | 10"),
        ("duration", "6", "6 | 8 | 10"),
        ("duration", True, "6 | 8 | 10"),
        ("duration", None, "6 | 8 | 10"),
        ("fps", 30, "25 | 50"),
        ("resolution", "720p", '"1080p" | "1440p" | "2160p"'),
        ("aspect_ratio", "9:16", '"16:9"'),
        ("generate_audio", "yes", "boolean"),
        ("generate_audio", 1, "boolean"),
        ("prompt", "   ", "some words"),
        ("prompt", 5, "string"),
        ("prompt", ["a"], "string"),
        ("model", 5, "the id of a model"),
        ("image_url", "/home/me/a.png", "an http(s) URL or a data URI"),
        ("image_url", "file:///etc/passwd", "an http(s) URL or a data URI"),
        ("image_url", "http://[bad", "an http(s) URL or a data URI"),
        ("image_url", "data:text/html;base64,AAAA", "a Base64 data URI of an image"),
        ("image_url", "data:image/png;base64,????", "a Base64 data URI of an image"),
        ("image_url", "data:image/png;base64,AAAA", "a Base64 data URI of an image"),
    ],
)
def test_a_400_names_the_field_what_was_expected_and_what_was_received(field, value, expected):
    refused = refusal({**GOOD, field: value})
    assert refused.status == 400
    assert f"{field}: expected {expected}, received " in refused.message


def test_all_problems_are_named_at_once():
    message = refusal({"model": "ltxv/ltxv-2", "fps": 1, "duration": 1}).message
    assert "prompt: expected string, received nothing" in message
    assert "fps: expected" in message
    assert "duration: expected" in message


@pytest.mark.parametrize("model", ["ltxv/ltxv-1", "LTXV-2", "", "openai/gpt"])
def test_a_model_that_is_not_there_is_a_404_that_says_so(model):
    refused = refusal({**GOOD, "model": model, "fps": 99})
    assert refused.status == 404
    assert "retired" in refused.message
    assert model in refused.message


@pytest.mark.parametrize("raw", [b"", b"{", b"[1]", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_a_400(raw):
    assert refusal(raw).status == 400


def test_a_body_over_the_cap_is_a_413_that_names_the_cap():
    with pytest.raises(Refused, match=str(MAX_BODY)) as caught:
        read_body(b"", MAX_BODY + 1)
    assert caught.value.status == 413


def test_a_huge_wrong_value_does_not_come_back_whole():
    assert len(refusal({**GOOD, "resolution": "x" * 10_000}).message) < 300


@given(
    st.dictionaries(
        st.sampled_from([parameter.name for parameter in request_parameters()]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.text(max_size=20)
            | st.sampled_from([6, 8, 10, 25, 50, "1080p", "16:9", "ltxv/ltxv-2", 6.0]),
            st.lists,
        ),
    )
)
def test_whatever_arrives_is_either_allowed_by_the_protocol_or_refused(body):
    allowed = jsonschema.Draft202012Validator(schemas.SUBMISSION).is_valid(body)
    try:
        check(body)
    except Refused:
        assert not allowed
    else:
        published_schema_fits(body)


def published_schema_fits(body):
    jsonschema.validate(
        {**body, "image_url": "https://a.b/c.png"} if "image_url" in body else body, schemas.SUBMISSION
    )


@pytest.mark.parametrize("document", ["ltxv-2", "ltxv-2-fast"])
@pytest.mark.parametrize("duration", [None, 6, 8, 10])
@pytest.mark.parametrize("resolution", [None, "1080p", "1440p", "2160p"])
@pytest.mark.parametrize("fps", [None, 25, 50])
def test_every_request_that_can_be_built_fits_the_published_data(document, duration, resolution, fps):
    schema = published.body_schema(document)
    for audio in (None, True, False):
        for image in (None, "https://example.com/a.png"):
            request = GenerationRequest(
                "A boat",
                document,
                duration=duration,
                resolution=resolution,
                fps=fps,
                generate_audio=audio,
                image=image,
            )
            jsonschema.validate(request.body(), schema)
            jsonschema.validate(request.body(), schemas.SUBMISSION)
            assert check(request.body()) == request.body()


def test_an_image_comes_out_of_a_data_uri_as_it_went_in():
    data = b"\xff\xd8\xff\xe0rest"
    assert decode_image("data:image/jpeg;base64," + base64.b64encode(data).decode()) == data
