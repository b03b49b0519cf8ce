"""A real Jupyter server: JupyterLab, Notebook 7 and Voila on one port, with its own home and the real sandbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60.0
TOKEN = "only-on-this-machine"

#: Lab renders only what is in view unless told otherwise, and asks about news at its first start.
_OVERRIDES = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
    "@jupyterlab/application-extension:context-menu": {},
}


#: Where Jupyter's own files are, for an environment that borrows them from another one; and drawn clips.
_WHERE_FROM = {"JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTERLAB_DIR", "LTXV_SANDBOX_CLIPS"}


@dataclass
class Jupyter:
    """A server that runs; `env` is what its kernels see beside the usual."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> Path:
        """Where the notebooks are."""
        return self.folder / "notebooks"

    @property
    def home(self) -> Path:
        """Where journal and sandbox are."""
        return self.folder / "ltxv-home"

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}{'&' if '?' in path else '?'}token={TOKEN}"

    def start(self) -> Jupyter:
        for name in ("notebooks", "settings", "user", "runtime"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "settings" / "overrides.json").write_text(json.dumps(_OVERRIDES))
        with (self.folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.root, env=self._environment(), stdout=log, stderr=log
            )
        self.port = self._wait_for_port()
        return self

    def stop(self) -> None:
        for kernel in self.kernels():
            self.stop_kernel(kernel)
        stop_sandbox(self.home)
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(15)

    def kernels(self) -> list[str]:
        return [kernel["id"] for kernel in self._ask("GET", "api/kernels")]

    def stop_kernel(self, kernel_id: str) -> None:
        self._ask("DELETE", f"api/kernels/{kernel_id}")

    def _ask(self, method: str, path: str) -> Any:
        request = urllib.request.Request(self.address(path), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _command(self) -> list[str]:
        settings = self.folder / "settings"
        return [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
            f"--ServerApp.token={TOKEN}", "--ServerApp.password=", f"--ServerApp.root_dir={self.root}",
            "--ServerApp.open_browser=False", "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
            f"--LabApp.app_settings_dir={settings}", f"--JupyterNotebookApp.app_settings_dir={settings}",
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        ours = ("LTXV_", "AIML", "JUPYTER", "JPY_", "IPYTHON", "VOILA")
        clean = {
            key: value for key, value in os.environ.items() if key in _WHERE_FROM or not key.startswith(ours)
        }
        user = self.folder / "user"
        return {
            **clean,
            "HOME": str(user),
            "JUPYTER_CONFIG_DIR": str(user / "config"),
            "JUPYTER_DATA_DIR": str(user / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(user / "lab-settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(user / "workspaces"),
            "IPYTHONDIR": str(user / "ipython"),
            "LTXV_BACKEND": "sandbox",
            "LTXV_HOME": str(self.home),
            "LTXV_SANDBOX_SECONDS": "3",
            **self.env,
        }

    def _wait_for_port(self) -> int:
        assert self.process is not None
        facts = self.folder / "runtime" / f"jpserver-{self.process.pid}.json"
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                return int(json.loads(facts.read_text())["port"])
            except (OSError, ValueError):
                time.sleep(0.05)
        raise RuntimeError((self.folder / "server.log").read_text()[-2000:])


def stop_sandbox(home: Path) -> None:
    """End the sandbox of a home, if there is one."""
    try:
        pid = int(json.loads((home / "sandbox" / "service.json").read_text())["pid"])
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        return  # it was never started, or has ended by itself
