"""Whatever happens in whatever order: nothing is paid twice without an explicit word, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import ltxv_nb.engine.prepare
from ltxv_nb.errors import DuplicateRequest, LTXVError, SubmissionUnknown
from ltxv_nb.money.period import beginning

from .world import CREDITS, Process, World

PROMPTS = st.sampled_from(["A heron", "A harbour"])
KERNELS = st.integers(0, 1)
SUBMIT_FAULTS = [
    "nobody there",
    "429",
    "400",
    "403",
    "dropped",
    "failed inside",
    "lost",
    "late",
    "gateway",
    "garbled",
    "killed before",
    "killed after",
]
MOODS = {
    "poll": [None, "reset", "404", "500", "503", "429", "401", "garbage", "killed"],
    "video": [None, "reset", "403", "404", "503", "killed"],
    "video half": [None, "yes"],
    "logs": [None, "reset", "404", "503", "garbage", "killed"],
}


class Kernels(RuleBasedStateMachine):
    """Two kernels on one home, a service that misbehaves, and a user who runs cells again."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ltxv-world-"))
        self.world = World()
        self.kernels = []
        self.known_bill = 0
        #: The budget in credits, its period, when it was set, and what its period had been charged by then.
        self.budget = None
        self.times = ltxv_nb.engine.prepare.time
        ltxv_nb.engine.prepare.time = self.world.clock

    @initialize()
    def start(self):
        self.kernels = [Process(self.world, self.folder) for _ in range(2)]

    # -- what the user does ----------------------------------------------------------------------------------

    @rule(kernel=KERNELS, prompt=PROMPTS)
    def run_cell(self, kernel, prompt):
        self.submit(kernel, prompt, None, again=False)

    @rule(kernel=KERNELS, prompt=PROMPTS, fault=st.sampled_from(SUBMIT_FAULTS))
    def run_cell_in_bad_weather(self, kernel, prompt, fault):
        self.submit(kernel, prompt, fault, again=False)

    @rule(kernel=KERNELS, prompt=PROMPTS, fault=st.sampled_from([None, *SUBMIT_FAULTS]))
    def run_cell_with_again(self, kernel, prompt, fault):
        self.submit(kernel, prompt, fault, again=True)

    def submit(self, kernel, prompt, fault, *, again):
        process, before = self.kernels[kernel], len(self.world.billed)
        outstanding = self.outstanding(prompt)
        self.world.next_fault = fault
        with process.running() as client:
            try:
                process.jobs.append(
                    client.submit(prompt, duration=6, resolution="1080p", allow_duplicate=again)
                )
            except (SubmissionUnknown, DuplicateRequest) as error:
                process.jobs.append(error.job)
            except LTXVError:
                pass
        self.world.next_fault = None
        paid = len(self.world.billed) - before
        assert paid <= 1, "one cell, billed twice"
        assert again or not (outstanding and paid), "billed while an identical one was under way or in doubt"
        self.known_bill += paid

    @rule(kernel=KERNELS)
    def resume(self, kernel):
        process = self.kernels[kernel]
        with process.running() as client:
            process.jobs += client.resume()

    @rule(kernel=KERNELS)
    def stop_the_newest(self, kernel):
        process = self.kernels[kernel]
        with process.running() as client:
            for job in client.jobs(limit=1):
                job.stop()

    @rule(kernel=KERNELS)
    def restart(self, kernel):
        with self.kernels[kernel].running() as client:
            client.close()
        self.kernels[kernel].kill()
        self.kernels[kernel] = Process(self.world, self.folder)

    @rule(kernel=KERNELS)
    def kill(self, kernel):
        self.kernels[kernel].kill()
        self.kernels[kernel] = Process(self.world, self.folder)

    @rule(kernel=KERNELS, nth=st.integers(1, 6), when=st.sampled_from(["before", "inside", "after"]))
    def will_die_at_a_write(self, kernel, nth, when):
        self.kernels[kernel].die_at = (nth, when)

    @rule(kernel=KERNELS, usd=st.sampled_from([None, 0.5, 1.2, 4.0]), per=st.sampled_from([None, "day"]))
    def set_a_budget(self, kernel, usd, per):
        done = False
        while not done:
            with self.kernels[kernel].running() as client:
                client.set_budget(usd, per)
                done = True
            self.someone_starts_a_dead_kernel_again()
        now = self.world.clock.now
        self.budget = None if usd is None else (round(usd * 2_000_000), per, now, self.charged_by(per, now))

    # -- what the world does ---------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.5, 3.0, 30.0, 90.0]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    @rule(seconds=st.sampled_from([30.0, 120.0]))
    def fair_weather(self, seconds):
        self.world.mood.clear()
        self.pass_time(seconds)

    @rule()
    def a_night_passes(self):
        self.world.clock.now += 86_400
        self.pass_time(3.0)

    @rule(
        change=st.sampled_from(sorted(MOODS)).flatmap(
            lambda where: st.tuples(st.just(where), st.sampled_from(MOODS[where]))
        )
    )
    def mood_changes(self, change):
        where, mood = change
        self.world.mood.pop(where, None)
        if mood:
            self.world.mood[where] = mood

    @rule(
        takes=st.sampled_from([1.0, 20.0, 200.0]),
        listed=st.sampled_from([0.0, 1.0, 250.0]),
        forgotten=st.sampled_from([0.0, 10.0]),
    )
    def service_changes_its_pace(self, takes, listed, forgotten):
        self.world.takes, self.world.listed_after, self.world.forgotten_for = takes, listed, forgotten

    @rule()
    def addresses_expire(self):
        self.world.url_version += 1

    @rule(which=st.integers(0, 5))
    def a_task_will_fail(self, which):
        for task in self.world.billed[which : which + 1]:
            task.fails = task.fails or self.world.clock.now < task.taken_at + task.takes

    # -- what must hold --------------------------------------------------------------------------------------

    @invariant()
    def someone_starts_a_dead_kernel_again(self):
        for number, process in enumerate(self.kernels):
            if process.dead:
                self.kernels[number] = Process(self.world, self.folder)

    @invariant()
    def money_is_spent_by_cells_alone(self):
        assert len(self.world.billed) == self.known_bill

    @invariant()
    def no_budget_is_passed(self):
        if self.budget is None:
            return
        credits_, per, set_at, spent_before = self.budget
        if per == "day" and self.began("day") > set_at:
            spent_before = 0
        assert self.charged_by(per, set_at) <= max(credits_, spent_before)

    @invariant()
    def no_half_file_has_a_final_name(self):
        videos = {task.video for task in self.world.billed}
        for path in (self.folder / "videos").glob("*.mp4"):
            assert path.read_bytes() in videos

    def teardown(self):
        try:
            if self.kernels:
                self.settle()
        finally:
            ltxv_nb.engine.prepare.time = self.times
            for process in self.kernels:
                process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self):
        """The service recovers, the kernels die, one last kernel picks everything up."""
        for process in self.kernels:
            process.kill()
        self.world.mood.clear()
        last = Process(self.world, self.folder)
        self.kernels = [last]
        last.jobs += last.client.resume()
        taken = {task.client_request_id for task in self.world.billed}
        for _ in range(40):
            self.pass_time(100)
            open_jobs = [row for row in last.client.journal.open() if row.client_request_id in taken]
            if not open_jobs:
                break
        last.client.journal.check()
        rows = last.client.journal.newest()
        files = sorted(path.read_bytes() for path in (self.folder / "videos").glob("*.mp4"))
        for task in self.world.billed:
            states = [row.state for row in rows if row.generation_id == task.id]
            assert states == ["failed" if task.fails else "saved"], (states, task)
        assert files == sorted(task.video for task in self.world.billed if not task.fails)
        assert not list((self.folder / "videos").glob("*.part*"))
        assert len(self.world.billed) == self.known_bill
        reserved = [row for row in rows if row.reserved_credits is not None]
        assert {str(row.state) for row in reserved} <= {"unknown", "submitting", "lost"}
        assert not taken & {row.client_request_id for row in reserved}, "it is settled, and still reserved"
        counted = last.client.journal.query(lambda rows: rows.counted("aimlapi", 0.0), None)
        unsettled = CREDITS * len(reserved)
        assert counted == (self.world.charged(0.0) + unsettled, unsettled)

    # -- means -----------------------------------------------------------------------------------------------

    def began(self, per):
        """When the period began, by this world's clock."""
        clock = self.world.clock
        return beginning(per, clock.time()) - clock.start

    def charged_by(self, per, set_at):
        """What a budget has to count that was set at a moment."""
        return self.world.charged(set_at if per is None else self.began(per))

    def outstanding(self, prompt):
        """Whether a billed generation of this prompt is not on disk yet, as the world alone knows."""
        files = {path.read_bytes() for path in (self.folder / "videos").glob("*.mp4")}
        return any(
            task.prompt == prompt and not task.fails and task.video not in files for task in self.world.billed
        )

    def pass_time(self, seconds):
        clock, end = self.world.clock, self.world.clock.now + seconds
        while clock.now < end:
            waits = []
            for number, process in enumerate(self.kernels):
                with process.running():
                    waits.append(process.client._engine.tracker.step())
                if process.dead:
                    self.kernels[number] = Process(self.world, self.folder)
            clock.now = min(end, clock.now + max(0.05, min(waits, default=seconds)))


Kernels.TestCase.settings = settings(
    max_examples=int(os.environ.get("LTXV_EXAMPLES", "100")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestWhateverHappens = pytest.mark.timeout(3600)(Kernels.TestCase)
