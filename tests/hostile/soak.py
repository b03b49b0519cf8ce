"""Random faults from all sides at once over hundreds of jobs: nothing lost, paid twice, or saved as another's.

``python -m tests.hostile.soak --seconds 1800 --seed 7`` repeats rounds of 200 jobs until the time is over.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.books import paid_twice

from hostile.soak_faults import CHANCES, EVENTS, HANDICAPS, names
from hostile.soak_service import SoakService, mark
from ltxv_nb.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Jobs of a round; seconds of its faults at most; and seconds that everything may take to drain afterwards.
JOBS, FAULT_SECONDS, DRAIN_SECONDS = 200, 45.0, 300.0

#: The most memory that a kernel may take, in megabytes.
MOST_MEMORY = 400.0


@dataclass
class Result:
    """What came of one or more rounds."""

    jobs: int = 0
    billed: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    swapped: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    memory: float = 0.0
    met: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def good(self) -> bool:
        """Whether every promise was kept."""
        broken = self.lost or self.twice or self.swapped or self.crashes
        return not broken and self.memory < MOST_MEMORY

    def add(self, other: Result) -> None:
        """Take in another round."""
        self.jobs += other.jobs
        self.billed += other.billed
        self.lost += other.lost
        self.twice += other.twice
        self.swapped += other.swapped
        self.crashes += other.crashes
        self.memory = max(self.memory, other.memory)
        self.met += other.met

    def __str__(self) -> str:
        return (
            f"{self.jobs} jobs, {self.billed} billed; {sum(self.met.values())} faults; lost: {len(self.lost)}; "
            f"paid twice: {len(self.twice)}; with another's clip: {len(self.swapped)}; kernels that ended by "
            f"themselves: {len(self.crashes)}; most memory of a kernel: {self.memory:.0f} MB"
        )


class Kernel:
    """The process that is tormented, started again whenever it has died."""

    def __init__(self, base_url: str, folder: Path, rng: random.Random, handicaps: set[str]) -> None:
        self._base_url, self._folder, self._rng, self._handicaps = base_url, folder, rng, handicaps
        self.crashes: list[str] = []
        self.memory = 0.0
        self.met: collections.Counter[str] = collections.Counter()

    def start(self, *, sound: bool = False) -> None:
        """Start it; a sound one has no handicap."""
        drawn = {
            name for name in sorted(self._handicaps) if not sound and self._rng.random() < HANDICAPS[name]
        }
        self.met.update(drawn)
        threads = 0.2 if "kernel: threads that cannot be started" in drawn else 0
        hours = self._rng.choice((-100, -20, -2, 2, 20, 100))
        clock = hours if "kernel: a clock that is hours wrong" in drawn else 0
        (self._folder / "ready").unlink(missing_ok=True)
        script = Path(__file__).with_name("soak_kernel.py")
        with (self._folder / "kernel.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, script, self._base_url, self._folder, str(JOBS), str(threads), str(clock)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def ready(self) -> bool:
        """Whether it runs cells."""
        return (self._folder / "ready").exists()

    def look(self) -> None:
        """Note its memory; and if it has ended by itself, say so, and start another."""
        self.memory = max(self.memory, _peak_memory(self._process.pid))
        if self._process.poll() is not None:
            tail = (self._folder / "kernel.log").read_text(errors="replace")[-3000:]
            self.crashes.append(f"exit code {self._process.returncode}:\n{tail}")
            self.start()

    def kill(self) -> None:
        """End it with no warning."""
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Kill it, and start another."""
        self.kill()
        self.start()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)


def _peak_memory(pid: int) -> float:
    """Return the most memory that a process has had, in megabytes; where that is not known, what it has now."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
        return 0.0
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss / 1e6
    return 0.0


class Round:
    """One home, one service, and 200 cells.

    Parameters
    ----------
    folder : Path
        For the home and the videos.
    seed : int
        Of the faults; which thread meets which of them is up to the machine.
    without : set of str
        Names of faults that do not happen.
    """

    def __init__(self, folder: Path, seed: int, without: set[str]) -> None:
        chances = tuple(chance for chance in CHANCES if chance.name not in without)
        self.folder, self._rng = folder, random.Random(seed)
        self.service = SoakService(chances, seed)
        self._events = {name: rate for name, rate in EVENTS.items() if name not in without}
        self.kernel = Kernel(self.service.base_url, folder, self._rng, set(HANDICAPS) - without)
        self._held_until = 0.0
        self._holder: sqlite3.Connection | None = None

    @property
    def journal_file(self) -> Path:
        """The journal."""
        return self.folder / "home" / "journal.sqlite"

    def run(self) -> Result:
        """Torment the kernel, let everything drain, and compare the books."""
        with self.service:
            self.kernel.start()
            try:
                self._torment()
                self._let_go_of_journal()
                self.service.heal()
                self.kernel.kill()
                self.kernel.start(sound=True)
                self._drain()
            finally:
                self.kernel.kill()
            return self._result()

    def _torment(self) -> None:
        until = time.monotonic() + FAULT_SECONDS
        while time.monotonic() < until and not self._all_saved():
            time.sleep(0.05)
            self.kernel.look()
            if self._holder is not None and time.monotonic() > self._held_until:
                self._let_go_of_journal()
            for name, per_minute in self._events.items():
                if self._rng.random() < per_minute / 60 * 0.05 and self.kernel.ready:
                    self.kernel.met[name] += 1
                    self._happen(name)

    def _happen(self, name: str) -> None:
        happenings: dict[str, Callable[[], None]] = {
            "kernel: killed": self.kernel.restart,
            "kernel: interrupted": self.kernel.interrupt,
            "journal: held by another process": self._hold_journal,
        }
        happenings[name]()

    def _hold_journal(self) -> None:
        if self._holder is not None or not self.journal_file.exists():
            return
        holder = sqlite3.connect(self.journal_file, timeout=0.2, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            holder.close()
            return
        self._holder, self._held_until = holder, time.monotonic() + self._rng.uniform(0.1, 2.5)

    def _let_go_of_journal(self) -> None:
        if self._holder is not None:
            self._holder.execute("ROLLBACK")
            self._holder.close()
            self._holder = None

    def _drain(self) -> None:
        """Wait until every cell has a clip, but those that were never sent, and every billed task is on disk."""
        until = time.monotonic() + DRAIN_SECONDS
        settled = 0  # in a row: what a killed kernel has just sent may still be on its way to the books
        while time.monotonic() < until and settled < 4:
            time.sleep(0.25)
            self.kernel.look()
            is_settled = self.kernel.ready and not self._unsaved() and self._all_settled()
            settled = settled + 1 if is_settled else 0

    def _rows(self) -> list[tuple[str, str, str | None, str | None, str | None]]:
        """Return state, prompt, generation id, client request id and file of every row."""
        if not self.journal_file.exists():
            return []
        query = "SELECT state, prompt, generation_id, client_request_id, file FROM generations"
        with contextlib.closing(sqlite3.connect(self.journal_file, timeout=5)) as connection:
            try:
                return connection.execute(query).fetchall()
            except sqlite3.OperationalError:  # it is being made
                return []

    def _all_saved(self) -> bool:
        return len({prompt for state, prompt, *_ in self._rows() if state == "saved"}) >= JOBS

    def _all_settled(self) -> bool:
        """Whether each cell has a clip, or was killed before it was sent, which nobody can ever know."""
        billed = {task.client_request_id for task in self.service.billed}
        settled = {
            prompt
            for state, prompt, _, name, _ in self._rows()
            if state == "saved" or (state == "unknown" and name not in billed)
        }
        return len(settled) >= JOBS

    def _unsaved(self) -> list[str]:
        """Return the ids that were billed, and are not in exactly one row that is saved."""
        saved = collections.Counter(name for state, _, name, _, _ in self._rows() if state == "saved")
        all_rows = collections.Counter(name for _, _, name, _, _ in self._rows())
        return [task.id for task in self.service.billed if (saved[task.id], all_rows[task.id]) != (1, 1)]

    def _result(self) -> Result:
        journal = Journal(self.journal_file)
        journal.check()
        rows = journal.newest()
        journal.close()
        tasks = {task.id: task for task in self.service.billed}
        lost = set(self._unsaved())
        good = [row for row in rows if row.generation_id and row.generation_id not in lost]
        swapped = [
            row.prompt
            for row in rows
            if row.file and Path(row.file).exists() and mark(row.prompt) not in Path(row.file).read_bytes()
        ]
        spoilt = [
            row.generation_id
            for row in good
            if row.generation_id in tasks
            and Path(row.file or "").read_bytes() != self.service.video_of(tasks[row.generation_id])
        ]
        return Result(
            len(rows),
            len(tasks),
            sorted(f"{tasks[name].prompt} ({name})" for name in {*lost, *spoilt}),
            paid_twice(self.folder, good),
            swapped,
            self.kernel.crashes,
            self.kernel.memory,
            self.service.met + self.kernel.met,
        )


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept
        return
    with tempfile.TemporaryDirectory(prefix="ltxv-soak-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def soak(seconds: float, seed: int, without: set[str], keep: Path | None = None) -> Result:
    """Run rounds until the time is over, one at least.

    Parameters
    ----------
    seconds : float
        No round begins later than this.
    seed : int
        Of the first round; each next one has the next.
    without : set of str
        Names of faults that do not happen.
    keep : Path, optional
        Where the home of a round that failed is kept.
    """
    end, total = time.monotonic() + seconds, Result()
    for number in range(sys.maxsize):
        with _folder(keep / str(seed + number) if keep else None) as folder:
            result = Round(folder, seed + number, without).run()
            if keep and result.good:
                shutil.rmtree(folder)
        print(f"seed {seed + number}: {result}", flush=True)
        total.add(result)
        if time.monotonic() >= end or not result.good:
            return total
    return total


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long rounds are begun (default: 60)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of the first round")
    parser.add_argument("--without", action="append", default=[], metavar="FAULT", help="switch a fault off")
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="switch all others off")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the home of a round that failed")
    parser.add_argument("--list", action="store_true", help="name the faults, and end")
    given = parser.parse_args(arguments)
    if given.list:
        print("\n".join(names()))
        return 0
    if unknown := {*given.without, *given.only} - set(names()):
        parser.error(f"there is no fault named {', '.join(sorted(unknown))}: see --list")
    without = set(given.without)
    without |= set(names()) - set(given.only) if given.only else set()
    total = soak(given.seconds, given.seed, without, given.keep)
    for name, count in sorted(total.met.items()):
        print(f"{count:6}  {name}")
    print(f"in all: {total}")
    for what in ("lost", "twice", "swapped", "crashes"):
        for item in getattr(total, what):
            print(f"{what}: {item}")
    return 0 if total.good else 1


if __name__ == "__main__":
    for name in ("LTXV_HOME", "LTXV_BACKEND"):  # it brings a service of its own
        os.environ.pop(name, None)
    sys.exit(main())
