"""What the journal says of the money."""

from __future__ import annotations

import collections
import contextlib
import itertools
import math
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ltxv_nb.journal import Record


def paid_twice(folder: Path, rows: Iterable[Record]) -> list[str]:
    """Return the prompts that were submitted although an identical one was not on disk yet.

    A cell that is run again after its video was saved is another submission. Which came first is told by the
    order in which the journal took its steps, for clocks may be wrong.
    """
    with contextlib.closing(sqlite3.connect(folder / "home" / "journal.sqlite")) as journal:
        steps = journal.execute("SELECT rowid, generation, state FROM events ORDER BY rowid DESC").fetchall()
    first: dict[tuple[str, str], int] = {(name, state): number for number, name, state in steps}
    spans = collections.defaultdict(list)
    for row in rows:
        if row.generation_id:
            saved = first.get((row.id, "saved"), math.inf)
            spans[row.prompt].append((first[row.id, "submitting"], saved))
    return [
        prompt
        for prompt, those in spans.items()
        for one, following in itertools.pairwise(sorted(those))
        if following[0] < one[1]
    ]
