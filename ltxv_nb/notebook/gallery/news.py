"""New clips appear in an open gallery by themselves: a thread looks into the journal, and nowhere else."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Protocol

_log = logging.getLogger("ltxv_nb")

#: Seconds between two looks. A look is one step in an index of the journal, where the clips of other kernels
#: and scripts appear, too.
INTERVAL = 2.0


#: The threads that look, with what ends each.
_looking: dict[threading.Thread, threading.Event] = {}


class Looks(Protocol):
    """What looks for new clips."""

    def look(self) -> bool:
        """Show what is new; whether to go on."""


def watch_for_clips(gallery: Looks, interval: float = INTERVAL) -> threading.Event:
    """Let a gallery look for new clips until that is ended, or nobody holds the gallery any more.

    Returns
    -------
    threading.Event
        Set it, and the looking ends.
    """
    ended = threading.Event()
    held = weakref.ref(gallery)
    thread = threading.Thread(target=_watch, args=(held, ended, interval), name="ltxv-clips", daemon=True)
    try:
        _looking[thread] = ended
        thread.start()
    except RuntimeError:  # "can't start new thread": the gallery is as good as it was before
        del _looking[thread]
        _log.warning("The gallery cannot look for new clips by itself: the system has no thread for that.")
    return ended


def stop_looking() -> None:
    """Let every gallery look no more, and wait for that."""
    for thread, ended in list(_looking.items()):
        ended.set()
        thread.join(1.0)


def _watch(held: weakref.ref[Looks], ended: threading.Event, interval: float) -> None:
    try:
        _look_until(held, ended, interval)
    finally:
        _looking.pop(threading.current_thread(), None)


def _look_until(held: weakref.ref[Looks], ended: threading.Event, interval: float) -> None:
    while not ended.wait(interval):
        gallery = held()
        try:
            if gallery is None or not gallery.look():
                return
        except Exception:  # noqa: BLE001 - one failure must not end the looking
            _log.exception("The gallery could not look for new clips.")
        del gallery
