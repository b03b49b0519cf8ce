"""A list of jobs, and a list of videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.job import Job
from ltxv_nb.job_list.facts import SORTS, facts
from ltxv_nb.media.measures import measure_columns
from ltxv_nb.tables import data_frame
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Jobs that a table shows when a list shows itself.
SHOWN = 20


class JobList(list[Job]):
    """A list of jobs that shows itself as a table.

    Examples
    --------
    >>> client.jobs().sorted_by("cost")  # doctest: +SKIP
    >>> client.jobs(50).videos  # doctest: +SKIP
    """

    @property
    def videos(self) -> VideoList:
        """The finished videos among them, which show themselves as a contact sheet."""
        home = self[0].client.home if self else None
        return VideoList((job.video for job in self if job.video is not None), home)

    def sorted_by(self, what: str) -> JobList:
        """Return them in another order.

        Parameters
        ----------
        what : {"age", "cost", "time", "state", "model", "stars"}
            The newest, dearest, slowest, or best come first.

        Raises
        ------
        RequestError
            They cannot be sorted by that.
        """
        if what not in SORTS:
            raise RequestError(f"Jobs cannot be sorted by {what!r}, but by {', '.join(SORTS)}.")
        return JobList(sorted(self, key=lambda job: SORTS[what](facts(job))))

    def records(self) -> list[dict[str, Any]]:
        """Return a row for each job: what it is, how it was rated, and what was measured of its clip.

        Returns
        -------
        list of dict
            id, state, model; age and took in seconds; usd; stars; prompt; file; tags; and the columns of
            `Measures`, ``None`` for a clip that `Video.measure` has not measured.
        """
        return [_row(job) for job in self]

    def to_pandas(self) -> Any:
        """Return `records` as a `pandas.DataFrame`.

        Raises
        ------
        ConfigurationError
            pandas is not installed.
        """
        return data_frame(self.records())

    def __repr__(self) -> str:
        from ltxv_nb.job_list.table import table_text

        return table_text(self, SHOWN)

    def _repr_html_(self) -> str:
        from ltxv_nb.job_list.table import table_html

        return table_html(self, SHOWN, base_dir=Path.cwd())


def _row(job: Job) -> dict[str, Any]:
    row = {name: value for name, value in facts(job)._asdict().items() if name != "cost"}
    record = job.client.journal.get(job.id) or job.record  # what people say of it comes in no news
    rated = {"stars": record.stars or 0, "tags": list(record.tags or ())}
    return {**row, **rated, **measure_columns(record.measures)}


class VideoList(list[Video]):
    """A list of videos that shows itself as a contact sheet.

    Parameters
    ----------
    videos : iterable of Video
        The videos.
    home : Path, optional
        The folder beside whose journal their pictures are kept; by default they are made each time.
    """

    def __init__(self, videos: Iterable[Video] = (), home: Path | None = None) -> None:
        super().__init__(videos)
        self._home = home

    def __repr__(self) -> str:
        from ltxv_nb.job_list.sheet import sheet_text

        return sheet_text(self)

    def _repr_html_(self) -> str:
        from ltxv_nb.job_list.sheet import sheet_html

        return sheet_html(self, self._home, base_dir=Path.cwd())
