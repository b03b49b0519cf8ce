"""What moves in the air: snow, rain, embers, fireflies, petals, dust."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.outline import ellipse
from ltxv_nb.sandbox.drawing.planes import Mask, colour, even

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.planes import Colour, Planes


# A plain table row; that it is documented like another one, in `ltxv_nb.polling.simulate`, is chance.
@dataclass(frozen=True)
class Kind:
    """One kind of particle; lengths in heights of a frame, times in seconds.

    Attributes
    ----------
    count : int
        How many.
    tint : colour
        Its colour.
    size : (float, float)
        Smallest and largest radius.
    drift, fall : float
        Speed to the right and downwards of the largest.
    sway : float
        How far it swings from side to side.
    pulse : float
        How often it lights up in a second; 0 for a steady one.
    strength : int
        How much it covers, to 255.
    long : float
        How much longer than wide it is.
    """

    count: int
    tint: Colour
    size: tuple[float, float]
    drift: float
    fall: float
    sway: float
    pulse: float
    strength: int
    long: float = 1.0


KINDS = {
    "snow": Kind(150, colour("#ffffff"), (0.0015, 0.0060), -0.05, 0.16, 0.020, 0.0, 215),
    "rain": Kind(170, colour("#cfdbe4"), (0.0006, 0.0011), -0.22, 1.90, 0.0, 0.0, 110, 34.0),
    "embers": Kind(95, colour("#ff9a3d"), (0.0012, 0.0042), 0.10, -0.17, 0.030, 0.9, 235),
    "fireflies": Kind(40, colour("#f7f3a0"), (0.0022, 0.0048), 0.02, -0.010, 0.050, 0.35, 225),
    "petals": Kind(60, colour("#ffc9d9"), (0.0025, 0.0062), 0.12, 0.09, 0.040, 0.0, 215),
    "dust": Kind(34, colour("#fff3d6"), (0.0012, 0.0030), 0.02, -0.012, 0.030, 0.22, 110),
}

_LEVELS = 6


class Weather:
    """The particles of one clip."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        rng = spec.rng("weather")
        self._kind = KINDS[look.weather]
        self._spec = spec
        small, large = self._kind.size
        sizes = [small + (large - small) * number / 4 for number in range(5)]
        self._sprites = [
            [_sprite(self._kind, size * spec.height, level) for level in range(_LEVELS)] for size in sizes
        ]
        self._grains = [
            (min(4, int(rng.random() ** 2 * 5)), rng.random(), rng.random(), rng.uniform(0, 2 * math.pi))
            for _ in range(self._kind.count)
        ]

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the particles on frame ``index``."""
        kind, height = self._kind, self._spec.height
        seconds = index / self._spec.fps
        span = self._spec.width / height + 0.2
        for size, x, y, phase in self._grains:
            near = 0.35 + 0.65 * size / 4
            across = (x * span + kind.drift * near * seconds) % span - 0.1
            down = (y * 1.2 + kind.fall * near * seconds) % 1.2 - 0.1
            across += kind.sway * near * math.sin(seconds * (0.8 + 0.6 * y) + phase)
            level = _LEVELS - 1
            if kind.pulse:
                level = round(
                    (_LEVELS - 1)
                    * (0.5 + 0.5 * math.sin(2 * math.pi * kind.pulse * seconds * (0.7 + x) + phase))
                )
            if level:
                mask = self._sprites[size][level]
                canvas.stain(kind.tint, mask, round(across * height), round(down * height))


def _sprite(kind: Kind, radius: float, level: int) -> Mask:
    """Return a soft dot, or a streak, at one of the levels of brightness."""
    radius = max(0.7, radius)
    blur = 0.45 if kind.long == 1 else 0.3
    wide, high = even(radius * 2 * 2.4 + 4), even(radius * 2 * (kind.long + 1.4) + 4)
    strength = round(kind.strength * level / (_LEVELS - 1))
    return Mask.of(ellipse((wide, high), (radius, radius * kind.long), strength, blur=radius * 2 * blur))
