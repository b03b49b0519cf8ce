"""The HTTP side: who may send requests, and one class for each endpoint."""

from __future__ import annotations

import hmac
import json
import os
import re
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tornado import web

from ltxv_nb import sandbox_address
from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.jobs.generations import RateLimited
from ltxv_nb.sandbox.server import catalogue, logs
from ltxv_nb.sandbox.server.validation import MAX_BODY, Refused, decode_image, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from ltxv_nb.sandbox.jobs.generations import Generations
    from ltxv_nb.sandbox.jobs.renderer import Renderer
    from ltxv_nb.sandbox.jobs.store import Generation

NAME = "ltxv-nb sandbox"

#: What is still read of the body of a request that was refused: seconds and bytes.
_DROP_SECONDS, _DROP_BYTES = 5.0, 2 * MAX_BODY

_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_OUTAGE = (
    "<html><head><title>503 Service Unavailable</title></head>"
    "<body><h1>503</h1>The prompt holds [unavailable].</body></html>"
)


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
        length = headers.get("Content-Length", "")
        self._check_length(int(length) if length.isdecimal() else 0)

    def let_in(self) -> None:
        """Note that whoever is at the other end of the connection belongs to this user."""
        connection: Any = self.request.connection
        self.context.let_in(connection.stream)

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
        connection: Any = self.request.connection
        connection.set_body_timeout(_DROP_SECONDS)
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
        if self._dropped > _DROP_BYTES:
            connection: Any = self.request.connection
            connection.close()

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


class NotFoundHandler(BaseHandler):
    """Any other address."""

    needs_token = False

    def check(self) -> None:
        """Refuse."""
        super().check()
        raise Refused(404, "There is no such address.")


class HealthHandler(BaseHandler):
    """``/health``: whether this is the sandbox."""

    needs_token = False

    def get(self) -> None:
        """Answer with the process, its name, and the proof that it knows the token."""
        answer: dict[str, Any] = {"ok": True, "pid": os.getpid(), "service": NAME}
        if nonce := self.get_query_argument("nonce", "")[:128]:
            answer["proof"] = sandbox_address.proof(self.context.token, nonce, self.context.port)
        self.finish(answer)


class GenerationsHandler(BaseHandler):
    """``/v2/video/generations``: submit and fetch."""

    max_body = MAX_BODY

    def post(self) -> None:
        """Accept or refuse a submission."""
        client_request_id = self._client_request_id()
        raw = bytes(self.body)
        try:
            generation = self._accepted(raw, client_request_id)
        except Refused:
            self.context.generations.refuse(_model_in(raw), client_request_id, self.request_id)
            raise
        self.set_header("x-inference-id", generation.id)
        self.set_header("x-aimlapi-credits-used", "0")
        self.set_header("x-aimlapi-usd-spent", "0")
        self.finish({"id": generation.id, "status": "queued", "meta": {"usage": {"credits_used": 0}}})

    def _accepted(self, raw: bytes, client_request_id: str | None) -> Generation:
        body = read_body(raw, len(raw))
        image = decode_image(body.get("image_url") or "")
        try:
            return self.context.generations.submit(body, image, client_request_id, self.request_id)
        except RateLimited as error:
            raise Refused(429, str(error)) from None

    def get(self) -> None:
        """Answer with the status of a generation."""
        generation_id = self.get_query_argument("generation_id", "")
        if not generation_id:
            raise Refused(400, "generation_id: expected string, received nothing.")
        generation = self.context.generations.find(generation_id)
        if generation is None:
            raise Refused(404, "generation_id: there is no generation with this id.")
        if self.context.generations.is_out(generation):
            self.set_status(503)
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.finish(_OUTAGE)
            return
        self.finish(self._answer(generation))

    def _answer(self, generation: Generation) -> dict[str, Any]:
        status = self.context.generations.status(generation)
        answer: dict[str, Any] = {"id": generation.id, "status": status}
        if status == "completed":
            spec = ClipSpec.from_json(generation.spec)
            name = generation.id.partition(":")[0]
            url = f"http://127.0.0.1:{self.context.port}/files/{generation.file_token}/{name}.mp4"
            answer["video"] = {"url": url, "duration": spec.duration}
            answer["meta"] = {"usage": {"credits_used": 0}}
        if status == "error":
            answer["error"] = self.context.generations.error(generation)
        return answer

    def _client_request_id(self) -> str | None:
        given = self.request.headers.get("X-Client-Request-Id", "")
        if not _CLIENT_REQUEST_ID.fullmatch(given):
            return None
        self.set_header("x-client-request-id", given)
        return given


def _model_in(raw: bytes) -> str:
    """Return the model that a refused body names, for the log."""
    try:
        return str(json.loads(raw)["model"])[:100]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "unknown"


class BillingHandler(BaseHandler):
    """``/v2/billing``: the balance, which is always zero."""

    def get(self) -> None:
        """Answer zero."""
        self.finish({"current_balance": 0, "currency": "USD"})


class LogsHandler(BaseHandler):
    """``/v2/logs``: the submissions, accepted and refused."""

    def get(self) -> None:
        """Answer with a page."""
        prefix = self.get_query_argument("key_prefix", "")
        if not self.context.token.startswith(prefix):
            raise Refused(403, "key_prefix: the requests of another key take a management key.")
        self.finish(logs.page(self.query(), self.context.generations.store, time.time()))


class ModelsHandler(BaseHandler):
    """``/v1/models``: the catalogue, which may be cached by its ETag."""

    needs_token = False

    def get(self) -> None:
        """Answer with the models that the query selects."""
        self.set_header("Cache-Control", "no-cache")
        self.finish(catalogue.models(self.query()))

    def compute_etag(self) -> str | None:
        """Return the hash of the answer."""
        return web.RequestHandler.compute_etag(self)


class MetricsHandler(BaseHandler):
    """``/models/metrics``: how long generations take."""

    needs_token = False

    def get(self) -> None:
        """Answer with the percentiles."""
        self.finish(catalogue.metrics(self.query(), self.context.generations, time.time()))


class FilesHandler(BaseHandler, web.StaticFileHandler):
    """``/files/<token>/<name>.mp4``: the clips, by an address that cannot be guessed."""

    needs_token = False

    def initialize(self, context: ServerContext, path: str) -> None:  # type: ignore[override]
        """Take the arguments of both base classes."""
        BaseHandler.initialize(self, context)
        web.StaticFileHandler.initialize(self, path)

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the clip, or the requested range of it if it is still the same clip."""
        token = path.partition("/")[0]
        generation = self.context.generations.store.by_file(token)
        file = self.context.renderer.path(ClipSpec.from_json(generation.spec)) if generation else None
        if file is None or not file.exists():
            raise web.HTTPError(404)
        self.let_in()
        same = self.request.headers.get("If-Range", self._etag(file)) == self._etag(file)
        if not same and "Range" in self.request.headers:
            del self.request.headers["Range"]
        await web.StaticFileHandler.get(self, file.name, include_body)

    def head(self, path: str) -> Awaitable[None]:
        """Send the headers alone."""
        return self.get(path, include_body=False)

    @staticmethod
    def _etag(file: Path) -> str:
        return f'"{file.stem}"'

    @classmethod
    def get_content_version(cls, abspath: str) -> str:
        """Return the clip's name, which comes from its request, instead of hashing the file."""
        return os.path.splitext(os.path.basename(abspath))[0]  # noqa: PTH119, PTH122 - tornado passes text

    def compute_etag(self) -> str | None:
        """Return the ETag by the content."""
        return web.StaticFileHandler.compute_etag(self)

    def get_content_type(self) -> str:
        """Return the type of every file here."""
        return "video/mp4"


def application(
    context: ServerContext, clips: Path, log_request: Callable[[web.RequestHandler], None]
) -> web.Application:
    """Return the application.

    Parameters
    ----------
    context : ServerContext
        What the handlers share.
    clips : Path
        Folder of the clips.
    log_request : callable
        Called after each request.
    """
    shared = {"context": context}
    return web.Application(
        [
            (r"/health", HealthHandler, shared),
            (r"/v2/video/generations", GenerationsHandler, shared),
            (r"/v2/billing", BillingHandler, shared),
            (r"/v2/logs", LogsHandler, shared),
            (r"/v1/models", ModelsHandler, shared),
            (r"/models/metrics", MetricsHandler, shared),
            (r"/files/(.*)", FilesHandler, {**shared, "path": str(clips)}),
        ],
        default_handler_class=NotFoundHandler,
        default_handler_args=shared,
        log_function=log_request,
    )
