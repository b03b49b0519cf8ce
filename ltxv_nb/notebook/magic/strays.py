"""Words on a ``%%ltxv`` line that are none of the model's options: refused, or sent unchecked."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.models.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ltxv_nb.models import Model

#: How alike a mistyped option is to the one that is meant; more so where any other option would be sent.
_ALIKE, _ALMOST = 0.67, 0.8


def unchecked(
    words: Sequence[str],
    model: Model,
    flags: Sequence[str],
    others: Callable[[str], Sequence[Model]],
) -> dict[str, Any]:
    """Return options that are sent as they are, to a model of which it is not known what it takes.

    Parameters
    ----------
    words : sequence of str
        What is left of the line.
    model : Model
        The model.
    flags : sequence of str
        All options that it has.
    others : callable
        Returns models that have a parameter of a name.

    Returns
    -------
    dict
        Text by the name of the parameter; true for an option without a value.

    Raises
    ------
    RequestError
        It is known what the model takes, or a word is no option.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        near = difflib.get_close_matches(flag, flags, 1, _ALMOST if model.open else _ALIKE)
        if not model.open or not flag.startswith("--") or not name.isidentifier() or near:
            raise _error(flag, word, model, near, others)
        has_value = bool(equals) or (bool(rest) and not rest[0].startswith("--"))
        found[name] = True if not has_value else value if equals else rest.pop(0)
    return found


def _error(
    flag: str, word: str, model: Model, near: list[str], others: Callable[[str], Sequence[Model]]
) -> RequestError:
    if not flag.startswith("-"):
        return RequestError(
            f"{word!r} is not an option; the prompt goes on the lines below %%ltxv, "
            f"and a value with spaces in quotes."
        )
    name = _parameter_called(flag)
    having = others(name)
    if having:
        listed = " and ".join(other.short_name for other in having)
        have = "has" if len(having) == 1 else "have"
        return RequestError(
            f"{model.short_name} has no {flag}; {listed} {have} it: %%ltxv -m {having[0].short_name} {flag} …"
        )
    if name in ROLES:
        return RequestError(
            f"{model.short_name} has no {flag}. `%ltxv model {model.short_name}` shows what it has, and "
            f"`%ltxv models` lists the others."
        )
    hint = f"Did you mean {near[0]}?" if near else "%%ltxv --help lists them."
    return RequestError(f"There is no option {flag}. {hint}")


def _parameter_called(flag: str) -> str:
    """Return the name of the parameter that an option of some model is for."""
    by_option = {option: role for role, entry in ROLES.items() for option in entry.flags}
    return by_option.get(flag) or flag.lstrip("-").removeprefix("no-").replace("-", "_")
