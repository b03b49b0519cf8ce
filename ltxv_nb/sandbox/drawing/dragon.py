"""A dragon, seen from in front."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.outline import outline_mask, smooth
from ltxv_nb.sandbox.drawing.planes import colour, even, mix

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.outline import Points
    from ltxv_nb.sandbox.drawing.planes import Planes

_HORN = [(0.05, -0.10), (0.10, -0.16), (0.20, -0.30), (0.13, -0.13), (0.10, -0.04)]
_SPIKE = [(0.09, -0.03), (0.19, -0.06), (0.10, 0.03)]
_CLAW = [
    *((0.05, 0.40), (0.13, 0.46), (0.12, 0.60), (0.09, 0.53)),
    *((0.08, 0.62), (0.05, 0.53), (0.03, 0.58), (0.02, 0.45)),
]
_SKULL = [
    *((-0.08, -0.12), (0.08, -0.12), (0.115, -0.03), (0.085, 0.04)),
    *((0.06, 0.10), (-0.06, 0.10), (-0.085, 0.04), (-0.115, -0.03)),
]
_TRUNK = [
    *((-0.08, 0.0), (0.08, 0.0), (0.14, 0.22), (0.10, 0.46)),
    *((0.0, 0.56), (-0.10, 0.46), (-0.14, 0.22)),
]
_TAIL = [
    *((-0.05, 0.50), (0.05, 0.50), (0.09, 0.68), (0.22, 0.80)),
    *((0.34, 0.82), (0.24, 0.85), (0.06, 0.78), (-0.02, 0.66)),
]

#: The upper edges of chin and throat; the lower ones drop with the jaw.
_CHIN = [(-0.085, 0.03), (0.085, 0.03)]
_THROAT = [(-0.052, 0.065), (0.052, 0.065)]


class Dragon:
    """A dragon that comes out of the distance with beating wings, its eyes and its open jaws aglow."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        self._spec = spec
        self._tone = mix(look.light.near, look.light.far, 0.06)
        self._glow, self._eye = colour("#ff7a1a"), colour("#ffe27a")

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the dragon on frame ``index``."""
        spec = self._spec
        part = (index + 1) / spec.frames
        seconds = index / spec.fps
        span = spec.height * (0.05 + 0.62 * part**2.2)
        flap = math.sin(2 * math.pi * seconds * (1.15 - 0.35 * part))
        x = spec.width * (0.60 - 0.10 * part) + 0.05 * spec.height * math.sin(seconds * 1.3) * (1 - part)
        y = spec.height * (0.20 + 0.17 * part) - 0.05 * span * flap
        size = (even(span * 2.3 + 8), even(span * 1.9 + 8))
        left, top = round(x - size[0] / 2), round(y - size[1] * 0.45)
        jaw = 0.3 + 0.7 * part**3
        body, glow, eyes = dragon_shapes(flap, jaw)
        # On a wing that fills a 2160p frame the steps do not show; smoothing them takes 30 ms a frame.
        fine = 2 if size[0] < 2000 else 1
        silhouette = _scaled(body, span, (size[0] / 2, size[1] * 0.45))
        canvas.stain(self._tone, outline_mask(size, silhouette, fine), left, top)
        head = (even(span * 0.5 + 8), even(span * 0.6 + 8))
        middle = (head[0] / 2, head[1] / 2)
        corner = (round(x - head[0] / 2), round(y - head[1] / 2))
        canvas.stain(self._glow, outline_mask(head, _scaled(glow, span, middle)), *corner)
        canvas.stain(self._eye, outline_mask(head, _scaled(eyes, span, middle)), *corner)
        canvas.stain(
            self._tone if span < 60 else mix(self._eye, (1, 1, 1), 0.5),
            outline_mask(head, _scaled(_fangs(jaw), span, middle)),
            *corner,
        )


def _scaled(shapes: list[Points], span: float, origin: tuple[float, float]) -> list[tuple[Points, int]]:
    """Return shapes in pixels around an origin, each at full strength."""
    return [([(origin[0] + a * span, origin[1] + b * span) for a, b in shape], 255) for shape in shapes]


def dragon_shapes(flap: float, jaw: float) -> tuple[list[Points], list[Points], list[Points]]:
    """Return the dragon as seen from in front: silhouette, the glow of its throat, its eyes.

    Parameters
    ----------
    flap : float
        The position of the wings, -1 (down) to 1 (up).
    jaw : float
        How far the jaws are open, 0 to 1.

    Returns
    -------
    tuple of lists of points
        In units of the half span, the middle of the head at the origin, y downwards.
    """
    drop = 0.11 * jaw
    body = [*_limbs(-1, flap), *_limbs(1, flap)]
    chin = [*_CHIN, (0.062, 0.12 + drop), (0.0, 0.155 + drop), (-0.062, 0.12 + drop)]
    body += [smooth(_SKULL), smooth(chin), smooth(_TRUNK), smooth(_TAIL)]
    throat = [*_THROAT, (0.040, 0.095 + drop), (0.0, 0.110 + drop), (-0.040, 0.095 + drop)]
    eyes: list[Points] = [[(s * 0.028, -0.018), (s * 0.078, -0.050), (s * 0.070, -0.012)] for s in (-1, 1)]
    return body, [smooth(throat)], eyes


def _limbs(side: int, flap: float) -> list[Points]:
    """Return the wing, the horn, the spike and the claw of one side, -1 (left) or 1 (right)."""
    wrist = (0.44, -0.30 - 0.22 * flap)
    tip = (1.05, -0.12 - 0.50 * flap)
    fingers = [(0.88, 0.24 - 0.30 * flap), (0.60, 0.36 - 0.16 * flap), (0.34, 0.42 - 0.05 * flap)]
    wing: Points = [(0.06, 0.05), (0.22, -0.10 - 0.10 * flap), wrist, (0.46, -0.37 - 0.22 * flap)]
    wing += _arc((0.46, -0.37 - 0.22 * flap), tip, -0.08)
    for first, second in zip([tip, *fingers], [*fingers, (0.10, 0.34)], strict=True):
        wing += _arc(first, second, -0.09)
    return [[(side * a, b) for a, b in shape] for shape in (wing, _HORN, _SPIKE, _CLAW)]


def _fangs(jaw: float) -> list[Points]:
    drop = 0.11 * jaw
    upper: list[Points] = [
        [(a - 0.009, 0.062), (a + 0.009, 0.062), (a, 0.062 + 0.05 * jaw)]
        for a in (-0.040, -0.014, 0.014, 0.040)
    ]
    gum = 0.098 + drop
    lower: list[Points] = [
        [(a - 0.008, gum), (a + 0.008, gum), (a, gum - 0.035 * jaw)] for a in (-0.026, 0.026)
    ]
    return upper + lower


def _arc(start: tuple[float, float], end: tuple[float, float], sag: float) -> Points:
    """Return a bow from one point to another that sags by ``sag`` of its length to the inside."""
    (a, b), (c, d) = start, end
    points = []
    for step in range(1, 9):
        t = step / 8
        bend = 4 * t * (1 - t) * sag
        points.append((a + (c - a) * t - (d - b) * bend * -1, b + (d - b) * t + (c - a) * bend * -1))
    return points
