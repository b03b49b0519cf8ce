"""Checking a value against a cleaned JSON Schema, and saying in words what is wrong with it.

Loading this module loads jsonschema; only values that a parameter's own attributes do not describe come here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry

from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jsonschema.exceptions import ValidationError

#: Characters of a value that an error repeats.
_SHOWN = 120
#: Values that an error lists.
_LISTED = 8


def problem(rule: Mapping[str, Any], value: Any) -> str:
    """Say what is wrong with a value, ``""`` when nothing is.

    Parameters
    ----------
    rule : mapping
        A schema from `ltxv_nb.models.schema`: without references, bounded in depth and size.
    value : object
        What is to be sent.

    Returns
    -------
    str
        Where and what, to be put behind the value's name: ``[0].duration is 99, but it can be 1, 2 or 3.``
    """
    # The cleaned schema has no references; the empty registry makes sure that none is ever fetched.
    validator = Draft202012Validator(rule, registry=Registry())
    try:
        error = best_match(validator.iter_errors(value))
    except (RecursionError, ArithmeticError):  # a value that holds itself, or a number beyond every float
        return " cannot be checked: it is nested too deep, or holds a number that is too large."
    return _words(error) if error is not None else ""


def _words(error: ValidationError) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return f"{where} needs {', '.join(missing)}."
    return f"{where} is {_shown(error.instance)}, but it can be {_allowed(error)}."


def _shown(value: Any) -> str:
    return one_line(repr(value), _SHOWN)


def _allowed(error: ValidationError) -> str:
    limit = error.validator_value
    kind = str(error.validator)
    if kind == "enum":
        return _listed([json.dumps(value, ensure_ascii=False) for value in limit])
    if kind == "type":
        names = [limit] if isinstance(limit, str) else limit
        return _listed([_TYPES.get(name, str(name)) for name in names])
    if kind in _LIMITS:
        return _LIMITS[kind].format(one_line(str(limit), _SHOWN))
    return f"only what its schema allows ({one_line(error.message, _SHOWN)})"


def _listed(words: list[str]) -> str:
    if len(words) > _LISTED:
        words = [*words[:_LISTED], f"one of {len(words) - _LISTED} others"]
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "True or False",
    "array": "a list",
    "object": "an object (a dict)",
    "null": "None",
}
_LIMITS = {
    "minimum": "a number of at least {}",
    "maximum": "a number of at most {}",
    "exclusiveMinimum": "a number above {}",
    "exclusiveMaximum": "a number below {}",
    "multipleOf": "a multiple of {}",
    "minLength": "text of at least {} characters",
    "maxLength": "text of at most {} characters",
    "pattern": "text that matches {}",
    "minItems": "a list of at least {} items",
    "maxItems": "a list of at most {} items",
}
