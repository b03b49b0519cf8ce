"""What runs in the processes that are killed: a notebook's work, with the product as it is."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from faults.fast import hurry, make_client

import ltxv_nb.client
import ltxv_nb.media.download
from ltxv_nb.errors import DuplicateRequest, LTXVError, SubmissionUnknown
from ltxv_nb.journal import connections, schema

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext
    from multiprocessing.process import BaseProcess
    from pathlib import Path


#: What takes time to load, and is loaded before the fork.
LOADED_ONCE = [
    "av",
    "http.server",
    "PIL.Image",
    "requests",
    "ltxv_nb.client",
    "ltxv_nb.engine.save",
    "ltxv_nb.engine.submit",
    "ltxv_nb.engine.tracker",
    "ltxv_nb.media.download",
    "ltxv_nb.media.names",
]


def processes() -> BaseContext:
    """Return the way to start processes: real ones, forked from a clean server where that is possible."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LOADED_ONCE)
    return context


def start(target: Any, *args: Any) -> BaseProcess:
    """Start a process."""
    process = processes().Process(target=target, args=args, daemon=True)
    process.start()
    return process


def die() -> None:
    """End this very process at once, as `kill -9` does."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def run_cell(client: ltxv_nb.Client, prompt: str, **options: Any) -> Any:
    """Run a cell again, as "Run All" does: what is finished is left, what is under way is waited for."""
    if any(job.request.prompt == prompt and job.video for job in client.jobs(limit=200)):
        return None
    try:
        return client.submit(prompt, **options)
    except (DuplicateRequest, SubmissionUnknown) as error:
        return error.job


def settled(job: Any) -> bool:
    return job is None or job.done() or job.status == "unknown"


def work_until_killed(base_url: str, folder: Path, number: int, ready: Any) -> None:
    """Pick up what is unfinished, run the last notebook's cells again, then new ones, two at a time."""
    hurry()
    client = make_client(base_url, folder)
    ready.set()
    client.resume()
    for cell in itertools.chain(
        [(number - 1, 0), (number - 1, 2)], ((number, n) for n in itertools.count(step=2))
    ):
        jobs = [run_cell(client, f"notebook {cell[0]} cell {cell[1] + offset}") for offset in range(2)]
        while not all(map(settled, jobs)):
            time.sleep(0.005)


def one_job(base_url: str, folder: Path, prompt: str, failpoint: tuple[str, int] | None) -> None:
    """Run one cell to its end, or to the failpoint: before, inside or after the n-th write to the journal."""
    hurry()
    if failpoint:
        arm(*failpoint)
    client = make_client(base_url, folder)
    client.resume()
    job = run_cell(client, prompt)
    deadline = time.monotonic() + 5
    while not (job is None or job.done()) and time.monotonic() < deadline:
        time.sleep(0.005)
    client.close()


def arm(when: str, nth: int) -> None:
    """Let the process die at its n-th transaction; one that found the journal busy never was inside."""
    transact, calls, insides = schema.transact, itertools.count(1), itertools.count(1)

    def deadly(connection: Any, work: Any) -> Any:
        hit = next(calls) == nth

        def deadly_work(connection: Any) -> Any:
            hit_inside = next(insides) == nth
            try:
                return work(connection)
            finally:  # also where a guard has refused the row
                if hit_inside and when == "inside":
                    die()

        if hit and when == "before":
            die()
        try:
            return transact(connection, deadly_work)
        finally:
            if hit and when == "after":
                die()

    schema.transact = connections.transact = deadly


HOURS = [f"hour {number}" for number in range(20)]


def sweep_until_killed(base_url: str, folder: Path, barrier: Any) -> None:
    """Run the same sweep as another process, at the same moment, and stay until all of it is made."""
    hurry()
    client = make_client(base_url, folder)
    client.resume()
    barrier.wait(60)
    client.sweep("A heron at {hour}", hour=HOURS, takes=2).wait()


def submit_at_once(base_url: str, folder: Path, prompts: list[str], barrier: Any, answers: Any) -> None:
    """Submit the same requests as another process, at the same moment."""
    hurry()
    client = make_client(base_url, folder)
    for prompt in prompts:
        barrier.wait(30)
        try:
            job = client.submit(prompt)
            answers.put("sent")
        except DuplicateRequest as error:
            job = error.job
            answers.put("duplicate")
        job.watch().wait(20)
    client.close()


def watch_for_ever(base_url: str, folder: Path, name: str, prompts: list[str], ready: Any) -> None:
    """Submit, resume, and stay; each request of this process carries its name."""
    hurry()
    client = make_client(base_url, folder)
    _sign(client, name)
    for prompt in prompts:
        with contextlib.suppress(LTXVError):
            client.submit(prompt)
    jobs = client.resume()  # noqa: F841 - held, so that they are watched
    ready.set()
    time.sleep(60)


def _sign(client: ltxv_nb.Client, name: str) -> None:
    new_session = client.api._new_session

    def signed(*args: Any, **options: Any) -> Any:
        session = new_session(*args, **options)
        session.headers["X-Test-Process"] = name
        return session

    client.api._new_session = signed
    ltxv_nb.media.download._HEADERS["X-Test-Process"] = name


def one_job_with_small_files(base_url: str, folder: Path, prompt: str) -> None:
    """Run one cell in a process that may write no file larger than a megabyte."""
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    one_job(base_url, folder, prompt, None)


def fork_and_stay(base_url: str, folder: Path, prompt: str, children: Any) -> None:
    """Submit, fork a child that does nothing for a minute, and stay."""
    hurry()
    client = make_client(base_url, folder)
    job = client.submit(prompt)  # noqa: F841 - held, so that it is tracked
    child = os.fork()
    if child == 0:
        time.sleep(60)
        os._exit(0)
    children.put(child)
    time.sleep(60)
