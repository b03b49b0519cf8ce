"""Do what Binder does, as far as that goes without Docker, and measure the memory of a session.

Usage: ``python tools/binder_check.py FOLDER``

A copy of the repository in FOLDER, a clean environment from ``binder/requirements.txt``,
``binder/postBuild``, then JupyterLab through ``binder/start``, and in it the quickstart, cell by
cell, as a person would run it, and the control panel in Voila. Memory is counted for the server,
its kernels, the sandbox and all their children: on Linux the proportional share (PSS), which adds
up to what a container is charged for, elsewhere the resident size.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

#: What mybinder.org allows a session is more; this is what the project allows itself.
LIMIT_MB = 1000

#: What the links in the README open.
PAGES = ("/lab/tree/notebooks/quickstart.ipynb", "/voila/render/binder/panel.ipynb")

_LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "out", "*_cache", "__pycache__", "ltxv_videos", "_build")


def build(folder: Path) -> Path:
    """Make the copy and its environment; returns the folder of its programs."""
    copy, env = folder / "repo", folder / "env"
    shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
    subprocess.run([sys.executable, "-m", "venv", str(env)], check=True)
    programs = env / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"]
    subprocess.run(pip, cwd=copy, check=True)
    subprocess.run([_bash(), "binder/postBuild"], cwd=copy, check=True, env=_environment(programs))
    subprocess.run([str(programs / "python"), "-m", "pip", "check"], cwd=copy, check=True)
    return programs


def _bash() -> str:
    found = shutil.which("bash")
    if found is None:
        raise RuntimeError("Binder's scripts need bash, and there is none here.")
    return found


def _environment(programs: Path) -> dict[str, str]:
    """Return the environment of a fresh machine: no key, no settings, the new programs first."""
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("LTXV_", "AIML", "JUPYTER"))
    }
    return {**clean, "PATH": f"{programs}{os.pathsep}{clean['PATH']}", "VIRTUAL_ENV": str(programs.parent)}


class Lab:
    """JupyterLab as Binder starts it.

    Parameters
    ----------
    folder : Path
        Where `build` has put the copy.
    programs : Path
        The environment's programs.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.home, self._token, port = folder / "home", secrets.token_hex(16), _free_port()
        self.address = f"127.0.0.1:{port}"
        env = {**_environment(programs), "HOME": str(self.home), "LTXV_HOME": str(self.home / "ltxv")}
        self.home.mkdir()
        command = [
            "bash",
            "binder/start",
            "jupyter",
            "lab",
            "--no-browser",
            "--ip=127.0.0.1",
            f"--port={port}",
        ]
        command += [f"--IdentityProvider.token={self._token}", "--allow-root"]
        self._log = (folder / "lab.log").open("w")
        self._server = subprocess.Popen(
            command, cwd=folder / "repo", env=env, stdout=self._log, stderr=self._log
        )

    def request(self, path: str, **options: Any) -> Any:
        """Send a request to the server, and return the answer."""
        import requests

        headers = {"Authorization": f"token {self._token}"}
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                options.pop("method", "GET"),
                f"http://{self.address}{path}",
                headers=headers,
                timeout=60,
                **options,
            )

    def wait(self) -> None:
        """Wait until it answers."""
        import requests

        deadline = time.monotonic() + 60
        while True:
            try:
                if self.request("/api/status").ok:
                    return
            except requests.ConnectionError:
                pass
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise RuntimeError(f"JupyterLab does not start: see {self._log.name}")
            time.sleep(0.2)

    def open(self, notebook: str) -> str:
        """Open a notebook with a kernel of its own, and return the address of its channel."""
        name = notebook.rpartition("/")[2]
        body = {"path": notebook, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        answer = self.request("/api/sessions", method="POST", json=body)
        answer.raise_for_status()
        kernel = answer.json()["kernel"]["id"]
        return f"ws://{self.address}/api/kernels/{kernel}/channels?token={self._token}"

    def megabytes(self) -> float:
        """Return what all of it takes up now, in MB."""
        import psutil

        roots = [self._server.pid]
        state = self.home / "ltxv" / "sandbox" / "service.json"
        if state.exists():
            roots.append(json.loads(state.read_text(encoding="utf-8"))["pid"])
        total = 0
        for process in {found for root in roots for found in _family(root)}:
            try:
                memory = process.memory_full_info()
            except psutil.Error:
                continue
            total += getattr(memory, "pss", memory.rss)
        return total / 1e6

    def close(self) -> None:
        """End it, and the sandbox it has started."""
        import psutil

        state = self.home / "ltxv" / "sandbox" / "service.json"
        if state.exists():
            for process in _family(json.loads(state.read_text(encoding="utf-8"))["pid"]):
                try:
                    process.terminate()
                except psutil.Error:
                    continue
        self._server.terminate()
        self._server.wait(30)
        self._log.close()


def _family(pid: int) -> Iterator[Any]:
    import psutil

    try:
        process = psutil.Process(pid)
        yield process
        yield from process.children(recursive=True)
    except psutil.Error:
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def run_cells(address: str, cells: list[str]) -> list[str]:
    """Run cells over the kernel's channel, one after the other; returns their outcomes."""
    from tornado.websocket import websocket_connect

    channel = await websocket_connect(address)
    outcomes = []
    for code in cells:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": "binder",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "allow_stdin": True,
            "stop_on_error": True,
        }
        message = {
            "header": header,
            "parent_header": {},
            "metadata": {},
            "content": content,
            "channel": "shell",
        }
        await channel.write_message(json.dumps({**message, "buffers": []}))
        while True:
            told = await asyncio.wait_for(channel.read_message(), 120)
            news = json.loads(told) if isinstance(told, str) else {}
            ours = news.get("parent_header", {}).get("msg_id") == header["msg_id"]
            if ours and news["header"]["msg_type"] == "execute_reply":
                outcomes.append(news["content"]["status"])
                break
    channel.close()
    return outcomes


def session(folder: Path, programs: Path) -> dict[str, float]:
    """Run the quickstart in a real JupyterLab; returns the seconds and the megabytes."""
    lab = Lab(folder, programs)
    peak, over = [0.0], threading.Event()

    def sample() -> None:
        while not over.wait(0.2):
            peak[0] = max(peak[0], lab.megabytes())

    sampler = threading.Thread(target=sample, daemon=True)
    try:
        lab.wait()
        idle = lab.megabytes()
        sampler.start()
        began = time.monotonic()
        quickstart = json.loads((folder / "repo/notebooks/quickstart.ipynb").read_text(encoding="utf-8"))
        cells = ["".join(cell["source"]) for cell in quickstart["cells"] if cell["cell_type"] == "code"]
        outcomes = asyncio.run(run_cells(lab.open("notebooks/quickstart.ipynb"), [*cells, "_ltxv.result()"]))
        seconds = time.monotonic() - began
        if set(outcomes) != {"ok"}:
            raise RuntimeError(f"the quickstart's cells ended as {outcomes}")
        pages = {
            path: lab.request(path).status_code for path in ("/lab/tree/notebooks/quickstart.ipynb", "/voila")
        }
        if set(pages.values()) != {200}:
            raise RuntimeError(f"pages that Binder's links open answer {pages}")
    finally:
        over.set()
        lab.close()
    return {"idle_mb": idle, "peak_mb": peak[0], "quickstart_s": seconds}


def main(folder: Path) -> int:
    """Print the figures; returns the exit status."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    programs = build(folder)
    print(f"built in {time.monotonic() - began:.0f} s", flush=True)
    figures = session(folder, programs)
    print(
        f"quickstart in {figures['quickstart_s']:.0f} s; memory: {figures['idle_mb']:.0f} MB before "
        f"the first cell, {figures['peak_mb']:.0f} MB at most (server, kernel, sandbox)"
    )
    (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
    return 0 if figures["peak_mb"] < LIMIT_MB else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
