"""Small things that are done to texts and bytes before they are shown."""

from __future__ import annotations

import base64

#: What a first frame may be; `ltxv_nb.media.image` turns it into an address or a data URI.
IMAGE_SOURCES = "a path, an http(s) URL, bytes, a PIL image, an array, a data URI, or an earlier job or video"


def one_line(text: str, limit: int = 600) -> str:
    """Return a text as one printable line of bounded length, cut with an ellipsis where it is longer.

    Parameters
    ----------
    text : str
        Any text, from outside too.
    limit : int
        The most characters.
    """
    words = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"


def data_uri(data: bytes, media_type: str) -> str:
    """Return bytes as a ``data:`` URI, for a page or for a request."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
