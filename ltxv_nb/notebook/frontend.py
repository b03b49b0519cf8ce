"""Where the magic runs: a terminal, a page with a person before it, or a kernel that nobody looks at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Place = Literal["terminal", "page", "headless"]


def place_of(ip: InteractiveShell) -> Place:
    """Tell where the running cell is looked at.

    A kernel client that cannot be asked anything (``allow_stdin`` is false: nbclient, nbconvert, papermill,
    nbval) has nobody before it, so widgets would be noise in the stored notebook. Voila runs its cells like
    that too, but then shows them to a person.
    """
    if getattr(ip, "kernel", None) is None:
        return "terminal"
    if always_waits():
        return "headless"
    if any(name.startswith("VOILA_") for name in os.environ):
        return "page"
    return "page" if _content(ip).get("allow_stdin", True) else "headless"


def always_waits() -> bool:
    """Whether ``LTXV_WAIT`` makes every cell wait for its clip."""
    return os.environ.get("LTXV_WAIT", "").strip().lower() not in {"", "0", "no", "false"}


def notebook_folder() -> Path:
    """Return the folder of the notebook, from which its links to files lead.

    Jupyter's server names the notebook in ``JPY_SESSION_NAME``; elsewhere a kernel starts in its folder.
    """
    session = os.environ.get("JPY_SESSION_NAME", "")
    if session and os.path.isabs(session) and Path(session).parent.is_dir():  # noqa: PTH117 - "" is no path
        return Path(session).parent
    return Path.cwd()


def _content(ip: InteractiveShell) -> dict[str, Any]:
    """Return the content of the request that started the running cell, as far as the kernel tells it."""
    try:
        parent: Any = ip.kernel.get_parent("shell")  # type: ignore[attr-defined]
        return dict(parent.get("content") or {})
    except (AttributeError, TypeError):
        return {}
