"""The two services that a request can go to."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fakes import KEY, FakeTransport, reply

from ltxv_nb import sandbox_address, settings
from ltxv_nb.client import Client
from ltxv_nb.errors import ConfigurationError
from ltxv_nb.key import ApiKey
from ltxv_nb.service import backend
from ltxv_nb.service.api import Api
from ltxv_nb.service.backend import RemoteService

POPEN = subprocess.Popen


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch):
    launched = []

    def popen(command, **options):
        launched.append((command, options))
        return SimpleNamespace(poll=lambda: 3)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return launched


def test_a_key_leads_to_the_api_and_none_to_the_sandbox_and_neither_is_asked_yet(
    tmp_path, nothing_is_started
):
    api = backend.connect(settings.load(KEY))
    assert (api.base_url, api.key, api.origin) == (
        "https://api.aimlapi.com",
        ApiKey(KEY),
        "https://api.aimlapi.com",
    )
    assert api.is_public
    sandbox = backend.connect(settings.load(backend="sandbox", home=tmp_path / "h"))
    assert sandbox.origin == "sandbox"
    assert not sandbox.is_public
    assert nothing_is_started == []
    assert not (tmp_path / "h").exists()


def test_a_service_on_this_machine_may_name_videos_on_this_machine():
    assert not backend.connect(settings.load(KEY, "http://127.0.0.1:8000")).is_public
    assert not backend.connect(settings.load(KEY, "http://localhost:8000")).is_public


def test_the_budget_stays_below_what_the_service_allows():
    assert backend.RemoteService.reads_per_minute < 200


def test_a_sandbox_that_does_not_start_is_one_sentence_that_says_where_to_look(tmp_path, nothing_is_started):
    service = backend.SandboxService(tmp_path)
    with pytest.raises(ConfigurationError, match=r"service\.log"):
        service.start()
    (command, options) = nothing_is_started[0]
    assert "ltxv_nb.sandbox" in " ".join(command) or "sandbox" in " ".join(command)
    assert str(tmp_path) in command
    assert options["stdin"] == subprocess.DEVNULL


def test_a_sandbox_is_started_by_an_optimised_interpreter_too(tmp_path):
    """``python -O`` drops every assert."""
    code = (
        "import subprocess\n"
        "from ltxv_nb import settings\n"
        "from ltxv_nb.errors import ConfigurationError\n"
        "from ltxv_nb.service import api, backend\n"
        "class Popen:\n"
        "    def __init__(self, command, **options): print('started')\n"
        "    def poll(self): return 3\n"
        "subprocess.Popen = Popen\n"
        "try:\n"
        "    api.Api(backend.connect(settings.load(backend='sandbox', home='h'))).make_ready()\n"
        "except ConfigurationError: print('refused')\n"
    )
    root = Path(__file__).resolve().parents[3]
    process = POPEN(
        [sys.executable, "-O", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(root), "HOME": str(tmp_path), "PATH": "", "SYSTEMROOT": ""},
        stdout=subprocess.PIPE,
    )
    assert process.communicate(timeout=60)[0].split() == [b"started", b"refused"]


def test_a_sandbox_that_has_ended_is_looked_for_again(tmp_path, monkeypatch):
    found = iter(
        [("http://127.0.0.1:1", ApiKey("first-token")), ("http://127.0.0.1:2", ApiKey("second-token"))]
    )
    service = backend.SandboxService(tmp_path)
    monkeypatch.setattr(service, "_running", lambda: next(found))
    service.start()
    assert (service.base_url, service.base_url) == ("http://127.0.0.1:1", "http://127.0.0.1:1")
    service.restart()
    assert (service.base_url, service.key) == ("http://127.0.0.1:2", ApiKey("second-token"))


def test_a_home_that_cannot_be_written_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="LTXV_HOME"):
        backend.SandboxService(tmp_path / "file").start()


def test_an_address_is_proved_again_after_a_while_and_its_token_stays_with_it(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(backend.time, "monotonic", lambda: now[0])
    found = iter(
        [("http://127.0.0.1:1", ApiKey("first-token")), ("http://127.0.0.1:2", ApiKey("second-token"))]
    )
    service = backend.SandboxService(tmp_path)
    monkeypatch.setattr(service, "_running", lambda: next(found))
    assert service.base_url == "http://127.0.0.1:1"
    now[0] += backend.PROOF_SECONDS + 1
    assert service.key == ApiKey("first-token"), "of the address that was asked for"
    assert (service.base_url, service.key) == ("http://127.0.0.1:2", ApiKey("second-token"))


def test_a_sandbox_that_runs_without_proof_is_one_sentence(tmp_path, monkeypatch):
    now = iter(range(0, 1000, 20))
    monkeypatch.setattr(backend.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(backend.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(subprocess, "Popen", lambda *_args, **_options: SimpleNamespace(poll=lambda: 0))
    with pytest.raises(ConfigurationError, match="does not prove"):
        backend.SandboxService(tmp_path / "home").start()


# -- LTXV_BACKEND=sandbox in the environment is a pin ----------------------------------------------------------


@pytest.fixture
def pinned(monkeypatch):
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setenv("AIMLAPI_API_KEY", KEY)


@pytest.mark.parametrize(
    "arguments",
    [
        {"backend": "aimlapi"},
        {"backend": "aimlapi", "api_key": KEY, "base_url": "https://api.example.test"},
        {"backend": "aimlapi", "api_key": KEY, "base_url": "http://127.0.0.1:8080"},
        {"backend": "AIMLAPI ", "api_key": KEY},
        {"backend": "auto", "api_key": KEY},
    ],
)
@pytest.mark.usefixtures("pinned")
def test_a_pinned_process_has_no_client_of_a_paid_service(arguments):
    with pytest.raises(ConfigurationError, match="LTXV_BACKEND=sandbox in the environment"):
        Client(**arguments)


@pytest.mark.parametrize("arguments", [{}, {"backend": "auto"}, {"backend": "sandbox"}, {"api_key": KEY}])
@pytest.mark.usefixtures("pinned")
def test_whatever_does_not_ask_for_the_service_gets_the_sandbox_in_a_pinned_process(arguments):
    with Client(**arguments) as client:
        assert client.backend == "sandbox"
        assert client.origin == "sandbox"


def test_a_client_from_before_the_pin_sends_nothing_any_more(monkeypatch, tmp_path):
    wire = FakeTransport(lambda request: reply(200, {"current_balance": 1}))
    api = Api(RemoteService(settings.load(KEY, backend="aimlapi")), session_factory=wire.session_factory)
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    with pytest.raises(ConfigurationError, match="LTXV_BACKEND=sandbox"):
        api.balance()
    with pytest.raises(ConfigurationError, match="LTXV_BACKEND=sandbox"):
        api.create({}, "a")
    assert wire.sent == []


@pytest.mark.usefixtures("pinned")
def test_a_pinned_process_may_use_its_own_sandbox_as_the_api(tmp_path):
    sandbox_address.write(tmp_path / "home" / "sandbox", {"port": 4711, "pid": 1, "token": "t"})
    own = Client(KEY, "http://127.0.0.1:4711", home=tmp_path / "home", backend="aimlapi")
    assert own.origin == "http://127.0.0.1:4711"
    own.close()
    for elsewhere in ("http://127.0.0.1:4712", "https://example.test:4711"):
        with pytest.raises(ConfigurationError, match="LTXV_BACKEND=sandbox"):
            Client(KEY, elsewhere, home=tmp_path / "home", backend="aimlapi")
