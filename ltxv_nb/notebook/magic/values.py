"""The values on a ``%%ltxv`` line, with the notebook's variables filled in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.magic.template import fill, near_names, single_value
from ltxv_nb.notebook.output.option_values import read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.models import Parameter


def filled(known: Parameter | None, value: Any, names: Mapping[str, Any]) -> Any:
    """Return the value of an option.

    Parameters
    ----------
    known : Parameter, optional
        What it is a value of, with its options; ``None`` for one of which nothing is known.
    value : object
        What stands on the line: a text, several in a list, or a bool for a switch.
    names : mapping
        The notebook's variables; for a file also jobs by their ids.

    Returns
    -------
    object
        For a file, a list or an object that is nothing but ``{expression}``, its value; a file may also be
        the name of a variable.

    Raises
    ------
    RequestError
        A name is unknown, or an expression fails.
    """
    if value == []:  # before Python 3.13, argparse takes this value for its own mark, and away
        value = "--"
    words = value if isinstance(value, list) else [value]
    if not all(isinstance(word, str) for word in words):
        return value
    if known is not None and known.media:
        found = [_file(known, word, names) for word in words]
        takes_one = known.types[0] != "array" or known.other_types
        return found[0] if len(found) == 1 and takes_one else _flat(found)
    if len(words) == 1 and (known is None or {"array", "object", "any"} & set(known.types)):
        alone, object_ = single_value(words[0], names)
        if alone and not isinstance(object_, str):
            return object_
    texts = [fill(word, names) for word in words]
    return read(known, texts if isinstance(value, list) and len(texts) > 1 else texts[0])


def _file(known: Parameter, word: str, names: Mapping[str, Any]) -> Any:
    """Return what a word names: a variable, the value of one expression, or a path or address."""
    alone, found = single_value(word, names)
    if alone:
        return found
    if not word.isidentifier():
        return names[word] if word in names else fill(word, names)
    if word not in names and not Path(word).exists():
        raise RequestError(
            f"{known.flags[0]} {word}: there is no variable {word!r} yet, and no file of that name; nothing "
            f"was sent.{near_names(word, names)} Run the cell that makes it first."
        )
    return names.get(word, word)


def _flat(found: list[Any]) -> list[Any]:
    """Return files given one by one, or as lists, as one list."""
    return [file for one in found for file in (one if isinstance(one, (list, tuple)) else [one])]
