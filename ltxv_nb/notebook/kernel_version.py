"""A kernel that is known not to work well is named when the extension is loaded, not puzzled over later."""

from __future__ import annotations

import re
import sys

#: The oldest ipykernel that the tests run on.
OLDEST = (6, 31)

#: In this one, updates from threads do not reach the page.
BROKEN = (7, 0)


def advice() -> str | None:
    """Return one line about the running kernel, if it is one to be replaced; ``None`` in a terminal, too."""
    running = getattr(sys.modules.get("ipykernel"), "__version__", None)
    return advice_on(running) if isinstance(running, str) else None


def advice_on(version: str) -> str | None:
    """Return one line about a version of ipykernel, if it is one to be replaced.

    Parameters
    ----------
    version : str
        Like ``"7.0.1"``; one that cannot be read is taken to be fine.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        return None
    release = (int(numbers[1]), int(numbers[2]))
    if release == BROKEN:
        trouble = "in which live updates are broken: clips are made and saved, but their status stands still"
    elif release < OLDEST:
        trouble = f"older than {OLDEST[0]}.{OLDEST[1]}, the oldest one that this is tested with"
    else:
        return None
    return (
        f"This kernel is ipykernel {version}, {trouble}. %pip install -U ipykernel, then restart the kernel."
    )
