"""Values of options as text: what a word on a ``%%ltxv`` line means, and which words mean a value.

The two directions belong together: a cell that is shown for a request asks for that very request.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models.roles import ROLES

if TYPE_CHECKING:
    from ltxv_nb.models import Parameter


def read(known: Parameter | None, words: str | list[str]) -> Any:
    """Return the value that the words of an option mean; the request judges it.

    Parameters
    ----------
    known : Parameter, optional
        What it is a value of; ``None`` for one of which nothing is known.
    words : str or list of str
        The text, or several where the option was given several times.

    Returns
    -------
    object
        For a text, a number or a choice the text itself. For lists and objects, and where several types are
        possible, what the text means as JSON, if it is JSON and the parameter takes that.
    """
    if known is None or (known.type == "any" and not _is_text(known)):
        return _json(words) if isinstance(words, str) else [_json(word) for word in words]
    if "array" in known.types:
        return _list(known, [words] if isinstance(words, str) else words)
    if isinstance(words, str) and ("object" in known.types or known.other_types):
        return _first_taken(known, (_json(words), words))
    return words


def write(known: Parameter | None, value: Any) -> list[str]:
    """Return the words that mean a value: one, or several for an option that is given several times."""
    return next((words for words in _spellings(value) if _means(known, words, value)), [_as_json(value)])


def _spellings(value: Any) -> list[list[str]]:
    if isinstance(value, str):
        return [[value], [_as_json(value)]]
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
        return [list(value), [_as_json(value)]]
    return [[_as_json(value)]]


def _means(known: Parameter | None, words: list[str], value: Any) -> bool:
    found = read(known, words[0] if len(words) == 1 else words)
    if known is not None:
        try:
            found = known.parse(found)
        except RequestError:
            return False
    return _as_json(found) == _as_json(value)


def _is_text(known: Parameter) -> bool:
    return known.role is not None and "string" in ROLES[known.role].types[:1]


def _list(known: Parameter, words: list[str]) -> Any:
    decoded = [_json(word) for word in words]
    if len(words) == 1:
        return _first_taken(known, (decoded[0], words, decoded, words[0]))
    return _first_taken(known, (words, decoded))


def _first_taken(known: Parameter, candidates: tuple[Any, ...]) -> Any:
    """Return the first value that the parameter takes; the last one, with which it says what is wrong."""
    for value in candidates:
        try:
            known.parse(value)
        except RequestError:
            continue
        return value
    return candidates[-1]


def _json(text: str) -> Any:
    """Return what a text is as JSON, or the text itself; not the numbers that JSON does not have."""
    try:
        return json.loads(text, parse_constant=lambda _name: _refuse())
    except (ValueError, RecursionError):
        return text


def _refuse() -> Any:
    raise ValueError("JSON has no such number")


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
