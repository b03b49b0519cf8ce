"""A real, tiny MP4, made once: the fake service hands it out, with a different tail for each generation."""

from __future__ import annotations

import functools
import io

import av
from PIL import Image


@functools.cache
def _base() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(8):
            picture = Image.effect_noise((64, 36), 90 + number).convert("RGB")
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    return buffer.getvalue()


def clip(name: str, padding: int = 0) -> bytes:
    """Return a whole MP4 that differs from every other name's: a `free` box at its end holds the name."""
    words = name.encode() + bytes(padding)
    return _base() + (8 + len(words)).to_bytes(4, "big") + b"free" + words
