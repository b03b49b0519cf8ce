"""Words as glyphs, whatever their script: which font has a character, and how a line is drawn with several.

Latin, Greek, Cyrillic, Hebrew, Arabic and some more come from DejaVu Sans, in this folder. What it
lacks (Chinese, Thai, most emoji) comes from the machine's own fonts where they are found; an emoji without a
font is written as its name, so that nothing is an empty box.
"""

from __future__ import annotations

import functools
import unicodedata
from bisect import bisect_right
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont, features

from ltxv_nb.fonts.rtl import in_visual_order, is_rtl

DEJAVU = Path(__file__).parent / "DejaVuSans.ttf"

_OURS = "DejaVu Sans"

#: Fonts of the usual systems for what DejaVu lacks, by file name; Pillow knows where each system keeps them.
_TEXT_FONTS = (
    "NotoSansCJK-Regular.ttc", "msgothic.ttc", "msyh.ttc", "malgun.ttf", "PingFang.ttc",
    "Hiragino Sans GB.ttc", "wqy-zenhei.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf",
    "NotoSansThai-Regular.ttf", "NotoSansDevanagari-Regular.ttf", "Nirmala.ttf", "leelawui.ttf",
    "Arial Unicode.ttf", "unifont.ttf", "unifont.otf",
)  # fmt: skip

#: Emoji fonts, with the one size in pixels that those of bitmaps have.
_EMOJI_FONTS = (("NotoColorEmoji.ttf", 109), ("Apple Color Emoji.ttc", 160), ("seguiemj.ttf", 109))

#: Characters that only say how another one is drawn.
_SELECTORS = frozenset("\u200c\u200d\ufe0e\ufe0f") | {chr(code) for code in range(0x1F3FB, 0x1F400)}


class Run(NamedTuple):
    """Characters in a row that one font draws."""

    text: str
    font: ImageFont.FreeTypeFont
    is_emoji: bool = False


def drawable(text: str) -> str:
    """Return a text in one line, without what no font here can draw; an emoji may become its name."""
    flat = unicodedata.normalize("NFC", " ".join(text.split()))
    return " ".join("".join(map(_drawable, flat)).split())


def length(text: str, size: int) -> float:
    """Return the width of a line, in pixels."""
    return sum(_width(run, size) for run in _runs(text, size))


def wrap(text: str, size: int, width: float, most: int) -> list[str]:
    """Break a text into at most ``most`` lines of ``width`` pixels; what does not fit ends in an ellipsis."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if length(longer, size) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    lines = [cut(line, size, width) for line in lines]
    if len(lines) > most:
        lines = [*lines[: most - 1], cut(f"{lines[most - 1]} …", size, width)]
    return lines


def cut(line: str, size: int, width: float) -> str:
    """Return a line that is at most ``width`` pixels wide; a longer one ends in an ellipsis."""
    if length(line, size) <= width:
        return line
    fits = bisect_right(range(len(line)), width, key=lambda end: length(f"{line[:end]}…", size))
    return f"{line[: max(0, fits - 1)]}…"


def draw(image: Image.Image, at: tuple[float, float], text: str, size: int, fill: int) -> None:
    """Draw one line into a mask.

    Parameters
    ----------
    image : PIL.Image.Image
        The mask, of mode ``L``.
    at : tuple of float
        The left and upper end of the line, in pixels; also that of a script that runs from the right.
    text : str
        What `drawable` has returned, or a part of it.
    size : int
        Of the font, in pixels.
    fill : int
        How opaque the words are, 0 to 255.
    """
    pen, (left, top) = ImageDraw.Draw(image), at
    runs = _runs(text, size)
    for run in reversed(runs) if is_rtl(text) else runs:
        if run.is_emoji:
            for char in run.text:
                image.paste(fill, (round(left), round(top)), _emoji(char, size))
                left += size * 1.2
        else:
            pen.text((left, top), _shaped(run.text), fill=fill, font=run.font)
            left += _width(run, size)


def _drawable(char: str) -> str:
    if char == " " or _font_of(char) is not None:
        return char
    if char in _SELECTORS or not char.isprintable():
        return ""
    name = unicodedata.name(char, "") if unicodedata.category(char).startswith("S") else ""
    return f" [{name.lower()}] " if name else ""


def _runs(text: str, size: int) -> list[Run]:
    """Cut a line where its font changes; a space or a mark stays with the letters before it."""
    emoji, named, current = dict(_EMOJI_FONTS), [], _OURS
    for char in text:
        if char != " " and not unicodedata.combining(char):
            current = _font_of(char) or _OURS
        elif current in emoji:
            current = _OURS
        named.append((current, char))
    return [
        Run("".join(char for _, char in chars), _load(name, size), name in emoji)
        for name, chars in groupby(named, key=lambda pair: pair[0])
    ]


def _width(run: Run, size: int) -> float:
    return len(run.text) * size * 1.2 if run.is_emoji else run.font.getlength(_shaped(run.text))


def _shaped(text: str) -> str:
    """Return a text as it is handed to the font: Pillow itself sets it in order where it has Raqm."""
    return text if _has_raqm() else in_visual_order(text)


@functools.cache
def _has_raqm() -> bool:
    return bool(features.check("raqm"))


@functools.lru_cache(4096)
def _font_of(char: str) -> str | None:
    """Return the font that has a character, or none."""
    if char in _SELECTORS or not char.isprintable():
        return None
    names = [_OURS, *_TEXT_FONTS, *(name for name, _ in _EMOJI_FONTS)]
    return next((name for name in names if _has(name, char)), None)


@functools.lru_cache(8192)
def _has(name: str, char: str) -> bool:
    # Laid out simply: Raqm would put a mark that the font lacks on a dotted circle.
    font = _open(name, dict(_EMOJI_FONTS).get(name, 40), simply=True)
    return font is not None and bytes(font.getmask(char)) not in {b"", _missing(font)}


@functools.cache
def _missing(font: ImageFont.FreeTypeFont) -> bytes:
    return bytes(font.getmask("\U0010fffd"))


@functools.lru_cache(64)
def _open(name: str, size: int, *, simply: bool) -> ImageFont.FreeTypeFont | None:
    layout = ImageFont.Layout.BASIC if simply else ImageFont.Layout.RAQM
    try:
        return ImageFont.truetype(str(DEJAVU) if name == _OURS else name, size, layout_engine=layout)
    except (OSError, ValueError):  # not on this machine, or of a kind that cannot be read here
        return None


def _load(name: str, size: int) -> ImageFont.FreeTypeFont:
    font = _open(name, dict(_EMOJI_FONTS).get(name, size), simply=not _has_raqm())
    assert font is not None  # it has a character
    return font


@functools.lru_cache(256)
def _emoji(char: str, size: int) -> Image.Image:
    """Return one emoji as a mask, its light parts opaque: the words of a caption are all of one colour."""
    name = _font_of(char) or ""
    font = _load(name, size)
    box = font.getbbox(char)
    image = Image.new("RGBA", (max(1, round(box[2])), max(1, round(box[3]))))
    ImageDraw.Draw(image).text((0, 0), char, font=font, embedded_color=True, fill="white")
    light = image.convert("L").point([90 + round(level * 165 / 255) for level in range(256)])
    mask = Image.composite(light, Image.new("L", image.size), image.getchannel("A"))
    return mask.resize((max(1, round(size * 1.1 * mask.width / mask.height)), round(size * 1.1)))
