"""LTXV-2 video generation in the notebook: nothing lost, nothing paid twice.

``%load_ext ltxv_nb`` brings the ``%%ltxv`` cell magic; `Client` is the same for scripts. Everything is
imported when it is first used.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

from ltxv_nb._version import __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.client import Client
    from ltxv_nb.errors import (
        APIError,
        AuthenticationError,
        BudgetExceeded,
        ClipMissing,
        ConfigurationError,
        DownloadError,
        DuplicateRequest,
        GenerationFailed,
        GenerationLost,
        GenerationTimeout,
        InsufficientCreditsError,
        JournalError,
        LTXVError,
        NotFoundError,
        RateLimitError,
        RequestError,
        ServerError,
        ServiceUnreachable,
        SubmissionUnknown,
        UnknownModel,
        WatchStopped,
    )
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.gallery.gallery import gallery
    from ltxv_nb.notebook.grid.compare import compare
    from ltxv_nb.notebook.panel.panel import panel
    from ltxv_nb.request import GenerationRequest
    from ltxv_nb.video import Video

__all__ = [
    "APIError",
    "AuthenticationError",
    "BudgetExceeded",
    "Client",
    "ClipMissing",
    "ConfigurationError",
    "DownloadError",
    "DuplicateRequest",
    "GenerationFailed",
    "GenerationLost",
    "GenerationRequest",
    "GenerationTimeout",
    "InsufficientCreditsError",
    "Job",
    "JournalError",
    "LTXVError",
    "NotFoundError",
    "RateLimitError",
    "RequestError",
    "ServerError",
    "ServiceUnreachable",
    "SubmissionUnknown",
    "UnknownModel",
    "Video",
    "WatchStopped",
    "__version__",
    "compare",
    "gallery",
    "panel",
]

logging.getLogger("ltxv_nb").addHandler(logging.NullHandler())

#: Where each public name lives, for those that are not errors.
_HOMES = {
    "Client": "ltxv_nb.client",
    "GenerationRequest": "ltxv_nb.request",
    "Job": "ltxv_nb.job",
    "Video": "ltxv_nb.video",
    "compare": "ltxv_nb.notebook.grid.compare",
    "gallery": "ltxv_nb.notebook.gallery.gallery",
    "panel": "ltxv_nb.notebook.panel.panel",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'ltxv_nb' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "ltxv_nb.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """``%load_ext ltxv_nb``: add the magics."""
    from ltxv_nb.notebook.extension import load

    load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """``%unload_ext ltxv_nb``: take away what loading added, and stop tracking."""
    from ltxv_nb.notebook.extension import unload

    unload(ipython)
