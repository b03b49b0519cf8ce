"""What a finished video file holds, and whether it is whole."""

from __future__ import annotations

import errno
import math
import os
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import check_whole, open_mp4, with_threads
from ltxv_nb.media.worker.process import of_video
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from ltxv_nb.media.samples import Extent

#: A clip may be this many frames shorter than it should be.
FRAMES_SHORT = 2.5
#: The last packets, all of whose pictures are decoded; before them those that no other needs are left out.
_LAST_PACKETS = 16
#: Seconds after which the end of a long clip is taken as it is.
_LAST_SECONDS = 20.0


# That its module begins like `ltxv_nb.journal.leases` is chance: imports, limits and a plain record.
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
    doubt : str or None
        What speaks against a whole video although it can be played, in words that follow "The video".
    open_ended : bool
        Whether a file that was cut at a certain place would look just the same; see
        `ltxv_nb.media.samples.Extent`.
    """

    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool
    size_bytes: int
    doubt: str | None = None
    open_ended: bool = False


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
        It is not a whole, real MP4: missing, empty, cut short, a page instead of a video, without pictures;
        or it cannot be opened safely.
    WorkerUnavailable
        It cannot be opened at all just now; a `DownloadError` that says nothing about the file.
    """
    facts, _ = of_video("probe", path)
    doubt = facts.get("doubt")
    try:
        return Probe(
            width=_size(facts["width"]),
            height=_size(facts["height"]),
            duration=_number(facts["duration"]),
            fps=_number(facts["fps"]),
            has_audio=facts["has_audio"] is True,
            size_bytes=Path(path).stat().st_size,
            doubt=None if doubt is None else one_line(str(doubt), 200),
            open_ended=facts["open_ended"] is True,
        )
    except (KeyError, TypeError, ValueError, OSError):
        raise DownloadError(f"The video {os.fspath(path)} cannot be read. Download it again.") from None


def _size(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 65536:
        raise ValueError
    return value


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not 0 <= value < 1e6:  # not so when it is no number either
        raise ValueError
    return float(value)


def probe_here(path: str | os.PathLike[str]) -> Probe:
    """Do what `probe` does in this very process, which is the one for files from outside."""
    extent = check_whole(path)
    with open_mp4(path) as container:
        stream = with_threads(container.streams.video[0])
        facts: dict[str, Any] = {
            "duration": _duration(container, stream, extent),
            "fps": float(stream.average_rate or 0),
            "has_audio": bool(container.streams.audio),
            "size_bytes": Path(path).stat().st_size,
            "open_ended": extent.open_ended,
        }
        if stream.codec_context is None:
            raise DownloadError(f"The pictures of {path} are in a format that is not known here.")
        stream.codec_context.options = {"skip_loop_filter": "all"}  # nobody looks at these pictures
        first = next(container.decode(stream), None)
        if first is None:
            raise DownloadError(f"The video {path} has no picture that can be read. Download it again.")
        doubt = _too_short(extent, facts["fps"]) or _end_in_doubt(container, stream, extent)
    return Probe(width=first.width, height=first.height, doubt=doubt, **facts)


def _duration(container: InputContainer, stream: VideoStream, extent: Extent) -> float:
    """Length in seconds; the picture track's own, as sound is padded to whole packets."""
    if stream.duration and stream.time_base:
        return round(float(stream.duration * stream.time_base), 6)
    return round(extent.seconds or (container.duration or 0) / 1_000_000, 6)


def _too_short(extent: Extent, fps: float) -> str | None:
    if extent.promised is None or extent.seconds >= extent.promised - FRAMES_SHORT / (fps or 25):
        return None
    return f"holds {extent.seconds:.2f} s of the {extent.promised:.2f} s that its header promises"


def _end_in_doubt(container: InputContainer, stream: VideoStream, extent: Extent) -> str | None:
    """Decode from the last key frame to the end, and tell if the last picture is not there."""
    stream.codec_context.skip_frame = "NONREF"
    pictures = extent.seconds * float(stream.average_rate or 0)
    # From a lone key frame it goes on as it is; of a few pictures the decoder may have taken all by now.
    goes_on = extent.one_key_frame and pictures > _LAST_PACKETS
    if stream.time_base and not goes_on:
        container.seek(int(extent.seconds / stream.time_base), stream=stream)
    end = _End()
    waiting: deque[Packet[VideoStream]] = deque()
    until = time.monotonic() + _LAST_SECONDS
    for packet in container.demux(stream):
        waiting.append(packet)
        if len(waiting) > _LAST_PACKETS:
            end.decode(waiting.popleft())
        if time.monotonic() > until:
            return None
    stream.codec_context.skip_frame = "DEFAULT"
    for packet in waiting:
        end.decode(packet)
    late = FRAMES_SHORT / float(stream.average_rate or 25)
    return "ends with pictures that cannot be decoded" if end.shown < end.wanted - late else None


class _End:
    """When the last picture of a file is to be shown, and when the last that can be decoded, in seconds."""

    def __init__(self) -> None:
        self.wanted = self.shown = -math.inf

    def decode(self, packet: Packet[VideoStream]) -> None:
        from av.error import FFmpegError

        if packet.pts is not None and packet.time_base and not packet.is_discard:
            self.wanted = max(self.wanted, float(packet.pts * packet.time_base))
        try:
            frames = packet.decode()
        except FFmpegError as error:
            if error.errno == errno.ENOMEM:
                raise
            return
        for frame in frames:
            if frame.time is not None:
                self.shown = max(self.shown, frame.time)
