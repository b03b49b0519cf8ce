"""The widgets of panel and gallery, made with as few models as possible.

Every widget has a layout and a style of its own unless it is given one, and each of these is a message to
the page when it opens. Here all share one of a kind; how they look is up to the stylesheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from ipywidgets.widgets import widget_string

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ltxv_nb.request import Parameter


class Kit:
    """Makes widgets that share their layout and styles."""

    def __init__(self) -> None:
        self.layout: Any = widgets.Layout()
        self._label: Any = widget_string.TextStyle()
        self._button: Any = widgets.ButtonStyle()
        self._html: Any = widget_string.HTMLStyle()

    def html(self, value: str, css_class: str) -> Any:
        """Return a piece of HTML. What comes from outside must have been escaped."""
        return widgets.HTML(value, layout=self.layout, style=self._html, _dom_classes=(css_class,))

    def row(self, children: Sequence[Any], css_class: str) -> Any:
        """Return a box whose children stand side by side."""
        return widgets.HBox(children, layout=self.layout, _dom_classes=(css_class,))

    def column(self, children: Sequence[Any], css_class: str) -> Any:
        """Return a box whose children stand below each other."""
        return widgets.VBox(children, layout=self.layout, _dom_classes=(css_class,))

    def button(
        self, text: str, tooltip: str, action: Callable[[], object], css_class: str = "ltxv-button"
    ) -> Any:
        """Return a button; its action is called on whatever thread the kernel uses."""
        button: Any = widgets.Button(
            description=text,
            tooltip=tooltip,
            layout=self.layout,
            style=self._button,
            _dom_classes=(css_class,),
        )
        button.on_click(lambda _button: action())
        return button

    def upload(self, text: str, tooltip: str, css_class: str) -> Any:
        """Return a button that takes one picture from the person's machine."""
        return widgets.FileUpload(
            accept="image/*",
            multiple=False,
            description=text,
            tooltip=tooltip,
            layout=self.layout,
            style=self._button,
            _dom_classes=(css_class,),
        )

    def labelled(self, label: str, tooltip: str, css_class: str) -> dict[str, Any]:
        """Return what every control with a visible label is made with."""
        return {
            "description": label,
            "tooltip": tooltip,
            "layout": self.layout,
            "style": self._label,
            "_dom_classes": ("ltxv-field", css_class),
        }

    def field(self, parameter: Parameter, css_class: str) -> dict[str, Any]:
        """Return what the control of a parameter is made with."""
        return self.labelled(parameter.label, f"{parameter.label}: {parameter.help}", css_class)

    def output(self, bundle: dict[str, str]) -> Any:
        """Return an output of the notebook's own kind: there the page finds files beside the notebook."""
        shown = {"output_type": "display_data", "data": bundle, "metadata": {}}
        return widgets.Output(outputs=(shown,), layout=self.layout, _dom_classes=("ltxv-done",))

    def close(self) -> None:
        """Take the shared models away."""
        for model in (self.layout, self._label, self._button, self._html):
            model.close()
