"""Whatever the service publishes as an answer is understood."""

from __future__ import annotations

import jsonschema
import pytest
from protocol import published, schemas
from requests_and_replies import examples, reading

from ltxv_nb.errors import APIError
from ltxv_nb.models import builtin_models
from ltxv_nb.service.outcome import Accepted, Refused


def published_examples(name, method="get"):
    """Documents made from a published answer's schema, each checked against it."""
    raw = published._operation(name, method)["responses"]["200"]["content"]["application/json"]["schema"]
    made = list(examples(raw))
    validator = jsonschema.Draft202012Validator(published.answer_schema(name, method))
    for document in made:
        validator.validate(document)
    assert len(made) >= 2
    return made


@pytest.mark.parametrize(("name", "model"), [(model.short_name, model.id) for model in builtin_models()])
def test_every_published_answer_to_a_submission_is_an_acceptance(name, model):
    for document in published_examples(name, "post"):
        outcome = reading(document)[0].create({"model": model, "prompt": "x"}, "a")
        assert isinstance(outcome, Accepted)
        assert outcome.generation.id == document["id"]
        assert outcome.generation.status == document["status"]


def test_every_published_answer_to_a_poll_is_read_as_what_it_says():
    seen = set()
    for document in published_examples("universal-video-fetch"):
        generation = reading(document)[0].fetch(document["id"])
        video, status = document.get("video"), document["status"]
        assert generation.status == status
        assert generation.url == (video or {}).get("url")
        assert generation.completed == (status == "completed" and video is not None)
        assert generation.failed == (status == "error")
        error = document.get("error")
        assert (generation.error is None) == (error is None)
        credits_used = ((document.get("meta") or {}).get("usage") or {}).get("credits_used")
        assert generation.credits == credits_used
        seen.add(status)
    assert seen == {"queued", "generating", "completed", "error"}


def test_the_published_request_log_is_read():
    for document in published_examples("logs-v2"):
        (row,) = document["data"]
        found = reading(document)[0].find_in_logs([row["client_request_id"]], 0)
        logged = found[row["client_request_id"]]
        assert logged.generation_id == row["inference_id"]
        assert logged.credits == row["cost"]["credits"]
        assert logged.failed == (row["status"] == "failed")


def test_the_published_duration_figures_are_read():
    for document in published_examples("model-metrics"):
        (model,) = document["models"]
        figures = reading(document)[0].duration_percentiles(model["alias"])
        assert figures == model["metrics"].get("duration_ms")


def test_the_published_balance_is_read():
    for document in published_examples("billing-v2"):
        assert reading(document)[0].balance() == document["current_balance"]


def test_the_published_ledger_and_usage_are_read():
    for document in published_examples("billing-transactions-v2"):
        found = reading({**document, "pagination": {"has_more": False}})[0].ledger.charges(0)
        asked = [
            row for row in document["data"] if (row["direction"], row["type"]) == ("CHARGE", "MODEL_USAGE")
        ]
        assert [(row.credits, row.inference_id, row.model) for row in found.rows] == [
            (row["amount"]["credits"], row["reference_id"], row["model"]) for row in asked
        ]
        assert found.notes == []
    for document in published_examples("usage-detail-v2"):
        usage = reading(document)[0].ledger.usage(0, 1)
        assert usage.credits == round(document["spend"] * 2_000_000)
        assert list(usage.models) == [row["model"] for row in document["models"]]


#: Answers in the project's own words; the schemas beside them say that they are what they claim to be.
OWN = [
    (schemas.PENDING, {"id": "a", "status": "queued"}, (False, False)),
    (schemas.PENDING, {"id": "a:ltxv/ltxv-2", "status": "generating"}, (False, False)),
    (
        schemas.COMPLETED,
        {
            "id": "a",
            "status": "completed",
            "video": {"url": "https://cdn.example.test/a.mp4", "duration": 6},
            "meta": {"usage": {"credits_used": 504_000}},
        },
        (True, False),
    ),
    (
        schemas.FAILED,
        {"id": "a", "status": "error", "error": {"name": "Unsafe", "message": "no"}},
        (False, True),
    ),
]


@pytest.mark.parametrize(("schema", "document", "ends"), OWN, ids=[one[1]["status"] for one in OWN])
def test_every_state_of_the_projects_own_description_is_understood(schema, document, ends):
    jsonschema.validate(document, schema)
    jsonschema.validate(document, schemas.POLL)
    generation = reading(document)[0].fetch("a")
    assert (generation.completed, generation.failed) == ends


def test_a_refusal_of_the_projects_own_description_is_read_in_full():
    document = {
        "message": "duration: expected 6, 8 or 10, received 7",
        "path": "/v2/video/generations",
        "requestId": "req-1",
        "statusCode": 400,
        "timestamp": "2026-01-02T03:04:05.678Z",
    }
    jsonschema.validate(document, schemas.ERROR)
    outcome = reading(document, 400)[0].create({"model": "ltxv/ltxv-2", "prompt": "x"}, "a")
    assert isinstance(outcome, Refused)
    assert (outcome.error.message, outcome.error.request_id) == (document["message"], "req-1")
    with pytest.raises(APIError, match="received 7"):
        reading(document, 400)[0].fetch("a")
