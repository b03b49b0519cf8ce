"""How clients find the one service of a home: a lock that it holds, and a file with its address."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from ltxv_nb import sandbox_address
from ltxv_nb._version import __version__
from ltxv_nb.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.sandbox_address import SandboxAddress


class State:
    """The folder ``<home>/sandbox``, which only the user may read.

    Parameters
    ----------
    home : Path
        The home; made when missing.

    Raises
    ------
    OSError
        The folder cannot be made.
    ConfigurationError
        It belongs to another user, or its home does.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / sandbox_address.FOLDER
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sandbox_address.check_home(home)
        with contextlib.suppress(OSError):  # a file system without modes
            self.folder.chmod(0o700)
        self.file = self.folder / sandbox_address.FILE
        self._lock = FileLock(self.folder / "service.lock")

    def acquire(self) -> bool:
        """Take the lock; return whether it was free."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def announce(self, port: int, token: str) -> None:
        """Write the address and the token, whole, readable by the user alone."""
        facts = {
            "port": port,
            "pid": os.getpid(),
            "token": token,
            "version": __version__,
            "started": time.time(),
        }
        sandbox_address.write(self.folder, facts)

    def read(self) -> SandboxAddress | None:
        """Return what `announce` wrote; ``None`` while there is no such file.

        Raises
        ------
        ConfigurationError
            Another user can have written it.
        """
        return sandbox_address.read(self.folder)

    def withdraw(self) -> None:
        """Remove the file if it is this service's, so that no client tries a service that is about to end."""
        if self.is_ours():
            self.file.unlink(missing_ok=True)

    def is_ours(self) -> bool:
        """Whether the file names this process; not so once the home was removed, or made again by another."""
        try:
            address = self.read()
        except ConfigurationError:
            return False
        return address is not None and address.pid == os.getpid()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()
