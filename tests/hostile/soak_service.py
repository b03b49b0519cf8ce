"""The fake service of the soak: any request may meet a fault, and each clip carries the hash of its prompt."""

from __future__ import annotations

import collections
import hashlib
import random
import re
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from faults.clip import clip
from faults.service import FaultService, Handler

if TYPE_CHECKING:
    from faults.service import Fault, Task

    from hostile.soak_faults import Chance


def mark(prompt: str) -> bytes:
    """Return what a clip carries of its prompt."""
    return hashlib.sha256(prompt.encode()).hexdigest().encode()


class SoakHandler(Handler):
    """Answers by the service's own clock, and names the request that it answers."""

    server: Any

    def _submit(self, _path: str) -> None:
        self.accept(self.task, self.headers["X-Client-Request-Id"])  # type: ignore[arg-type]

    def accept(self, task: Task, client_request_id: str | None) -> None:
        """Answer that a task is accepted, to the request of this name."""
        headers = {"x-inference-id": task.id, "x-client-request-id": client_request_id or ""}
        self.reply(201, {"id": task.id, "status": "queued"}, headers)

    def tell(self, task: Task) -> None:
        """Answer how a task is, whichever was asked about."""
        self.query["generation_id"] = [task.id]
        self._poll(self.path)

    def answer_properly(self) -> None:
        """Answer as without a fault."""
        path = self.path.partition("?")[0]
        getattr(self, f"_{self.server.service.endpoint(self.command, path)}")(path)

    def _logs(self, path: str) -> None:
        self.server.service.look_at_window(self.query)
        super()._logs(path)


class SoakService(FaultService):
    """A fake service whose faults are drawn at random, until `heal` is called.

    Parameters
    ----------
    chances : sequence of Chance
        What may happen to a request, each with its own probability.
    seed : int
        Of the draws.
    """

    def __init__(self, chances: tuple[Chance, ...], seed: int) -> None:
        super().__init__(polls_needed=1, seconds=0.2, padding=20_000)
        self._server.RequestHandlerClass = SoakHandler
        self.met: collections.Counter[str] = collections.Counter()
        #: By client request id: when a row is listed (monotonic seconds), and the wrong id that it shows.
        self.listed_at: dict[str | None, float] = {}
        self.misnamed: dict[str | None, str] = {}
        self._created: dict[str | None, float] = {}
        self._window = threading.local()
        self._chances, self._rng, self._drawing = chances, random.Random(seed), threading.Lock()

    def video_of(self, task: Task) -> bytes:
        """Return the bytes of a task's clip."""
        return clip(f"{mark(task.prompt).decode()} {task.id}", self.padding)

    def another(self, task: Task | None) -> Task | None:
        """Return some other task, if there is one."""
        with self._lock:
            others = [one for one in self.billed[-20:] if one is not task]
        return self.draw(lambda rng: rng.choice(others)) if others else None

    def draw(self, choose: Any) -> Any:
        """Draw something by the service's own random numbers."""
        with self._drawing:
            return choose(self._rng)

    def next_fault(self, endpoint: str) -> Fault | None:
        """Draw the fault that a request meets; most meet none."""
        with self._drawing:
            for chance in self._chances:
                if chance.endpoint == endpoint and self._rng.random() < chance.probability:
                    self.met[chance.name] += 1
                    return chance.fault
        return super().next_fault(endpoint)

    def take(self, body: dict[str, Any], client_request_id: str | None) -> Task:
        """Take a request, and bill it."""
        with self._lock:
            self._created[client_request_id] = time.time()
            return super().take(body, client_request_id)

    def heal(self) -> None:
        """Behave from now on, and list everything; ids stay only as wrong as the service's own spellings."""
        with self._drawing:
            self._chances = ()
        with self._lock:
            self.listed_at.clear()
            self.misnamed = {
                name: wrong
                for name, wrong in self.misnamed.items()
                if any(wrong in id_ for id_ in self.tasks)
            }
        super().heal()

    # -- the request log -----------------------------------------------------------------------------------

    def look_at_window(self, query: dict[str, list[str]]) -> None:
        """Note which window this thread's request to the log asks for, in unix seconds of the service."""
        now = time.time()
        if period := re.fullmatch(r"(\d+)([hd])", query.get("period", [""])[0]):
            span = (now - int(period[1]) * (3600 if period[2] == "h" else 86400), now)
        elif "start" in query and "end" in query:
            span = (_unix(query["start"][0]), _unix(query["end"][0]))
        else:
            span = (0.0, now)
        self._window.span = span

    def log_rows(self) -> list[dict[str, Any]]:
        """Return the rows in the window that was asked for, under the ids that they show."""
        first, last = self._window.span
        rows = []
        for row in super().log_rows():
            name = row["client_request_id"]
            at = self._created.get(name, 0.0)
            if first <= at <= last and time.monotonic() >= self.listed_at.get(name, 0.0):
                created = datetime.fromtimestamp(at, timezone.utc).isoformat().replace("+00:00", "Z")
                shown = self.misnamed.get(name, row["inference_id"])
                rows.append({**row, "created": created, "inference_id": shown})
        return rows


def _unix(moment: str) -> float:
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()
