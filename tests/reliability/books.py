"""What the journal says of the money."""

from __future__ import annotations

import collections
import itertools
import math
from typing import TYPE_CHECKING

from ltxv_nb.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ltxv_nb.journal import Record


def paid_twice(folder: Path, rows: Iterable[Record]) -> list[str]:
    """Return the prompts that were submitted although an identical one was not on disk yet.

    A cell that is run again after its video was saved is another submission; the journal's own transactions
    say which came first.
    """
    journal, bad = Journal(folder / "home" / "journal.sqlite"), []
    by_prompt = collections.defaultdict(list)
    for row in rows:
        if row.generation_id:
            at = {state: at for at, state, _ in reversed(journal.events(row.id))}
            by_prompt[row.prompt].append((at["submitting"], at.get("saved", math.inf)))
    journal.close()
    for prompt, spans in by_prompt.items():
        bad += [prompt for one, next_ in itertools.pairwise(sorted(spans)) if next_[0] < one[1]]
    return bad
