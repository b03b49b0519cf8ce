"""One control for each parameter of the table, of the kind that fits its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from ltxv_nb.notebook.output.source import choice_text
from ltxv_nb.request import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.request import Parameter

_SHORT_NAMES = {full: short for short, full in MODELS.items()}


class Field(Protocol):
    """A control and the value it stands for; ``None`` leaves the parameter to the service."""

    box: Any

    @property
    def value(self) -> Any:
        """The value, as a request takes it."""

    @value.setter
    def value(self, new: Any) -> None:
        """Show another value."""

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the person has changed the value."""


class Choice:
    """A list of the allowed values, with the service's own default first.

    Parameters
    ----------
    parameter : Parameter
        What it chooses.
    kit : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, kit: WidgetFactory) -> None:
        self._parameter = parameter
        self._values: list[Any] = [True, False] if parameter.kind is bool else list(parameter.choices)
        if not parameter.required:
            self._values.insert(0, None)
        # Chosen by place: to a list that is chosen from by value, None means that nothing is chosen.
        first = self._values.index(parameter.default) if parameter.required else 0
        self.box: Any = widgets.Dropdown(
            options=self._texts(), index=first, **kit.field(parameter, "ltxv-choice")
        )

    @property
    def value(self) -> Any:
        """The chosen value."""
        return self._values[self.box.index or 0]

    @value.setter
    def value(self, new: Any) -> None:
        if self._parameter.name == "model":
            new = _SHORT_NAMES.get(new, new)
        if new == self.value:
            return
        if new not in self._values:
            # Another model's value, set from code: it is shown, and can be chosen again.
            self._values.append(new)
            self.box.options = self._texts()
        self.box.index = self._values.index(new)

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when another value is chosen."""
        self.box.observe(lambda _change: callback(), names="index")

    def _texts(self) -> list[str]:
        return [
            _unset_text(self._parameter) if value is None else choice_text(self._parameter, value)
            for value in self._values
        ]


class Words:
    """A line or an area of text; an empty one is no value.

    Parameters
    ----------
    parameter : Parameter
        What is written there.
    kit : WidgetFactory
        Makes the widget.
    area : bool
        Whether it has several lines.
    placeholder : str
        What stands in it while it is empty.
    """

    def __init__(
        self, parameter: Parameter, kit: WidgetFactory, *, area: bool = False, placeholder: str = ""
    ) -> None:
        kind = widgets.Textarea if area else widgets.Text
        css_class = "ltxv-prompt" if area else "ltxv-words"
        more = {"rows": 3} if area else {}
        self.box: Any = kind(placeholder=placeholder, **more, **kit.field(parameter, css_class))
        self._convert = parameter.kind

    @property
    def value(self) -> Any:
        """What is written; a number where the parameter is one, and the text if it does not read as one."""
        text = self.box.value.strip()
        if not text:
            return None
        try:
            return self._convert(text)
        except ValueError:
            return text  # the request says what is wrong with it

    @value.setter
    def value(self, new: Any) -> None:
        text = "" if new is None else str(new)
        if self.box.value.strip() != text:
            self.box.value = text

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the text changes."""
        self.box.observe(lambda _change: callback(), names="value")


def field_for(parameter: Parameter, kit: WidgetFactory) -> Field:
    """Return the control that fits a parameter; the prompt has an area of its own."""
    if parameter.name == "prompt":
        return Words(
            parameter,
            kit,
            area=True,
            placeholder="A lighthouse at dusk, waves breaking on the rocks, the camera slowly rising",
        )
    if parameter.choices or parameter.kind is bool:
        return Choice(parameter, kit)
    return Words(parameter, kit)


def _unset_text(parameter: Parameter) -> str:
    if parameter.default is None:
        return "Default"
    return f"Default ({choice_text(parameter, parameter.default).lower()})"
