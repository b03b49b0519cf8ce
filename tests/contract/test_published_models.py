"""Every published request schema can be served by the sandbox: read, checked, drawn and billed."""

from __future__ import annotations

import json

import pytest
from protocol import published

from ltxv_nb.sandbox.jobs.bill import bill
from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.models.folder import with_folder
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.server.validation import Refused, read_body

URL = "https://example.test/a.png"


@pytest.fixture(scope="module")
def models():
    found, skipped = with_folder(usual_models(), published.video_folder())
    assert skipped == []
    return found


@pytest.fixture(scope="module")
def theirs(models):
    """The models of the folder."""
    usual = {one.id for one in usual_models()}
    return [one for one in models if one.id not in usual]


def value_of(rule):
    """A value that a schema allows: its default, its first one, or the smallest."""
    if "default" in rule:
        return rule["default"]
    if "enum" in rule:
        return rule["enum"][0]
    for branches in (rule.get("anyOf"), rule.get("allOf")):
        if branches:
            return value_of(branches[0])
    kind = rule.get("type")
    if kind == "array":
        return [value_of(rule.get("items", {}))] * max(1, rule.get("minItems", 1))
    if kind == "object":
        required = rule.get("required", ())
        return {name: value_of(part) for name, part in rule.get("properties", {}).items() if name in required}
    return {"boolean": True, "integer": rule.get("minimum", 1), "number": rule.get("minimum", 1)}.get(
        kind, URL
    )


def bodies(served):
    """A body of what is required, one with all defaults, and one with everything."""
    rules, required = served.schema["properties"], served.schema.get("required", ())
    defaults = {known.name: known.default for known in served.model.parameters if known.default is not None}
    least = {name: defaults.get(name, value_of(rules[name])) for name in required}
    most = {name: defaults.get(name, value_of(rule)) for name, rule in rules.items()}
    return [{"model": served.id, **body} for body in (least, {**defaults, **least}, most)]


def test_all_of_them_are_served(theirs):
    assert len(theirs) >= 100
    assert [one.id for one in theirs if one.model.note or not one.model.parameters] == []


def test_a_body_of_their_own_defaults_is_accepted_drawn_and_billed(models, theirs):
    for served in theirs:
        for body in bodies(served):
            raw = json.dumps(body).encode()
            assert read_body(raw, len(raw), models) == body, served.id
            plan = plan_of(served.model, body, str)
            assert plan.clip.frames > 0, served.id
            assert set(plan.ignored) <= set(body), served.id
            assert bill(served, body, plan) > 0, served.id


def test_a_body_without_what_is_required_is_refused_with_its_name(models, theirs):
    tried = 0
    for served in theirs:
        least = bodies(served)[0]
        for name in served.schema.get("required", ()):
            raw = json.dumps({key: value for key, value in least.items() if key != name}).encode()
            with pytest.raises(Refused) as refused:
                read_body(raw, len(raw), models)
            assert f"{name}: expected " in refused.value.message
            tried += 1
    assert tried > 100


def test_a_value_outside_a_list_of_values_is_refused_with_the_list(models, theirs):
    tried = 0
    for served in theirs:
        for name, rule in served.schema["properties"].items():
            if "enum" not in rule:
                continue
            raw = json.dumps({**bodies(served)[0], name: "no such value"}).encode()
            with pytest.raises(Refused) as refused:
                read_body(raw, len(raw), models)
            assert f"{name}: expected {json.dumps(rule['enum'][0])}" in refused.value.message
            tried += 1
    assert tried > 200


def test_the_length_that_is_asked_for_is_the_length_that_is_drawn(theirs):
    tried = 0
    for served in theirs:
        duration = served.model.parameter("duration")
        for seconds in duration.values if duration else ():
            body = {**bodies(served)[0], duration.name: seconds}
            assert plan_of(served.model, body, str).clip.duration == float(seconds), served.id
            tried += 1
    assert tried > 100
