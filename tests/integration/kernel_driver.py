"""Drive a real kernel as a front end does: run a cell, and keep everything that arrives for it."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

START_SECONDS = CELL_SECONDS = 60.0

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Cell:
    """What a cell came to: its reply, and its messages on iopub."""

    reply: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.reply.get("status") == "ok"

    @property
    def error_lines(self) -> list[str]:
        """The traceback as a person reads it, line by line."""
        return _ANSI.sub("", "\n".join(self.reply.get("traceback", []))).splitlines()

    @property
    def text(self) -> str:
        """What was printed, and what we said in its place."""
        said = []
        for message in self.messages:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif "ltxv-say" in content.get("data", {}).get("text/html", ""):
                said.append(f"{content['data']['text/plain']}\n")
        return "".join(said)

    def bundles(self, kind: str = "display_data") -> list[dict[str, Any]]:
        return [m["content"]["data"] for m in self.messages if m["msg_type"] == kind]

    def html(self, kind: str = "display_data") -> str:
        return "\n".join(bundle.get("text/html", "") for bundle in self.bundles(kind))


class Kernel:
    """A kernel process with its client."""

    def __init__(self, cwd: Any, env: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        ours = ("LTXV_", "AIML")
        clean = {
            key: value
            for key, value in os.environ.items()
            if key == "LTXV_SANDBOX_CLIPS" or not key.startswith(ours)
        }
        self.manager.start_kernel(cwd=str(cwd), env={**clean, **env})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=START_SECONDS)

    def start(self, code: str, **options: Any) -> str:
        """Send a cell without waiting for anything."""
        return self.client.execute(code, **options)

    def finish(self, message_id: str, seconds: float = CELL_SECONDS) -> Cell:
        """Collect a cell that was started, until its reply and its idle have come."""
        cell, deadline = Cell(), time.monotonic() + seconds
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.1, deadline - time.monotonic()))
            if reply["parent_header"].get("msg_id") == message_id:
                cell.reply = reply["content"]
                break
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != message_id:
                continue
            cell.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return cell

    def run(self, code: str, seconds: float = CELL_SECONDS, **options: Any) -> Cell:
        began = time.monotonic()
        cell = self.finish(self.start(code, **options), seconds)
        cell.seconds = time.monotonic() - began
        return cell

    def value(self, expression: str) -> str:
        """Return what ``print(expression)`` prints."""
        cell = self.run(f"print({expression})")
        assert cell.ok, cell.error_lines
        return cell.text.strip()

    def until_shown(self, message_id: str) -> None:
        """Return once a running cell shows the status of its job; it waits then."""
        self.later(
            lambda m: (
                m["msg_type"] == "display_data"
                and m["parent_header"]["msg_id"] == message_id
                and "ltxv-pending" in m["content"]["data"].get("text/html", "")
            )
        )

    def later(self, wanted: Any, seconds: float = CELL_SECONDS) -> dict[str, Any]:
        """Return the first message on iopub that fits, whichever cell it belongs to."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            except Empty:
                raise AssertionError("No such message came in time.") from None
            if wanted(message):
                return message

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()
