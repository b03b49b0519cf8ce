"""Reading and writing rows over one connection: the only place that knows SQL."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from ltxv_nb.journal.cost import COST_COLUMNS, Cost
from ltxv_nb.journal.ratings import REJECTED
from ltxv_nb.journal.record import COLUMNS, Batch, Budget, Record, Vote
from ltxv_nb.journal.schema import COUNTED, QUARTER_SECONDS, UNDECIDED
from ltxv_nb.journal.states import State
from ltxv_nb.journal.unfinished import OPEN_STATES
from ltxv_nb.service.reply import uuid_of
from ltxv_nb.settings import service_name, spellings

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Sequence

    from ltxv_nb.journal.search import Wanted

_STATES = {state.value: state for state in State}
_JSON_COLUMNS = frozenset({"request", "media", "tags", "cell", "measures"})
_JSON_POSITIONS = tuple(COLUMNS.index(name) for name in sorted(_JSON_COLUMNS))
_WATCHED, _STATE = COLUMNS.index("watched"), COLUMNS.index("state")
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM generations"  # noqa: S608 - the names are our own
_INSERT = f"INSERT INTO generations ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
_IS_OPEN = f"state IN {OPEN_STATES}"
_SUMS = ", ".join(f"coalesce(sum({one.format(row='generations')}), 0)" for one in (COUNTED, UNDECIDED))
#: States of a generation after which its cell of a batch may be made again: nothing came, or will come.
_VOID = "('refused', 'failed', 'lost')"
_BATCH = f"SELECT {', '.join(Batch._fields)} FROM batches"  # noqa: S608
_ORDERS = {
    "newest": "created_at DESC, rowid DESC",
    "oldest": "created_at, rowid",
    "best": "coalesce(stars, 0) DESC, created_at DESC, rowid DESC",
}


class Rows:
    """The rows of a journal, as one connection sees them.

    Parameters
    ----------
    connection : sqlite3.Connection
        Inside a transaction, where something is to be written.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # -- one row -------------------------------------------------------------------------------------------

    def get(self, record_id: str) -> Record | None:
        """Return the generation of this journal id."""
        return self._one("WHERE id = ?", record_id)

    def by_generation_id(self, generation_id: str, origin: str) -> Record | None:
        """Return the generation that a service knows by this id, however id and service are spelled."""
        origins, uuid = spellings(origin), uuid_of(generation_id)
        where = f"WHERE origin IN ({_marks(origins)}) AND"
        if uuid is None:
            return self._one(f"{where} generation_id = ?", *origins, generation_id)
        return self._one(
            f"{where} (generation_id = ? OR (generation_id >= ? AND generation_id < ?))",
            *(*origins, uuid, f"{uuid}:", f"{uuid};"),  # a semicolon comes next after a colon
        )

    def open_twin(self, fingerprint: str, outside: str = "") -> Record | None:
        """Return the unfinished generation of the very same request; not one of the batch that is named."""
        where = f"WHERE fingerprint = ? AND {_IS_OPEN} AND coalesce(batch_id, '-') != ?"
        return self._one(where, fingerprint, outside)

    def saved_twins(self, fingerprint: str) -> list[Record]:
        """Return the finished generations of the very same request, newest first."""
        return self._all("WHERE fingerprint = ? AND state = 'saved' ORDER BY created_at DESC", fingerprint)

    # -- several -------------------------------------------------------------------------------------------

    def found(self, wanted: Wanted, limit: int | None, offset: int) -> list[Record]:
        """Return generations that are wanted, in the order that is wanted."""
        where, values = self._where(wanted)
        return self._page(where, values, wanted, limit, offset)

    def saved(self, wanted: Wanted, limit: int, offset: int) -> list[Record]:
        """Return generations with a video on disk, in the order that is wanted."""
        where, values = self._saved_where(wanted)
        return self._page(where, values, wanted, limit, offset)

    def count_saved(self, wanted: Wanted) -> int:
        """Return how many generations `saved` would find."""
        where, values = self._saved_where(wanted)
        return self._count(where, *values)

    def last_saved_at(self) -> float:
        """Return when the last video came, in unix seconds; 0 while there is none. The index has it."""
        query = "SELECT max(saved_at) FROM generations WHERE state = 'saved'"
        return float(self._connection.execute(query).fetchone()[0] or 0.0)

    def models(self) -> list[str]:
        """Return the models that have made videos."""
        return self._different("model")

    def notebooks(self) -> list[str]:
        """Return the notebooks that have made videos, as far as that is known."""
        return self._different("notebook")

    def costs(self, backend: str) -> list[Cost]:
        """Return what all generations of a backend have cost, newest first."""
        rows = self._connection.execute(
            f"SELECT {COST_COLUMNS} FROM generations WHERE backend = ? ORDER BY created_at DESC, rowid DESC",  # noqa: S608
            (backend,),
        )
        return list(map(Cost._make, rows))

    def count_of(self, backend: str) -> int:
        """Return how many generations of a backend there are."""
        return self._count("WHERE backend = ?", backend)

    def open(self, origin: str | None) -> list[Record]:
        """Return what is unfinished, oldest first; of one service if it is named."""
        origins = spellings(origin) if origin else ()
        of_one = f"AND origin IN ({_marks(origins)})" if origins else ""
        return self._all(f"WHERE {_IS_OPEN} {of_one} ORDER BY created_at", *origins)

    def count_open(self) -> int:
        """Return how many generations are unfinished."""
        return self._count(f"WHERE {_IS_OPEN}")

    def open_by_origin(self) -> dict[str, int]:
        """Return how many generations are unfinished at each service."""
        query = f"SELECT origin, count(*) FROM generations WHERE {_IS_OPEN} GROUP BY origin"  # noqa: S608
        counts: Counter[str] = Counter()
        for origin, count in self._connection.execute(query):
            counts[service_name(origin)] += count
        return dict(counts)

    def past(self, model: str, limit: int) -> list[Record]:
        """Return the newest generations of a model whose time is known, newest first."""
        return self._all(
            "WHERE model = ? AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?", model, limit
        )

    def events(self, record_id: str) -> list[tuple[float, str, str | None]]:
        """Return the steps of a generation: unix time, state, words."""
        query = "SELECT at, state, detail FROM events WHERE generation = ? ORDER BY at, rowid"
        return list(self._connection.execute(query, (record_id,)))

    # -- batches -------------------------------------------------------------------------------------------

    def batch(self, batch_id: str) -> Batch | None:
        """Return the batch of this id."""
        found = self._batches("WHERE id = ?", batch_id)
        return found[0] if found else None

    def batches(self, backend: str) -> list[Batch]:
        """Return the batches of a backend, newest first."""
        return self._batches("WHERE backend = ? ORDER BY created_at DESC, rowid DESC", backend)

    def batches_of(self, digest: str) -> list[Batch]:
        """Return the batches of one sweep, newest first."""
        return self._batches("WHERE digest = ? ORDER BY created_at DESC, rowid DESC", digest)

    def plan(self, batch_id: str) -> list[dict[str, Any]]:
        """Return the cells of a batch as they were planned."""
        row = self._connection.execute("SELECT plan FROM batches WHERE id = ?", (batch_id,)).fetchone()
        return list(json.loads(row[0])) if row else []

    def put_batch(self, batch: Batch, plan: list[dict[str, Any]]) -> None:
        """Write a batch and its plan, in place of what there was of it."""
        columns = ", ".join((*Batch._fields, "plan"))
        values = [*batch[:-1], *(json.dumps(one, ensure_ascii=False) for one in (batch.axes, plan))]
        self._connection.execute(
            f"INSERT OR REPLACE INTO batches ({columns}) VALUES ({_marks(values)})",  # noqa: S608
            values,
        )

    def of_batch(self, batch_id: str) -> list[Record]:
        """Return the generations of a batch, oldest first."""
        return self._all("WHERE batch_id = ? ORDER BY created_at, rowid", batch_id)

    def of_cell(self, batch_id: str, key: str) -> Record | None:
        """Return the generation that takes a cell of a batch: made, being made, or of unknown outcome."""
        return self._one(f"WHERE batch_id = ? AND cell_key = ? AND state NOT IN {_VOID}", batch_id, key)

    def refused_cell(self, batch_id: str, key: str) -> Record | None:
        """Return the row of a cell whose request was refused: another try takes its place."""
        return self._one("WHERE batch_id = ? AND cell_key = ? AND state = 'refused'", batch_id, key)

    def counted_of_batch(self, batch_id: str) -> int:
        """Return what counts of a batch, billed or reserved, in credits."""
        query = f"SELECT {_SUMS} FROM generations WHERE batch_id = ?"  # noqa: S608 - our own text
        return int(self._connection.execute(query, (batch_id,)).fetchone()[0])

    def made_of_batches(self) -> dict[str, tuple[int, int]]:
        """Return for each batch how many clips are made, and what was billed, in credits."""
        query = (
            "SELECT batch_id, sum(state = 'saved'), coalesce(sum(billed_credits), 0) FROM generations "
            "WHERE batch_id IS NOT NULL GROUP BY batch_id"
        )
        return {batch: (made, billed) for batch, made, billed in self._connection.execute(query)}

    def _batches(self, where: str, *values: Any) -> list[Batch]:
        rows = self._connection.execute(f"{_BATCH} {where}", values)
        return [Batch._make((*row[:-1], json.loads(row[-1]))) for row in rows]

    # -- money ---------------------------------------------------------------------------------------------

    def counted(self, backend: str, since: float) -> tuple[int, int]:
        """Return what budgets count since a moment (unix seconds), in credits, and how much is undecided.

        The sums by quarters of an hour serve for all but the rest of the first quarter.
        """
        quarter = math.ceil(since / QUARTER_SECONDS)
        query = (
            "SELECT coalesce(sum(credits), 0), coalesce(sum(undecided), 0) FROM counted "
            "WHERE backend = ? AND quarter >= ?"
        )
        credits_, undecided = self._connection.execute(query, (backend, quarter)).fetchone()
        rest = f"SELECT {_SUMS} FROM generations WHERE backend = ? AND counted_at >= ? AND counted_at < ?"  # noqa: S608
        more = self._connection.execute(rest, (backend, since, quarter * QUARTER_SECONDS)).fetchone()
        return credits_ + more[0], undecided + more[1]

    def budgets(self, backend: str) -> dict[str, Budget]:
        """Return the budgets of real money or of the sandbox's, by who set them."""
        query = f"SELECT {', '.join(Budget._fields)} FROM budgets WHERE backend = ?"  # noqa: S608
        found = (Budget(*row) for row in self._connection.execute(query, (backend,)))
        return {budget.source: budget for budget in found}

    def newest_counted(self, backend: str) -> float:
        """Return the latest moment that anything counts for, in unix seconds; 0 if there is nothing."""
        query = "SELECT max(counted_at) FROM generations WHERE backend = ?"
        return float(self._connection.execute(query, (backend,)).fetchone()[0] or 0.0)

    def date_back(self, backend: str, now: float, slack: float) -> None:
        """Let what a wrong clock has dated in the future count now; seconds of ``slack`` are no future."""
        self._connection.execute(
            "UPDATE generations SET counted_at = ?, revision = revision + 1 "
            "WHERE backend = ? AND counted_at > ?",
            (now, backend, now + slack),
        )

    def put_budget(self, budget: Budget) -> None:
        """Write a budget in place of the one of the same source."""
        marks = _marks(Budget._fields)
        self._connection.execute(f"INSERT OR REPLACE INTO budgets VALUES ({marks})", budget)  # noqa: S608

    def remove_budget(self, backend: str, source: str) -> None:
        """Remove a budget, if there is one."""
        self._connection.execute("DELETE FROM budgets WHERE backend = ? AND source = ?", (backend, source))

    # -- votes ---------------------------------------------------------------------------------------------

    def votes(self, record_ids: Collection[str]) -> list[Vote]:
        """Return the votes among some generations, oldest first."""
        query = (
            "SELECT winner, loser, at FROM votes WHERE winner IN (SELECT value FROM json_each(?1)) "
            "AND loser IN (SELECT value FROM json_each(?1)) ORDER BY at, rowid"
        )
        return [Vote(*row) for row in self._connection.execute(query, (json.dumps(list(record_ids)),))]

    def add_vote(self, vote: Vote) -> None:
        """Write one more vote."""
        self._connection.execute("INSERT INTO votes VALUES (?, ?, ?)", vote)

    # -- writing -------------------------------------------------------------------------------------------

    def insert(self, record: Record) -> None:
        """Write a new row."""
        self._connection.execute(_INSERT, [_to_sql(name, getattr(record, name)) for name in COLUMNS])

    def update(self, record_id: str, columns: dict[str, Any]) -> None:
        """Change columns of a row, and count the revision."""
        self._set(record_id, columns, ", revision = revision + 1")

    def rate(self, record_id: str, columns: dict[str, Any]) -> None:
        """Change what people say of a row; whoever tracks it need not hear of that."""
        self._set(record_id, columns)

    def _set(self, record_id: str, columns: dict[str, Any], more: str = "") -> None:
        changes = ", ".join(f"{name} = ?" for name in columns)
        values = [_to_sql(name, value) for name, value in columns.items()]
        self._connection.execute(
            f"UPDATE generations SET {changes}{more} WHERE id = ?",  # noqa: S608 - columns of our own
            [*values, record_id],
        )

    def release(self, owner: str) -> None:
        """Let go of everything an owner tracks."""
        self._connection.execute(
            "UPDATE generations SET owner = NULL, revision = revision + 1 WHERE owner = ?", (owner,)
        )

    def note(self, record_id: str, at: float, state: str, words: str | None) -> None:
        """Add a step to the events of a generation."""
        self._connection.execute("INSERT INTO events VALUES (?, ?, ?, ?)", (record_id, at, state, words))

    # -- inside --------------------------------------------------------------------------------------------

    def _saved_where(self, wanted: Wanted) -> tuple[str, list[Any]]:
        where, values = self._where(wanted)
        return f"{where} AND state = 'saved'" if where else "WHERE state = 'saved'", values

    def _where(self, wanted: Wanted) -> tuple[str, list[Any]]:
        if not wanted.text.isascii():  # SQLite's LIKE knows the letters of ASCII alone
            self._connection.create_function("mentions", 2, _mentions, deterministic=True)
        return _wanted_where(wanted)

    def _page(
        self, where: str, values: list[Any], wanted: Wanted, limit: int | None, offset: int
    ) -> list[Record]:
        query = f"{where} ORDER BY {_ORDERS[wanted.order]} LIMIT ? OFFSET ?"
        return self._all(query, *values, -1 if limit is None else limit, offset)

    def _different(self, column: str) -> list[str]:
        query = (
            f"SELECT DISTINCT {column} FROM generations "  # noqa: S608 - a column of our own
            f"WHERE state = 'saved' AND {column} IS NOT NULL ORDER BY {column}"
        )
        return [row[0] for row in self._connection.execute(query)]

    def _one(self, where: str, *values: Any) -> Record | None:
        row = self._connection.execute(f"{_SELECT} {where} LIMIT 1", values).fetchone()
        return _record(row) if row else None

    def _all(self, where: str, *values: Any) -> list[Record]:
        return [_record(row) for row in self._connection.execute(f"{_SELECT} {where}", values)]

    def _count(self, where: str, *values: Any) -> int:
        query = f"SELECT count(*) FROM generations {where}"  # noqa: S608 - our own text
        return int(self._connection.execute(query, values).fetchone()[0])


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


#: Where the words of a clip stand.
_TEXT = "prompt || ' ' || coalesce(tags, '')"


def _wanted_where(wanted: Wanted) -> tuple[str, list[Any]]:
    conditions: list[tuple[str, tuple[Any, ...]]] = []
    if wanted.words:
        each = [_mentioned(word) for word in wanted.words]
        clause = f"(id = ? OR ({' AND '.join(clause for clause, _ in each)}))"
        conditions.append((clause, (wanted.text.strip(), *(value for _, value in each))))
    if wanted.model:
        conditions.append(("model = ?", (wanted.model,)))
    if wanted.stars:
        conditions.append(("stars >= ?", (wanted.stars,)))
    if wanted.since is not None:
        conditions.append(("created_at >= ?", (wanted.since,)))
    if wanted.paid is not None:
        conditions.append((f"backend {'!=' if wanted.paid else '='} 'sandbox'", ()))
    if wanted.notebook:
        conditions.append(("notebook = ?", (wanted.notebook,)))
    if wanted.tag:
        conditions.append((_HAS_TAG, (_as_kept(wanted.tag),)))
    if wanted.rejected is not None:
        conditions.append((_HAS_TAG if wanted.rejected else f"NOT {_HAS_TAG}", (_as_kept(REJECTED),)))
    where = " AND ".join(clause for clause, _ in conditions)
    return f"WHERE {where}" if where else "", [value for _, values in conditions for value in values]


#: Tags are kept as JSON, in which a word in quotes is a whole tag.
_HAS_TAG = "(instr(coalesce(tags, ''), ?) > 0)"


def _as_kept(tag: str) -> str:
    return json.dumps(tag, ensure_ascii=False)


def _mentioned(word: str) -> tuple[str, str]:
    """Return the condition that a word occurs, in any case, with its value."""
    if not word.isascii():
        return f"mentions({_TEXT}, ?)", word.casefold()
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{_TEXT} LIKE ? ESCAPE '\\'", f"%{escaped}%"


def _mentions(text: str, word: str) -> bool:
    return word in text.casefold()


def _to_sql(name: str, value: Any) -> Any:
    if name in _JSON_COLUMNS:
        return None if value is None else json.dumps(value, ensure_ascii=False)
    return str(value) if name == "state" else value


def _record(row: Sequence[Any]) -> Record:
    values = list(row)
    for position in _JSON_POSITIONS:
        if values[position] is not None:
            values[position] = json.loads(values[position])
    values[_WATCHED] = bool(values[_WATCHED])
    values[_STATE] = _STATES.get(values[_STATE]) or State(values[_STATE])  # a look-up is quicker
    return Record(*values)
