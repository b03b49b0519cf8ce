"""How many submissions arrive when the answer to the first one is lost?

Usage: ``python benchmarks/bench_lost_answer.py [FOLDER]``

A local service accepts each submission and breaks the connection off before it answers: what a dropped Wi-Fi or a
restarting gateway looks like from the client's side. Three clients submit one clip each: ``requests``, as in
the vendor's guides; the vendor's SDK with its defaults; this package. The service counts.
The SDK is installed into FOLDER (``out/bench-sdk``) by pip, at the version named below.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SDK = "aimlapi-sdk-python==2.24.0rc1"

BY_HAND = """
import requests
requests.post("{url}/v2/video/generations", headers={{"Authorization": "Bearer a-made-up-key"}},
              json={{"model": "ltxv/ltxv-2", "prompt": "A lighthouse at dusk"}}, timeout=60)
"""
WITH_SDK = """
from aimlapi import AIMLAPI
client = AIMLAPI(api_key="a-made-up-key", base_url="{url}/v1")
client.videos.generate_with_polling(model="ltxv/ltxv-2", prompt="A lighthouse at dusk")
"""
OURS = """
import ltxv_nb
client = ltxv_nb.Client(api_key="a-made-up-key", base_url="{url}", backend="aimlapi")
client.submit("A lighthouse at dusk")
"""


class Forgetful(http.server.BaseHTTPRequestHandler):
    """Accepts submissions and never answers; its request log is still empty, as it may be for a while."""

    submissions: list[bytes]

    def do_POST(self) -> None:
        """Accept the submission, and hang up."""
        self.submissions.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.close_connection = True

    def do_GET(self) -> None:
        """Answer whatever is read: there is nothing."""
        body = json.dumps({"data": [], "models": []}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


def orders_of(code: str, extra_path: str = "") -> tuple[int, str]:
    """Run a client in a process of its own; returns how many submissions arrived, and its last words."""
    handler = type("Handler", (Forgetful,), {"submissions": []})
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        tempfile.TemporaryDirectory() as home,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        env = {**os.environ, "LTXV_HOME": home, "LTXV_OUTPUT_DIR": home, "NO_PROXY": "127.0.0.1"}
        env["LTXV_BACKEND"] = "aimlapi"  # `make` keeps everything in the sandbox
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [extra_path, env.get("PYTHONPATH", "")]))
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = subprocess.run(
            [sys.executable, "-c", code.format(url=url)],
            env=env,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        server.shutdown()
        words = done.stderr.strip().splitlines() or ["no error"]
        return len(handler.submissions), words[-1]


def with_sdk(folder: Path) -> str | None:
    """Bring the vendor's SDK; returns the path to import it from."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(folder), SDK]
    ready = (folder / "aimlapi").exists() or subprocess.run(pip, check=False).returncode == 0
    return str(folder) if ready else None


def main(folder: Path) -> None:
    """Print one line a client."""
    rows = [("requests, by hand", *orders_of(BY_HAND))]
    sdk = with_sdk(folder)
    rows.append((SDK, *orders_of(WITH_SDK, sdk)) if sdk else (SDK, None, "could not be installed"))
    rows.append(("ltxv-nb", *orders_of(OURS)))
    for name, count, words in rows:
        print(f"{name:<30} {'-' if count is None else count} arrived   {words[:100]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "bench-sdk")
