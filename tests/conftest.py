"""What holds for every test: no key, no user's journal, no network but loopback, the same examples every time."""

from __future__ import annotations

import asyncio
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings

# A run that fails for one developer must fail for the next; LTXV_HYPOTHESIS=random looks further.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("LTXV_HYPOTHESIS", "fixed"))

_OURS = ("AIMLAPI_", "AIML_API_", "LTXV_")
_KEPT = (
    "LTXV_TEST_",
    "LTXV_REQUIRE_",
    "LTXV_KILLS",
    "LTXV_SOAK",
    "LTXV_HYPOTHESIS",
    "LTXV_EXAMPLES",
    "LTXV_SANDBOX_CLIPS",
)

# A clip that one test has had drawn is there for the next; the tests of the drawing itself go without.
os.environ["LTXV_SANDBOX_CLIPS"] = str(Path(__file__).resolve().parent.parent / "out" / "clips")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    """Start each test as on a fresh machine: no settings, and a home of its own."""
    for name in list(os.environ):
        if name.startswith(_OURS) and not name.startswith(_KEPT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("LTXV_HOME", str(tmp_path / "ltxv-home"))
    monkeypatch.setenv("LTXV_OUTPUT_DIR", str(tmp_path / "ltxv-videos"))


@pytest.fixture(autouse=True)
def _no_loop_of_a_browser(request):
    """Let no other test see the loop of Playwright, which runs as long as a worker's browser does."""
    loop = asyncio._get_running_loop()
    if loop is None or request.path.parent.name == "browser":
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


#: What takes longest, and mostly waits: begun first, so that nothing long is left for one worker at the end.
_LONG = {
    *("packaging", "integration", "browser"),
    *("test_notebooks_run.py", "test_notebooks_run_again.py", "test_notebooks_under_nbval.py"),
    *("test_soak.py", "test_stateful.py", "test_deadlines.py", "test_kills.py"),
}


def _long_ones_first(items):
    """Sort by file: first what takes long, pages (which compute most) and others by turns; then the rest."""
    files = dict.fromkeys(item.path for item in items)
    long = [path for path in files if {path.name, path.parent.name} & _LONG]
    pages = [path for path in long if path.parent.name == "browser"]
    others = [path for path in long if path.parent.name != "browser"]
    by_turns = [path for pair in itertools.zip_longest(others, pages) for path in pair if path is not None]
    rank = {path: number for number, path in enumerate(by_turns)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def pytest_collection_modifyitems(config, items):
    """Give page and kernel tests a second try: other programs' start-up times are in them.

    Never those of faults and kills: a promise about money that breaks once in a while is broken. ``-p
    no:rerunfailures`` shows every first failure.
    """
    _long_ones_first(items)
    if not config.pluginmanager.hasplugin("rerunfailures"):
        return
    for item in items:
        if item.path.parent.name in {"browser", "integration"}:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))
