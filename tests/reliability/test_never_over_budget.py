"""A budget that many processes share is never passed, by not one clip, whatever is lost, refused or killed."""

from __future__ import annotations

import itertools
import os
import random
import sys
import time

import pytest
from faults import faults
from faults.fast import hurry, make_client, wait_until
from faults.service import FaultService

from ltxv_nb.errors import BudgetExceeded, LTXVError

from . import victim

ROUNDS = int(os.environ.get("LTXV_BUDGET_ROUNDS", "1"))
CLIPS = int(os.environ.get("LTXV_BUDGET_CLIPS", "12"))
SEED = int(os.environ.get("LTXV_BUDGET_SEED") or random.randrange(2**32))

PROCESSES = 6
#: What one clip costs by the price list, and is billed by the service, in credits: 6 s at $0.042 a second.
CLIP = {"model": "ltxv-2-fast", "duration": 6, "resolution": "1080p"}
CREDITS = 504_000


def failed_inside():
    """Return the fault of a request that is lost on the way in, and listed as failed."""

    def act(handler):
        handler.server.service.failed_requests.append(handler.headers["X-Client-Request-Id"])
        handler.reset()

    return faults.Fault("failed inside", act)


WEATHER = [
    *[faults.limited("0", "429")] * 3,
    *[faults.reset(bills=True)] * 3,
    faults.half_reply(bills=True),
    faults.answer(502, b"<html>", {"Content-Type": "text/html"}, bills=True),
    faults.answer(403),
    failed_inside(),
    failed_inside(),
]


class RoughService(FaultService):
    """Every third submission meets a fault; some tasks fail, and those are not charged."""

    def __init__(self, rng):
        super().__init__(polls_needed=0)
        self.rng = rng

    def next_fault(self, endpoint):
        if endpoint == "submit" and self.rng.random() < 0.35:
            return self.rng.choice(WEATHER)
        return super().next_fault(endpoint)

    def take(self, body, client_request_id):
        task = super().take(body, client_request_id)
        if self.rng.random() < 0.1:
            task.failed = "Unsafe"
        return task

    def charged(self):
        return CREDITS * sum(task.failed is None for task in self.billed)


def spend(base_url, folder, number, clips, ready):
    """Submit clips one after the other, as many as fit; what is under way already is left alone."""
    hurry()
    client = make_client(base_url, folder)
    ready.set()
    for clip in range(clips):
        try:
            client.submit(f"process {number} clip {clip}", **CLIP).stop()
        except LTXVError:
            continue
    client.close()


def start(service, folder, number):
    ready = victim.processes().Event()
    return victim.start(spend, service.base_url, folder, number, CLIPS, ready), ready


@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    sys.platform == "win32", reason="a process that is killed there takes its locks along late"
)
@pytest.mark.parametrize("number", range(ROUNDS))  # not the seed, which each worker draws for itself
def test_a_budget_is_never_passed_by_processes_that_are_killed_between_faults(tmp_path, monkeypatch, number):
    hurry(monkeypatch.setattr)
    seed = SEED + number
    rng, started = random.Random(seed), time.monotonic()
    fit = PROCESSES * CLIPS // 2
    with RoughService(rng) as service, make_client(service.base_url, tmp_path) as client:
        client.set_budget(fit * CREDITS / 2_000_000, rng.choice([None, "day", "month"]))
        budget = client.budget.limit.credits
        service.submit_seconds = 0.02
        running = {number: start(service, tmp_path, number) for number in range(PROCESSES)}
        kills = 0
        for _ in range(max(4, CLIPS // 4)):
            number = rng.randrange(PROCESSES)
            process, ready = running[number]
            assert ready.wait(300)
            time.sleep(rng.uniform(0, 0.3))
            if process.is_alive():
                process.kill()
                process.join()
                kills += 1
                running[number] = start(service, tmp_path, number)
            assert service.charged() <= budget
        for process, _ in running.values():
            process.join(600)
            assert process.exitcode == 0
        wait_until(lambda: not service.open_connections, 10)
        assert service.charged() <= budget
        assert len(service.requests("submit")) >= fit, "the processes have tried to use it up"
        settle(client, service)
        # What was released meanwhile may be used, and is: by one process at fair weather, to the last clip.
        service.rng = random.Random()
        service.rng.random = lambda: 1.0
        for number in itertools.count():
            try:
                client.submit(f"the last clips, {number}", **CLIP)
            except BudgetExceeded:
                break
        settle(client, service)
        left = client.budget
        kept = [row for row in client.journal.newest() if row.reserved_credits is not None]
        assert {str(row.state) for row in kept} <= {"unknown"}, "nothing stays reserved that is settled"
        taken = {task.client_request_id for task in service.billed}
        assert not [row for row in kept if row.client_request_id in taken]
        assert (left.spent_credits, left.reserved_credits) == (service.charged(), CREDITS * len(kept))
        assert budget - CREDITS < service.charged() + CREDITS * len(kept) <= budget, "what fits is used"
        print(
            f"seed {seed}: {len(service.requests('submit'))} requests, {len(service.billed)} taken, {kills} kills, "
            f"{len(kept)} never sent, {time.monotonic() - started:.1f} s"
        )


def settle(client, service):
    """Pick up what is unfinished until nothing is left but what was killed before it was sent."""
    jobs = client.resume()
    taken = {task.client_request_id for task in service.billed} | set(service.failed_requests)
    wait_until(
        lambda: all(job.done() or job.record.client_request_id not in taken for job in jobs), 60 + len(jobs)
    )
    for job in client.resume():
        job.stop()
