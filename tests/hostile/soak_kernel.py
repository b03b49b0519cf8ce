"""The kernel of the soak: a process that runs a notebook's cells, and is killed and interrupted while it does.

``python soak_kernel.py BASE_URL FOLDER CELLS THREAD_FAILURES CLOCK_ERROR``
"""

from __future__ import annotations

import collections
import contextlib
import random
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

#: Cells that a notebook runs at a time.
CELLS_AT_A_TIME = 3


def break_clock(hours: float) -> None:
    """Let this process believe that it is so many hours later."""
    true = time.time
    time.time = lambda: true() + 3600 * hours


def break_threads(share: float) -> None:
    """Let the system refuse a share of the threads that the package starts."""
    start = threading.Thread.start

    def unreliable(thread: threading.Thread) -> None:
        if thread.name.startswith("ltxv-") and random.random() < share:
            raise RuntimeError("can't start new thread")
        start(thread)

    threading.Thread.start = unreliable  # type: ignore[method-assign]


class CtrlC:
    """Lets an interrupt through while a cell is run, once, as a kernel does; between cells there is none."""

    def __init__(self) -> None:
        self._running = False
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        if self._running:
            self._running = False
            raise KeyboardInterrupt

    def __enter__(self) -> None:
        self._running = True

    def __exit__(self, *_: object) -> None:
        self._running = False


def run_all(base_url: str, folder: Path, cells: int) -> None:
    """Run every cell whose clip is not on disk, again and again, as an impatient user does."""
    # A real kernel has it long since, and an interrupt in the middle of this import spoils it for good.
    import asyncio  # noqa: F401

    from faults.fast import hurry, make_client

    hurry()
    client, ctrl_c = make_client(base_url, folder), CtrlC()
    (folder / "ready").touch()
    while True:
        with contextlib.suppress(KeyboardInterrupt), _told(), ctrl_c:
            _run_all(client, cells)
            time.sleep(0.2)


def _run_all(client, cells: int) -> None:
    jobs = collections.defaultdict(list)
    with _told():
        client.resume()
    for job in client.jobs():  # without them nothing is run: a cell that has its clip is not run again
        jobs[job.request.prompt].append(job)
    prompts = collections.deque(f"cell {number}" for number in range(cells))
    others = [
        threading.Thread(target=_work, args=(client, jobs, prompts)) for _ in range(CELLS_AT_A_TIME - 1)
    ]
    for thread in others:
        thread.start()
    _work(client, jobs, prompts)
    for thread in others:
        thread.join()


def _work(client, jobs, prompts) -> None:
    while True:
        try:
            prompt = prompts.popleft()
        except IndexError:
            return
        with _told():
            if not any(job.video for job in jobs[prompt]):
                jobs[prompt].append(client.submit(prompt))


@contextlib.contextmanager
def _told():
    """Say what a cell ended with, as a notebook does, and go on."""
    from ltxv_nb.errors import LTXVError

    try:
        yield
    except LTXVError as error:
        print(f"{type(error).__name__}: {error}", flush=True)


def main(base_url: str, folder: str, cells: str, thread_failures: str, clock_error: str) -> None:
    """Run the kernel until it is killed."""
    if float(clock_error):
        break_clock(float(clock_error))
    break_threads(float(thread_failures))
    run_all(base_url, Path(folder), int(cells))


if __name__ == "__main__":
    main(*sys.argv[1:])
