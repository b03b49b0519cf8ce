"""Ten thousand finished jobs in the journal slow nothing down."""

from __future__ import annotations

import itertools
import time

import pytest
from faults.fast import make_client
from faults.service import FaultService

from ltxv_nb.journal import _COLUMNS, Journal, Record, _to_sql

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
    marks = ", ".join("?" * len(_COLUMNS))
    records = (finished(number, origin) for number in range(count))
    with journal._writing() as connection:
        connection.executemany(
            f"INSERT INTO generations ({', '.join(_COLUMNS)}) VALUES ({marks})",
            ([_to_sql(name, getattr(record, name)) for name in _COLUMNS] for record in records),
        )
    journal.close()


def quickest(action, times):
    laps = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        laps.append(time.perf_counter() - start)
    return min(laps)


@pytest.fixture
def times(tmp_path):
    """Return the quickest of many runs of each act, in seconds, with few jobs in the journal and with many."""
    found = []
    for count in (FEW, MANY):
        folder = tmp_path / str(count)
        with FaultService(seconds=3600) as service:
            fill(folder, count, service.base_url)
            numbers = itertools.count()
            with make_client(service.base_url, folder) as client:
                found.append(
                    {
                        "submit": quickest(lambda: client.submit(f"A heron {next(numbers)}"), 25),  # noqa: B023
                        "jobs": quickest(lambda: client.jobs(limit=20), 50),
                        "unfinished": quickest(client.unfinished_count, 50),
                        "resume": quickest(client.resume, 10),
                    }
                )
    return found


def test_ten_thousand_finished_jobs_slow_nothing_down(times):
    few, many = times
    for act in few:
        # Two tenths of a millisecond are the noise of a busy machine.
        assert many[act] < 1.5 * few[act] + 0.0002, f"{act}: {few[act]:.6f} s, then {many[act]:.6f} s"
