"""A cell of ``%%ltxv`` holds a prompt: JupyterLab then wraps its lines and does not colour them as Python.

There is no setting for a single cell. But a page's styles reach the editor of a cell by what stands in its
output, and CodeMirror takes from the style whether lines wrap. So an output of such a cell carries a
mark, and the style of cells that have one. Where a front end removes styles nothing is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.notebook.ipython import running_request

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_CELL = ".jp-CodeCell:has(.ltxv-prompt-cell)"
#: The first line is the magic with its options, and stays coloured.
_MARK = (
    f"<style>{_CELL} .cm-content{{white-space:break-spaces;overflow-wrap:anywhere;min-width:0;flex-shrink:1}}"
    f"{_CELL} .cm-line:not(:first-child) *{{color:inherit!important;font-weight:inherit!important;"
    'font-style:inherit!important}</style><span class="ltxv-prompt-cell"></span>'
)


def mark_of(ip: InteractiveShell) -> str:
    """Return the mark if the running cell is a prompt, else an empty string."""
    code = running_request(ip).get("code")
    return _MARK if isinstance(code, str) and code.lstrip().startswith("%%ltxv") else ""


def marked(bundle: dict[str, Any], mark: str) -> dict[str, Any]:
    """Return an output with a mark, if it shows anything."""
    shown = bundle.get("text/html")
    return {**bundle, "text/html": f"{shown}{mark}"} if shown and mark else bundle
