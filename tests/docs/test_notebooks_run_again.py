"""With a key, a notebook that is run again, from a new kernel, buys nothing a second time."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from documents import NOTEBOOKS, name_of
from faults.service import KEY, FaultService
from nbclient import NotebookClient

#: Clips that each notebook buys; not those that go to the sandbox whatever the key, or make no clips.
BOUGHT = {
    "quickstart": 3,
    "01-what-happens": 2,
    "02-prompting": 6,
    "03-image-to-video": 3,
    "04-panel": 1,
    "07-from-script": 7,
}

_TESTS = Path(__file__).parents[1]
#: A real service takes a minute for each clip; this one does not.
_HURRY = f"import sys; sys.path.insert(0, {str(_TESTS)!r}); from faults.fast import hurry; hurry()\n"


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A fake of the paid service, and an environment with a key for it."""
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-hurry.py").write_text(_HURRY)
    with FaultService() as made:
        for name, value in {
            "IPYTHONDIR": str(tmp_path / "ipython"),
            "LTXV_BACKEND": "aimlapi",
            "AIMLAPI_BASE_URL": made.base_url,
            "AIMLAPI_API_KEY": KEY,
            "LTXV_HOME": str(tmp_path / "home"),
            "LTXV_WAIT": "1",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("LTXV_OUTPUT_DIR")
        yield made


@pytest.mark.kernel
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem in BOUGHT], ids=name_of)
def test_a_notebook_that_is_run_twice_shows_each_clip_in_the_books_once(path, tmp_path, service):
    for run in (1, 2):
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(notebook, timeout=150, resources={"metadata": {"path": str(tmp_path)}}).execute()
        assert len(service.prompts()) == BOUGHT[path.stem], f"run {run}"
    assert len(service.prompts()) == len(service.requests("submit"))
