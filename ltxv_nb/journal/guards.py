"""What may stand in the way of a submission; asked in the transaction that writes its row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ltxv_nb.journal.record import Record
    from ltxv_nb.journal.rows import Rows


class Guard(Protocol):
    """Checks a row that is about to be written; nobody else writes meanwhile."""

    def __call__(self, rows: Rows, record: Record) -> Record | None:
        """Raise what stands in its way: then nothing is written; or return the row to write in its place."""


class Occupied(Exception):
    """A row stands in the way: of an identical request that is unfinished, or of the same generation.

    Attributes
    ----------
    record : Record
        Its row.
    """

    def __init__(self, record: Record) -> None:
        super().__init__(f"The same is job {record.id}, which is {record.state}.")
        self.record = record


def generation_is_new(rows: Rows, record: Record) -> None:
    """Refuse a second row for one generation.

    Raises
    ------
    Occupied
        There is a row for it already.
    """
    if record.generation_id is not None and (
        same := rows.by_generation_id(record.generation_id, record.origin)
    ):
        raise Occupied(same)


class AlreadyMade(Exception):
    """An identical request is finished.

    Attributes
    ----------
    records : list of Record
        Its generations, newest first.
    """

    def __init__(self, records: list[Record]) -> None:
        super().__init__(f"An identical request is job {records[0].id}, which is finished.")
        self.records = records


def no_finished_request(rows: Rows, record: Record) -> None:
    """Refuse a request of which there is a finished generation.

    Raises
    ------
    AlreadyMade
        There is one.
    """
    if record.fingerprint is not None and (same := rows.saved_twins(record.fingerprint)):
        raise AlreadyMade(same)


def no_identical_request(rows: Rows, record: Record) -> None:
    """Refuse a request while an identical one is unfinished, in doubt, or made but not on disk.

    Raises
    ------
    Occupied
        There is one.
    """
    if record.fingerprint is not None and (same := rows.open_twin(record.fingerprint)):
        raise Occupied(same)


def cell_is_free(fingerprints: Sequence[str]) -> Guard:
    """Return the guard for a cell of a batch, which is made once; takes of one request are different cells.

    Parameters
    ----------
    fingerprints : sequence of str
        What identical requests outside the batch have in common.
    """

    def guard(rows: Rows, record: Record) -> None:
        batch, key = record.batch_id or "", record.cell_key or ""
        same = rows.of_cell(batch, key)
        twins = (rows.open_twin(fingerprint, outside=batch) for fingerprint in fingerprints)
        if (found := same or next(filter(None, twins), None)) is not None:
            raise Occupied(found)

    return guard


def none_of(fingerprints: Iterable[str]) -> Guard:
    """Return the guard against identical requests where several fingerprints may stand for the same one."""

    def guard(rows: Rows, record: Record) -> None:  # noqa: ARG001 - a guard is given it
        for fingerprint in fingerprints:
            if same := rows.open_twin(fingerprint):
                raise Occupied(same)

    return guard
