"""A process that was stopped, and holds a job, is named; the job can be taken over, and nothing is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults.fast import assert_books_agree, hurry, make_client, wait_until

from ltxv_nb.errors import ConfigurationError
from ltxv_nb.journal import leases
from ltxv_nb.notebook.magic.job_commands import JOBS_SHOWN, jobs_bundle

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot stop a process so")

OTHER = """
import sys, time
from pathlib import Path
from faults.fast import hurry, make_client
from ltxv_nb.media import download

hurry()
with make_client(sys.argv[1], Path(sys.argv[2])) as client:
    job = client.submit("A lighthouse at dusk")
    print(job.id, flush=True)
    job.wait(60)
    print(job.status, job.video.path.exists(), flush=True)
"""


@pytest.fixture
def other(service, tmp_path, monkeypatch):
    """A process that has submitted a job and tracks it."""
    hurry(monkeypatch.setattr)
    monkeypatch.setattr(leases, "QUIET_SECONDS", 1.0)
    folders = [str(Path(__file__).resolve().parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER, service.base_url, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
    )
    yield process
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


def stopped(process, client):
    """Stop the process once it has a job, and return that as this process sees it, when it is quiet."""
    job = client.job(process.stdout.readline().strip())
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: (holder := client.holder_of(job)) and holder.is_quiet(time.time()))
    return job


def test_a_stopped_process_that_holds_a_job_is_named_with_what_can_be_done(other, service, tmp_path):
    service.seconds = 60
    with make_client(service.base_url, tmp_path) as client:
        job = stopped(other, client)
        text = jobs_bundle(client.jobs(), JOBS_SHOWN)["text/plain"]
        assert f"process {other.pid} on " in text
        assert f"kill -CONT {other.pid}" in text
        assert f"%ltxv takeover {job.id}" in text


def test_the_job_of_a_stopped_process_can_be_taken_over_and_the_process_finds_that_out(
    other, service, tmp_path
):
    service.seconds = 60
    with make_client(service.base_url, tmp_path) as client:
        job = client.take_over(stopped(other, client))
        time.sleep(0.3)
        assert client.journal.get(job.id).owner == client._engine.lease.name
        other.send_signal(signal.SIGCONT)
        time.sleep(1.0)
        service.seconds = 0
        assert job.result(20).path.exists()
        assert other.stdout.readline() == "completed True\n"
        assert [task.downloads for task in service.billed] == [1]
        assert_books_agree(client, service)


def test_the_job_of_a_process_that_is_at_work_is_not_taken_over(other, service, tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "QUIET_SECONDS", 90.0)
    service.seconds = 60
    with make_client(service.base_url, tmp_path) as client:
        job = client.job(other.stdout.readline().strip())
        with pytest.raises(ConfigurationError, match=f"process {other.pid} on .* at work"):
            client.take_over(job)
        assert "kill" not in jobs_bundle(client.jobs(), JOBS_SHOWN)["text/plain"]


def test_a_stopped_process_that_was_submitting_is_taken_over_without_sending_again(other, service, tmp_path):
    service.submit_seconds = 3.0
    with make_client(service.base_url, tmp_path) as client:
        wait_until(lambda: service.requests("submit"))
        (row,) = client.journal.newest()
        other.send_signal(signal.SIGSTOP)
        job = client.job(row.id)
        wait_until(lambda: (holder := client.holder_of(job)) and holder.is_quiet(time.time()))
        client.take_over(job)
        assert job.result(20).path.exists()
        other.send_signal(signal.SIGCONT)
        other.stdout.readline()
        assert other.stdout.readline() == "completed True\n"
        assert service.prompts() == ["A lighthouse at dusk"]
        assert_books_agree(client, service)
