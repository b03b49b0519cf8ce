"""The tables of the journal, version by version; an older file is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ltxv_nb.errors import JournalError
from ltxv_nb.journal.record import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_Found = TypeVar("_Found")

#: What leads from each version to the next one; version 1 is that of ltxv-nb 0.1.
MIGRATIONS = (
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
    """
    ALTER TABLE generations ADD COLUMN missing_since REAL;
    ALTER TABLE generations ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
    """,
    """
    ALTER TABLE generations ADD COLUMN inference_id TEXT;
    ALTER TABLE generations ADD COLUMN service_ahead REAL;
    """,
)


#: The version whose tables this package writes.
CURRENT = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a journal's tables; 0 while it has none.

    Raises
    ------
    JournalError
        It was written by a newer version of this package.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > CURRENT:
        raise JournalError(
            f"The journal at {path} was written by a newer version of ltxv-nb: upgrade with "
            f"`pip install -U ltxv-nb`, or set LTXV_HOME to another folder."
        )
    return version


def read_as_current(connection: sqlite3.Connection, version: int) -> None:
    """Let a connection read the tables of an older version as if they were the newest; nothing is written.

    A view of this connection alone hides the table, and has what that lacks.
    """
    connection.execute("DROP VIEW IF EXISTS temp.generations")
    if not 0 < version < CURRENT:
        return
    known = {row[1] for row in connection.execute("PRAGMA main.table_info(generations)")}
    columns = [
        name if name in known else f"{'NULL' if default is None else int(default)} AS {name}"
        for name, default in DEFAULTS.items()
    ]
    connection.execute(
        f"CREATE TEMP VIEW generations AS SELECT rowid, {', '.join(columns)} FROM main.generations"  # noqa: S608
    )


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a journal up to date, all the way or not at all.

    Raises
    ------
    JournalError
        It was written by a newer version of this package.
    """

    def bring_up_to_date(connection: sqlite3.Connection) -> None:
        version = version_of(connection, path)
        for migration in MIGRATIONS[version:]:
            for statement in filter(str.strip, migration.split(";")):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {CURRENT}")

    transact(connection, bring_up_to_date)


def transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _Found]) -> _Found:
    """Do all of something or nothing of it, whatever ends it, an interrupt at any moment included.

    It is one function, and no context manager, so that there is no moment between its parts. A disk that is
    full may show only at the very end; and SQLite may have rolled back by itself.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        found = work(connection)
        connection.execute("COMMIT")
        return found
    finally:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
