"""What is wrong with a body by its model's schema, in the words of a 400: the field, expected, received."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ltxv_nb.sandbox.jobs.attached import wish
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

    from ltxv_nb.models import Model
    from ltxv_nb.sandbox.models.served import ServedModel

#: Fields that one answer names, and characters of a value that it repeats.
_MOST_PROBLEMS, _SHOWN = 20, 60

_SIGNS = {
    "minimum": ">=",
    "maximum": "<=",
    "exclusiveMinimum": ">",
    "exclusiveMaximum": "<",
    "multipleOf": "a multiple of",
    "pattern": "that matches",
}
_SIZES = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def problems(served: ServedModel, body: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with each field of a body.

    Parameters
    ----------
    served : ServedModel
        The model that it is for.
    body : mapping
        The JSON body.

    Returns
    -------
    list of str
        Like ``fps: expected 25 | 50, received 30``; empty when nothing is wrong.
    """
    given = {name: value for name, value in body.items() if name != "model"}
    found: dict[str, str] = {}
    if not _is_plainly_right(served.schema, given):
        for error in _validator(served.schema).iter_errors(given):
            for name, problem in _said(error, served.schema):
                found.setdefault(name, f"{name}: {problem}")
    for name, problem in _contents(served.model, given):
        if not any(known == name or known.startswith(f"{name}[") for known in found):
            found[name] = f"{name}: {problem}"
    return list(found.values())[:_MOST_PROBLEMS]


def shown(value: Any) -> str:
    """Return a value as JSON, cut short."""
    return one_line(json.dumps(value, ensure_ascii=False), _SHOWN)


# -- the schema --------------------------------------------------------------------------------------------


def _is_plainly_right(schema: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a body fits beyond doubt, by the keywords that most bodies need.

    It spares most sandboxes the import of jsonschema, which takes longer than to start without it.
    """
    if set(schema) - {"type", "properties", "required", "title", "description"}:
        return False
    rules = schema.get("properties", {})
    return set(schema.get("required", ())) <= set(given) and all(
        name not in rules or _fits_plainly(rules[name], value) for name, value in given.items()
    )


def _fits_plainly(rule: Mapping[str, Any], value: Any) -> bool:
    known = {
        "type",
        "description",
        "title",
        "default",
        "enum",
        "minimum",
        "maximum",
        "minLength",
        "maxLength",
    }
    types = _PYTHON_TYPES.get(rule["type"]) if isinstance(rule.get("type"), str) else None
    if set(rule) - known or types is None or not isinstance(value, types):
        return False
    if isinstance(value, bool) != (rule["type"] == "boolean"):
        return False
    if "enum" in rule:
        return type(value) in map(type, rule["enum"]) and value in rule["enum"]
    size = len(value) if isinstance(value, str) else value
    names = ("minLength", "maxLength") if isinstance(value, str) else ("minimum", "maximum")
    least, most = (rule.get(name) for name in names)
    return (least is None or size >= least) and (most is None or size <= most)


def _validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    # Where jsonschema's checkers of formats are installed, it imports them all, which takes seconds for the
    # grammar of this one; no format is checked here, and this process is nobody else's.
    for name in ("rfc3987_syntax", "rfc3987", "isoduration"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    from jsonschema import Draft202012Validator
    from referencing import Registry

    # The cleaned schema has no references; the empty registry makes sure that none is ever fetched.
    return Draft202012Validator(dict(schema), registry=Registry())


def _said(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields that an error of the schema is about, and what is wrong with each."""
    path = _path(error.absolute_path)
    rule: Mapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    inside = [one for one in error.context or () if one.validator == "required" or one.path]
    if path and inside:  # of alternatives, the one that was meant is the one that fits farther in
        for one in inside:
            yield from _said(one, schema)
    elif error.validator == "required":
        rules = rule.get("properties", schema.get("properties", {}))
        for name in (name for name in error.validator_value if name not in error.instance):
            wanted = _expected(rules.get(name, {}))
            yield f"{path}.{name}".lstrip("."), f"expected {wanted}, received nothing"
    elif path:
        yield path, f"expected {_expected(rule)}, received {shown(error.instance)}"
    elif error.validator in {"anyOf", "allOf"} and (wanted := _wanted_together(error.validator_value)):
        yield "body", f"expected {wanted}, received {_listed(error.instance) or 'nothing'}"
    elif error.context:
        yield from _said(min(error.context, key=lambda one: len(one.absolute_path)), schema)
    else:
        yield "body", f"expected what the schema of the model allows, but {one_line(error.message, 200)}"


def _path(parts: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")


def _wanted_together(branches: Iterable[Any]) -> str:
    """Say which fields each of the alternatives needs; ``""`` if they say something else."""
    needed = [branch.get("required") if isinstance(branch, dict) else None for branch in branches]
    return " or ".join(_listed(names or ()) for names in needed) if all(needed) else ""


def _listed(names: Iterable[str]) -> str:
    return one_line(" and ".join(names), 200)


def _expected(rule: Mapping[str, Any]) -> str:
    """Say what a schema allows: ``25 | 50``, ``integer >= 0 <= 99``, ``string of at most 9 characters``."""
    if "enum" in rule:
        return one_line(" | ".join(json.dumps(value, ensure_ascii=False) for value in rule["enum"]), 300)
    branches = [_expected(branch) for branch in (*rule.get("anyOf", ()), *rule.get("allOf", ()))]
    if branches:
        return " or ".join(dict.fromkeys(branches))
    types = rule.get("type", "what the schema allows")
    words = [types if isinstance(types, str) else " or ".join(types)]
    words += [f"{sign} {rule[name]}" for name, sign in _SIGNS.items() if name in rule]
    sizes = [text.format(rule[name]) for name, text in _SIZES.items() if name in rule]
    return " ".join([*words, *(["of " + " and ".join(sizes)] if sizes else [])])


# -- what no schema says -----------------------------------------------------------------------------------


def _contents(model: Model, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields with an empty prompt, or with what is neither an address nor a file."""
    for parameter in model.parameters:
        value = given.get(parameter.name)
        if parameter.role == "prompt" and parameter.required and isinstance(value, str) and not value.strip():
            yield parameter.name, "expected some words, received an empty string"
        if parameter.media:
            listed = isinstance(value, list)
            for number, one in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(one, str) and (expected := wish(parameter.media, one)):
                    name = f"{parameter.name}[{number}]" if listed else parameter.name
                    yield name, f"expected {expected}, received {shown(one)}"
