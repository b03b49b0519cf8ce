"""Shapes out of points: polygons and curves, as masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from ltxv_nb.sandbox.drawing.planes import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable

Points = list[tuple[float, float]]


def outline_mask(size: tuple[int, int], shapes: Iterable[tuple[Points, int]], fine: int = 2) -> Mask:
    """Return polygons, each with its strength, on a mask; points in pixels of the mask."""
    image = Image.new("L", (size[0] * fine, size[1] * fine))
    pen = ImageDraw.Draw(image)
    for points, strength in shapes:
        pen.polygon([(x * fine, y * fine) for x, y in points], fill=strength)
    return Mask.of(image.reduce(fine))


def smooth(points: Points, steps: int = 6) -> Points:
    """Return a closed curve through points (Catmull and Rom's)."""
    curve: Points = []
    count = len(points)
    for number in range(count):
        a, b, c, d = (points[(number + offset) % count] for offset in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return curve


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    linear, square, cube = c - a, 2 * a - 5 * b + 4 * c - d, 3 * b - a - 3 * c + d
    return b + 0.5 * t * (linear + t * (square + t * cube))
