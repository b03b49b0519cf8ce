"""A service whose every word is HTML that would run something."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import Self

#: What runs if it is not escaped, in the ways in which pages get to run something.
PAYLOAD = (
    "<img src=x onerror=\"window.pwned='img'\"><script>window.pwned='script'</script>"
    "<svg onload=\"window.pwned='svg'\"></svg>\"'><iframe srcdoc=\"<script>parent.pwned='frame'</script>\"></iframe>"
    "</textarea></pre></style><img src=y onerror=\"window.pwned='closed'\">"
)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "refuse" in body["prompt"]:
            self._answer(400, {"message": f"prompt: {PAYLOAD}", "statusCode": 400, "requestId": PAYLOAD})
        else:
            self._answer(200, {"id": f"{abs(hash(body['prompt']))}:ltxv/ltxv-2", "status": PAYLOAD})

    def do_GET(self) -> None:
        if "/models/metrics" in self.path:
            quick = {"p50": 600, "p75": 700, "p90": 800, "p99": 900}
            self._answer(200, {"models": [{"alias": "ltxv/ltxv-2", "metrics": {"duration_ms": quick}}]})
        elif "/generations" not in self.path:
            self._answer(404, {"message": "nothing", "statusCode": 404})
        elif self.server.may_end.is_set():  # type: ignore[attr-defined]
            trouble = {"name": PAYLOAD, "message": PAYLOAD}
            self._answer(200, {"id": self._asked(), "status": "error", "error": trouble})
        else:
            self._answer(200, {"id": self._asked(), "status": PAYLOAD})

    def _asked(self) -> str:
        return parse_qs(urlsplit(self.path).query)["generation_id"][0]

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class HostileService:
    """The service, on a port of its own while it is entered; generations end when `end` was called."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.may_end = threading.Event()  # type: ignore[attr-defined]
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def end(self) -> None:
        """Answer polls with an error from here on."""
        self._server.may_end.set()  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
