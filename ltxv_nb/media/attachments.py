"""Videos and sounds that a model takes: each kind of source made into what the service takes.

A picture goes through `ltxv_nb.media.image`; these files are sent as they are.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from ltxv_nb.errors import RequestError
from ltxv_nb.media.image import FirstFrame
from ltxv_nb.text import one_line
from ltxv_nb.vocabulary import state_word

if TYPE_CHECKING:
    from collections.abc import Callable

#: Most bytes of a file that is sent inside a request. Base64 makes a third more of them, and gateways in
#: common use refuse bodies of more than 32 MB.
MAX_BYTES = 20 << 20

_SHOWN = 160
_SOURCES = "a path, an http(s) URL, bytes, a data URI, or an earlier job or video"


def prepare(source: Any, kind: Literal["video", "audio"]) -> FirstFrame:
    """Make a video or a sound ready for the wire.

    Parameters
    ----------
    source : str, path-like, bytes, job or video
        A path, an http(s) URL or a data URI (both passed on as they are), bytes, or an earlier job or
        video: its file, or where that is too large, the address at which the service offered it.
    kind : {"video", "audio"}
        What it has to be.

    Returns
    -------
    FirstFrame
        An address or a data URI, with the file's bytes where there are any.

    Raises
    ------
    RequestError
        It is none of these, too large, or another kind of file.
    """
    name = f"The {kind}"
    if isinstance(source, str) and source.strip()[:5].lower() == "data:":
        return _data_uri(source.strip(), kind, name)
    if isinstance(source, str) and "://" in source[:12]:
        return FirstFrame(_checked_url(source.strip(), name))
    if isinstance(source, (str, os.PathLike)):
        return _from_file(Path(os.fsdecode(source)).expanduser(), kind, name)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _of_bytes(bytes(source), kind, name)
    if hasattr(source, "video"):
        if source.video is None:
            raise RequestError(
                f"{name} is to be that of job {getattr(source, 'id', '?')}, which has none "
                f"(it is {state_word(getattr(source, 'status', 'unfinished'))}). Wait until it is finished."
            )
        source = source.video
    if hasattr(source, "path"):
        return _from_video(source, kind, name)
    raise RequestError(f"{name} is of type {type(source).__name__}, but it can be {_SOURCES}.")


def _checked_url(text: str, name: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable()
    except ValueError:
        usable = False
    if not usable or " " in text:
        raise RequestError(f"{name}'s address {one_line(text, _SHOWN)!r} is not a complete http(s) URL.")
    if "@" in parts.netloc:
        raise RequestError(
            f"{name}'s address carries a user name or password, which would go to the service. "
            "Download the file and give its path."
        )
    return text


def _data_uri(text: str, kind: str, name: str) -> FirstFrame:
    head = text[5:].partition(",")[0].lower()
    if not head.startswith(f"{kind}/") or not head.endswith(";base64"):
        raise RequestError(
            f"{name} is a data URI of {one_line(head, 40) or 'no stated type'}, but it has to be like "
            f"data:{kind}/…;base64,…"
        )
    if len(text) > MAX_BYTES * 4 // 3 + 100:
        raise _too_large(name)
    return FirstFrame(text)


def _from_file(path: Path, kind: str, name: str) -> FirstFrame:
    try:
        if path.is_dir():
            raise RequestError(f"{name} {one_line(str(path), _SHOWN)!r} is a folder, not a file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        shown = one_line(str(path), _SHOWN)
        raise RequestError(
            f"{name} {shown!r} does not exist; it was looked for in {path.parent.absolute()}."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"{name} {one_line(str(path), _SHOWN)!r} cannot be read ({reason}).") from error
    return _of_bytes(data, kind, name)


def _from_video(video: Any, kind: str, name: str) -> FirstFrame:
    path, url = Path(video.path), getattr(video, "url", None)
    if kind == "video" and url and _size(path) > MAX_BYTES:
        return FirstFrame(_checked_url(url, name))
    return _from_file(path, kind, name)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return MAX_BYTES + 1


def _of_bytes(data: bytes, kind: str, name: str) -> FirstFrame:
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    found = next((media for matches, media in _SIGNATURES if matches(data)), None)
    if kind == "audio" and found == "video/mp4" and data[8:11] == b"M4A":
        found = "audio/mp4"
    if found is None or not found.startswith(kind):
        known = "MP4, MOV or WebM" if kind == "video" else "MP3, WAV, M4A, OGG or FLAC"
        raise RequestError(f"{name} is not a file that can be sent{_but(found)}: it can be {known}.")
    return FirstFrame.of(data, found)


def _but(found: str | None) -> str:
    return f" (it is {found})" if found else ""


#: First bytes of the files that can be sent, each with its media type.
_SIGNATURES: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (lambda data: data[4:8] == b"ftyp" and data[8:12] == b"qt  ", "video/quicktime"),
    (lambda data: data[4:8] == b"ftyp", "video/mp4"),
    (lambda data: data[:4] == b"\x1aE\xdf\xa3", "video/webm"),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WAVE", "audio/wav"),
    (lambda data: data[:3] == b"ID3" or (data[:1] == b"\xff" and data[1:2] >= b"\xe0"), "audio/mpeg"),
    (lambda data: data[:4] == b"OggS", "audio/ogg"),
    (lambda data: data[:4] == b"fLaC", "audio/flac"),
)


def _too_large(name: str) -> RequestError:
    return RequestError(
        f"{name} is larger than {MAX_BYTES >> 20} MB, the most that a request can hold: give its http(s) URL."
    )
