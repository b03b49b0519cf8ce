"""An interrupt at a chosen moment of a piece of work."""

from __future__ import annotations

import itertools
import sys


def interrupted_at(moment, work, *where, event="opcode"):
    """Do something, with an interrupt at its n-th bytecode, or line, in some files.

    Parameters
    ----------
    moment : int
        Which one, from 1 on.
    work : callable
        What is done.
    *where : str
        Parts of the paths of the files that are counted.
    event : {"opcode", "line"}
        What is counted.

    Returns
    -------
    KeyboardInterrupt or None
        The interrupt, as it came out of the work; ``None`` if the work ended before.
    """
    count = itertools.count(1)

    def trace(frame, what, _argument):
        name = frame.f_code.co_filename.replace("\\", "/")
        if not any(part in name for part in where):
            return None
        frame.f_trace_opcodes = event == "opcode"
        if what == event and next(count) == moment:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt as interrupt:
        return interrupt
    finally:
        sys.settrace(before)
    return None
