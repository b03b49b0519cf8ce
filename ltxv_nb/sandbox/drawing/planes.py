"""Pictures as the encoder wants them: three planes of bytes, the two of colour at half size.

Drawing straight into the planes, with Pillow's own pasting, saves the conversion of every frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

Colour = tuple[float, float, float]

#: Luma weights of BT.709, the standard of HD video.
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722


def colour(text: str) -> Colour:
    """Return ``#rrggbb`` as red, green and blue from 0 to 1."""
    return tuple(int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def mix(one: Colour, other: Colour, part: float) -> Colour:
    """Return the colour that lies ``part`` (0 to 1) of the way from one to the other."""
    return tuple(a + (b - a) * part for a, b in zip(one, other, strict=True))  # type: ignore[return-value]


def to_yuv(rgb: Colour) -> Colour:
    """Return luma and the two chroma values of a colour, 8 bit, BT.709, limited range."""
    red, green, blue = rgb
    luma = _RED * red + _GREEN * green + _BLUE * blue
    return (
        16 + 219 * luma,
        128 + 112 * (blue - luma) / (1 - _BLUE),
        128 + 112 * (red - luma) / (1 - _RED),
    )


@dataclass
class Planes:
    """One picture, or one piece of it: luma at full size, chroma at half size."""

    y: Image.Image
    u: Image.Image
    v: Image.Image

    @classmethod
    def gradient(cls, width: int, rows: Sequence[Colour], rng: random.Random) -> Planes:
        """Return a picture whose rows have the given colours, dithered so that no bands show."""
        values = [to_yuv(rgb) for rgb in rows]
        halves = values[::2]
        return cls(
            dithered(width, [value[0] for value in values], rng),
            dithered(width // 2, [value[1] for value in halves], rng),
            dithered(width // 2, [value[2] for value in halves], rng),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.y.size

    def crop(self, left: int, top: int, right: int, bottom: int) -> Planes:
        """Cut a piece out; the edges are taken as even."""
        box = (left // 2, top // 2, right // 2, bottom // 2)
        return Planes(self.y.crop((left, top, right, bottom)), self.u.crop(box), self.v.crop(box))

    def put(self, piece: Planes, left: int, top: int) -> None:
        """Lay an opaque piece on this picture; ``left`` and ``top`` in pixels, even."""
        self.y.paste(piece.y, (left, top))
        self.u.paste(piece.u, (left // 2, top // 2))
        self.v.paste(piece.v, (left // 2, top // 2))

    def put_masked(self, piece: Planes, mask: Mask, left: int, top: int) -> None:
        """Lay a piece on this picture where the mask is not black."""
        self.y.paste(piece.y, (left, top), mask.full)
        self.u.paste(piece.u, (left // 2, top // 2), mask.half)
        self.v.paste(piece.v, (left // 2, top // 2), mask.half)

    def stain(self, rgb: Colour, mask: Mask, left: int, top: int) -> None:
        """Lay one colour on this picture where the mask is not black; any position, also outside."""
        y, u, v = (round(value) for value in to_yuv(rgb))
        _stain(self.y, y, mask.full, left, top)
        _stain(self.u, u, mask.half, left // 2, top // 2)
        _stain(self.v, v, mask.half, left // 2, top // 2)

    def copy(self) -> Planes:
        """Return an independent copy."""
        return Planes(self.y.copy(), self.u.copy(), self.v.copy())


def _stain(plane: Image.Image, value: int, mask: Image.Image, left: int, top: int) -> None:
    plane.paste(value, (left, top, left + mask.width, top + mask.height), mask)


@dataclass
class Mask:
    """How much of something covers each pixel, 0 to 255, for luma and for chroma."""

    full: Image.Image
    half: Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> Mask:
        """Return the mask for an ``L`` image of even size."""
        return cls(image, image.reduce(2))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.full.size

    def dimmed(self, share: float) -> Mask:
        """Return it with a share of its strength, 0 to 1."""
        table = [round(share * value) for value in range(256)]
        return Mask(self.full.point(table), self.half.point(table))

    def window(self, left: int, width: int) -> Mask:
        """Cut a part of full height out of a wide mask, from ``left`` on, in pixels."""
        return Mask(
            self.full.crop((left, 0, left + width, self.full.height)),
            self.half.crop((left // 2, 0, left // 2 + width // 2, self.half.height)),
        )


def dithered(width: int, values: Sequence[float], rng: random.Random) -> Image.Image:
    """Return an ``L`` image of constant rows whose fractions are kept as fine noise.

    Parameters
    ----------
    width : int
        Pixels.
    values : sequence of float
        One a row, 0 to 255.
    rng : random.Random
        Source of the noise.
    """
    noise = rng.randbytes(width + 4096)
    rows = []
    for value in values:
        whole = min(254, int(value))
        ups = min(256, round((value - whole) * 256))
        table = bytes((whole + 1,)) * ups + bytes((whole,)) * (256 - ups)
        start = rng.randrange(4096)
        rows.append(noise[start : start + width].translate(table))
    return Image.frombytes("L", (width, len(rows)), b"".join(rows))


def even(value: float) -> int:
    """Return the even number at or below a value."""
    return int(value) // 2 * 2
