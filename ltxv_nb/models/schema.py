"""Published request schemas, read with tolerance: an OpenAPI document or a bare JSON Schema.

They come from outside. So nothing is fetched for them, depth and size are bounded, only known keywords are
kept, and what cannot be used is left out: the service checks it again. Flaws that were seen are mended: an
enum of whole numbers with a text as default, ``required: true`` inside a property, enums of the wrong type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models import roles
from ltxv_nb.models.clean import cleaned, of_type, resolved
from ltxv_nb.models.model import Schema
from ltxv_nb.models.parameter import Parameter
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ltxv_nb.models.parameter import Type
    from ltxv_nb.models.roles import Role

#: Characters of a parameter's help, and of a default text.
_MOST_HELP, _MOST_DEFAULT = 600, 4_000
#: Parameters of a model; the service's own have up to 24.
_MOST_PARAMETERS = 300
#: Characters of a parameter's name.
_MOST_NAME = 80

#: The path of the service's endpoint, where a document describes several.
ENDPOINT = "/v2/video/generations"


class Unreadable(Exception):
    """It is no schema of a request; the text says why, in a few words."""


def read(document: object, model_id: str) -> Schema:
    """Read a published schema.

    Parameters
    ----------
    document : object
        Parsed JSON: an OpenAPI document (its first POST counts), or the schema of a request body.
    model_id : str
        The model; where a schema has a branch for each model, that of this one counts.

    Returns
    -------
    Schema
        With every property of the body as a parameter.

    Raises
    ------
    Unreadable
        There is no schema of an object in it, or one without properties.
    """
    body = request_body(document, model_id)
    properties, required = _collect(body)
    if not properties:
        raise Unreadable("it names no parameters")
    names = [name for name in properties if len(name) <= _MOST_NAME and name.isprintable() and name.strip()]
    kept = {name: properties[name] for name in names[:_MOST_PARAMETERS]}
    left_out = len(properties) - len(kept)
    return Schema(
        _parameters(kept, required),
        _whole_body_rules(body),
        open=body.get("additionalProperties", False) is not False or left_out > 0,
        note=f"{left_out} of its parameters are left out, for there are too many." if left_out else "",
    )


def request_body(document: object, model_id: str) -> dict[str, Any]:
    """Return the cleaned JSON Schema of a request body, without what it says of the ``model``.

    Takes and raises the same as `read`, but for a schema without properties.
    """
    body = _own_branch(cleaned(published_body(document), document), model_id)
    without: dict[str, Any] = _without_model(body)
    return without


def published_body(document: object) -> object:
    """Return the published schema of the request body: that of the first POST, or the document itself."""
    if not isinstance(document, Mapping):
        raise Unreadable("it is not a JSON object")
    paths = document.get("paths")
    if not isinstance(paths, Mapping):
        inner = document.get("schema")
        return inner if isinstance(inner, Mapping) and "properties" not in document else document
    ordered = sorted(paths, key=lambda path: path != ENDPOINT)
    for path in ordered:
        operations = paths[path]
        post = operations.get("post") if isinstance(operations, Mapping) else None
        if isinstance(post, Mapping) and (found := _of_post(post, document)) is not None:
            return found
    raise Unreadable("it describes no POST with a JSON body")


def _of_post(post: Mapping[str, Any], document: object) -> object | None:
    body = resolved(post.get("requestBody"), document)
    content = body.get("content") if isinstance(body, Mapping) else None
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        if "json" in str(kind).lower() and isinstance(media, Mapping) and "schema" in media:
            return media["schema"]  # type: ignore[no-any-return]
    parameters = post.get("parameters")
    for parameter in parameters if isinstance(parameters, list) else ():  # as Swagger 2 has it
        if isinstance(parameter, Mapping) and parameter.get("in") == "body" and "schema" in parameter:
            return parameter["schema"]  # type: ignore[no-any-return]
    return None


def _own_branch(body: dict[str, Any], model_id: str) -> dict[str, Any]:
    """Leave out the branches that are for other models."""
    own = dict(body)
    branches = body.get("anyOf")
    if isinstance(branches, list):
        mine = [branch for branch in branches if model_id in _models_of(branch)]
        if mine:
            own["anyOf"] = mine
    return own


def _models_of(branch: object) -> tuple[Any, ...]:
    properties = branch.get("properties") if isinstance(branch, Mapping) else None
    model = properties.get("model") if isinstance(properties, Mapping) else None
    return tuple(model.get("enum", ())) if isinstance(model, Mapping) else ()


def _collect(body: Mapping[str, Any]) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Return the properties of an object and of all its branches, and which of them are always required."""
    found: dict[str, dict[str, Any]] = {
        name: dict(rule) for name, rule in body.get("properties", {}).items() if isinstance(rule, Mapping)
    }
    required = set(body.get("required", ()))
    for branch in body.get("allOf", ()):
        more, needed = _collect(branch)
        _merge(found, more)
        required |= needed
    alternatives = [_collect(branch) for branch in body.get("anyOf", ())]
    for more, _ in alternatives:
        _merge(found, more)
    if alternatives:
        required |= set.intersection(*(needed for _, needed in alternatives))
    return found, required


def _merge(found: dict[str, dict[str, Any]], more: Mapping[str, dict[str, Any]]) -> None:
    for name, rule in more.items():
        known = found.get(name)
        if known is None:
            found[name] = rule
        elif known != rule:
            either = [*known.get("anyOf", [known]), rule] if set(known) == {"anyOf"} else [known, rule]
            found[name] = {"anyOf": either}


def _whole_body_rules(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rules that concern several parameters at once: those that say what goes together."""
    return {name: body[name] for name in ("anyOf", "allOf", "not") if name in body}


def _without_model(rule: Any) -> Any:
    """Return rules about the body that say nothing of its model: an alias may stand there."""
    if isinstance(rule, list):
        return [_without_model(one) for one in rule]
    if not isinstance(rule, Mapping):
        return rule
    changed = dict(rule)
    if "required" in changed:
        changed["required"] = [name for name in changed["required"] if name != "model"]
    if "properties" in changed:
        changed["properties"] = {k: v for k, v in changed["properties"].items() if k != "model"}
    for name in ("anyOf", "allOf", "not"):
        if name in changed:
            changed[name] = _without_model(changed[name])
    return changed


# -- one property ------------------------------------------------------------------------------------------


def _parameters(properties: Mapping[str, Mapping[str, Any]], required: set[str]) -> tuple[Parameter, ...]:
    branches = {name: list(_branches(rule)) for name, rule in properties.items()}
    types = {name: _types(found) for name, found in branches.items()}
    found_roles = roles.assign({name: _for_role(types[name], branches[name]) for name in properties})
    made = [
        _parameter(name, rule, branches[name], found_roles.get(name), required=name in required)
        for name, rule in properties.items()
    ]
    prompts = [one for one in made if one.role == "prompt"]
    return _with_flags(prompts + [one for one in made if one.role != "prompt"])


def _for_role(types: tuple[Type, ...], branches: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the types that count for a role: a list of objects is no list of images."""
    return types if _takes_texts(branches) else tuple(one for one in types if one != "array")


def _with_flags(parameters: list[Parameter]) -> tuple[Parameter, ...]:
    """Let ``--audio`` mean the sound that is given, where a model takes one; the switch has its long name."""
    if not any(one.role == "audio" for one in parameters):
        return tuple(parameters)
    switch = ("--generate-audio", "--no-audio")
    return tuple(replace(one, flags=switch) if one.role == "generate_audio" else one for one in parameters)


def _parameter(
    name: str, rule: Mapping[str, Any], branches: list[dict[str, Any]], role: Role | None, *, required: bool
) -> Parameter:
    types = _types(branches)
    texts = "string" in types or "array" in types
    made = Parameter(
        name,
        types[0],
        _help(rule, branches, role),
        values=_values(branches),
        required=required,
        role=role,
        unit=roles.unit_of(name, role),
        other_types=types[1:],
        media=roles.media_of(name, role) if texts and _takes_texts(branches) else None,
        rule=rule if _needs_rule(rule, types) else None,
        **_limits(branches),
    )
    default = _default(made, [rule, *branches])
    if default is not None:
        object.__setattr__(made, "default", default)
    return made


def _branches(rule: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the alternatives of a value, each with what holds for all; not ``null``: that is "not set"."""
    alternatives = rule.get("anyOf")
    if not alternatives:
        parts = rule.get("allOf")
        yield {**rule, **{k: v for part in parts for k, v in part.items()}} if parts else dict(rule)
        return
    common = {key: value for key, value in rule.items() if key != "anyOf"}
    named = [one for one in alternatives if one.get("type") != "null" and one.get("enum") != [None]]
    for alternative in named or [{}]:
        yield from _branches({**common, **alternative})


def _types(branches: Iterable[Mapping[str, Any]]) -> tuple[Type, ...]:
    found: dict[Type, None] = {}
    for branch in branches:
        said: Any = branch.get("type")
        kinds: list[Any] = [said] if isinstance(said, str) else said or [_guessed(branch)]
        found.update(dict.fromkeys(kind for kind in kinds if kind != "null"))
    return tuple(found) or ("any",)


def _guessed(branch: Mapping[str, Any]) -> Type:
    """Return the type that a schema means which names none."""
    values = branch.get("enum")
    kinds: list[tuple[Type, Any]] = [
        ("boolean", bool),
        ("integer", int),
        ("number", (int, float)),
        ("string", str),
    ]
    if values:
        return next((kind for kind, python in kinds if all(isinstance(one, python) for one in values)), "any")
    if "properties" in branch:
        return "object"
    if "items" in branch:
        return "array"
    if {"minimum", "maximum", "multipleOf"} & set(branch):
        return "number"
    return "string" if {"minLength", "maxLength", "pattern"} & set(branch) else "any"


def _values(branches: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Return the allowed values, if every alternative lists its own; true and false need no list."""
    if any("enum" not in branch for branch in branches):
        return ()
    listed = [value for branch in branches for value in branch["enum"] if value is not None]
    return tuple(dict.fromkeys(listed)) if not all(isinstance(one, bool) for one in listed) else ()


def _limits(branches: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the limits where there is one alternative; otherwise the rule says it all."""
    if len(branches) != 1:
        return {}
    (only,) = branches
    return {
        "minimum": only.get("minimum"),
        "maximum": only.get("maximum"),
        "multiple_of": only.get("multipleOf"),
        "min_length": only.get("minLength"),
        "max_length": only.get("maxLength"),
        "min_items": only.get("minItems"),
        "max_items": only.get("maxItems"),
    }


def _needs_rule(rule: Mapping[str, Any], types: tuple[Type, ...]) -> bool:
    """Whether a value has to be checked by its schema, because a parameter's attributes do not say it all."""
    simple = len(types) == 1 and types[0] not in {"array", "object", "any"}
    said = {"pattern", "exclusiveMinimum", "exclusiveMaximum", "not", "anyOf", "allOf"}
    return not simple or bool(said & set(rule))


def _takes_texts(branches: list[dict[str, Any]]) -> bool:
    """Whether a value is a text without a list of values, or a list of such texts: an address."""
    for branch in branches:
        items = branch.get("items")
        inner = items if isinstance(items, Mapping) else branch
        if inner.get("type", "string") == "string" and "enum" not in inner and "properties" not in inner:
            return True
    return False


def _default(parameter: Parameter, rules: Iterable[Mapping[str, Any]]) -> Any:
    """Return the default in the parameter's own type; ``None`` for one that it does not allow itself."""
    value = next((rule["default"] for rule in rules if rule.get("default") is not None), None)
    if value is None or len(str(value)) > _MOST_DEFAULT:
        return None
    try:
        return parameter.parse(of_type(value, parameter.types))
    except RequestError:
        return None


def _help(rule: Mapping[str, Any], branches: list[dict[str, Any]], role: Role | None) -> str:
    texts = [one.get("description") or one.get("title") for one in (rule, *branches)]
    found = next((text for text in texts if text), None)
    if found is None and role is not None:
        return roles.ROLES[role].help
    return one_line(str(found or ""), _MOST_HELP)
