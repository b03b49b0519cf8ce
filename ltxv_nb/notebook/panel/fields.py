"""One control for each parameter of a model, of the kind that fits its values."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets as widgets

from ltxv_nb.notebook.output.option_values import read, write
from ltxv_nb.notebook.panel.choices import Choice, Switch
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.models import Parameter
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

#: More values than this are typed rather than chosen: a list of thousands is no help, and slow in a page.
_MOST_CHOICES = 300
#: Parts of names whose values are sentences rather than words.
_LONG_TEXTS = ("prompt", "text", "description", "lyrics", "content")
#: Characters of a hint in an empty control.
_MOST_HINT = 80
_PROMPT_HINT = "A lighthouse at dusk, waves breaking on the rocks, the camera slowly rising"


class Field(Protocol):
    """A control and the value it stands for; ``None`` leaves the parameter to the service."""

    box: Any

    @property
    def problem(self) -> str | None:
        """Why what stands there cannot be sent, where only the control knows; ``None`` otherwise."""

    @property
    def value(self) -> Any:
        """The value, as a request takes it."""

    @value.setter
    def value(self, new: Any) -> None:
        """Show another value."""

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the person has changed the value."""


class TextInput:
    """A line or an area of text; an empty one is no value. Lists and objects are written as JSON.

    Parameters
    ----------
    parameter : Parameter
        What is written there.
    factory : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, factory: WidgetFactory) -> None:
        self._parameter = parameter
        is_json = bool({"array", "object"} & set(parameter.types))
        self.wide = area = is_json or any(word in parameter.name.lower() for word in _LONG_TEXTS)
        kind = widgets.Textarea if area else widgets.Text
        css_class = "ltxv-prompt" if parameter.role == "prompt" else "ltxv-area" if area else "ltxv-words"
        more = {"rows": 3 if parameter.role == "prompt" else 2} if area else {}
        self.box: Any = kind(placeholder=_hint(parameter), **more, **factory.field(parameter, css_class))
        self._set: tuple[str, Any] = ("", None)  # what code has set, and the text that stands for it

    @property
    def value(self) -> Any:
        """What is written, as an option of the magic would be read."""
        text = self.box.value
        if text == self._set[0]:
            return self._set[1]
        return read(self._parameter, text.strip()) if text.strip() else None

    @value.setter
    def value(self, new: Any) -> None:
        if new == self.value and type(new) is type(self.value):
            return
        words = [""] if new is None else write(self._parameter, new)
        text = words[0] if len(words) == 1 else json.dumps(new, ensure_ascii=False)
        self._set = (text, new)
        self.box.value = text

    @property
    def problem(self) -> str | None:
        """Where the text is meant as JSON and is none, where it goes wrong."""
        text = self.box.value.strip()
        if text[:1] not in {"{", "["} or not {"array", "object"} & set(self._parameter.types):
            return None
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            return f"{self._parameter.label} is not complete JSON: {error.msg} at {where}."
        except (ValueError, RecursionError):
            return f"{self._parameter.label} is nested too deep, or holds a number that is too long."
        return None

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the text changes."""
        self.box.observe(lambda _change: callback(), names="value")


# Begins like `TextInput` and `ModelChoice` do: each is made of what it is for, and of a factory.
class FilesInput:
    """Paths and addresses of files, a line each where there can be several; and what code has set.

    Parameters
    ----------
    parameter : Parameter
        What they are for.
    factory : WidgetFactory
        Makes the widget.
    """

    def __init__(self, parameter: Parameter, factory: WidgetFactory) -> None:
        self._parameter, self.problem = parameter, None
        self.wide = self._several = "array" in parameter.types
        kind = widgets.Textarea if self._several else widgets.Text
        hint = "https://… or a path" + (", one a line" if self._several else "")
        more = {"rows": 2} if self._several else {}
        css_class = "ltxv-area" if self._several else "ltxv-words"
        field = factory.field(parameter, css_class)
        self.box: Any = kind(placeholder=hint, continuous_update=False, **more, **field)
        self._set: tuple[str, Any] = ("", None)

    @property
    def value(self) -> Any:
        """The files, as a request takes them."""
        text = self.box.value
        if text == self._set[0]:
            return self._set[1]
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        takes_one = "string" in self._parameter.types or not self._several
        return (lines[0] if len(lines) == 1 and takes_one else lines) if lines else None

    @value.setter
    def value(self, new: Any) -> None:
        if new is self.value or (isinstance(new, (str, list)) and new == self.value):
            return
        given = list(new) if isinstance(new, (list, tuple)) else [] if new is None else [new]
        text = "\n".join(map(_file_text, given))
        self._set = (text, new)
        self.box.value = text

    def on_change(self, callback: Callable[[], object]) -> None:
        """Call when the text changes."""
        self.box.observe(lambda _change: callback(), names="value")


def _file_text(source: Any) -> str:
    """Return a file as one line: its path or address, or what kind of thing code has set."""
    if isinstance(source, os.PathLike) or (isinstance(source, str) and not source.startswith("data:")):
        return one_line(os.fspath(source), 2_000)
    return f"(given in Python: {type(source).__name__})"


def field_for(parameter: Parameter, factory: WidgetFactory) -> Field:
    """Return the control that fits a parameter; a picture that is no list has one of its own."""
    if parameter.media:
        return FilesInput(parameter, factory)
    if parameter.types == ("boolean",) and isinstance(parameter.default, bool):
        return Switch(parameter, factory)
    if 0 < len(parameter.choices) <= _MOST_CHOICES and not parameter.other_types:
        return Choice(parameter, factory)
    return TextInput(parameter, factory)


def _hint(parameter: Parameter) -> str:
    """Return what stands in an empty control: what can be written there, and what happens without."""
    if parameter.role == "prompt":
        return _PROMPT_HINT
    words = one_line(parameter.allowed(), _MOST_HINT)
    default = "" if parameter.default is None else f"default {parameter.default}"
    plain = parameter.types == ("string",) and words == "text"
    return one_line("; ".join(filter(None, [default, "" if plain else words])), _MOST_HINT)
