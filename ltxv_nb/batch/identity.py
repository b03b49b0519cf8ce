"""What makes two runs of a sweep the same batch, and two clips the same cell."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.journal.record import Batch

#: Characters of the name of a batch.
_LONGEST_NAME = 120


def digest_of(*parts: Any) -> str:
    """Return what is equal for equal parts."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same_batch(found: Sequence[Batch], name: str | None) -> Batch | None:
    """Return which of the batches of one sweep, newest first, is meant.

    That of the name; else one that has none yet. Without a name it is the newest one, whatever it is called.
    """
    if name is None:
        return found[0] if found else None
    named = [one for one in found if one.name == name]
    return next(iter([*named, *(one for one in found if one.name is None)]), None)


def checked_name(name: Any) -> str | None:
    """Return the name of a batch as it is kept; raises `RequestError` where it is none."""
    if name is None:
        return None
    if not isinstance(name, str) or not name.strip():
        raise RequestError(f"name is {name!r}, but it can be a text, like 'hours of the day'.")
    return one_line(name, _LONGEST_NAME)
