"""Small pictures of the clips in a journal, made once and kept beside it."""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import NamedTuple, Protocol

from ltxv_nb.errors import LTXVError
from ltxv_nb.files import write_whole
from ltxv_nb.text import data_uri

_log = logging.getLogger("ltxv_nb")

#: Width of a poster in pixels, and the most bytes it may have.
WIDTH, MOST_BYTES = 480, 20_000


class Size(NamedTuple):
    """How large a thumbnail is at most: a notebook that is saved holds many of them.

    Attributes
    ----------
    name : str
        Part of its file's name.
    width, most_bytes : int
        In pixels, and in bytes of JPEG.
    """

    name: str
    width: int
    most_bytes: int


SMALL, TINY = Size("small", 200, 4_000), Size("tiny", 120, 1_800)
_QUALITIES = (75, 60, 45, 30, 20)


class Clip(Protocol):
    """What has a picture: a row of the journal, for example."""

    @property
    def id(self) -> str:
        """The journal's id."""

    @property
    def file(self) -> str | None:
        """Where the clip is."""


class Posters:
    """The posters of one home.

    Parameters
    ----------
    home : Path, optional
        The journal's folder; without it no picture is kept.
    """

    def __init__(self, home: Path | None) -> None:
        self._folder = home / "posters" if home else None

    def cached(self, record: Clip) -> str | None:
        """Return a clip's poster as a data URI, if it was made before."""
        data = _read(self._path(record))
        return _uri(data) if data else None

    def make(self, record: Clip) -> str | None:
        """Make a clip's poster and keep it; takes tens of milliseconds. ``None`` when its file is gone."""
        data = self._make(record)
        return _uri(data) if data else None

    def thumbnail(self, record: Clip, size: Size = SMALL, *, make: bool = True) -> str | None:
        """Return a small picture of a clip as a data URI.

        Parameters
        ----------
        record : Clip
            The clip's row in the journal, or what has its id and file.
        size : Size
            How large it is at most.
        make : bool
            Whether the file may be opened for it, which takes tens of milliseconds; without that ``None``
            is returned for a clip of which there is no picture yet.
        """
        path = self._path(record, f"-{size.name}")
        data = _read(path)
        if data is None:
            large = _read(self._path(record)) or (self._make(record) if make else None)
            if large is None:
                return None
            try:
                data = _smaller(large, size)
            except OSError as error:  # a file that somebody else has put there
                _log.debug("No thumbnail of job %s: %s", record.id, error)
                return None
            _keep(path, data)
        return _uri(data)

    def _make(self, record: Clip) -> bytes | None:
        from ltxv_nb.media.poster import poster

        try:
            data = poster(Path(record.file or ""), max_width=WIDTH, max_bytes=MOST_BYTES)
        except LTXVError as error:
            _log.debug("No poster of job %s: %s", record.id, error)
            return None
        _keep(self._path(record), data)
        return data

    def _path(self, record: Clip, suffix: str = "") -> Path | None:
        return self._folder / f"{record.id}{suffix}.jpg" if self._folder else None


def _smaller(poster: bytes, size: Size) -> bytes:
    """Return a poster, which is a file of our own, at the size of a thumbnail."""
    from PIL import Image

    with Image.open(io.BytesIO(poster)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((size.width, size.width))
    for quality in _QUALITIES:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= size.most_bytes:
            break
    return out.getvalue()


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() or None if path else None
    except OSError:
        return None


def _keep(path: Path | None, data: bytes) -> None:
    try:
        if path is not None:
            write_whole(path, data)
    except OSError as error:
        _log.debug("The poster %s could not be saved: %s", path, error)  # it is made again next time


def _uri(data: bytes) -> str:
    return data_uri(data, "image/jpeg")
