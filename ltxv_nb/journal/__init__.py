"""The record of every generation, on disk before the money is spent and after."""

from ltxv_nb.journal.record import OPEN, Record, State, new_id
from ltxv_nb.journal.store import Journal

__all__ = ["OPEN", "Journal", "Record", "State", "new_id"]
