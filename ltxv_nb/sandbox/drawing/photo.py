"""A slow camera move over a still image, which is the first frame unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import av
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageOps

from ltxv_nb.sandbox.drawing.caption import Caption
from ltxv_nb.sandbox.drawing.planes import Planes

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.sandbox.drawing.clip import ClipSpec

#: How much of the width is in view at the end of the move.
_END = 0.86


class Photo:
    """The frames of a clip that moves over one image.

    Parameters
    ----------
    spec : ClipSpec
        The clip.
    image : Path
        The image file.

    Raises
    ------
    OSError
        The file is not an image, or too large a one (Pillow's own limit on pixels).
    """

    def __init__(self, spec: ClipSpec, image: Path) -> None:
        self._spec = spec
        self._still = planes_of(spec, image)
        rng = spec.rng("camera")
        self._towards = (rng.uniform(0.25, 0.75), rng.uniform(0.30, 0.60))
        self._caption = Caption(spec)
        self._last: Planes | None = None

    def draw(self, index: int) -> Planes:
        """Return frame ``index``; in a large clip at 50 a second every second frame repeats the one before.

        The move is slow enough for 25 steps a second, and resampling 2160p takes twice as long as encoding.
        """
        step = max(1, self._spec.fps // 25) if self._spec.height > 1440 else 1
        if index % step == 0 or self._last is None:
            self._last = self._frame(index - index % step)
        return self._last

    def _frame(self, index: int) -> Planes:
        part = index / max(1, self._spec.frames - 1)
        eased = part * part * (3 - 2 * part)
        share = 1 - (1 - _END) * eased
        left, top = (1 - share) * self._towards[0], (1 - share) * self._towards[1]
        planes = [self._still.y, self._still.u, self._still.v]
        canvas = Planes(*(_cut(plane, left, top, share) for plane in planes))
        self._caption.draw(canvas, index)
        return canvas


def _cut(plane: Image.Image, left: float, top: float, share: float) -> Image.Image:
    width, height = plane.size
    box = (left * width, top * height, (left + share) * width, (top + share) * height)
    return plane.resize((width, height), Image.Resampling.BILINEAR, box=box)


def planes_of(spec: ClipSpec, path: Path) -> Planes:
    """Read an image, upright, cut to the frame's shape, as planes."""
    with Image.open(path) as opened:
        upright = ImageOps.exif_transpose(opened)
        flat = Image.new("RGB", upright.size, "white")
        rgba = upright.convert("RGBA")
        flat.paste(rgba, (0, 0), rgba)
    picture = ImageOps.fit(flat, (spec.width, spec.height), Image.Resampling.LANCZOS)
    still: av.VideoFrame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
    frame = still.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
    y, u, v = (
        Image.frombytes("L", (plane.width, plane.height), bytes(plane), "raw", "L", plane.line_size)
        for plane in frame.planes
    )
    return Planes(y, u, v)


def words_of_address(address: str) -> str:
    """Return what an address says in words: ``https://host/a_red-boat.png`` is ``a red boat``."""
    path = urlsplit(address).path.rpartition("/")[2].rpartition(".")[0]
    return " ".join("".join(c if c.isalnum() else " " for c in path).split())
