"""The record of every generation, on disk before the money is spent and after.

One SQLite file, one row a generation, one more row for each step it took. Several kernels and scripts may use
it at once. It never holds the key; an image is kept beside it as a file, under its hash.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Seconds for which another program may hold the journal.
BUSY_SECONDS = 20.0

#: States of a generation in the journal, in the order in which they come.
SUBMITTING = "submitting"  # written before the POST
UNKNOWN = "unknown"  # the service may or may not have taken it
REFUSED = "refused"  # it has not; nothing is billed
RUNNING = "running"  # it has; the service's own word is in `status`
FINISHED = "finished"  # the video is made, but not yet on disk
SAVED = "saved"  # it is on disk
FAILED = "failed"  # the service ended it with an error

#: States in which there is still something to do.
OPEN = (SUBMITTING, UNKNOWN, RUNNING, FINISHED)

_SCHEMA = (
    """
    CREATE TABLE generations (
        id TEXT PRIMARY KEY,
        created_at REAL NOT NULL,
        backend TEXT NOT NULL,
        origin TEXT NOT NULL,
        model TEXT NOT NULL,
        prompt TEXT NOT NULL,
        request TEXT NOT NULL,
        fingerprint TEXT,
        client_request_id TEXT UNIQUE,
        state TEXT NOT NULL,
        status TEXT,
        generation_id TEXT,
        accepted_at REAL,
        asked_at REAL,
        finished_at REAL,
        saved_at REAL,
        url TEXT,
        error TEXT,
        usd REAL,
        output_dir TEXT,
        file TEXT,
        media TEXT,
        owner TEXT,
        watched INTEGER NOT NULL DEFAULT 1
    );
    CREATE UNIQUE INDEX generations_service ON generations (origin, generation_id)
        WHERE generation_id IS NOT NULL;
    CREATE INDEX generations_newest ON generations (created_at);
    CREATE INDEX generations_open ON generations (state)
        WHERE state IN ('submitting', 'unknown', 'running', 'finished');
    CREATE INDEX generations_same ON generations (fingerprint, created_at);
    CREATE INDEX generations_history ON generations (model, finished_at DESC) WHERE finished_at IS NOT NULL;
    CREATE TABLE events (
        generation TEXT NOT NULL REFERENCES generations (id),
        at REAL NOT NULL,
        state TEXT NOT NULL,
        detail TEXT
    );
    CREATE INDEX events_of ON events (generation, at);
    """,
)


@dataclass(frozen=True)
class Record:
    """One row of the journal. Times are unix seconds, money is USD."""

    id: str
    created_at: float
    backend: str
    origin: str
    model: str
    prompt: str
    request: dict[str, Any]
    fingerprint: str | None
    client_request_id: str | None
    state: str
    status: str | None = None
    generation_id: str | None = None
    accepted_at: float | None = None
    asked_at: float | None = None
    finished_at: float | None = None
    saved_at: float | None = None
    url: str | None = None
    error: str | None = None
    usd: float | None = None
    output_dir: str | None = None
    file: str | None = None
    media: dict[str, Any] | None = None
    owner: str | None = None
    watched: bool = True


_COLUMNS = tuple(field.name for field in fields(Record))
_JSON_COLUMNS = frozenset({"request", "media"})
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM generations"  # noqa: S608 - the names are our own


def new_id() -> str:
    """Return a fresh journal id: eight characters that are easy to read out and fit into a file name."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstuvwxyz") for _ in range(8))


class Journal:
    """The journal of one home.

    Parameters
    ----------
    path : Path
        The SQLite file; it and its folder are made at the first write.
    clock : callable, optional
        Returns unix time in seconds.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._file: tuple[int, int] | None = None

    # -- writing -------------------------------------------------------------------------------------------

    def add(self, record: Record, *, unless_same: bool = False) -> Record | None:
        """Write a new generation.

        Parameters
        ----------
        record : Record
            What to write.
        unless_same : bool
            Refuse when an open generation has the same fingerprint.

        Returns
        -------
        Record or None
            The open generation that stands in the way, if one does; then nothing was written.
        """
        with self._writing() as connection:
            if unless_same and (same := self._same(connection, record.fingerprint)):
                return same
            values = [_to_sql(name, getattr(record, name)) for name in _COLUMNS]
            marks = ", ".join("?" * len(_COLUMNS))
            connection.execute(f"INSERT INTO generations ({', '.join(_COLUMNS)}) VALUES ({marks})", values)  # noqa: S608
            self._note(connection, record.id, record.state, None)
        return None

    def update(
        self,
        record_id: str,
        *,
        detail: str | None = None,
        where: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Record:
        """Change a generation and note the step.

        Parameters
        ----------
        record_id : str
            Its journal id.
        detail : str, optional
            What to say of the step.
        where : dict, optional
            Columns that must still have these values; otherwise nothing is changed.
        **changes
            New values, by column.

        Returns
        -------
        Record
            The row as it is now.
        """
        conditions = {"id": record_id, **(where or {})}
        columns = ", ".join(f"{name} = ?" for name in changes)
        tests = " AND ".join(f"{name} IS ?" for name in conditions)
        values = [_to_sql(name, value) for name, value in (*changes.items(), *conditions.items())]
        with self._writing() as connection:
            cursor = connection.execute(f"UPDATE generations SET {columns} WHERE {tests}", values)  # noqa: S608
            if cursor.rowcount and ("state" in changes or "status" in changes or detail):
                words = detail or changes.get("error") or changes.get("status")
                self._note(connection, record_id, changes.get("state", "note"), words)
            found = self._one(connection, "WHERE id = ?", record_id)
        if found is None:
            raise JournalError(f"Job {record_id} is no longer in the journal at {self.path}.")
        return found

    def claim(self, record_id: str, owner: str, previous: str | None) -> bool:
        """Become the one who watches a generation, if nobody else has meanwhile."""
        with self._writing() as connection:
            cursor = connection.execute(
                "UPDATE generations SET owner = ?, watched = 1 WHERE id = ? AND owner IS ?",
                (owner, record_id, previous),
            )
            return cursor.rowcount == 1

    def release(self, owner: str) -> None:
        """Let go of everything an owner watches."""
        with self._writing() as connection:
            connection.execute("UPDATE generations SET owner = NULL WHERE owner = ?", (owner,))

    # -- reading -------------------------------------------------------------------------------------------

    def get(self, record_id: str) -> Record | None:
        """Return the generation of this journal id."""
        return self._first("WHERE id = ?", record_id)

    def by_generation_id(self, generation_id: str, origin: str) -> Record | None:
        """Return the generation that a service knows by this id."""
        return self._first("WHERE generation_id = ? AND origin = ?", generation_id, origin)

    def newest(self, limit: int | None = None, offset: int = 0) -> list[Record]:
        """Return generations, newest first."""
        return self._all(
            "ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?", -1 if limit is None else limit, offset
        )

    def saved(self, *, text: str = "", model: str = "", limit: int = 50, offset: int = 0) -> list[Record]:
        """Return generations with a video on disk, newest first, whose prompt holds a text."""
        return self._all(
            *_saved_where(text, model), limit, offset, tail="ORDER BY created_at DESC LIMIT ? OFFSET ?"
        )

    def count_saved(self, *, text: str = "", model: str = "") -> int:
        """Return how many generations `saved` would find."""
        where, *values = _saved_where(text, model)
        return int(self._scalar(f"SELECT count(*) FROM generations {where}", *values))  # noqa: S608

    def models(self) -> list[str]:
        """Return the models that have made videos."""
        if not _may_exist(self.path):
            return []
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT DISTINCT model FROM generations WHERE state = 'saved' ORDER BY model"
            )
            return [row[0] for row in rows]

    def open(self, origin: str | None = None) -> list[Record]:
        """Return what is unfinished, oldest first; of one service if it is named."""
        return self._all(
            f"WHERE state IN {OPEN!r} AND (? IS NULL OR origin = ?) ORDER BY created_at", origin, origin
        )

    def count_open(self) -> int:
        """Return how many generations are unfinished; makes no file."""
        return int(self._scalar(f"SELECT count(*) FROM generations WHERE state IN {OPEN!r}"))  # noqa: S608

    def open_by_origin(self) -> dict[str, int]:
        """Return how many generations are unfinished at each service."""
        if not _may_exist(self.path):
            return {}
        with self._reading() as connection:
            return dict(
                connection.execute(
                    f"SELECT origin, count(*) FROM generations WHERE state IN {OPEN!r} GROUP BY origin"  # noqa: S608
                )
            )

    def saved_twin(self, fingerprint: str) -> Record | None:
        """Return the newest finished generation of the very same request."""
        return self._first("WHERE fingerprint = ? AND state = 'saved' ORDER BY created_at DESC", fingerprint)

    def past(self, model: str, limit: int = 200) -> list[Record]:
        """Return the newest generations of a model whose time is known, newest first."""
        return self._all(
            "WHERE model = ? AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?", model, limit
        )

    def events(self, record_id: str) -> list[tuple[float, str, str | None]]:
        """Return the steps of a generation: unix time, state, words."""
        if not _may_exist(self.path):
            return []
        with self._reading() as connection:
            return list(
                connection.execute(
                    "SELECT at, state, detail FROM events WHERE generation = ? ORDER BY at, rowid",
                    (record_id,),
                )
            )

    # -- the file ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def check(self) -> None:
        """Read the whole file and raise `JournalError` if it is damaged."""
        with self._reading() as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise JournalError(f"The journal at {self.path} is damaged: {verdict}.")

    def _open(self) -> sqlite3.Connection:
        """Return the connection; a forked child makes its own, as SQLite demands.

        A file that was deleted or replaced while it was open would take what is written, and lose it: so then
        the one that has the name now is opened.
        """
        if self._pid == os.getpid() and self._connection is not None and self._file != _identity(self.path):
            self._connection.close()
            self._connection = None
        if self._connection is None or self._pid != os.getpid():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA synchronous = FULL")  # a power cut must not lose a paid row
                if connection.execute("PRAGMA user_version").fetchone()[0] != len(_SCHEMA):
                    from filelock import FileLock  # needed once in a journal's life; slow to import

                    with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS):
                        # Two processes that switch to WAL at once get "locked", however long they wait.
                        connection.execute("PRAGMA journal_mode = WAL")
                        _migrate(connection, self.path)
            except BaseException:
                connection.close()
                raise
            self._connection, self._pid, self._file = connection, os.getpid(), _identity(self.path)
        return self._connection

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._open()
            except (sqlite3.Error, OSError, ValueError) as error:
                raise JournalError(_trouble(self.path, error)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, _transaction(connection):
            yield connection

    def _note(self, connection: sqlite3.Connection, record_id: str, state: str, detail: str | None) -> None:
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?)", (record_id, self._clock(), state, detail)
        )

    def _same(self, connection: sqlite3.Connection, fingerprint: str | None) -> Record | None:
        return self._one(connection, f"WHERE fingerprint = ? AND state IN {OPEN!r}", fingerprint)

    def _one(self, connection: sqlite3.Connection, where: str, *values: Any) -> Record | None:
        row = connection.execute(f"{_SELECT} {where} LIMIT 1", values).fetchone()
        return _record(row) if row else None

    def _first(self, where: str, *values: Any) -> Record | None:
        if not _may_exist(self.path):
            return None
        with self._reading() as connection:
            return self._one(connection, where, *values)

    def _all(self, where: str, *values: Any, tail: str = "") -> list[Record]:
        if not _may_exist(self.path):
            return []
        with self._reading() as connection:
            return [_record(row) for row in connection.execute(f"{_SELECT} {where} {tail}", values)]

    def _scalar(self, query: str, *values: Any) -> Any:
        if not _may_exist(self.path):
            return 0
        with self._reading() as connection:
            return connection.execute(query, values).fetchone()[0]


def _saved_where(text: str, model: str) -> tuple[str, str, str, str, str, str]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    where = (
        "WHERE state = 'saved' AND (? = '' OR prompt LIKE ? ESCAPE '\\' OR id = ?) AND (? = '' OR model = ?)"
    )
    return where, text, f"%{escaped}%", text, model, model


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to this version's schema, one step at a time, each whole or not at all."""
    newest = len(_SCHEMA)
    while True:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > newest:
            raise JournalError(
                f"The journal at {path} was written by a newer version of ltxv-nb: upgrade with "
                f"`pip install -U ltxv-nb`, or set LTXV_HOME to another folder."
            )
        if version == newest:
            return
        with _transaction(connection):
            for statement in filter(str.strip, _SCHEMA[version].split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version + 1}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all of it or nothing; a disk that is full may show only at the very end."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself; if not, the next write would find this one still open.
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _may_exist(path: Path) -> bool:
    """Whether a file is there, or nobody may look: then whoever reads it hears why."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _trouble(path: Path, error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        near = error.object[max(0, error.start - 20) : error.start + 1]
        return (
            f"A folder name, model or option holds a character that cannot be written down, "
            f"the last one of {near!a}: write it anew, or choose another."
        )
    text = str(error).lower()
    if "full" in text or getattr(error, "errno", None) == 28:  # ENOSPC
        words = "cannot be written, because the disk is full: make room"
    elif "malformed" in text or "not a database" in text or isinstance(error, ValueError):
        words = "is damaged: move it away to start a new one (its videos stay where they are)"
    elif "i/o error" in text:
        words = "cannot be read or written (disk I/O error): see whether the disk is full or failing"
    elif "locked" in text:
        words = "is held by another program: close it, and try again"
    else:
        words = f"cannot be written ({error}): check the folder's permissions"
    return f"The journal at {path} {words}, or set LTXV_HOME to another folder."


def _to_sql(name: str, value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if name in _JSON_COLUMNS and value is not None else value


def _record(row: Sequence[Any]) -> Record:
    values = dict(zip(_COLUMNS, row, strict=True))
    for name in _JSON_COLUMNS:
        values[name] = json.loads(values[name]) if values[name] is not None else None
    values["watched"] = bool(values["watched"])
    return Record(**values)
