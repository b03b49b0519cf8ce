"""``%load_ext ltxv_nb`` and ``%unload_ext ltxv_nb``: what one adds, the other removes."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.notebook.magic.magics import LTXVMagics

#: A job shows its status and then its clip; its class is not imported for that.
_JOB = ("ltxv_nb.job", "Job")
#: So does a batch.
_BATCH = ("ltxv_nb.batch.batch", "Batch")

_BARE_CELL = re.compile(r"%%ltxv(\s|$)")


#: What was added to each shell, by its id: the magics, and what completes them.
_loaded: dict[int, tuple[LTXVMagics, Any]] = {}


def load(ipython: InteractiveShell) -> None:
    """Add the magics and their completion; print what the user should know first."""
    from ltxv_nb.notebook.frontend import kernel_advice
    from ltxv_nb.notebook.magic.completion import make_matcher
    from ltxv_nb.notebook.magic.magics import LTXVMagics
    from ltxv_nb.notebook.session import session_of

    if id(ipython) in _loaded:
        return
    session = session_of(ipython)
    magics, matcher = LTXVMagics(ipython, session), make_matcher(session)
    ipython.register_magics(magics)
    if ipython.Completer is not None:
        ipython.Completer.custom_matchers.append(matcher)
    ipython.input_transformers_cleanup.append(keep_bare_cell)
    if (shown := _shown_by(ipython)) is not None:
        shown.for_type_by_name(*_JOB, session.display)
        shown.for_type_by_name(*_BATCH, session.display_batch)
    _loaded[id(ipython)] = magics, matcher
    for line in filter(None, (kernel_advice(), session.unfinished_line())):
        session.say(line)


def unload(ipython: InteractiveShell) -> None:
    """Remove everything again: magics, completion, threads, connections. Jobs stay in the journal."""
    from ltxv_nb.notebook.ipython import unregister_magics
    from ltxv_nb.notebook.session import close_session

    loaded = _loaded.pop(id(ipython), None)
    if loaded is None:
        return
    magics, matcher = loaded
    unregister_magics(ipython, magics)
    if ipython.Completer is not None and matcher in ipython.Completer.custom_matchers:
        ipython.Completer.custom_matchers.remove(matcher)
    if keep_bare_cell in ipython.input_transformers_cleanup:
        ipython.input_transformers_cleanup.remove(keep_bare_cell)
    if (shown := _shown_by(ipython)) is not None:
        shown.pop(".".join(_JOB), None)
        shown.pop(".".join(_BATCH), None)
    close_session(ipython)
    if gallery := sys.modules.get("ltxv_nb.notebook.gallery.news"):
        gallery.stop_looking()
    if files := sys.modules.get("ltxv_nb.media.worker.process"):
        files.close()


def _shown_by(ipython: InteractiveShell) -> Any:
    """Return what lets an object show itself; a shell for tests may have none."""
    return getattr(getattr(ipython, "display_formatter", None), "ipython_display_formatter", None)


def keep_bare_cell(lines: list[str]) -> list[str]:
    """Give a cell that is nothing but a ``%%ltxv`` line an empty line as its body.

    IPython answers a cell magic without a body itself, and counts that as a success. With a body, ``--help``
    works there, and an empty prompt fails the cell.
    """
    if len(lines) == 1 and _BARE_CELL.match(lines[0]):
        return [lines[0] if lines[0].endswith("\n") else lines[0] + "\n", "\n"]
    return lines
