"""The sandbox's generations and requests, in one SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.sandbox.jobs import books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS generations (
    id TEXT PRIMARY KEY, created REAL NOT NULL, seconds REAL NOT NULL, fails INTEGER NOT NULL,
    spec TEXT NOT NULL, outages INTEGER NOT NULL, file_token TEXT NOT NULL UNIQUE,
    open INTEGER NOT NULL, broken TEXT, credits INTEGER NOT NULL DEFAULT 0, ignored TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS open_generations ON generations (open) WHERE open;
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, created REAL NOT NULL, status TEXT NOT NULL, model TEXT NOT NULL,
    request_id TEXT NOT NULL, inference_id TEXT NOT NULL, client_request_id TEXT,
    credits INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS requests_by_time ON requests (created);
"""

#: Columns that came later, by table; the end of each table, so that their order is that of the classes.
_LATER = {
    "generations": ("credits INTEGER NOT NULL DEFAULT 0", "ignored TEXT NOT NULL DEFAULT '[]'"),
    "requests": ("credits INTEGER NOT NULL DEFAULT 0",),
}

#: The vendor's logs reach back this many seconds (92 days); older rows are deleted.
RETENTION = 92 * 86400.0


@dataclass
class Generation:
    """One accepted generation.

    Attributes
    ----------
    id : str
        As the client knows it.
    created : float
        Unix seconds of its acceptance.
    seconds : float
        How long it takes, at least.
    fails : bool
        Whether it is to end in an error.
    spec : str
        Its clip, as JSON.
    outages : int
        How many more polls are answered with a 503.
    file_token : str
        The unguessable part of its file's address.
    open : bool
        Whether it is unfinished.
    broken : str or None
        Why its clip could not be rendered.
    credits : int
        What it costs by the price list; nobody pays it.
    ignored : str
        The fields of its body that the clip does not show, as a JSON list.
    """

    id: str
    created: float
    seconds: float
    fails: bool
    spec: str
    outages: int
    file_token: str
    open: bool = True
    broken: str | None = None
    credits: int = 0
    ignored: str = "[]"


@dataclass(frozen=True)
class LoggedRequest:
    """One submission, accepted or refused, for ``/v2/logs``."""

    created: float
    status: str
    model: str
    request_id: str
    inference_id: str
    client_request_id: str | None
    credits: int = 0


class Store:
    """The SQLite file. Only the process that holds the home's lock writes it.

    Parameters
    ----------
    path : Path
        The file; made when missing.
    now : float
        Unix seconds; what is older than `RETENTION` is deleted.
    balance : int, optional
        Credits that the account is opened with, see `ltxv_nb.sandbox.jobs.books.Books`.
    """

    def __init__(self, path: Path, now: float, balance: int | None = None) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # WAL with NORMAL: what is committed survives the end of this process, at no fsync a request.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA + books.SCHEMA)
        self._add_later_columns()
        self._db.execute("DELETE FROM requests WHERE created < ?", (now - RETENTION,))
        self._db.execute("DELETE FROM generations WHERE created < ? AND NOT open", (now - RETENTION,))
        self.books = books.Books(self._db, now, balance)

    def _add_later_columns(self) -> None:
        """Bring the file of an older version up to date."""
        for table, columns in _LATER.items():
            known = {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}
            for column in (one for one in columns if one.split()[0] not in known):
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")

    def accept(self, generation: Generation, logged: LoggedRequest) -> None:
        """Write a generation and its log row, both or neither."""
        with self._transaction():
            self._db.execute("INSERT INTO generations VALUES (?,?,?,?,?,?,?,?,?,?,?)", astuple(generation))
            self.log(logged)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Write all of something or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def log(self, logged: LoggedRequest) -> None:
        """Write a log row."""
        self._db.execute("INSERT INTO requests VALUES (NULL,?,?,?,?,?,?,?)", astuple(logged))

    def update(self, generation: Generation) -> None:
        """Write what changed about a generation."""
        self._db.execute(
            "UPDATE generations SET outages = ?, open = ?, broken = ?, credits = ? WHERE id = ?",
            (generation.outages, generation.open, generation.broken, generation.credits, generation.id),
        )

    def complete(self, generation: Generation, charged_at: float) -> None:
        """Write that a generation is no longer open, with the charge for it; both or neither.

        Parameters
        ----------
        generation : Generation
            It was just closed.
        charged_at : float
            Unix seconds at which the charge is seen.
        """
        with self._transaction():
            self.update(generation)
            model = generation.id.partition(":")[2]
            self.books.charge(charged_at, generation.credits, model, generation.id)

    def forgive(self, generation: Generation) -> None:
        """Take back what a generation costs: one that ends in an error is never charged."""
        generation.credits = 0
        self.update(generation)
        self._db.execute("UPDATE requests SET credits = 0 WHERE inference_id = ?", (generation.id,))

    def get(self, generation_id: str) -> Generation | None:
        """Return a generation by its id."""
        return next(self._generations("id = ?", generation_id), None)

    def by_file(self, token: str) -> Generation | None:
        """Return a generation by the token of its file."""
        return next(self._generations("file_token = ?", token), None)

    def unfinished(self) -> list[Generation]:
        """Return all open generations, the oldest first."""
        return list(self._generations("open ORDER BY created"))

    def _generations(self, where: str, *values: Any) -> Iterator[Generation]:
        for row in self._db.execute(f"SELECT * FROM generations WHERE {where}", values):  # noqa: S608 - our own text
            generation = Generation(*row)
            generation.fails, generation.open = bool(generation.fails), bool(generation.open)
            yield generation

    def requests(  # noqa: PLR0917 - the query of one endpoint
        self, start: float, end: float, models: list[str], statuses: list[str], limit: int, offset: int
    ) -> tuple[list[LoggedRequest], int]:
        """Return a page of the log, newest first, and how many rows there are in all.

        Parameters
        ----------
        start, end : float
            Window, unix seconds.
        models, statuses : list of str
            Only these; empty for all.
        limit, offset : int
            The page.
        """
        where, values = "created BETWEEN ? AND ?", [start, end]
        for column, wanted in (("model", models), ("status", statuses)):
            if wanted:
                where += f" AND {column} IN ({','.join('?' * len(wanted))})"
                values += wanted  # type: ignore[arg-type]
        total = self._db.execute(f"SELECT count(*) FROM requests WHERE {where}", values).fetchone()[0]  # noqa: S608
        columns = "created, status, model, request_id, inference_id, client_request_id, credits"
        rows = self._db.execute(
            f"SELECT {columns} FROM requests WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?",  # noqa: S608
            [*values, limit, offset],
        )
        return [LoggedRequest(*row) for row in rows], total

    def close(self) -> None:
        """Close the file."""
        self._db.close()
