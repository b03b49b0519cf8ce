"""Reflections of the sun or the moon on the water."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.outline import ellipse
from ltxv_nb.sandbox.drawing.planes import Mask, even
from ltxv_nb.sandbox.drawing.sky import sun_position

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.planes import Planes

#: Where the path of light begins and ends, in heights of the frame from the top.
_FROM, _TO = 0.635, 0.97

_COUNT, _LEVELS = 130, 5


class Reflections:
    """Short dashes of light that come and go, wider and farther apart towards the viewer."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        rng = spec.rng("glitter")
        self._spec, self._tint = spec, look.light.glow
        self._middle = sun_position(spec, look)[0]
        self._dashes = []
        for _ in range(_COUNT):
            depth = rng.random() ** 0.8
            across = rng.gauss(0, 0.035 + 0.085 * depth)
            self._dashes.append((depth, across, rng.uniform(0.5, 1.4), rng.uniform(0, 2 * math.pi)))
        self._sprites = [
            [_dash(spec, size / 3, level / (_LEVELS - 1)) for level in range(_LEVELS)] for size in range(4)
        ]

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the reflections on frame ``index``."""
        seconds, height = index / self._spec.fps, self._spec.height
        for depth, across, pace, phase in self._dashes:
            level = math.floor(_LEVELS * max(0.0, math.sin(seconds * pace * 2.4 + phase)) * 0.999)
            if level:
                mask = self._sprites[round(depth * 3)][level]
                drift = across + 0.012 * math.sin(seconds * 0.8 + phase)
                left = self._middle + drift * height - mask.size[0] / 2
                canvas.stain(self._tint, mask, round(left), round((_FROM + (_TO - _FROM) * depth) * height))


def _dash(spec: ClipSpec, depth: float, level: float) -> Mask:
    long, thick = (0.016 + 0.055 * depth) * spec.height, max(1.2, (0.0016 + 0.0036 * depth) * spec.height)
    size = (even(long + 10), even(thick + 10))
    return Mask.of(ellipse(size, (long / 2, thick / 2), round(level * (185 - 45 * depth)), blur=1.2))
