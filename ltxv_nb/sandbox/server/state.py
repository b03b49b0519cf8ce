"""How clients find the one service of a home: a lock that it holds, and a file with its address."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ltxv_nb._version import __version__
from ltxv_nb.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path


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
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "sandbox"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(OSError):  # a file system without modes, or another user's folder
            self.folder.chmod(0o700)
        self.file = self.folder / "service.json"
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
        write_whole(self.file, json.dumps(facts), alone=True, mode=0o600)

    def read(self) -> dict[str, Any] | None:
        """Return what `announce` wrote; ``None`` while there is no such file."""
        try:
            facts = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return facts if isinstance(facts, dict) else None

    def withdraw(self) -> None:
        """Remove the file if it is this service's, so that no client tries a service that is about to end."""
        if self.is_ours():
            self.file.unlink(missing_ok=True)

    def is_ours(self) -> bool:
        """Whether the file names this process; not so once the home was removed, or made again by another."""
        return (self.read() or {}).get("pid") == os.getpid()

    def release(self) -> None:
        """Release the lock."""
        self._lock.release()
