"""A lighthouse on its rock."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

from ltxv_nb.sandbox.drawing.outline import outline_mask, smooth
from ltxv_nb.sandbox.drawing.planes import Mask, colour, even, mix

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.look import Look
    from ltxv_nb.sandbox.drawing.outline import Points
    from ltxv_nb.sandbox.drawing.planes import Planes


class Lighthouse:
    """A tower on a rock whose beam sweeps the sky."""

    _STEPS = 48

    def __init__(self, spec: ClipSpec, look: Look) -> None:
        height = spec.height
        self._spec, self._light = spec, colour("#fff2c4")
        self._stone = mix(look.light.near, look.light.far, 0.10)
        self._left, self._top = even(spec.width - 0.62 * height), even(0.15 * height)
        self._size = (even(0.62 * height), even(0.66 * height))
        self._tower, self._bands, self._lamp = self._masks(height)
        self._white = mix(look.light.sky[-1], look.light.near, 0.35)
        self._shown = (-1, self._tower)
        self._beams = [self._beam(step) for step in range(self._STEPS)]

    def _masks(self, height: int) -> tuple[Mask, Mask, Mask]:
        def scaled(points: Points) -> Points:
            return [(x * height, y * height) for x, y in points]

        tower = [(0.275, 0.135), (0.345, 0.135), (0.372, 0.47), (0.248, 0.47)]
        gallery = [(0.262, 0.118), (0.358, 0.118), (0.352, 0.137), (0.268, 0.137)]
        house = [(0.282, 0.072), (0.338, 0.072), (0.338, 0.12), (0.282, 0.12)]
        roof = [(0.310, 0.028), (0.348, 0.074), (0.272, 0.074)]
        rock = smooth(
            [
                *((0.02, 0.58), (0.10, 0.515), (0.17, 0.475), (0.25, 0.450), (0.36, 0.452)),
                *((0.46, 0.485), (0.54, 0.500), (0.66, 0.56), (0.66, 0.70), (0.02, 0.70)),
            ]
        )
        cottage = [(0.40, 0.425), (0.49, 0.425), (0.49, 0.50), (0.40, 0.50)]
        gable = [(0.39, 0.428), (0.445, 0.385), (0.50, 0.428)]
        bands = []
        for step in (0, 2, 4):
            top, foot = 0.155 + 0.060 * step, 0.155 + 0.060 * (step + 1)
            high, low = 0.035 + 0.027 * (top - 0.135) / 0.335, 0.035 + 0.027 * (foot - 0.135) / 0.335
            bands.append([(0.31 - high, top), (0.31 + high, top), (0.31 + low, foot), (0.31 - low, foot)])
        lamp = [(0.288, 0.078), (0.332, 0.078), (0.332, 0.116), (0.288, 0.116)]
        dark = [(scaled(shape), 255) for shape in (tower, gallery, house, roof, rock, cottage, gable)]
        windows = [[(0.425, 0.448), (0.438, 0.448), (0.438, 0.466), (0.425, 0.466)]]
        return (
            outline_mask(self._size, dark),
            outline_mask(self._size, [(scaled(shape), 190) for shape in bands]),
            outline_mask(self._size, [(scaled(shape), 255) for shape in (lamp, *windows)]),
        )

    def _beam(self, step: int) -> Image.Image:
        """Return the beam of one step at an eighth of the frame's size."""
        width, height = self._spec.width // 8, self._spec.height // 8
        image = Image.new("L", (width, height))
        angle = 2 * math.pi * step / self._STEPS
        reach, facing = math.cos(angle), 0.5 + 0.5 * abs(math.sin(angle))
        x, y = (self._left / self._spec.height + 0.31) * height, (0.15 + 0.097) * height
        pen = ImageDraw.Draw(image)
        for side in (-1, 1):
            far = x + side * reach * 1.9 * height
            spread = (0.05 + 0.16 * facing) * height * abs(reach) + 1
            pen.polygon(
                [
                    (x, y - 1),
                    (x, y + 1),
                    (far, y + spread - 0.05 * height),
                    (far, y - spread - 0.05 * height),
                ],
                fill=95,
            )
        glare = (0.02 + 0.05 * max(0.0, math.sin(angle)) ** 4) * height
        radius = max(4, round(1.75 * height * abs(reach)))
        disc = Image.radial_gradient("L").point([max(0, 255 - round(i * 1.42)) for i in range(256)])
        fade = Image.new("L", (width, height))
        fade.paste(disc.resize((radius * 2, radius * 2)), (round(x) - radius, round(y) - radius))
        black = Image.new("L", (width, height))
        image = Image.composite(image, black, fade)
        ImageDraw.Draw(image).ellipse((x - glare, y - glare, x + glare, y + glare), fill=150)
        return image.filter(ImageFilter.GaussianBlur(1.6))

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw tower and beam on frame ``index``."""
        moment = int(index * 25 / self._spec.fps)
        if moment != self._shown[0]:
            self._shown = (moment, self._sweep(moment / 25))
        canvas.stain(self._light, self._shown[1], 0, 0)
        canvas.stain(self._stone, self._tower, self._left, self._top)
        canvas.stain(self._white, self._bands, self._left, self._top)
        canvas.stain(self._light, self._lamp, self._left, self._top)

    def _sweep(self, seconds: float) -> Mask:
        """Return the beam at a moment, at full size; 25 a second are enough for so soft a thing."""
        size = (self._spec.width, even(self._spec.height * 0.62))
        turn = seconds * 7
        one, other = (self._beams[(int(turn) + step) % self._STEPS] for step in (0, 1))
        small = Image.blend(one, other, turn - int(turn)).crop((0, 0, size[0] // 8, size[1] // 8))
        half = small.resize((size[0] // 2, size[1] // 2), Image.Resampling.BILINEAR)
        return Mask(half.resize(size, Image.Resampling.NEAREST), half)
