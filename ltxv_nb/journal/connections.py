"""Connections to the journal's file: one for each thread, and one with which the background threads write.

SQLite's readers never wait for a writer (the file is in WAL mode), and share no lock with one here either.
Background threads write in turns, by a lock of this process: SQLite's own waiting is coarse, and many threads
that write at once would spend their time on it. The main thread takes part by SQLite's lock alone.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from ltxv_nb.errors import JournalError
from ltxv_nb.journal.schema import is_current, migrate, transact
from ltxv_nb.journal.trouble import is_busy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Seconds for which another program may hold the journal.
BUSY_SECONDS = 20.0

#: Seconds after which a thread that finds others writing tries again: at first, and at the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.01

#: Where the connection stands that the background threads share to write; no thread has this number.
_SHARED = 0

#: What tells a file from another one of the same name: device and inode.
_Identity = tuple[int, int]

_Found = TypeVar("_Found")


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
        self._open: dict[int, _Open] = {}  # by thread; single operations on it are atomic
        self._turn = threading.Lock()

    def read(self, query: Callable[[sqlite3.Connection], _Found]) -> _Found:
        """Return what a query finds; it waits only while a file is recovered that a crash has left."""
        return _until(time.monotonic() + BUSY_SECONDS, lambda: query(self.of_this_thread()), lambda: True)

    def write(self, work: Callable[[sqlite3.Connection], _Found], patience: float | None = None) -> _Found:
        """Do something in one transaction, and return what that returns.

        Parameters
        ----------
        work : callable
            Reads and writes; what it raises undoes everything.
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
        if threading.current_thread() is threading.main_thread():
            # An interrupt comes here, and could leave the lock locked.
            return self._write(self.of_this_thread, work, deadline)
        if not self._turn.acquire(timeout=patience):
            raise sqlite3.OperationalError("database is locked")
        try:
            return self._write(lambda: self._connection(_SHARED), work, deadline)
        finally:
            self._turn.release()

    def _write(
        self,
        connect: Callable[[], sqlite3.Connection],
        work: Callable[[sqlite3.Connection], _Found],
        deadline: float,
    ) -> _Found:
        began = False

        def begin(connection: sqlite3.Connection) -> _Found:
            nonlocal began
            began = True
            return work(connection)

        return _until(deadline, lambda: transact(connect(), begin), lambda: not began)

    def of_this_thread(self) -> sqlite3.Connection:
        """Return this thread's connection, without an open transaction."""
        self._leave_to_the_parent()
        return self._connection(threading.get_ident())

    def _leave_to_the_parent(self) -> None:
        """In a forked child begin anew, as SQLite demands; the parent's connections are not even closed."""
        if self._pid != os.getpid():
            _of_parents.append(self._open)
            self._begin()

    def _connection(self, thread: int) -> sqlite3.Connection:
        found = self._open.get(thread)
        if found is not None and not found.is_of(self.path):
            del self._open[thread]
            found.connection.close()
            found = None
        if found is None:
            self._close_those_of_ended_threads()
            found = self._open[thread] = _Open(self.path)
        if found.connection.in_transaction:  # an interrupt ended one, and another interrupt its undoing
            found.connection.execute("ROLLBACK")
        return found.connection

    def close(self) -> None:
        """Close them all; the next use opens new ones. No thread may be using one."""
        if self._pid == os.getpid():
            while self._open:
                self._open.popitem()[1].connection.close()

    def _close_those_of_ended_threads(self) -> None:
        """Close what threads have left that have ended; their numbers may be used again."""
        alive = {thread.ident for thread in threading.enumerate()}
        for thread in set(self._open) - alive - {threading.get_ident(), _SHARED}:
            if (ended := self._open.pop(thread, None)) is not None:
                ended.connection.close()


#: Connections that a forked child has got from its parent, kept so that they are never closed there.
_of_parents: list[object] = []


def _until(deadline: float, act: Callable[[], _Found], may_repeat: Callable[[], bool]) -> _Found:
    """Do something, again while others hold the file, until a moment in monotonic seconds."""
    pause = _FIRST_PAUSE
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not (is_busy(error) and may_repeat()) or time.monotonic() >= deadline:
                raise
        time.sleep(pause * (0.5 + random.random()))  # noqa: S311 - it only keeps two from marching in step
        pause = min(1.5 * pause, _LONGEST_PAUSE)


class _Open:
    """One connection, and the file that it is to.

    A file that was deleted or replaced while it was open would take what is written, and lose it: so then the
    one that has the name now is opened.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another thread may close it, once this one has ended; no two use it at once.
        self.connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self.connection.execute("PRAGMA synchronous = FULL")  # a power cut must not lose a paid row
            if not is_current(self.connection):
                _bring_up_to_date(self.connection, path)
            self.connection.execute("PRAGMA busy_timeout = 0")  # from here on we wait ourselves, see `_until`
        except BaseException:
            self.connection.close()
            raise
        self._file = _identity(path)

    def is_of(self, path: Path) -> bool:
        """Whether the file of this name is still the one that was opened."""
        return self._file == _identity(path)


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
