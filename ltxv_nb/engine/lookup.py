"""What the service's own record says of a submission whose outcome was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb import journal as states

if TYPE_CHECKING:
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.service.api import LogRow


def settlement(row: LogRow | None, journal: Journal, record: Record) -> dict[str, Any] | None:
    """Say what the service's own record means for a submission of unknown outcome.

    Parameters
    ----------
    row : LogRow or None
        What the record says of it, if anything yet.
    journal : Journal
        Asked whether the generation is known already under another job.
    record : Record
        The submission.

    Returns
    -------
    dict or None
        The columns to change; ``None`` while nothing can be said.
    """
    if row is None or not (row.failed or row.generation_id):
        return None
    if row.failed:
        words = "The service's own record says that the request failed; nothing was billed."
        return {"state": states.REFUSED, "error": words, "owner": None}
    known = journal.by_generation_id(row.generation_id or "", record.origin)
    if known is not None and known.id != record.id:
        return {"state": states.REFUSED, "error": f"This generation is job {known.id}.", "owner": None}
    return {
        "state": states.RUNNING,
        "status": "queued",
        "generation_id": row.generation_id,
        "accepted_at": record.created_at,
        "usd": row.usd,
        "error": None,
    }
