"""Whatever we send fits what the service publishes, and what this project says of the protocol."""

from __future__ import annotations

import io
import json
import re
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from PIL import Image
from protocol import published, schemas
from requests_and_replies import bodies_with_images, every_request, reading

from ltxv_nb.models import builtin_models, request_parameters


@pytest.fixture(scope="module")
def bodies(tmp_path_factory):
    """Every body that can be built: all allowed combinations, and all kinds of first frame."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 180), "red").save(buffer, "PNG")
    folder = tmp_path_factory.mktemp("images")
    return [request.body() for request in every_request()] + list(
        bodies_with_images(folder, buffer.getvalue())
    )


def test_every_body_fits_the_projects_own_description(bodies):
    validator = jsonschema.Draft202012Validator(schemas.SUBMISSION)
    assert len(bodies) > 500
    assert [body for body in bodies if not validator.is_valid(body)] == []


@pytest.mark.parametrize("model", builtin_models(), ids=lambda model: model.short_name)
def test_every_body_fits_the_published_schema(bodies, model):
    schema = {**published.body_schema(model.short_name), "additionalProperties": False}
    validator = jsonschema.Draft202012Validator(schema)
    mine = [body for body in bodies if body["model"] == model.id]
    assert len(mine) > 200
    assert [body for body in mine if not validator.is_valid(body)] == []


@pytest.mark.parametrize("model", builtin_models(), ids=lambda model: model.short_name)
def test_the_parameters_of_a_model_are_those_of_the_published_schema(model):
    schema = published.body_schema(model.short_name)
    known = {parameter.name: parameter for parameter in request_parameters(model)}
    assert set(known) == set(schema["properties"])
    for wire, part in schema["properties"].items():
        parameter = known[wire]
        assert parameter.required == (wire in schema["required"])
        assert parameter.type == part["type"]
        if wire == "model":
            assert part["enum"] == [model.id]
            continue
        assert list(parameter.values) == part.get("enum", [])
        assert parameter.default == part.get("default")


def test_what_the_service_would_refuse_does_not_fit_either(bodies):
    validator = jsonschema.Draft202012Validator(schemas.SUBMISSION)
    for change in (
        {"duration": 7},
        {"duration": "6"},
        {"seed": 1},
        {"prompt": " "},
        {"image_url": "/etc/passwd"},
    ):
        assert not validator.is_valid({**bodies[0], **change})


def test_every_question_uses_only_parameters_that_are_published():
    asked = {
        ("universal-video-fetch", "/v2/video/generations"): lambda api: api.fetch("a"),
        ("logs-v2", "/v2/logs"): lambda api: api.find_in_logs(["a"], 0),
        ("model-metrics", "/models/metrics"): lambda api: api.duration_percentiles("ltxv/ltxv-2"),
        ("billing-v2", "/v2/billing"): lambda api: api.balance(),
        ("billing-transactions-v2", "/v2/billing/transactions"): lambda api: api.ledger.charges(0),
        ("usage-detail-v2", "/v2/usage/detail"): lambda api: api.ledger.usage(0, 92 * 86400),
    }
    document = {"id": "a", "status": "queued", "data": [], "current_balance": 1, "spend": 0}
    for (name, path), ask in asked.items():
        operation = published._operation(name, "get")
        api, adapter = reading(document)
        ask(api)
        url = urlsplit(adapter.sent[0].url)
        known = {one["name"]: one for one in operation.get("parameters", [])}
        assert url.path == path
        assert adapter.sent[0].method == "GET"
        assert set(parse_qs(url.query)) <= set(known)
        required = {key for key, one in known.items() if one.get("required")}
        assert required <= set(parse_qs(url.query))


def test_the_logs_are_asked_for_within_their_limits():
    api, adapter = reading({"data": []})
    for since in (0, 10**12):
        api.find_in_logs(["a"], since)
    for request in adapter.sent:
        query = {key: value[0] for key, value in parse_qs(urlsplit(request.url).query).items()}
        hours = int(re.fullmatch(r"(\d+)h", query["period"])[1])
        assert 1 <= hours <= 92 * 24
        assert 1 <= int(query["limit"]) <= 100
        assert int(query["offset"]) >= 0


def test_a_submission_is_json_with_a_name_of_the_allowed_kind(bodies):
    api, adapter = reading({"id": "a", "status": "queued"})
    api.create(bodies[0], "ltxv-nb.abcd2345.0123456789ab.1")
    (request,) = adapter.sent
    assert json.loads(request.body) == bodies[0]
    assert request.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", request.headers["X-Client-Request-Id"])
