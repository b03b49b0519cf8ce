"""Runs every benchmark beside it, prints one table, and writes docs/benchmarks.md.

    python benchmarks/run.py [NAME ...] [--no-write]

Each `bench_*.py` is run by itself, in a process of its own, one after the other; what it prints goes into the
page as it is. The rows of its table of figures go into the one table at the top. With names (`startup cell`),
only those are run, and the page is left alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
HEAD = "| figure | measured | must reach | |"
VERSIONS = ("ipython", "ipykernel", "ipywidgets", "requests", "urllib3", "av", "pillow", "tornado")


class Run(NamedTuple):
    """One benchmark's run."""

    name: str
    about: str
    text: str
    code: int
    seconds: float

    def rows(self) -> list[str]:
        """Return the rows of its table of figures."""
        _, _, rest = self.text.partition(HEAD)
        return [line for line in rest.splitlines()[2:] if line.startswith("| ")]

    def section(self) -> str:
        """Return its part of the page."""
        table = any(line.startswith("|") for line in self.text.splitlines())
        body = (
            re.sub(r"^#+ (.*)$", r"**\1**", self.text, flags=re.MULTILINE)
            if table
            else f"```text\n{self.text}\n```"
        )
        failed = "" if self.code == 0 else "\n\nThis run did not reach everything it must."
        about = self.about.partition("\n\n    python")[0]
        return f"## {self.name}\n\n{about}\n\n`python benchmarks/{self.name}.py`, {self.seconds:.0f} s\n\n{body}{failed}\n"


def run(path: Path) -> Run:
    """Run one benchmark."""
    about = path.read_text(encoding="utf-8").split('"""')[1].strip()
    print(f"{path.stem} ...", flush=True)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=HERE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1} or not done.stdout.strip():
        print(done.stderr[-3000:], file=sys.stderr)
    return Run(path.stem, about, done.stdout.strip(), done.returncode, time.perf_counter() - begun)


def machine() -> str:
    """Say when and where this was, and with which versions."""
    known = {}
    for name in VERSIONS:
        try:
            known[name] = version(name)
        except ImportError:
            known[name] = "absent"
    packages = ", ".join(f"{name} {number}" for name, number in known.items())
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    today = datetime.now(timezone.utc).date().isoformat()
    return (
        f"{today}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores (load {load} before the run), "
        f"Python {platform.python_version()}; {packages}."
    )


def table(runs: list[Run]) -> str:
    """Return one table of all the figures."""
    rows = [HEAD, "| --- | --- | --- | --- |"]
    for one in runs:
        rows += one.rows() or [f"| {one.name} | see below | | {'' if one.code == 0 else 'NOT MET'} |"]
    return "\n".join(rows)


def page(where: str, runs: list[Run]) -> str:
    """Return the whole page."""
    top = (
        "# Benchmarks\n\n"
        "Written by `make bench` from one run; nothing here is edited by hand. Times depend on the machine and on\n"
        "what else it does; where it can be, a figure therefore stands beside another one from the same run.\n"
    )
    return "\n".join([top, f"{where}\n", table(runs), "", *[one.section() for one in runs]])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="only these, without bench_ and .py")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md alone")
    given = parser.parse_args()
    paths = sorted(HERE.glob("bench_*.py"))
    chosen = [path for path in paths if not given.names or path.stem.removeprefix("bench_") in given.names]
    where = machine()
    runs = [run(path) for path in chosen]
    print(f"\n{where}\n\n{table(runs)}")
    if not given.names and not given.no_write:
        PAGE.write_text(page(where, runs), encoding="utf-8")
        print(f"\nwritten: {PAGE}")
    return int(any(one.code for one in runs))


if __name__ == "__main__":
    sys.exit(main())
