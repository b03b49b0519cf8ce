"""The record of every generation, on disk before the money is spent and after."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ltxv_nb.journal.record import Record, is_id, new_id
    from ltxv_nb.journal.states import OPEN, State
    from ltxv_nb.journal.store import Journal

__all__ = ["OPEN", "Journal", "Record", "State", "is_id", "new_id"]

#: Where each name is. Loading the extension counts what is unfinished, and is to load nothing more than that.
_MODULES = {
    "Journal": "store",
    "OPEN": "states",
    "Record": "record",
    "State": "states",
    "is_id": "record",
    "new_id": "record",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module 'ltxv_nb.journal' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"ltxv_nb.journal.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
