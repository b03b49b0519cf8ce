"""What may stand in the way of a submission; asked in the transaction that writes its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ltxv_nb.journal.record import Record
    from ltxv_nb.journal.rows import Rows


class Guard(Protocol):
    """Checks a row that is about to be written; nobody else writes meanwhile."""

    def __call__(self, rows: Rows, record: Record) -> None:
        """Raise what stands in its way; then nothing is written."""


class Occupied(Exception):
    """An identical request is unfinished.

    Attributes
    ----------
    record : Record
        Its row.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(f"An identical request is job {record.id}, which is {record.state}.")
        self.record = record


def no_identical_request(rows: Rows, record: Record) -> None:
    """Refuse a request while an identical one is unfinished, in doubt, or made but not on disk.

    Raises
    ------
    Occupied
        There is one.
    """
    if record.fingerprint is not None and (same := rows.open_twin(record.fingerprint)):
        raise Occupied(same)
