"""What a scene shows first of all: a dragon, a lighthouse, a boat, birds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from ltxv_nb.sandbox.drawing.dragon import Dragon
from ltxv_nb.sandbox.drawing.lighthouse import Lighthouse
from ltxv_nb.sandbox.drawing.outline import outline_mask
from ltxv_nb.sandbox.drawing.planes import even, mix

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.outline import Points
    from ltxv_nb.sandbox.drawing.planes import Mask, Planes


class Subject(Protocol):
    """Something that is drawn on every frame."""

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw it on frame ``index``."""


def subject_of(spec: ClipSpec, look: Look) -> tuple[Subject | None, int]:
    """Return a look's subject, and the number of the layer of land in front of it."""
    if look.subject == "dragon":
        return Dragon(spec, look), 99
    if look.subject == "lighthouse":
        return Lighthouse(spec, look), 2
    if look.subject == "boat" and look.land == "sea":
        return Boat(spec, look), 5
    if look.subject in {"birds", "boat"}:
        return Birds(spec, look), 1
    return None, 0


class Birds:
    """A loose flock that crosses the sky."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        rng = spec.rng("birds")
        self._spec, self._tone = spec, mix(look.light.near, look.light.far, 0.25)
        self._flock = [
            (rng.uniform(-0.28, 0.28), rng.uniform(-0.09, 0.09), rng.uniform(0.6, 1.1), rng.uniform(0, 6))
            for _ in range(9)
        ]
        self._start, self._height = rng.uniform(0.1, 0.3), rng.uniform(0.20, 0.30)
        self._poses = [self._pose(step / 12) for step in range(12)]

    def _pose(self, phase: float) -> list[Mask]:
        lift = math.sin(2 * math.pi * phase)
        poses = []
        for size in (0.022, 0.030, 0.038):
            span = size * self._spec.height
            side = even(span * 2 + 4)
            x, y = side / 2, side / 2
            tip, bend = y - lift * span * 0.45, y - (0.22 + 0.18 * lift) * span
            wings: Points = [
                (x - span, tip), (x - span * 0.45, bend), (x, y - span * 0.02), (x + span * 0.45, bend),
                (x + span, tip), (x + span * 0.42, bend + span * 0.14), (x, y + span * 0.16),
                (x - span * 0.42, bend + span * 0.14),
            ]  # fmt: skip
            poses.append(outline_mask((side, side), [(wings, 235)]))
        return poses

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the flock on frame ``index``."""
        seconds, height = index / self._spec.fps, self._spec.height
        for x, y, size, phase in self._flock:
            across = (self._start + 0.085 * seconds) * height + (x + 0.28) * height
            down = (self._height + y + 0.012 * math.sin(seconds * 0.9 + phase)) * height
            pose = int((seconds * 1.6 * size + phase) * 12) % 12
            mask = self._poses[pose][min(2, int((size - 0.6) * 6))]
            canvas.stain(self._tone, mask, round(across), round(down))


class Boat:
    """A sailing boat that rides the swell."""

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        self._spec = spec
        unit = spec.height * 0.20
        self._size = (even(unit), even(unit * 1.3))
        self._sail = mix(look.light.sky[-1], (1.0, 1.0, 1.0), 0.35)
        self._hull = mix(look.light.near, look.light.far, 0.15)
        self._poses = [self._pose(unit, 5.0 * math.sin(2 * math.pi * step / 24)) for step in range(24)]

    def _pose(self, unit: float, degrees: float) -> tuple[Mask, Mask]:
        main = [(0.50, 0.06), (0.52, 0.94), (0.10, 0.94), (0.28, 0.60)]
        jib = [(0.56, 0.16), (0.84, 0.92), (0.57, 0.94)]
        hull = [(0.06, 1.00), (0.94, 0.98), (0.84, 1.16), (0.18, 1.16)]
        mast = [(0.525, 0.02), (0.545, 0.02), (0.55, 1.0), (0.525, 1.0)]
        sails = [(_turned(shape, degrees, unit), 235) for shape in (main, jib)]
        wood = [(_turned(shape, degrees, unit), 255) for shape in (hull, mast)]
        return outline_mask(self._size, sails, 4), outline_mask(self._size, wood, 4)

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the boat on frame ``index``."""
        seconds, height = index / self._spec.fps, self._spec.height
        sails, wood = self._poses[int(seconds * 7) % 24]
        left = round((0.42 + 0.035 * seconds) * height)
        top = round((0.475 + 0.006 * math.sin(seconds * 1.5)) * height)
        canvas.stain(self._sail, sails, left, top)
        canvas.stain(self._hull, wood, left, top)


def _turned(points: Points, degrees: float, unit: float) -> Points:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    turned = [
        (0.5 + (x - 0.5) * cos - (y - 1.1) * sin, 1.1 + (x - 0.5) * sin + (y - 1.1) * cos) for x, y in points
    ]
    return [(x * unit, y * unit) for x, y in turned]
