"""The ways in which a service, its gateway, its file host and the network in between fail."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from .service import Fault

if TYPE_CHECKING:
    from .service import Handler

HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def _reset(handler: Handler) -> None:
    handler.reset()


def _hang(handler: Handler) -> None:
    handler.server.service.pause(30)
    handler.reset()


def _half(handler: Handler) -> None:
    """Promise a hundred bytes, send a few, and reset."""
    handler.wfile.write(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"'
    )
    handler.reset()


def answer(
    status: int,
    content: Any = None,
    headers: dict[str, str] | None = None,
    *,
    bills: bool = False,
    name: str | None = None,
) -> Fault:
    """Return the fault of answering with a status and a body: the service's error schema by default."""
    document = {"message": f"Said {status}", "statusCode": status, "requestId": "req-1", "path": "/"}

    def act(handler: Handler) -> None:
        handler.reply(status, document if content is None else content, headers)

    return Fault(name or str(status), act, bills=bills)


def limited(retry_after: str, name: str) -> Fault:
    """Return a 429 that asks to wait."""
    return answer(429, headers={"Retry-After": retry_after}, name=name)


def http_date(seconds: float) -> str:
    """Return the HTTP date so many seconds from now."""
    return formatdate(time.time() + seconds, usegmt=True)


def reset(*, bills: bool = False) -> Fault:
    """Return a reset after the request was read."""
    return Fault("reset after acceptance" if bills else "reset after reading", _reset, bills=bills)


def reset_unread() -> Fault:
    """Return a reset before the request is read."""
    return Fault("reset before reading", _reset, unread=True)


def half_reply(*, bills: bool = False) -> Fault:
    """Return a reset in the middle of the reply."""
    return Fault("reset in mid reply", _half, bills=bills)


def hang(*, bills: bool = False) -> Fault:
    """Return the fault of never answering."""
    return Fault("hang", _hang, bills=bills)


def html(status: int, *, bills: bool = False) -> Fault:
    """Return a gateway's page."""
    return answer(status, HTML, {"Content-Type": "text/html"}, bills=bills, name=f"{status} HTML")


def truncated(*, bills: bool = False) -> Fault:
    """Return a 200 whose JSON stops in the middle."""
    return answer(200, b'{"id": "abc', bills=bills, name="truncated JSON")


def empty(*, bills: bool = False) -> Fault:
    """Return a 200 without a body."""
    return answer(200, b"", bills=bills, name="empty 200")


def garbage(*, bills: bool = False) -> Fault:
    """Return a 200 with bytes that are nothing."""
    return answer(200, bytes(range(256)), bills=bills, name="garbage")


def no_id(*, bills: bool = False) -> Fault:
    """Return a 200 with a status but no id, nor any other word of one."""
    return answer(200, {"status": "queued"}, bills=bills, name="200 without an id")


def status_word(word: Any) -> Fault:
    """Return a reply about the very generation, with this word for its state."""

    def act(handler: Handler) -> None:
        name = handler.task.id if handler.task else handler.query["generation_id"][0]
        handler.reply(200, {"id": name, "status": word})

    return Fault(f"status {json.dumps(word)}", act, bills=True)


def file(*, stop_after: int | None = None, claim: int = 0, keep: int | None = None) -> Fault:
    """Return a video that breaks off, claims to be longer, or is cut short on the server."""

    def act(handler: Handler) -> None:
        service = handler.server.service
        name = handler.path.rpartition("/")[2].removesuffix(".mp4")
        task = next(task for task in service.billed if task.id.startswith(name))
        handler.serve_file(service.video_of(task)[:keep], stop_after=stop_after, claim=claim)

    words = "breaks off midway" if stop_after is not None else "claims more bytes" if claim else "cut short"
    return Fault(words, act)


def redirect(location: str) -> Fault:
    """Return a redirect."""
    return answer(302, b"", {"Location": location}, name=f"redirect to {location}")


def redirect_to_itself() -> Fault:
    """Return one redirect to the same file, as file hosts do."""

    def act(handler: Handler) -> None:
        handler.reply(302, b"", {"Location": handler.path})

    return Fault("redirect", act)
