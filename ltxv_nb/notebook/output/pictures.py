"""Pictures and other files of a request: kept as files that a cell can name, and as thumbnails."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.files import write_whole
from ltxv_nb.text import data_uri

if TYPE_CHECKING:
    from ltxv_nb.request import GenerationRequest

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


def files_as_text(request: GenerationRequest, home: Path) -> dict[str, Any]:
    """Return every file of a request as a cell names it, by parameter; a list where several were given.

    Raises
    ------
    RequestError
        One cannot be read, or not be written.
    """
    kinds = {known.key: known.media for known in request.spec.parameters}

    def named(source: Any, key: str) -> str | None:
        return as_text(source, home) if kinds[key] == "image" else _file_as_text(source, kinds[key], home)

    return {
        key: [named(one, key) for one in given] if isinstance(given, (list, tuple)) else named(given, key)
        for key, given in request.files().items()
    }


def _file_as_text(source: Any, kind: str | None, home: Path) -> str:
    """Return a video or a sound as a cell names it."""
    from ltxv_nb.media.attachments import prepare

    if isinstance(source, os.PathLike) or (isinstance(source, str) and not source.startswith("data:")):
        return os.fspath(source).strip()
    held = getattr(source, "video", source)
    path = getattr(held, "path", None)
    if isinstance(path, Path) and path.is_file():
        return str(path)
    file = prepare(source, "audio" if kind == "audio" else "video")
    if file.data is None:
        return file.url
    suffix = re.sub(r"[^a-z0-9]", "", (file.media_type or "").rpartition("/")[2])[:5] or "bin"
    return str(_write(home / "uploads" / f"{(file.sha256 or '')[:12]}-{kind}.{suffix}", file.data))


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
