"""What makes a gallery come alive in the page: its stylesheet, its script, and the lightbox.

The lightbox is a ``dialog`` of the page: it lies above everything, keeps the keyboard focus, and closes with
Esc, without a message to the kernel.
"""

from __future__ import annotations

import html
from functools import cache
from importlib.resources import files

from ltxv_nb.notebook.widgets.style import BASE_STYLE, CLIP_STYLE, style_tag
from ltxv_nb.text import NO_MATH

#: A picture of one transparent pixel. That it is loaded starts the script: ipywidgets shows a ``script``
#: element, but does not run it.
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

_DIALOG = f"""<dialog class="ltxv-lightbox {NO_MATH}" aria-label="Clip">
<div class="ltxv-lightbox-bar"><span class="ltxv-where" role="status"></span>
<button type="button" data-go="-1" aria-label="Newer clip" title="Newer clip (left arrow)">&lsaquo;</button>
<button type="button" data-go="1" aria-label="Older clip" title="Older clip (right arrow)">&rsaquo;</button>
<button type="button" data-close="yes" aria-label="Close" title="Close (Esc)">&#10005;</button></div>
<div class="ltxv-stage"></div><div class="ltxv-beside"></div></dialog>"""


@cache
def lightbox_html() -> str:
    """Return the styles, the lightbox and what starts the script, once for each gallery."""
    style = style_tag(BASE_STYLE + CLIP_STYLE + _text("gallery.css"))
    script = html.escape(f"{_text('gallery.js').strip()}(this)")
    return f'{style}{_DIALOG}<img hidden alt="" src="{_PIXEL}" onload="{script}">'


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
