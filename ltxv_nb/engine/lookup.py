"""What the service's request log says of a submission whose answer was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.journal.transitions import failed_in_log, found_in_log

if TYPE_CHECKING:
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.request_log import LogRow


def change_by_log(row: LogRow | None, journal: Journal, record: Record) -> Change | None:
    """Say what the service's request log means for a submission of unknown outcome.

    Parameters
    ----------
    row : LogRow or None
        What the log says of it, if anything yet.
    journal : Journal
        Asked whether the generation is known already under another job.
    record : Record
        The submission.

    Returns
    -------
    Change or None
        What becomes of it; ``None`` while nothing can be said.
    """
    if row is None or not (row.failed or row.generation_id):
        return None
    if row.failed or row.generation_id is None:
        return failed_in_log("The service's request log says that the request failed; nothing was billed.")
    known = journal.by_generation_id(row.generation_id, record.origin)
    if known is not None and known.id != record.id:
        return failed_in_log(f"This generation is job {known.id}.")
    return found_in_log(row.generation_id, at=record.created_at, usd=row.usd)
