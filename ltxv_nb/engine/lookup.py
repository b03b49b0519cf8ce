"""What the service's request log says of a submission whose answer was lost, and by which ids it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.errors import NotFoundError
from ltxv_nb.journal.transitions import answer_lost, failed_in_log, found_in_log
from ltxv_nb.service.reply import same_generation, uuid_of

if TYPE_CHECKING:
    from ltxv_nb.journal import Journal, Record
    from ltxv_nb.journal.transitions import Change
    from ltxv_nb.service.api import Api
    from ltxv_nb.service.reply import Generation
    from ltxv_nb.service.request_log import LogRow


def sent_at(record: Record, ahead: float | None) -> float:
    """Return when a request was sent, by this machine's clock as it goes now, in unix seconds.

    Parameters
    ----------
    record : Record
        The submission; its time is by our clock as it went then.
    ahead : float or None
        Seconds by which the service's clock is ahead of ours now, if that is known.
    """
    if record.service_ahead is None or ahead is None:
        return record.created_at
    return record.created_at + record.service_ahead - ahead


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
        What becomes of it; ``None`` while nothing new can be said.
    """
    if row is None or not (row.failed or row.generation_id):
        return None
    if row.failed or row.generation_id is None:
        return failed_in_log("The service's request log says that the request failed; nothing was billed.")
    if same_generation(row.generation_id, record.inference_id):
        return None  # tried, and the service did not know it
    known = journal.by_generation_id(row.generation_id, record.origin)
    if known is not None and known.id != record.id:
        return _known_already(known, record)
    return found_in_log(row.generation_id, at=record.created_at, usd=row.usd)


def _known_already(known: Record, record: Record) -> Change | None:
    """Say what it means that the log names the generation of another job."""
    if known.client_request_id is None:  # it was taken up by its id meanwhile
        return failed_in_log(f"This generation is job {known.id}.")
    words = f"the service's request log names the generation of job {known.id} for it"
    return answer_lost(words) if record.error != words else None


def under_another_id(api: Api, journal: Journal, record: Record) -> tuple[str, Generation] | None:
    """Ask the service for a generation by the other ids that its answers may have meant.

    Parameters
    ----------
    api : Api
        Asked once for each of them.
    journal : Journal
        Another job's generation is not asked for.
    record : Record
        A generation that the service does not know by its id.

    Returns
    -------
    tuple or None
        The id by which the service knows it, and what it said; ``None`` when it knows none of them.

    Raises
    ------
    APIError
        The service did not answer.
    """
    for identifier in other_ids(record):
        known = journal.by_generation_id(identifier, record.origin)
        if known is not None and known.id != record.id:
            continue
        try:
            return identifier, api.fetch(identifier)
        except NotFoundError:
            continue
    return None


def other_ids(record: Record) -> list[str]:
    """Return the ids by which the service may know a generation, other than the one it has now.

    They are what its reply's headers or its request log called it, and both spellings of each: ``UUID`` and
    ``UUID:model``.
    """
    found: dict[str, None] = {}
    for identifier in filter(None, (record.inference_id, record.generation_id)):
        uuid = uuid_of(identifier)
        found.update(
            dict.fromkeys([identifier] if uuid is None else [identifier, uuid, f"{uuid}:{record.model}"])
        )
    found.pop(record.generation_id or "", None)
    return list(found)
