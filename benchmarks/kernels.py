"""A real kernel for the benchmarks, driven as a front end does it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

import psutil
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kernel:
    """One kernel process.

    Parameters
    ----------
    folder : str
        Where it works.
    env : dict
        What it finds in its environment beside the usual.
    """

    def __init__(self, folder: str, env: dict[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LTXV_", "AIML"))}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=folder, env={**kept, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.process = psutil.Process(self.manager.provisioner.pid)

    def run(self, code: str, timeout: float = 600.0) -> tuple[float, str]:
        """Run a cell; return the seconds to its reply, and what it printed."""
        begun = time.perf_counter()
        message = self.client.execute(code)
        while True:
            reply = self.client.get_shell_msg(timeout=timeout)
            if reply["parent_header"].get("msg_id") == message:
                break
        seconds, text = time.perf_counter() - begun, ""
        while True:
            news = self.client.get_iopub_msg(timeout=timeout)
            if news["parent_header"].get("msg_id") != message:
                continue
            if news["msg_type"] == "stream":
                text += news["content"]["text"]
            if news["msg_type"] == "status" and news["content"]["execution_state"] == "idle":
                break
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"].get("traceback", [])))
        return seconds, text

    def tell(self, expression: str):
        """Return the value of an expression, by way of JSON."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))")[1])

    def memory(self) -> float:
        """Return its resident memory, in MB."""
        return self.process.memory_info().rss / 2**20

    def cpu(self) -> float:
        """Return the seconds of processor time it has used."""
        used = self.process.cpu_times()
        return used.user + used.system


@contextlib.contextmanager
def kernel(folder: str, **env: str) -> Iterator[Kernel]:
    """Start a kernel; it is gone afterwards."""
    running = Kernel(folder, env)
    try:
        yield running
    finally:
        running.client.stop_channels()
        running.manager.shutdown_kernel(now=True)
        running.manager.cleanup_resources()
