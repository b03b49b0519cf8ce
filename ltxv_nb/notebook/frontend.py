"""Where the magic runs, which files the page can fetch from there, and what is wrong with the kernel."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ltxv_nb.notebook.ipython import running_request
from ltxv_nb.settings import in_voila

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: A terminal, a page with a person in front of it, or a kernel whose output is only stored.
FrontEnd = Literal["terminal", "page", "headless"]

#: The oldest ipykernel that the tests run on.
OLDEST_KERNEL = (6, 31)

#: In this one, updates from threads do not reach the page.
BROKEN_KERNEL = (7, 0)


def front_end_of(ip: InteractiveShell) -> FrontEnd:
    """Return where the output of the running cell is seen.

    A kernel client that cannot be asked anything (``allow_stdin`` is false: nbclient, nbconvert, papermill,
    nbval) runs without a person, so widgets would be noise in the stored notebook. Voila runs its cells like
    that too, but then shows them to a person.
    """
    if getattr(ip, "kernel", None) is None:
        return "terminal"
    if always_waits():
        return "headless"
    if in_voila():
        return "page"
    return "page" if running_request(ip).get("allow_stdin", True) else "headless"


def always_waits() -> bool:
    """Whether ``LTXV_WAIT`` makes every cell wait for its clip."""
    return os.environ.get("LTXV_WAIT", "").strip().lower() not in {"", "0", "no", "false"}


def notebook_folder() -> Path:
    """Return the folder of the notebook, to which its links to files are relative.

    Jupyter's server names the notebook in ``JPY_SESSION_NAME``; elsewhere a kernel starts in its folder.
    """
    session = os.environ.get("JPY_SESSION_NAME", "")
    if session and os.path.isabs(session) and Path(session).parent.is_dir():  # noqa: PTH117 - "" is no path
        return Path(session).parent
    return Path.cwd()


def embed_for(path: Path) -> bool | None:
    """Return how a live page gets a clip, as `ltxv_nb.media.player.player_html` takes it.

    Jupyter's server serves what lies beside the notebook or below: then the page plays the file itself, at
    once and in full quality. Voila does not, and of other front ends it is not known; there it is embedded.
    """
    on_server = os.environ.get("JPY_SESSION_NAME") and not in_voila()
    try:
        return False if on_server and path.resolve().is_relative_to(notebook_folder().resolve()) else None
    except OSError:
        return None


def kernel_advice(version: str | None = None) -> str | None:
    """Return one line about a kernel that should be replaced; ``None`` for a good one, and in a terminal.

    Parameters
    ----------
    version : str, optional
        Of ipykernel, like ``"7.0.1"``; by default the running one. One that cannot be read is taken to be
        good.
    """
    if version is None:
        version = getattr(sys.modules.get("ipykernel"), "__version__", None)
    numbers = re.match(r"(\d+)\.(\d+)", version or "")
    if numbers is None:
        return None
    release = (int(numbers[1]), int(numbers[2]))
    if release == BROKEN_KERNEL:
        problem = "in which live updates are broken: clips are made and saved, but their status stands still"
    elif release < OLDEST_KERNEL:
        problem = f"older than {OLDEST_KERNEL[0]}.{OLDEST_KERNEL[1]}, the oldest supported version"
    else:
        return None
    return (
        f"This kernel is ipykernel {version}, {problem}. %pip install -U ipykernel, then restart the kernel."
    )
