"""A tracker with many jobs on a virtual clock: no network, no disk, no threads."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from statistics import NormalDist

from ltxv_nb.engine.save import Saved
from ltxv_nb.engine.tracker import Tracker
from ltxv_nb.errors import APIError
from ltxv_nb.journal import Record, State
from ltxv_nb.journal.store import Advanced
from ltxv_nb.polling import estimate
from ltxv_nb.service.reply import Generation

MODEL = "ltxv/ltxv-2"


def reported(mean: float, sigma: float) -> dict[str, float]:
    """What the service reports of such jobs, in milliseconds."""
    return {f"p{p}": 1000 * NormalDist(mean, sigma).inv_cdf(p / 100) for p in (50, 75, 90, 99)}


class Clock:
    now = 1_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Tasks:
    """An executor that runs its tasks when told to."""

    def __init__(self) -> None:
        self.tasks = deque()

    def submit(self, task, *args) -> None:
        self.tasks.append((task, args))

    def start_threads(self) -> None:
        pass

    def close(self, timeout) -> None:
        self.tasks.clear()

    def run(self) -> bool:
        ran = bool(self.tasks)
        while self.tasks:
            task, args = self.tasks.popleft()
            task(*args)
        return ran


class Journal:
    """Takes everything, keeps nothing."""

    def __init__(self) -> None:
        self.rows = {}

    def get(self, _record_id):
        return None

    def advance(self, record_id, _expected, *changes, patience):
        assert patience < 20, "the tracker's threads do not wait long for others to finish writing"
        for change in changes:
            self.rows[record_id] = change.applied(self.rows[record_id])
        return Advanced(self.rows[record_id], done=True)


class Crowd:
    """So many jobs, their ends, and every question about them."""

    def __init__(self, *, mean: float = 60.0, sigma: float = 5.0, reads_per_minute: float = 150.0) -> None:
        self.clock = Clock()
        self.ends, self.asked, self.noticed = {}, {}, {}
        self.reads, self.logs_reads = [], []
        self.refuse_until = 0.0
        self.belief_ = estimate.belief(vendor_seconds=70.0, percentiles=reported(mean, sigma))
        self.polls, self.downloads, self.journal = Tasks(), Tasks(), Journal()
        self.tracker = Tracker(
            self, self.journal, self, self, self, clock=self.clock, polls=self.polls, downloads=self.downloads,
            reads_per_minute=reads_per_minute, threaded=False,
        )  # fmt: skip
        self._numbers = iter(range(10**9))

    # -- what the tracker works with

    name = "us"

    def stale(self, _model) -> bool:
        return False

    def belief(self, _record):
        return self.belief_

    ahead = None

    def fetch(self, name, *, counted=True, patience):
        assert not counted
        assert patience <= 30, "a poll does not hold a thread for long"
        self.reads.append(self.clock.now)
        self.asked[name] = self.asked.get(name, 0) + 1
        if self.clock.now < self.refuse_until:
            raise APIError("not now", status_code=500)
        done = self.clock.now >= self.ends[name]
        return Generation(
            name, "completed" if done else "generating", "https://x.test/a.mp4" if done else None
        )

    def find_in_logs(self, _names, _since, _until, *, everywhere):
        self.reads.append(self.clock.now)
        self.logs_reads.append(self.clock.now)
        self.tracker.charge()
        return {}

    def save(self, record, _should_stop, _progress):
        from pathlib import Path

        return Saved(Path("x.mp4"), {})

    # -- what the tests do with it

    def beat(self) -> None:
        pass

    def submit(self, seconds: float, **changes) -> Record:
        """Have one more job, which ends after so many seconds."""
        number, now = next(self._numbers), self.clock.now
        record = Record(
            f"job{number}", now, "aimlapi", "https://x.test", MODEL, "Waves", {}, None, f"request{number}", State.RUNNING,
            generation_id=f"generation{number}", accepted_at=now, owner=self.name,
        )  # fmt: skip
        record = replace(record, **changes)
        self.ends[record.generation_id] = now + seconds
        self.journal.rows[record.id] = record
        self.tracker.watch(record, self._listen)
        return record

    def _listen(self, news) -> None:
        if news.record.finished_at and news.record.generation_id not in self.noticed:
            self.noticed[news.record.generation_id] = self.clock.now

    def run(self, until: float) -> None:
        """Play until a time, or until nothing is left to do."""
        while self.clock.now < until:
            wait = self.tracker.step()
            if self.polls.run() | self.downloads.run():
                continue
            if wait == float("inf"):
                return
            assert wait > 0, "the loop must not spin"
            self.clock.now = min(until, self.clock.now + wait)

    def lateness(self) -> list[float]:
        return [self.noticed[name] - end for name, end in self.ends.items()]

    def most_reads(self, seconds: float = 60.0) -> int:
        """The most reads in any window of so many seconds."""
        most = first = 0
        for last, at in enumerate(self.reads):
            while self.reads[first] < at - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


def forced(ends: list[float], begun: float, rate: float = 2.5, burst: int = 20) -> float:
    """The mean lateness the budget forces on a client that asks only about what has just ended."""
    tokens, at, late = float(burst), begun, 0.0
    for end in sorted(ends):
        now = max(end, at)
        tokens = min(float(burst), tokens + (now - at) * rate)
        if tokens < 1:
            now, tokens = now + (1 - tokens) / rate, 1.0
        tokens, at, late = tokens - 1, now, late + now - end
    return late / len(ends)
