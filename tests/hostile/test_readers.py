"""Looking at the journal never waits for somebody who writes to it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.fast import make_client

OLD = Path(__file__).resolve().parents[1] / "data" / "journal-0.1.sql"

HOLDER = """
import sqlite3, sys, time
journal = sqlite3.connect(sys.argv[1], isolation_level=None)
journal.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(30)
"""

#: Seconds that a look may take on a slow machine; a writer holds the journal for far longer.
AT_ONCE = 2.0


@pytest.fixture
def hold():
    """Let another process write to a journal and not come to an end."""
    holders = []

    def begin(path):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
        )
        holders.append(holder)
        assert holder.stdout.readline() == "held\n"

    yield begin
    for holder in holders:
        holder.kill()
        holder.communicate()


def looked_at(client):
    """Look at everything that `%ltxv jobs` shows; the seconds it took, and the jobs."""
    began = time.monotonic()
    jobs = client.jobs()
    for job in jobs:
        job.describe()
    client.unfinished_count()
    client.untracked()
    client.unfinished_elsewhere()
    return time.monotonic() - began, jobs


def test_jobs_are_listed_while_another_process_writes(client, hold):
    client.submit("A lighthouse").wait(20)
    hold(client.journal.path)
    with make_client(client.origin, client.home.parent) as fresh:
        for one in (client, fresh):
            seconds, jobs = looked_at(one)
            assert len(jobs) == 1
            assert seconds < AT_ONCE


def test_a_journal_of_version_0_1_is_read_as_it_is_while_another_process_writes(service, tmp_path, hold):
    path = tmp_path / "home" / "journal.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as journal:
        journal.executescript(OLD.read_text(encoding="utf-8"))
        journal.execute("PRAGMA journal_mode = WAL")
        (count,) = journal.execute("SELECT count(*) FROM generations").fetchone()
        (version,) = journal.execute("PRAGMA user_version").fetchone()
    assert version == 1
    hold(path)
    with make_client(service.base_url, tmp_path) as client:
        seconds, jobs = looked_at(client)
        assert len(jobs) == count > 0
        assert all(job.record.missing_since is None for job in jobs)
        assert seconds < AT_ONCE


def test_a_reader_of_an_old_journal_follows_when_somebody_else_brings_it_up_to_date(service, tmp_path):
    path = tmp_path / "home" / "journal.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as journal:
        journal.executescript(OLD.read_text(encoding="utf-8"))
    with make_client(service.base_url, tmp_path) as reader, make_client(service.base_url, tmp_path) as writer:
        before = len(reader.jobs())
        job = writer.submit("A lighthouse")
        found = {one.id: one for one in reader.jobs()}
        assert len(found) == before + 1
        assert found[job.id].record.revision > 0
        reader.submit("And another")
        assert len(writer.jobs()) == before + 2


def test_a_journal_that_is_just_being_made_has_no_jobs_yet(service, tmp_path, hold):
    path = tmp_path / "home" / "journal.sqlite"
    path.parent.mkdir()
    hold(path)
    with make_client(service.base_url, tmp_path) as client:
        seconds, jobs = looked_at(client)
        assert jobs == []
        assert seconds < AT_ONCE
