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
from ltxv_nb.journal.schema import CURRENT, migrate, read_as_current, transact, version_of
from ltxv_nb.journal.trouble import is_busy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Seconds for which another program may hold the journal.
BUSY_SECONDS = 20.0

#: Seconds after which a thread that finds others writing tries again: at first, and at the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.01

#: Seconds to wait at most for a thread that uses a connection which is to be closed.
_CLOSE_SECONDS = 5.0

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

    def read(self, query: Callable[[sqlite3.Connection], _Found], nothing: _Found) -> _Found:
        """Return what a query finds, or nothing in a file that has no tables yet.

        It never waits for whoever writes: a journal of an older version is read as it is. It waits only while
        a file is recovered that a crash has left.
        """
        self._leave_to_the_parent()

        def act(found: _Open) -> _Found:
            return query(found.connection) if found.has_tables() else nothing

        thread = threading.get_ident()
        return _until(time.monotonic() + BUSY_SECONDS, lambda: self._use(thread, act), lambda: True)

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
            return self._write(threading.get_ident(), work, deadline)
        if not self._turn.acquire(timeout=patience):
            raise sqlite3.OperationalError("database is locked")
        try:
            return self._write(_SHARED, work, deadline)
        finally:
            self._turn.release()

    def _write(self, thread: int, work: Callable[[sqlite3.Connection], _Found], deadline: float) -> _Found:
        began = False

        def begin(connection: sqlite3.Connection) -> _Found:
            nonlocal began
            began = True
            return work(connection)

        def act(found: _Open) -> _Found:
            return transact(found.bring_up_to_date(), begin)

        return _until(deadline, lambda: self._use(thread, act), lambda: not began)

    def of_this_thread(self) -> sqlite3.Connection:
        """Return this thread's connection to a journal that is up to date, without an open transaction."""
        self._leave_to_the_parent()
        return self._use(threading.get_ident(), _Open.bring_up_to_date)

    def _leave_to_the_parent(self) -> None:
        """In a forked child begin anew, as SQLite demands; the parent's connections are not even closed."""
        if self._pid != os.getpid():
            _of_parents.append(self._open)
            self._begin()

    def _use(self, thread: int, act: Callable[[_Open], _Found]) -> _Found:
        """Do something with a connection that nobody closes meanwhile, without an open transaction."""
        while True:
            found = self._opened(thread)
            with found.in_use:
                if found.is_closed:
                    continue
                if found.connection.in_transaction:  # an interrupt ended one, and another one its undoing
                    found.connection.execute("ROLLBACK")
                return act(found)

    def _opened(self, thread: int) -> _Open:
        found = self._open.get(thread)
        if found is not None and (found.is_closed or not found.is_of(self.path)):
            self._open.pop(thread, None)
            found.close()
            found = None
        if found is None:
            self._close_those_of_ended_threads()
            found = self._open[thread] = _Open(self.path)
        return found

    def close(self) -> None:
        """Close them all; the next use opens new ones. One that a thread is using is closed after that."""
        if self._pid == os.getpid():
            while self._open:
                self._open.popitem()[1].close()

    def _close_those_of_ended_threads(self) -> None:
        """Close what threads have left that have ended; their numbers may be used again."""
        alive = {thread.ident for thread in threading.enumerate()}
        for thread in set(self._open) - alive - {threading.get_ident(), _SHARED}:
            if (ended := self._open.pop(thread, None)) is not None:
                ended.close()


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
        #: Held while a thread uses it: SQLite does not survive that one is closed under a query.
        self.in_use = threading.RLock()
        self.is_closed = False
        # Another thread may close it; no two use it at once.
        self.connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self.connection.execute("PRAGMA synchronous = FULL")  # a power cut must not lose a paid row
            self.connection.execute("PRAGMA busy_timeout = 0")  # we wait ourselves, see `_until`
        except BaseException:
            self.connection.close()
            raise
        self._path, self._file = path, _identity(path)
        self._version = -1  # of the tables, as far as this connection can read them

    def has_tables(self) -> bool:
        """Whether there is anything to read; tables of an older version are made to look like the newest."""
        if self._version != CURRENT and (version := version_of(self.connection, self._path)) != self._version:
            read_as_current(self.connection, version)
            self._version = version
        return self._version > 0

    def close(self) -> None:
        """Close it, once nobody uses it; after some seconds it is left to who does."""
        if self.in_use.acquire(timeout=_CLOSE_SECONDS):
            try:
                self.connection.close()
            finally:
                self.is_closed = True
                self.in_use.release()

    def bring_up_to_date(self) -> sqlite3.Connection:
        """Make or change the tables, if need be; waits for whoever writes. Returns the connection."""
        if self._version != CURRENT:
            if version_of(self.connection, self._path) != CURRENT:
                _bring_up_to_date(self.connection, self._path)
            read_as_current(self.connection, CURRENT)
            self._version = CURRENT
        return self.connection

    def is_of(self, path: Path) -> bool:
        """Whether the file of this name is still the one that was opened."""
        return self._file == _identity(path)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    from filelock import FileLock, Timeout  # needed once in a journal's life; slow to import

    try:
        with FileLock(f"{path}.lock", timeout=BUSY_SECONDS):
            # Two processes that switch to WAL at once get "locked", however long they wait.
            connection.execute("PRAGMA journal_mode = WAL")
            read_as_current(connection, CURRENT)
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
