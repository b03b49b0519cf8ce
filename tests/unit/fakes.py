"""What the unit tests hand in: time that stands still, a service in memory, executors that wait to be told."""

from __future__ import annotations

import io
import json
import uuid
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.response import HTTPResponse

from ltxv_nb.client import Client
from ltxv_nb.engine.estimates import Estimates
from ltxv_nb.engine.save import Saved
from ltxv_nb.engine.submit import Submission
from ltxv_nb.engine.tracker import Tracker
from ltxv_nb.errors import DownloadError
from ltxv_nb.journal import Journal, Record, new_id
from ltxv_nb.journal.guards import Occupied, no_identical_request
from ltxv_nb.journal.leases import Lease
from ltxv_nb.key import ApiKey
from ltxv_nb.models.catalogue import Catalogue
from ltxv_nb.money.account import Account
from ltxv_nb.service import transport
from ltxv_nb.service.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.engine.core import Engine
    from ltxv_nb.engine.news import News

KEY = "sentinel-key-3f9c2b7a81d6"
ORIGIN = "https://api.example.test"
#: Unix time at which every test starts, in seconds.
START = 1_790_000_000.0


class FakeClock:
    """Both clocks in one; they move when told to."""

    def __init__(self) -> None:
        self.now = START
        self.steady = 1000.0
        self.sleeps: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.steady

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds

    def jump(self, seconds: float) -> None:
        """The machine slept, or the clock was set: only the time of day moves."""
        self.now += seconds

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)


class Queued:
    """An executor that runs its tasks when it is told to, in the caller's thread."""

    def __init__(self) -> None:
        self.tasks: deque[tuple[Any, tuple[Any, ...]]] = deque()
        self.closed = False

    def submit(self, task: Any, *args: Any) -> None:
        self.tasks.append((task, args))

    def start_threads(self) -> None:
        pass

    def close(self, timeout: float) -> None:
        self.closed = True

    def run(self) -> int:
        ran = 0
        while self.tasks:
            task, args = self.tasks.popleft()
            task(*args)
            ran += 1
        return ran


def reply(
    status: int = 200,
    document: Any = None,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    reason: str = "",
) -> tuple[int, bytes, dict[str, str], str]:
    """One answer of the fake service."""
    content = json.dumps(document).encode() if body is None else body
    return status, content, headers or {}, reason or {200: "OK", 502: "Bad Gateway"}.get(status, "Whatever")


class FakeTransport(BaseAdapter):
    """A requests adapter that answers from a function, and keeps what it was sent.

    The function gets the prepared request, and returns what `reply` returns, or an exception to raise.
    """

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.sent.append(request)
        self.options.append(options)
        answer = self.answer(request)
        if isinstance(answer, BaseException):
            raise answer
        status, content, headers, reason = answer
        raw = HTTPResponse(
            io.BytesIO(content), headers=headers, status=status, reason=reason, preload_content=False
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        pass

    def session_factory(self, host: str, **options: Any) -> requests.Session:
        session = transport.new_session(host, **options)
        session.mount("https://", self)
        session.mount("http://", self)
        return session


class Place:
    """Where the service is."""

    is_public = True
    reads_per_minute = 150.0

    def __init__(self, base_url: str = ORIGIN, key: str | None = KEY) -> None:
        self.base_url = self.origin = base_url
        self.key = ApiKey(key) if key else None
        self.restarted = 0

    def start(self) -> None:
        pass

    def restart(self) -> None:
        self.restarted += 1


def catalogue_row(name: str, **changes: Any) -> dict[str, Any]:
    """One model of a catalogue, as the service publishes it."""
    kind = "internal/video-generations/submit"
    address = f"{ORIGIN}/docs-json?{urlencode({'model': name, 'endpoint': kind})}"
    info = {"name": f"Model {name}", "developer": "Somebody", "docsJson": address, **changes.pop("info", {})}
    unit = {"name": "video", "measure": "second", "price": 0.05, "per": 1}
    row = {
        "id": name,
        "aliases": [],
        "type": kind,
        "info": info,
        "tags": [],
        "capabilities": ["text_to_video"],
        "modalities": {"input": ["text"], "output": ["video"]},
        "pricing": {"kind": "fixed", "currency": "USD", "units": [unit]},
    }
    return {**row, **changes}


@dataclass
class FakeCatalogue:
    """A catalogue in memory, with a schema for each model."""

    rows: list[Any] = field(default_factory=list)
    schemas: dict[str, Any] = field(default_factory=dict)
    broken: Any = None
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)

    @classmethod
    def of(cls, *names: str, **properties: Any) -> FakeCatalogue:
        """A catalogue of models that all have a prompt and these properties."""
        text = {"type": "string", "description": "What happens."}
        schema = {
            "type": "object",
            "properties": {"prompt": text, **properties},
            "required": ["model", "prompt"],
        }
        return cls([catalogue_row(name) for name in names], dict.fromkeys(names, schema))

    @property
    def etag(self) -> str:
        return f'"{hash(json.dumps(self.rows))}"'

    def __call__(self, path: str, query: dict[str, list[str]], headers: Any) -> Any:
        self.asked.append((path, query))
        if self.broken is not None:
            return self.broken
        if path == "/docs-json":
            schema = self.schemas.get(query["model"][0])
            return reply(404, {"message": "none"}) if schema is None else reply(200, schema)
        if "id" in query:
            wanted = query["id"][0]
            rows = [row for row in self.rows if wanted in {row["id"], *row["aliases"]}]
            return reply(200, {"object": "list", "data": rows})
        if headers.get("If-None-Match") == self.etag:
            return reply(304, body=b"")
        return reply(200, {"object": "list", "data": self.rows}, headers={"ETag": self.etag})


@dataclass
class FakeService:
    """A service in memory that keeps account of what it bills, with faults to order.

    ``on_post`` and ``on_get`` hold answers to give instead of its own: what `reply` returns, an exception, or
    ``"lose"``: take the request, bill it, and let the answer be lost.
    """

    billed: list[dict[str, Any]] = field(default_factory=list)
    generations: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    on_post: deque[Any] = field(default_factory=deque)
    on_get: deque[Any] = field(default_factory=deque)
    on_logs: deque[Any] = field(default_factory=deque)
    metrics: Any = None
    catalogue: FakeCatalogue | None = None
    #: What is answered about the account, by path: what `reply` returns.
    books: dict[str, Any] = field(default_factory=dict)
    polls: int = 0
    hide_rows: bool = False

    def __call__(self, request: requests.PreparedRequest) -> Any:
        path = urlsplit(request.url or "").path
        query = parse_qs(urlsplit(request.url or "").query)
        if request.method == "POST":
            return self._post(request)
        if path == "/v2/video/generations":
            return self._get(query["generation_id"][0])
        if path == "/v2/logs":
            return self._logs()
        if path == "/models/metrics" or path in self.books:
            return self.books.get(path) or reply(200, self.metrics or {"models": []})
        if self.catalogue is not None and path in {"/v1/models", "/docs-json"}:
            return self.catalogue(path, query, request.headers)
        return reply(404, {"message": "no such page"})

    def _get(self, identifier: str) -> Any:
        self.polls += 1
        if self.on_get:
            return self.on_get.popleft()
        document = self.generations.get(identifier)
        return reply(200, document) if document else reply(404, {"message": "no such generation"})

    def _logs(self) -> Any:
        if self.on_logs:
            return self.on_logs.popleft()
        rows = [] if self.hide_rows else self.rows
        page = {"limit": 100, "offset": 0, "total": len(rows), "has_more": False}
        return reply(200, {"data": rows, "pagination": page})

    def _post(self, request: requests.PreparedRequest) -> Any:
        answer = self.on_post.popleft() if self.on_post else None
        if answer is not None and answer != "lose":
            return answer
        body = json.loads(request.body or b"{}")
        identifier = f"{uuid.uuid4()}:{body['model']}"
        self.billed.append(body)
        self.generations[identifier] = {"id": identifier, "status": "queued"}
        self.rows.append(
            {
                "status": "succeeded",
                "inference_id": identifier,
                "client_request_id": request.headers["X-Client-Request-Id"],
                "cost": {"usd": 0.25, "credits": 500_000},
            }
        )
        if answer == "lose":
            return requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "reset"))
        return reply(200, self.generations[identifier])

    def say(self, identifier: str, **document: Any) -> None:
        """From now on, answer this about a generation."""
        self.generations[identifier] = {"id": identifier, **document}

    def complete(self, identifier: str, url: str = "https://cdn.example.test/clip.mp4") -> None:
        self.say(identifier, status="completed", video={"url": url})


@dataclass
class FakeSaver:
    """Writes a small file in place of a download; ``faults`` are raised first, one each."""

    faults: deque[BaseException] = field(default_factory=deque)
    saved: list[Record] = field(default_factory=list)
    during: Any = None

    def save(self, record: Record, should_stop: Any, progress: Any = None) -> Saved:
        if self.faults:
            raise self.faults.popleft()
        if self.during:
            self.during(record, should_stop, progress)
        self.saved.append(record)
        path = Path(record.output_dir or ".") / f"{record.id}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"clip")
        media = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True}
        return Saved(path, {**media, "size_bytes": 4})


class Rig:
    """Everything behind the client on one virtual clock; `run` plays the loop, the pools and the time."""

    def __init__(self, home: Path, *, service: FakeService | None = None, **options: Any) -> None:
        self.home = home
        self.clock = options.pop("clock", None) or FakeClock()
        self.service = service or FakeService()
        self.wire = FakeTransport(self.service)
        self.place = Place()
        self.journal = Journal(home / "journal.sqlite", self.clock.time)
        self.api = Api(self.place, session_factory=self.wire.session_factory, clock=self.clock.time)
        self.estimates = Estimates(self.api, self.journal, self.clock.time)
        self.lease = Lease(home / "trackers")
        self.saver = FakeSaver()
        self.submission = Submission(
            self.api, self.journal, sleep=self.clock.sleep, clock=self.clock.time, rng=lambda: 0.5
        )
        self.polls, self.downloads = Queued(), Queued()
        self.tracker = Tracker(
            self.api,
            self.journal,
            self.estimates,
            self.lease,
            self.saver,
            clock=self.clock,
            polls=self.polls,
            downloads=self.downloads,
            threaded=False,
            rng=lambda: 0.5,
            **options,
        )
        self.news: dict[str, list[News]] = {}

    def record(self, **changes: Any) -> Record:
        """A row as a submission leaves it, not yet in the journal."""
        job_id = changes.pop("id", None) or new_id()
        values = {
            "id": job_id,
            "created_at": self.clock.time(),
            "backend": "aimlapi",
            "origin": ORIGIN,
            "model": "ltxv/ltxv-2",
            "prompt": "A lighthouse",
            "request": {"prompt": "A lighthouse", "model": "ltxv/ltxv-2"},
            "fingerprint": f"fingerprint of {job_id}",
            "client_request_id": f"ltxv-nb.{job_id}.abc.1",
            "state": "submitting",
            "output_dir": str(self.home / "videos"),
            "owner": self.lease.name,
        }
        return Record(**{**values, **changes})

    def running(self, **changes: Any) -> Record:
        """A row of a generation that the service has, in the journal, ours to watch."""
        self.lease.acquire()
        generation_id = changes.pop("generation_id", None) or f"{uuid.uuid4()}:ltxv/ltxv-2"
        self.service.generations.setdefault(generation_id, {"id": generation_id, "status": "queued"})
        record = self.record(
            **{
                "state": "running",
                "status": "queued",
                "generation_id": generation_id,
                "accepted_at": self.clock.time(),
                **changes,
            }
        )
        self.journal.reserve(record)
        return record

    def watch(self, record: Record) -> list[News]:
        news = self.news.setdefault(record.id, [])
        self.tracker.watch(record, news.append)
        return news

    def tick(self) -> float:
        """Do what is due now; returns the seconds until something is due again."""
        while True:
            wait = self.tracker.step()
            if not self.polls.run() + self.downloads.run() and wait > 0:
                return wait

    def run(self, seconds: float) -> None:
        """Play so many seconds."""
        end = self.clock.steady + seconds
        while True:
            wait = self.tick()
            if self.clock.steady + wait > end:
                self.clock.advance(max(0.0, end - self.clock.steady))
                self.tick()
                return
            self.clock.advance(max(wait, 0.001))

    def until(self, happened: Callable[[], Any], seconds: float = 600.0) -> None:
        """Play without downloads until something has happened, and stop short of the next step."""
        end = self.clock.steady + seconds
        while not happened():
            assert self.clock.steady < end, "it did not happen"
            wait = self.tracker.step()
            self.clock.advance(0.0 if self.polls.run() else min(max(wait, 0.001), 1.0))

    def close(self) -> None:
        self.tracker.close()
        self.journal.close()
        self.lease.release()
        self.api.close()


class Desk:
    """Clients of one home on one virtual clock, each with a rig behind it."""

    def __init__(self, folder: Path, monkeypatch: Any) -> None:
        self.folder = folder
        self.clock, self.service = FakeClock(), FakeService()
        self.background: list[Callable[[], None]] = []  # what the catalogue would do in a thread
        self._made: list[tuple[Client, Rig]] = []
        told = SimpleNamespace(time=self.clock.time, monotonic=self.clock.monotonic)
        monkeypatch.setattr("ltxv_nb.engine.prepare.time", told)
        monkeypatch.setattr("ltxv_nb.job.time", told)
        self.client, self.rig = self.another()

    def another(self, **options: Any) -> tuple[Client, Rig]:
        """One more client, as another process on the same home would have it."""
        home, rigs = self.folder / "home", []

        class Rigged(Client):
            def _new_engine(self) -> Engine:
                engine = super()._new_engine()
                rig = Rig(home, service=desk.service, clock=desk.clock)
                rigs.append(rig)
                engine.journal, engine.api, engine.estimates = rig.journal, rig.api, rig.estimates
                engine.lease, engine.submission, engine.tracker = rig.lease, rig.submission, rig.tracker
                engine.account = Account(
                    rig.api, rig.journal, backend="aimlapi", origin=ORIGIN, known_models=engine.models.names,
                    clock=desk.clock.time,
                )  # fmt: skip
                engine.api._missing_model_hint = engine.models.hint
                engine.models.catalogue = Catalogue(
                    rig.api, engine._model_cache, clock=desk.clock.time, background=desk.background.append
                )
                return engine

        desk = self
        client = Rigged(
            **{"api_key": KEY, "base_url": ORIGIN, "home": home, "output_dir": self.folder / "out", **options}
        )
        self._made.append((client, rigs[0]))
        return client, rigs[0]

    @property
    def posts(self) -> list[requests.PreparedRequest]:
        return [sent for _, rig in self._made for sent in rig.wire.sent if sent.method == "POST"]

    def finish(self, job: Any) -> None:
        """Let the service complete a job, and play until its video is on disk."""
        self.service.complete(job.generation_id)
        self.rig.run(120)

    def close(self) -> None:
        for client, rig in self._made:
            client.close()
            rig.close()


def blocked_by(journal: Journal, record: Record) -> Record | None:
    """Write a row as a submission does; returns the unfinished identical one, if there is one."""
    try:
        journal.reserve(record, [no_identical_request])
    except Occupied as occupied:
        return occupied.record
    return None


def broken_download(words: str = "the connection broke off") -> DownloadError:
    return DownloadError(f"The video could not be downloaded: {words}.")
