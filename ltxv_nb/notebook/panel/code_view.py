"""The ``%%ltxv`` cell and the Python call that make what the panel would."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.panel.messages import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.request import GenerationRequest


class CodeView:
    """Shows the code; its widget is `box`.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the widget.
    client : callable
        Returns the client in use.
    """

    def __init__(self, factory: WidgetFactory, client: Callable[[], Client]) -> None:
        self._client = client
        self.box: Any = factory.html("", "ltxv-shown-cell")

    def write(self, request: GenerationRequest | None, problem: str, takes: int) -> None:
        """Show a request, or why there is none; a picture may have to become a file first."""
        try:
            shown = self._code(request, takes) if request else message(html.escape(problem), "hint")
        except LTXVError as error:
            shown = message(html.escape(str(error)), "bad")
        self.box.value = shown

    def _code(self, request: GenerationRequest, takes: int) -> str:
        from ltxv_nb.notebook.output.pictures import files_as_text  # not needed for opening a panel
        from ltxv_nb.notebook.output.source import cell_text, code_html, python_text

        client = self._client()
        files = files_as_text(request, client.home)
        sandbox = client.backend == "sandbox"
        cell = code_html(
            "Cell" if takes == 1 else f"Cell, to be run {takes} times",
            cell_text(request, files, again=takes > 1),
        )
        python = code_html("Python", python_text(request, files, sandbox=sandbox, takes=takes))
        return f'<div class="ltxv-codes">{cell}{python}</div>'
