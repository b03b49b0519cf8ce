"""What holds for every test: no key, no user's journal, no network but loopback, the same examples every time."""

from __future__ import annotations

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


def pytest_collection_modifyitems(config, items):
    """Give page and kernel tests a second try: other programs' start-up times are in them.

    Never those of faults and kills: a promise about money that breaks once in a while is broken. ``-p
    no:rerunfailures`` shows every first failure.
    """
    if not config.pluginmanager.hasplugin("rerunfailures"):
        return
    for item in items:
        if item.path.parent.name in {"browser", "integration"}:
            item.add_marker(pytest.mark.flaky(reruns=2, reruns_delay=1))
