"""Fill ``{name}`` and ``{expression}`` in a prompt from the notebook's variables.

The braces follow the rules of an f-string: ``{value!r}``, ``{value:.1f}``, ``{{`` and ``}}`` for braces.
A text in which some braces do not read as an expression (JSON, say) is not a template: it stays as it is. An
unknown name, or a value that has no text form, fails the cell: an incomplete prompt would be paid for all the
same.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_OPENING, _CLOSING = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


class _NotATemplate(Exception):
    """Some braces do not read as an expression."""


@dataclass(frozen=True)
class _Field:
    """One ``{expression!conversion:spec}``."""

    source: str
    tree: ast.Expression
    conversion: str
    spec: str


def fill(text: str, names: Mapping[str, Any]) -> str:
    """Fill a text from variables.

    Parameters
    ----------
    text : str
        The prompt, or the value of an option.
    names : mapping
        The notebook's variables.

    Returns
    -------
    str
        The text with every ``{expression}`` replaced; the very same text when it is not a template.

    Raises
    ------
    RequestError
        A name is unknown, an expression fails, or its value is no text.
    """
    try:
        parts = list(_parts(text))
    except _NotATemplate:
        return text
    return "".join(part if isinstance(part, str) else _text_of(part, names) for part in parts)


def unfilled_names(text: str, names: Mapping[str, Any]) -> list[str]:
    """Return the names that `fill` knows but did not replace, because the text is not a template."""
    try:
        list(_parts(text))
    except _NotATemplate:
        return [name for name in names if not name.startswith("_") and f"{{{name}}}" in text]
    return []


def single_value(text: str, names: Mapping[str, Any]) -> tuple[bool, Any]:
    """Evaluate a text that is nothing but one ``{expression}``, keeping the type of its value.

    Returns
    -------
    tuple of (bool, object)
        Whether the text is one expression, and the value if it is.

    Raises
    ------
    RequestError
        A name is unknown or the expression fails.
    """
    try:
        parts = list(_parts(text.strip()))
    except _NotATemplate:
        return False, None
    if len(parts) == 1 and isinstance(parts[0], _Field) and not parts[0].conversion and not parts[0].spec:
        return True, _value_of(parts[0], names)
    return False, None


def near_names(name: str, names: Mapping[str, Any]) -> str:
    """Return a sentence naming the variables that look like a name, or an empty string."""
    near = difflib.get_close_matches(name, [known for known in names if not known.startswith("_")], 3, 0.6)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _parts(text: str) -> Iterator[str | _Field]:
    """Cut a text into literal pieces and fields."""
    position, literal = 0, ""
    while position < len(text):
        char = text[position]
        if char in "{}" and text[position : position + 2] == char * 2:
            literal, position = literal + char, position + 2
        elif char == "{":
            end = _end_of_field(text, position)
            if literal:
                yield literal
            yield _read_field(text[position + 1 : end])
            literal, position = "", end + 1
        elif char == "}":
            raise _NotATemplate
        else:
            literal, position = literal + char, position + 1
    if literal:
        yield literal


def _end_of_field(text: str, start: int) -> int:
    """Return where the brace opened at ``start`` closes, strings and nested brackets left out."""
    stack: list[str] = []
    position = start
    while position < len(text):
        char = text[position]
        if char in "'\"":
            position = _end_of_string(text, position)
        elif char in _OPENING:
            stack.append(_OPENING[char])
        elif char in _CLOSING:
            if stack.pop() != char:
                break
            if not stack:
                return position
        position += 1
    raise _NotATemplate


def _end_of_string(text: str, start: int) -> int:
    """Return where the quote opened at ``start`` closes."""
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == text[start]:
            return position
        position += 1
    raise _NotATemplate


def _read_field(inside: str) -> _Field:
    """Read what stands between two braces, the longest expression first."""
    cuts = [len(inside)] + [at for at in range(len(inside) - 1, -1, -1) if inside[at] in "!:"]
    for cut in cuts:
        head, tail = inside[:cut], inside[cut:]
        conversion, spec = _read_tail(tail)
        if conversion is None:
            continue
        try:
            tree = ast.parse(head.strip(), mode="eval")
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        if isinstance(tree.body, ast.Constant) and (tail or not isinstance(tree.body.value, (int, float))):
            break  # {"key": 1} and {"text"} are JSON or plain words, not something to work out
        return _Field(head.strip(), tree, conversion, spec)
    raise _NotATemplate


def _read_tail(tail: str) -> tuple[str | None, str]:
    """Read ``!r:spec``; the conversion is ``None`` when it does not read."""
    if not tail or tail.startswith(":"):
        return "", tail[1:]
    if tail[:2] != "!=" and tail[1:2] in _CONVERSIONS and tail[2:3] in {"", ":"}:
        return tail[1], tail[3:]
    return None, ""


def _text_of(part: _Field, names: Mapping[str, Any]) -> str:
    value = _value_of(part, names)
    if not part.conversion and _is_no_text(value):
        raise RequestError(
            f"{{{part.source}}} is {_kind(value)}, which cannot be part of a prompt; nothing was sent. "
            f"Set {part.source} to a string, or write {{{{{part.source}}}}} for the words in braces."
        )
    spec = _spec(part, names)
    try:
        return format(_CONVERSIONS[part.conversion](value) if part.conversion else value, spec)
    except Exception as error:  # noqa: BLE001 - whatever the value's own methods raise
        tail = (f"!{part.conversion}" if part.conversion else "") + (f":{part.spec}" if part.spec else "")
        raise RequestError(
            f"{{{part.source}{tail}}} cannot be filled in: {type(error).__name__}: {error}. Nothing was sent."
        ) from None


def _spec(part: _Field, names: Mapping[str, Any]) -> str:
    return fill(part.spec, names) if "{" in part.spec else part.spec


def _value_of(part: _Field, names: Mapping[str, Any]) -> Any:
    tree = part.tree
    if isinstance(tree.body, ast.Name) and tree.body.id not in names:
        raise _unknown(tree.body.id, names)
    scope = {**names, "__builtins__": names.get("__builtins__", builtins)}
    try:
        # The cell's author wrote the expression, and could as well run it in the next cell.
        return eval(compile(tree, "<prompt>", "eval"), scope)  # noqa: S307
    except NameError as error:
        raise _unknown(str(error.name or part.source), names) from None
    except Exception as error:  # noqa: BLE001 - whatever the user's own expression raises
        raise RequestError(
            f"{{{part.source}}} cannot be evaluated: {type(error).__name__}: {error}. Nothing was sent."
        ) from None


def _unknown(name: str, names: Mapping[str, Any]) -> RequestError:
    return RequestError(
        f"{{{name}}} in the text has no value: there is no variable {name!r}; nothing was sent."
        f"{near_names(name, names)} Set it in a cell above, or write {{{{{name}}}}} for the words in braces."
    )


def _is_no_text(value: Any) -> bool:
    """Whether the text of a value would only be Python's own name for the object."""
    if value is None or inspect.ismodule(value) or inspect.isclass(value) or inspect.isroutine(value):
        return True
    kind: Any = type(value)
    own = (
        name
        for name in ("__str__", "__repr__", "__format__")
        if getattr(kind, name) is not getattr(object, name)
    )
    return not any(own)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if inspect.ismodule(value):
        return "a module"
    if inspect.isclass(value):
        return "a class"
    return "a function" if inspect.isroutine(value) else f"an object of type {type(value).__name__}"
