"""The still picture that is shown in place of a video until it plays."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import open_mp4, with_threads
from ltxv_nb.media.preview import fit, preview
from ltxv_nb.media.worker.process import of_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from PIL import Image

__all__ = ["poster", "preview"]

#: How far into the video to look for a picture that shows something, and how often, in seconds.
_LOOK_UNTIL, _LOOK_EVERY = 3.0, 0.5
#: Spread of brightness (0-127) from which on a picture shows something; black and fades stay well below.
_TELLING = 16.0
_QUALITIES = (82, 72, 60, 48, 36)


def poster(path: str | os.PathLike[str], *, max_width: int = 640, max_bytes: int = 40_000) -> bytes:
    """Return an early picture of a video as a JPEG: the first one, unless it is black or nearly so.

    Parameters
    ----------
    path : path-like
        An MP4 file.
    max_width : int
        Longest side of the picture, in pixels; it is never scaled up.
    max_bytes : int
        Longest file, in bytes; the picture loses quality, then size, to fit.

    Returns
    -------
    bytes
        The JPEG.

    Raises
    ------
    DownloadError
        The file is missing, has no pictures that can be read, or cannot be opened safely.
    """
    _, data = of_video("poster", path, max_width=max_width, max_bytes=max_bytes)
    if not data.startswith(b"\xff\xd8"):
        raise DownloadError(f"No poster of the video {os.fspath(path)} could be made. Download it again.")
    return data


def poster_here(path: str | os.PathLike[str], *, max_width: int, max_bytes: int) -> bytes:
    """Do what `poster` does in this very process, which is the one for files from outside."""
    best, best_score = None, -1.0
    with open_mp4(path) as container:
        for frame in _candidates(container):
            width, height = fit(frame.width, frame.height, max_width)
            picture = _to_image(frame, width, height)
            score = _contrast(picture)
            if score > best_score:
                best, best_score = picture, score
            if score >= _TELLING:
                break
    if best is None:
        raise DownloadError(f"The video {path} has no picture that can be read. Download it again.")
    return _jpeg(best, max_bytes)


def _candidates(container: InputContainer) -> Iterator[VideoFrame]:
    stream = with_threads(container.streams.video[0])
    due = 0.0
    for number, frame in enumerate(container.decode(stream)):
        time = frame.time if frame.pts is not None else number / 25
        if time > _LOOK_UNTIL:
            return
        if not number or time >= due:
            due = time + _LOOK_EVERY
            yield frame


def _to_image(frame: VideoFrame, width: int, height: int) -> Image.Image:
    scaled = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    image: Image.Image = scaled.to_image()  # type: ignore[no-untyped-call]
    return image


def _contrast(picture: Image.Image) -> float:
    from PIL import ImageStat

    return float(ImageStat.Stat(picture.convert("L").resize((64, 36))).stddev[0])


def _jpeg(picture: Image.Image, max_bytes: int) -> bytes:
    while True:
        for quality in _QUALITIES:
            out = io.BytesIO()
            picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
            if out.tell() <= max_bytes or max(picture.size) <= 32:
                return out.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
