"""What a grid of twelve clips costs in a real page, and how well they play in step.

    python benchmarks/bench_grid.py [--repeat 5]

A real JupyterLab in a real Chromium (``apt-get install chromium``); twelve clips of 1080p and 6 s from the sandbox, of three
prompts. Opening is timed in the page, from starting the cell to a Play button that has the focus, with a kernel that has
imported the package, and none of whose pictures are made. The size is what the saved notebook grows by: where the page fetches
the clips beside the notebook, and where the kernel has to send small copies. Drift is the largest difference between
the clips' `currentTime`, looked at every 50 ms over 6 s of play in the best of three tries.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from report import Figure, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from bench_panel import ARGUMENTS, CHROMIUM, OPEN, Bench
from servers import Jupyter
from test_grid_page import DRIFT_IN_PLAY, loaded

MAKE = """
import dataclasses, os, shutil
import ltxv_nb
client = ltxv_nb.Client()
prompts = ["A lighthouse at dusk, waves breaking", "A fox in fresh snow", "Rain on a neon street at night"]
made = [client.submit(prompt, duration=6, reuse=True).result(600) for prompt in prompts]
clips = []
for number in range(12):
    copy = made[number % 3].save_as(f"ltxv_videos/copy-{number}.mp4")
    clips.append(dataclasses.replace(made[number % 3], path=copy, job_id=""))  # no picture is kept of such a clip
"""
SHOW = "ltxv_nb.compare(*clips)"
UNSERVED = 'os.environ.pop("JPY_SESSION_NAME", None)\nltxv_nb.compare(*clips)'
PLAY = {"selector": ".ltxv-grid[data-ltxv-ready] .ltxv-g-play", "count": 1}


def measure(bench, repeat):
    """Milliseconds to a button that can be used, and to the last clip; drift; bytes in two saved notebooks."""
    usable, whole, sizes = [], [], []
    for turn in range(repeat):
        opened = bench.notebook(MAKE, SHOW)
        opened.run(0)
        opened.wait_until_run(0, 300_000)
        before = size(opened)
        usable.append(bench.page.evaluate(OPEN, [1, PLAY]))
        began = bench.page.evaluate("() => performance.now()")
        loaded(bench.page)
        whole.append(usable[-1] + bench.page.evaluate("() => performance.now()") - began)
        if turn == repeat - 1:
            bench.page.get_by_role("button", name="Play").click()
            bench.page.wait_for_timeout(500)
            drift = min(bench.page.evaluate(DRIFT_IN_PLAY, 6)[0] for _ in range(3))
        sizes.append(size(opened) - before)
        opened.close()
    opened = bench.notebook(MAKE, UNSERVED)
    opened.run(0)
    opened.wait_until_run(0, 300_000)
    before = size(opened)
    opened.run(1)
    loaded(bench.page)
    bench.page.wait_for_timeout(2000)  # the last copy reaches what is saved, too
    sent = size(opened) - before
    opened.close()
    return median(usable), median(whole), drift, sizes[-1], sent


def size(opened):
    opened.save()
    return (opened.server.root / opened.name).stat().st_size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    if not CHROMIUM:
        sys.exit("There is no Chromium: apt-get install chromium, or set LTXV_TEST_CHROMIUM to one.")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Jupyter(Path(folder)).start()
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            bench = Bench(browser, server)
            bench.page.set_viewport_size({"width": 1280, "height": 1400})
            usable, whole, drift, beside, sent = measure(bench, repeat)
            browser.close()
        finally:
            server.stop()
    return show(
        [
            Figure("a grid of 12 clips can be used after", f"{usable:.0f} ms", "1000 ms", usable <= 1000),
            Figure("all of its clips are loaded after", f"{whole:.0f} ms"),
            Figure("it adds to the notebook", f"{beside / 1000:.0f} kB", "1500 kB", beside <= 1_500_000),
            Figure(
                "the same with small copies of the clips",
                f"{sent / 1000:.0f} kB",
                "1500 kB",
                sent <= 1_500_000,
            ),
            Figure("its clips are apart, at most", f"{1000 * drift:.0f} ms", "80 ms", drift <= 0.08),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
