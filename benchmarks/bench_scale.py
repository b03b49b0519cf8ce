"""A thousand live jobs in one kernel: threads, processor, memory, budget, lateness, and the kernel's own pace.

    python benchmarks/bench_scale.py [--jobs 1000] [--seconds 60] [--watch 20]

A real kernel submits them from threads to a local service whose jobs take 60 s, give or take 5 s; the request
budget is the default one of 150 reads a minute. The lateness is compared with what that budget forces: a
client that asks only about jobs that have just ended, one poll each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from statistics import fmean, median

from fake_service import Books, FakeService, durations
from kernels import Kernel, kernel
from report import Figure, show

#: The default budget, in requests a second, and what may go at once.
RATE, BURST = 2.5, 20

SUBMIT = """
import ltxv_nb, threading, time
from concurrent.futures import ThreadPoolExecutor
client = ltxv_nb.Client(api_key="none-at-all", base_url={base!r}, backend="aimlapi")
with ThreadPoolExecutor(8) as pool:
    jobs = list(pool.map(lambda n: client.submit(f"Waves {{n}}"), range({count})))
"""
ENDED = "{job.generation_id.partition(':')[0]: [job.record.finished_at, job.done(), bool(job.video)] for job in jobs}"


def forced(ends: list[float], begun: float) -> float:
    """Return the mean lateness that the budget forces: a poll only for what has ended, and none in vain."""
    late, tokens, at = [], float(BURST), begun
    for end in sorted(ends):
        now = max(end, at)
        tokens = min(float(BURST), tokens + (now - at) * RATE)
        if tokens < 1:
            now += (1 - tokens) / RATE
            tokens = 1.0
        tokens, at = tokens - 1, now
        late.append(now - end)
    return fmean(late)


def quiet(running: Kernel, seconds: float) -> float:
    """Return the share of one core the kernel takes while nothing is run in it."""
    before, begun = running.cpu(), time.perf_counter()
    time.sleep(seconds)
    return (running.cpu() - before) / (time.perf_counter() - begun)


def paces(running: Kernel, idle: Kernel, count: int = 200) -> tuple[float, float]:
    """Return the median seconds of a trivial cell in two kernels, run in turn."""
    pairs = [(running.run("1 + 1")[0], idle.run("1 + 1")[0]) for _ in range(count)]
    return tuple(median(times) for times in zip(*pairs, strict=True))


def measure(running: Kernel, idle: Kernel, books: Books, count: int, watch: float) -> list[Figure]:
    """Submit, track, wait for the end."""
    running.run("import ltxv_nb.client, ltxv_nb.engine.tracker, ltxv_nb.job, threading")
    bare_memory = running.memory()
    bare_threads = running.tell("threading.active_count()")
    seconds, _ = running.run(SUBMIT.format(base=books.base, count=count))
    print(f"{count} jobs submitted in {seconds:.1f} s, {1000 * seconds / count:.1f} ms each")
    share, (pace, bare_pace) = quiet(running, watch), paces(running, idle)
    memory, threads = running.memory() - bare_memory, running.tell("threading.active_count()") - bare_threads
    live = count - sum(known[0] is not None for known in running.tell(ENDED).values())
    deadline = time.monotonic() + 60 + 3 * count / RATE
    while time.monotonic() < deadline:
        known = running.tell(ENDED)
        threads = max(threads, running.tell("threading.active_count()") - bare_threads)
        if all(done for _, done, _ in known.values()):
            break
        time.sleep(5)
    ends = {name: job.ends_at for name, job in books.jobs.items()}
    late = fmean(known[name][0] - end for name, end in ends.items() if known[name][0])
    least = forced(list(ends.values()), min(job.taken_at for job in books.jobs.values()))
    saved = sum(video for _, _, video in known.values())
    return [
        Figure("live jobs while tracked", f"{live}"),
        Figure("threads", f"{threads}", "at most 12", threads <= 12),
        Figure("processor between answers", f"{100 * share:.1f} % of a core", "below 5 %", share < 0.05),
        Figure("memory above the idle kernel", f"{memory:.0f} MB", "below 80 MB", memory < 80),
        Figure("a trivial cell beside an idle kernel", f"{1000 * pace:.1f} ms beside {1000 * bare_pace:.1f} ms: {pace / bare_pace:.2f} x", "below 1.5 x", pace < 1.5 * bare_pace),
        Figure("mean lateness", f"{late:.1f} s; the budget forces {least:.1f} s: {late / least:.2f} x", "at most 1.2 x", late <= 1.2 * least),
        Figure("polls a job", f"{sum(job.asked for job in books.jobs.values()) / count:.2f}"),
        Figure("most reads in any 60 s", f"{books.most_reads()}", "at most 200", books.most_reads() <= 200),
        Figure("connections a job", f"{books.connections / count:.2f}"),
        Figure("jobs saved", f"{saved} of {count}", "all", saved == count),
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--watch", type=float, default=20.0, help="seconds of looking on")
    given = parser.parse_args()
    metrics = {
        "p50": 1000 * given.seconds,
        "p75": 1056 * given.seconds,
        "p90": 1107 * given.seconds,
        "p99": 1194 * given.seconds,
    }
    books = Books("ours", durations(given.jobs, given.seconds, given.seconds / 12), metrics)
    with FakeService([books]), tempfile.TemporaryDirectory() as folder:
        env = {"LTXV_HOME": f"{folder}/home", "LTXV_OUTPUT_DIR": f"{folder}/videos"}
        with kernel(folder, **env) as running, kernel(folder) as idle:
            return show(measure(running, idle, books, given.jobs, given.watch))


if __name__ == "__main__":
    sys.exit(main())
