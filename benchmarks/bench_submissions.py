"""Five thousand submissions on the sandbox's fast mode: all complete, nothing lost, and how long that takes.

    python benchmarks/bench_submissions.py [--count 5000] [--bare 500]

`client.map` submits them, some at once, and yields the jobs as they end; every clip is downloaded and checked.
Beside it stands the least anyone can do on the same service: a POST, one poll and a download for each, by
as many threads, with no journal and no check.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import requests
from report import Figure, show

AT_ONCE = 32


def sandbox(home: Path) -> subprocess.Popen:
    """Start the sandbox of a home in its fast mode."""
    command = [sys.executable, "-m", "ltxv_nb.sandbox", "--fast", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def bare(home: Path, count: int) -> float:
    """Return the seconds a job takes with nothing but requests."""
    state = json.loads((home / "sandbox" / "service.json").read_text())
    base, local = f"http://127.0.0.1:{state['port']}/v2/video/generations", threading.local()

    def one(n: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
            local.session.headers["Authorization"] = f"Bearer {state['token']}"
        name = local.session.post(base, json={"model": "ltxv/ltxv-2", "prompt": f"Bare {n}"}).json()["id"]
        while (now := local.session.get(base, params={"generation_id": name}).json())[
            "status"
        ] != "completed":
            time.sleep(0.2)
        assert local.session.get(now["video"]["url"]).content

    one(-1)  # the one clip is rendered by then
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(one, range(count)))
    return (time.perf_counter() - begun) / count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--bare", type=int, default=500)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        process = sandbox(home)
        try:
            floor = bare(home, given.bare)
            return show(ours(home, given.count, floor))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def ours(home: Path, count: int, floor: float) -> list[Figure]:
    """Submit them all, look at every end."""
    import ltxv_nb

    me, threads, videos, saved = psutil.Process(), 0, home / "videos", 0
    with ltxv_nb.Client(home=home, output_dir=videos, backend="sandbox") as client:
        before, begun = me.memory_info().rss, time.perf_counter()
        for job in client.map((f"Waves {n}" for n in range(count)), concurrency=AT_ONCE):
            saved += job.video is not None and job.video.path.exists()
            threads = max(threads, threading.active_count())
        seconds, memory = time.perf_counter() - begun, (me.memory_info().rss - before) / 2**20
        rows = client.jobs()
        states = {row.record.state for row in rows}
        whole = len({row.generation_id for row in rows}) == len(rows) == count
        client.journal.check()
    files = len(list(videos.glob("*.mp4")))
    each, rate = 1000 * seconds / count, count / seconds
    return [
        Figure("jobs with a video", f"{saved} of {count}", "all", saved == count),
        Figure("rows in the journal", f"{len(rows)}, all {', '.join(states)}", f"{count}, saved", whole and states == {"saved"}),
        Figure("files", f"{files}", f"{count}", files == count),
        Figure("time", f"{seconds:.0f} s: {rate:.0f} a second, {each:.1f} ms each; bare requests {1000 * floor:.1f} ms: {each / 1000 / floor:.1f} x"),
        Figure("threads", f"{threads}, {AT_ONCE} of them submitting"),
        Figure("memory for all of it", f"{memory:.0f} MB"),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
