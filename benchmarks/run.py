"""Runs every benchmark beside it, prints one table, and writes docs/benchmarks.md.

    python benchmarks/run.py [NAME ...]

Each `bench_*.py` is run by itself, in a process of its own, one after the other; what it prints goes into the
page as it is. The rows of its table of figures go into the one table at the top. The latest run of each is kept
in out/benchmarks: with names (`startup cell`) only those are run anew, and the page says when each was.
"""

from __future__ import annotations

import argparse
import json
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
KEPT = HERE.parent / "out" / "benchmarks"
HEAD = "| figure | measured | must reach | |"
VERSIONS = ("ipython", "ipykernel", "ipywidgets", "requests", "urllib3", "av", "pillow", "tornado")


class Run(NamedTuple):
    """One benchmark's run."""

    name: str
    about: str
    text: str
    code: int
    seconds: float
    when: str

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
        return f"## {self.name}\n\n{about}\n\n`python benchmarks/{self.name}.py`, {self.when}, in {self.seconds:.0f} s\n\n{body}{failed}\n"


def run(path: Path) -> Run:
    """Run one benchmark, and keep what it said."""
    about = path.read_text(encoding="utf-8").split('"""')[1].strip()
    load = f", load {os.getloadavg()[0]:.1f} before it" if hasattr(os, "getloadavg") else ""
    when = f"{datetime.now(timezone.utc).date().isoformat()}{load}"
    print(f"{path.stem} ...", flush=True)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(path)], cwd=HERE.parent, capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1} or not done.stdout.strip():
        print(done.stderr[-3000:], file=sys.stderr)
    one = Run(path.stem, about, done.stdout.strip(), done.returncode, time.perf_counter() - begun, when)
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{path.stem}.json").write_text(json.dumps(one._asdict(), indent=1), encoding="utf-8")
    return one


def kept(path: Path) -> Run | None:
    """Return the latest run of a benchmark, if there was one."""
    try:
        return Run(**json.loads((KEPT / f"{path.stem}.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def machine() -> str:
    """Say where this was, and with which versions."""
    known = {}
    for name in VERSIONS:
        try:
            known[name] = version(name)
        except ImportError:
            known[name] = "absent"
    packages = ", ".join(f"{name} {number}" for name, number in known.items())
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}, Python {platform.python_version()}; {packages}."


def table(runs: list[Run]) -> str:
    """Return one table of all the figures."""
    rows = [HEAD, "| --- | --- | --- | --- |"]
    for one in runs:
        rows += one.rows() or [f"| {one.name} | see below | | {'' if one.code == 0 else 'NOT MET'} |"]
    return "\n".join(rows)


def page(runs: list[Run]) -> str:
    """Return the whole page."""
    top = (
        "# Benchmarks\n\n"
        "Written by `make bench`; nothing here is edited by hand. Times depend on the machine and on what else it\n"
        "does; where it can be, a figure therefore stands beside another one from the same run. Each section says\n"
        "when it was run, and how busy the machine was with other things.\n"
    )
    return "\n".join([top, f"{machine()}\n", table(runs), "", *[one.section() for one in runs]])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="only these anew, without bench_ and .py")
    names = parser.parse_args().names
    paths = sorted(HERE.glob("bench_*.py"))
    chosen = [path for path in paths if not names or path.stem.removeprefix("bench_") in names]
    fresh = {path: run(path) for path in chosen}
    print(f"\n{machine()}\n\n{table(list(fresh.values()))}")
    runs = [one for path in paths if (one := fresh.get(path) or kept(path))]
    if len(runs) == len(paths):
        PAGE.write_text(page(runs), encoding="utf-8")
        print(f"\nwritten: {PAGE}")
    else:
        print("\ndocs/benchmarks.md is written once each benchmark has been run.")
    return int(any(one.code for one in fresh.values()))


if __name__ == "__main__":
    sys.exit(main())
