"""Ten thousand finished jobs in the journal slow nothing down."""

from __future__ import annotations

import contextlib
import itertools
import time

import pytest
from faults.fast import make_client
from faults.service import FaultService

from ltxv_nb.journal import Journal, Record
from ltxv_nb.journal.record import COLUMNS
from ltxv_nb.journal.rows import _INSERT, _to_sql

FEW, MANY = 10, 10_000


def finished(number, origin):
    at = time.time() - 60.0 * number - 600
    return Record(
        id=f"{number:08d}",
        created_at=at,
        backend="aimlapi",
        origin=origin,
        model="ltxv/ltxv-2",
        prompt=f"A hill, take {number}",
        request={"prompt": f"A hill, take {number}", "duration": 6},
        fingerprint=f"{number:064x}",
        client_request_id=f"old.{number}",
        state="saved",
        status="completed",
        generation_id=f"old-{number}",
        billed_credits=504_000,
        accepted_at=at + 1,
        asked_at=at + 60,
        finished_at=at + 61 + number % 9,
        saved_at=at + 65,
        file=f"/nowhere/{number}.mp4",
        media={
            "width": 1920,
            "height": 1080,
            "duration": 6.0,
            "fps": 25.0,
            "has_audio": True,
            "size_bytes": 1,
        },
    )


def fill(folder, count, origin):
    journal = Journal(folder / "home" / "journal.sqlite")
    records = (finished(number, origin) for number in range(count))
    rows = ([_to_sql(name, getattr(record, name)) for name in COLUMNS] for record in records)
    journal._connections.write(lambda connection: connection.executemany(_INSERT, rows))
    journal.close()


def lap(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


@pytest.fixture
def clients(tmp_path):
    """Return a client with few finished jobs in its journal, and one with many."""
    with contextlib.ExitStack() as stack:
        found = []
        for count in (FEW, MANY):
            service = stack.enter_context(FaultService(seconds=3600))
            fill(tmp_path / str(count), count, service.base_url)
            found.append(stack.enter_context(make_client(service.base_url, tmp_path / str(count))))
        yield found


def test_what_ten_thousand_jobs_have_cost_is_added_up_exactly(clients):
    """How quick that is, is measured by ``benchmarks/bench_journal.py``."""
    for by in ("job", "model", "day", "batch"):
        spent = clients[1].spending(by)
        assert (spent.total_credits, sum(row.jobs for row in spent)) == (MANY * 504_000, MANY)


def test_ten_thousand_finished_jobs_slow_nothing_down(clients):
    numbers = itertools.count()
    acts = {
        "submit": lambda client: client.submit(f"A heron, take {next(numbers)}"),
        "jobs": lambda client: client.jobs(limit=20),
        "unfinished": lambda client: client.unfinished_count(),
        "resume": lambda client: client.resume(),
    }
    for name, act in acts.items():
        # Each the quickest of its runs, taken in turns: what is left when the machine's other work is not in
        # the way. More runs on a busy one; no number of them makes a slow journal quick.
        few = many = float("inf")
        for run in range(200):
            few = min(few, lap(lambda: act(clients[0])))  # noqa: B023
            many = min(many, lap(lambda: act(clients[1])))  # noqa: B023
            if run >= 20 and many < 1.5 * few:
                break
        assert many < 1.5 * few, f"{name}: {few:.6f} s, then {many:.6f} s"
