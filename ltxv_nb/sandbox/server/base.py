"""What every endpoint has in common: who may send requests, how long bodies may be, and what a refusal is."""

from __future__ import annotations

import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado import web

from ltxv_nb.sandbox.server import catalogue
from ltxv_nb.sandbox.server.connections import BODY_SECONDS
from ltxv_nb.sandbox.server.validation import MAX_BODY, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.sandbox.jobs.generations import Generations
    from ltxv_nb.sandbox.jobs.renderer import Renderer

NAME = "ltxv-nb sandbox"

#: Seconds that the body of somebody without the token may take, and bytes of a refused one that are dropped.
STRANGER_SECONDS, _MOST_DROPPED = 5.0, 2 * MAX_BODY


@dataclass
class ServerContext:
    """What every handler needs.

    Attributes
    ----------
    generations : Generations
        Takes submissions and says how they are.
    renderer : Renderer
        Has the files.
    token : str
        The bearer token.
    port : int
        The port of the service, once it listens.
    last_request : float
        `time.monotonic` of the last request.
    let_in : callable
        Called with the stream of a connection whose sender has shown that they belong to this user.
    """

    generations: Generations
    renderer: Renderer
    token: str
    port: int = 0
    last_request: float = 0.0
    let_in: Callable[[Any], None] = lambda _stream: None

    def hosts(self) -> set[str]:
        """Return the Host headers that name this service."""
        return {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}


@web.stream_request_body
class BaseHandler(web.RequestHandler):
    """Checks the sender before the body is read, and answers failures in the form of the vendor's errors."""

    #: Whether the endpoint requires the bearer token.
    needs_token = True

    #: Largest body in bytes; only a submission has one.
    max_body = 64 * 1024

    context: ServerContext

    def initialize(self, context: ServerContext) -> None:
        """Take the arguments that tornado passes."""
        self.context = context
        self.request_id = str(uuid.uuid4())
        self.body = bytearray()
        self._answered, self._dropped = False, 0

    def prepare(self) -> None:
        """Refuse a request by its headers, before anything of its body is read."""
        self._connection.set_body_timeout(STRANGER_SECONDS)
        try:
            self.check()
        except Refused as refused:
            self._refuse_early(refused)

    def check(self) -> None:
        """Refuse a foreign Host (a page that rebinds its name to this machine), no token, a long body."""
        self.context.last_request = time.monotonic()
        headers = self.request.headers
        if headers.get("Host", "").lower() not in self.context.hosts():
            raise Refused(421, f"Host: expected 127.0.0.1:{self.context.port}, received another name.")
        if self.needs_token:
            given, wanted = headers.get("Authorization", ""), f"Bearer {self.context.token}"
            if not hmac.compare_digest(given.encode(), wanted.encode()):
                raise Refused(
                    401, "Authorization: expected the bearer token of this sandbox, received none or another."
                )
            self.let_in()
        length = headers.get("Content-Length", "")[:19]  # more digits than are needed to be too long
        self._check_length(int(length) if length.isdecimal() else 0)

    def let_in(self) -> None:
        """Note that whoever is at the other end of the connection belongs to this user."""
        self.context.let_in(self._connection.stream)
        self._connection.set_body_timeout(BODY_SECONDS)

    @property
    def _connection(self) -> Any:
        return self.request.connection  # tornado's type of it names neither stream nor timeout

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, up to the limit; of a request that was refused keep nothing."""
        if self._answered:
            self._drop(len(chunk))
            return
        try:
            self._check_length(len(self.body) + len(chunk))
        except Refused as refused:
            self._refuse_early(refused)
        else:
            self.body += chunk

    def _check_length(self, length: int) -> None:
        if length > self.max_body:
            raise Refused(
                413, f"The body is too large: expected at most {self.max_body} bytes, received more."
            )

    def _refuse_early(self, refused: Refused) -> None:
        """Answer at once; what follows of a body is read and dropped, up to a limit.

        A connection that is closed while the other side still sends is reset, and the answer is lost with it.
        """
        self.body.clear()
        self._answered = True
        # The method is called at the end of the body; by then there is nothing left to do but to end.
        setattr(self, (self.request.method or "").lower(), lambda *_args: self.finish())
        answer = json.dumps(self._error(refused.status, refused.message))
        self.set_status(refused.status)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.set_header("Content-Length", len(answer.encode()))
        headers = self.request.headers
        if headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in headers:
            self.set_header("Connection", "close")
        self.write(answer)
        self.flush()
        if "Expect" in headers:  # whoever waits for our word sends no body now
            self.finish()

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > _MOST_DROPPED:
            self._connection.close()

    def query(self) -> dict[str, list[str]]:
        """Return the query's values by name."""
        return {name: self.get_query_arguments(name) for name in self.request.query_arguments}

    def compute_etag(self) -> str | None:
        """Return no ETag: a poll's answer must never be taken from a cache."""
        return None

    def set_default_headers(self) -> None:
        """Set the headers of every answer; none of them says anything about the server."""
        self.set_header("Server", NAME)
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log faults, not refusals."""
        if not isinstance(value, Refused):
            super().log_exception(typ, value, tb)

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer with the status of a refusal."""
        error = kwargs.get("exc_info", (None, None))[1]
        super().send_error(error.status if isinstance(error, Refused) else status_code, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write the vendor's error object."""
        error = kwargs.get("exc_info", (None, None))[1]
        usual = {404: "There is no such address.", 405: "This address does not take that method."}
        message = (
            error.message if isinstance(error, Refused) else usual.get(status_code, "The sandbox failed.")
        )
        if status_code == 429:
            self.set_header("Retry-After", "1")
        self.finish(self._error(status_code, message))

    def _error(self, status: int, message: str) -> dict[str, Any]:
        return {
            "message": message,
            "path": self.request.path,
            "requestId": self.request_id,
            "statusCode": status,
            "timestamp": catalogue.timestamp(time.time()),
        }
