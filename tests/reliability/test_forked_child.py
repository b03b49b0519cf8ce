"""A process that is forked from a kernel, and outlives it, does not stand in for it."""

from __future__ import annotations

import os
import signal

import pytest
from faults.fast import assert_books_agree

from . import victim

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def test_a_job_is_taken_over_while_a_child_of_its_killed_kernel_lives_on(service, tmp_path, client):
    service.seconds = 0.5
    children = victim.processes().Queue()
    kernel = victim.start(victim.fork_and_stay, service.base_url, tmp_path, "A heron", children)
    child = children.get(timeout=30)
    try:
        kernel.kill()
        kernel.join()
        os.kill(child, 0)
        [job] = client.resume()
        assert job.result(10).path.exists()
        os.kill(child, 0)
    finally:
        os.kill(child, signal.SIGKILL)
    assert [task.downloads for task in service.billed] == [1]
    assert_books_agree(client, service)
