"""%ltxv login: the key is asked for unseen, tried on a free read, kept safe, and never shown whole."""

import getpass

import pytest

from ltxv_nb import settings
from ltxv_nb.errors import AuthenticationError, ConfigurationError, ServiceUnreachable
from ltxv_nb.notebook.magic.login import login
from ltxv_nb.service.api import Api

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def _asked(monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: f" {KEY}\n")
    monkeypatch.setattr(settings, "remember_in_keyring", lambda _key: False)
    monkeypatch.setattr(Api, "balance", lambda _api: 12.5)
    yield
    settings.remember_for_session(None)


def test_without_a_keyring_the_key_is_kept_for_the_session_and_the_line_says_so():
    line = login()
    assert "session only" in line
    assert "$12.50" in line
    assert KEY not in line
    assert settings.find_key()[0].reveal() == KEY


def test_in_a_pinned_sandbox_no_key_is_asked_for(monkeypatch):
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: pytest.fail("the key was asked for"))
    with pytest.raises(ConfigurationError, match="keeps this process in the sandbox"):
        login()


def test_with_a_keyring_the_line_says_that_it_is_there(monkeypatch):
    monkeypatch.setattr(settings, "remember_in_keyring", lambda _key: True)
    assert "keyring" in login()


def test_a_key_the_service_does_not_know_is_not_saved(monkeypatch):
    def refuse(_api):
        raise AuthenticationError("Invalid key", status_code=401)

    monkeypatch.setattr(Api, "balance", refuse)
    monkeypatch.setattr(settings, "_key_from_keyring", lambda: None)
    with pytest.raises(AuthenticationError):
        login()
    assert settings.find_key()[0] is None


def test_a_service_that_is_down_does_not_keep_the_key_from_being_used(monkeypatch):
    def fail(_api):
        raise ServiceUnreachable("no connection")

    monkeypatch.setattr(Api, "balance", fail)
    assert "could not check it" in login()
    assert settings.find_key()[0].reveal() == KEY


def test_another_key_in_the_environment_takes_precedence_and_the_line_says_so(monkeypatch):
    monkeypatch.setenv("AIMLAPI_API_KEY", "another-key-of-some-length")
    assert "AIMLAPI_API_KEY is set to another key" in login()


def test_where_nobody_can_be_asked_the_line_says_what_to_do(monkeypatch):
    def nobody(_prompt):
        raise RuntimeError("no stdin here")

    monkeypatch.setattr(getpass, "getpass", nobody)
    with pytest.raises(ConfigurationError, match="AIMLAPI_API_KEY"):
        login()


def test_an_empty_answer_is_no_key(monkeypatch):
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: "")
    with pytest.raises(ConfigurationError, match="empty"):
        login()
