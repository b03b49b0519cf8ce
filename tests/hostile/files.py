"""Files made by hand: each is small, and costs whoever opens it without care gigabytes, seconds, or the process."""

from __future__ import annotations

import io
import struct
from fractions import Fraction

import av
from PIL import Image


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return one MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *numbers: int, flags: int = 0) -> bytes:
    """Return a box with a version of 0, flags, and numbers of 32 bits."""
    return box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers))


def sample_entry(width: int = 64, height: int = 36, kind: bytes = b"avc1") -> bytes:
    """Return the description of H.264 pictures."""
    head = struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 0x480000, 0x480000, 0, 1, 24, -1)
    return box(b"stsd", struct.pack(">II", 0, 1), box(kind, head))


def track(number: int, samples: int, *, size: int = 1, width: int = 64, height: int = 36) -> bytes:
    """Return a track that claims any number of samples, all in one place of the file."""
    table = box(
        b"stbl",
        sample_entry(width, height),
        full(b"stts", 1, samples, 1),
        full(b"stsc", 1, 1, samples, 1),
        full(b"stsz", size, samples),
        full(b"stco", 1, 40),
    )
    handler = box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"\0")
    media = box(b"mdia", full(b"mdhd", 0, 0, 25, samples, 0), handler, box(b"minf", table))
    header = box(
        b"tkhd",
        struct.pack(">6I", 3, 0, 0, number, 0, 0),
        bytes(52),
        struct.pack(">II", width << 16, height << 16),
    )
    return box(b"trak", header, media)


def many_samples(tracks: int, samples: int = 110_000_000) -> bytes:
    """Return a video of some hundred bytes whose index, spelled out, takes 24 bytes a sample in memory."""
    movie = box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, 0), bytes(76), struct.pack(">I", tracks + 1))
    tables = [track(number + 1, samples) for number in range(tracks)]
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"mdat", bytes(32)) + box(b"moov", movie, *tables)
