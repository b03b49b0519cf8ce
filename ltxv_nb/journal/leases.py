"""Which trackers are alive: each holds a lock file, and the system releases it when the process ends.

That tells a job whose kernel was killed from one that another kernel tracks, at once, whatever the clock says
and however the process ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock

from ltxv_nb.errors import JournalError

if TYPE_CHECKING:
    from pathlib import Path


#: Seconds after which a lock file is old enough to be tidied away: one being made just now is left alone.
_OLD = 3600.0

#: Seconds between two signs of life of a tracker, at least.
BEAT_SECONDS = 10.0

#: Seconds without a sign of life after which a process that holds its lock counts as stopped. One that
#: submits gives none for as long as the service takes to answer, which is a minute at most for each try.
QUIET_SECONDS = 90.0


@dataclass(frozen=True)
class Holder:
    """The process that holds a tracker's lock.

    Attributes
    ----------
    pid : int
        Its number on its machine.
    host : str
        The name of that machine.
    heard_at : float
        Unix time of its last sign of life, in seconds.
    """

    pid: int
    host: str
    heard_at: float

    def is_quiet(self, now: float) -> bool:
        """Whether it has given no sign of life for so long that it seems to be stopped."""
        return now - self.heard_at > QUIET_SECONDS


class Lease:
    """One tracker's sign of life.

    Parameters
    ----------
    folder : Path
        Where the lock files are; shared by everyone who shares a journal.

    Attributes
    ----------
    name : str
        What the journal's rows name as their owner.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = uuid.uuid4().hex
        self._lock: FileLock | None = None
        self._beaten_at = 0.0
        self._taking = threading.Lock()

    def acquire(self) -> None:
        """Take the lock, once; it is released by `release` or by the end of the process.

        Raises
        ------
        JournalError
            The folder cannot be written.
        """
        with self._taking:  # several threads may submit at once, the first of them all together
            if self._lock is not None:
                return
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = self._file(self.name)
                lock.acquire(timeout=0)
                # Beside the lock: whoever tries to take that empties its file.
                self._about(self.name).write_text(
                    json.dumps({"pid": os.getpid(), "host": socket.gethostname()}), encoding="utf-8"
                )
            except OSError as error:
                raise JournalError(
                    f"The folder {self._folder.parent} cannot be written ({error.strerror or error}): "
                    f"set LTXV_HOME to one that can."
                ) from None
            self._lock = lock
        self._tidy()

    def release(self) -> None:
        """Release the lock and remove the file."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
            self._remove(self.name)

    def beat(self) -> None:
        """Give a sign of life, unless there was one just now; called by the tracker all the time."""
        now = time.monotonic()
        if self._lock is not None and now - self._beaten_at >= BEAT_SECONDS:
            self._beaten_at = now
            with contextlib.suppress(OSError):
                os.utime(self._about(self.name))

    def holder(self, name: str) -> Holder | None:
        """Return who holds a tracker's lock; ``None`` if nobody does, or version 0.1, which does not say."""
        path = self._about(name)
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            found = Holder(int(facts["pid"]), str(facts["host"]), path.stat().st_mtime)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if self.is_held(name) else None

    def is_held(self, name: str) -> bool:
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
        """Remove what killed processes have left."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*.lock"):
                if path.stat().st_mtime < time.time() - _OLD and path.stem != self.name:
                    self.is_held(path.stem)

    def _file(self, name: str) -> FileLock:
        return FileLock(self._folder / f"{name}.lock", thread_local=False)

    def _about(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _remove(self, name: str) -> None:
        for path in (self._folder / f"{name}.lock", self._about(name)):
            with contextlib.suppress(OSError):
                path.unlink()
