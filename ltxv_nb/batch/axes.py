"""What a sweep varies: its axes, and the words of the prompt that they fill."""

from __future__ import annotations

import itertools
import math
import re
import string
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Model
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The most clips of one batch, and the most takes of one request.
MOST_CELLS, MOST_TAKES = 5_000, 100

#: How the path of a file ends.
_FILE_NAME = re.compile(r"[/\\][^/\\]+\.\w{2,5}$")

_FORMATTER = string.Formatter()

#: Characters of a value in a label.
_SHOWN = 60


class Axis(NamedTuple):
    """One thing that a sweep varies.

    Attributes
    ----------
    name : str
        A parameter, a word of the prompt, or ``prompt``.
    values : tuple
        What it varies over, as it was given.
    shown : tuple
        The same for people: a number, a bool or a short text each, all different.
    in_prompt : bool
        Whether it fills a word of the prompt.
    """

    name: str
    values: tuple[Any, ...]
    shown: tuple[Any, ...]
    in_prompt: bool


class Sweep(NamedTuple):
    """What is varied, and what is the same for all clips.

    Attributes
    ----------
    prompt : str
        With its fields, if it has any.
    axes : tuple of Axis
        In the order in which they were given; the last one varies fastest.
    words, constants : dict
        What fills other fields of the prompt; the other parameters.
    takes : int
        How many clips of each request.
    """

    prompt: str
    axes: tuple[Axis, ...]
    words: dict[str, str]
    constants: dict[str, Any]
    takes: int

    def points(self) -> Iterator[tuple[int, ...]]:
        """Yield the position on each axis, for each combination of values."""
        return itertools.product(*(range(len(axis.values)) for axis in self.axes))

    def parameters(self, point: Sequence[int]) -> dict[str, Any]:
        """Return the prompt and the parameters of one combination."""
        words, found = dict(self.words), {"prompt": self.prompt, **self.constants}
        for axis, at in zip(self.axes, point, strict=True):
            if axis.in_prompt:
                words[axis.name] = str(axis.values[at])
            else:
                found[axis.name] = axis.values[at]
        found["prompt"] = _FORMATTER.vformat(found["prompt"], (), words)
        return found

    def varied(self, point: Sequence[int]) -> tuple[int, ...]:
        """Return the positions on those axes that are parameters."""
        pairs = zip(self.axes, point, strict=True)
        return tuple(at for axis, at in pairs if not axis.in_prompt and axis.name != "prompt")

    def shown(self, point: Sequence[int]) -> dict[str, Any]:
        """Return the values of one combination, for people."""
        return {axis.name: axis.shown[at] for axis, at in zip(self.axes, point, strict=True)}


def read_sweep(prompt: Any, takes: Any, given: Mapping[str, Any]) -> Sweep:
    """Return what a sweep varies: a list is an axis, anything else is the same for all.

    Raises
    ------
    RequestError
        An axis is empty or too long, a value stands on it twice, the prompt has a field without a value, or
        cannot be read; or there are too many clips.
    """
    prompts = prompt if is_axis(prompt) else [prompt]
    for text in prompts:
        if not isinstance(text, str):
            kind = type(text).__name__
            raise RequestError(f"The prompt is of type {kind}, but it can be a text, or a list of texts.")
    given = {name: value for name, value in given.items() if value is not None}
    varied = {"prompt": prompt, **given} if is_axis(prompt) else given
    fields = list(dict.fromkeys(name for text in prompts for name in _fields(text)))
    axes = tuple(
        _axis(name, tuple(values), in_prompt=name in fields)
        for name, values in varied.items()
        if is_axis(values)
    )
    words = {name: _word(name, given[name]) for name in fields if name in given and not is_axis(given[name])}
    rest = {name: value for name, value in given.items() if not is_axis(value) and name not in words}
    _check_fields(fields, given)
    sweep = Sweep("" if is_axis(prompt) else prompt, axes, words, rest, _takes(takes))
    _check_number(sweep)
    return sweep


def is_axis(value: Any) -> bool:
    """Whether a value is a list of values to vary over."""
    return isinstance(value, (list, tuple, range))


def _fields(prompt: str) -> list[str]:
    """Return the names in braces, each once."""
    try:
        parts = list(_FORMATTER.parse(prompt))
    except ValueError:
        raise RequestError(
            f"The braces in the prompt {one_line(prompt, _SHOWN)!r} do not read as {{name}}: write {{{{ and "
            f"}}}} for braces of the text itself."
        ) from None
    found = [(name, form, mark) for _, name, form, mark in parts if name is not None]
    for name, form, mark in found:
        if not name.isidentifier() or form or mark:
            raise RequestError(
                f"The prompt has {{{one_line(name, _SHOWN)}}}, but what stands in braces can be one name, "
                f"like {{hour}}; write {{{{ and }}}} for braces of the text itself."
            )
    return list(dict.fromkeys(name for name, _, _ in found))


def _check_fields(fields: Sequence[str], given: Mapping[str, Any]) -> None:
    for name in fields:
        if given.get(name) is None:
            raise RequestError(
                f"The prompt has {{{name}}}, but there is no value for it: add {name}=['…', '…'], or write "
                f"{{{{{name}}}}} if the braces belong to the text."
            )


def _axis(name: str, values: tuple[Any, ...], *, in_prompt: bool) -> Axis:
    if not values:
        raise RequestError(f"{name} is an empty list: give it at least one value, or leave it out.")
    if len(values) > MOST_CELLS:
        raise RequestError(
            f"{name} has {len(values):,} values, but a batch can have at most {MOST_CELLS:,} clips."
        )
    if in_prompt:
        values = tuple(_word(name, value) for value in values)
    if any(value is None for value in values):
        raise RequestError(f"{name} has None among its values: each has to be a value of its own.")
    shown = [shown_value(value, name, number) for number, value in enumerate(values, 1)]
    _check_different(name, values)
    return Axis(name, values, tuple(_told_apart(shown)), in_prompt)


def _check_different(name: str, values: Sequence[Any]) -> None:
    """Refuse a value that stands on an axis twice: takes are for more of the same."""
    seen: set[Any] = set()
    for value in values:
        key = (type(value) is bool, value) if isinstance(value, (str, int, float)) else id(value)
        if key in seen:
            raise RequestError(
                f"{name} has {one_line(str(value), _SHOWN)!r} twice: takes=2 makes several clips of each."
            )
        seen.add(key)


def _word(name: str, value: Any) -> str:
    """Return what fills a word of the prompt."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RequestError(
            f"{name} fills a word of the prompt, so each of its values can be a text or a number, and not of "
            f"type {type(value).__name__}."
        )
    return str(value)


def shown_value(value: Any, name: str, number: int) -> Any:
    """Return a value for people: as it is, or the name of a model, a file or a job."""
    if isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, (list, tuple)):
        return ", ".join(str(shown_value(one, name, at)) for at, one in enumerate(value, 1))[:_SHOWN]
    text = ""
    if isinstance(value, str) and not value.startswith("data:"):
        is_address = "://" in value
        text = value.partition("?")[0].rstrip("/").rpartition("/")[2] or value if is_address else value
        if _FILE_NAME.search(text):
            text = PureWindowsPath(text).name  # which takes both kinds of slashes
        return one_line(text, _SHOWN)  # a text may be empty
    if isinstance(value, Model):
        text = value.short_name
    elif isinstance(value, PurePath):
        text = value.name
    elif job := getattr(value, "job_id", None) or (hasattr(value, "video") and getattr(value, "id", None)):
        text = f"job {job}"
    return one_line(text, _SHOWN) or f"{name} {number}"


def _told_apart(shown: Sequence[Any]) -> Iterator[Any]:
    """Yield what is shown of values, with a number where two would look alike."""
    seen: dict[str, int] = {}
    for value in shown:
        seen[str(value)] = again = seen.get(str(value), 0) + 1
        yield value if again == 1 else f"{value} ({again})"


def _takes(takes: Any) -> int:
    if isinstance(takes, bool) or not isinstance(takes, int) or not 1 <= takes <= MOST_TAKES:
        raise RequestError(f"takes is {takes!r}, but it can be a whole number from 1 to {MOST_TAKES}.")
    return takes


def _check_number(sweep: Sweep) -> None:
    sizes = [len(axis.values) for axis in sweep.axes]
    number = math.prod(sizes) * sweep.takes
    if number > MOST_CELLS:
        product = " × ".join(f"{size:,}" for size in [*sizes, *([sweep.takes] if sweep.takes > 1 else [])])
        raise RequestError(f"{product} are {number:,} clips, but a batch can have at most {MOST_CELLS:,}.")
