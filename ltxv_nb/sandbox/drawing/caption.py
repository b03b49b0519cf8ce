"""The prompt's words, the sandbox's mark and its note, small at the lower left of the frames.

They fade before the end: the last frame has none, so that a clip that starts from it does not show two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from ltxv_nb.fonts import glyphs
from ltxv_nb.sandbox.drawing.planes import Mask, even

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.planes import Planes

#: Lines of the prompt; sizes of its letters and of the mark's, in pixels of a frame 1080 high.
_LINES, _PROMPT_SIZE, _MARK_SIZE = 2, 28, 20

#: More characters than these lines can hold.
_MAX_CHARACTERS = 600
_NO_FONT = "(words in a script that the sandbox has no font for)"
_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)

#: Seconds in which the words fade, and frames at the end that have none: a large clip repeats frames.
_FADE_SECONDS, _BARE_FRAMES = 0.5, 3


class Caption:
    """The words on a clip; the mark says that the sandbox made it."""

    def __init__(self, spec: ClipSpec) -> None:
        unit = min(spec.height, spec.width * 9 / 16) / 1080
        lines: list[tuple[str, int]] = []
        if spec.prompt:
            text = glyphs.drawable(spec.prompt[:_MAX_CHARACTERS]) or _NO_FONT
            size = _size(_PROMPT_SIZE * unit)
            lines = [(line, size) for line in glyphs.wrap(text, size, spec.width * 0.80, _LINES)]
        size = _size(_MARK_SIZE * unit)
        mark = " · ".join(filter(None, ["sandbox", spec.model.rpartition("/")[2], spec.note]))
        self._pieces = _words([*lines, (glyphs.cut(mark, size, spec.width * 0.80), size)], spec, unit)
        self._bare = spec.frames - _BARE_FRAMES
        self._fade = max(1, min(round(_FADE_SECONDS * spec.fps), spec.frames // 4))

    def draw(self, canvas: Planes, index: int) -> None:
        """Draw the words on frame ``index``."""
        share = min(1.0, (self._bare - index) / self._fade)
        if share <= 0:
            return
        for shade, mask, left, top in self._pieces:
            canvas.stain(shade, mask if share == 1 else mask.dimmed(share), left, top)


_Piece = tuple[tuple[float, float, float], Mask, int, int]


def _size(pixels: float) -> int:
    return max(8, round(pixels))


def _words(lines: list[tuple[str, int]], spec: ClipSpec, unit: float) -> list[_Piece]:
    """Return lines, each of its own size in pixels, and the shade below them."""
    left, steps = even(40 * unit), [round(1.35 * size) for _, size in lines]
    height = even(sum(steps) + 12 * unit)
    top = even(spec.height - height - 24 * unit)
    image = Image.new("L", (even(spec.width * 0.82), height))
    for number, (line, size) in enumerate(lines):
        glyphs.draw(image, (2, sum(steps[:number])), line, size, 240)
    return [_scrim(spec, top, unit), (_WHITE, Mask.of(image), left, top)]


def _scrim(spec: ClipSpec, words_top: int, unit: float) -> _Piece:
    """Return a shade that deepens towards the lower edge, so that words read on any picture."""
    top = even(max(0, words_top - 110 * unit))
    height = spec.height - top
    ramp = [round(165 * min(1.0, row / (height * 0.75)) ** 1.6) for row in range(height)]
    column = Image.frombytes("L", (1, height), bytes(ramp))
    return _BLACK, Mask.of(column.resize((spec.width, height))), 0, top
