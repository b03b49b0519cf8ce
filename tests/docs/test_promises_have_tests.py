"""Each promise of the two pages names the tests that keep it, and those tests exist."""

import ast
import functools
import re

import pytest
from documents import ROOT

PAGES = ["docs/reliability.md", "docs/howto/security.md"]
_LABEL = re.compile(r"^- \*\*(.+?)\*\*", re.MULTILINE)
_TABLE = re.compile(r"<!-- tests: begin -->(.*?)<!-- tests: end -->", re.DOTALL)
#: What is no promise: the words around it, and what is expressly none.
_NO_PROMISES = {"What is not promised", "How it is tested", "What is yours to know"}


def _sections(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        if title not in _NO_PROMISES:
            yield title, body


def _rows(body):
    """Return the tests of each promise, as the table of a section names them."""
    table = _TABLE.search(body)
    rows = [row.split("|")[1:3] for row in table[1].strip().splitlines()[2:]] if table else []
    return {promise.strip(): re.findall(r"`(.+?)`", tests) for promise, tests in rows}


SECTIONS = [(page, title, body) for page in PAGES for title, body in _sections(page)]
NAMED = sorted({name for _, _, body in SECTIONS for tests in _rows(body).values() for name in tests})


@functools.cache
def _functions(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("page", "title", "body"), SECTIONS, ids=[f"{page}: {title}" for page, title, _ in SECTIONS]
)
def test_each_promise_of_a_section_names_its_tests(page, title, body):
    promises = _LABEL.findall(_TABLE.sub("", body))
    assert promises, "a section without a promise belongs elsewhere"
    assert [promise.rstrip(".") for promise in promises] == list(_rows(body))
    assert all(_rows(body).values())


@pytest.mark.parametrize(
    ("page", "title", "body"), SECTIONS, ids=[f"{page}: {title}" for page, title, _ in SECTIONS]
)
def test_every_point_of_a_section_is_a_promise_with_a_name(page, title, body):
    points = re.findall(r"^- .*", body, re.MULTILINE)
    assert len(points) == len(_LABEL.findall(body))


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_exists(name):
    path, _, function = name.partition("::")
    assert (ROOT / path).is_file()
    assert function in _functions(path)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_it_does_not_promise(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "\n## What is not promised\n" in text


def test_the_limits_of_the_sandbox_are_those_of_its_code():
    from ltxv_nb.sandbox.server import base, connections, handlers
    from ltxv_nb.service import backend

    text = " ".join((ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8").split())
    assert f"It has {connections.MAX_CONNECTIONS} connections at most" in text
    assert f"{handlers.GenerationsHandler.max_body >> 20} MB, everything else " in text
    assert f"{base.BaseHandler.max_body >> 10} KB, also in chunks" in text
    assert base.STRANGER_SECONDS == backend.PROOF_SECONDS == 5
    assert text.count("five seconds") == 2
    assert connections.HEADER_SECONDS == connections.BODY_SECONDS == 60
    assert "may take a minute each" in text
