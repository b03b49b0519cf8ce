"""The files around the code say what is true: hooks, workflow, templates, citation."""

import re

import pytest
import yaml
from documents import ROOT


def _load(name):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def _make_targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_workflow_runs_what_anyone_can_run():
    jobs = _load(".github/workflows/ci.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert ".ci/run" in commands
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_workflow_also_tests_the_lowest_versions_that_the_metadata_allows():
    jobs = _load(".github/workflows/ci.yml")["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    made = {command.removeprefix("make ") for command in commands if command.startswith("make ")}
    assert made == {"test-lowest"}
    assert made <= _make_targets()
    assert "--resolution lowest-direct" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_half_an_hour_of_random_faults_is_run_every_night():
    workflow = _load(".github/workflows/nightly.yml")
    assert workflow[True]["schedule"], "YAML reads the key `on` as a truth value"
    assert "make soak" in [step.get("run") for step in workflow["jobs"]["soak"]["steps"]]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^SOAK_SECONDS \?= 1800$", makefile, re.MULTILINE)
    assert "-m tests.hostile.soak --seconds $(SOAK_SECONDS)" in makefile


@pytest.mark.parametrize("name", ["ci", "nightly"])
def test_a_workflow_may_only_read(name):
    assert _load(f".github/workflows/{name}.yml")["permissions"] == {"contents": "read"}


def test_pre_commit_runs_the_same_checks_as_make():
    hooks = [hook for repo in _load(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    made = {hook["entry"].split()[1] for hook in hooks if hook["entry"].startswith("make ")}
    assert made == {"lint", "types"}
    assert made <= _make_targets()
    for hook in hooks:
        for path in re.findall(r"\btests/\S+\.py", hook["entry"]):
            assert (ROOT / path).is_file()


def test_one_command_sets_everything_up():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert "make setup" in text
    assert {"setup", "test", "lint", "types", "unit", "nbval", "docs", "dist"} <= _make_targets()


@pytest.mark.parametrize("name", ["bug", "idea"])
def test_issue_templates_ask_for_something(name):
    template = _load(f".github/ISSUE_TEMPLATE/{name}.yml")
    assert template["name"]
    assert template["description"]
    asked = [part for part in template["body"] if part["type"] != "markdown"]
    assert all(part["attributes"]["label"] for part in asked)
    assert any(part.get("validations", {}).get("required") for part in asked)


def test_the_bug_template_asks_whether_money_was_lost_and_not_for_the_key():
    template = _load(".github/ISSUE_TEMPLATE/bug.yml")
    labels = [part["attributes"].get("label", "") for part in template["body"]]
    assert any("paid for twice" in label for label in labels)
    assert "leave your API key out" in template["body"][0]["attributes"]["value"]


def test_the_citation_can_be_read_and_invents_nobody():
    citation = _load("CITATION.cff")
    assert citation["cff-version"] == "1.2.0"
    assert citation["authors"] == [{"name": "The ltxv-nb developers"}]
    assert citation["license"] == "MIT"
    assert {"title", "message", "version", "date-released"} <= set(citation)
