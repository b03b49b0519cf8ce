"""Connections to the journal's file: one that writes, and one that reads for each thread.

SQLite's readers never wait for a writer (the file is in WAL mode), so neither do ours: no thread that reads
shares a lock with one that writes.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ltxv_nb.errors import JournalError
from ltxv_nb.journal.schema import is_current, migrate, transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Seconds for which another program may hold the journal.
BUSY_SECONDS = 20.0

#: Connections that a forked child has got from its parent, kept so that they are never closed there.
_of_parents: list[object] = []

#: What tells a file from another one of the same name: device and inode.
_Identity = tuple[int, int]


class Connections:
    """The open connections of one process to one journal; they are made at first use.

    Parameters
    ----------
    path : Path
        The SQLite file; it and its folder are made when it is opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._writer: _Open | None = None
        self._writing = threading.Lock()
        self._readers: dict[int, _Open] = {}
        self._registering = threading.Lock()  # held for dictionary accesses alone

    def _leave_to_the_parent(self) -> None:
        """In a forked child, begin anew, as SQLite demands; the parent's connections are not even closed."""
        if self._pid != os.getpid():
            _of_parents.append((self._writer, self._readers))
            self._begin()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection for reading."""
        self._leave_to_the_parent()
        yield self._reader()

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[sqlite3.Connection]:
        """Give the connection for writing, inside a transaction.

        Parameters
        ----------
        patience : float, optional
            Seconds to wait at most while others write; `BUSY_SECONDS` by default.

        Raises
        ------
        sqlite3.OperationalError
            Others wrote all that time (its code is ``SQLITE_BUSY``).
        """
        self._leave_to_the_parent()
        patience = BUSY_SECONDS if patience is None else patience
        deadline = time.monotonic() + patience
        if not self._writing.acquire(timeout=patience):
            raise WriterBusy
        try:
            connection = self._open_writer()
            left = max(0.0, deadline - time.monotonic())
            connection.execute(f"PRAGMA busy_timeout = {int(1000 * left)}")
            with transaction(connection):
                yield connection
        finally:
            self._writing.release()

    def close(self) -> None:
        """Close them all; the next use opens new ones."""
        self._leave_to_the_parent()
        with self._registering:
            readers, self._readers = list(self._readers.values()), {}
        with self._writing:
            writer, self._writer = self._writer, None
        for connection in (*readers, writer):
            if connection is not None:
                connection.close()

    def _reader(self) -> sqlite3.Connection:
        thread = threading.get_ident()
        found = self._readers.get(thread)
        if found is None or not found.is_of(self.path):
            if found is not None:
                found.close()
            self._close_those_of_ended_threads()
            found = _Open(self.path)
            with self._registering:
                self._readers[thread] = found
        return found.connection

    def _close_those_of_ended_threads(self) -> None:
        alive = {thread.ident for thread in threading.enumerate()}
        with self._registering:
            ended = [self._readers.pop(ident) for ident in list(self._readers) if ident not in alive]
        for connection in ended:
            connection.close()

    def _open_writer(self) -> sqlite3.Connection:
        if self._writer is not None and not self._writer.is_of(self.path):
            self._writer.close()
            self._writer = None
        if self._writer is None:
            self._writer = _Open(self.path)
        return self._writer.connection


class WriterBusy(sqlite3.OperationalError):
    """Another thread of this process is writing, and has been for too long."""

    sqlite_errorcode = 5  # SQLITE_BUSY


class _Open:
    """One connection, and the file that it is to.

    A file that was deleted or replaced while it was open would take what is written, and lose it: so then the
    one that has the name now is opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Any thread may close it; no two use it at once.
        self.connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self.connection.execute("PRAGMA synchronous = FULL")  # a power cut must not lose a paid row
            if not is_current(self.connection):
                _bring_up_to_date(self.connection, path)
        except BaseException:
            self.connection.close()
            raise
        self._file = _identity(path)

    def is_of(self, path: Path) -> bool:
        """Whether the file of this name is still the one that was opened."""
        return self._file == _identity(path)

    def close(self) -> None:
        self.connection.close()


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    from filelock import FileLock, Timeout  # needed once in a journal's life; slow to import

    try:
        with FileLock(f"{path}.lock", timeout=BUSY_SECONDS):
            # Two processes that switch to WAL at once get "locked", however long they wait.
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, path)
    except Timeout:
        raise JournalError(
            f"The journal at {path} is held by another program: close it, and try again, or set LTXV_HOME to "
            f"another folder."
        ) from None


def _identity(path: Path) -> _Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
