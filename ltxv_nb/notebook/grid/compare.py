"""``ltxv_nb.compare``: any clips side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.arrangement import MOST_COLUMNS
from ltxv_nb.errors import RequestError
from ltxv_nb.job import Job
from ltxv_nb.notebook.grid.grid import grid_of
from ltxv_nb.notebook.grid.tiles import flat, tiles_of
from ltxv_nb.notebook.session import session_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.notebook.grid.grid import Grid


def compare(
    *clips: Any, labels: Sequence[str] | None = None, columns: int | None = None, blind: bool = False
) -> Grid:
    """Show clips side by side, playing in step; as the last line of a cell the result shows itself.

    Parameters
    ----------
    *clips : Job, Video, str or path-like
        Jobs, their ids, videos, and paths of video files; or lists of these. They may differ in length,
        size, frame rate and sound. A job that is not finished shows its clip when it is.
    labels : sequence of str, optional
        What each clip is called; by default its prompt, or the name of its file.
    columns : int, optional
        How many stand side by side; by default up to four.
    blind : bool
        Whether to begin with a blind comparison: two at a time, without their labels, for a ranking by votes.

    Returns
    -------
    Grid
        The grid. Stars, tags and votes that are given in it are kept in the journal.

    Raises
    ------
    RequestError
        There is no clip, one of them is something else, or there are more or fewer labels than clips.
    """
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, int)):
        raise RequestError(f"columns is {columns!r}, but it can be a number from 1 to {MOST_COLUMNS}.")
    clips = tuple(flat(clips))
    client = next((clip.client for clip in clips if isinstance(clip, Job)), None)

    def find(job_id: str) -> Job | None:
        return (client or session_for().client).known_job(job_id)

    return grid_of(tiles_of(clips, labels, find), columns=columns, client=client, blind=blind)
