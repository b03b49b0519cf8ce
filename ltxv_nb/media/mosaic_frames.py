"""The part of a mosaic that the process for files from outside does: it reads the clips and lays them out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import open_mp4, sound_of
from ltxv_nb.media.preview import CopyPlan, copy_video, encode_into
from ltxv_nb.media.worker.limits import THREADS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.filter import Graph
    from av.video.frame import VideoFrame

#: The name of the board's picture in the temporary folder.
BOARD = "board.png"
#: Bits a second of a copy's picture, more than it ever needs, and of the mosaic's sound.
_PICTURE_BITS, _SOUND_BITS = 100_000_000, 160_000
#: Of the mosaic. A slower preset would take half as long again as all the rest.
_QUALITY = {"preset": "superfast", "crf": "21"}
#: Brightness from 16 to 235, and colours, by ITU-R BT.709: ``AVCOL_RANGE_MPEG``, ``AVCOL_SPC_BT709`` and
#: its namesakes.
_LIMITED, _BT709 = 1, 1
#: What an exported file says of itself.
MARK = "Made by ltxv-nb"


class Order(TypedDict):
    """A clip to be copied at the size of its place; ``path`` and ``target`` are files, ``size`` in pixels."""

    path: str
    target: str
    size: list[int]
    sound: bool


def place_here(order: Order, rate: Fraction) -> None:
    """Copy a clip at the size of its place in a mosaic, with the mosaic's rate at most."""
    width, height = order["size"]
    sound = _SOUND_BITS if order["sound"] else 0
    plan = CopyPlan(width, height, rate, _PICTURE_BITS, sound, preset="ultrafast", crf=12, threads=1)
    with open_mp4(order["path"]) as source:
        picture = source.streams.video[0]
        if picture.codec_context is not None:
            # At half the size or less, what the filter smooths cannot be seen: 1 of 255 levels on average. In
            # pictures that no other picture is made from, leaving it out does not add up.
            skipped = "all" if picture.width >= 2 * width else "noref"
            picture.codec_context.options = {"skip_loop_filter": skipped}
        copy_video(source, Path(order["target"]), plan)


def places_here(orders: Sequence[Order], rate: Fraction) -> list[str | None]:
    """Copy several clips, a few at a time; returns for each what is wrong with it, or ``None``."""

    def place(order: Order) -> str | None:
        try:
            place_here(order, rate)
        except DownloadError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(place, orders))


def mosaic_here(
    folder: str, copies: Sequence[dict[str, Any]], sound: str | None, rate: Fraction, frames: int
) -> bytes:
    """Lay copies on the board.

    Parameters
    ----------
    folder : str
        Where the copies and the board are.
    copies : sequence of dict
        ``name`` of the file, ``left`` and ``top`` in pixels.
    sound : str or None
        The name of the copy whose sound is taken.
    rate : Fraction
        Frames a second.
    frames : int
        How many.

    Returns
    -------
    bytes
        The MP4.
    """
    import av

    made = Path(folder) / "mosaic.mp4"
    with ExitStack() as stack:
        clips = [_Clip(stack.enter_context(open_mp4(Path(folder) / copy["name"])), rate) for copy in copies]
        board = _board(Path(folder) / BOARD)
        layout = _Layout(board, clips, [(copy["left"], copy["top"]) for copy in copies], rate)
        out = stack.enter_context(av.open(str(made), "w", format="mp4", options={"movflags": "+faststart"}))
        out.metadata["comment"] = MARK
        picture: Any = out.add_stream("libx264", rate=rate, options=_QUALITY)
        picture.width, picture.height, picture.pix_fmt = board.width, board.height, "yuv420p"
        picture.codec_context.thread_count = THREADS
        picture.codec_context.color_range = _LIMITED
        for name in ("colorspace", "color_primaries", "color_trc"):
            setattr(picture.codec_context, name, _BT709)
        heard = stack.enter_context(open_mp4(Path(folder) / sound)) if sound else None
        track = sound_of(heard) if heard else None
        copied = out.add_stream_from_template(track) if track else None
        for number in range(frames):
            encode_into(out, picture, layout.frame(number))
        encode_into(out, picture, None)
        if heard is not None and track is not None:
            _copy_sound(heard, track, out, copied, frames / rate)
    return made.read_bytes()


def _copy_sound(heard: InputContainer, track: AudioStream, out: Any, copied: Any, seconds: Fraction) -> None:
    """Copy the sound as it is, as long as the pictures last."""
    for packet in heard.demux(track):
        if packet.pts is not None and packet.time_base and packet.pts * packet.time_base < seconds:
            packet.stream = copied
            out.mux(packet)


def _board(path: Path) -> VideoFrame:
    import av
    from PIL import Image

    with Image.open(path) as picture:
        frame: Any = av.VideoFrame.from_image(picture.convert("RGB"))  # type: ignore[no-untyped-call]
    board: VideoFrame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    board.colorspace = board.color_primaries = board.color_trc = _BT709
    board.color_range = _LIMITED
    return board


class _Clip:
    """A copy that is read in step with the others."""

    def __init__(self, container: InputContainer, rate: Fraction) -> None:
        self.stream = container.streams.video[0]
        self._frames = container.decode(self.stream)
        self._rate = rate
        self._shown = next(self._frames)
        self._next = next(self._frames, None)

    def frame(self, number: int) -> VideoFrame:
        """Return the picture that is shown at a tick; after the end, the last one."""
        while self._next is not None and self._tick(self._next) <= number:
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown

    def _tick(self, frame: VideoFrame) -> int:
        return round(Fraction(frame.pts or 0) * (frame.time_base or 0) * self._rate)


class _Layout:
    """The filter that lays clips on the board; it gets a picture of each for every tick."""

    def __init__(
        self, board: VideoFrame, clips: Sequence[_Clip], places: Sequence[tuple[int, int]], rate: Fraction
    ) -> None:
        from av.filter import Graph

        self._board, self._clips, self._tick = board, clips, 1 / rate
        self._graph: Graph = Graph()
        below = self._source(board)
        self._sources = [below]
        for clip, (left, top) in zip(clips, places, strict=True):
            source = self._source(clip.frame(0))
            self._sources.append(source)
            on_top = self._graph.add("overlay", f"x={left}:y={top}:format=yuv420:eof_action=repeat")
            below.link_to(on_top, 0, 0)
            source.link_to(on_top, 0, 1)
            below = on_top
        self._sink = self._graph.add("buffersink")
        below.link_to(self._sink)
        self._graph.configure()

    def _source(self, frame: VideoFrame) -> Any:
        return self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=self._tick
        )

    def frame(self, number: int) -> Any:
        """Return the mosaic at a tick."""
        pictures = (self._board, *(clip.frame(number) for clip in self._clips))
        for source, picture in zip(self._sources, pictures, strict=True):
            picture.pts, picture.time_base = number, self._tick
            source.push(picture)
        made: Any = self._sink.pull()
        made.pict_type = 0
        return made
