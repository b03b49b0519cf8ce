"""A kernel of its own home, with the real sandbox behind it; both are gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from typing import TYPE_CHECKING

from kernel_driver import Kernel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def sandboxed_kernel(folder: Path, **env: str) -> Iterator[Kernel]:
    """Start a kernel in a folder; variables in ``env`` go into its environment."""
    home = folder / "home"
    settings = {"LTXV_HOME": str(home), "LTXV_BACKEND": "sandbox", "LTXV_SANDBOX_SECONDS": "1", **env}
    kernel = Kernel(folder, settings)
    try:
        yield kernel
    finally:
        kernel.stop()
        stop_sandbox(home)


def stop_sandbox(home: Path) -> None:
    """End the sandbox of one home, if one was started."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        os.kill(json.loads((home / "sandbox" / "service.json").read_text())["pid"], signal.SIGTERM)
