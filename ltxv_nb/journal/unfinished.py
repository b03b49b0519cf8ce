"""How many generations are unfinished, told without loading the rest of the journal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ltxv_nb.journal.states import OPEN

if TYPE_CHECKING:
    from pathlib import Path

#: The open states, as SQL; they are our own words.
OPEN_STATES = f"({', '.join(repr(state.value) for state in OPEN)})"


def count_unfinished(path: Path) -> int:
    """Return how many generations of a journal are unfinished, whatever version of this package wrote it.

    Raises
    ------
    sqlite3.Error
        The file cannot be read.
    """
    with closing(sqlite3.connect(path, timeout=0.1)) as connection:
        query = f"SELECT count(*) FROM generations WHERE state IN {OPEN_STATES}"  # noqa: S608
        return int(connection.execute(query).fetchone()[0])
