"""One machine for every unit test: no key, no settings of the person who runs them, a home of its own."""

from __future__ import annotations

import pytest
from fakes import Desk, FakeClock, Rig

_VARIABLES = (
    "AIMLAPI_API_KEY",
    "AIMLAPI_KEY",
    "AIML_API_KEY",
    "AIMLAPI_BASE_URL",
    "LTXV_BACKEND",
    "LTXV_HOME",
    "LTXV_OUTPUT_DIR",
    "LTXV_WAIT",
    "LTXV_SANDBOX_SECONDS",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path):
    for name in (*_VARIABLES, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("LTXV_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def rig(tmp_path):
    made = Rig(tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A client on a virtual clock, with the service in memory behind it: ``desk.client`` and ``desk.rig``."""
    made = Desk(tmp_path, monkeypatch)
    yield made
    made.close()
