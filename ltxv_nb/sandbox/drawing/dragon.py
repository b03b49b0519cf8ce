"""A dragon, as seen from in front by someone who should run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ltxv_nb.sandbox.drawing.outline import outline_mask, smooth
from ltxv_nb.sandbox.drawing.planes import colour, even, mix

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Mood
    from ltxv_nb.sandbox.drawing.outline import Points
    from ltxv_nb.sandbox.drawing.planes import Planes


class Dragon:
    """A dragon that comes out of the distance with beating wings, its eyes and its open jaws aglow."""

    def __init__(self, spec: ClipSpec, mood: Mood) -> None:
        self._spec = spec
        self._tone = mix(mood.light.near, mood.light.far, 0.06)
        self._glow, self._eye = colour("#ff7a1a"), colour("#ffe27a")

    def draw(self, canvas: Planes, index: int) -> None:
        """Lay the dragon on frame ``index``."""
        spec = self._spec
        part = (index + 1) / spec.frames
        seconds = index / spec.fps
        span = spec.height * (0.05 + 0.62 * part**2.2)
        beat = math.sin(2 * math.pi * seconds * (1.15 - 0.35 * part))
        x = spec.width * (0.60 - 0.10 * part) + 0.05 * spec.height * math.sin(seconds * 1.3) * (1 - part)
        y = spec.height * (0.20 + 0.17 * part) - 0.05 * span * beat
        size = (even(span * 2.3 + 8), even(span * 1.9 + 8))
        left, top = round(x - size[0] / 2), round(y - size[1] * 0.45)
        jaw = 0.3 + 0.7 * part**3
        body, glow, eyes = dragon_shapes(beat, jaw)

        def placed(shapes: list[Points]) -> list[tuple[Points, int]]:
            return [
                ([(size[0] / 2 + a * span, size[1] * 0.45 + b * span) for a, b in shape], 255)
                for shape in shapes
            ]

        # Of a wing that fills a 2160p frame nobody sees the steps; smoothing them takes 30 ms a frame.
        canvas.stain(self._tone, outline_mask(size, placed(body), 2 if size[0] < 2000 else 1), left, top)
        head = (even(span * 0.5 + 8), even(span * 0.6 + 8))

        def face(shapes: list[Points]) -> list[tuple[Points, int]]:
            return [
                ([(head[0] / 2 + a * span, head[1] / 2 + b * span) for a, b in shape], 255)
                for shape in shapes
            ]

        corner = (round(x - head[0] / 2), round(y - head[1] / 2))
        canvas.stain(self._glow, outline_mask(head, face(glow)), *corner)
        canvas.stain(self._eye, outline_mask(head, face(eyes)), *corner)
        canvas.stain(
            self._tone if span < 60 else mix(self._eye, (1, 1, 1), 0.5),
            outline_mask(head, face(_fangs(jaw))),
            *corner,
        )


def dragon_shapes(beat: float, jaw: float) -> tuple[list[Points], list[Points], list[Points]]:
    """Return the dragon as seen from in front: silhouette, the glow of its throat, its eyes.

    Parameters
    ----------
    beat : float
        Where the wings are, -1 (down) to 1 (up).
    jaw : float
        How far the jaws are open, 0 to 1.

    Returns
    -------
    tuple of lists of points
        In units of the half span, the middle of the head at the origin, y downwards.
    """
    body: list[Points] = []
    for side in (-1, 1):
        wrist = (0.44, -0.30 - 0.22 * beat)
        tip = (1.05, -0.12 - 0.50 * beat)
        fingers = [(0.88, 0.24 - 0.30 * beat), (0.60, 0.36 - 0.16 * beat), (0.34, 0.42 - 0.05 * beat)]
        wing: Points = [(0.06, 0.05), (0.22, -0.10 - 0.10 * beat), wrist, (0.46, -0.37 - 0.22 * beat)]
        wing += _arc((0.46, -0.37 - 0.22 * beat), tip, -0.08)
        for first, second in zip([tip, *fingers], [*fingers, (0.10, 0.34)], strict=True):
            wing += _arc(first, second, -0.09)
        body.append([(side * a, b) for a, b in wing])
        horn = [(0.05, -0.10), (0.10, -0.16), (0.20, -0.30), (0.13, -0.13), (0.10, -0.04)]
        body.append([(side * a, b) for a, b in horn])
        spike = [(0.09, -0.03), (0.19, -0.06), (0.10, 0.03)]
        body.append([(side * a, b) for a, b in spike])
        claw = [
            (0.05, 0.40),
            (0.13, 0.46),
            (0.12, 0.60),
            (0.09, 0.53),
            (0.08, 0.62),
            (0.05, 0.53),
            (0.03, 0.58),
            (0.02, 0.45),
        ]
        body.append([(side * a, b) for a, b in claw])
    drop = 0.11 * jaw
    skull: Points = [
        *((-0.08, -0.12), (0.08, -0.12), (0.115, -0.03), (0.085, 0.04)),
        *((0.06, 0.10), (-0.06, 0.10), (-0.085, 0.04), (-0.115, -0.03)),
    ]
    chin: Points = [
        (-0.085, 0.03),
        (0.085, 0.03),
        (0.062, 0.12 + drop),
        (0.0, 0.155 + drop),
        (-0.062, 0.12 + drop),
    ]
    trunk: Points = [
        (-0.08, 0.0),
        (0.08, 0.0),
        (0.14, 0.22),
        (0.10, 0.46),
        (0.0, 0.56),
        (-0.10, 0.46),
        (-0.14, 0.22),
    ]
    tail: Points = [
        *((-0.05, 0.50), (0.05, 0.50), (0.09, 0.68), (0.22, 0.80)),
        *((0.34, 0.82), (0.24, 0.85), (0.06, 0.78), (-0.02, 0.66)),
    ]
    body += [smooth(skull), smooth(chin), smooth(trunk), smooth(tail)]
    throat: Points = [
        (-0.052, 0.065),
        (0.052, 0.065),
        (0.040, 0.095 + drop),
        (0.0, 0.110 + drop),
        (-0.040, 0.095 + drop),
    ]
    eyes: list[Points] = [[(s * 0.028, -0.018), (s * 0.078, -0.050), (s * 0.070, -0.012)] for s in (-1, 1)]
    return body, [smooth(throat)], eyes


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
