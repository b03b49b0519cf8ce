"""A grid as plain HTML: a table of ordinary players, for where there is no kernel and no script.

It is the first thing that a page draws of a grid, too: there the notebook's own renderer finds the files
beside the notebook, and the grid's script takes their addresses from it.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.arrangement import table
from ltxv_nb.media.player import file_address
from ltxv_nb.notebook.grid.describe import label_of, playable, words_of
from ltxv_nb.notebook.widgets.style import stand_in_style, style_tag
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.arrangement import Axes, Layout
    from ltxv_nb.tiles import Tile

_TEXT = "color:var(--jp-ui-font-color1,#222)"
_FONT = "font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif)"
_BOX = f"max-width:1040px;overflow-x:auto;margin:8px 0;{_FONT};{_TEXT}"
_TABLE = "border-collapse:separate;border-spacing:8px;width:100%;margin:0;border:0;table-layout:fixed"
_CELL = (
    "padding:0;border:0;background:transparent;vertical-align:top;text-align:left;white-space:normal;"
    f"{_FONT};{_TEXT}"
)
_HEAD = f"{_CELL};font-weight:600;overflow-wrap:anywhere"
_PLAYER = "display:block;width:100%;height:auto;background:#000;border-radius:6px"
_EMPTY = (
    "display:block;padding:16px;border-radius:6px;border:1px solid var(--jp-border-color2,#d0d0d0);"
    "background:var(--jp-layout-color2,#f3f3f3);overflow-wrap:anywhere"
)
_SMALL = "font-size:12px;margin-top:4px;overflow-wrap:anywhere"
#: Pixels below which a column is not squeezed, and of the column of labels.
_NARROWEST, _LABELS = 130, 110

#: Shows the plain form only where the living one is not there.
STILL_STYLE = stand_in_style("ltxv-grid", "ltxv-still-grid")
_NOTE = "Run the cell again to play all of them in step, and to rate them."


class Shown(NamedTuple):
    """What a page gets of one clip: an address, empty where it cannot be fetched, and a picture or ``""``."""

    address: str
    poster: str


def still_html(title: str, tiles: Sequence[Tile], shown: Sequence[Shown], axes: Axes, layout: Layout) -> str:
    """Return the plain form, as it stands in a notebook without its kernel."""
    grid = table_html(title, tiles, shown, axes, layout)
    note = f'<div style="{_SMALL};{_TEXT};margin-left:8px">{_NOTE}</div>'
    return f'{style_tag(STILL_STYLE)}<div class="ltxv-still-grid {NO_MATH}">{grid}{note}</div>'


def table_html(title: str, tiles: Sequence[Tile], shown: Sequence[Shown], axes: Axes, layout: Layout) -> str:
    """Return the clips as a table with players, in the order of the layout.

    Parameters
    ----------
    title : str
        What the grid is called.
    tiles : sequence of Tile
        The clips.
    shown : sequence of Shown
        Address and picture of each.
    axes : mapping of str to sequence of str
        The values on each axis.
    layout : Layout
        Which axes lead down and across.
    """
    labels, rows = table(tiles, axes, layout)
    named = any(row.label for row in rows)
    corner = f'<td style="{_CELL}"></td>' if named else ""
    titles = "".join(
        f'<th scope="col" dir="auto" style="{_HEAD}">{html.escape(label)}</th>' for label in labels
    )
    head = f"<thead>{_row(corner + titles)}</thead>" if labels else ""
    body = "".join(
        _row(
            (_row_title(row.label) if named else "")
            + "".join(_cell(tiles, shown, number, labelled=not labels) for number in row.tiles)
        )
        for row in rows
    )
    width = max((len(row.tiles) for row in rows), default=0) * _NARROWEST + (_LABELS if named else 0)
    return (
        f'<div class="ltxv-plain-grid {NO_MATH}" style="{_BOX}"><table aria-label="{html.escape(title)}" '
        f'style="{_TABLE};min-width:{width}px">{_widths(labels, rows[0].tiles if rows else [], named=named)}'
        f"{head}<tbody>{body}</tbody></table></div>"
    )


def _widths(labels: Sequence[str], first: Sequence[object], *, named: bool) -> str:
    column = f'<col style="width:{_LABELS}px">' if named else ""
    return f"<colgroup>{column}{'<col>' * max(len(labels), len(first))}</colgroup>"


def _row(cells: str) -> str:
    """Return a row; Jupyter gives every second one of a table a ground of its own, unless it has one."""
    return f'<tr style="background:transparent">{cells}</tr>'


def _row_title(label: str) -> str:
    return f'<th scope="row" dir="auto" style="{_HEAD}">{html.escape(label)}</th>'


def _cell(tiles: Sequence[Tile], shown: Sequence[Shown], number: int | None, *, labelled: bool) -> str:
    if number is None:
        return f'<td style="{_CELL}"></td>'
    tile = tiles[number]
    label = html.escape(label_of(tile, number))
    caption = f'<div dir="auto" style="{_SMALL}">{label}</div>' if labelled else ""
    inside = (
        _player(tile, shown[number], label)
        if playable(tile)
        else f'<span style="{_EMPTY}">{html.escape(words_of(tile))}</span>'
    )
    return f'<td style="{_CELL}"><div data-tile="{number}">{inside}{caption}</div></td>'


def _player(tile: Tile, shown: Shown, label: str) -> str:
    assert tile.video is not None
    poster = f' poster="{shown.poster}"' if shown.poster else ""
    source = f' src="{html.escape(shown.address)}"' if shown.address else ""
    prompt = html.escape(one_line(tile.video.prompt, 200))
    return (
        f'<video controls preload="none" playsinline width="{int(tile.video.width)}" '
        f'height="{int(tile.video.height)}" aria-label="Video: {label}" title="{prompt}"{poster}{source} '
        f'style="{_PLAYER}"></video>'
    )


def address_of(tile: Tile, base_dir: Path) -> str:
    """Return where the page of a notebook in this folder finds the clip's file."""
    return file_address(Path(tile.video.path), base_dir) if tile.video is not None else ""
