"""The widgets of status, panel and gallery, made with as few models as possible.

Every widget has a layout and a style of its own unless it is given one, and each of these is a message to
the page when it opens. Here all share one of a kind; how they look is up to the stylesheet.

Two things are used of ipywidgets that it does not document: the trait ``_dom_classes``, since ``add_class``
would send one more message for each widget, and ``_repr_mimebundle_``, called by IPython alone otherwise.
``tests/unit/notebook/test_neighbours.py`` has a test for each.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from ipywidgets.widgets import widget_bool, widget_string

from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ltxv_nb.models import Parameter


def css_classes(*names: str) -> dict[str, Any]:
    """Return the argument that gives a new widget its CSS classes."""
    return {"_dom_classes": names}


def mimebundle(widget: Any) -> dict[str, Any]:
    """Return what displays a widget, for an output that holds more than the widget."""
    return dict(widget._repr_mimebundle_())


class WidgetFactory:
    """Makes widgets that share their layout and styles, each of which is made when it is first needed."""

    @cached_property
    def layout(self) -> Any:
        """The layout of every widget."""
        return widgets.Layout()

    @cached_property
    def _label(self) -> Any:
        return widget_string.TextStyle()

    @cached_property
    def _button(self) -> Any:
        return widgets.ButtonStyle()

    @cached_property
    def _toggle(self) -> Any:
        return widget_bool.ToggleButtonStyle()

    @cached_property
    def _checkbox(self) -> Any:
        return widget_bool.CheckboxStyle()

    @cached_property
    def html_style(self) -> Any:
        """The style of every piece of HTML."""
        return widget_string.HTMLStyle()

    def html(self, value: str, css_class: str) -> Any:
        """Return a piece of HTML. What comes from outside must have been escaped."""
        classes = css_classes(css_class, *NO_MATH.split())
        return widgets.HTML(value, layout=self.layout, style=self.html_style, **classes)

    def row(self, children: Sequence[Any], css_class: str) -> Any:
        """Return a box whose children stand side by side."""
        return widgets.HBox(children, layout=self.layout, **css_classes(css_class))

    def column(self, children: Sequence[Any], css_class: str) -> Any:
        """Return a box whose children stand below each other."""
        return widgets.VBox(children, layout=self.layout, **css_classes(css_class))

    def button(
        self, text: str, tooltip: str, action: Callable[[], object], css_class: str = "ltxv-button"
    ) -> Any:
        """Return a button; its action is called on whatever thread the kernel uses."""
        button: Any = widgets.Button(
            description=text,
            tooltip=tooltip,
            layout=self.layout,
            style=self._button,
            **css_classes(css_class),
        )
        button.on_click(lambda _button: action())
        return button

    def toggle(self, text: str, tooltip: str, css_class: str) -> Any:
        """Return a button that stays pressed."""
        return widgets.ToggleButton(
            description=text,
            tooltip=tooltip,
            layout=self.layout,
            style=self._toggle,
            **css_classes(css_class),
        )

    def upload(self, text: str, tooltip: str, css_class: str) -> Any:
        """Return a button that takes one picture from the person's machine."""
        return widgets.FileUpload(
            accept="image/*",
            multiple=False,
            description=text,
            tooltip=tooltip,
            layout=self.layout,
            style=self._button,
            **css_classes(css_class),
        )

    def labelled(self, label: str, tooltip: str, css_class: str) -> dict[str, Any]:
        """Return what every control with a visible label is made with."""
        return {
            "description": label,
            "tooltip": tooltip,
            "layout": self.layout,
            "style": self._label,
            **css_classes("ltxv-field", css_class),
        }

    def field(self, parameter: Parameter, css_class: str) -> dict[str, Any]:
        """Return what the control of a parameter is made with."""
        return self.labelled(parameter.label, f"{parameter.label}: {parameter.help}", css_class)

    def switch(self, parameter: Parameter) -> Any:
        """Return a switch for a parameter that is on or off, as it is by default."""
        about = self.field(parameter, "ltxv-switch")
        return widgets.Checkbox(bool(parameter.default), indent=False, **{**about, "style": self._checkbox})

    def output(self, bundle: dict[str, str], css_class: str = "ltxv-done") -> Any:
        """Return an output of the notebook's own kind: there the page finds files beside the notebook."""
        shown = {"output_type": "display_data", "data": bundle, "metadata": {}}
        return widgets.Output(outputs=(shown,), layout=self.layout, **css_classes(css_class))

    def close(self) -> None:
        """Remove the shared models."""
        for model in vars(self).values():
            model.close()
