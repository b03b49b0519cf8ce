"""What `%load_ext ltxv_nb` adds to IPython's start, beside jupysql's in the same run; and what imports load.

    python benchmarks/bench_startup.py [--repeat 15]

Both are loaded in the environment of the other clients (out/bench-venv), in turn, each in a fresh process;
the medians are told. Judged is the processor's time, which other work on the machine does not stretch; the
time by the clock stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench_sdks import bench_python
from report import Figure, show

CASES = {"ltxv_nb": "ltxv_nb", "jupysql": "sql"}
SHARE = 0.10
HEAVY = ("requests", "ipywidgets", "av", "PIL", "tornado", "numpy")

_LOOK = """
import json, os, sys, threading
before = set(sys.modules)
import ltxv_nb
loaded = sorted(name for name in {heavy!r} if name in sys.modules)
print(json.dumps([loaded, threading.active_count(), sorted(os.listdir({home!r}))]))
"""


_LOAD = """
import time
clock, used = time.perf_counter(), time.process_time()
get_ipython().run_line_magic("load_ext", {name!r})
print("took", time.process_time() - used, time.perf_counter() - clock)
"""


class Cost(NamedTuple):
    """What loading took, in seconds."""

    processor: float
    clock: float


def load(python: Path, name: str, folder: str) -> Cost:
    """Load one extension in a fresh IPython."""
    # Compiled modules are kept, as an installed package has them.
    unwanted = ("LTXV_", "AIML", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    env = {**kept, "IPYTHONDIR": f"{folder}/ipython", "LTXV_HOME": f"{folder}/home"}
    command = [
        str(python),
        "-m",
        "IPython",
        "--no-banner",
        "--no-confirm-exit",
        "-c",
        _LOAD.format(name=name),
    ]
    done = subprocess.run(
        command, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return Cost(*map(float, done.stdout.rpartition("took")[2].split()))


def added(python: Path, repeat: int, folder: str) -> dict[str, Cost]:
    """Return what each adds to IPython's start: the medians."""
    runs = {case: [] for case in CASES}
    for name in CASES.values():
        load(python, name, folder)  # the first one writes bytecode
    for _ in range(repeat):
        for case, name in CASES.items():
            runs[case].append(load(python, name, folder))
    return {case: Cost(*map(statistics.median, zip(*found, strict=True))) for case, found in runs.items()}


def with_an_unfinished_job(folder: str) -> None:
    """Put a journal with something to say into the home."""
    from ltxv_nb.journal import Journal, Record

    journal = Journal(Path(folder) / "home" / "journal.sqlite")
    journal.reserve(
        Record(
            "aaaa2222",
            time.time(),
            "aimlapi",
            "https://api.example",
            "ltxv/ltxv-2",
            "Waves",
            {},
            None,
            "a",
            "running",
        )
    )
    journal.close()


def loaded() -> list:
    """Return what `import ltxv_nb` loads of the heavy ones, the threads then, and the files it has made."""
    with tempfile.TemporaryDirectory() as home:
        code = _LOOK.format(heavy=HEAVY, home=home)
        env = {**os.environ, "LTXV_HOME": home}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True
        )
        return json.loads(done.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    repeat, python = parser.parse_args().repeat, bench_python()
    told = []
    with tempfile.TemporaryDirectory() as folder:
        for name, prepare in (("with no journal", None), ("with an unfinished job", with_an_unfinished_job)):
            if prepare:
                prepare(folder)
            cost = added(python, repeat, folder)
            ours, theirs = cost["ltxv_nb"], cost["jupysql"]
            share = ours.processor / theirs.processor
            words = (
                f"{1000 * ours.processor:.0f} ms, jupysql {1000 * theirs.processor:.0f} ms: {share:.3f} x "
                f"(by the clock {1000 * ours.clock:.0f} and {1000 * theirs.clock:.0f} ms)"
            )
            told.append(
                Figure(f"`%load_ext ltxv_nb` adds, {name}", words, f"at most {SHARE:g} x", share <= SHARE)
            )
    names, threads, files = loaded()
    words = (
        f"{', '.join(names) or 'nothing'} of {', '.join(HEAVY)}; {threads - 1} threads; {len(files)} files"
    )
    told.append(Figure("`import ltxv_nb` loads", words, "nothing", not names and threads == 1 and not files))
    return show(told)


if __name__ == "__main__":
    sys.exit(main())
