"""Where things are, and which key counts."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from fakes import KEY

from ltxv_nb import settings
from ltxv_nb.errors import ConfigurationError
from ltxv_nb.key import ApiKey


@pytest.fixture(autouse=True)
def no_login():
    yield
    settings.remember_for_session(None)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://api.aimlapi.com", "https://api.aimlapi.com"),
        ("https://api.aimlapi.com/", "https://api.aimlapi.com"),
        ("https://api.aimlapi.com/v1", "https://api.aimlapi.com"),
        (" https://api.aimlapi.com/v2/ ", "https://api.aimlapi.com"),
        ("HTTPS://API.AIMLAPI.COM:443/v1", "https://api.aimlapi.com"),
        ("https://gateway.example.test/aiml/v1", "https://gateway.example.test/aiml"),
        ("https://gateway.example.test:8443", "https://gateway.example.test:8443"),
        ("http://localhost:8000/v2", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_the_address_that_other_tools_use_is_understood(given, origin):
    assert settings.clean_base_url(given) == origin


@pytest.mark.parametrize(
    "url",
    [
        "api.aimlapi.com",
        "ftp://api.aimlapi.com",
        "https://",
        "https://api.aimlapi.com?x=1",
        "https://api.aimlapi.com#top",
        "https://api.aimlapi.com:99999",
        "https://[::1",
        "https://exämple.test",
        "https://api.aimlapi.com/a b",
        "https://api.aimlapi.com\\@evil.test",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_address_of_a_service_is_refused_with_an_example(url):
    with pytest.raises(ConfigurationError, match=r"https://api\.aimlapi\.com|user name"):
        settings.clean_base_url(url)


def test_the_key_never_travels_unencrypted_to_another_machine():
    with pytest.raises(ConfigurationError, match=r"unencrypted: use https"):
        settings.clean_base_url("http://api.aimlapi.com")
    with pytest.raises(ConfigurationError, match="unencrypted"):
        settings.clean_base_url("http://localhost.example.test")


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(ConfigurationError) as caught:
        settings.clean_base_url("https://user:hunter2@api.aimlapi.com")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", settings.KEY_VARIABLES)
def test_each_name_of_the_key_is_read(monkeypatch, name):
    monkeypatch.setenv(name, f" {KEY} ")
    loaded = settings.load()
    assert loaded.key == ApiKey(KEY)
    assert loaded.backend == "aimlapi"
    assert loaded.reason == f"{name} is set"


def test_the_sources_of_a_key_come_in_their_order(monkeypatch):
    monkeypatch.setattr(settings, "_key_from_keyring", lambda: ApiKey("from-the-keyring"))
    assert settings.find_key() == (ApiKey("from-the-keyring"), "the keyring holds a key")
    monkeypatch.setattr(settings, "_key_from_colab", lambda: ApiKey("from-colab"))
    assert settings.find_key() == (ApiKey("from-colab"), "Colab's secrets hold a key")
    settings.remember_for_session(ApiKey("from-login"))
    assert settings.find_key() == (ApiKey("from-login"), "you logged in")
    for name, value in {"AIML_API_KEY": "third", "AIMLAPI_KEY": "second", "AIMLAPI_API_KEY": "first"}.items():
        monkeypatch.setenv(name, value)
        assert settings.find_key()[0] == ApiKey(value)
    monkeypatch.setenv("AIMLAPI_API_KEY", "  ")
    assert settings.find_key()[0] == ApiKey("second")
    monkeypatch.setenv("AIMLAPI_API_KEY", "first")
    assert settings.load("given").key == ApiKey("given")


def test_a_login_is_forgotten_when_told_to(monkeypatch):
    monkeypatch.setattr(settings, "_key_from_keyring", lambda: None)
    settings.remember_for_session(ApiKey(KEY))
    settings.remember_for_session(None)
    assert settings.find_key() == (None, "no key was found")


def test_a_keyring_that_fails_means_no_key_and_nothing_is_kept(monkeypatch):
    broken = types.ModuleType("keyring")

    def fail(*_args):
        raise RuntimeError("locked")

    broken.get_password = broken.set_password = fail
    monkeypatch.setitem(sys.modules, "keyring", broken)
    assert settings.find_key() == (None, "no key was found")
    assert settings.remember_in_keyring(ApiKey(KEY)) is False


def test_a_keyring_that_works_keeps_the_key_and_gives_it_back(monkeypatch):
    kept = {}
    working = types.ModuleType("keyring")
    working.set_password = lambda service, name, value: kept.update({(service, name): value})
    working.get_password = lambda service, name: kept.get((service, name))
    monkeypatch.setitem(sys.modules, "keyring", working)
    assert settings.remember_in_keyring(ApiKey(KEY)) is True
    assert settings.find_key() == (ApiKey(KEY), "the keyring holds a key")


def test_colabs_secrets_are_asked_where_they_exist_and_may_refuse(monkeypatch):
    userdata = types.ModuleType("google.colab.userdata")

    def get(name):
        if name != "AIML_API_KEY":
            raise KeyError(name)
        return KEY

    userdata.get = get
    colab = types.ModuleType("google.colab")
    colab.userdata = userdata
    google = types.ModuleType("google")
    google.colab = colab
    for name, module in (("google", google), ("google.colab", colab), ("google.colab.userdata", userdata)):
        monkeypatch.setitem(sys.modules, name, module)
    assert settings.find_key() == (ApiKey(KEY), "Colab's secrets hold a key")


def test_without_a_key_the_sandbox_is_taken_and_it_says_why(monkeypatch):
    monkeypatch.setattr(settings, "_key_from_keyring", lambda: None)
    loaded = settings.load()
    assert (loaded.backend, loaded.key, loaded.reason) == ("sandbox", None, "no key was found")


def test_the_sandbox_never_gets_the_key(monkeypatch):
    monkeypatch.setenv("AIMLAPI_API_KEY", KEY)
    for loaded in (settings.load(backend="sandbox"), settings.load(KEY, backend="sandbox")):
        assert (loaded.backend, loaded.key, loaded.reason) == ("sandbox", None, "the sandbox was asked for")


def test_a_wrong_address_of_the_service_does_not_matter_to_the_sandbox(monkeypatch):
    monkeypatch.setenv("AIMLAPI_BASE_URL", "nonsense")
    assert settings.load(backend="sandbox").backend == "sandbox"
    with pytest.raises(ConfigurationError, match="AIMLAPI_BASE_URL"):
        settings.load(KEY)


def test_the_api_without_a_key_is_refused_with_what_to_do(monkeypatch):
    monkeypatch.setattr(settings, "_key_from_keyring", lambda: None)
    monkeypatch.setenv("LTXV_BACKEND", "aimlapi")
    with pytest.raises(ConfigurationError, match=r"set AIMLAPI_API_KEY or run %ltxv login"):
        settings.load()


def test_a_backend_nobody_has_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setenv("LTXV_BACKEND", "cloud")
    with pytest.raises(ConfigurationError, match="'cloud', but it can be auto, aimlapi or sandbox"):
        settings.load()
    assert settings.load(backend=" SandBox ").backend == "sandbox"


def test_folders_come_from_arguments_then_environment_then_defaults(monkeypatch, tmp_path):
    monkeypatch.delenv("LTXV_HOME")
    assert settings.load().home.name == "ltxv-nb"
    assert settings.load().output_dir == Path.cwd() / "ltxv_videos"
    monkeypatch.setenv("LTXV_HOME", "~/somewhere")
    monkeypatch.setenv("LTXV_OUTPUT_DIR", "clips")
    loaded = settings.load()
    assert loaded.home == Path.home() / "somewhere"
    assert loaded.output_dir == Path.cwd() / "clips"
    loaded = settings.load(home=tmp_path / "h", output_dir="o")
    assert loaded.home == tmp_path / "h"
    assert loaded.output_dir == Path.cwd() / "o"


def test_looking_the_settings_up_makes_no_file(tmp_path):
    settings.load(home=tmp_path / "h", output_dir=tmp_path / "o")
    assert list(tmp_path.iterdir()) == []


def test_the_settings_never_show_the_key():
    assert KEY not in repr(settings.load(KEY))
