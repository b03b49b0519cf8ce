"""The two services that a request can go to: the API, and the local sandbox, which is started when needed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ltxv_nb import sandbox_address
from ltxv_nb.errors import ConfigurationError
from ltxv_nb.key import ApiKey
from ltxv_nb.settings import KEY_VARIABLES, PINNED, Settings, is_loopback, is_pinned, service_name

#: What the journal calls the sandbox: its port changes, its generations stay.
SANDBOX_ORIGIN = "sandbox"

#: Seconds that the sandbox may take to start.
START_SECONDS = 30.0

#: Seconds after which the process at the sandbox's address has to prove again that it is the sandbox: a
#: process that was killed leaves its port to whoever takes it next, and must not leave it the token.
PROOF_SECONDS = 5.0

#: Processes started here; kept so that they are reaped, and not warned about, when they end.
_started: list[subprocess.Popen[bytes]] = []


class RemoteService:
    """The API.

    Parameters
    ----------
    settings : Settings
        With the base URL and the key.

    Raises
    ------
    ConfigurationError
        ``LTXV_BACKEND=sandbox`` keeps this process in the sandbox. An address of this machine is refused as
        well, since it may lead on to a paid service; only that of the home's own sandbox is not.
    """

    reads_per_minute = 150.0  # of the 200 the service allows

    def __init__(self, settings: Settings) -> None:
        self.origin = service_name(settings.base_url)
        self._base_url = settings.base_url
        self.key = settings.key
        self._home = settings.home
        self._check_pin()

    @property
    def base_url(self) -> str:
        """Its address, which every request begins with; raises if the environment has been pinned since."""
        self._check_pin()
        return self._base_url

    @property
    def is_public(self) -> bool:
        """Whether it is another machine: then a video may not come from an address inside our own network."""
        return not is_loopback(urlsplit(self._base_url).hostname)

    def _check_pin(self) -> None:
        if is_pinned() and not _is_sandbox_of(self._home, self._base_url):
            raise ConfigurationError(PINNED)

    def start(self) -> None:
        """Do nothing: the API runs by itself."""

    restart = start


class SandboxService:
    """The sandbox of one home, started at first use and again whenever it has ended.

    Parameters
    ----------
    home : Path
        The home folder; each has a sandbox of its own.
    """

    reads_per_minute = 60_000.0
    origin = SANDBOX_ORIGIN
    is_public = False

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / sandbox_address.FOLDER
        self._lock = threading.Lock()
        self._found: tuple[str, ApiKey] | None = None
        self._proved_at = 0.0
        #: What this thread was told last: an address and a token that belong together.
        self._told = threading.local()

    @property
    def base_url(self) -> str:
        """Its address; starts it if need be."""
        pair = self._told.pair = self._ensure()
        return pair[0]

    @property
    def key(self) -> ApiKey:
        """The token that goes with the address that this thread asked for last."""
        pair: tuple[str, ApiKey] | None = getattr(self._told, "pair", None)
        return (pair or self._ensure())[1]

    def start(self) -> None:
        """Start it unless it runs.

        Raises
        ------
        ConfigurationError
            It does not start, or what it is found by can have been written by another user.
        """
        self._ensure()

    def restart(self) -> None:
        """Look again where it is, and start it if it has ended; raises as `start` does."""
        with self._lock:
            self._found = None
        self._ensure()

    def _ensure(self) -> tuple[str, ApiKey]:
        with self._lock:
            if self._found is None or time.monotonic() - self._proved_at > PROOF_SECONDS:
                self._found = None
                self._found = self._running() or self._launch()
                self._proved_at = time.monotonic()
            return self._found

    def _running(self) -> tuple[str, ApiKey] | None:
        """Return address and token of the one that runs, if it proves that it knows the token."""
        address = sandbox_address.read(self._folder)
        if address is None or not address.proves_itself():
            return None
        return f"http://127.0.0.1:{address.port}", ApiKey(address.token)

    def _launch(self) -> tuple[str, ApiKey]:
        sandbox_address.check_home(self._home)
        process = self._new_process()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if found := self._running():
                return found
            # Exit 0 means that another one holds the lock and is about to write its address.
            if process.poll() not in {None, 0}:
                break
            time.sleep(0.05)
        if process.poll() == 0:
            raise ConfigurationError(
                f"The sandbox of {self._home} runs, but does not prove that it is the one; one of an older "
                f"version cannot: end it, or wait until it has been idle for 15 minutes, and try again."
            )
        raise ConfigurationError(
            f"The sandbox does not start: see {self._folder / 'service.log'}, "
            f"or run `python -m ltxv_nb.sandbox` to see why."
        )

    def _new_process(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ltxv_nb.sandbox", "--home", str(self._home)]
        if seconds := os.environ.get("LTXV_SANDBOX_SECONDS"):
            command += ["--seconds", seconds]
        options: dict[str, Any] = {"start_new_session": True}
        if sys.platform == "win32":
            options = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            process = subprocess.Popen(  # noqa: S603 - our own module, by the running interpreter
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                cwd=self._folder,
                env=_environment(),
                **options,
            )
        except OSError as error:
            raise ConfigurationError(
                f"The sandbox cannot be started in {self._folder} ({error.strerror or error}): "
                f"set LTXV_HOME to a folder that can be written."
            ) from None
        _started.append(process)
        return process


def _environment() -> dict[str, str]:
    """Return the sandbox's environment: this package importable from anywhere, and no key.

    It runs in a folder of its own: ``-m`` looks for modules in the current one first, and a notebook's
    folder may hold a ``random.py``.
    """
    given = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    folders = [*map(os.path.abspath, given), str(Path(__file__).resolve().parents[2])]
    kept = {name: value for name, value in os.environ.items() if name not in KEY_VARIABLES}
    for name in ("LTXV_SANDBOX_CLIPS", "LTXV_SANDBOX_MODELS"):
        if kept.get(name):  # relative to this process's folder, not to the sandbox's
            kept[name] = str(Path(kept[name]).expanduser().absolute())
    return {**kept, "PYTHONPATH": os.pathsep.join(folders)}


def _is_sandbox_of(home: Path, base_url: str) -> bool:
    """Whether an address is that of a home's sandbox, as a program that knows only the API may use it."""
    known, parts = sandbox_address.read(home / sandbox_address.FOLDER), urlsplit(base_url)
    return known is not None and is_loopback(parts.hostname) and parts.port == known.port


def connect(settings: Settings) -> RemoteService | SandboxService:
    """Return the service that the settings name; nothing is started or asked yet."""
    return SandboxService(settings.home) if settings.backend == "sandbox" else RemoteService(settings)
