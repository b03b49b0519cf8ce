"""A client whose service is a list, and jobs that end when they are told to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DuplicateRequest, LTXVError, UnknownModel
from ltxv_nb.journal import Record
from ltxv_nb.journal.search import ANY
from ltxv_nb.models import builtin_models
from ltxv_nb.models.listing import ModelList
from ltxv_nb.notebook.output.status import Board
from ltxv_nb.notebook.session import Session
from ltxv_nb.polling.estimate import expected

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.journal.search import Wanted
    from ltxv_nb.notebook.widgets.worker import Worker


def record_of(job_id: str, prompt: str, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "id": job_id,
        "created_at": 1_780_000_000.0,
        "backend": "sandbox",
        "origin": "sandbox",
        "model": "ltxv/ltxv-2",
        "prompt": prompt,
        "request": {"prompt": prompt, "model": "ltxv/ltxv-2"},
        "fingerprint": None,
        "client_request_id": None,
        "state": "running",
        "status": "generating",
        "output_dir": "/nowhere",
    }
    return Record(**{**values, **changes})


class FakeJob:
    """What a row needs of a job."""

    unreachable, trouble, downloaded, video, again_at = False, None, None, None, None
    is_free = True
    billing_note = "The generation continues in the sandbox, free of charge."
    refusal: Exception | None = None  # why it cannot be tracked
    cost_text = bill_note = ""

    def __init__(self, job_id: str, request: Any) -> None:
        self.id, self.request, self.watched, self.error = job_id, request, True, None
        self.record = record_of(
            job_id, request.prompt, request={"prompt": request.prompt, **request.settings()}
        )
        self.status, self.created_at, self.accepted_at = "generating", 0.0, 0.0
        self.backend, self.seconds, self.listeners = "sandbox", 3.0, []

    def done(self) -> bool:
        return self.error is not None or self.video is not None

    def elapsed(self) -> float:
        return self.seconds

    def expected(self) -> Any:
        from ltxv_nb.polling.estimate import belief

        return expected(belief(vendor_seconds=70.0))

    def on_change(self, callback: Any) -> Any:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def fail(self, words: str) -> None:
        self.status, self.error = "error", LTXVError(words)
        self.tell()

    def stop(self) -> None:
        self.watched = False
        self.tell()

    def watch(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.watched = True
        self.tell()

    def tell(self) -> None:
        for listener in list(self.listeners):
            listener(self)


class FakeJournal:
    """Records that `saved` finds; the rest is not asked for."""

    def __init__(self, records: list[Record]) -> None:
        self.records = records

    def saved(self, wanted: Wanted = ANY, *, limit: int = 50, offset: int = 0) -> list[Record]:
        return self._found(wanted)[offset : offset + limit]

    def count_saved(self, wanted: Wanted = ANY) -> int:
        return len(self._found(wanted))

    def last_saved_at(self) -> float:
        return float(len(self.records))

    def models(self) -> list[str]:
        return sorted({record.model for record in self.records})

    def notebooks(self) -> list[str]:
        return sorted({record.notebook for record in self.records if record.notebook})

    def get(self, job_id: str) -> Record | None:
        return next((record for record in self.records if record.id == job_id), None)

    def _found(self, wanted: Wanted) -> list[Record]:
        return [
            known
            for known in self.records
            if all(word in known.prompt for word in wanted.words)
            and wanted.model in {"", known.model}
            and (known.stars or 0) >= wanted.stars
            and (wanted.since is None or known.created_at >= wanted.since)
            and (wanted.paid is None or wanted.paid == (known.backend != "sandbox"))
            and wanted.notebook in {"", known.notebook}
            and wanted.rejected in {None, "rejected" in (known.tags or ())}
        ]


class FakeClient:
    """Takes requests; the very same one twice only when it is told to."""

    def __init__(self, home: Path, records: list[Record] | None = None) -> None:
        self.home, self.backend, self.journal = home, "sandbox", FakeJournal(records or [])
        self.posts: list[Any] = []
        self.jobs: list[FakeJob] = []
        self.refusal: Exception | None = None
        self.catalogue: list[Any] = list(builtin_models())
        self.unfinished: list[FakeJob] = []
        self.elsewhere: dict[str, int] = {}
        self.budget: Any = None
        self.listed: Any = None  # a price list that is newer than the models' own
        self._ids = (f"job{number:05d}" for number in itertools.count())

    def estimate(self, request: Any = None, *, model: Any = None, **values: Any) -> Any:
        model, values = (request.spec, request.settings()) if request is not None else (model, values)
        return (self.listed or model.prices).quote(model, values) if self.listed or model.prices else None

    def balance_warning(self, _planned: Any) -> str:
        return ""

    def submit_request(self, request: Any, *, allow_duplicate: bool = False, begun: Any = None) -> FakeJob:
        if self.refusal is not None:
            raise self.refusal
        same = next((job for job in self.jobs if job.request == request and not job.done()), None)
        if same is not None and not allow_duplicate:
            raise DuplicateRequest("The very same request is running.", same)  # type: ignore[arg-type]
        self.posts.append(request)
        job = FakeJob(next(self._ids), request)
        self.jobs.append(job)
        return job

    def known_models(self) -> Any:
        return ModelList(self.catalogue)

    def models(self, **filters: Any) -> Any:
        return ModelList(self.catalogue).filtered(**filters)

    def known_model(self, name: str) -> Any:
        return next((model for model in self.catalogue if model.id == name and model.read is None), None)

    def model(self, name: str) -> Any:
        found = next((model for model in self.catalogue if model.id == name), None)
        if found is None:
            raise UnknownModel(f"There is no model {name!r}.")
        return found

    def untracked(self) -> list[FakeJob]:
        return [job for job in self.unfinished if not job.watched]

    def unfinished_elsewhere(self) -> dict[str, int]:
        return self.elsewhere

    def request_of(self, record: Record) -> Any:
        from ltxv_nb.request import GenerationRequest

        return GenerationRequest(**record.request)

    def job(self, job_id: str) -> Any:
        known = next((job for job in self.jobs if job.id == job_id), None)
        if known is None:
            (record,) = [record for record in self.journal.records if record.id == job_id]
            known = FakeJob(job_id, self.request_of(record))
        return known


class FakeSession(Session):
    """A session whose board moves only when a test says so."""

    client: Any = None  # in place of the property: a test may set another one

    def __init__(self, client: FakeClient) -> None:
        super().__init__()
        self.client = client
        self._board = Board(clock=lambda: self.now, run=lambda work: work(), threaded=False)
        self.now = 0.0
        self.bound: list[Any] = []

    @property
    def backend(self) -> str:
        return str(self.client.backend)

    def worker(self, name: str, pause: float = 0.0) -> Worker:
        return super().worker(name)  # no test waits for the page

    def bind(self, job: Any) -> None:
        self.bound.append(job)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.board.tick()
