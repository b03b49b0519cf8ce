"""A sweep whose kernels are killed: run again, it goes on, and no cell of it is ever bought twice."""

from __future__ import annotations

import collections
import os
import random
import time

import pytest
from faults.fast import assert_books_agree, hurry, make_client, wait_until
from faults.faults import limited, reset
from faults.service import FaultService

from . import victim

KILLS = int(os.environ.get("LTXV_KILLS", "8"))
SEED = int(os.environ.get("LTXV_KILLS_SEED") or random.randrange(2**32))


@pytest.mark.timeout(3600)
def test_a_sweep_that_is_killed_at_any_moment_and_run_again_buys_each_cell_once(tmp_path, monkeypatch):
    hurry(monkeypatch.setattr)
    rng = random.Random(SEED)
    sent = []
    with FaultService(polls_needed=2, seconds=0.05) as service:
        service.submit_seconds = 0.05
        for number in range(KILLS):
            if number % 3 == 1:
                service.meet("submit", limited("0", "busy"), reset(bills=True), limited("0", "busy"))
            barrier = victim.processes().Barrier(3)
            both = [
                victim.start(victim.sweep_until_killed, service.base_url, tmp_path, barrier) for _ in range(2)
            ]
            barrier.wait(60)
            before, until = len(service.requests("submit")), time.monotonic() + 3
            while len(service.requests("submit")) == before and time.monotonic() < until:
                time.sleep(0.005)  # no request comes once there is nothing more to buy
            time.sleep(rng.uniform(0, 0.15))
            for process in both:
                process.kill()
                process.join()
            sent.append(len(service.billed))
        time.sleep(0.2)
        wait_until(lambda: not service.open_connections, 10)
        print(f"seed {SEED}: clips billed after each kill: {sent}")
        service.heal()
        with make_client(service.base_url, tmp_path) as client:
            client.resume()
            batch = client.sweep("A heron at {hour}", hour=victim.HOURS, takes=2)
            taken = {task.client_request_id for task in service.billed}

            def over():
                taken.update(task.client_request_id for task in service.billed)
                return not batch._sender.is_sending and all(
                    cell.done() or cell.job.record.client_request_id not in taken for cell in batch.cells
                )

            wait_until(over, 60)
            rows = [row for row in client.journal.newest() if row.generation_id]
            bought = collections.Counter((row.batch_id, row.cell_key) for row in rows)
            assert set(bought.values()) == {1}
            assert len(rows) == len(service.billed) <= 2 * len(victim.HOURS)
            assert set(collections.Counter(service.prompts()).values()) <= {1, 2}
            # What was killed before it was sent is in doubt, and is not bought again; all the others are there.
            in_doubt = [row for row in client.journal.newest() if row.state == "unknown"]
            assert all(row.client_request_id not in taken for row in in_doubt)
            assert len(rows) + len(in_doubt) == 2 * len(victim.HOURS)
            assert len(client.batches()) == 1
            assert_books_agree(client, service)
