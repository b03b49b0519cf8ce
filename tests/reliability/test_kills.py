"""Killed at any moment, and picked up again: every billed task has one journal row and one whole file."""

from __future__ import annotations

import collections
import itertools
import os
import random
import signal
import sqlite3
import sys
import time

import pytest
from faults.fast import assert_books_agree, hurry, make_client, wait_until
from faults.service import FaultService

from . import victim
from .books import paid_twice

KILLS = int(os.environ.get("LTXV_KILLS", "25"))
SEED = int(os.environ.get("LTXV_KILLS_SEED") or random.randrange(2**32))


def recover(service, folder):
    """Pick everything up in one last process (this one), and compare the books."""
    with make_client(service.base_url, folder) as client:
        jobs = client.resume()
        taken = {task.client_request_id for task in service.billed}  # no more are coming

        def all_back():
            return all(job.done() or job.record.client_request_id not in taken for job in jobs)

        wait_until(all_back, 60)
        assert_books_agree(client, service)
        # What was killed before it was sent is the only thing still in doubt.
        for record in client.journal.open():
            assert record.state == "unknown"
            assert record.client_request_id not in taken
        return client.journal.newest()


@pytest.mark.timeout(3600)
def test_a_process_killed_at_any_moment_loses_nothing_and_pays_nothing_twice(tmp_path, monkeypatch):
    hurry(monkeypatch.setattr)
    rng = random.Random(SEED)
    found = collections.Counter()
    started = time.monotonic()
    with FaultService(polls_needed=2, seconds=0.1, padding=50_000) as service:
        service.submit_seconds, service.video_seconds, service.video_steps = 0.03, 0.12, 12
        for number in range(KILLS):
            ready = victim.processes().Event()
            process = victim.start(victim.work_until_killed, service.base_url, tmp_path, number, ready)
            assert ready.wait(60)
            time.sleep(rng.uniform(0, 0.5))
            assert process.is_alive()
            process.kill()
            process.join()
            found.update(_open_states(tmp_path / "home" / "journal.sqlite"))
        # What the last one had sent when it died is taken a moment later.
        time.sleep(0.2)
        wait_until(lambda: not service.open_connections, 10)
        rows = recover(service, tmp_path)
        prompts = service.prompts()
        twice = paid_twice(tmp_path, rows)
    never_sent = [row for row in rows if row.state == "unknown"]
    print(
        f"seed {SEED}: {KILLS} kills in {time.monotonic() - started:.0f} s, {len(rows)} jobs, "
        f"{len(prompts)} billed; states just after the kills: {dict(found)}; "
        f"never sent: {len(never_sent)}; lost: 0; paid twice: {len(twice)}"
    )
    assert not twice, "a cell was sent again while its first order was under way"


def _open_states(journal):
    """Return the states of what was under way when the process died."""
    try:
        with sqlite3.connect(journal) as connection:
            rows = connection.execute("SELECT state FROM generations WHERE owner IS NOT NULL").fetchall()
        connection.close()
    except sqlite3.OperationalError:
        return ["no journal yet"]
    return [state for (state,) in rows]


@pytest.mark.skipif(sys.platform == "win32", reason="the victim ends itself by SIGKILL")
@pytest.mark.parametrize("when", ["before", "inside", "after"])
@pytest.mark.parametrize("scenario", ["fresh", "resumed"])
def test_a_kill_at_any_write_to_the_journal_loses_nothing(tmp_path, monkeypatch, scenario, when):
    hurry(monkeypatch.setattr)
    for nth in itertools.count(1):
        folder = tmp_path / str(nth)
        with FaultService() as service:
            if scenario == "resumed":  # the one before was killed between the answer and its note
                first = victim.start(victim.one_job, service.base_url, folder, "A heron", ("before", 3))
                first.join(30)
                assert first.exitcode == -signal.SIGKILL
                assert service.prompts() == ["A heron"]
            process = victim.start(victim.one_job, service.base_url, folder, "A heron", (when, nth))
            process.join(30)
            recover(service, folder)
            assert len(service.billed) <= 1
            if process.exitcode == 0:  # it has fewer writes than that
                break
            assert process.exitcode == -signal.SIGKILL
    assert nth > (5 if scenario == "fresh" else 4), "the writes were met one by one"
