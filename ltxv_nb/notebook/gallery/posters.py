"""Small pictures of the clips in the journal, made once and cached beside it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ltxv_nb.errors import LTXVError
from ltxv_nb.files import write_whole
from ltxv_nb.text import data_uri

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.journal import Record

_log = logging.getLogger("ltxv_nb")

#: Width of a poster in pixels, and the most bytes it may have.
WIDTH, MOST_BYTES = 480, 20_000


class Posters:
    """The posters of one home.

    Parameters
    ----------
    home : Path
        The journal's folder.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "posters"

    def cached(self, record: Record) -> str | None:
        """Return a clip's poster as a data URI, if it was made before."""
        try:
            return _uri(self._path(record).read_bytes())
        except OSError:
            return None

    def make(self, record: Record) -> str | None:
        """Make a clip's poster and cache it; takes tens of milliseconds. ``None`` when its file is gone."""
        from pathlib import Path

        from ltxv_nb.media.poster import poster

        try:
            data = poster(Path(record.file or ""), max_width=WIDTH, max_bytes=MOST_BYTES)
        except LTXVError as error:
            _log.debug("No poster of job %s: %s", record.id, error)
            return None
        self._cache(self._path(record), data)
        return _uri(data)

    def _path(self, record: Record) -> Path:
        return self._folder / f"{record.id}.jpg"

    def _cache(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data)
        except OSError as error:
            _log.debug("The poster %s could not be saved: %s", path, error)  # it is made again next time


def _uri(data: bytes) -> str:
    return data_uri(data, "image/jpeg")
