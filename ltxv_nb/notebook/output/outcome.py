"""How a job ended, as what a cell's output holds: HTML that needs no kernel, and plain text."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ltxv_nb.engine.save import Saver
from ltxv_nb.media.player import pending_html, player_html, player_text
from ltxv_nb.notebook.output.actions import UNDER_A_CARD, actions_html
from ltxv_nb.notebook.output.card import Card, card_of
from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ltxv_nb.job import Job

_CONTINUES = "`%ltxv wait {id}` or `%ltxv resume` continues tracking."
#: What stands where a clip will be that is not submitted yet.
_CHAINED = (
    "This clip is {status}: it is submitted when that one is finished, and shown here then. If the kernel "
    "ends before, nothing was sent: run the cell again."
)


def outcome_bundle(
    job: Job, *, embed: bool | None, base_dir: Path, note: str = "", actions: Collection[str] = UNDER_A_CARD
) -> dict[str, str]:
    """Return the final output of a job that has ended, or whose tracking has stopped.

    Parameters
    ----------
    job : Job
        The job.
    embed : bool or None
        As in `ltxv_nb.media.player.player_html`.
    base_dir : Path
        The notebook's folder.
    note : str
        One more line of small print below a clip.
    actions : collection of str
        What can be done with a clip right below it, see `ltxv_nb.notebook.output.actions`.

    Returns
    -------
    dict of str to str
        ``text/html`` and ``text/plain``.
    """
    note = " ".join(filter(None, [note, job.bill_note]))
    text = outcome_text(job, base_dir, note)
    if job.video is not None:
        below = actions_html(job.record, job.client, base_dir=base_dir, shown=actions)
        player = player_html(job.video, embed=embed, base_dir=base_dir, note=note, actions=below)
        return {"text/html": player, "text/plain": text}
    return {"text/html": outcome_card(job).html(), "text/plain": text}


def outcome_card(job: Job) -> Card:
    """Return the card of a job that has ended without a clip, or whose tracking has stopped."""
    if job.error is not None:
        return card_of(job.error, free=job.is_free)
    return Card(
        "Tracking stopped", f"Job {job.id} is not finished.", job.billing_note, _CONTINUES.format(id=job.id)
    )


def outcome_text(job: Job, base_dir: Path, note: str = "") -> str:
    """Return the same in one line of plain text."""
    if job.video is not None:
        text = player_text(job.video, base_dir=base_dir)
        return f"{text.rstrip('.')}. {note}" if note else text
    if job.error is not None:
        return f"{type(job.error).__name__}: {job.error}"
    continues = _CONTINUES.format(id=job.id).replace("`", "")
    return f"Tracking of job {job.id} stopped. {job.billing_note} {continues}"


def pending_bundle(job: Job, more: str = "") -> dict[str, str]:
    """Return one line for readers that cannot show a live status."""
    text = (
        f"The clip of ltxv job {job.id} will be shown here when it is ready; "
        f"%ltxv show {job.id} shows it later.{more}"
        if job.id
        else f"{_CHAINED.format(status=job.status)}{more}"
    )
    return {"text/html": f'<p class="{NO_MATH}">{html.escape(text)}</p>', "text/plain": text}


def fallback_html(job: Job, base_dir: Path) -> str:
    """Return what stands beside a status from the start, for when its kernel is gone."""
    if job.id:
        return pending_html(Saver.destination(job.record), job.id, base_dir=base_dir)
    words = html.escape(_CHAINED.format(status=job.status))
    return f'<div class="ltxv-pending {NO_MATH}">{words}</div>'


def shown_again(job: Job) -> str:
    """Return the line below a clip that was made before, and is shown in place of a new one."""
    made = datetime.fromtimestamp(job.record.saved_at or job.created_at, tz=timezone.utc).astimezone()
    year = "" if made.year == datetime.now(tz=timezone.utc).astimezone().year else f" {made.year}"
    return f"Made on {made.day} {made:%b}{year}, shown again. --again makes a new one."
