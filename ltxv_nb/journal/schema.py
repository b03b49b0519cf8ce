"""The tables of the journal, version by version; an older file is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from ltxv_nb.credits import CREDITS_PER_USD, MOST_CREDITS
from ltxv_nb.errors import JournalError
from ltxv_nb.journal.record import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_Found = TypeVar("_Found")

#: Seconds of a quarter of an hour: `counted` has the sums by these, for every local midnight is at the end of
#: one. So the sum over a day or a month is one over few rows, however many generations there are.
QUARTER_SECONDS = 900

#: What a budget counts of a generation, and how much of that is not decided yet; kept up to date by triggers,
#: so that no writer can forget it.
COUNTED = "max(coalesce({row}.reserved_credits, 0), coalesce({row}.billed_credits, 0))"
UNDECIDED = f"{COUNTED} * ({{row}}.state IN ('submitting', 'unknown', 'running', 'lost'))"
_QUARTER = f"CAST({{row}}.counted_at / {QUARTER_SECONDS} AS INTEGER)"
_COUNT = f"""
        INSERT INTO counted
            VALUES ({{row}}.backend, {_QUARTER}, {{sign}}({COUNTED}), {{sign}}({UNDECIDED}))
            ON CONFLICT (backend, quarter) DO UPDATE
            SET credits = credits + excluded.credits, undecided = undecided + excluded.undecided
"""  # noqa: S608 - our own text

#: The bill in a row from before version 4.
BILLED_BEFORE_4 = f"""CASE WHEN usd IS NULL THEN NULL WHEN state = 'failed' THEN 0
        WHEN usd BETWEEN 0 AND {MOST_CREDITS // CREDITS_PER_USD}
        THEN CAST(round(usd * {CREDITS_PER_USD}) AS INTEGER) END"""


def counted_in(table: str) -> str:
    """Return the query for what `counted` holds, from a table of generations."""
    quarter, credits_, undecided = (one.format(row=table) for one in (_QUARTER, COUNTED, UNDECIDED))
    return f"SELECT backend, {quarter}, sum({credits_}), sum({undecided}) FROM {table} GROUP BY 1, 2"  # noqa: S608


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
    # Money in whole credits. `usd` stays empty from now on: not every SQLite can drop a column. A generation
    # that failed is not charged, whatever was said of it before.
    f"""
    ALTER TABLE generations ADD COLUMN estimated_credits INTEGER;
    ALTER TABLE generations ADD COLUMN estimated_least_credits INTEGER;
    ALTER TABLE generations ADD COLUMN reserved_credits INTEGER;
    ALTER TABLE generations ADD COLUMN billed_credits INTEGER;
    ALTER TABLE generations ADD COLUMN counted_at REAL;
    UPDATE generations SET counted_at = max(0.0, created_at + coalesce(service_ahead, 0.0));
    UPDATE generations SET billed_credits = {BILLED_BEFORE_4}, usd = NULL WHERE usd IS NOT NULL;
    CREATE INDEX generations_counted ON generations (backend, counted_at);
    CREATE TABLE counted (
        backend TEXT NOT NULL,
        quarter INTEGER NOT NULL,
        credits INTEGER NOT NULL,
        undecided INTEGER NOT NULL,
        PRIMARY KEY (backend, quarter)
    ) WITHOUT ROWID;
    INSERT INTO counted {counted_in("generations")};
    CREATE TRIGGER generations_count AFTER INSERT ON generations BEGIN
        {_COUNT.format(sign="+", row="NEW")};
    END;
    CREATE TRIGGER generations_count_again
        AFTER UPDATE OF backend, state, counted_at, reserved_credits, billed_credits ON generations BEGIN
        {_COUNT.format(sign="-", row="OLD")};
        {_COUNT.format(sign="+", row="NEW")};
    END;
    CREATE TABLE budgets (
        backend TEXT NOT NULL,
        source TEXT NOT NULL,
        credits INTEGER NOT NULL,
        period TEXT,
        set_at REAL NOT NULL,
        began_at REAL NOT NULL,
        PRIMARY KEY (backend, source)
    ) WITHOUT ROWID;
    """,  # noqa: S608 - our own text
    """
    ALTER TABLE generations ADD COLUMN stars INTEGER;
    ALTER TABLE generations ADD COLUMN tags TEXT;
    ALTER TABLE generations ADD COLUMN notebook TEXT;
    CREATE INDEX generations_saved ON generations (saved_at) WHERE state = 'saved';
    """,
    # Many clips. The plan of a batch is JSON: one entry a cell, with what is asked for.
    """
    CREATE TABLE batches (
        id TEXT PRIMARY KEY,
        name TEXT,
        digest TEXT NOT NULL,
        created_at REAL NOT NULL,
        backend TEXT NOT NULL,
        origin TEXT NOT NULL,
        total INTEGER NOT NULL,
        axes TEXT NOT NULL,
        plan TEXT NOT NULL
    );
    CREATE INDEX batches_same ON batches (digest);
    CREATE INDEX batches_newest ON batches (created_at);
    ALTER TABLE generations ADD COLUMN batch_id TEXT;
    ALTER TABLE generations ADD COLUMN cell TEXT;
    ALTER TABLE generations ADD COLUMN cell_key TEXT;
    ALTER TABLE generations ADD COLUMN measures TEXT;
    CREATE INDEX generations_batch ON generations (batch_id, cell_key) WHERE batch_id IS NOT NULL;
    CREATE TABLE votes (
        winner TEXT NOT NULL REFERENCES generations (id),
        loser TEXT NOT NULL REFERENCES generations (id),
        at REAL NOT NULL
    );
    CREATE INDEX votes_winner ON votes (winner);
    CREATE INDEX votes_loser ON votes (loser);
    """,
)


#: The version whose tables this package writes.
CURRENT = len(MIGRATIONS)

#: Tables that not every version has, and that are empty in an older one: since which, and their columns.
_LATER_TABLES = {
    "budgets": (4, "backend source credits period set_at began_at"),
    "batches": (6, "id name digest created_at backend origin total axes plan"),
    "votes": (6, "winner loser at"),
}


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

    Views of this connection alone hide the tables, and have what those lack.
    """
    for name in ("counted", *_LATER_TABLES, "generations"):
        connection.execute(f"DROP VIEW IF EXISTS temp.{name}")
    if not 0 < version < CURRENT:
        return
    known = {row[1] for row in connection.execute("PRAGMA main.table_info(generations)")}
    lacking = {name: "NULL" if default is None else int(default) for name, default in DEFAULTS.items()}
    if version < 4:
        ahead = "coalesce(service_ahead, 0.0)" if "service_ahead" in known else "0.0"
        lacking |= {"billed_credits": BILLED_BEFORE_4, "counted_at": f"max(0.0, created_at + {ahead})"}
    columns = [name if name in known else f"{value} AS {name}" for name, value in lacking.items()]
    connection.execute(
        f"CREATE TEMP VIEW generations AS SELECT rowid, {', '.join(columns)} FROM main.generations"  # noqa: S608
    )
    if version < 4:
        connection.execute(
            f"CREATE TEMP VIEW counted (backend, quarter, credits, undecided) AS {counted_in('generations')}"
        )
    for name, (since, names) in _LATER_TABLES.items():
        if version < since:
            nothing = ", ".join(f"NULL AS {column}" for column in names.split())
            connection.execute(f"CREATE TEMP VIEW {name} AS SELECT {nothing} WHERE 0")


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
            for statement in _statements(migration):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {CURRENT}")

    transact(connection, bring_up_to_date)


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; that of a trigger holds others."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


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
