"""The prompt's words, the sandbox's mark and its note, drawn over every frame."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFilter

from ltxv_nb.sandbox.drawing import glyphs
from ltxv_nb.sandbox.drawing.planes import Mask, even

if TYPE_CHECKING:
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.planes import Planes

_LINES = 3

#: More characters than three lines can hold.
_MAX_CHARACTERS = 600
_NO_FONT = "(words in a script that the sandbox has no font for)"
_WHITE, _BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)


class Caption:
    """Words at the lower left, mark and note at the upper right."""

    def __init__(self, spec: ClipSpec) -> None:
        unit = min(spec.height, spec.width * 9 / 16) / 1080
        self._pieces = _label(f"sandbox · {spec.model.rpartition('/')[2]}", 22, 36, spec, unit)
        if spec.prompt:
            text = glyphs.drawable(spec.prompt[:_MAX_CHARACTERS]) or _NO_FONT
            words = _wrap(text, _size(38 * unit), spec.width * 0.80)
            self._pieces = [*_words(words, spec, unit), *self._pieces]
        if spec.note:
            self._pieces += _label(spec.note, 20, 92, spec, unit)

    def draw(self, canvas: Planes) -> None:
        """Draw the words on one frame."""
        for shade, mask, left, top in self._pieces:
            canvas.stain(shade, mask, left, top)


_Piece = tuple[tuple[float, float, float], Mask, int, int]


def _size(pixels: float) -> int:
    return max(8, round(pixels))


def _wrap(text: str, size: int, width: float) -> list[str]:
    """Break text into lines of at most ``width`` pixels; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if glyphs.length(longer, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    lines = [_cut(line, size, width) for line in lines]
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], _cut(f"{lines[_LINES - 1]} …", size, width)]
    return lines


def _cut(line: str, size: int, width: float) -> str:
    if glyphs.length(line, size) <= width:
        return line
    fits = bisect_right(range(len(line)), width, key=lambda end: glyphs.length(f"{line[:end]}…", size))
    return f"{line[: max(0, fits - 1)]}…"


def _words(lines: list[str], spec: ClipSpec, unit: float) -> list[_Piece]:
    size, step, left = _size(38 * unit), round(50 * unit), even(64 * unit)
    height = even(step * len(lines) + 24 * unit)
    top = even(spec.height - height - 46 * unit)
    image = Image.new("L", (even(spec.width * 0.82), height))
    for number, line in enumerate(lines):
        glyphs.draw(image, (2, number * step), line, size, 240)
    return [_scrim(spec, top, unit), (_WHITE, Mask.of(image), left, top)]


def _scrim(spec: ClipSpec, words_top: int, unit: float) -> _Piece:
    """Return a shade that deepens towards the lower edge, so that words read on any picture."""
    top = even(max(0, words_top - 150 * unit))
    height = spec.height - top
    ramp = [round(165 * min(1.0, row / (height * 0.75)) ** 1.6) for row in range(height)]
    column = Image.frombytes("L", (1, height), bytes(ramp))
    return _BLACK, Mask.of(column.resize((spec.width, height))), 0, top


def _label(text: str, points: int, top: int, spec: ClipSpec, unit: float) -> list[_Piece]:
    """Return small words on a plate at the right; size and distance from the top in pixels of 1080p."""
    size = _size(points * unit)
    text = _cut(text, size, spec.width * 0.85)
    width, height = even(glyphs.length(text, size) + 44 * unit), even(46 * unit)
    plate, words = Image.new("L", (width, height)), Image.new("L", (width, height))
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, width - 1, height - 1), radius=height // 2, fill=105)
    at = (width - glyphs.length(text, size)) / 2, height / 2 - size * 0.62
    glyphs.draw(words, at, text, size, 225)
    left = even(spec.width - width - 40 * unit)
    smooth = plate.filter(ImageFilter.GaussianBlur(max(0.6, unit * 0.8)))
    return [
        (_BLACK, Mask.of(smooth), left, even(top * unit)),
        (_WHITE, Mask.of(words), left, even(top * unit)),
    ]
