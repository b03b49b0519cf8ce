"""Who is alive: each tracker holds a lock file for its whole life, and the system lets go of it at its death.

That tells a job whose kernel was killed from one that another kernel is watching, at once, whatever the clock
says and however the process ended.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from pathlib import Path


#: Seconds after which a lock file is old enough to be looked at: one being made just now is left alone.
_OLD = 3600.0


class Presence:
    """One tracker's sign of life.

    Parameters
    ----------
    folder : Path
        Where the lock files are; shared by everyone who shares a journal.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = uuid.uuid4().hex
        self._lock: FileLock | None = None
        self._taking = threading.Lock()

    def show(self) -> None:
        """Take the lock, once; it is let go by `leave` or by the end of the process."""
        with self._taking:  # several threads may submit at once, the first of them all together
            if self._lock is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = self._file(self.name)
                lock.acquire(timeout=0)
                self._lock = lock
                self._tidy()

    def leave(self) -> None:
        """Let go of the lock and take the file away."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
            self._remove(self.name)

    def alive(self, name: str) -> bool:
        """Whether the tracker of this name is alive, in this process or any other."""
        if self._lock is not None and name == self.name:
            return True
        if not (self._folder / f"{name}.lock").exists():
            return False
        lock = self._file(name)
        try:
            lock.acquire(timeout=0)
        except OSError:  # held; or, if it cannot even be opened, not for us to declare dead
            return True
        lock.release()
        self._remove(name)
        return False

    def _tidy(self) -> None:
        """Take away what killed processes have left."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.lock"):
                if path.stat().st_mtime < time.time() - _OLD and path.stem != self.name:
                    self.alive(path.stem)

    def _file(self, name: str) -> FileLock:
        return FileLock(self._folder / f"{name}.lock", thread_local=False)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / f"{name}.lock").unlink()
