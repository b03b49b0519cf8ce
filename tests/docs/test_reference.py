"""The reference has a page for each public class, and what is not published yet is said in one place."""

import inspect
import re

import pytest
from documents import PAGES, ROOT, name_of
from PIL import Image

import ltxv_nb
from ltxv_nb.errors import LTXVError

CLASSES = ROOT / "docs" / "reference" / "classes"
_MARKS = ("<!-- not published: begin -->", "<!-- not published: end -->")


def _documented():
    pages = {page: page.read_text(encoding="utf-8") for page in CLASSES.glob("*.md")}
    return {
        name: page
        for page, text in pages.items()
        for name in re.findall(r"auto(?:class|function):: (\S+)", text)
    }


def test_every_public_class_has_a_page():
    shown = {name.rpartition(".")[2] for name in _documented()}
    public = {name for name in ltxv_nb.__all__ if not name.startswith("_")}
    errors = {name for name in public if _is_error(getattr(ltxv_nb, name))}
    assert public - errors <= shown
    returned = {"Budget", "JobList", "Model", "ModelList", "Parameter", "Price", "Reconciliation", "Spending"}
    assert returned <= shown, "what the client's methods return"
    index = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    for page in CLASSES.glob("*.md"):
        assert f"](classes/{page.name})" in index, page.stem
        assert f"\nclasses/{page.stem}\n" in index, page.stem


def _is_error(thing):
    return inspect.isclass(thing) and issubclass(thing, LTXVError)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_needs_a_published_package_says_so_and_says_it_in_one_place(page):
    text = page.read_text(encoding="utf-8")
    if page.name == "README.md":
        begin, end = (text.index(mark) for mark in _MARKS)
        note = text[begin:end]
        assert not re.search(r"pip install ltxv|mybinder|git clone", text[:begin]), (
            "what works today comes first"
        )
        assert "Not published yet" in note or not note.removeprefix(_MARKS[0]).strip()
    elif needed := re.search(r"^pip install \"?ltxv|mybinder\.org|^git clone", text, re.MULTILINE):
        included = text.find(f":start-after: {_MARKS[0]}")
        assert 0 <= included < needed.start(), "it includes the README's note first"
        assert "Not published" not in text


def test_the_moving_picture_of_the_readme_moves_and_is_small():
    path = ROOT / "docs" / "images" / "first-clip.webp"
    assert path.stat().st_size < 1_000_000
    with Image.open(path) as picture:
        assert picture.n_frames > 40
        assert 600 <= picture.width <= 1000
    assert "docs/images/first-clip.webp" in (ROOT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]
