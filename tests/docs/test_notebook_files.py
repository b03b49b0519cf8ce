"""The notebooks are committed as people should find them."""

import json
import re

import nbformat
import pytest
from documents import NOTEBOOKS, name_of

#: The one whose outputs are kept, and compared with every run.
GOLDEN = "quickstart.ipynb"
_TEACHING = [path for path in NOTEBOOKS if path.name != GOLDEN]


def _cells(path, kind):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == kind]


def test_there_are_notebooks():
    names = [path.name for path in NOTEBOOKS]
    assert GOLDEN in names
    assert [name[:2] for name in names if name != GOLDEN] == [f"{number:02d}" for number in range(1, 9)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_the_notebook_is_valid(path):
    nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", _TEACHING, ids=name_of)
def test_the_notebook_is_committed_without_outputs(path):
    for cell in _cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_exercises_have_answers_that_are_hidden(path):
    text = "\n".join("".join(cell["source"]) for cell in _cells(path, "markdown"))
    exercises = text.split("## Exercises")[1]
    questions = re.findall(r"^\*\*\d\.\*\*", exercises, re.MULTILINE)
    assert len(questions) >= 2
    assert exercises.count("<details><summary>Answer</summary>\n\n") == len(questions)
    assert exercises.count("\n\n</details>") == len(questions)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_it_says_in_its_first_words_that_no_key_is_needed(path):
    first = "".join("".join(cell["source"]) for cell in _cells(path, "markdown")[:2])
    assert "sandbox" in first or "Nothing is sent" in first or "nothing is sent" in first


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_a_marker_for_tests_never_becomes_part_of_a_prompt(path):
    for cell in _cells(path, "code"):
        assert "NBVAL" not in "".join(cell["source"])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_nothing_of_the_machine_it_was_written_on_is_in_it(path):
    text = path.read_text(encoding="utf-8")
    for trace in ("/home/", "/root/", "/work/", "/Users/", "C:\\\\Users"):
        assert trace not in text
