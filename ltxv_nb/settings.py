"""What the environment says: folders, the service's address, the backend, the key.

Nothing here touches the network or makes a file.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ltxv_nb.errors import ConfigurationError
from ltxv_nb.key import ApiKey, hidden

DEFAULT_BASE_URL = "https://api.aimlapi.com"
DEFAULT_OUTPUT_DIR = "ltxv_videos"
KEY_VARIABLES = ("AIMLAPI_API_KEY", "AIMLAPI_KEY", "AIML_API_KEY")
BACKENDS = ("auto", "aimlapi", "sandbox")
KEYRING_SERVICE = "ltxv-nb"

#: What reaches one and the same service of this machine at one port.
_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")

#: The journal's file in the home folder.
JOURNAL_FILE = "journal.sqlite"

#: The key given to `%ltxv login` in this process, where no keyring keeps it.
_session_key: ApiKey | None = None


#: Why nothing but the sandbox can be reached, where the environment says so.
PINNED = (
    "LTXV_BACKEND=sandbox in the environment keeps this process in the sandbox, so nothing was sent anywhere "
    "else: start Python without that variable to use another service."
)


def is_pinned() -> bool:
    """Whether ``LTXV_BACKEND=sandbox`` in the environment keeps this process in the sandbox.

    It is a pin: no argument, command or login leads out of it, see `ltxv_nb.service.backend.RemoteService`.
    """
    return os.environ.get("LTXV_BACKEND", "").strip().lower() == "sandbox"


def notebook() -> str | None:
    """Return the path of the notebook that this kernel belongs to, where Jupyter's server names it."""
    path = os.environ.get("JPY_SESSION_NAME", "")
    return path if path and os.path.isabs(path) else None  # noqa: PTH117 - "" is no path


@dataclass(frozen=True)
class Settings:
    """Where everything is.

    Attributes
    ----------
    backend : {"aimlapi", "sandbox"}
        The service itself, or the local one.
    base_url : str
        Origin of the service, without a trailing slash; unused with the sandbox.
    key : ApiKey or None
        ``None`` with the sandbox, which has a token of its own.
    home : Path
        Folder of the journal and of the sandbox's state.
    output_dir : Path
        Folder of the finished videos, absolute.
    reason : str
        Why this backend, in words.
    """

    backend: str
    base_url: str
    key: ApiKey | None
    home: Path
    output_dir: Path
    reason: str


def in_voila() -> bool:
    """Whether this kernel belongs to a page of Voila, which serves no files unless it is told to."""
    return any(name.startswith("VOILA_") for name in os.environ)


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address is this very machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def clean_base_url(url: str) -> str:
    """Return the origin of the service: what other tools' settings hold, without ``/v1`` or ``/v2``.

    Raises
    ------
    ConfigurationError
        It is no address, holds a password, or is plain http to another machine.
    """
    url = url.strip().rstrip("/")
    for version in ("/v1", "/v2"):
        url = url.removesuffix(version).rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    readable = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if parts.scheme not in {"http", "https"} or not host or "?" in url or "#" in url or not readable:
        raise ConfigurationError(
            f"AIMLAPI_BASE_URL is not the address of a service: it looks like {DEFAULT_BASE_URL}."
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            "AIMLAPI_BASE_URL holds a user name or password: leave it out, and set AIMLAPI_API_KEY."
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"AIMLAPI_BASE_URL sends the key to {host}{f':{port}' if port else ''} unencrypted: use https."
        )
    # One spelling for one service: the journal tells services apart by it.
    host = host.rstrip(".") or host
    name = f"[{host}]" if ":" in host else host
    port = None if port == {"http": 80, "https": 443}[parts.scheme] else port
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path}"


def service_name(origin: str) -> str:
    """Return the one name by which the journal knows a service, whichever of its addresses was given."""
    return spellings(origin)[0]


def spellings(origin: str) -> tuple[str, ...]:
    """Return every origin by which a journal may know the same service, the one that is written now first.

    Journals of version 0.1 hold the address of a service on this machine as it was given.
    """
    scheme, _, rest = origin.partition("://")
    for name in _THIS_MACHINE:
        if rest == name or rest.startswith((f"{name}:", f"{name}/")):
            return tuple(f"{scheme}://{other}{rest.removeprefix(name)}" for other in _THIS_MACHINE)
    return (origin,)


def default_home() -> Path:
    """Return ``LTXV_HOME``, or the user's data folder."""
    if home := os.environ.get("LTXV_HOME"):
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("ltxv-nb", appauthor=False))


def remember_for_session(key: ApiKey | None) -> None:
    """Keep a key in this process's memory, and nowhere else; ``None`` forgets it."""
    global _session_key  # noqa: PLW0603 - a login is a fact about the process
    _session_key = key


def remember_in_keyring(key: ApiKey) -> bool:
    """Keep a key in the system's keyring.

    Returns
    -------
    bool
        Whether there was a keyring that took it. It is never written anywhere else.
    """
    try:
        import keyring

        keyring.set_password(KEYRING_SERVICE, KEY_VARIABLES[0], key.reveal())
    except Exception:  # noqa: BLE001 - no keyring, a locked one, a broken backend: each means "not kept"
        return False
    return True


def _key_from_keyring() -> ApiKey | None:
    try:
        import keyring

        return _as_key(keyring.get_password(KEYRING_SERVICE, KEY_VARIABLES[0]))
    except ConfigurationError:
        raise
    except Exception:  # noqa: BLE001 - as above: no key is to be had there
        return None


def _key_from_colab() -> ApiKey | None:
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import userdata
    except ImportError:
        return None
    for name in KEY_VARIABLES:
        try:
            if key := _as_key(userdata.get(name)):
                return key
        except ConfigurationError:
            raise
        except Exception:  # noqa: BLE001, S112 - a secret that is missing or not shared raises one of several
            continue
    return None


def _as_key(given: str | ApiKey | None) -> ApiKey | None:
    return given if isinstance(given, ApiKey) else ApiKey(given) if given else None


def _key_from_environment() -> tuple[ApiKey, str] | None:
    # The environment is bound to no name here: a traceback may show every variable.
    for name in KEY_VARIABLES:
        if os.environ.get(name, "").strip():
            return ApiKey(os.environ[name]), f"{name} is set"
    return None


def find_key() -> tuple[ApiKey | None, str]:
    """Look for a key: the environment, this session's login, Colab's secrets, the keyring.

    Returns
    -------
    key : ApiKey or None
    source : str
        Where it was found, in words.
    """
    if found := _key_from_environment():
        return found
    if _session_key:
        return _session_key, "you logged in"
    if key := _key_from_colab():
        return key, "Colab's secrets hold a key"
    if key := _key_from_keyring():
        return key, "the keyring holds a key"
    return None, "no key was found"


def load(
    api_key: str | ApiKey | None = None,
    base_url: str | None = None,
    home: str | os.PathLike[str] | None = None,
    output_dir: str | os.PathLike[str] | None = None,
    backend: str | None = None,
) -> Settings:
    """Put together what was given, what the environment says, and the defaults.

    Raises
    ------
    ConfigurationError
        The backend has no such name, the address cannot be used, the API is asked for without a key, or the
        environment keeps this process in the sandbox.
    """
    api_key = hidden(api_key)
    if is_pinned() and (backend or "").strip().lower() == "auto":
        if api_key is not None:
            raise ConfigurationError(PINNED)
        backend = None
    backend = (backend or os.environ.get("LTXV_BACKEND") or "auto").strip().lower()
    if backend not in BACKENDS:
        raise ConfigurationError(f"LTXV_BACKEND is {backend!r}, but it can be auto, aimlapi or sandbox.")
    if backend == "sandbox":
        key, reason = None, "LTXV_BACKEND=sandbox is set" if is_pinned() else "the sandbox was asked for"
    elif api_key is not None:
        key, reason = (api_key if isinstance(api_key, ApiKey) else ApiKey(api_key)), "a key was given"
    else:
        key, reason = find_key()
    if backend == "aimlapi" and key is None and is_pinned():
        raise ConfigurationError(PINNED)
    if backend == "aimlapi" and key is None:
        raise ConfigurationError(
            "No API key was found, and LTXV_BACKEND=aimlapi needs one: set AIMLAPI_API_KEY or run "
            "%ltxv login, or use LTXV_BACKEND=sandbox, which needs none."
        )
    chosen = backend if backend != "auto" else "aimlapi" if key else "sandbox"
    return Settings(
        backend=chosen,
        base_url=_origin(chosen, base_url or os.environ.get("AIMLAPI_BASE_URL")),
        key=key if chosen == "aimlapi" else None,
        home=_folder(home) if home else default_home(),
        output_dir=_folder(output_dir or os.environ.get("LTXV_OUTPUT_DIR") or DEFAULT_OUTPUT_DIR),
        reason=reason,
    )


def _origin(backend: str, url: str | None) -> str:
    return clean_base_url(url) if url and backend == "aimlapi" else DEFAULT_BASE_URL


def _folder(path: Any) -> Path:
    return Path(path).expanduser().absolute()
