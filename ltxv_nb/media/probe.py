"""What a finished video file holds, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import check_whole, open_mp4

if TYPE_CHECKING:
    import os

    from av.container import InputContainer
    from av.video.stream import VideoStream


@dataclass(frozen=True)
class Probe:
    """The facts of one video file.

    Attributes
    ----------
    width, height : int
        Size of the picture, in pixels.
    duration : float
        Length of the picture track, in seconds.
    fps : float
        Frames per second, on average.
    has_audio : bool
        Whether there is a sound track.
    size_bytes : int
        Size of the file, in bytes.
    """

    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool
    size_bytes: int


def probe(path: str | os.PathLike[str]) -> Probe:
    """Open a video, check that it is whole, decode its first picture, and tell what it holds.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Probe
        Its facts.

    Raises
    ------
    DownloadError
        It is not a whole, real MP4: missing, empty, cut short, a page instead of a video, without pictures.
    """
    check_whole(path)
    with open_mp4(path) as container:
        stream = container.streams.video[0]
        first = next(container.decode(stream), None)
        if first is None:
            raise DownloadError(f"The video {path} has no picture that can be read. Download it again.")
        return Probe(
            width=first.width,
            height=first.height,
            duration=_duration(container, stream),
            fps=float(stream.average_rate or 0),
            has_audio=bool(container.streams.audio),
            size_bytes=Path(path).stat().st_size,
        )


def _duration(container: InputContainer, stream: VideoStream) -> float:
    """Length in seconds; the picture track's own, as sound is padded to whole packets."""
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base), 6)
    return round((container.duration or 0) / 1_000_000, 6)
