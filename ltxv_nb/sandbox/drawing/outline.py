"""Polygons, curves and ellipses with smooth edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

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


def ellipse(
    size: tuple[int, int], radii: tuple[float, float], strength: int, fine: int = 2, blur: float = 0.0
) -> Image.Image:
    """Return an ellipse in the middle of an ``L`` image.

    Parameters
    ----------
    size : (int, int)
        Pixels of the image.
    radii : (float, float)
        Half the width and half the height of the ellipse, in pixels.
    strength : int
        Its brightness, 0 to 255.
    fine : int
        How many times finer it is drawn, so that its edge is smooth.
    blur : float
        Radius of a blur in the finer pixels; 0 for none.
    """
    image = Image.new("L", (size[0] * fine, size[1] * fine))
    x, y = size[0] * fine / 2, size[1] * fine / 2
    reach = (radii[0] * fine, radii[1] * fine)
    ImageDraw.Draw(image).ellipse((x - reach[0], y - reach[1], x + reach[0], y + reach[1]), fill=strength)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    return image.reduce(fine)


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
