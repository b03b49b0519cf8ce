"""When an engine ends, and what a forked child does about the one of its parent."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ltxv_nb.engine.core import Engine


class Holder(Protocol):
    """Who holds an engine."""

    def begin_anew(self) -> None:
        """Take another engine, and leave the one before alone: it is the parent's."""


_holders: weakref.WeakSet[Holder] = weakref.WeakSet()
_ending = threading.Event()
_noted = False


def close_when_dropped(holder: Holder, engine: Engine) -> weakref.finalize[[Engine], Holder]:
    """Close an engine when nobody holds its holder any more, or at the interpreter's end.

    Returns
    -------
    weakref.finalize
        To be detached by whoever closes it before.
    """
    global _noted  # noqa: PLW0603 - once in a process
    finalizer = weakref.finalize(holder, _close, engine)
    _holders.add(holder)
    if not _noted:
        _noted = True
        # Registered after the first `weakref.finalize`, so called before those are.
        atexit.register(_ending.set)
    return finalizer


def _close(engine: Engine) -> None:
    """Close an engine; a job is never lost by that.

    The garbage collector may call this in any thread, in the middle of anything, so that no lock can be
    waited for here. At the interpreter's end no thread can be started any more, and nothing else runs.
    """
    if _ending.is_set():
        engine.close()
        return
    with contextlib.suppress(RuntimeError):  # "can't start new thread": it tracks on, to the process's end
        threading.Thread(target=engine.close, name="ltxv-close", daemon=True).start()


def _after_fork() -> None:
    """In a forked child: the threads are gone, locks may stand locked, the connections are the parent's."""
    for holder in list(_holders):
        holder.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
