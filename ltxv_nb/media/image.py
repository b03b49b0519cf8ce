"""First frames: each kind of source made into what the service takes."""

from __future__ import annotations

import base64
import binascii
import difflib
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from ltxv_nb.errors import DownloadError, RequestError
from ltxv_nb.media import arrays, picture
from ltxv_nb.media.mp4 import open_mp4, with_threads
from ltxv_nb.media.worker.process import of_video
from ltxv_nb.text import IMAGE_SOURCES, data_uri, one_line
from ltxv_nb.vocabulary import state_word

if TYPE_CHECKING:
    from PIL import Image

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
#: Characters of a path or an address that an error repeats: it may be a whole file pasted by mistake.
_SHOWN = 160
#: Seconds before the end at which decoding starts when the last frame is wanted.
_TAIL = 0.5


@dataclass(frozen=True)
class FirstFrame:
    """A first frame, ready for the wire.

    Attributes
    ----------
    url : str
        What goes into the request: an http(s) URL as it was given, or a data URI.
    sha256 : str or None
        Hash of the picture file, in hexadecimal; ``None`` for a URL, which only the service reads.
    data : bytes or None
        The picture file; ``None`` for a URL.
    media_type : str or None
        ``image/jpeg``, ``image/png`` or ``image/webp``; ``None`` for a URL.
    """

    url: str
    sha256: str | None = None
    data: bytes | None = None
    media_type: str | None = None

    @classmethod
    def of(cls, data: bytes, media_type: str) -> FirstFrame:
        """Wrap a picture file as a data URI."""
        return cls(data_uri(data, media_type), hashlib.sha256(data).hexdigest(), data, media_type)

    def __repr__(self) -> str:
        if self.data is None:
            return f"FirstFrame({self.url!r})"
        return f"FirstFrame({self.media_type}, {len(self.data)} bytes, sha256:{(self.sha256 or '')[:12]}...)"


def prepare(source: Any, frame_size: tuple[int, int]) -> FirstFrame:
    """Make a first frame ready for the wire. The same source always gives the same frame.

    Parameters
    ----------
    source : str, path-like, bytes, PIL image, array, job or video
        A path, an http(s) URL (passed on as it is), a picture file's bytes, a PIL image, an array (see
        `ltxv_nb.media.arrays`), a data URI, or an earlier job or video, of which the last frame is taken.
    frame_size : tuple of int
        Width and height of the clip, in pixels; a larger picture is scaled down to cover it.

    Returns
    -------
    FirstFrame
        The frame.

    Raises
    ------
    RequestError
        The source is none of these, or not a picture that can be read; it is named in the message.
    """
    from PIL import Image

    if isinstance(source, str):
        return _from_text(source.strip(), frame_size)
    if isinstance(source, os.PathLike):
        return _from_file(os.fspath(source), frame_size)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return FirstFrame.of(*picture.encode(bytes(source), "The first frame", frame_size))
    if isinstance(source, Image.Image):
        return _from_image(source, frame_size)
    if arrays.is_array(source):
        return FirstFrame.of(picture.draw(arrays.to_image(source), frame_size), "image/jpeg")
    video = _finished_video(source) if hasattr(source, "video") else source
    if hasattr(video, "path"):
        return _from_video(video, frame_size)
    raise RequestError(f"The first frame is of type {type(source).__name__}, but it can be {IMAGE_SOURCES}.")


def _from_text(text: str, frame_size: tuple[int, int]) -> FirstFrame:
    if not text:
        raise RequestError(f"The first frame is empty; it can be {IMAGE_SOURCES}.")
    if text[:5].lower() == "data:":
        return _from_data_uri(text, frame_size)
    scheme = _SCHEME.match(text)
    if not scheme:
        return _from_file(text, frame_size)
    if scheme[1].lower() not in {"http", "https"}:
        raise RequestError(
            f"The first frame {one_line(text, _SHOWN)!r} is a {scheme[1]}:// address, which the service "
            f"cannot read. It can be {IMAGE_SOURCES}."
        )
    return FirstFrame(_checked_url(text))


def _checked_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0 and not re.search(r"[\s\\\x00-\x1f\x7f]", text)
    except ValueError:
        usable = False
    if not usable:
        raise RequestError(
            f"The first frame's address {one_line(text, _SHOWN)!r} is not a complete http(s) URL."
        )
    if "@" in parts.netloc:
        raise RequestError(
            "The first frame's address carries a user name or password, which would go to the service. "
            "Download the picture and give its path."
        )
    return text


def _from_data_uri(text: str, frame_size: tuple[int, int]) -> FirstFrame:
    head, comma, body = text[5:].partition(",")
    kind, *parameters = [part.strip().lower() for part in head.split(";")]
    if not comma or not kind.startswith("image/"):
        raise RequestError(
            f"The first frame is a data URI of {kind or 'no stated type'}, but it can only hold a picture: "
            "data:image/png;base64,..."
        )
    try:
        raw = unquote_to_bytes(body)
        data = base64.b64decode(b"".join(raw.split()), validate=True) if "base64" in parameters else raw
    except (binascii.Error, ValueError):
        raise RequestError(
            "The first frame is a data URI whose Base64 text is damaged or cut short."
        ) from None
    name = f"The first frame (a data URI of {kind})"
    claimed = kind.replace("image/jpg", "image/jpeg")
    return FirstFrame.of(*picture.encode(data, name, frame_size, claimed))


def _from_file(name: str | bytes, frame_size: tuple[int, int]) -> FirstFrame:
    text = os.fsdecode(name)
    shown = f"The first frame {one_line(text, _SHOWN)!r}"
    try:
        path = Path(text).expanduser()
        folder = path.is_dir()
        data = b"" if folder else _read(path)
    except FileNotFoundError:
        raise _missing(path, shown) from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RequestError(f"{shown} cannot be read ({reason}).") from error
    if folder:
        raise RequestError(f"{shown} is a folder, not a picture.")
    return FirstFrame.of(*picture.encode(data, shown, frame_size))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(picture.MAX_BYTES + 1)


def _missing(path: Path, shown: str) -> RequestError:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return RequestError(
            f"{shown} does not exist: there is no folder {one_line(str(path.parent), _SHOWN)!r}."
        )
    near = difflib.get_close_matches(path.name, names, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return RequestError(f"{shown} does not exist; it was looked for in {path.parent.absolute()}.{hint}")


def _from_image(image: Image.Image, frame_size: tuple[int, int]) -> FirstFrame:
    if not image.width or not image.height:
        raise RequestError("The first frame is a PIL image without pixels.")
    try:
        return FirstFrame.of(picture.draw(image, frame_size), "image/jpeg")
    except Exception as error:
        raise RequestError(f"The first frame is a PIL image that cannot be read ({error}).") from error


def _finished_video(job: Any) -> Any:
    """Return a job's video."""
    if job.video is None:
        raise RequestError(
            f"The first frame is to be the last of job {getattr(job, 'id', '?')}, which has no video "
            f"(it is {state_word(getattr(job, 'status', 'unfinished'))}). Wait until it is finished."
        )
    return job.video


def _from_video(video: Any, frame_size: tuple[int, int]) -> FirstFrame:
    try:
        frame = last_frame(video.path)
    except DownloadError as error:
        raise RequestError(f"The last frame of the earlier video cannot be read: {error}") from error
    return FirstFrame.of(picture.draw(frame, frame_size), "image/jpeg")


def last_frame(path: str | os.PathLike[str]) -> Image.Image:
    """Return the last picture of a video.

    Parameters
    ----------
    path : path-like
        An MP4 file.

    Returns
    -------
    PIL.Image.Image
        The picture, RGB, in the video's own size.

    Raises
    ------
    DownloadError
        The file is missing, has no pictures that can be read, or cannot be opened safely.
    """
    from PIL import Image

    facts, data = of_video("last frame", path)
    width, height = facts.get("width"), facts.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or len(data) != width * height * 3 > 0:
        raise DownloadError(f"The last frame of the video {os.fspath(path)} cannot be read.")
    return Image.frombytes("RGB", (width, height), data)


def last_frame_here(path: str | os.PathLike[str]) -> Image.Image:
    """Do what `last_frame` does in this very process, which is the one for files from outside."""
    with open_mp4(path) as container:
        stream = with_threads(container.streams.video[0])
        end = (container.duration or 0) + (container.start_time or 0)
        last = None
        # Some files have no key frame to seek to so near their end; then all of it is decoded.
        for start in (end - int(_TAIL * 1_000_000), 0):
            container.seek(max(start, 0))
            for frame in container.decode(stream):
                last = frame
            if last is not None:
                image: Image.Image = last.to_image()  # type: ignore[no-untyped-call]
                return image
    raise DownloadError(f"The video {path} has no picture that can be read. Download it again.")
