"""The sky: a gradient, sun or moon with its glow, stars, and clouds that drift."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

from ltxv_nb.sandbox.drawing.outline import ellipse
from ltxv_nb.sandbox.drawing.planes import Mask, Planes, even, mix

if TYPE_CHECKING:
    import random

    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Light, Look
    from ltxv_nb.sandbox.drawing.planes import Colour

#: How high the horizon lies, in heights of the frame from the top.
HORIZON = 0.62


def sky_of(spec: ClipSpec, look: Look) -> Planes:
    """Return the part of the sky that stands still, as a whole frame."""
    rng = spec.rng("sky")
    sky = Planes.gradient(spec.width, sky_rows(spec.height, look.light), rng)
    if look.light.stars or look.hour == "neon":
        _stars(sky, spec, rng)
    _sun(sky, spec, look)
    return sky


def sky_rows(height: int, light: Light) -> list[Colour]:
    """Return the colour of each row, with the horizon's colour below it."""
    last = len(light.sky) - 1
    rows = []
    for row in range(height):
        position = min(1.0, row / (height * HORIZON)) ** 1.15 * last
        step = min(last - 1, int(position))
        rows.append(mix(light.sky[step], light.sky[step + 1], position - step))
    return rows


def sun_position(spec: ClipSpec, look: Look) -> tuple[int, int, int]:
    """Return where the sun or moon stands and its radius, in pixels."""
    x, y, radius = look.light.sun
    return round(spec.width / 2 + x * spec.height), round(y * spec.height), round(radius * spec.height)


def _sun(sky: Planes, spec: ClipSpec, look: Look) -> None:
    x, y, radius = sun_position(spec, look)
    for size, strength in ((12.0, 70), (5.0, 120), (2.2, 150)):
        _glow(sky, look.light, (x, y), even(radius * size), strength)
    disc = _disc(radius, even(radius * 2 + 6), 255)
    if look.light.stars:
        _craters(disc, radius)
    sky.stain(look.light.glow, Mask.of(disc), x - disc.width // 2, y - disc.height // 2)


def _glow(sky: Planes, light: Light, centre: tuple[int, int], radius: int, strength: int) -> None:
    small = Image.radial_gradient("L").point(
        [round(strength * max(0.0, 1 - i / 180) ** 2) for i in range(256)]
    )
    mask = small.resize((radius * 2, radius * 2), Image.Resampling.BICUBIC)
    sky.stain(light.glow, Mask.of(mask), centre[0] - radius, centre[1] - radius)


def _disc(radius: float, side: int, strength: int) -> Image.Image:
    return ellipse((side, side), (radius, radius), strength, fine=4)


def _craters(disc: Image.Image, radius: int) -> None:
    pen, middle = ImageDraw.Draw(disc), disc.width / 2
    for x, y, size in ((-0.3, -0.25, 0.26), (0.25, 0.2, 0.32), (0.1, -0.5, 0.16), (-0.35, 0.4, 0.18)):
        left, top, reach = middle + x * radius, middle + y * radius, size * radius
        pen.ellipse((left - reach, top - reach, left + reach, top + reach), fill=214)


def _stars(sky: Planes, spec: ClipSpec, rng: random.Random) -> None:
    unit = spec.height / 1080
    for _ in range(420):
        x, y = rng.random(), rng.random() ** 1.5 * HORIZON
        strength, size = rng.random() ** 3, rng.choice((0.7, 0.8, 1.0, 1.4))
        radius = max(0.6, size * unit)
        star = _disc(radius, even(radius * 2 + 5), round(60 + 195 * strength))
        sky.stain((1.0, 1.0, 0.96), Mask.of(star), round(x * spec.width), round(y * spec.height))


class Clouds:
    """Two sheets of cloud that drift at different speeds."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        rng = spec.rng("clouds")
        unit = spec.height / 1080
        thick = {"storm": 1.0, "snow": 0.7, "night": 0.30, "fire": 0.85}.get(look.hour, 0.62)
        sheets = ((0.04, 0.34, 30, 0.9), (0.26, 0.30, 15, 0.7))
        self._sheets = []
        for top, height, speed, share in sheets:
            step = speed * unit / spec.fps
            size = (even(spec.width + step * spec.frames + 4), even(height * spec.height))
            mask = Mask.of(_cloud_mask(size, thick * share, rng))
            rows = [mix(look.light.cloud, look.light.sky[2], 0.5 * row / size[1]) for row in range(size[1])]
            paint = Planes.gradient(spec.width, rows, rng)
            self._sheets.append((paint, mask, even(top * spec.height), step))
        self._width = spec.width

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the clouds on frame ``index``."""
        for paint, mask, top, step in self._sheets:
            canvas.put_masked(paint, mask.window(round(index * step), self._width), 0, top)


def _cloud_mask(size: tuple[int, int], thick: float, rng: random.Random) -> Image.Image:
    """Return streaky noise of several scales, thinned out to clouds that fade at both edges."""
    small = (max(16, size[0] // 8), max(16, size[1] // 8))
    total = Image.new("L", small)
    for octave, weight in ((1, 0.5), (2, 0.23), (4, 0.15)):
        cells = (max(4, 9 * octave * size[0] // size[1] // 3), 5 * octave)
        noise = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1]))
        total = Image.blend(
            total, noise.resize(small, Image.Resampling.BICUBIC), weight / (1 if octave == 1 else 1.3)
        )
    total = total.filter(ImageFilter.GaussianBlur(2))
    low = sorted(total.tobytes())[int(small[0] * small[1] * (0.35 if thick > 0.6 else 0.5))]
    curve = [round(255 * thick * min(1.0, max(0.0, (i - low) / 70)) ** 1.3) for i in range(256)]
    fade = bytes(round(255 * math.sin(math.pi * (row + 0.5) / small[1])) for row in range(small[1]))
    edge = Image.frombytes("L", (1, small[1]), fade).resize(small)
    soft = Image.composite(total.point(curve), Image.new("L", small), edge)
    return soft.resize(size, Image.Resampling.BICUBIC)
