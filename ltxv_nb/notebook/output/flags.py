"""The options of ``%%ltxv`` for a model's parameters: no two have the same one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ltxv_nb.models import default_model, model_choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ltxv_nb.models import Model, Parameter

#: The options that say how a cell runs; ``SWITCHES`` in ``ltxv_nb.notebook.magic.options`` explains them. A
#: parameter that is called like one of them gets another option.
RESERVED = frozenset(
    {
        "-o", "--output", "-w", "--wait", "--timeout", "--embed", "--no-embed", "--dry-run", "--max-usd",
        "--again", "--sweep", "--takes", "--name", "--yes", "-h", "--help",
    }
)  # fmt: skip


def is_switch(known: Parameter) -> bool:
    """Whether a parameter is switched on and off by two options that take no value."""
    return known.types == ("boolean",) or known.role == "generate_audio"


def with_flags(model: Model | None = None) -> tuple[Parameter, ...]:
    """Return the model's choice and parameters with the options that each has; the prompt has none.

    Parameters
    ----------
    model : Model, optional
        By default the default model.

    Returns
    -------
    tuple of Parameter
        In the order of the model, with `flags` that are all different.
    """
    chosen = model_choice()
    known = (model or default_model()).parameters
    taken = {*RESERVED, *chosen.flags}
    # Files first: where a model has a sound file and a sound track, --audio is the file.
    ordered = sorted(known, key=lambda one: one.media is None)
    has_image = any(one.key == "image" for one in known)
    flags: dict[str, tuple[str, ...]] = {}
    for one in ordered:
        if one.role != "prompt":
            flags[one.key] = _free(one, taken, has_image=has_image)
            taken.update(flags[one.key])
    return (chosen, *(replace(one, flags=flags[one.key]) for one in known if one.key in flags))


def spellings(known: Parameter) -> tuple[str, ...]:
    """Return further spellings of a parameter's option: with underscores, and by its published name."""
    names = dict.fromkeys(
        spelt for name in (known.key, known.name) for spelt in (name, name.replace("_", "-"))
    )
    return tuple(f"--{name}" for name in names if _WORD.fullmatch(name))


_WORD = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


def _free(known: Parameter, taken: set[str], *, has_image: bool) -> tuple[str, ...]:
    """Return the first of a parameter's possible options that mean nothing else."""
    for flags in _candidates(known, has_image=has_image):
        free = tuple(flag for flag in flags if flag not in taken)
        whole = len(free) == len(flags) if is_switch(known) else any(flag[:2] == "--" for flag in free)
        if whole:
            return free
    raise AssertionError("the candidates never end")


def _candidates(known: Parameter, *, has_image: bool) -> Iterator[tuple[str, ...]]:
    """Yield options: those that it should have, then others, without an end."""
    if known.key == "images" and not has_image:
        yield ("-i", "--image", "--images")
    if all(_WORD.fullmatch(flag.lstrip("-")) for flag in known.flags):
        yield known.flags
    words = re.sub(r"[^A-Za-z0-9.-]+", "-", known.key).strip("-.") or "parameter"
    yield _pair(words, known)
    number = 1
    while True:
        yield _pair(f"model-{words}" + (f"-{number}" if number > 1 else ""), known)
        number += 1


def _pair(words: str, known: Parameter) -> tuple[str, ...]:
    return (f"--{words}", f"--no-{words}") if is_switch(known) else (f"--{words}",)
