"""A client that nobody holds any more leaves nothing behind, and one whose jobs still run goes on."""

from __future__ import annotations

import atexit
import gc
import logging
import subprocess
import sys
import threading
import time
import weakref

import pytest
from fakes import KEY, ORIGIN

import ltxv_nb

PROMPT = "A lighthouse at dusk"


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to hold"
        gc.collect()
        threading.Event().wait(0.01)


def ours():
    return {thread for thread in threading.enumerate() if thread.name.startswith("ltxv")}


@pytest.fixture
def make(tmp_path, desk):
    """Make a real client, threads and all, whose service is in memory."""

    def make():
        client = ltxv_nb.Client(
            api_key=KEY, base_url=ORIGIN, home=tmp_path / "real", output_dir=tmp_path / "out"
        )
        client.api._new_session = desk.rig.wire.session_factory
        return client

    return make


def test_a_dropped_client_ends_its_threads_and_takes_its_log_filters_along(make, desk):
    before, loggers = ours(), [logging.getLogger(name) for name in ("ltxv_nb", "urllib3.connectionpool")]
    filters = [list(logger.filters) for logger in loggers]
    for _ in range(3):
        client = make()
        job = client.submit(PROMPT, allow_duplicate=True)
        assert ours() - before
        job.stop()
        del client, job
        until(lambda: not ours() - before)
    assert [list(logger.filters) for logger in loggers] == filters


def test_a_client_whose_job_is_still_tracked_goes_on_though_nobody_holds_either(make, desk):
    client = make()
    journal, job = client.journal, client.submit(PROMPT)
    record_id, client = job.id, weakref.ref(client)
    del job
    gc.collect()
    assert client() is not None
    assert client()._engine.tracker.watching(record_id)
    client().close()
    until(lambda: client() is None)
    assert journal.get(record_id).owner is None


def test_clients_leave_no_entries_for_the_end_of_the_interpreter(make):
    make().close()
    before = atexit._ncallbacks()
    for _ in range(5):
        make().close()
    for _ in range(5):
        make()
    gc.collect()
    assert atexit._ncallbacks() == before


def test_closing_twice_and_dropping_then_does_nothing_more(make):
    client = make()
    client.close()
    client.close()
    del client
    gc.collect()


def test_a_script_that_ends_without_closing_leaves_its_jobs_to_the_next_one(tmp_path):
    """The interpreter's end closes the client: the job's owner is gone from the journal."""
    code = f"""
import ltxv_nb
client = ltxv_nb.Client(api_key={KEY!r}, base_url="http://127.0.0.1:9", home={str(tmp_path)!r}, backend="aimlapi")
from ltxv_nb.journal import Record
client._engine.lease.acquire()
client.journal.reserve(Record("abcd2345", 1.0, "aimlapi", client.origin, "m", "p", {{"prompt": "p"}}, "f", "c",
    "running", generation_id="g", owner=client._engine.lease.name))
client.job("abcd2345").watch()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    from ltxv_nb.journal import Journal

    journal = Journal(tmp_path / "journal.sqlite")
    assert journal.get("abcd2345").owner is None
    assert list((tmp_path / "trackers").glob("*.lock")) == []
    journal.close()
