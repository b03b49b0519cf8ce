"""Every notebook runs from top to bottom with no key, and ends with what it promises."""

import contextlib
import json
import os
import re
import signal

import nbformat
import pytest
from documents import NOTEBOOKS, ROOT, name_of
from nbclient import NotebookClient

#: Where the documentation takes executed notebooks from.
KEPT = ROOT / "out" / "notebooks"

#: Bytes of an executed notebook, at most.
LARGEST = 6_000_000

#: Videos that stand in each notebook at the end, at least; `06` makes none, it simulates.
VIDEOS = {
    "quickstart": 3,
    "01-what-happens": 1,
    "02-prompting": 6,
    "03-image-to-video": 4,
    "04-panel": 1,
    "05-when-things-go-wrong": 4,
    "06-under-the-hood": 0,
    "07-from-script": 1,
    "08-money": 1,
}

#: The errors that a notebook makes on purpose, in their order.
ON_PURPOSE = {
    "05-when-things-go-wrong": [
        *["RequestError"] * 5,
        "ConfigurationError",
        "AuthenticationError",
        "GenerationFailed",
        "KeyboardInterrupt",
        "GenerationTimeout",
        "DuplicateRequest",
    ],
    "07-from-script": ["RequestError"],
    "08-money": ["BudgetExceeded", "BudgetExceeded", "InsufficientCreditsError"],
}

_DRAWN = {"01-what-happens": 1, "06-under-the-hood": 2}


def _run(path, folder, monkeypatch):
    """Execute a notebook in a folder of its own, as `jupyter nbconvert --execute` would."""
    monkeypatch.setenv("LTXV_WAIT", "1")
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setenv("LTXV_SANDBOX_SECONDS", "1")
    monkeypatch.setenv("LTXV_HOME", str(folder / "home"))
    monkeypatch.delenv("LTXV_OUTPUT_DIR")
    notebook = nbformat.read(path, as_version=4)
    work = folder / "a class"
    work.mkdir()
    try:
        NotebookClient(notebook, timeout=150, resources={"metadata": {"path": str(work)}}).execute()
    finally:
        _end_sandbox(folder / "home")
    return notebook


def _end_sandbox(home):
    """Do not let it idle for its quarter of an hour."""
    state = home / "sandbox" / "service.json"
    if state.exists():
        with contextlib.suppress(OSError):
            os.kill(json.loads(state.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)


def _outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _html(notebook):
    pages = [output.data.get("text/html", "") for output in _outputs(notebook) if "data" in output]
    return "\n".join("".join(page) for page in pages)


@pytest.mark.kernel
@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_the_notebook_ends_with_what_it_promises(path, tmp_path, monkeypatch):
    notebook = _run(path, tmp_path, monkeypatch)
    errors = [output.ename for output in _outputs(notebook) if output.output_type == "error"]
    assert errors == ON_PURPOSE.get(path.stem, [])

    html = _html(notebook)
    assert len(re.findall(r'<video\b[^>]*\bsrc="data:video/mp4;base64,', html)) >= VIDEOS[path.stem]
    assert "<source" not in html
    assert "autoplay" not in html
    drawn = [output for output in _outputs(notebook) if "image/png" in output.get("data", {})]
    assert len(drawn) >= _DRAWN.get(path.stem, 0)

    text = nbformat.writes(notebook)
    assert len(text.encode()) < LARGEST
    if VIDEOS[path.stem]:
        made = list((tmp_path / "a class" / "ltxv_videos").glob("*.mp4"))
        assert len(made) >= VIDEOS[path.stem]
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / path.name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("stem", sorted(ON_PURPOSE))
def test_cells_that_fail_on_purpose_say_so(stem):
    notebook = nbformat.read(ROOT / "notebooks" / f"{stem}.ipynb", as_version=4)
    tagged = [cell for cell in notebook.cells if "raises-exception" in cell.metadata.get("tags", [])]
    assert len(tagged) == len(ON_PURPOSE[stem])


def test_every_notebook_has_its_promise():
    assert set(VIDEOS) >= {path.stem for path in NOTEBOOKS}
