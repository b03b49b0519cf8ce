"""Cleaning a JSON Schema from outside: local references put in place, bounded, with known keywords only.

What is left needs no further care: it has no references, no cycles, a bounded depth and size, and every
keyword has a value of the kind that JSON Schema (2020-12) gives it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

#: Objects inside each other, objects in all, and values of one enum that are kept.
MAX_DEPTH, MAX_NODES, MAX_ENUM = 24, 20_000, 10_000
#: Properties of one object that are kept.
MAX_PROPERTIES = 1_000
#: Characters of a pattern that is used, and of a text in a schema.
MAX_PATTERN, MAX_TEXT = 200, 10_000

_TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")


def cleaned(schema: object, document: object) -> dict[str, Any]:
    """Return a schema that can be used without care.

    Parameters
    ----------
    schema : object
        The schema, as it was published.
    document : object
        What its local references (``#/components/schemas/…``) are looked up in.

    Returns
    -------
    dict
        What is left; ``{}`` allows everything. ``oneOf`` becomes ``anyOf``: alternatives that overlap are a
        usual flaw, and the service decides.
    """
    return _Cleaning(document).clean(schema, (), 0)


def resolved(node: object, document: object) -> object:
    """Return what a local reference leads to; anything else as it is."""
    for _ in range(MAX_DEPTH):
        reference = node.get("$ref") if isinstance(node, Mapping) else None
        if reference is None:
            return node
        node = _pointed(reference, document)
    return None


def _pointed(reference: object, document: object) -> object:
    """Follow a JSON pointer within the document; ``None`` for any other reference."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    found = document
    for part in reference[1:].split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


class _Cleaning:
    """One schema being cleaned; counts what it has looked at."""

    def __init__(self, document: object) -> None:
        self._document = document
        self._nodes = 0

    def clean(self, schema: object, within: tuple[str, ...], depth: int) -> dict[str, Any]:
        """Return one schema; ``within`` are the references that led here."""
        self._nodes += 1
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH or self._nodes > MAX_NODES:
            return {}
        if "$ref" in schema:
            reference = str(schema["$ref"])
            if reference in within:
                return {}  # it holds itself: whatever is in there is for the service to check
            beside = {
                key: value for key, value in schema.items() if key in {"description", "default", "nullable"}
            }
            target = resolved(schema, self._document)
            found = {**target, **beside} if isinstance(target, Mapping) else beside
            return self.clean(found, (*within, reference), depth + 1)
        return self._clean_object(schema, within, depth + 1)

    def _clean_object(self, schema: Mapping[str, Any], within: tuple[str, ...], depth: int) -> dict[str, Any]:
        found = {
            name: value for name, read in _SIMPLE.items() if (value := read(schema.get(name))) is not None
        }
        if isinstance(properties := schema.get("properties"), Mapping):
            names = [name for name in properties if isinstance(name, str)][:MAX_PROPERTIES]
            found["properties"] = {name: self.clean(properties[name], within, depth) for name in names}
        if isinstance(items := schema.get("items"), Mapping):
            found["items"] = self.clean(items, within, depth)
        if isinstance(further := schema.get("additionalProperties"), (bool, Mapping)):
            found["additionalProperties"] = (
                further if isinstance(further, bool) else self.clean(further, within, depth)
            )
        for keyword, name in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
            self._add_branches(found, name, schema.get(keyword), within, depth)
        if isinstance(schema.get("not"), Mapping) and (inner := self.clean(schema["not"], within, depth)):
            found["not"] = inner
        return _mended(found, schema)

    def _add_branches(
        self, found: dict[str, Any], name: str, branches: object, within: tuple[str, ...], depth: int
    ) -> None:
        if not isinstance(branches, list) or not branches:
            return
        made = [self.clean(branch, within, depth) for branch in branches[:MAX_PROPERTIES]]
        if name in found:  # both anyOf and oneOf: each has to hold
            found.setdefault("allOf", []).append({name: made})
        else:
            found[name] = made


def _mended(found: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Mend what contradicts itself, and bring older notations into today's."""
    for end, older in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(older) is True and end in found:  # as OpenAPI 3.0 writes it
            found[older] = found.pop(end)
    for least, most in (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")):
        if least in found and most in found and found[least] > found[most]:
            del found[least], found[most]
    if "const" in schema and _is_scalar(schema["const"]):
        found["enum"] = [schema["const"]]
    types = found.get("type")
    if "enum" in found and types:
        kinds = [types] if isinstance(types, str) else types
        found["enum"] = list(dict.fromkeys(of_type(value, kinds) for value in found["enum"]))
    if schema.get("nullable") is True:
        return _nullable(found)
    return found


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {key: found[key] for key in ("description", "title", "default") if key in found}
    return {**told, "anyOf": [found, {"type": "null"}]}


def of_type(value: Any, types: Any) -> Any:
    """Return a value of a schema in one of the types that it should have: ``"5"`` as 5 for a number.

    Parameters
    ----------
    value : object
        A value of an enum, or a default.
    types : sequence of str
        JSON types.
    """
    if isinstance(value, str) and "string" not in types:
        if {"integer", "number"} & set(types):
            return _as_number(value)
        if "boolean" in types:
            return {"true": True, "false": False}.get(value.strip().lower(), value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and list(types) == ["string"]:
        return str(value)
    return value


def _as_number(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number if math.isfinite(number) else text


# -- the values of keywords; ``None`` leaves a keyword out -------------------------------------------------


def _type(value: object) -> Any:
    if isinstance(value, str):
        return value if value in _TYPES else None
    if isinstance(value, list):
        known = [one for one in value if isinstance(one, str) and one in _TYPES]
        return list(dict.fromkeys(known)) if known and len(known) == len(value) else None
    return None


def _enum(value: object) -> list[Any] | None:
    """Return an enum; one of more values than are kept is left out: the service checks it."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_ENUM:
        return None
    return value if all(map(_is_scalar, value)) else None


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (str, bool, int)) or _is_finite(value)


def _is_finite(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _number(value: object) -> Any:
    if isinstance(value, str):
        value = _as_number(value) if len(value) < 40 else None
    return value if _is_finite(value) or (isinstance(value, int) and not isinstance(value, bool)) else None


def _positive(value: object) -> Any:
    number = _number(value)
    return number if number is not None and number > 0 else None


def _count(value: object) -> Any:
    number = _number(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def _names(value: object) -> list[str] | None:
    """Return the required names; ``required: true`` inside a property is a flaw, and says nothing."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else None


def _text(value: object) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) else None


def _default(value: object) -> Any:
    return value if _is_scalar(value) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _pattern(value: object) -> str | None:
    """Return a pattern that is safe to use: short, and without a repeated group, which can take for ever."""
    if not isinstance(value, str) or len(value) > MAX_PATTERN or re.search(r"\)[*+{]|\\[1-9]", value):
        return None
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return None
    return value if len(re.findall(r"(?<!\\)[*+{]", value)) <= 3 else None


_SIMPLE: dict[str, Callable[[object], Any]] = {
    "type": _type,
    "description": _text,
    "title": _text,
    "enum": _enum,
    "default": _default,
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": _number,
    "exclusiveMaximum": _number,
    "multipleOf": _positive,
    "minLength": _count,
    "maxLength": _count,
    "pattern": _pattern,
    "minItems": _count,
    "maxItems": _count,
    "uniqueItems": _flag,
    "minProperties": _count,
    "maxProperties": _count,
    "required": _names,
}
