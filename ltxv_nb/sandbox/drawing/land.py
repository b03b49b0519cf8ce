"""The land: layers one behind the other, each moving faster the nearer it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from ltxv_nb.sandbox.drawing.planes import Mask, Planes, even, mix

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.planes import Colour

Line = list[tuple[float, float]]


@dataclass(frozen=True)
class Shape:
    """How one layer looks, in heights of a frame.

    Attributes
    ----------
    top : float
        Where its highest point lies, from the upper edge.
    rise : float
        From its lowest crest to its highest.
    speed : float
        How far it moves in a second.
    depth : float
        0 at the horizon, 1 at the viewer.
    bob : float
        How far it moves up and down.
    """

    top: float
    rise: float
    speed: float
    depth: float
    bob: float = 0.0


class Layer:
    """A silhouette wider than the frame, painted with a gradient, that slides by."""

    def __init__(
        self, spec: ClipSpec, shape: Shape, rows: list[Colour], mask: Mask, rng: random.Random
    ) -> None:
        self._shape, self._spec = shape, spec
        self.top = even(shape.top * spec.height)
        paint = Planes.gradient(spec.width, rows, rng)
        band = mask.size[1]
        self._crest, self._mask = paint.crop(0, 0, spec.width, band), mask
        self._body = paint.crop(0, band, spec.width, len(rows))
        self._phase = rng.uniform(0, 2 * math.pi)
        self.lights: tuple[Colour, Mask] | None = None

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the layer on frame ``index``."""
        seconds, height = index / self._spec.fps, self._spec.height
        left = round(self._shape.speed * height * seconds)
        top = self.top + even(self._shape.bob * height * math.sin(seconds * 1.5 + self._phase))
        canvas.put_masked(self._crest, self._mask.window(left, self._spec.width), 0, top)
        canvas.put(self._body, 0, top + self._mask.size[1])
        if self.lights is not None:
            tone, mask = self.lights
            canvas.stain(tone, mask.window(left, self._spec.width), 0, top)


def land_of(spec: ClipSpec, look: Look) -> list[Layer]:
    """Return the layers of a look's land, the farthest first."""
    build = {
        "sea": _sea, "city": _city, "forest": _forest, "dunes": _dunes, "hills": _hills, "peaks": _peaks,
    }[look.land]  # fmt: skip
    return build(spec, look, spec.rng("land"))


def _width(spec: ClipSpec, shape: Shape) -> int:
    return even(spec.width + shape.speed * spec.height * spec.duration + 4)


def _layer(
    spec: ClipSpec,
    look: Look,
    shape: Shape,
    rng: random.Random,
    crest: Callable[[float], float],
    *,
    decorate: Callable[[ImageDraw.ImageDraw, Line, float], None] | None = None,
    headroom: float = 0.0,
) -> Layer:
    """Build a layer whose crest is ``crest(x)``, 0 (low) to 1 (high), x in heights of a frame."""
    height, width = spec.height, _width(spec, shape)
    band = even(max(8.0, (shape.rise + headroom) * height)) + 4
    image = Image.new("L", (width * 2, band * 2))
    pen = ImageDraw.Draw(image)
    pace = max(4.0, height / 180)
    line = [
        (x * 2, 2 * (headroom + shape.rise * (1 - crest(x / height))) * height)
        for x in (step * pace for step in range(int(width / pace) + 3))
    ]
    pen.polygon([(-4, band * 2 + 4), *line, (line[-1][0] + 4, band * 2 + 4)], fill=255)
    if decorate:
        decorate(pen, line, 2.0 * height)
    top = shape.top - headroom
    placed = Shape(top, shape.rise, shape.speed, shape.depth, shape.bob)
    rows = _rows(spec, look, shape.depth, spec.height - even(top * height) + even(shape.bob * height) + 2)
    return Layer(spec, placed, rows, Mask.of(image.reduce(2)), rng)


def _rows(spec: ClipSpec, look: Look, depth: float, count: int) -> list[Colour]:
    """Return the colours of a layer from its top down: mist gathers at its foot, less the nearer it is."""
    light = look.light
    tone = mix(light.far, light.near, depth)
    mist = mix(tone, mix(light.sky[-1], light.far, 0.45), 0.75 * (1 - depth) ** 1.2)
    reach = max(2, round(spec.height * (0.22 + 0.25 * depth)))
    count += count % 2
    return [mix(tone, mist, min(1.0, row / reach) ** 1.2) for row in range(count)]


def ridge(rng: random.Random, scale: float, octaves: int, sharp: float = 0.5) -> Callable[[float], float]:
    """Return a smooth random line over x, 0 to 1; ``scale`` is its longest wave in heights of a frame.

    Parameters
    ----------
    rng : random.Random
        Source of the line.
    scale : float
        The longest wave.
    octaves : int
        How many finer waves lie on it, each of half the length.
    sharp : float
        How much of each finer wave is kept.
    """
    tables = [[rng.random() for _ in range(64)] for _ in range(octaves)]
    weights = [sharp**octave for octave in range(octaves)]
    total = sum(weights)

    def line(x: float) -> float:
        height = 0.0
        for octave, (table, weight) in enumerate(zip(tables, weights, strict=True)):
            position = x / scale * 2**octave
            cell = math.floor(position)
            part = position - cell
            part = part * part * (3 - 2 * part)
            a, b = table[cell % 64], table[(cell + 1) % 64]
            height += weight * (a + (b - a) * part)
        return 0.5 + 0.5 * math.tanh(3.2 * (height / total - 0.5))

    return line


def _shapes(count: int, first: float, last: float, rise: tuple[float, float]) -> list[Shape]:
    """Return evenly staggered shapes from the horizon (``first``) to the viewer (``last``)."""
    shapes = []
    for number in range(count):
        depth = number / (count - 1)
        top = first + (last - first) * depth**1.25
        shapes.append(Shape(top, rise[0] + (rise[1] - rise[0]) * depth, 0.02 + 0.10 * depth**1.6, depth))
    return shapes


def _peaks(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    layers = []
    for shape in _shapes(5, 0.30, 0.80, (0.30, 0.13)):
        far = shape.depth < 0.6
        line = ridge(rng, 0.55 if far else 0.8, 7 if far else 5, 0.52 if far else 0.42)
        pines = _pines(rng, 0.045) if shape.depth > 0.7 else None
        layers.append(_layer(spec, look, shape, rng, line, decorate=pines, headroom=0.05 if pines else 0.0))
    return layers


def _hills(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    layers = []
    for shape in _shapes(5, 0.46, 0.80, (0.16, 0.10)):
        trees = _round_trees(rng, 0.020 + 0.02 * shape.depth) if 0.2 < shape.depth < 0.9 else None
        line = ridge(rng, 0.9, 3, 0.35)
        layers.append(_layer(spec, look, shape, rng, line, decorate=trees, headroom=0.05 if trees else 0.0))
    return layers


def _dunes(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    return [
        _layer(spec, look, shape, rng, _dune(ridge(rng, 1.1, 2, 0.3)))
        for shape in _shapes(5, 0.50, 0.80, (0.12, 0.14))
    ]


def _dune(line: Callable[[float], float]) -> Callable[[float], float]:
    """Sharpen crests the way wind does."""
    return lambda x: 1.0 - math.pow(abs(2 * line(x) - 1), 0.8)


def _forest(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    layers = []
    for shape in _shapes(5, 0.42, 0.83, (0.14, 0.08)):
        tall = 0.07 + 0.20 * shape.depth
        line = ridge(rng, 0.9, 4, 0.4)
        layers.append(_layer(spec, look, shape, rng, line, decorate=_pines(rng, tall), headroom=tall + 0.01))
    return layers


def _sea(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    layers = [_layer(spec, look, Shape(0.585, 0.045, 0.015, 0.0), rng, ridge(rng, 0.7, 4, 0.45))]
    for number in range(7):
        depth = number / 6
        top = 0.62 + 0.30 * depth**1.5
        shape = Shape(
            top, 0.006 + 0.040 * depth, 0.03 + 0.17 * depth**1.4, 0.12 + 0.80 * depth, 0.003 + 0.012 * depth
        )
        layers.append(_layer(spec, look, shape, rng, _swell(rng, 0.10 + 0.42 * depth)))
    return layers


def _swell(rng: random.Random, length: float) -> Callable[[float], float]:
    """Return waves: pointed crests, wide troughs, never twice the same height."""
    one, two = rng.uniform(0, 6), rng.uniform(0, 6)
    slow = ridge(rng, length * 3, 2)

    def line(x: float) -> float:
        wave = 1 - abs(math.sin(math.pi * x / length + one + 0.4 * math.sin(x / length * 1.7 + two)))
        return (0.25 + 0.75 * slow(x)) * math.pow(wave, 1.4)

    return line


def _city(spec: ClipSpec, look: Look, rng: random.Random) -> list[Layer]:
    layers = []
    for shape in _shapes(4, 0.50, 0.90, (0.02, 0.02)):
        tall = 0.26 + 0.12 * (1 - abs(2 * shape.depth - 1))
        towers = _towers(spec, shape, tall, rng)
        decorate = _draw_towers(towers)
        layer = _layer(spec, look, shape, rng, lambda _x: 0.5, decorate=decorate, headroom=tall)
        if shape.depth > 0.2:
            layer.lights = (
                mix(look.light.glow, (1.0, 0.72, 0.35), 0.7),
                _windows(spec, shape, tall, towers, rng),
            )
        layers.append(layer)
    return layers


def _towers(
    spec: ClipSpec, shape: Shape, tall: float, rng: random.Random
) -> list[tuple[float, float, float]]:
    """Return towers as left edge, width and height, in heights of a frame."""
    towers, x = [], -0.05
    while x < _width(spec, shape) / spec.height:
        wide = rng.uniform(0.05, 0.11) * (0.7 + 0.7 * shape.depth)
        towers.append((x, wide, tall * rng.uniform(0.25, 0.97) ** 1.3))
        x += wide + rng.choice((0.0, 0.004, 0.02))
    return towers


def _draw_towers(
    towers: list[tuple[float, float, float]],
) -> Callable[[ImageDraw.ImageDraw, Line, float], None]:
    def draw(pen: ImageDraw.ImageDraw, line: Line, unit: float) -> None:
        base = line[0][1]
        for number, (x, wide, high) in enumerate(towers):
            left, right, top = x * unit, (x + wide) * unit, base - high * unit
            pen.rectangle((left, top, right, base + 9), fill=255)
            if number % 3 == 0:
                middle = (left + right) / 2
                pen.rectangle(
                    (left + 0.2 * wide * unit, top - 0.02 * unit, right - 0.2 * wide * unit, top), fill=255
                )
                pen.rectangle(
                    (middle - 0.0012 * unit, top - 0.05 * unit, middle + 0.0012 * unit, top), fill=255
                )

    return draw


def _windows(
    spec: ClipSpec, shape: Shape, tall: float, towers: list[tuple[float, float, float]], rng: random.Random
) -> Mask:
    height = spec.height
    image = Image.new("L", (_width(spec, shape), even(max(8.0, (shape.rise + tall) * height)) + 4))
    pen = ImageDraw.Draw(image)
    pitch, size = 0.0125 * (0.6 + 0.8 * shape.depth), 0.0055 * (0.6 + 0.8 * shape.depth)
    base = tall + shape.rise / 2
    for x, wide, high in towers:
        for column in range(max(0, int((wide - pitch) / pitch))):
            for row in range(int((high - pitch) / pitch)):
                if rng.random() < 0.38:
                    left, top = (
                        (x + pitch * (column + 0.7)) * height,
                        (base - high + pitch * (row + 0.7)) * height,
                    )
                    pen.rectangle(
                        (left, top, left + size * height, top + size * 1.3 * height),
                        fill=rng.randrange(90, 235),
                    )
    return Mask.of(image)


def _pines(rng: random.Random, tall: float) -> Callable[[ImageDraw.ImageDraw, Line, float], None]:
    """Return a function that draws pines along a crest, at most ``tall`` heights of a frame."""

    def draw(pen: ImageDraw.ImageDraw, line: Line, unit: float) -> None:
        x = 0.0
        while x < line[-1][0]:
            base = line[min(len(line) - 1, int(x / line[1][0]))][1]
            high = tall * unit * rng.uniform(0.45, 1.0)
            for tier in range(4):
                top = base - high * (1 - tier * 0.21)
                foot = base - high * (0.70 - tier * 0.235)
                wide = high * (0.075 + 0.055 * tier)
                pen.polygon([(x, top), (x - wide, foot), (x + wide, foot)], fill=255)
            pen.rectangle((x - high * 0.02, base - high * 0.1, x + high * 0.02, base + 6), fill=255)
            x += high * rng.uniform(0.16, 0.55)

    return draw


def _round_trees(rng: random.Random, tall: float) -> Callable[[ImageDraw.ImageDraw, Line, float], None]:
    """Return a function that draws groups of round trees along a crest."""

    def draw(pen: ImageDraw.ImageDraw, line: Line, unit: float) -> None:
        x = 0.0
        while x < line[-1][0]:
            base = line[min(len(line) - 1, int(x / line[1][0]))][1]
            high = tall * unit * rng.uniform(0.5, 1.0)
            for side, lift, size in ((-0.25, 0.55, 0.30), (0.22, 0.60, 0.28), (0.0, 0.75, 0.26)):
                a, b, r = x + side * high, base - lift * high, size * high
                pen.ellipse((a - r, b - r, a + r, b + r), fill=255)
            pen.rectangle((x - high * 0.05, base - high * 0.5, x + high * 0.05, base + 6), fill=255)
            x += high * (rng.uniform(0.4, 0.8) if rng.random() < 0.6 else rng.uniform(2, 9))

    return draw
