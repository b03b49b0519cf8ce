"""The line below the form: the button that pays, how many takes, the price, and what became of a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets as widgets

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: Most clips of one click.
MOST_TAKES = 4


class Clicks(NamedTuple):
    """What the buttons do.

    Attributes
    ----------
    generate : callable
        Submit what the form says.
    yes, no : callable
        Answer the question.
    code : callable
        Show or hide the code.
    takes : callable
        Another number of takes was chosen.
    """

    generate: Callable[[], object]
    yes: Callable[[], object]
    no: Callable[[], object]
    code: Callable[[], object]
    takes: Callable[[], object]


class Bar:
    """The button and what stands beside it; its widget is `box`.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the widgets.
    clicks : Clicks
        What the buttons do.
    """

    def __init__(self, factory: WidgetFactory, clicks: Clicks) -> None:
        tooltip = "Submit the request (Ctrl+Enter)"
        self.generate: Any = factory.button("Generate", tooltip, clicks.generate, "ltxv-generate")
        about = "How many clips a click makes; each is a submission of its own"
        self._takes: Any = widgets.RadioButtons(
            options=[str(count) for count in range(1, MOST_TAKES + 1)],
            index=0,
            **factory.labelled("Takes", about, "ltxv-segments"),
        )
        self._takes.add_class("ltxv-takes")
        self._takes.observe(lambda _change: clicks.takes(), names="index")
        self._price: Any = factory.html("", "ltxv-price")
        self.message: Any = factory.html("", "ltxv-message")
        self._as_cell: Any = factory.toggle(
            "Show as cell", "Show the %%ltxv cell and the Python call that make the same clip", "ltxv-as-cell"
        )
        self._as_cell.observe(lambda _change: clicks.code(), names="value")
        self._factory, self._clicks = factory, clicks
        self._question: list[Any] = []
        top = factory.row([self.generate, self._takes, self._price], "ltxv-actions-bar")
        self._below: Any = factory.row([self.message, self._as_cell], "ltxv-row")
        self.box: Any = factory.column([top, self._below], "ltxv-submit")

    @property
    def takes(self) -> int:
        """How many clips a click makes."""
        return int(self._takes.index or 0) + 1

    @property
    def shows_code(self) -> bool:
        """Whether the code is to be shown."""
        return bool(self._as_cell.value)

    def show(self, text: str, *, enabled: bool) -> None:
        """Show a message, as HTML, and whether there is something to submit."""
        self.generate.disabled = not enabled
        self.generate.description = f"Generate {self.takes}" if self.takes > 1 else "Generate"
        self.message.value = text

    def show_price(self, text: str) -> None:
        """Show the price, as HTML."""
        self._price.value = text

    def ask(self, yes: str) -> None:
        """Offer two answers beside the message."""
        if not self._question:
            factory, clicks = self._factory, self._clicks
            about = "Submit it although the very same request is unfinished"
            self._question = [
                factory.button(yes, about, clicks.yes),
                factory.button("Never mind", "Submit nothing", clicks.no),
            ]
        self._question[0].description = yes
        self._below.children = [self.message, *self._question, self._as_cell]

    def drop_question(self) -> None:
        """Take the answers away."""
        if len(self._below.children) > 2:
            self._below.children = [self.message, self._as_cell]
