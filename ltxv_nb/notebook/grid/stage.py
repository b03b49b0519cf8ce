"""The part of a grid that the page runs: one ES module, and what it and the kernel tell each other."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import anywidget
from traitlets import Bool, Dict, Int, List, Unicode

if TYPE_CHECKING:
    from collections.abc import Callable

#: The files of the one ES module, in the order in which they are put together: the page loads no others.
_SCRIPTS = (
    "parts.js",
    "transport.js",
    "bar.js",
    "tile.js",
    "lightbox.js",
    "blind.js",
    "keyboard.js",
    "grid.js",
)


@cache
def _script() -> str:
    return "\n".join(_text(name) for name in _SCRIPTS)


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


class Stage(anywidget.AnyWidget):
    """What the page runs.

    Parameters
    ----------
    received : callable
        Called with each message of the page, as it came: it may hold anything.
    **state
        The first values of the traits below.

    Attributes
    ----------
    title : str
        What the grid is called.
    tiles : list of dict
        The clips, see `ltxv_nb.notebook.grid.describe`.
    ratings : dict
        The stars and tags by the tile's number.
    axes : list of dict
        Name and values of each axis, in order.
    rows, columns : list of str
        The axes that lead down and across; the page changes them when they are swapped.
    across : int
        How many clips stand side by side where there are no axes.
    can_vote : bool
        Whether there are clips enough for a blind comparison.
    blind : bool
        Whether the page is to begin with one.
    """

    _esm = _script()
    _css = _text("grid.css")
    title: Any = Unicode("").tag(sync=True)
    tiles: Any = List().tag(sync=True)
    ratings: Any = Dict().tag(sync=True)
    axes: Any = List().tag(sync=True)
    rows: Any = List().tag(sync=True)
    columns: Any = List().tag(sync=True)
    across: Any = Int(1).tag(sync=True)
    can_vote: Any = Bool(default_value=False).tag(sync=True)
    blind: Any = Bool(default_value=False).tag(sync=True)

    def __init__(self, received: Callable[[dict[str, Any]], object], **state: Any) -> None:
        super().__init__(**state)
        self._told = received
        self.on_msg(self._received)

    def _received(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, dict):
            self._told(content)
