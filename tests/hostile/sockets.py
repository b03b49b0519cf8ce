"""Raw sockets: servers that write whatever bytes they are told to, at any pace, and faults made of them.

`RawServer` is a listener and nothing else. The faults are for `faults.service.FaultService`, which keeps the
books: what it billed is what counts.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from faults.service import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from faults.service import Handler
    from typing_extensions import Self


@dataclass
class Request:
    """One request as it came over the wire; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def read_request(connection: socket.socket) -> Request | None:
    """Read one whole request; ``None`` when the other side has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (block := connection.recv(65536)):
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        if not (block := connection.recv(65536)):
            return None
        body += block
    method, target, _ = first.split(" ", 2)
    return Request(method, target, headers, body)


def answer(status: int, document: Any = None, headers: dict[str, str] | None = None) -> bytes:
    """Return an answer's bytes; the document is JSON unless it is bytes."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body


def interim(status: int = 103, headers: str = "Link: </style.css>; rel=preload\r\n") -> bytes:
    """Return an interim answer, which comes before the answer proper."""
    return f"HTTP/1.1 {status} Early Hints\r\n{headers}\r\n".encode()


def reset(connection: socket.socket) -> None:
    """Close so that the other side gets a reset."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def trickle(write: Callable[[bytes], Any], data: Iterable[int], pause: Callable[[], Any]) -> None:
    """Send byte by byte, with a pause before each, until the other side has gone."""
    with contextlib.suppress(OSError):
        for byte in data:
            pause()
            write(bytes([byte]))


@dataclass
class RawServer:
    """A server on loopback; a context manager.

    Each connection gets a thread, in which ``act(connection, number)`` is called; numbers count from 1. The
    connection is closed when it returns. `stopping` is set at the end, for those that wait.
    """

    act: Callable[[socket.socket, int], Any]
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port = self._listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.add(connection)
            self._start(self._serve, connection, self.connections)

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, contextlib.suppress(OSError, ValueError):
                connection.settimeout(30)
                self.act(connection, number)
        finally:
            self._open.discard(connection)


# -- faults of the service that keeps the books ------------------------------------------------------------------


def proper(handler: Handler) -> None:
    """Give the answer that the service gives when nothing is wrong."""
    path = urlsplit(handler.path).path
    endpoint = handler.server.service.endpoint(handler.command, path)
    getattr(handler, f"_{endpoint}")(path)


def around(before: bytes = b"", after: bytes = b"", *, seconds: float = 0.0) -> Fault:
    """Return the fault of writing some bytes so long before the proper answer, and some after it; it bills."""

    def act(handler: Handler) -> None:
        handler.wfile.write(before)
        handler.server.service.pause(seconds)
        proper(handler)
        handler.wfile.write(after)

    return Fault("bytes around the answer", act, bills=True)


def trickled(head: bytes, endless: bytes, seconds: float, *, bills: bool = False) -> Fault:
    """Return the fault of sending a beginning at once, and then one byte of the rest every so often."""

    def act(handler: Handler) -> None:
        service = handler.server.service
        handler.close_connection = True
        handler.wfile.write(head)
        while not service.stopping.is_set():
            try:
                for byte in endless:
                    service.pause(seconds)
                    handler.wfile.write(bytes([byte]))
            except OSError:
                return

    return Fault(f"one byte every {seconds:g} s after {head[-20:]!r}", act, bills=bills)
