"""What can go wrong in the soak: one table of faults, each with its own probability and a name to switch it off by."""

from __future__ import annotations

import gzip
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faults import faults
from faults.service import Fault

from hostile.files import many_samples

if TYPE_CHECKING:
    from hostile.soak_service import SoakHandler

#: Bytes of a small answer that becomes 32 MB when it is decompressed.
_BOMB = gzip.compress(bytes(32 << 20))


@dataclass(frozen=True)
class Chance:
    """A fault, where it happens, and how likely it is there."""

    endpoint: str
    probability: float
    fault: Fault

    @property
    def name(self) -> str:
        """The name by which it is switched off and counted."""
        return f"{self.endpoint}: {self.fault.name}"


# -- answers -----------------------------------------------------------------------------------------------


def _wait(handler: SoakHandler, most: float) -> None:
    """Wait at random, for so many seconds at most: the connection may be in use again by then."""
    service = handler.server.service
    service.pause(service.draw(lambda rng: rng.uniform(0, most)))


def _early_hints(handler: SoakHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n")
    _wait(handler, 0.3)
    handler.answer_properly()


def _continue_first(handler: SoakHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    handler.answer_properly()


def _surplus(handler: SoakHandler) -> None:
    """Answer, and send what looks like the next answer on the same connection."""
    handler.answer_properly()
    service = handler.server.service
    if (other := service.another(handler.task)) is not None:
        _wait(handler, 0.3)
        handler.tell(other) if handler.command == "GET" else handler.accept(other, other.client_request_id)


def _swapped(handler: SoakHandler) -> None:
    """Answer with what was said of another task, as a cache does that forgets the query."""
    other = handler.server.service.another(handler.task)
    if other is None:
        handler.answer_properly()
    elif handler.command == "GET":
        handler.tell(other)
    else:
        handler.accept(other, other.client_request_id)


class _Trickling:
    """Writes a byte at a time, each after a pause (seconds)."""

    def __init__(self, handler: SoakHandler, pause: float) -> None:
        self._handler, self._write, self._pause = handler, handler.wfile.write, pause

    def write(self, data: bytes) -> int:
        for at in range(len(data)):
            self._handler.server.service.pause(self._pause)
            self._write(data[at : at + 1])
        return len(data)

    def flush(self) -> None:
        pass


def _trickle(handler: SoakHandler) -> None:
    proper, handler.wfile = handler.wfile, _Trickling(handler, 0.02)  # type: ignore[assignment]
    try:
        handler.answer_properly()
    finally:
        handler.wfile = proper
        handler.close_connection = True


def _listed_late(handler: SoakHandler) -> None:
    """Lose the answer, and list the request only after a few seconds."""
    service, name = handler.server.service, handler.headers["X-Client-Request-Id"]
    service.listed_at[name] = time.monotonic() + service.draw(lambda rng: rng.uniform(1, 6))
    handler.reset()


def _listed_without_the_model(handler: SoakHandler) -> None:
    """Lose the answer, and list the generation by the first half of its id."""
    assert handler.task is not None
    handler.server.service.misnamed[handler.headers["X-Client-Request-Id"]] = handler.task.id.partition(":")[
        0
    ]
    handler.reset()


def _listed_wrongly(handler: SoakHandler) -> None:
    """Lose the answer, and list the generation by an id that nobody knows, for the time being."""
    handler.server.service.misnamed[handler.headers["X-Client-Request-Id"]] = str(uuid.uuid4())
    handler.reset()


def _bomb(handler: SoakHandler) -> None:
    handler.reply(200, _BOMB, {"Content-Encoding": "gzip"})


def _known(handler: SoakHandler, answer: dict[str, Any]) -> None:
    """Answer something about the generation that is asked for, if there is such a one."""
    name = handler.query["generation_id"][0]
    if name in handler.server.service.tasks:
        handler.reply(200, {"id": name, **answer})
    else:
        handler.answer_properly()


def _without_address(handler: SoakHandler) -> None:
    _known(handler, {"status": "completed", "video": {}})


def _pondering(handler: SoakHandler) -> None:
    _known(handler, {"status": "pondering"})


# -- clips -------------------------------------------------------------------------------------------------


def _clip_of(handler: SoakHandler) -> bytes:
    service = handler.server.service
    name = handler.path.rpartition("/")[2].removesuffix(".mp4")
    return service.video_of(next(task for task in service.billed if task.id.startswith(name)))


def _spoilt(handler: SoakHandler) -> None:
    """Send a file of the right length whose index is noise."""
    data = _clip_of(handler)
    at = data.index(b"moov") + 8
    _send_file(handler, data[:at] + bytes(byte ^ 0xA5 for byte in data[at : at + 400]) + data[at + 400 :])


def _cut_without_length(handler: SoakHandler) -> None:
    """Send the first half of the file, and end the connection as if that were all."""
    data = _clip_of(handler)
    _send_file(handler, data[: len(data) // 3], with_length=False)


def _that_claims_gigabytes(handler: SoakHandler) -> None:
    """Send a few hundred bytes that cost whoever opens them without care two gigabytes."""
    _send_file(handler, many_samples(1))


def _compressed(handler: SoakHandler) -> None:
    handler.reply(
        200, gzip.compress(_clip_of(handler)), {"Content-Type": "video/mp4", "Content-Encoding": "gzip"}
    )


def _send_file(handler: SoakHandler, data: bytes, *, with_length: bool = True) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "video/mp4")
    # A validator of its own: bytes of this file are never continued with those of the good one.
    handler.send_header("ETag", f'"{uuid.uuid4()}"')
    handler.send_header(*(("Content-Length", str(len(data))) if with_length else ("Connection", "close")))
    handler.end_headers()
    handler.wfile.write(data)
    handler.close_connection = handler.close_connection or not with_length


# -- the tables --------------------------------------------------------------------------------------------


def _answers(name: str, act: Any, submit: float, poll: float, **options: Any) -> list[Chance]:
    """Return a fault of the answers to submissions and to polls; a submission is billed before it."""
    return [
        Chance("submit", submit, Fault(name, act, bills=True, **options)),
        Chance("poll", poll, Fault(name, act, **options)),
    ]


_AT_ENTRANCE = (faults.reset, faults.half_reply, faults.hang, faults.truncated, faults.empty, faults.garbage)

#: Everything that the service, its gateway and its file host do wrong.
CHANCES: tuple[Chance, ...] = (
    *(Chance("submit", 0.02, make(bills=True)) for make in (*_AT_ENTRANCE, faults.no_id)),
    Chance("submit", 0.02, faults.html(502, bills=True)),
    Chance("submit", 0.02, faults.reset()),
    Chance("submit", 0.02, faults.answer(500)),
    Chance("submit", 0.04, faults.limited("1", "429")),
    Chance("submit", 0.01, faults.answer(403)),
    Chance("submit", 0.03, Fault("lost and listed late", _listed_late, bills=True)),
    Chance("submit", 0.03, Fault("lost and listed without the model", _listed_without_the_model, bills=True)),
    Chance("submit", 0.03, Fault("lost and listed wrongly", _listed_wrongly, bills=True)),
    *(Chance("poll", 0.02, make()) for make in (*_AT_ENTRANCE, faults.no_id)),
    *(Chance("poll", 0.02, faults.answer(status)) for status in (404, 429, 500, 503)),
    Chance("poll", 0.02, faults.html(502)),
    Chance("poll", 0.02, Fault("an unknown status", _pondering)),
    Chance("poll", 0.02, Fault("completed without an address", _without_address)),
    Chance("poll", 0.01, Fault("32 MB in a few bytes", _bomb)),
    *_answers("103 before the answer", _early_hints, 0.04, 0.04),
    *_answers("100 before the answer", _continue_first, 0.02, 0.02),
    *_answers("surplus bytes", _surplus, 0.04, 0.04),
    *_answers("another's answer", _swapped, 0.03, 0.04),
    *_answers("trickled", _trickle, 0.02, 0.02),
    Chance("video", 0.10, faults.file(stop_after=9000)),
    Chance("video", 0.05, faults.file(claim=1000)),
    Chance("video", 0.05, faults.file(keep=7000)),
    Chance("video", 0.05, Fault("spoilt", _spoilt)),
    Chance("video", 0.05, Fault("cut, without a length", _cut_without_length)),
    Chance("video", 0.03, Fault("compressed", _compressed)),
    Chance("video", 0.01, Fault("a video that claims gigabytes", _that_claims_gigabytes)),
    Chance("video", 0.05, faults.redirect_to_itself()),
    *(Chance("video", 0.02, faults.answer(status)) for status in (403, 404, 416, 500, 503)),
    Chance("video", 0.03, faults.html(200)),
    Chance("video", 0.02, faults.hang()),
    Chance("logs", 0.05, faults.reset()),
    Chance("logs", 0.05, faults.html(502)),
    Chance("logs", 0.03, faults.answer(429)),
    Chance("logs", 0.03, faults.garbage()),
)

#: What happens to the kernel's machine, and how often a minute.
EVENTS: dict[str, float] = {
    "kernel: killed": 12.0,
    "kernel: interrupted": 40.0,
    "journal: held by another process": 10.0,
}

#: What a kernel lives with from its start, and how likely that is.
HANDICAPS: dict[str, float] = {
    "kernel: threads that cannot be started": 0.5,
    "kernel: a clock that is hours wrong": 0.3,
}


def names() -> list[str]:
    """Return the name of every fault."""
    return [chance.name for chance in CHANCES] + [*EVENTS, *HANDICAPS]
