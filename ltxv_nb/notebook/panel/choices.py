"""Controls for values to choose from: segmented buttons, a list, and a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.models import Parameter
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: Pixels that segments can take in all, and about those of a character and of a segment's edges; wider ones
#: are a list. A column of the form is never narrower.
_WIDEST, _CHARACTER, _EDGES = 204, 8, 22
#: What is shown where nothing is set, and nobody publishes what the service then does.
_AUTO = "Auto"
_DEFAULT = " (default)"
_AUTO_HELP = "Auto: the service chooses; it does not publish its default."


def only_value(parameter: Parameter) -> bool:
    """Whether a parameter has one value alone, so that there is nothing to choose."""
    return len(parameter.choices) == 1 and not parameter.other_types and not parameter.media


class Choice:
    """The allowed values: segmented buttons where they are few and short, else a list.

    The service's default is named, and leaves the parameter to the service when it is chosen. Where no
    default is published, "Auto" does.

    Parameters
    ----------
    parameter : Parameter
        What it chooses.
    factory : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, factory: WidgetFactory) -> None:
        self._parameter = parameter
        self.problem: str | None = None
        self._values: list[Any] = list(parameter.choices)
        self._set: tuple[int, Any] = (-1, None)  # what code has set, and where it stands
        default = parameter.default
        listed = any(_same(default, known) for known in self._values)
        if not parameter.required:
            # Whoever chooses the default leaves the parameter to the service.
            self._values = [None if _same(default, known) else known for known in self._values]
            if not listed:
                self._values.insert(0, None)
        elif not listed:
            self._values.insert(0, None)
        self.box: Any = self._widget(factory)

    @property
    def value(self) -> Any:
        """The chosen value."""
        at = self.box.index or 0
        return self._set[1] if at == self._set[0] else self._values[at]

    @value.setter
    def value(self, new: Any) -> None:
        if _same(new, self.value):
            return
        shown = self._parameter.default if new is None and None not in self._values else new
        at = self._position(shown)
        if at is None:
            # Set from code, in another spelling perhaps: it is shown, and can be chosen again.
            self._values.append(shown)
            self.box.options = self._texts()
            at = len(self._values) - 1
        self._set = (-1, None) if new is None else (at, new)
        self.box.index = at

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when another value is chosen."""
        self.box.observe(lambda _change: callback(), names="index")

    def _position(self, value: Any) -> int | None:
        """Return where a value stands; the default, set by code, stands where it is left to the service."""
        wanted = None if _same(value, self._parameter.default) and None in self._values else value
        return next((at for at, known in enumerate(self._values) if _same(known, wanted)), None)

    def _widget(self, factory: WidgetFactory) -> Any:
        parameter = self._parameter
        plain = [self._text(value).removesuffix(_DEFAULT) for value in self._values]
        self._segments = sum(_EDGES + _CHARACTER * len(text) for text in plain) <= _WIDEST
        chosen = parameter.default if parameter.required else None
        # Chosen by position: to a list that is chosen from by value, None means that nothing is chosen.
        first = self._position(chosen) or 0
        made = factory.field(parameter, "ltxv-segments" if self._segments else "ltxv-choice")
        if self._segments and parameter.default is not None:
            made["description"] += f" (default {one_line(parameter.text(parameter.default), 60)})"
        if _AUTO in plain:
            made["tooltip"] = f"{made['tooltip'].rstrip('.')}. {_AUTO_HELP}"
        kind = widgets.RadioButtons if self._segments else widgets.Dropdown
        return kind(options=self._texts(), index=first, **made)

    def _texts(self) -> list[str]:
        """Return what stands in the list; of segments, the label names the default."""
        texts = [self._text(value) for value in self._values]
        return [text.removesuffix(_DEFAULT) for text in texts] if self._segments else texts

    def _text(self, value: Any) -> str:
        parameter = self._parameter
        if value is not None:
            return one_line(parameter.text(value), 120)
        if parameter.required:
            return "Choose one"
        if parameter.default is None:
            return _AUTO
        return f"{one_line(parameter.text(parameter.default), 60)}{_DEFAULT}"


class Switch:
    """A switch for what is on or off by default; left at the default, it is left to the service.

    Parameters
    ----------
    parameter : Parameter
        A boolean with a default.
    factory : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, factory: WidgetFactory) -> None:
        self._parameter = parameter
        self.problem: str | None = None
        self._set: bool | None = None  # what code has set
        self.box: Any = factory.switch(parameter)

    @property
    def value(self) -> bool | None:
        """On or off; ``None`` where that is the service's default anyway."""
        shown = bool(self.box.value)
        needed = self._parameter.required or shown != self._parameter.default or shown == self._set
        return shown if needed else None

    @value.setter
    def value(self, new: bool | None) -> None:
        self._set = new
        self.box.value = bool(self._parameter.default if new is None else new)

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when it is switched."""
        self.box.observe(lambda _change: callback(), names="value")


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same; to Python, true is 1 as well."""
    return type(one) is type(other) and bool(one == other)
