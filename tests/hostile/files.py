"""Files made by hand: each is small, and costs whoever opens it without care gigabytes, a minute, or the clip."""

from __future__ import annotations

import functools
import io
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

# -- whole clips ---------------------------------------------------------------------------------------------


@functools.cache
def clip(*, seconds: int = 6, sound: bool = False, movflags: str = "+faststart", fps: int = 25) -> bytes:
    """Return a whole clip of noise, with a key frame each second."""
    noise = Image.effect_noise((64 + seconds * fps, 36), 90).convert("RGB")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        _write(path, seconds, fps, noise, movflags=movflags, sound=sound)
        return path.read_bytes()


def _write(path, seconds, fps, noise, *, movflags, sound):
    with av.open(str(path), "w", options={"movflags": movflags}) as out:
        video = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "g": str(fps)})
        video.width, video.height, video.pix_fmt = 64, 36, "yuv420p"
        audio = out.add_stream("aac", rate=48_000) if sound else None
        for number in range(seconds * fps):
            frame = av.VideoFrame.from_image(noise.crop((number, 0, number + 64, 36)))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        for start in range(0, seconds * 48_000 if audio else 0, 1024):
            silence = av.AudioFrame("fltp", "stereo", 1024)
            for plane in silence.planes:
                plane.update(bytes(plane.buffer_size))
            silence.sample_rate, silence.pts = 48_000, start
            out.mux(audio.encode(silence))
        if audio:
            out.mux(audio.encode(None))


def fragmented(*, seconds: int = 6) -> bytes:
    """Return a whole clip in fragments of a second, of which nothing tells how many there are."""
    data = clip(seconds=seconds, movflags="frag_keyframe+empty_moov+default_base_moof")
    return data[: data.rindex(b"mfra") - 4]


def fragment_starts(data: bytes) -> list[int]:
    """Return where the fragments of a file begin."""
    return [at - 4 for at in range(len(data)) if data[at : at + 4] == b"moof"]


def open_ended() -> bytes:
    """Return a whole clip whose last box, the one with the pictures, leaves its length open."""
    data = bytearray(clip())
    at = data.rindex(b"mdat") - 4
    data[at : at + 4] = bytes(4)
    return bytes(data)


def with_a_name_that_is_no_utf8() -> bytes:
    """Return a good clip whose picture track has a name in another encoding."""
    return clip(sound=True).replace(b"VideoHandler", b"Vid\xff\xfeHandler")


def with_sound_that_nobody_can_decode() -> bytes:
    """Return a good clip with sound in a format that there is no decoder for."""
    return clip(sound=True).replace(b"mp4a", b"ac-4").replace(b"esds", b"free")


def with_an_end_of_zeros() -> bytes:
    """Return a clip whose boxes are whole, but whose last second was never written."""
    data = clip()
    unwritten = len(data) // 5
    return data[:-unwritten] + bytes(unwritten)


def that_promises_more(seconds: int = 60) -> bytes:
    """Return a clip of six seconds whose header promises more."""
    data = bytearray(clip())
    at = data.index(b"mdhd") + 16
    scale = struct.unpack_from(">I", data, at)[0]
    struct.pack_into(">I", data, at + 4, scale * seconds)
    return bytes(data)


def whose_index_leads_outside() -> bytes:
    """Return a clip with a chunk of samples behind the end of the file."""
    data = bytearray(clip())
    at, count = data.index(b"stco") + 12, struct.unpack_from(">I", data, data.index(b"stco") + 8)[0]
    struct.pack_into(">I", data, at + 4 * (count - 1), len(data) - 10)
    return bytes(data)


# -- bombs ---------------------------------------------------------------------------------------------------


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return one MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind: bytes, *numbers: int, flags: int = 0) -> bytes:
    """Return a box with a version of 0, flags, and numbers of 32 bits."""
    return box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers))


def _empty_track(number: int) -> bytes:
    picture = struct.pack(">6xH16xHHIIIH32xHh", 1, 64, 36, 0x480000, 0x480000, 0, 1, 24, -1)
    tables = [full(b"stts", 0), full(b"stsc", 0), full(b"stsz", 0, 0), full(b"stco", 0)]
    entry = box(b"stsd", struct.pack(">II", 0, 1), box(b"avc1", picture))
    media = [
        full(b"mdhd", 0, 0, 25, 0, 0),
        box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide"), b"\0"),
        box(b"minf", box(b"stbl", entry, *tables)),
    ]
    header = box(
        b"tkhd", struct.pack(">6I", 3, 0, 0, number, 0, 0), bytes(52), struct.pack(">II", 64 << 16, 36 << 16)
    )
    return box(b"trak", header, box(b"mdia", *media))


def many_samples(tracks: int, samples: int = 60_000_000) -> bytes:
    """Return a video of some hundred bytes that claims millions of samples.

    Spelled out by a demuxer, each takes 36 bytes of memory: one track 2.1 GB, three 6.3 GB and 45 seconds.
    """
    numbers = range(1, tracks + 1)
    movie = box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, 0), bytes(76), struct.pack(">I", tracks + 1))
    defaults = box(b"mvex", *(full(b"trex", number, 1, 1, 1, 0) for number in numbers))
    runs = (
        box(b"traf", full(b"tfhd", number, flags=0x20000), full(b"trun", samples, 100, flags=1))
        for number in numbers
    )
    return b"".join((
        box(b"ftyp", b"isom\0\0\0\0isom"),
        box(b"moov", movie, *map(_empty_track, numbers), defaults),
        box(b"moof", full(b"mfhd", 1), *runs),
        box(b"mdat", bytes(16)),
    ))  # fmt: skip


def wide_jpeg2000(side: int = 10_900) -> bytes:
    """Return a JPEG 2000 picture of 32 x 32 pixels that claims 118 megapixels in one tile."""
    out = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(out, "JPEG2000")
    data = bytearray(out.getvalue())
    struct.pack_into(">II", data, data.index(b"ihdr") + 4, side, side)
    size = data.index(b"\xff\x4f\xff\x51")  # ISO/IEC 15444-1, A.5.1
    struct.pack_into(">II", data, size + 8, side, side)
    struct.pack_into(">II", data, size + 24, side, side)
    return bytes(data)
