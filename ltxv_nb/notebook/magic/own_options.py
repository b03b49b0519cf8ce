"""The words of a line command that has options of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Collection


class Said(NamedTuple):
    """What a line says.

    Attributes
    ----------
    words : list of str
        Its plain words.
    values : dict
        The options with a value, as they were typed.
    switches : set of str
        The options without one.
    """

    words: list[str]
    values: dict[str, str]
    switches: set[str]


def read(words: list[str], options: Collection[str], switches: Collection[str], usage: str) -> Said:
    """Sort the words of a line.

    Parameters
    ----------
    words : list of str
        What follows the command.
    options, switches : collection of str
        The options with and without a value.
    usage : str
        How the command is used; said where a word does not fit.

    Raises
    ------
    RequestError
        There is an option that the command does not have, or one without its value.
    """
    said, rest = Said([], {}, set()), list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            said.words.append(word)
        elif word in switches:
            said.switches.add(word)
        elif flag not in options or (not equals and not rest):
            raise RequestError(f"{' '.join(usage.split()[:2])} is used like this: {usage}")
        else:
            said.values[flag] = value if equals else rest.pop(0)
    return said
