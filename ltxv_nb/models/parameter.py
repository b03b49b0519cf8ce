"""One parameter of a model: its values, its default, its help, and the check of what a person gave for it."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ltxv_nb.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The JSON type of a parameter's value.
Type = Literal["string", "integer", "number", "boolean"]

#: What a parameter is for, whatever a model calls it. A role is also a name that a person can use.
Role = Literal[
    "prompt",
    "image",
    "last_image",
    "images",
    "video",
    "audio",
    "duration",
    "resolution",
    "aspect_ratio",
    "seed",
    "negative_prompt",
    "generate_audio",
]

#: Units as they stand behind a number.
_SHORT_UNITS = {"seconds": "s", "frames per second": "fps"}
_SWITCH = {True: "On", False: "Off"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model. Name, type and help are enough; the rest follows from them.

    Attributes
    ----------
    name : str
        Its name in Python, in the journal and in the panel.
    type : {"string", "integer", "number", "boolean"}
        The JSON type of its value.
    help : str
        One line for people, with the unit.
    values : tuple
        The allowed values; empty when any value of its type is allowed.
    minimum, maximum : float or None
        The smallest and the largest value of a number; ``None`` where there is no limit.
    default : int, float, str, bool or None
        What the service uses when it is left out; ``None`` where its schema names none.
    required : bool
        Whether the service refuses a body without it.
    role : str or None
        What it is for, one of `Role`; ``None`` for what only this model has.
    unit : str
        Unit of the value, ``""`` where it has none.
    label : str
        Its name for people; by default its name in words.
    wire : str
        Its name in the request body; by default its name.
    flags : tuple of str
        The magic's options for it; by default ``--its-name``, and for a boolean ``--no-its-name`` as well.
        The prompt has none: it is the cell body.
    """

    name: str
    type: Type
    help: str
    values: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: Any = None
    required: bool = False
    role: Role | None = None
    unit: str = ""
    label: str = ""
    wire: str = ""
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.wire:
            object.__setattr__(self, "wire", self.name)
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " ").capitalize())
        if not self.flags and self.role != "prompt":
            word = self.name.replace("_", "-")
            flags = (f"--{word}", f"--no-{word}") if self.type == "boolean" else (f"--{word}",)
            object.__setattr__(self, "flags", flags)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values to choose from: those that are allowed, or true and false; empty for free input."""
        return (True, False) if self.type == "boolean" else self.values

    def allowed(self) -> str:
        """Say the allowed values in words: ``6, 8 or 10 seconds``."""
        if self.choices:
            words = [str(choice) for choice in self.choices]
            listed = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
            return f"{listed} {self.unit}".strip()
        if self.type == "string":
            return "text"
        kind = "a whole number" if self.type == "integer" else "a number"
        if self.minimum is not None and self.maximum is not None:
            kind += f" from {self.minimum} to {self.maximum}"
        elif self.minimum is not None:
            kind += f" of at least {self.minimum}"
        elif self.maximum is not None:
            kind += f" of at most {self.maximum}"
        return f"{kind} ({self.unit})" if self.unit else kind

    def parse(self, value: Any) -> Any:
        """Turn what a person gave into the value for the request body.

        Parameters
        ----------
        value : object
            The value, or the text of it.

        Returns
        -------
        int, float, str or bool
            The value, of this parameter's type.

        Raises
        ------
        RequestError
            The value is not one of the allowed ones.
        """
        parsed = _PARSERS[self.type](value)
        if parsed is not None and self.values:
            parsed = next((known for known in self.values if _same(known, parsed)), None)
        if parsed is None or not self.within(parsed):
            near = difflib.get_close_matches(str(value), [str(known) for known in self.values], 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise RequestError(f"{self.name} is {value!r}, but it can be {self.allowed()}.{hint}")
        return parsed

    def within(self, value: Any) -> bool:
        """Whether a value of this parameter's type lies between minimum and maximum."""
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )

    def text(self, value: Any) -> str:
        """Return a value for people: ``6 s``, ``On``, ``1080p``."""
        if isinstance(value, bool):
            return _SWITCH[value]
        return f"{value} {_SHORT_UNITS.get(self.unit, self.unit)}".strip()


def _same(known: Any, parsed: Any) -> bool:
    """Whether a value is a known one; upper case, and a bare ``1080`` for ``1080p``, are good enough."""
    if not isinstance(known, str):
        return bool(known == parsed)
    return parsed.strip().lower() in {known.lower(), known.removesuffix("p")}


def _parse_integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    try:
        number = int(value)
        return number if float(value) == number else None
    except (TypeError, ValueError, OverflowError):
        return None


def _parse_number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _parse_string(value: Any) -> str | None:
    return None if isinstance(value, bool) or not isinstance(value, (str, int)) else str(value)


def _parse_boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "yes": True, "no": False}.get(str(value).strip().lower())


_PARSERS = {
    "string": _parse_string,
    "integer": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
}


def options_table(parameters: Iterable[Parameter]) -> str:
    """Return parameters as a Markdown table, for the README and the docs."""
    head = ["option", "Python", "values", "default of the service", "what it is"]
    rows = [head, ["---"] * len(head)]
    for parameter in parameters:
        flags = ", ".join(f"`{flag}`" for flag in parameter.flags) or "the cell body"
        default = "" if parameter.default is None else f"`{parameter.default}`"
        values = ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.allowed()
        rows.append([flags, f"`{parameter.name}`", values, default, parameter.help])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
