"""Opening an MP4: is the file all there, and can its pictures be read."""

from __future__ import annotations

import contextlib
import errno
from typing import TYPE_CHECKING, BinaryIO

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.samples import MAX_INDEX, Box, Extent, measure
from ltxv_nb.media.worker.limits import THREADS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: The first box of an MP4 or QuickTime file (ISO/IEC 14496-12, 4.3, and QuickTime's older habits).
_FIRST_BOXES = {b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
#: Boxes whose content is read here: where the samples are.
_INDEXES = {b"moov", b"moof", b"sidx"}


def check_whole(path: str | os.PathLike[str]) -> Extent:
    """Check that a file is made of MP4 boxes, each of them complete, and that all its samples lie within it.

    A file that was cut off is still a file to a decoder, which plays what there is. The boxes say how long
    they are, so here the difference shows.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Extent
        How long its pictures last, by its own tables.

    Raises
    ------
    DownloadError
        The file is missing, empty, something else than an MP4, damaged, or cut short.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path-like of any kind
            size = file.seek(0, 2)
            return measure(_boxes(file, size), size)
    except OSError as error:
        raise DownloadError(f"The video file {path} cannot be read ({error.strerror or error}).") from error


def _boxes(file: BinaryIO, size: int) -> list[Box]:
    if not size:
        raise DownloadError("The file is empty: no video arrived. Download it again.")
    found: set[bytes] = set()
    boxes: list[Box] = []
    position = 0
    while position < size:
        kind, length = _read_box(file, position, size)
        if not found and kind not in _FIRST_BOXES:
            raise DownloadError("The file is not an MP4 video. Download it again.")
        if length is None:
            if {b"moov", b"mdat"} <= found:
                break  # Padding after a whole video harms no player.
            raise DownloadError(f"The video is damaged at byte {position} of {size}. Download it again.")
        if position + length > size:
            raise DownloadError(
                f"The video is cut short: {size} of at least {position + length} bytes are there. "
                "Download it again."
            )
        found.add(kind)
        boxes.append(Box(kind, position, _body(file, position, length) if kind in _INDEXES else b""))
        position += length
    if not {b"moov", b"mdat"} <= found:
        raise DownloadError(
            "The video is cut short: its pictures or its index are missing. Download it again."
        )
    return boxes


def _read_box(file: BinaryIO, position: int, size: int) -> tuple[bytes, int | None]:
    """Return a box's kind and its length in bytes; no length where there is no box."""
    file.seek(position)
    header = file.read(16)
    length, kind = int.from_bytes(header[:4], "big"), header[4:8]
    if length == 1 and len(header) == 16:
        length = int.from_bytes(header[8:16], "big")
    elif length == 0:
        length = size - position  # The last box may leave its length open.
    readable = len(kind) == 4 and all(0x20 <= byte < 0x7F or byte == 0xA9 for byte in kind)
    return kind, length if readable and length >= 8 else None


def _body(file: BinaryIO, position: int, length: int) -> bytes:
    if length > MAX_INDEX:
        raise DownloadError("The video is damaged: its index makes no sense. Download it again.")
    file.seek(position)
    head = 16 if file.read(4) == b"\0\0\0\x01" else 8
    file.seek(position + head)
    return file.read(length - head)


#: Pixels of a picture from which on more threads save more than they cost: those of 720p.
_WORTH_THREADS = 1280 * 720


def with_threads(stream: VideoStream, threads: int = THREADS) -> VideoStream:
    """Let a stream be decoded on a few processors, unless its pictures are so small that one is quicker."""
    if stream.codec_context is not None:
        is_small = stream.width * stream.height < _WORTH_THREADS
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 1 if is_small else threads
    return stream


def sound_of(container: InputContainer) -> AudioStream | None:
    """Return the first sound track that can be decoded here."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


@contextlib.contextmanager
def open_mp4(path: str | os.PathLike[str]) -> Iterator[InputContainer]:
    """Open a video for reading, by the MP4 demuxer alone.

    The file comes from outside. Left to guess, the library would also read play lists and other formats that
    name further files and addresses, and it takes a name such as ``a:b.mp4`` for an address.

    Parameters
    ----------
    path : path-like
        The file.

    Yields
    ------
    av.container.InputContainer
        The open container; it has at least one video stream.

    Raises
    ------
    DownloadError
        The file is missing, or cannot be read as an MP4 with pictures (also while the block runs).
    """
    import av
    from av.error import FFmpegError

    try:
        file = open(path, "rb")  # noqa: PTH123, SIM115 - a path-like of any kind, closed below
    except OSError as error:
        raise DownloadError(f"The video file {path} cannot be read ({error.strerror or error}).") from error
    try:
        # The names of tracks need not be UTF-8, and are of no interest.
        with file, av.open(file, format="mov", metadata_errors="replace") as container:
            if not container.streams.video:
                raise DownloadError(f"The file {path} holds no pictures. Download it again.")
            yield container
    except FFmpegError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        reason = error.strerror or str(error)
        raise DownloadError(
            f"The file {path} cannot be read as a video ({reason}). Download it again."
        ) from error
