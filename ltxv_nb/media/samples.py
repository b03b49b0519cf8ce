"""Where an MP4 says that its samples lie, and how long they last: does the file hold all that it promises.

The names of boxes and fields are those of ISO/IEC 14496-12. Every count is compared with the bytes that are
there before anything is done that many times.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longest index that is read, in bytes; that of a clip of 10 s takes some kilobytes.
MAX_INDEX = 64 << 20
#: "Not known" in a field of 32 bits, and of 64.
_UNKNOWN = {0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}


@dataclass(frozen=True)
class Extent:
    """What a file's boxes tell of its picture track.

    Attributes
    ----------
    seconds : float
        How long its samples last, in seconds.
    promised : float or None
        How long they should last by the file's own headers, in seconds; ``None`` where these do not say.
    open_ended : bool
        Whether the file is in fragments and nothing in it tells how many, so that a cut between two of them
        does not show.
    one_key_frame : bool
        Whether only its first picture can be decoded by itself, so that there is no shorter way to the last.
    """

    seconds: float
    promised: float | None
    open_ended: bool
    one_key_frame: bool = False


class Box(NamedTuple):
    """One box of the top level: its kind, and what is in it if that was read."""

    kind: bytes
    start: int
    body: bytes


@dataclass
class _Track:
    scale: int
    is_picture: bool
    promised: int  # in units of 1/scale second
    ticks: int  # the same, of the samples that are there
    one_key_frame: bool = False
    defaults: tuple[int, int] = (0, 0)  # duration and size of a sample in a fragment


@dataclass
class _File:
    """What is known so far."""

    size: int
    tracks: dict[int, _Track] = field(default_factory=dict)
    fragmented: bool = False
    begun: bool = False  # the first fragment was met
    closed: bool = False  # something tells where the fragments end
    promised: float | None = None  # by the header of all fragments, in seconds
    indexed: float | None = None  # by an index of all fragments


def measure(boxes: list[Box], size: int) -> Extent:
    """Check that all samples lie within the file, and tell how long its pictures last.

    Parameters
    ----------
    boxes : list of Box
        The boxes of the top level in their order, with the bodies of ``moov``, ``moof`` and ``sidx``.
    size : int
        Length of the file, in bytes.

    Raises
    ------
    DownloadError
        A sample lies outside of it, or the index makes no sense.
    """
    file = _File(size)
    try:
        for box in boxes:
            if box.kind == b"moov":
                _read_moov(file, box.body)
            elif box.kind == b"moof":
                file.fragmented = file.begun = True
                _read_moof(file, box)
            elif box.kind == b"sidx":
                _read_sidx(file, box)
            elif box.kind == b"mfra":
                file.closed = True
    except (struct.error, IndexError):
        raise _damaged() from None
    return _extent(file)


def _extent(file: _File) -> Extent:
    pictures = [track for track in file.tracks.values() if track.is_picture]
    if not pictures:
        return Extent(0.0, None, open_ended=False)  # whoever opens it says what is missing
    track = max(pictures, key=lambda one: one.ticks / one.scale)
    seconds, promised = track.ticks / track.scale, file.promised or file.indexed
    if not file.fragmented and track.promised not in _UNKNOWN:
        promised = track.promised / track.scale
    open_ended = file.fragmented and not file.closed and promised is None
    return Extent(seconds, promised, open_ended, one_key_frame=track.one_key_frame and not file.fragmented)


# -- the index at one place ------------------------------------------------------------------------------


def _read_moov(file: _File, moov: bytes) -> None:
    movie_scale = 0
    for kind, body in _inside(moov):
        if kind == b"mvhd":
            movie_scale = _scale_and_duration(body)[0]
        elif kind == b"trak":
            _read_trak(file, dict(_inside(body)))
        elif kind == b"mvex":
            _read_mvex(file, body, movie_scale)


def _read_trak(file: _File, trak: dict[bytes, bytes]) -> None:
    media = dict(_inside(trak.get(b"mdia", b"")))
    tables = dict(_inside(dict(_inside(media.get(b"minf", b""))).get(b"stbl", b"")))
    if not {b"tkhd"} <= trak.keys() or not {b"mdhd", b"hdlr"} <= media.keys():
        raise _damaged()
    number = struct.unpack_from(">I", trak[b"tkhd"], 20 if trak[b"tkhd"][0] == 1 else 12)[0]
    scale, promised = _scale_and_duration(media[b"mdhd"])
    if not scale:
        raise _damaged()
    count, sizes, same = _sizes(tables)
    if count:
        _check_chunks(file, tables, count, sizes, same)
    ticks = _ticks(tables.get(b"stts"), count)
    one_key_frame = b"stss" in tables and _count(tables[b"stss"]) == 1
    file.tracks[number] = _Track(scale, media[b"hdlr"][8:12] == b"vide", promised, ticks, one_key_frame)


def _scale_and_duration(body: bytes) -> tuple[int, int]:
    scale, duration = (
        struct.unpack_from(">IQ", body, 20) if body[0] == 1 else struct.unpack_from(">II", body, 12)
    )
    return int(scale), int(duration)


def _sizes(tables: dict[bytes, bytes]) -> tuple[int, array[int], int]:
    """Return how many samples there are, and the sizes of each, or the one size that all of them have."""
    if b"stz2" in tables:
        bits, count = struct.unpack_from(">BI", tables[b"stz2"], 7)
        if bits == 4:
            pairs = _numbers(tables[b"stz2"], 12, (count + 1) // 2, "B")
            return count, array("B", (half for two in pairs for half in (two >> 4, two & 15)))[:count], 0
        return count, _numbers(tables[b"stz2"], 12, count, "B" if bits == 8 else "H"), 0
    if b"stsz" not in tables:
        return 0, array("I"), 0
    same, count = struct.unpack_from(">II", tables[b"stsz"], 4)
    return count, array("I") if same else _numbers(tables[b"stsz"], 12, count, "I"), same


def _check_chunks(file: _File, tables: dict[bytes, bytes], count: int, sizes: array[int], same: int) -> None:
    """Check that each chunk of samples lies within the file, and that each sample is in a chunk."""
    if b"co64" in tables:
        offsets = _numbers(tables[b"co64"], 8, _count(tables[b"co64"]), "Q")
    elif b"stco" in tables:
        offsets = _numbers(tables[b"stco"], 8, _count(tables[b"stco"]), "I")
    else:
        raise _damaged()
    runs = _numbers(tables.get(b"stsc", b""), 8, _count(tables.get(b"stsc", b"")) * 3, "I")
    bounds = [*runs[::3], len(offsets) + 1]
    placed = 0
    for (first, following), samples in zip(pairwise(bounds), runs[1::3], strict=True):
        if not 1 <= first <= following <= len(offsets) + 1:
            raise _damaged()
        for offset in offsets[first - 1 : following - 1]:
            held = min(samples, count - placed)
            file_end = offset + (held * same or sum(sizes[placed : placed + held]))
            if file_end > file.size:
                raise _outside(file_end, file.size)
            placed += held
    if placed < count:
        raise _damaged()


def _ticks(stts: bytes | None, count: int) -> int:
    """Return how long a number of samples last."""
    if stts is None:
        return 0
    table, ticks = _numbers(stts, 8, _count(stts) * 2, "I"), 0
    for samples, delta in zip(table[::2], table[1::2], strict=True):
        ticks += min(samples, count) * delta
        count -= min(samples, count)
    return ticks


# -- fragments -------------------------------------------------------------------------------------------


def _read_mvex(file: _File, mvex: bytes, movie_scale: int) -> None:
    file.fragmented = True
    for kind, body in _inside(mvex):
        if kind == b"trex":
            number, _description, duration, size = struct.unpack_from(">IIII", body, 4)
            if number in file.tracks:
                file.tracks[number].defaults = (duration, size)
        elif kind == b"mehd" and movie_scale:
            promised = struct.unpack_from(">Q" if body[0] == 1 else ">I", body, 4)[0]
            if promised not in _UNKNOWN:
                file.promised = promised / movie_scale


def _read_moof(file: _File, moof: Box) -> None:
    end = moof.start
    for kind, body in _inside(moof.body):
        if kind == b"traf":
            end = _read_traf(file, list(_inside(body)), moof.start, end)


def _read_traf(file: _File, traf: list[tuple[bytes, bytes]], moof: int, end: int) -> int:
    """Add one track's part of a fragment; returns where its samples end in the file."""
    header = next((body for kind, body in traf if kind == b"tfhd"), b"")
    flags, number = struct.unpack_from(">II", header)
    track = file.tracks.get(number)
    if track is None:
        raise _damaged()
    at, base, defaults = 8, moof if flags & 0x020000 else end, list(track.defaults)
    if flags & 0x1:
        base, at = struct.unpack_from(">Q", header, at)[0], at + 8
    at += 4 if flags & 0x2 else 0
    for place, flag in enumerate((0x8, 0x10)):
        if flags & flag:
            defaults[place], at = struct.unpack_from(">I", header, at)[0], at + 4
    end = base
    for kind, body in traf:
        if kind == b"trun":
            ticks, end = _read_trun(body, base, end, defaults, file.size)
            track.ticks += ticks
    return end


def _read_trun(body: bytes, base: int, start: int, defaults: list[int], size: int) -> tuple[int, int]:
    """Return how long a run of samples lasts, and where it ends in the file."""
    flags, count = struct.unpack_from(">II", body)
    at = 8
    if flags & 0x1:
        start, at = base + struct.unpack_from(">i", body, at)[0], at + 4
    at += 4 if flags & 0x4 else 0
    fields = [flag for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag]
    table = _numbers(body, at, count * len(fields), "I")
    columns = {flag: sum(table[place :: len(fields)]) for place, flag in enumerate(fields)}
    end = start + columns.get(0x200, defaults[1] * count)
    # A sample takes at least a byte; without fields nothing else would bound their number.
    if start < 0 or count > size or end > size:
        raise _outside(max(end, start + count), size)
    return columns.get(0x100, defaults[0] * count), end


def _read_sidx(file: _File, sidx: Box) -> None:
    """Add up an index of segments, which stands before them and tells their sizes and lengths."""
    body = sidx.body
    number, scale = struct.unpack_from(">II", body, 4)
    at = 28 if body[0] == 1 else 20
    anchor = sidx.start + 8 + len(body)
    anchor += struct.unpack_from(">Q" if body[0] == 1 else ">I", body, at - (8 if body[0] == 1 else 4))[0]
    count = struct.unpack_from(">H", body, at + 2)[0]
    table = _numbers(body, at + 4, count * 3, "I")
    file.closed = not file.begun and not any(size >> 31 for size in table[::3])
    if not file.closed or not scale:  # one of several, or an index of indexes
        file.indexed = None
        return
    end = anchor + sum(table[::3])
    if end > file.size:
        raise _outside(end, file.size)
    if number in file.tracks and file.tracks[number].is_picture:
        file.indexed = max(file.indexed or 0.0, sum(table[1::3]) / scale)


# -- boxes and tables ------------------------------------------------------------------------------------


def _inside(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the boxes in a box; what follows the last whole one is left out."""
    at = 0
    while at + 8 <= len(body):
        length, kind = struct.unpack_from(">I4s", body, at)
        head = 8
        if length == 1 and at + 16 <= len(body):
            length, head = struct.unpack_from(">Q", body, at + 8)[0], 16
        elif length == 0:
            length = len(body) - at
        if length < head or at + length > len(body):
            raise _damaged()
        yield kind, body[at + head : at + length]
        at += length


def _count(table: bytes) -> int:
    return int(struct.unpack_from(">I", table, 4)[0]) if table else 0


def _numbers(body: bytes, start: int, count: int, kind: str) -> array[int]:
    """Return numbers of a table; one that claims more of them than it has bytes is damaged."""
    numbers = array(kind)
    length = count * numbers.itemsize
    if start + length > len(body) and count:
        raise _damaged()
    numbers.frombytes(body[start : start + length])
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _damaged() -> DownloadError:
    return DownloadError("The video is damaged: its index makes no sense. Download it again.")


def _outside(end: int, size: int) -> DownloadError:
    return DownloadError(
        f"The video is cut short: its index leads to byte {end}, and {size} are there. Download it again."
    )
