"""The sandbox's books: an account in play money, and one entry for each movement of it.

A generation is paid for a while after it is completed, as the real service does it; one that ends in an error
never is. Entries that lie in the future are there already, and nobody sees them before their time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltxv_nb.credits import CREDITS_PER_USD, in_dollars

if TYPE_CHECKING:
    import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, created REAL NOT NULL, direction TEXT NOT NULL, type TEXT NOT NULL,
    credits INTEGER NOT NULL, model TEXT, reference_id TEXT
);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (created, number);
CREATE UNIQUE INDEX IF NOT EXISTS entries_charged ON entries (reference_id) WHERE type = 'MODEL_USAGE';
"""

#: What the account holds at the beginning, and what tops it up, in credits. Play money: 100 USD each.
START = TOP_UP = 100 * CREDITS_PER_USD

#: The balance below which the account is topped up by itself, in credits: 10 USD.
THRESHOLD = 10 * CREDITS_PER_USD

#: How money can move, by the words of the vendor.
DIRECTIONS = ("TOPUP", "CHARGE")
TYPES = ("PAYMENT", "BONUS", "REFUND", "ADJUSTMENT", "MODEL_USAGE", "CREDITS_EXPIRED", "INIT")

_COLUMNS = "number, created, direction, type, credits, model, reference_id"


class OutOfCredits(Exception):
    """The account does not hold what the generation costs."""


@dataclass(frozen=True)
class Entry:
    """One movement of money.

    Attributes
    ----------
    number : int
        Counted upwards.
    created : float
        Unix seconds from which on it can be seen.
    direction, type : str
        One of `DIRECTIONS` and of `TYPES`.
    credits : int
        How much moved; never negative.
    model, reference_id : str or None
        What was charged for, and its inference id.
    """

    number: int
    created: float
    direction: str
    type: str
    credits: int
    model: str | None
    reference_id: str | None


@dataclass(frozen=True)
class Inference:
    """One submission as the usage counts it.

    Attributes
    ----------
    created : float
        Unix seconds.
    model : str
        Its model's id.
    credits : int or None
        What was charged for it; ``None`` where nothing was, or not yet.
    failed : bool
        Whether it was refused, or ended in an error.
    """

    created: float
    model: str
    credits: int | None
    failed: bool


class Books:
    """The account.

    Parameters
    ----------
    db : sqlite3.Connection
        The store's own; see `SCHEMA`.
    now : float
        Unix seconds.
    balance : int, optional
        Credits that the account is opened with; then it runs out. It is opened anew where it was opened with
        another amount before. By default it begins with `START`, and is topped up by itself.
    """

    def __init__(self, db: sqlite3.Connection, now: float, balance: int | None = None) -> None:
        self._db, self.tops_up = db, balance is None
        start = START if balance is None else balance
        opened = db.execute("SELECT credits FROM entries WHERE type = 'INIT' ORDER BY number DESC LIMIT 1")
        if opened.fetchone() != (start,):
            self._open(now, start)

    def _open(self, now: float, start: int) -> None:
        """Begin with an amount; what is left from before expires."""
        left = self.balance(now)
        if left:
            self._enter(now, "CHARGE" if left > 0 else "TOPUP", "CREDITS_EXPIRED", abs(left))
        self._enter(now, "TOPUP", "INIT", start)

    def balance(self, now: float) -> int:
        """Return what the account holds, in credits; it can be less than nothing."""
        query = """SELECT coalesce(sum(CASE direction WHEN 'TOPUP' THEN credits ELSE -credits END), 0)
                   FROM entries WHERE created <= ?"""
        return int(self._db.execute(query, (now,)).fetchone()[0])

    def check(self, now: float, cost: int) -> None:
        """Top the account up where it does that by itself.

        Raises
        ------
        OutOfCredits
            What is left, when all that was accepted is paid for, is less than the cost.
        """
        owed = self._db.execute("SELECT coalesce(sum(credits), 0) FROM generations WHERE open").fetchone()[0]
        # Charges that nobody sees yet are owed as well, so the time does not matter here.
        left = self.balance(float("inf")) - owed - cost
        if self.tops_up and left < THRESHOLD:
            times = (THRESHOLD - left + TOP_UP - 1) // TOP_UP
            self._enter(now, "TOPUP", "PAYMENT", times * TOP_UP)
        elif left < 0:
            raise OutOfCredits(
                f"The sandbox's account is out of credits: this generation costs {in_dollars(cost)}, and "
                f"{in_dollars(max(0, left + cost))} of play money is left. Start it with another --balance."
            )

    def charge(self, at: float, credits_: int, model: str, reference_id: str) -> None:
        """Charge for a generation, once, however often this is called."""
        if credits_:
            self._enter(at, "CHARGE", "MODEL_USAGE", credits_, model, reference_id)

    def _enter(  # noqa: PLR0917 - the columns
        self,
        at: float,
        direction: str,
        type_: str,
        credits_: int,
        model: str | None = None,
        reference_id: str | None = None,
    ) -> None:
        row = (at, direction, type_, credits_, model, reference_id)
        self._db.execute("INSERT OR IGNORE INTO entries VALUES (NULL, ?, ?, ?, ?, ?, ?)", row)

    def page(  # noqa: PLR0917 - the query of one endpoint
        self,
        first: float,
        before: float,
        direction: str | None,
        type_: str | None,
        after: tuple[float, int] | None,
        limit: int,
    ) -> list[Entry]:
        """Return entries, newest first.

        Parameters
        ----------
        first, before : float
            Window in unix seconds; the end is not part of it.
        direction, type_ : str or None
            Only these; ``None`` for all.
        after : tuple of (float, int), optional
            Time and number of the entry after which to go on.
        limit : int
            The most entries.
        """
        where, values = "created >= ? AND created < ?", [first, before]
        for column, wanted in (("direction", direction), ("type", type_)):
            if wanted is not None:
                where += f" AND {column} = ?"
                values.append(wanted)  # type: ignore[arg-type]
        if after is not None:
            where += " AND (created, number) < (?, ?)"
            values += after
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM entries WHERE {where} ORDER BY created DESC, number DESC LIMIT ?",  # noqa: S608
            [*values, limit],
        )
        return [Entry(*row) for row in rows]

    def usage(self, start: float, end: float, now: float) -> list[Inference]:
        """Return every submission of a window (unix seconds), with what has been charged for it by now."""
        query = """SELECT r.created, r.model, e.credits,
                          r.status = 'failed' OR coalesce(NOT g.open AND (g.fails OR g.broken IS NOT NULL), 0)
                   FROM requests r
                   LEFT JOIN entries e ON e.reference_id = r.inference_id AND e.created <= ?
                        AND e.type = 'MODEL_USAGE'
                   LEFT JOIN generations g ON g.id = r.inference_id
                   WHERE r.created >= ? AND r.created <= ?"""
        rows = self._db.execute(query, (now, start, end))
        return [Inference(created, model, paid, bool(failed)) for created, model, paid, failed in rows]
