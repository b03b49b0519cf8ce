"""Everything that knows IPython or widgets: load and unload mirror each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.notebook.magic.magics import LTXVMagics
    from ltxv_nb.notebook.session import Session

_BARE_CELL = re.compile(r"%%ltxv(\s|$)")


@dataclass(frozen=True)
class _Loaded:
    """What was put into a shell, to be taken out again."""

    session: Session
    magics: LTXVMagics
    matcher: Any


_loaded: dict[int, _Loaded] = {}
_early: dict[int, Session] = {}  # of shells in which something was used before it was loaded


def load(ipython: InteractiveShell) -> None:
    """Register the magics, the completion, and nothing else; say what a person should know first."""
    from ltxv_nb.notebook.kernel_version import advice
    from ltxv_nb.notebook.magic.completion import make_matcher
    from ltxv_nb.notebook.magic.magics import LTXVMagics
    from ltxv_nb.notebook.session import Session

    if id(ipython) in _loaded:
        return
    session = _early.pop(id(ipython), None) or Session(ipython)
    magics, matcher = LTXVMagics(ipython, session), make_matcher(session)
    ipython.register_magics(magics)
    if ipython.Completer is not None:
        ipython.Completer.custom_matchers.append(matcher)
    _before_cell_magic(ipython.input_transformers_cleanup, keep_bare_cell)
    _loaded[id(ipython)] = _Loaded(session, magics, matcher)
    for line in filter(None, (advice(), session.unfinished_line())):
        session.say(line)


def session_of(ipython: InteractiveShell) -> Session:
    """Return a shell's session; one that is made before the magics are loaded is theirs, too, later on."""
    from ltxv_nb.notebook.session import Session

    if ours := _loaded.get(id(ipython)):
        return ours.session
    return _early.setdefault(id(ipython), Session(ipython))


def unload(ipython: InteractiveShell) -> None:
    """Take everything out again: magics, completion, threads, connections. Jobs stay in the journal."""
    ours = _loaded.pop(id(ipython), None)
    if ours is None:
        return
    for kind in ipython.magics_manager.magics.values():
        if getattr(kind.get("ltxv"), "__self__", None) is ours.magics:
            del kind["ltxv"]
    ipython.magics_manager.registry.pop(type(ours.magics).__name__, None)
    if ours.magics in ipython.configurables:
        ipython.configurables.remove(ours.magics)
    if ipython.Completer is not None and ours.matcher in ipython.Completer.custom_matchers:
        ipython.Completer.custom_matchers.remove(ours.matcher)
    if keep_bare_cell in ipython.input_transformers_cleanup:
        ipython.input_transformers_cleanup.remove(keep_bare_cell)
    ours.session.close()


def keep_bare_cell(lines: list[str]) -> list[str]:
    """Give a cell that is nothing but a ``%%ltxv`` line an empty line as its body.

    IPython answers a cell magic without a body itself, and counts that as a success. With a body, ``--help``
    works there, and an empty prompt fails the cell.
    """
    if len(lines) == 1 and _BARE_CELL.match(lines[0]):
        return [lines[0] if lines[0].endswith("\n") else lines[0] + "\n", "\n"]
    return lines


def _before_cell_magic(transforms: list[Any], ours: Any) -> None:
    """Put a transform before the one that takes cell magics apart."""
    names = [getattr(transform, "__name__", "") for transform in transforms]
    transforms.insert(names.index("cell_magic") if "cell_magic" in names else len(names), ours)
