"""A fake of the service that speaks its wire protocol over real sockets, fails on command, and keeps books.

What counts is `FaultService.billed`: a task stands there from the moment the service has taken it, whatever
became of the reply.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import threading
import time
import uuid
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .clip import clip
from .ledger import Account

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

_ENDPOINTS = {
    "/v2/logs": "logs", "/models/metrics": "metrics", "/v2/billing": "balance",
    "/v2/billing/transactions": "ledger", "/v2/usage/detail": "usage",
}  # fmt: skip
KEY = "AIMLtest-0123456789abcdef7f3a"


@dataclass
class Task:
    """One billed generation, as the service's own books have it."""

    id: str
    client_request_id: str | None
    body: dict[str, Any]
    taken_at: float
    polls: int = 0
    downloads: int = 0
    failed: str | None = None

    @property
    def prompt(self) -> str:
        return self.body["prompt"]


@dataclass
class Seen:
    """One request that came in."""

    endpoint: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    at: float = field(default_factory=time.monotonic)


@dataclass
class Fault:
    """One way to misbehave.

    `act` answers in place of the proper answer; `bills` says whether a submission is taken before that;
    `unread` breaks the connection before the request is read.
    """

    name: str
    act: Callable[[Handler], None]
    bills: bool = False
    unread: bool = False


class Handler(BaseHTTPRequestHandler):
    """Takes one connection; the endpoints are few enough to stand here."""

    protocol_version = "HTTP/1.1"
    server: _Server
    body: dict[str, Any]
    task: Task | None

    def setup(self) -> None:
        super().setup()
        # One reset must be one packet, at once.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.service.open_connections.add(self)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.server.service.open_connections.discard(self)

    def handle_one_request(self) -> None:
        service = self.server.service
        try:
            fault = service.unread_fault(self.connection)
            if fault is not None:
                self.reset()
                return
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def do_POST(self) -> None:
        self._dispatch()

    def do_GET(self) -> None:
        self._dispatch()

    def _dispatch(self) -> None:
        service, parts = self.server.service, urlsplit(self.path)
        self.query, self.task = parse_qs(parts.query), None
        endpoint = service.endpoint(self.command, parts.path)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(length)) if length else {}
        service.note(Seen(endpoint, parts.path, self.query, dict(self.headers.items())))
        if endpoint == "submit":
            service.pause(service.submit_seconds)
        fault = service.next_fault(endpoint)
        if endpoint == "submit" and (fault is None or fault.bills):
            self.task = service.take(self.body, self.headers.get("X-Client-Request-Id"))
        if fault is not None:
            fault.act(self)
        else:
            getattr(self, f"_{endpoint}")(parts.path)

    # -- the proper answers --------------------------------------------------------------------------------

    def _submit(self, _path: str) -> None:
        task = self.task
        assert task is not None
        usage = {"usage": {"tokens_used": 504000}}
        self.reply(201, {"id": task.id, "status": "queued", "meta": usage}, {"x-inference-id": task.id})

    def _poll(self, _path: str) -> None:
        service = self.server.service
        task = service.tasks.get(self.query.get("generation_id", [""])[0])
        if task is None:
            self.reply(404, {"message": "Generation not found", "statusCode": 404})
            return
        task.polls += 1
        if task.failed:
            self.reply(200, {"id": task.id, "status": "error", "error": {"message": task.failed}})
        elif task.polls <= service.polls_needed or time.monotonic() - task.taken_at < service.seconds:
            self.reply(200, {"id": task.id, "status": "generating"})
        else:
            url = f"{service.base_url}/files/{service.url_version}/{task.id.partition(':')[0]}.mp4"
            self.reply(200, {"id": task.id, "status": "completed", "video": {"url": url}})

    def _video(self, path: str) -> None:
        service = self.server.service
        version, name = re.fullmatch(r"/files/(\d+)/(.+)\.mp4", path).groups()  # type: ignore[union-attr]
        if int(version) < service.url_version:
            self.reply(403, b"<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"})
            return
        task = next(task for task in service.billed if task.id.startswith(name))
        task.downloads += 1
        self.serve_file(service.video_of(task))

    def _logs(self, _path: str) -> None:
        service = self.server.service
        rows = service.log_rows()
        limit, offset = (int(self.query.get(key, ["0"])[0]) for key in ("limit", "offset"))
        page = rows[offset : offset + limit]
        more = offset + len(page) < len(rows)
        pagination = {"limit": limit, "offset": offset, "total": len(rows), "has_more": more}
        self.reply(200, {"data": page, "pagination": pagination})

    def _metrics(self, _path: str) -> None:
        self.reply(200, {"models": []})

    def _balance(self, _path: str) -> None:
        self.reply(200, self.server.service.account.balance(self.server.service))

    def _ledger(self, _path: str) -> None:
        self.reply(200, self.server.service.account.page(self.server.service, self.query))

    def _usage(self, _path: str) -> None:
        self.reply(200, self.server.service.account.usage(self.server.service))

    def _other(self, _path: str) -> None:
        self.reply(404, {"message": "Cannot find it", "statusCode": 404})

    # -- the means -----------------------------------------------------------------------------------------

    def reply(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        echo = {"X-Client-Request-Id": self.headers.get("X-Client-Request-Id", "")}
        sent = {"Content-Type": "application/json", **echo, **(headers or {})}
        self.send_response(status)
        for name, value in sent.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def serve_file(self, data: bytes, *, stop_after: int | None = None, claim: int = 0) -> None:
        """Serve a file by Range and If-Range; break off after some bytes; claim more bytes than there are."""
        service, start, tag = self.server.service, 0, f'"{len(data)}"'
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and self.headers.get("If-Range") in {None, tag}:
            start = int(wanted[1])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        for name, value in {
            "ETag": tag,
            "Content-Type": "video/mp4",
            "Content-Length": str(len(data) - start + claim),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        end = len(data) if stop_after is None else min(len(data), start + stop_after)
        step = max(1, -(-len(data) // max(1, service.video_steps)))
        for at in range(start, end, step):
            self.wfile.write(data[at : min(end, at + step)])
            service.pause(service.video_seconds / max(1, service.video_steps))
        if stop_after is not None or claim:
            self.reset()

    def reset(self) -> None:
        """Break the connection off, so that the other side sees a reset."""
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with contextlib.suppress(OSError):
            self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.close()

    def log_message(self, *_args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    service: FaultService

    def shutdown_request(self, request: Any) -> None:
        # The stock one sends FIN first; after a reset there is nothing to say goodbye to.
        self.close_request(request)

    def handle_error(self, *_args: object) -> None:
        pass


class FaultService:
    """The service; a context manager.

    Parameters
    ----------
    polls_needed : int
        Questions about a task that are answered "generating" before it is completed.
    seconds : float
        Least seconds that a task takes.
    """

    def __init__(self, *, polls_needed: int = 1, seconds: float = 0.0, padding: int = 0) -> None:
        self.polls_needed, self.seconds, self.padding = polls_needed, seconds, padding
        self.submit_seconds, self.video_seconds, self.video_steps = 0.0, 0.0, 1
        self.url_version = 1
        self.billed: list[Task] = []
        self.tasks: dict[str, Task] = {}
        self.seen: list[Seen] = []
        self.failed_requests: list[str] = []
        self.account = Account()
        #: Whether a billed task stands in the logs now; by default at once.
        self.logged: Callable[[Task], bool] = lambda _task: True
        self.stopping = threading.Event()
        #: The handlers of all connections: while there is one, an order may still be on its way.
        self.open_connections: set[Handler] = set()
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._lock = threading.RLock()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.service = self
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        clip("")  # made once, before several threads want it
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # -- command -------------------------------------------------------------------------------------------

    def meet(self, endpoint: str, *faults: Fault) -> None:
        """Let the next requests to an endpoint meet these faults, one each."""
        with self._lock:
            self._faults[endpoint].extend(faults)

    def always(self, endpoint: str, fault: Fault | None) -> None:
        """Let every request to an endpoint meet a fault, until told otherwise."""
        with self._lock:
            self._always.pop(endpoint, None)
            if fault is not None:
                self._always[endpoint] = fault

    def heal(self) -> None:
        """Behave from now on."""
        with self._lock:
            self._faults.clear()
            self._always.clear()

    def requests(self, endpoint: str) -> list[Seen]:
        """Return what came in at an endpoint."""
        with self._lock:
            return [seen for seen in self.seen if seen.endpoint == endpoint]

    def prompts(self) -> list[str]:
        """Return the prompts that were billed, one entry for each time."""
        with self._lock:
            return [task.prompt for task in self.billed]

    def video_of(self, task: Task) -> bytes:
        """Return the bytes of a task's video."""
        return clip(task.id, self.padding)

    # -- inside --------------------------------------------------------------------------------------------

    @staticmethod
    def endpoint(method: str, path: str) -> str:
        if path == "/v2/video/generations":
            return "submit" if method == "POST" else "poll"
        if path.startswith("/files/"):
            return "video"
        return _ENDPOINTS.get(path, "other")

    def unread_fault(self, connection: socket.socket) -> Fault | None:
        """Look at the request without reading it, and return the fault that forbids reading."""
        line = connection.recv(4096, socket.MSG_PEEK).partition(b"\r\n")[0].decode("latin-1").split(" ")
        if len(line) < 2:
            return None
        endpoint = self.endpoint(line[0], urlsplit(line[1]).path)
        with self._lock:
            queue = self._faults[endpoint]
            if queue and queue[0].unread:
                return queue.popleft()
            always = self._always.get(endpoint)
            return always if always and always.unread else None

    def next_fault(self, endpoint: str) -> Fault | None:
        with self._lock:
            if queue := self._faults[endpoint]:
                return queue.popleft()
            return self._always.get(endpoint)

    def note(self, seen: Seen) -> None:
        with self._lock:
            self.seen.append(seen)

    def take(self, body: dict[str, Any], client_request_id: str | None) -> Task:
        """Take a request, and bill it."""
        with self._lock:
            name = f"{uuid.uuid4()}:{body['model']}"
            task = Task(name, client_request_id, body, time.monotonic())
            self.billed.append(task)
            self.tasks[name] = task
            return task

    def log_rows(self) -> list[dict[str, Any]]:
        now = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
        with self._lock:
            rows = [
                _log_row(now, task.client_request_id, task.id, "succeeded", 0.252)
                for task in self.billed
                if self.logged(task)
            ]
            rows += [_log_row(now, name, str(uuid.uuid4()), "failed", 0) for name in self.failed_requests]
        return rows[::-1]

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            self.stopping.wait(seconds)


def _log_row(
    created: str, client_request_id: str | None, inference_id: str, status: str, usd: float
) -> dict[str, Any]:
    return {
        "created": created,
        "status": status,
        "origin": "api",
        "model": "ltxv/ltxv-2",
        "cost": {"usd": usd, "credits": int(usd * 2_000_000)},
        "tokens": {"input": 0, "output": 0, "total": 0},
        "request_id": str(uuid.uuid4()),
        "inference_id": inference_id,
        "client_request_id": client_request_id,
    }
