"""What lies below clips that are exported side by side: where each stands, and the words beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import RequestError
from ltxv_nb.fonts import glyphs
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from PIL import Image

    from ltxv_nb.arrangement import Arrangement
    from ltxv_nb.tiles import Tile

#: Size of the letters on a board 1080 high, and the smallest that can be read; pixels.
_LETTERS, _SMALLEST = 24, 11
#: Pixels between two clips, and the least width of one.
_GAP, _LEAST_WIDTH = 8, 64
#: Share of the width that the heads of rows take, and lines of a head, of a label and of what is said.
_ROW_HEADS, _HEAD_LINES, _LABEL_LINES, _STATE_LINES = 0.09, 2, 2, 5
_GROUND, _PLACE = (17, 17, 17), (40, 40, 40)
_WORDS, _QUIET = (238, 238, 238), (176, 176, 176)
#: Characters of a label that stand in one line.
_LABEL_LINE = 28
#: Used where no clip says what shape clips have.
_USUAL_SHAPE = (16, 9)
_MOST_CHARACTERS = 300


class Box(NamedTuple):
    """A part of a board, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Board:
    """The picture below the clips.

    Attributes
    ----------
    picture : PIL.Image.Image
        The ground with all words; RGB, its sides even.
    places : tuple of (Tile, Box)
        Where each clip goes; its shape may be another one.
    letters : int
        Size of the letters, in pixels.
    """

    picture: Image.Image
    places: tuple[tuple[Tile, Box], ...]
    letters: int


def make_board(arrangement: Arrangement, width: int, most_height: int | None, title: str = "") -> Board:
    """Lay a board out and write on it.

    Parameters
    ----------
    arrangement : Arrangement
        The clips.
    width : int
        Its width, in pixels; a board that would be too high is made narrower.
    most_height : int, optional
        The most height, in pixels; without it the board is as high as it has to be.
    title : str
        A line above all.

    Raises
    ------
    RequestError
        There are so many clips that nothing could be seen of them.
    """
    from PIL import Image, ImageDraw

    plan = _Plan(arrangement, width, most_height, title)
    picture = Image.new("RGB", (plan.width, plan.height), _GROUND)
    pen = ImageDraw.Draw(picture)
    write = _Writer(picture, plan.letters)
    if title:
        write.lines(title, Box(_GAP, 0, plan.width - 2 * _GAP, plan.title), 1, _WORDS)
    for column, head in enumerate(arrangement.columns):
        box = plan.box(0, column)
        write.lines(head, Box(box.left, plan.title, box.width, plan.heads), _HEAD_LINES, _WORDS, centred=True)
    for row, head in enumerate(arrangement.rows if plan.side else ()):
        box = plan.box(row, 0)
        write.lines(head, Box(_GAP, box.top, plan.side - 2 * _GAP, box.height), 4, _WORDS)
    places = []
    for row, column, tile in arrangement:
        box = plan.box(row, column)
        places.append((tile, box))
        if plan.label:
            under = Box(box.left, box.top + box.height, box.width, plan.label)
            write.lines(tile.label, under, _LABEL_LINES, _WORDS)
        if tile.video is None:
            pen.rectangle(
                (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1), fill=_PLACE
            )
            write.lines(tile.state_words, box, _STATE_LINES, _QUIET, centred=True)
    return Board(picture, tuple(places), plan.letters)


def say(board: Board, box: Box, words: str) -> None:
    """Write into the place of a clip why it is not there."""
    from PIL import ImageDraw

    ImageDraw.Draw(board.picture).rectangle(
        (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1), fill=_PLACE
    )
    _Writer(board.picture, board.letters).lines(words, box, _STATE_LINES, _QUIET, centred=True)


def fit_into(width: int, height: int, box: Box) -> Box:
    """Return where a picture goes that fills its place as far as its shape allows; even numbers."""
    scale = min(box.width / max(1, width), box.height / max(1, height))
    wide, high = (
        min(most, max(2, _even(scale * side))) for side, most in ((width, box.width), (height, box.height))
    )
    return Box(box.left + _even((box.width - wide) / 2), box.top + _even((box.height - high) / 2), wide, high)


class _Plan:
    """The measures of a board, in pixels; all even, as the colours of a video come by two pixels.

    Attributes
    ----------
    width, height : int
        Of the whole.
    title, heads, side, label : int
        Height of the title and of the heads of columns, width of those of rows, height of a label.
    """

    def __init__(self, arrangement: Arrangement, width: int, most_height: int | None, title: str) -> None:
        columns, rows = arrangement.size
        self.letters = _letters(most_height or width * 9 // 16)
        line = _line(self.letters)
        heads = bool(arrangement.columns)
        self.title = line if title else 0
        self.heads = _HEAD_LINES * line if any(arrangement.columns) else 0
        long = any(len(tile.label) > _LABEL_LINE for _, _, tile in arrangement)
        self.label = 0 if heads else (_LABEL_LINES if long else 1) * line
        self.side = _even(width * _ROW_HEADS) if any(arrangement.rows) else 0
        across, down = _shape(arrangement)
        cell = (width - self.side - _GAP * (columns + 1)) / columns
        if most_height is not None:
            free = most_height - self.title - self.heads - rows * (self.label + _GAP) - _GAP
            cell = min(cell, free / rows * across / down)
        self._cell = _even(cell), _even(cell * down / across)
        if self._cell[0] < _LEAST_WIDTH or self._cell[1] < 2:
            raise RequestError(
                f"{columns} by {rows} clips are too many for one picture: each would be narrower than "
                f"{_LEAST_WIDTH} pixels. Save fewer of them, or as .html or .csv."
            )
        self.width = self.side + columns * (self._cell[0] + _GAP) + _GAP
        self.height = self.title + self.heads + rows * (self._cell[1] + self.label + _GAP) + _GAP

    def box(self, row: int, column: int) -> Box:
        """Return where a clip goes."""
        width, height = self._cell
        left = self.side + _GAP + column * (width + _GAP)
        return Box(left, self.title + self.heads + _GAP + row * (height + self.label + _GAP), width, height)


class _Writer:
    """Writes words on a picture, whatever their script."""

    def __init__(self, picture: Image.Image, letters: int) -> None:
        self._picture, self._letters = picture, letters

    def lines(
        self, words: str, box: Box, most: int, colour: tuple[int, int, int], *, centred: bool = False
    ) -> None:
        """Write words into a box, in the middle of its height; what does not fit ends in an ellipsis."""
        from PIL import Image

        step = _line(self._letters)
        text = glyphs.drawable(one_line(words, _MOST_CHARACTERS))
        lines = glyphs.wrap(text, self._letters, box.width, max(1, min(most, box.height // step)))
        mask = Image.new("L", (box.width, max(box.height, step)))
        top = max(0, (mask.height - step * len(lines)) // 2)
        for number, line in enumerate(lines):
            left = max(0.0, (box.width - glyphs.length(line, self._letters)) / 2) if centred else 0
            glyphs.draw(mask, (left, top + number * step), line, self._letters, 255)
        self._picture.paste(colour, (box.left, box.top), mask)


def _letters(height: int) -> int:
    return max(_SMALLEST, round(_LETTERS * height / 1080))


def _line(letters: int) -> int:
    return _even(1.35 * letters)


def _even(number: float) -> int:
    return int(number) // 2 * 2


def _shape(arrangement: Arrangement) -> tuple[int, int]:
    """Return width and height of most of the clips."""
    sizes = Counter(
        (tile.video.width, tile.video.height) for _, _, tile in arrangement if tile.video is not None
    )
    return next((size for size, _ in sizes.most_common(1) if min(size) > 0), _USUAL_SHAPE)
