"""What the process that opens files may use; set by the process itself, before it opens anything.

On Linux the limits are the system's. macOS does not keep a limit on addresses, so a thread looks at the
memory that is taken. Windows has neither here: only the time is limited, by the kernel.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time

#: Bytes of addresses. What each task needs for the largest good files is measured by
#: ``benchmarks/bench_files.py``; shared libraries and stacks alone take about 0.5 GB.
MEMORY = 1536 << 20
#: Bytes of the longest file that is written: a preview.
_FILE = 256 << 20
#: Threads of a decoder or an encoder; each more holds more pictures in memory.
THREADS = max(1, min(4, os.cpu_count() or 1))
#: How the process ends when it has taken too much memory, where it has to look for itself.
OUT_OF_MEMORY = 77


def set_limits() -> None:
    """Limit memory and files for good; a limit that the system does not know is left out."""
    if sys.platform == "win32":
        return
    import resource

    for name, limit in (("RLIMIT_AS", MEMORY), ("RLIMIT_FSIZE", _FILE), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))
    if sys.platform == "darwin":
        threading.Thread(target=_watch_memory, daemon=True).start()


def allow_processor(seconds: float) -> None:
    """Limit the processor seconds of the next task; beyond them the system ends the process."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _watch_memory() -> None:
    import resource

    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < MEMORY:  # bytes on macOS
        time.sleep(0.05)
    os._exit(OUT_OF_MEMORY)
