"""The HTTP side: one class for each endpoint."""

from __future__ import annotations

import json
import os
import re
import time
from typing import TYPE_CHECKING, Any

from tornado import web

from ltxv_nb import sandbox_address
from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.jobs.books import OutOfCredits
from ltxv_nb.sandbox.jobs.generations import RateLimited
from ltxv_nb.sandbox.server import logs
from ltxv_nb.sandbox.server.base import NAME, BaseHandler, ServerContext
from ltxv_nb.sandbox.server.query_values import check_key_prefix
from ltxv_nb.sandbox.server.validation import MAX_BODY, Refused, read_body

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from ltxv_nb.sandbox.jobs.store import Generation

_CLIENT_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_OUTAGE = (
    "<html><head><title>503 Service Unavailable</title></head>"
    "<body><h1>503</h1>The prompt holds [unavailable].</body></html>"
)


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
        answer = {"id": generation.id, "status": "queued", "meta": self._meta(generation)}
        if "usage" in answer["meta"]:
            self.set_header("x-aimlapi-credits-used", str(generation.credits))
            self.set_header("x-aimlapi-usd-spent", f"{generation.credits / CREDITS_PER_USD:g}")
        self.finish(answer)

    def _accepted(self, raw: bytes, client_request_id: str | None) -> Generation:
        body = read_body(raw, len(raw), self.context.generations.models)
        try:
            return self.context.generations.submit(body, client_request_id, self.request_id)
        except RateLimited as error:
            raise Refused(429, str(error)) from None
        except OutOfCredits as error:
            raise Refused(403, str(error)) from None

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
        if status == "error":
            answer["error"] = self.context.generations.error(generation)
        if status in {"completed", "error"}:
            answer["meta"] = self._meta(generation, ended=True)
        return answer

    def _meta(self, generation: Generation, *, ended: bool = False) -> dict[str, Any]:
        """Return what a generation costs, once that can be known, and what its clip does not show."""
        served = self.context.generations.models.find(generation.id.partition(":")[2])
        known = ended or served is None or served.priced
        usage = {"usage": {"credits_used": generation.credits}} if known else {}
        return {**usage, "sandbox": {"ignored": json.loads(generation.ignored)}}

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


class LogsHandler(BaseHandler):
    """``/v2/logs``: the submissions, accepted and refused."""

    def get(self) -> None:
        """Answer with a page."""
        check_key_prefix(self.query(), self.context.token)
        self.finish(logs.page(self.query(), self.context.generations.store, time.time()))


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
