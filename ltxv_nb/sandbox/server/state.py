"""How the one service of a home is found: a lock that it holds, and a file that says where it is."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from ltxv_nb._version import __version__

if TYPE_CHECKING:
    from pathlib import Path


class State:
    """The folder ``<home>/sandbox``, only for the user's own eyes.

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
        with contextlib.suppress(OSError):  # a file system without modes, or a folder lent by another user
            self.folder.chmod(0o700)
        self.file = self.folder / "service.json"
        self._lock = FileLock(self.folder / "service.lock")

    def take(self) -> bool:
        """Take the lock; whether it was free."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def announce(self, port: int, token: str) -> None:
        """Write where the service is, in one piece, readable by the user alone."""
        facts = {
            "port": port,
            "pid": os.getpid(),
            "token": token,
            "version": __version__,
            "started": time.time(),
        }
        part = self.file.with_suffix(f".{os.getpid()}.part")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(facts, stream)
        part.replace(self.file)

    def read(self) -> dict[str, Any] | None:
        """Return what `announce` wrote, ``None`` while there is nothing to read."""
        try:
            facts = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return facts if isinstance(facts, dict) else None

    def withdraw(self) -> None:
        """Remove the file, if it is this service's, so that nobody looks for one that is about to end."""
        if self.is_ours():
            self.file.unlink(missing_ok=True)

    def is_ours(self) -> bool:
        """Whether the file names this process; not so once the home was removed, or made anew by another."""
        return (self.read() or {}).get("pid") == os.getpid()

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()
