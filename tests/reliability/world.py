"""A world without sockets, threads or waiting: a service that keeps books, and processes that can be killed in it."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests
from faults.clip import clip
from faults.service import KEY
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import NewConnectionError

import ltxv_nb
from ltxv_nb.engine.estimates import Estimates
from ltxv_nb.engine.save import Saver
from ltxv_nb.engine.submit import Submission
from ltxv_nb.engine.tracker import Tracker
from ltxv_nb.media import download as download_module
from ltxv_nb.service import transport
from ltxv_nb.service.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BASE = "http://127.0.0.1:1"

#: What a clip is billed, in credits: 6 s of 1080p by the vendor's guide.
CREDITS = 756_000


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no handler and no clean-up."""


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.start = time.time()
        self.now = 0.0

    def time(self) -> float:
        return self.start + self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Task:
    """One billed generation."""

    id: str
    prompt: str
    client_request_id: str
    taken_at: float
    takes: float
    listed_after: float
    fails: bool = False
    forgotten_for: float = 0.0

    @property
    def video(self) -> bytes:
        return clip(self.id, 2000)


class World:
    """The service, its file host and the network."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.billed: list[Task] = []
        self.refused: list[str] = []
        #: What goes wrong at an endpoint until told otherwise, and what goes wrong next.
        self.mood: dict[str, str] = {}
        self.next_fault: str | None = None
        self.takes, self.listed_after, self.forgotten_for = 20.0, 0.0, 0.0
        self.url_version = 1

    def answer(self, request: requests.PreparedRequest) -> tuple[int, Any]:
        """Answer a request, or raise what the network does in place of an answer."""
        parts = urlsplit(request.url or "")
        query = parse_qs(parts.query)
        if request.method == "POST":
            return self._submit(request)
        if parts.path.startswith("/files/"):
            return self._video(parts.path, request.headers.get("Range"))
        if parts.path == "/v2/logs":
            return self._logs(int(query["offset"][0]))
        if parts.path == "/v2/video/generations":
            return self._poll(query["generation_id"][0])
        return 404, {"message": "no such thing"}

    def _submit(self, request: requests.PreparedRequest) -> tuple[int, Any]:
        fault, self.next_fault = self.next_fault, None
        name = request.headers["X-Client-Request-Id"]
        if fault == "nobody there":
            transport.forget_progress()
            transport._progress.begun = transport._progress.connecting = True
            raise requests.ConnectionError(NewConnectionError(None, "Connection refused"))  # type: ignore[arg-type]
        if fault == "429":
            return 429, {"message": "slow down"}
        if fault in {"400", "403"}:
            self.refused.append(name)
            return int(fault), {"message": "no"}
        if fault == "dropped":
            raise requests.ConnectionError("Connection reset")
        if fault == "failed inside":
            self.refused.append(name)
            return 500, b"<html>oops</html>"
        if fault == "killed before":
            raise Killed
        prompt = json.loads(request.body or "{}")["prompt"]
        identifier = f"{uuid.uuid4()}:ltxv/ltxv-2"
        now = self.clock.now
        task = Task(
            identifier, prompt, name, now, self.takes, self.listed_after, forgotten_for=self.forgotten_for
        )
        self.billed.append(task)
        if fault == "lost":
            raise requests.ConnectionError("Connection reset")
        if fault == "late":
            raise requests.ReadTimeout("no answer")
        if fault == "gateway":
            return 502, b"<html>Bad Gateway</html>"
        if fault == "garbled":
            return 200, b'{"id": "'
        if fault == "killed after":
            raise Killed
        return 200, {"id": identifier, "status": "queued"}

    def _trouble(self, endpoint: str) -> tuple[int, Any] | None:
        mood = self.mood.get(endpoint)
        if mood == "reset":
            raise requests.ConnectionError("Connection reset")
        if mood == "killed":
            self.mood.pop(endpoint)
            raise Killed
        if mood == "garbage":
            return 200, b"\xff\x00garbage"
        return (int(mood), b"<html>trouble</html>") if mood else None

    def _poll(self, identifier: str) -> tuple[int, Any]:
        if trouble := self._trouble("poll"):
            return trouble
        task = next((task for task in self.billed if task.id == identifier), None)
        age = self.clock.now - task.taken_at if task else 0.0
        if task is None or age < task.forgotten_for:
            return 404, {"message": "not found"}
        if age < task.takes:
            return 200, {"id": identifier, "status": "generating"}
        if task.fails:
            return 200, {"id": identifier, "status": "error", "error": {"message": "It failed"}}
        url = f"{BASE}/files/{self.url_version}/{identifier.partition(':')[0]}.mp4"
        bill = {"usage": {"credits_used": CREDITS}}
        return 200, {"id": identifier, "status": "completed", "video": {"url": url}, "meta": bill}

    def charged(self, since: float) -> int:
        """Return what the tasks are charged that were taken since a moment of this world's clock, in credits."""
        return CREDITS * sum(task.taken_at >= since and not task.fails for task in self.billed)

    def _video(self, path: str, wanted: str | None) -> tuple[int, Any]:
        if trouble := self._trouble("video"):
            return trouble
        version, name = path.removeprefix("/files/").removesuffix(".mp4").split("/")
        if int(version) < self.url_version:
            return 403, b"<Error>expired</Error>"
        data = next(task for task in self.billed if task.id.startswith(name)).video
        return (206, (data, int(wanted.strip("bytes=-")))) if wanted else (200, (data, 0))

    def _logs(self, offset: int) -> tuple[int, Any]:
        if trouble := self._trouble("logs"):
            return trouble
        rows = [
            {"client_request_id": task.client_request_id, "inference_id": task.id, "status": "succeeded"}
            for task in self.billed
            if self.clock.now >= task.taken_at + task.listed_after
        ]
        rows += [
            {"client_request_id": name, "inference_id": "x", "status": "failed"} for name in self.refused
        ]
        return 200, {
            "data": rows[offset : offset + 100],
            "pagination": {"has_more": len(rows) > offset + 100},
        }


class Wire(HTTPAdapter):
    """Carries a process's requests into the world."""

    def __init__(self, world: World, process: Process) -> None:
        super().__init__()
        self.world, self.process = world, process

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:  # type: ignore[override]
        transport._progress.begun = transport._progress.exposed = True
        self.process.live()
        try:
            status, content = self.world.answer(request)
        except Killed:
            self.process.dead = True
            raise
        headers = {"Content-Type": "application/json"}
        body = content if isinstance(content, bytes) else b""
        if isinstance(content, tuple):
            data, start = content
            headers = {"Content-Type": "video/mp4", "ETag": f'"{len(data)}-{data[-2000:].count(0)}"'}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            body = data[start:]
            headers["Content-Length"] = str(len(body))
            if self.world.mood.get("video half"):
                body = body[: len(body) // 2]
        elif not isinstance(content, bytes):
            body = json.dumps(content).encode()
        raw = HTTPResponse(
            io.BytesIO(body), headers, status, preload_content=False, reason="", request_method=request.method
        )
        return self.build_response(request, raw)


class Inline:
    """Runs tasks at once, where they are handed in."""

    def submit(self, task: Callable[..., Any], *args: Any) -> None:
        task(*args)

    def start_threads(self) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass


class WorldSaver(Saver):
    """Downloads by the process's own wire, and waits for nothing."""

    def __init__(self, process: Process) -> None:
        super().__init__(api_is_public=False)
        self.process = process

    def save(self, *args: Any, **options: Any) -> Any:
        download = download_module.download
        download_module.download = functools.partial(
            download, session_factory=self.process.new_session, sleep=lambda _seconds: None, tries=2
        )
        try:
            return super().save(*args, **options)
        finally:
            download_module.download = download


class Process:
    """One kernel: a client of its own on the shared home. Use `running` around whatever it does."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.dead = world, False
        self.die_at: tuple[int, str] | None = None
        self.client = client = ltxv_nb.Client(
            api_key=KEY, base_url=BASE, home=folder / "home", output_dir=folder / "videos", backend="aimlapi"
        )
        clock = world.clock
        engine = client._engine
        engine.api = Api(client.api._service, session_factory=self.new_session, clock=clock.time)
        engine.estimates = Estimates(client.api, client.journal, clock.time)
        engine.submission = Submission(
            client.api, client.journal, sleep=clock.sleep, clock=clock.time, rng=lambda: 0.5
        )
        engine.tracker = Tracker(
            client.api,
            client.journal,
            client.estimates,
            engine.lease,
            WorldSaver(self),
            clock=clock,
            polls=Inline(),
            downloads=Inline(),
            threaded=False,
            rng=lambda: 0.5,
        )
        client.journal._clock = clock.time
        connections = client.journal._connections
        reading, writing = connections.read, connections.write

        def mortal_reading(query: Any, nothing: Any) -> Any:
            self.live()
            return reading(query, nothing)

        def mortal_writing(work: Any, patience: float | None = None) -> Any:
            self.live()
            connections.of_this_thread().execute(
                "PRAGMA synchronous = OFF"
            )  # a process's death is no power cut
            when = self._fate()
            self._die_if(when == "before")

            def mortal_work(connection: Any) -> Any:
                done = work(connection)
                self._die_if(when == "inside")
                return done

            done = writing(mortal_work, patience)
            self._die_if(when == "after")
            return done

        connections.read, connections.write = mortal_reading, mortal_writing
        #: Everything a notebook holds on to.
        self.jobs: list[Any] = []

    def new_session(self, *_args: Any, **_options: Any) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", Wire(self.world, self))
        return session

    def live(self) -> None:
        """Nothing happens in a dead process."""
        if self.dead:
            raise Killed

    def _fate(self) -> str | None:
        if self.die_at is None:
            return None
        count, when = self.die_at
        self.die_at = (count - 1, when) if count > 1 else None
        return when if count == 1 else None

    def _die_if(self, hit: bool) -> None:
        if hit:
            self.dead = True
            raise Killed

    @contextlib.contextmanager
    def running(self) -> Iterator[ltxv_nb.Client]:
        """Do something in this process; a death in it ends it, and the system takes back what it held."""
        try:
            yield self.client
        except Killed:
            self.kill()

    def kill(self) -> None:
        """End it as `kill -9` does: locks and files are let go of, nothing is written."""
        self.dead = True
        engine = self.client._engine
        if engine.lease._lock is not None:
            engine.lease._lock.release()
            engine.lease._lock = None
        engine.journal._connections.close()
        engine.closed = True
