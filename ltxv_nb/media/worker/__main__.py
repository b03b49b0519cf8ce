"""The process that opens files: takes a task, does it, answers, until its kernel or its patience ends."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from ltxv_nb.media.worker import limits
from ltxv_nb.media.worker.messages import receive, send

if TYPE_CHECKING:
    from typing import BinaryIO

#: Seconds without a task after which the process ends; the next task starts another.
IDLE_SECONDS = 180.0
#: Longest picture file that is sent, in bytes.
_MAX_BODY = 256 << 20


def main() -> None:
    """Work until the kernel closes the pipe."""
    limits.set_limits()
    # An interrupt is meant for the kernel, which ends this process when it has to.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions, answers = _pipes()
    with contextlib.suppress(EOFError, BrokenPipeError):
        _work(questions, answers)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the two pipes; what a library prints goes nowhere and not into the answers."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    return sys.stdin.buffer, answers


def _work(questions: BinaryIO, answers: BinaryIO) -> None:
    # Loaded before the first task, which may still be on its way.
    from ltxv_nb.media.worker.tasks import perform

    _load_libraries()
    send(answers, {"ready": True})
    idle = _Idle()
    while True:
        idle.since = time.monotonic()
        head, body = receive(questions, _MAX_BODY)
        idle.since = math.inf
        limits.allow_processor(float(head.get("seconds", 0)))
        reply, data = perform(head, body)
        send(answers, reply, data)
        if reply.get("error") == "memory":
            return  # What is left of the memory may be in pieces.


class _Idle:
    """Ends the process when nothing is asked of it for long.

    Attributes
    ----------
    since : float
        When the last task ended, in monotonic seconds; infinite while there is one.
    """

    def __init__(self) -> None:
        self.since = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while (idle := time.monotonic() - self.since) < IDLE_SECONDS:
            time.sleep(IDLE_SECONDS - max(0.0, idle))
        os._exit(0)


def _load_libraries() -> None:
    import av  # noqa: F401 - its messages go to stderr, and must: handled in Python they can block for ever
    from PIL import Image

    Image.preinit()


if __name__ == "__main__":
    main()
