"""A small copy of a video, for inside the notebook: whole length, low bit rate."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import open_mp4, sound_of, with_threads
from ltxv_nb.media.worker.limits import THREADS
from ltxv_nb.media.worker.process import of_video

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

#: Three clips, each with a poster of 40 kB and a third more by Base64, stay under 3 MB with this.
MAX_BYTES = 650_000
_WIDTHS = (640, 480, 320, 240)
_TOP_FPS = 30
#: Bits a pixel below which a smaller picture looks better than a larger one.
_BITS_PER_PIXEL = 0.04
#: Brightness from 16 to 235, which is what every player expects of H.264 (``AVCOL_RANGE_MPEG``).
_LIMITED_RANGE = 1
#: Shares of the allowed size to aim at, one try each; a rate limit is kept on average only.
_SHARES = (0.92, 0.7, 0.45, 0.25)


@dataclass(frozen=True)
class CopyPlan:
    """What a copy of a video is like: its size in pixels, and what is spent on it."""

    width: int
    height: int
    rate: Fraction  # frames per second
    video_bits: int  # per second, at most
    audio_bits: int  # per second
    preset: str = "veryfast"
    crf: int = 24
    threads: int = THREADS


def preview(path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a small copy of a video: MP4, H.264, at most 640 pixels long, with AAC sound if it has sound.

    Parameters
    ----------
    path : path-like
        An MP4 file.
    max_bytes : int
        Longest copy, in bytes.

    Returns
    -------
    bytes
        The MP4, of the same length in seconds, ready to be played while it loads.

    Raises
    ------
    DownloadError
        The file cannot be read, is so long that no copy fits, or cannot be opened safely.
    """
    with tempfile.TemporaryDirectory(prefix="ltxv-") as folder:  # ours to remove, however the process ends
        _, data = of_video("preview", path, folder=folder, max_bytes=max_bytes)
    if data[4:8] != b"ftyp":
        raise DownloadError(f"No preview of the video {os.fspath(path)} could be made. Download it again.")
    return data


def preview_here(path: str | os.PathLike[str], folder: str, *, max_bytes: int) -> bytes:
    """Do what `preview` does in this very process, by way of a file in a folder that is there."""
    copy = Path(folder) / "preview.mp4"
    for share in _SHARES:
        with open_mp4(path) as source:
            copy_video(source, copy, _plan(source, int(max_bytes * share)))
        if copy.stat().st_size <= max_bytes:
            return copy.read_bytes()
    raise DownloadError(f"The video {path} is too long for a preview of {max_bytes} bytes.")


def fit(width: int, height: int, longest: int) -> tuple[int, int]:
    """Scale a size down so that no side is longer than `longest`; both sides even, as H.264 wants them."""
    scale = min(1.0, longest / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _plan(source: InputContainer, size: int) -> CopyPlan:
    """Spend a number of bytes on picture and sound."""
    stream = source.streams.video[0]
    rate = Fraction(stream.average_rate or 25)
    rate /= max(1, round(rate / 25)) if rate > _TOP_FPS else 1
    seconds = max((source.duration or 0) / 1_000_000, 1 / float(rate))
    bits = size * 8 / seconds
    audio = 0 if sound_of(source) is None else 48_000 if bits > 300_000 else 24_000
    video = max(int(bits - audio * 1.1), 20_000)
    for longest in _WIDTHS:
        width, height = fit(stream.width, stream.height, longest)
        if video >= width * height * rate * _BITS_PER_PIXEL:
            break
    return CopyPlan(width, height, rate, video, audio)


def copy_video(source: InputContainer, target: Path, plan: CopyPlan) -> None:
    """Copy pictures and sound of an open video into an MP4 file."""
    import av
    from av.audio.frame import AudioFrame
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter

    scaler = VideoReformatter()  # kept: a new one for each picture takes as long as the scaling
    origin = (source.start_time or 0) / 1_000_000
    picture = with_threads(source.streams.video[0], plan.threads)
    sound = sound_of(source) if plan.audio_bits else None
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        video = _add_video(out, picture, plan)
        audio = _add_audio(out, sound, plan) if sound is not None else None
        last = -1
        for packet in source.demux(*([picture, sound] if sound is not None else [picture])):
            for frame in packet.decode():
                if isinstance(frame, VideoFrame) and frame.pts is not None:
                    # Frames between two ticks of the copy's clock are left out.
                    tick = round((frame.time - origin) * plan.rate - Fraction(1, 4))
                    if tick > last:
                        last = tick
                        encode_into(out, video, _scaled(scaler, frame, tick, plan))
                elif isinstance(frame, AudioFrame) and audio is not None:
                    encode_into(out, audio, frame)
        for stream in filter(None, (video, audio)):
            encode_into(out, stream, None)


def _add_video(out: OutputContainer, picture: VideoStream, plan: CopyPlan) -> VideoStream:
    limit = str(plan.video_bits)
    options = {"preset": plan.preset, "crf": str(plan.crf), "maxrate": limit, "bufsize": limit}
    stream = out.add_stream("libx264", rate=plan.rate, options=options)
    stream.width, stream.height, stream.pix_fmt = plan.width, plan.height, "yuv420p"
    stream.codec_context.time_base = 1 / plan.rate
    stream.codec_context.thread_count = plan.threads
    stream.codec_context.gop_size = max(1, round(plan.rate * 2))
    # Without these a small picture is shown in the colours of standard-definition television.
    for name in ("colorspace", "color_primaries", "color_trc"):
        setattr(stream.codec_context, name, getattr(picture.codec_context, name))
    stream.codec_context.color_range = _LIMITED_RANGE
    return stream


def _add_audio(out: OutputContainer, sound: AudioStream, plan: CopyPlan) -> AudioStream:
    stream = out.add_stream("aac", rate=min(sound.rate, 48_000))
    stream.codec_context.layout = "stereo" if sound.channels > 1 and plan.audio_bits > 24_000 else "mono"
    stream.codec_context.bit_rate = plan.audio_bits
    return stream


def _scaled(scaler: VideoReformatter, frame: Any, tick: int, plan: CopyPlan) -> Any:
    small: Any = scaler.reformat(
        frame,
        width=plan.width,
        height=plan.height,
        format="yuv420p",
        interpolation="AREA",
        dst_color_range="MPEG",
    )
    small.pts, small.time_base = tick, 1 / plan.rate
    small.pict_type = 0  # The source's own choice of key frames does not fit the copy.
    return small


def encode_into(out: OutputContainer, stream: Any, frame: Any) -> None:
    """Encode and write; a full disk under the temporary folder is not the fault of the video."""
    from av.error import FFmpegError

    try:
        out.mux(stream.encode(frame))
    except FFmpegError as error:
        reason = error.strerror or str(error)
        raise DownloadError(f"A copy of the video cannot be written ({reason}).") from error
