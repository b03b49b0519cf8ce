"""Promises of the sandbox's catalogue: every kind of model, each described as the service describes its own."""

from __future__ import annotations

import copy
import json

import jsonschema
import pytest

from ltxv_nb.models import builtin_models
from ltxv_nb.models import schema as schemas
from ltxv_nb.models.listing import usable_rows
from ltxv_nb.models.roles import ROLES
from ltxv_nb.sandbox.jobs.bill import bill
from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.models.served import ServedModels
from ltxv_nb.sandbox.server import catalogue
from ltxv_nb.sandbox.server.validation import Refused

ORIGIN = "http://127.0.0.1:8765"
MODELS = usual_models()
INVENTED = [one for one in MODELS if one.row["info"]["developer"] == "sandbox"]
BUILT_IN = builtin_models()
URL = "https://example.test/a.png"


def named(name):
    return MODELS.find(f"sandbox/{name}")


def listed(**query):
    answer = catalogue.models({name: [value] for name, value in query.items()}, MODELS, ORIGIN)
    return [row["id"].removeprefix("sandbox/") for row in answer["data"]]


def cost(name, **body):
    """What a body is billed, in USD."""
    served = MODELS.find(name)
    body = {"model": served.id, **body}
    return bill(served, body, plan_of(served.model, body, str)) / 2_000_000


def test_the_built_in_models_come_first_and_the_others_are_plainly_invented():
    ids = [one.id for one in MODELS]
    assert ids[:2] == [model.id for model in BUILT_IN]
    assert len(INVENTED) >= 12
    assert all(id_.startswith("sandbox/") for id_ in ids[2:])
    assert all(one.row["info"]["description"].startswith("Invented: ") for one in INVENTED)


def test_between_them_they_have_every_role_every_type_and_every_kind_of_price():
    parameters = [parameter for one in MODELS for parameter in one.model.parameters]
    assert {parameter.role for parameter in parameters} >= set(ROLES)
    types = {kind for parameter in parameters for kind in parameter.types}
    assert types >= {"string", "integer", "number", "boolean", "array", "object"}
    assert any(len(parameter.types) > 1 for parameter in parameters)
    assert {one.row["pricing"]["kind"] for one in MODELS} == {"fixed", "variants", "variable"}
    assert any(one.model.parameter("prompt") is None for one in MODELS)
    assert any(one.model.parameter("duration") is None for one in MODELS)
    assert {one.measured for one in MODELS} == {True, False}


def test_a_flawed_schema_is_published_with_its_flaws():
    published = {one.id: json.dumps(one.document) for one in INVENTED}
    assert '"enum": [5, 10], "default": "5"' in published["sandbox/postcard"]
    assert '"required": true' in published["sandbox/numbers"]
    assert '"$ref"' in published["sandbox/references"]
    assert '"nullable": true' in published["sandbox/storyboard"]


@pytest.mark.parametrize("served", list(MODELS), ids=lambda one: one.id)
def test_a_client_can_read_every_model(served):
    assert served.model.note == ""
    assert served.model.parameters
    assert (served.model.prices is not None) == served.priced
    assert len(usable_rows({"data": [served.row]})) == 1


@pytest.mark.parametrize("model", BUILT_IN, ids=lambda model: model.id)
def test_the_document_of_a_built_in_model_says_what_its_table_says(model):
    read = schemas.read(MODELS.find(model.id).document, model.id)
    told = [(one.name, one.type, one.values, one.default, one.required, one.role) for one in read.parameters]
    assert told == [
        (one.name, one.type, one.values, one.default, one.required, one.role) for one in model.parameters
    ]


@pytest.mark.parametrize("model", BUILT_IN, ids=lambda model: model.id)
def test_a_built_in_model_is_checked_by_the_schema_that_it_publishes(model):
    served = MODELS.find(model.id)
    published = schemas.request_body(served.document, model.id)
    assert {part: published[part] for part in served.schema} == served.schema


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"capabilities": "video_to_video"}, ["restyle"]),
        ({"capabilities": "video_to_video,reference_to_video"}, ["restyle", "ensemble"]),
        ({"input_modalities": "audio"}, ["talking-head"]),
        ({"output_modalities": "image"}, []),
        ({"id": "postcard-1"}, ["postcard"]),
        ({"id": "sandbox/plain,sandbox/either", "capabilities": "image_to_video"}, ["either"]),
        ({"tags": "playground:chat"}, []),
    ],
)
def test_the_catalogue_is_filtered_as_the_services_own(query, names):
    assert listed(**query) == names


def test_all_models_make_video():
    assert len(listed(output_modalities="video")) == len(listed()) == len(MODELS)


@pytest.mark.parametrize(
    ("include", "sections"),
    [
        (None, set()),
        ("nothing-known", set()),
        ("pricing", {"pricing"}),
        ("pricing,capabilities", {"pricing", "capabilities"}),
        ("all", {"pricing", "capabilities", "modalities"}),
    ],
)
def test_sections_are_sent_only_where_they_are_asked_for(include, sections):
    query = {"include": [include]} if include else {}
    for row in catalogue.models(query, MODELS, ORIGIN)["data"]:
        assert set(row) & {"pricing", "capabilities", "modalities"} == sections
        assert row["info"]["docsJson"].startswith(f"{ORIGIN}/docs-json?model=")


def test_one_model_is_found_by_its_id_or_an_alias():
    answer = catalogue.model("postcard-1", MODELS, ORIGIN)
    assert (answer["object"], answer["data"]["id"]) == ("model", "sandbox/postcard")
    assert set(answer["data"]) >= {"pricing", "capabilities", "modalities"}
    with pytest.raises(Refused, match="not found") as refused:
        catalogue.model("sandbox/postcards", MODELS, ORIGIN)
    assert refused.value.status == 404


def test_the_document_of_a_model_is_asked_for_by_name():
    document = catalogue.document({"model": ["ltxv-2"]}, MODELS)
    body = document["paths"]["/v2/video/generations"]["post"]["requestBody"]["content"]
    assert body["application/json"]["schema"]["required"] == ["model", "prompt"]
    for query, status in (({}, 400), ({"model": ["nobody"]}, 404)):
        with pytest.raises(Refused) as refused:
            catalogue.document(query, MODELS)
        assert refused.value.status == status


@pytest.mark.parametrize(
    ("name", "body", "usd"),
    [
        ("ltxv/ltxv-2", {"duration": 6, "resolution": "1080p"}, 0.378),
        ("ltxv/ltxv-2", {"duration": 10, "resolution": "2160p"}, 2.52),
        ("ltxv/ltxv-2", {}, 0.378),
        ("ltxv/ltxv-2-fast", {"duration": 6}, 0.252),
        ("sandbox/postcard", {"duration": 10}, 0.20),
        ("sandbox/postcard", {}, 0.10),
        ("sandbox/plain", {}, 0.30),  # nobody quotes it: six seconds at five cents
        ("sandbox/storyboard", {"duration": 2.5}, 0.075),
        ("sandbox/other-words", {"duration": "8"}, 0.40),
        ("sandbox/pixels", {"duration": 4}, 0.04),
        ("sandbox/pixels", {"duration": 4, "generate_audio": True}, 0.06),
        ("sandbox/numbers", {"duration": 10}, 0.30),
        ("sandbox/numbers", {"duration": 20}, 0.48),
        ("sandbox/references", {}, 0.30),
        ("sandbox/flipbook", {"image_url": URL, "num_frames": 100}, 0.20),
        ("sandbox/bridge", {"duration": 8, "resolution": "720P"}, 0.36),
        ("sandbox/bridge", {}, 0.10),
        ("sandbox/restyle", {}, 0.25),
        ("sandbox/ensemble", {"image_urls": [URL, URL, URL]}, 0.08),
        ("sandbox/either", {"image": [URL, URL]}, 0.12),
    ],
)
def test_the_bill_follows_the_price_list(name, body, usd):
    assert cost(name, **body) == pytest.approx(usd, abs=1e-9)


@pytest.mark.parametrize("served", [one for one in MODELS if one.priced], ids=lambda one: one.id)
def test_the_bill_is_the_quoted_price_wherever_one_is_quoted(served):
    duration = served.model.parameter("duration")
    for seconds in (duration.values or (2, 10, 12)) if duration else (None,):
        body = {"model": served.id, **({duration.name: seconds} if duration else {})}
        quoted = served.model.price(**{name: value for name, value in body.items() if name != "model"})
        if quoted is not None and quoted.exact:
            assert bill(served, body, plan_of(served.model, body, str)) == quoted.credits


def test_a_later_model_takes_the_place_of_one_with_the_same_id():
    other = copy.copy(named("plain"))
    object.__setattr__(other, "seconds", 1.0)
    models = ServedModels([*MODELS, other])
    assert len(models) == len(MODELS)
    assert models.find("sandbox/plain").seconds == 1.0


def test_the_documents_are_json_schemas():
    for served in MODELS:
        jsonschema.Draft202012Validator.check_schema(served.schema)
        json.dumps(served.document)
