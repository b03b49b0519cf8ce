"""Frames and sound into one MP4 file: H.264 and AAC, the index in front, nothing that depends on the time."""

from __future__ import annotations

import threading
from fractions import Fraction
from queue import Queue
from typing import TYPE_CHECKING, Any, cast

import av
from av.video.reformatter import ColorRange, Colorspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from PIL import Image

    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.planes import Planes

#: Speed before size: the figures in `benchmarks/bench_render.py` are reached with these. One thread, because
#: the drawing keeps the other core busy.
VIDEO_OPTIONS = {
    "preset": "ultrafast",
    "crf": "23",
    "g": "50",
    "x264-params": "threads=1:deblock=1,1",
}

SAMPLE_RATE = 48000

#: BT.709, as the colours were computed: matrix, primaries and transfer share this number in H.264.
_BT709 = 1

_END = None


def write_clip(
    path: Path, spec: ClipSpec, draw: Callable[[int], Planes], sound: Iterator[av.AudioFrame] | None
) -> None:
    """Write one clip.

    Parameters
    ----------
    path : Path
        The file; overwritten.
    spec : ClipSpec
        Frame size, rate and length.
    draw : callable
        Gives the frame of an index. Called in order, in a thread of its own, so that drawing
        goes on while the encoder works.
    sound : iterator of av.AudioFrame or None
        The sound track, `SAMPLE_RATE`, stereo, exactly as long as the clip; ``None`` for a silent file.
    """
    with av.open(
        str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}
    ) as out:
        video = _video_stream(out, spec)
        audio: Any = None
        if sound is not None:
            audio = out.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
            audio.bit_rate = 96_000
        for index, frame in enumerate(_drawn_ahead(spec, draw)):
            frame.pts = index
            out.mux(video.encode(frame))
            if sound is not None:
                _mux_sound(out, audio, sound, until=(index + 1) / spec.fps)
        out.mux(video.encode(None))
        if sound is not None:
            _mux_sound(out, audio, sound, until=float("inf"))
            out.mux(audio.encode(None))


def _video_stream(out: av.container.OutputContainer, spec: ClipSpec) -> Any:
    stream = cast("Any", out.add_stream("libx264", rate=spec.fps, options=VIDEO_OPTIONS))
    stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, spec.fps)
    context = stream.codec_context
    context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
    context.color_primaries = context.color_trc = _BT709
    return stream


def _mux_sound(out: Any, stream: Any, sound: Iterator[av.AudioFrame], until: float) -> None:
    """Write sound up to a moment of the clip, in seconds, so that the two tracks are interleaved."""
    for frame in sound:
        out.mux(stream.encode(frame))
        if ((frame.pts or 0) + frame.samples) / SAMPLE_RATE >= until:
            return


def _drawn_ahead(spec: ClipSpec, draw: Callable[[int], Planes]) -> Iterator[av.VideoFrame]:
    """Yield the frames, drawn up to three ahead of the encoder."""
    ready: Queue[av.VideoFrame | BaseException | None] = Queue(maxsize=3)
    stop = threading.Event()

    def work() -> None:
        try:
            for index in range(spec.frames):
                if stop.is_set():
                    return
                ready.put(_frame(draw(index)))
            ready.put(_END)
        except BaseException as error:  # noqa: BLE001 - passed to the thread that waits for frames
            ready.put(error)

    thread = threading.Thread(target=work, name="draw", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            if not ready.empty():
                ready.get_nowait()
            thread.join(0.01)


def _frame(planes: Planes) -> av.VideoFrame:
    width, height = planes.size
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(frame.planes, (planes.y, planes.u, planes.v), strict=True):
        target.update(_rows(source, target.line_size, target.buffer_size))
    frame.color_range, frame.colorspace = ColorRange.MPEG, Colorspace.ITU709
    return frame


def _rows(image: Image.Image, line_size: int, buffer_size: int) -> bytes:
    """Return the bytes of a plane, each row padded to what the encoder's buffer has."""
    data = image.tobytes()
    if line_size != image.width:
        pad, width = bytes(line_size - image.width), image.width
        data = b"".join(data[start : start + width] + pad for start in range(0, len(data), width))
    return data.ljust(buffer_size, b"\0")
