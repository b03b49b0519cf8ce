"""First frames: kept beside the journal as files that a cell can name, and as thumbnails for the page."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from ltxv_nb.errors import RequestError
from ltxv_nb.files import write_whole
from ltxv_nb.text import data_uri

#: Longest side of a thumbnail, in pixels.
THUMBNAIL = 320
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
#: Larger than any clip, so that a file saved for a cell loses nothing that the clip could use.
_LARGEST = (3840, 2160)


def is_address(source: Any) -> bool:
    """Whether a first frame is an http(s) URL, which only the service reads."""
    return isinstance(source, str) and bool(_ADDRESS.match(source.strip()))


def save_upload(name: str, data: bytes, home: Path) -> Path:
    """Save an uploaded picture, and return its path.

    Parameters
    ----------
    name : str
        What the file was called on the other machine; only its letters and digits are used.
    data : bytes
        Its content.
    home : Path
        The journal's folder.

    Raises
    ------
    RequestError
        It cannot be written.
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", Path(name).stem).strip("-")[:40] or "picture"
    suffix = re.sub(r"[^a-z0-9]", "", Path(name).suffix.lower())[:5] or "img"
    return _write(home / "uploads" / f"{hashlib.sha256(data).hexdigest()[:12]}-{stem}.{suffix}", data)


def as_text(source: Any, home: Path) -> str | None:
    """Return a first frame as a cell names it: an address or a path. What has neither is saved as a file.

    Raises
    ------
    RequestError
        It cannot be read, or not be written.
    """
    if source is None:
        return None
    if isinstance(source, str) and not source.startswith("data:"):
        return source.strip()
    if isinstance(source, os.PathLike):
        return str(os.fspath(source))
    from ltxv_nb.media.image import prepare

    frame = prepare(source, _LARGEST)
    assert frame.data is not None
    suffix = (frame.media_type or "image/jpeg").rpartition("/")[2]
    return str(_write(home / "uploads" / f"{(frame.sha256 or '')[:12]}-first-frame.{suffix}", frame.data))


def thumbnail(source: Any) -> str:
    """Return a small picture of a first frame, as an address for ``img``.

    Parameters
    ----------
    source : object
        Whatever a request takes as ``image``. An http(s) URL is returned as it is: the page fetches it.

    Raises
    ------
    RequestError
        It is no picture that can be read; the message says why.
    """
    from ltxv_nb.media import picture
    from ltxv_nb.media.image import prepare

    frame = prepare(source, _LARGEST)
    if frame.data is None:
        return frame.url
    return data_uri(picture.thumbnail(frame.data, "The first frame", THUMBNAIL), "image/jpeg")


def _write(path: Path, data: bytes) -> Path:
    """Write a file, unless it is there already: its name says what it holds."""
    if path.exists():
        return path
    try:
        write_whole(path, data)
    except OSError as error:
        raise RequestError(
            f"The picture cannot be saved in {path.parent} ({error.strerror or error}): check the folder."
        ) from None
    return path
