"""What a notebook shows in place of a gallery whose kernel is gone: the newest clips, as plain HTML.

It stands in a second output under the cell, which a style hides while the gallery is there. It holds small
pictures and links, no clips: the page plays the files that lie beside the notebook.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.gallery.tile import still_tile_html
from ltxv_nb.notebook.widgets.style import style_tag
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record
    from ltxv_nb.media.posters import Posters
    from ltxv_nb.notebook.output.views import Output

_CHILD = ".jp-OutputArea-child"
#: A gallery with its kernel; ipywidgets marks those that have lost theirs.
_ALIVE = ".ltxv-gallery:not(.jupyter-widgets-disconnected)"
#: Hides the one output while the other one is there; in between, what is left of a widget without a kernel.
_STYLE = f"""
{_CHILD}:has({_ALIVE})+{_CHILD}:has(.ltxv-still){{display:none}}
{_CHILD}:not(:has({_ALIVE})):has(+{_CHILD} .ltxv-still){{display:none}}
"""
_GRID = (
    "display:grid;gap:16px 12px;max-width:1040px;"
    "grid-template-columns:repeat(auto-fill,minmax(min(200px,100%),1fr))"
)
_NOTE = "The gallery was here; run the cell to open it again."
_EMPTY = "There are no clips yet."


class Still:
    """The second output of a cell that shows a gallery.

    Parameters
    ----------
    output : Output
        An output of the running cell.
    """

    title = "The gallery of the clips; the newest of them are listed below."

    def __init__(self, output: Output) -> None:
        self._output = output
        self._shown = ""

    def show(self) -> None:
        """Add the output to the running cell, empty: the pictures follow."""
        self._output.show(_bundle("", ""))

    def update(self, records: Sequence[Record], client: Client, posters: Posters) -> None:
        """Show these clips; what is shown already is not sent again."""
        folder = notebook_folder()
        tiles = "".join(
            still_tile_html(record, client, posters.thumbnail(record), base_dir=folder) for record in records
        )
        if tiles != self._shown:
            self._shown = tiles
            lines = [f"{record.id}  {one_line(record.prompt, 80)}" for record in records]
            self._output.replace(_bundle(tiles, "\n".join(lines)))


def _bundle(tiles: str, text: str) -> dict[str, str]:
    grid = f'<div style="{_GRID}">{tiles}</div>' if tiles else f"<p>{html.escape(_EMPTY)}</p>"
    shown = f'<div class="ltxv-still {NO_MATH}"><p>{html.escape(_NOTE)}</p>{grid}</div>'
    return {"text/html": style_tag(_STYLE) + shown, "text/plain": text or _EMPTY}
