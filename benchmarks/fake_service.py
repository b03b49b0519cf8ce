"""One local service that speaks five wire protocols, as far as submitting a video and asking for it goes.

Each client gets a port of its own, so that requests and connections can be told apart. A job takes the time
that its number in line says; each request takes `latency` seconds, and is answered as of the middle of that.
The service keeps the books: the clients are not asked how often they asked.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

if TYPE_CHECKING:
    from typing_extensions import Self

#: Seconds from a poll to its answer.
LATENCY = 0.05


def clip() -> bytes:
    """Return a real MP4 of one second, small."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        stream.time_base = Fraction(1, 25)
        for index in range(25):
            frame = av.VideoFrame(64, 36, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([100 + index]) * plane.buffer_size)
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def durations(count: int, mean: float, sigma: float, seed: int = 60) -> list[float]:
    """Return the same times for everyone: normal, never below a tenth of the mean."""
    rng = random.Random(seed)
    return [max(mean / 10, rng.gauss(mean, sigma)) for _ in range(count)]


@dataclass
class Job:
    """One job: its name, and when it was taken and ends, in unix seconds."""

    id: str
    taken_at: float
    ends_at: float
    asked: int = 0

    @property
    def done(self) -> bool:
        return time.time() >= self.ends_at


@dataclass
class Books:
    """What one client has done."""

    name: str
    times: list[float]
    metrics: dict[str, float] | None = None
    port: int = 0
    connections: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    reads: list[float] = field(default_factory=list)
    downloads: int = 0

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self) -> Job:
        now = time.time()
        job = Job(str(uuid.uuid4()), now, now + self.times[len(self.jobs) % len(self.times)])
        self.jobs[job.id] = job
        return job

    def most_reads(self, seconds: float = 60.0) -> int:
        """Return the most reads in any window of so many seconds."""
        most, first, reads = 0, 0, sorted(self.reads)
        for last, at in enumerate(reads):
            while reads[first] < at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


class Page(web.RequestHandler):
    """Counts, waits, answers."""

    def initialize(self, books: Books, latency: float = LATENCY, film: bytes = b"") -> None:
        self.books, self.latency, self.film = books, latency, film

    async def answer(self, make, kind: str = "read") -> None:
        await asyncio.sleep(self.latency / 2)
        if kind == "read":
            self.books.reads.append(time.time())
        document = make()
        await asyncio.sleep(self.latency / 2)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(document))

    def job(self, identifier: str) -> Job:
        job = self.books.jobs.get(identifier.partition(":")[0])
        if job is None:
            raise web.HTTPError(404)
        job.asked += 1
        return job


class Aimlapi(Page):
    """``/v2/video/generations``."""

    async def post(self) -> None:
        model = json.loads(self.request.body)["model"]
        await self.answer(lambda: {"id": f"{self.books.take().id}:{model}", "status": "queued"}, "submit")

    async def get(self) -> None:
        identifier = self.get_query_argument("generation_id")

        def state():
            job = self.job(identifier)
            if not job.done:
                return {"id": identifier, "status": "generating"}
            url = f"{self.books.base}/files/{job.id}.mp4"
            return {"id": identifier, "status": "completed", "video": {"url": url}}

        await self.answer(state)


class Metrics(Page):
    """``/models/metrics``."""

    async def get(self) -> None:
        alias, figures = self.get_query_argument("aliases", ""), self.books.metrics
        rows = [{"alias": alias, "metrics": {"duration_ms": figures}}] if figures else []
        await self.answer(lambda: {"models": rows})


class Logs(Page):
    """``/v2/logs``."""

    async def get(self) -> None:
        await self.answer(lambda: {"data": [], "pagination": {"has_more": False}})


class File(Page):
    """The clip, whichever it is."""

    async def get(self) -> None:
        self.books.downloads += 1
        await asyncio.sleep(self.latency)
        self.set_header("Content-Type", "video/mp4")
        self.finish(self.film)


class Openai(Page):
    """``/v1/videos``."""

    def video(self, job: Job, status: str) -> dict:
        return {
            "id": job.id, "object": "video", "status": status, "progress": 100 if status == "completed" else 1,
            "created_at": int(job.taken_at), "model": "sora-2", "seconds": "4", "size": "1280x720",
        }  # fmt: skip

    async def post(self) -> None:
        await self.answer(lambda: self.video(self.books.take(), "queued"), "submit")

    async def get(self, identifier: str) -> None:
        def state():
            job = self.job(identifier)
            return self.video(job, "completed" if job.done else "in_progress")

        await self.answer(state)


class Runway(Page):
    """``/v1/text_to_video`` and ``/v1/tasks``."""

    async def post(self) -> None:
        await self.answer(lambda: {"id": self.books.take().id}, "submit")

    async def get(self, identifier: str) -> None:
        def state():
            job = self.job(identifier)
            known = {"id": job.id, "createdAt": "2026-01-01T00:00:00Z", "estimatedCost": {"credits": 1}}
            if not job.done:
                return {**known, "status": "RUNNING", "progress": 0.5}
            return {
                **known,
                "status": "SUCCEEDED",
                "output": [f"{self.books.base}/files/{job.id}.mp4"],
                "cost": {"credits": 1},
            }

        await self.answer(state)


class Replicate(Page):
    """``/v1/predictions``."""

    def prediction(self, job: Job, status: str) -> dict:
        nothing = dict.fromkeys(
            ("output", "logs", "error", "metrics", "created_at", "started_at", "completed_at", "urls")
        )
        return {**nothing, "id": job.id, "model": "a/b", "version": "c" * 64, "status": status, "input": {}}

    async def post(self) -> None:
        await self.answer(lambda: self.prediction(self.books.take(), "starting"), "submit")

    async def get(self, identifier: str) -> None:
        def state():
            job = self.job(identifier)
            return self.prediction(job, "succeeded" if job.done else "processing")

        await self.answer(state)


class Fal(Page):
    """The queue: submit, ``…/status``, and the result."""

    async def post(self) -> None:
        def taken():
            base = f"{self.books.base}/fal-ai/ltx/requests/{self.books.take().id}"
            name = base.rpartition("/")[2]
            return {
                "request_id": name,
                "response_url": base,
                "status_url": f"{base}/status",
                "cancel_url": f"{base}/cancel",
                "queue_position": 0,
            }

        await self.answer(taken, "submit")

    async def get(self, identifier: str, status: str | None = None) -> None:
        def state():
            job = self.job(identifier)
            if status is None:
                return {"video": {"url": f"{self.books.base}/files/{job.id}.mp4"}}
            return {"status": "COMPLETED" if job.done else "IN_PROGRESS", "logs": None, "metrics": {}}

        await self.answer(state)


class Server(HTTPServer):
    """Counts connections."""

    def initialize(self, *args, books: Books, **options) -> None:
        super().initialize(*args, **options)
        self.books = books

    def handle_stream(self, stream, address) -> None:
        self.books.connections += 1
        super().handle_stream(stream, address)


class FakeService:
    """All of it on one event loop in a thread of its own.

    Parameters
    ----------
    clients : list of Books
        One each; their ports are set here.
    latency : float
        Seconds from a poll to its answer.
    """

    def __init__(self, clients: list[Books], latency: float = LATENCY) -> None:
        self.clients, self.latency, self.film = clients, latency, clip()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        servers = [self._serve(books) for books in self.clients]
        self._ready.set()
        await self._stop.wait()
        for server in servers:
            server.stop()

    def _serve(self, books: Books) -> Server:
        shared = {"books": books, "latency": self.latency}
        pages = [
            (r"/v2/video/generations", Aimlapi, shared),
            (r"/models/metrics", Metrics, shared),
            (r"/v2/logs", Logs, shared),
            (r"/files/.*", File, {**shared, "film": self.film}),
            (r"/v1/videos", Openai, shared),
            (r"/v1/videos/([^/]+)", Openai, shared),
            (r"/v1/text_to_video", Runway, shared),
            (r"/v1/tasks/([^/]+)", Runway, shared),
            (r"/v1/predictions", Replicate, shared),
            (r"/v1/predictions/([^/]+)", Replicate, shared),
            (r"/fal-ai/[^/]+", Fal, shared),
            (r"/fal-ai/[^/]+/requests/([^/]+)(/status)?", Fal, shared),
        ]
        server = Server(web.Application(pages, log_function=lambda _handler: None), books=books)
        sockets = bind_sockets(0, "127.0.0.1", backlog=1024)
        books.port = sockets[0].getsockname()[1]
        server.add_sockets(sockets)
        return server
