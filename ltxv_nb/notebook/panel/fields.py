"""One control for each parameter of a model, of the kind that fits its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from ltxv_nb.models import find_model

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.models import Parameter
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

_CONVERT: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "string": str}


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
    factory : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, factory: WidgetFactory) -> None:
        self._parameter = parameter
        self._values: list[Any] = list(parameter.choices)
        if not parameter.required:
            self._values.insert(0, None)
        # Chosen by position: to a list that is chosen from by value, None means that nothing is chosen.
        chosen = parameter.default if parameter.required else None
        first = self._values.index(chosen) if chosen in self._values else 0
        self.box: Any = widgets.Dropdown(
            options=self._texts(), index=first, **factory.field(parameter, "ltxv-choice")
        )

    @property
    def value(self) -> Any:
        """The chosen value."""
        return self._values[self.box.index or 0]

    @value.setter
    def value(self, new: Any) -> None:
        if self._parameter.key == "model" and (model := find_model(new)) is not None:
            new = model.short_name
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
            _unset_text(self._parameter) if value is None else self._parameter.text(value)
            for value in self._values
        ]


class TextInput:
    """A line or an area of text; an empty one is no value.

    Parameters
    ----------
    parameter : Parameter
        What is written there.
    factory : WidgetFactory
        Makes the widget.
    area : bool
        Whether it has several lines.
    placeholder : str
        What stands in it while it is empty.
    """

    def __init__(
        self, parameter: Parameter, factory: WidgetFactory, *, area: bool = False, placeholder: str = ""
    ) -> None:
        kind = widgets.Textarea if area else widgets.Text
        css_class = "ltxv-prompt" if area else "ltxv-words"
        more = {"rows": 3} if area else {}
        self.box: Any = kind(placeholder=placeholder, **more, **factory.field(parameter, css_class))
        self._convert = _CONVERT[parameter.type]

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


def field_for(parameter: Parameter, factory: WidgetFactory) -> Field:
    """Return the control that fits a parameter; the prompt has an area of its own."""
    if parameter.role == "prompt":
        return TextInput(
            parameter,
            factory,
            area=True,
            placeholder="A lighthouse at dusk, waves breaking on the rocks, the camera slowly rising",
        )
    return Choice(parameter, factory) if parameter.choices else TextInput(parameter, factory)


def _unset_text(parameter: Parameter) -> str:
    if parameter.default is None:
        return "Default"
    return f"Default ({parameter.text(parameter.default).lower()})"
