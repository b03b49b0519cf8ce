"""How soon `%%ltxv` gives the kernel back after the service's answer to the POST.

    python benchmarks/bench_cell.py [--repeat 20]

A real kernel runs cells as a page does (widgets and all) against a local service that notes when it has
answered; the cell's reply is noted where it arrives. The first cell, which imports what is needed and opens the
journal, is told apart from those after it. A bare POST in the same kernel shows what the way alone takes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from statistics import median

from fake_service import Aimlapi, Books, FakeService
from kernels import Kernel, kernel
from report import Figure, show

SETUP = "%load_ext ltxv_nb"
BARE = """
import requests
session = requests.Session()
session.trust_env = False
session.post({base!r} + "/v2/video/generations", json={{"model": "ltxv/ltxv-2", "prompt": "x"}}).json()
"""
TARGET = 0.050


def after(running: Kernel, answered: list[float], code: str) -> float:
    """Run a cell; return the seconds from the service's answer to the cell's reply."""
    message = running.client.execute(code)
    while True:
        reply = running.client.get_shell_msg(timeout=60)
        at = time.time()
        if reply["parent_header"].get("msg_id") == message:
            assert reply["content"]["status"] == "ok", reply["content"]
            return at - answered[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    answered: list[float] = []
    Aimlapi.on_finish = lambda page: page.request.method == "POST" and answered.append(time.time())
    books = Books("ours", [600.0])
    with FakeService([books]), tempfile.TemporaryDirectory() as folder:
        env = {"LTXV_HOME": f"{folder}/home", "LTXV_BACKEND": "aimlapi", "AIMLAPI_BASE_URL": books.base}
        with kernel(folder, AIMLAPI_API_KEY="none-at-all", **env) as running:
            running.run(SETUP)
            first = after(running, answered, "%%ltxv\nThe first one")
            later = [after(running, answered, f"%%ltxv -d 6\nWaves {n}") for n in range(repeat)]
            bare = median(after(running, answered, BARE.format(base=books.base)) for _ in range(repeat))
    words = f"{1000 * median(later):.0f} ms (worst {1000 * max(later):.0f}); a bare POST {1000 * bare:.0f} ms"
    return show(
        [
            Figure("the first `%%ltxv` cell, after the answer", f"{1000 * first:.0f} ms", "at most 50 ms", first <= TARGET),
            Figure(f"`%%ltxv` after the answer, median of {repeat}", words, "at most 50 ms", median(later) <= TARGET),
        ]
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
