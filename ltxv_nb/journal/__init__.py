"""The record of every generation, on disk before the money is spent and after."""

from ltxv_nb.journal.store import (
    BUSY_SECONDS,
    FAILED,
    FINISHED,
    OPEN,
    REFUSED,
    RUNNING,
    SAVED,
    SUBMITTING,
    UNKNOWN,
    Journal,
    Record,
    new_id,
)

__all__ = [
    "BUSY_SECONDS",
    "FAILED",
    "FINISHED",
    "OPEN",
    "REFUSED",
    "RUNNING",
    "SAVED",
    "SUBMITTING",
    "UNKNOWN",
    "Journal",
    "Record",
    "new_id",
]
