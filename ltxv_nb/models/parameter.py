"""One parameter of a model: its values, its default, its help, and the check of what a person gave for it."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ltxv_nb.errors import RequestError
from ltxv_nb.models.roles import ROLES, Media, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The JSON type of a parameter's value; ``any`` where the schema does not say.
Type = Literal["string", "integer", "number", "boolean", "array", "object", "any"]

#: Units as they stand behind a number.
_SHORT_UNITS = {"seconds": "s", "frames per second": "fps"}
_SWITCH = {True: "On", False: "Off"}
#: More values than this are not all listed in a sentence; then this many are.
_LISTED, _SHOWN = 24, 8


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model. Name, type and help are enough; the rest follows from them.

    Attributes
    ----------
    name : str
        Its published name: that in the request body.
    type : {"string", "integer", "number", "boolean", "array", "object", "any"}
        The JSON type of its value.
    help : str
        One line for people, with the unit. It may come from outside: escape it where it is shown.
    values : tuple
        The allowed values; empty when any value of its type is allowed.
    minimum, maximum : float or None
        The smallest and the largest value of a number; ``None`` where there is no limit.
    default : object
        What the service uses when it is left out; ``None`` where its schema names none.
    required : bool
        Whether the service refuses a body without it.
    role : str or None
        What it is for, one of `ltxv_nb.models.roles.ROLES`; ``None`` for what only this model has.
    unit : str
        Unit of the value, ``""`` where it has none.
    label : str
        Its name for people; by default its key in words.
    flags : tuple of str
        The magic's options for it; by default those of its role, or ``--its-key``, and for a boolean
        ``--no-its-key`` as well. The prompt has none: it is the cell body.
    other_types : tuple of str
        Further JSON types that its value can have, like ``array`` for an address or a list of them.
    multiple_of : float or None
        What a number has to be a multiple of.
    min_length, max_length : int or None
        Limits of a text's length, in characters.
    min_items, max_items : int or None
        Limits of a list's length.
    media : {"image", "video", "audio"} or None
        What a file given for it has to be; ``None`` where it takes none.
    rule : mapping or None
        The JSON Schema of its value, cleaned; ``None`` where the attributes above say everything.
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
    flags: tuple[str, ...] = ()
    other_types: tuple[Type, ...] = ()
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    media: Media | None = None
    rule: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.key.replace("_", " ").capitalize())
        if not self.flags and self.role != "prompt":
            object.__setattr__(self, "flags", self._usual_flags())
        if self.media is None and self.role:
            object.__setattr__(self, "media", ROLES[self.role].media)

    def _usual_flags(self) -> tuple[str, ...]:
        if self.role and ROLES[self.role].flags:
            return ROLES[self.role].flags
        word = self.key.replace("_", "-")
        return (f"--{word}", f"--no-{word}") if self.type == "boolean" else (f"--{word}",)

    @property
    def key(self) -> str:
        """The name that people use, in Python, in the journal and in options: its role, else its name."""
        return self.role or self.name

    @property
    def types(self) -> tuple[Type, ...]:
        """All JSON types that its value can have, the usual one first."""
        return (self.type, *self.other_types)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values to choose from: those that are allowed, or true and false; empty for free input."""
        return (True, False) if self.type == "boolean" else self.values

    def allowed(self) -> str:
        """Say the allowed values in words: ``6, 8 or 10 seconds``."""
        if self.choices:
            words = [str(choice) for choice in self.choices]
            if len(words) > _LISTED:
                words = [*words[:_SHOWN], f"one of {len(words) - _SHOWN} others"]
            listed = " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
            return f"{listed} {self.unit}".strip()
        return " or ".join(dict.fromkeys(map(self._kind_in_words, self.types)))

    def _kind_in_words(self, kind: Type) -> str:
        if kind == "string":
            return _limited("text", self.min_length, self.max_length, "characters")
        if kind == "array":
            return _limited("a list", self.min_items, self.max_items, "items")
        if kind in _KINDS:
            return _KINDS[kind]
        words = "a whole number" if kind == "integer" else "a number"
        words = _limited(words, self.minimum, self.maximum)
        if self.multiple_of is not None:
            words += f" that is a multiple of {self.multiple_of:g}"
        return f"{words} ({self.unit})" if self.unit else words

    def parse(self, value: Any) -> Any:
        """Turn what a person gave into the value for the request body.

        Parameters
        ----------
        value : object
            The value, or the text of it.

        Returns
        -------
        int, float, str, bool, list or dict
            The value, of one of this parameter's types.

        Raises
        ------
        RequestError
            The value is not one of the allowed ones.
        """
        inside = ""
        for kind in sorted(self.types, key=lambda kind: not _is(kind, value)):
            parsed = _PARSERS[kind](value)
            if parsed is not None and self.values:
                parsed = next((known for known in self.values if _same(known, parsed)), None)
            if parsed is None or not self.within(parsed):
                continue
            problem = self._problem(parsed)
            if not problem:
                return parsed
            inside = inside or problem
        if inside:
            raise RequestError(f"{self.key}{inside}")
        near = _meant(str(value)[:200], [str(known) for known in self.values])
        hint = f" Did you mean {near}?" if near else ""
        raise RequestError(f"{self.key} is {shown(value)}, but it can be {self.allowed()}.{hint}")

    def within(self, value: Any) -> bool:
        """Whether a value of one of this parameter's types is within the limits of that type."""
        if isinstance(value, bool):
            return True
        if isinstance(value, (int, float)):
            return _between(value, self.minimum, self.maximum) and _is_multiple(value, self.multiple_of)
        if isinstance(value, str):
            return _between(len(value), self.min_length, self.max_length)
        return not isinstance(value, list) or _between(len(value), self.min_items, self.max_items)

    def _problem(self, value: Any) -> str:
        """Say what is wrong inside a value: only the schema knows that of lists, objects and unions."""
        if self.rule is None:
            return ""
        from ltxv_nb.models import rules  # loads jsonschema

        return rules.problem(self.rule, value)

    def text(self, value: Any) -> str:
        """Return a value for people: ``6 s``, ``On``, ``1080p``."""
        if isinstance(value, bool):
            return _SWITCH[value]
        return f"{value} {_SHORT_UNITS.get(self.unit, self.unit)}".strip()


def _meant(typed: str, values: Iterable[str]) -> str | None:
    """Return the value that was mistyped: 720p is no slip for 2160p, but 1081p is one for 1080p."""
    numbers = _numbers(typed)
    possible = [
        known
        for known in values
        if len(_numbers(known)) == len(numbers)
        and all(
            math.isclose(one, other, rel_tol=_SLIP)
            for one, other in zip(_numbers(known), numbers, strict=True)
        )
    ]
    near = difflib.get_close_matches(typed, possible, 1)
    return near[0] if near else None


def _numbers(text: str) -> list[float]:
    return [float(digits) for digits in re.findall(r"\d+", text)]


#: By how much a mistyped number is off at most.
_SLIP = 0.05

_KINDS = {"boolean": "True or False", "object": "an object (a dict)", "any": "anything"}


def shown(value: Any) -> str:
    """Return a value for an error: bounded, for it may be a whole file pasted by mistake."""
    words = repr(value)
    return words if len(words) <= _MOST_SHOWN else f"{words[:_MOST_SHOWN]}…"


_MOST_SHOWN = 160


def _limited(words: str, least: float | None, most: float | None, unit: str = "") -> str:
    """Add limits to a kind of value: ``a whole number from 1 to 9``, ``text of at most 9 characters``."""
    if least is not None and most is not None:
        limits = f"{'of' if unit else 'from'} {least} to {most}"
    elif least is not None:
        limits = f"of at least {least}"
    elif most is not None:
        limits = f"of at most {most}"
    else:
        return words
    return f"{words} {limits} {unit}".strip()


def _between(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _is_multiple(value: float, of: float | None) -> bool:
    if not of:
        return True
    times = value / of
    return abs(times - round(times)) < 1e-9 * max(1.0, abs(times))


def _same(known: Any, parsed: Any) -> bool:
    """Whether a value is a known one; upper case, and a bare ``1080`` for ``1080p``, are good enough."""
    if not isinstance(known, str) or not isinstance(parsed, str):
        return bool(known == parsed) and isinstance(known, bool) == isinstance(parsed, bool)
    lower = known.lower()
    return parsed.strip().lower() in {lower, lower.removesuffix("p") if lower[:-1].isdecimal() else lower}


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


def _parse_array(value: Any) -> list[Any] | None:
    """Take a list, the JSON text of one, or one text that is its only item."""
    if isinstance(value, str):
        found = _json(value) if value.lstrip().startswith("[") else [value]
        return found if isinstance(found, list) else None
    return list(value) if isinstance(value, (list, tuple)) else None


def _parse_object(value: Any) -> dict[str, Any] | None:
    found = _json(value) if isinstance(value, str) else value
    return dict(found) if isinstance(found, Mapping) else None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_PARSERS: dict[Type, Callable[[Any], Any]] = {
    "string": _parse_string,
    "integer": _parse_integer,
    "number": _parse_number,
    "boolean": _parse_boolean,
    "array": _parse_array,
    "object": _parse_object,
    "any": lambda value: value,
}

_PYTHON: dict[Type, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (Mapping,),
    "any": (object,),
}


def _is(kind: Type, value: Any) -> bool:
    """Whether a value is of a JSON type as it is; to Python, true is an integer as well."""
    return isinstance(value, _PYTHON[kind]) and (
        kind == "any" or isinstance(value, bool) == (kind == "boolean")
    )


def options_table(parameters: Iterable[Parameter]) -> str:
    """Return parameters as a Markdown table, for the README and the docs."""
    head = ["option", "Python", "values", "default of the service", "what it is"]
    rows = [head, ["---"] * len(head)]
    for parameter in parameters:
        flags = ", ".join(f"`{flag}`" for flag in parameter.flags) or "the cell body"
        default = "" if parameter.default is None else f"`{parameter.default}`"
        values = ", ".join(f"`{choice}`" for choice in parameter.choices) or parameter.allowed()
        rows.append([flags, f"`{parameter.key}`", values, default, parameter.help])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
