"""Small things that are done to texts and bytes before they are shown."""

from __future__ import annotations

import base64
import sys
import unicodedata

#: What a first frame may be; `ltxv_nb.media.image` turns it into an address or a data URI.
IMAGE_SOURCES = "a path, an http(s) URL, bytes, a PIL image, an array, a data URI, or an earlier job or video"

#: CSS classes that tell MathJax 2 and 3 to leave the words of an element alone: a price is no formula.
NO_MATH = "tex2jax_ignore mathjax_ignore"


#: Categories of characters that a terminal acts upon, or that change how what follows is read: controls,
#: format characters (overrides of the direction among them), halves of surrogate pairs, line and paragraph
#: separators.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

#: What joins the parts of an emoji or of a word in some scripts; harmless, and needed to show them.
_JOINERS = frozenset("\u200c\u200d")


def visible(text: str) -> str:
    """Return a text in which no character can act on a terminal: each such one is shown as a symbol.

    Line feeds stay as they are. A control character becomes its picture (``␛`` for ESC), one of the upper
    controls its two-character form (``␛]``), and any other its number (``⟨U+202E⟩``).

    Parameters
    ----------
    text : str
        Any text, from outside too.
    """
    if text.isprintable():  # nearly always, and quick to tell
        return text
    return "".join(char if char == "\n" or char.isprintable() else _symbol(char) for char in text)


def _symbol(char: str) -> str:
    code = ord(char)
    if char in _JOINERS or unicodedata.category(char) not in _ACTING:
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    if 0x80 <= code < 0xA0:  # a terminal takes these for ESC and a letter (ECMA-48, 5.3)
        return f"\N{SYMBOL FOR ESCAPE}{chr(code - 0x40)}"
    return f"⟨U+{code:04X}⟩"


def error_line(name: str, words: str) -> str:
    """Return an error as one line for IPython: red in a terminal, in bold type elsewhere.

    A page shows such a line on a red ground of its own, on which red words cannot be read.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        return f"\x1b[1;31m{name}:\x1b[0m \x1b[31m{words}\x1b[0m"
    return f"\x1b[1m{name}:\x1b[0m {words}"


def one_line(text: str, limit: int = 600) -> str:
    """Return a text as one visible line of bounded length, cut with an ellipsis where it is longer.

    Parameters
    ----------
    text : str
        Any text, from outside too.
    limit : int
        The most characters.
    """
    words = " ".join(visible(" ".join(text.split())).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def data_uri(data: bytes, media_type: str) -> str:
    """Return bytes as a ``data:`` URI, for a page or for a request."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
