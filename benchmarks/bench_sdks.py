"""Requests and lateness beside other services' clients, against one local service in the same run.

    python benchmarks/bench_sdks.py [--jobs 24] [--waves 3] [--seconds 60] [--sigma 5]

Every client waits in its own way, with its own defaults, for the same jobs: some waves of them, with half of a
job's time between two waves. The service's books tell
how often it was asked, over how many connections, and when each job ended; late is what the client gives a
job back after that, half the 50 ms of latency included. Others stop at the answer "completed"; ours goes on to
bring the file to disk, which is told apart. Those clients are installed into out/bench-venv.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import NormalDist, fmean

from fake_service import Books, FakeService, durations
from report import Figure, show

HERE = Path(__file__).resolve().parent
VENV = HERE.parent / "out" / "bench-venv"
CLIENTS = {
    "aimlapi": "aimlapi-sdk-python",
    "runwayml": "runwayml",
    "openai": "openai",
    "replicate": "replicate",
    "fal_client": "fal_client",
}
OURS = {
    "ours, its times known from the service": True,
    "ours, knowing only the vendor's two measurements": False,
}
#: Clients that ask so often that they would disturb the others have the service to themselves.
LOUD = ("replicate", "fal_client")


def bench_python() -> Path:
    """Return the interpreter of the other clients' environment, made and filled if need be."""
    python = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    wanted = (HERE / "requirements.txt").read_text()
    mark = VENV / "requirements.txt"
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        subprocess.run([*install, "--editable", HERE.parent], check=True)
        mark.write_text(wanted)
    return python


def percentiles(mean: float, sigma: float) -> dict[str, float]:
    """Return what the service would report of such jobs, in milliseconds."""
    law = NormalDist(mean, sigma)
    return {f"p{p}": 1000 * law.inv_cdf(p / 100) for p in (50, 75, 90, 99)}


def run(
    group: list[Books], python: Path, given: argparse.Namespace, folder: str
) -> dict[str, list[tuple[str, float, float]]]:
    """Run some clients at once; return for each what it gave back: id, noticed at, in hand at."""
    processes = {}
    for books in group:
        name = "ours" if books.name in OURS else books.name
        plan = [str(given.jobs), str(given.waves), str(given.seconds / 2), f"{folder}/{books.port}"]
        command = [str(python), str(HERE / "sdk_client.py"), name, books.base, *plan]
        processes[books.name] = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    found = {}
    for name, process in processes.items():
        out, errors = process.communicate(timeout=900)
        found[name] = [(i, float(at), float(end)) for i, at, end in map(str.split, out.splitlines())]
        if len(found[name]) < given.jobs:
            print(f"{name} lost jobs or failed: {errors[-2000:]}", file=sys.stderr)
    return found


def figures(books: Books, found: list[tuple[str, float, float]], jobs: int) -> dict[str, float] | None:
    """Return requests a job, lateness in seconds, connections a job."""
    if len(found) < jobs:
        return None
    ends = {identifier: job.ends_at for identifier, job in books.jobs.items()}
    return {
        "requests": len(books.reads) / jobs,
        "late": fmean(at - ends[i] for i, at, _ in found),
        "in_hand": fmean(end - ends[i] for i, _, end in found),
        "connections": books.connections / jobs,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=24)
    parser.add_argument("--waves", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sigma", type=float, default=5.0)
    given = parser.parse_args()
    python = bench_python()
    times = durations(given.jobs, given.seconds, given.sigma)
    clients = [Books(name, times) for name in CLIENTS]
    clients += [
        Books(name, times, percentiles(given.seconds, given.sigma) if known else None)
        for name, known in OURS.items()
    ]
    found = {}
    with FakeService(clients), tempfile.TemporaryDirectory() as folder:
        for loud in (False, True):
            group = [books for books in clients if (books.name in LOUD) is loud]
            found.update(run(group, python, given, folder))
    rows = {books.name: figures(books, found[books.name], given.jobs) for books in clients}
    pins = dict(
        line.split("==") for line in (HERE / "requirements.txt").read_text().splitlines() if "==" in line
    )
    print(f"{given.jobs} jobs in {given.waves} waves, {given.seconds:g} ± {given.sigma:g} s, 50 ms latency\n")
    print("| client | requests a job | late (s) | connections a job |\n| --- | --- | --- | --- |")
    for name, row in rows.items():
        title = f"{name} {pins[CLIENTS[name]]}" if name in CLIENTS else name
        if row is None:
            print(f"| {title} | could not be run: see above | | |")
        else:
            print(f"| {title} | {row['requests']:.1f} | {row['late']:.2f} | {row['connections']:.2f} |")
    print()
    return verdict(rows)


def verdict(rows: dict[str, dict[str, float] | None]) -> int:
    """Print what must be reached, and return the exit code."""
    us, vendor, runway = rows[next(iter(OURS))], rows["aimlapi"], rows["runwayml"]
    if us is None:
        return 1
    told = [Figure("ours: file on disk and checked after the end", f"{us['in_hand']:.2f} s")]
    if vendor is not None:
        late, asked = us["late"] / vendor["late"], us["requests"] / vendor["requests"]
        told.append(
            Figure("lateness beside the vendor's SDK", f"{late:.2f} x", "at most 0.25 x", late <= 0.25)
        )
        told.append(
            Figure("requests beside the vendor's SDK", f"{asked:.2f} x", "at most 1.25 x", asked <= 1.25)
        )
    if runway is not None:
        late, asked = us["late"] / runway["late"], us["requests"] / runway["requests"]
        told.append(Figure("lateness beside runwayml", f"{late:.2f} x", "below 1 x", late < 1))
        told.append(Figure("requests beside runwayml", f"{asked:.2f} x", "below 1 x", asked < 1))
    return show(told)


if __name__ == "__main__":
    sys.exit(main())
