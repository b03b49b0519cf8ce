"""What panel and gallery cost in a real page, beside a bare ipywidgets notebook in the same run.

    python benchmarks/bench_panel.py [--repeat 5] [--seconds 70]

A real JupyterLab in a real Chromium (``apt-get install chromium``). Opening is timed in the page, from
starting the cell to a control that can be used, in a new kernel for each and again three times when it is warm.
Traffic is what arrives on the page's web socket as comm messages, counted as they are on the wire, headers
and all, in the first 70 s of one job, which is what a clip takes. A click's round trip is that of a plain
button whose kernel handler changes a plain label, alone on the page and with 50 running jobs beside it. The
gallery is timed in the kernel, on a journal of 5,000 clips; so is a change of the panel's model.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from fake_service import Books, FakeService
from report import Figure, show

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from pages import NotebookPage, write_notebook
from servers import Jupyter

CHROMIUM = os.environ.get("LTXV_TEST_CHROMIUM") or shutil.which("chromium") or ""
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]

BARE = """
import ipywidgets as widgets
box = widgets.VBox([widgets.Text(description=f"Text {number}") for number in range(10)])
box.add_class("bare")
box
"""
PANEL = "import ltxv_nb\npanel = ltxv_nb.panel()\npanel"
CLICK = """
import ipywidgets as widgets
count = 0
button, label = widgets.Button(description="Count"), widgets.Label("0")
button.add_class("count-button"); label.add_class("count-label")
def add(_button):
    global count
    count += 1
    label.value = str(count)
button.on_click(add)
widgets.HBox([button, label])
"""
JOBS = """
import os
import ltxv_nb
os.environ["LTXV_BACKEND"] = "aimlapi"  # the page's server is kept in the sandbox
settings = dict(api_key="k" * 32, base_url={base!r}, home={home!r}, backend="aimlapi")
with ltxv_nb.Client(**settings) as client:  # closed, so that a panel has something to resume
    for number in range({count}):
        client.submit(f"A clip that takes its time, number {{number}}")
panel = ltxv_nb.panel(ltxv_nb.Client(**settings))
panel
"""
GALLERY = """
import time
from pathlib import Path
import ltxv_nb
from ltxv_nb.journal import Record, new_id

client = ltxv_nb.Client(home={home!r})
media = {{"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True, "size_bytes": 9}}
first = client.generate("One real clip", duration=6)
with client.journal._writing() as connection:
    import dataclasses, json
    base = client.journal.get(first.job_id)
    names = [field.name for field in dataclasses.fields(Record)]
    for number in range(4999):
        new = dataclasses.replace(base, id=new_id(), created_at=base.created_at - number, fingerprint=None,
            client_request_id=None, generation_id=f"made-up-{{number}}", prompt=f"Clip number {{number}}")
        values = [json.dumps(v) if isinstance(v, dict) else v for v in (getattr(new, name) for name in names)]
        marks = ", ".join("?" * len(names))
        connection.execute(f"INSERT INTO generations ({{', '.join(names)}}) VALUES ({{marks}})", values)
"""
#: Twenty parameters of every kind, as the largest published schemas have; made twice, so that none is kept.
MODELS = """
import time
from statistics import median
import ltxv_nb
from ltxv_nb.models import Model
from ltxv_nb.models.schema import read

kinds = [{{"type": "integer", "minimum": 0}}, {{"type": "string", "enum": ["a", "b"]}}, {{"type": "boolean"}},
         {{"type": "array", "items": {{"type": "object"}}}}, {{"type": "number"}}]
roles = ["prompt", "image_url", "tail_image_url", "image_urls", "video_url", "audio_url", "negative_prompt"]
models = []
for name in ("inv/one", "inv/two"):
    properties = {{role: {{"type": "string", "description": name}} for role in roles}}
    properties |= {{f"{{name[4:]}}_{{at}}": kinds[at % 5] for at in range(13)}}
    models.append(Model(name, name, "Nobody", parameters=read({{"properties": properties}}, name).parameters))
panel = ltxv_nb.panel()
time.sleep(2)  # until the panel has found out what is unfinished
panel._form.choice.offer(models)
panel._form._more.value = True
times = []
for turn in range(2 * {repeat}):
    began = time.perf_counter()
    panel._form.choice.box.label = models[turn % 2].id
    times.append(1000 * (time.perf_counter() - began))
    assert panel._form.model is models[turn % 2]
print(median(times), max(times))
"""
#: Runs in the page: starts a cell, and resolves with the milliseconds until a control in it can be used.
OPEN = """([index, wanted]) => new Promise(resolve => {
  const {content} = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = index;
  const began = performance.now();
  window.jupyterapp.commands.execute('notebook:run-cell');
  const look = () => {
    const found = document.querySelectorAll(wanted.selector);
    if (found.length >= wanted.count && [...found].every(one => one.offsetWidth)) {
      found[0].focus();
      if (document.activeElement === found[0]) return resolve(performance.now() - began);
    }
    requestAnimationFrame(look);
  };
  look();
})"""
#: Runs in the page: clicks, and resolves with the milliseconds until the label has changed.
ROUND_TRIP = """() => new Promise(resolve => {
  const label = document.querySelector('.count-label'), before = label.textContent;
  const began = performance.now();
  new MutationObserver((_, observer) => {
    if (label.textContent === before) return;
    observer.disconnect();
    resolve(performance.now() - began);
  }).observe(label, {childList: true, characterData: true, subtree: true});
  document.querySelector('.count-button').click();
})"""
#: Runs in the page: clicks on a duration, and resolves with the milliseconds until the price has changed.
PRICE = """selector => new Promise(resolve => {
  const price = document.querySelector('.ltxv-price'), before = price.textContent, began = performance.now();
  new MutationObserver((_, observer) => {
    if (price.textContent === before) return;
    observer.disconnect();
    resolve(performance.now() - began);
  }).observe(price, {childList: true, characterData: true, subtree: true});
  document.querySelector(selector).click();
})"""
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
WANTED = {
    "bare": {"selector": ".bare input", "count": 10},
    "panel": {"selector": ".ltxv-prompt textarea", "count": 1},
}


class Bench:
    """One server and one page of JupyterLab."""

    def __init__(self, browser, server):
        self.server, self.context = server, browser.new_context(viewport={"width": 1180, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)
        self.frames = []
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))
        self.page.goto(server.address("lab?reset"), wait_until="commit")
        self.page.wait_for_function("() => !!window.jupyterapp?.shell")
        self.page.evaluate("() => window.jupyterapp.restored")
        self.number = 0

    def notebook(self, *cells):
        self.number += 1
        name = f"bench-{self.number}.ipynb"
        write_notebook(self.server.root / name, *cells)
        return NotebookPage(self.page, self.server, name).open_in_lab()

    def _count(self, frame):
        raw = frame if isinstance(frame, bytes) else frame.encode()
        if b'"comm_msg"' in raw:
            self.frames.append((time.monotonic(), len(raw)))


def opening(bench, repeat):
    """Median milliseconds to open ten plain widgets and a panel, in new kernels and in a warm one."""
    cold, warm = {"bare": [], "panel": []}, {"bare": [], "panel": []}
    for _ in range(repeat):
        for name, code in (("bare", BARE), ("panel", PANEL)):
            opened = bench.notebook(*[code] * 4)
            cold[name].append(bench.page.evaluate(OPEN, [0, WANTED[name]]))
            for again in range(1, 4):
                opened.wait_until_run(again - 1)
                bench.page.evaluate(CLEAR)
                bench.page.wait_for_timeout(1000)  # what the one before does in the background is done
                warm[name].append(bench.page.evaluate(OPEN, [again, WANTED[name]]))
            opened.close()
    return [{name: median(times) for name, times in kind.items()} for kind in (cold, warm)]


def traffic(bench, base, seconds):
    """Bytes and messages a second of one running job from when its row is there, and in its busiest 10 s."""
    opened = bench.notebook(JOBS.format(base=base, home="bench-one", count=1))
    opened.run(0)
    bench.page.get_by_role("button", name="Resume").click()
    bench.page.locator(".ltxv-job .ltxv-state").wait_for()
    bench.page.wait_for_timeout(1000)  # the rest of the row is still on its way
    begun = time.monotonic()
    bench.page.wait_for_timeout(1000 * seconds)
    frames = [(at, size) for at, size in bench.frames if begun <= at <= begun + seconds]
    opened.close()
    busiest = max(sum(size for at, size in frames if start <= at < start + 10) for start, _ in frames) / 10
    return sum(size for _, size in frames) / seconds, busiest, len(frames) / seconds


def round_trips(bench, base, clicks=40):
    """Median milliseconds of a click's round trip, idle and with 50 running jobs."""
    opened = bench.notebook(CLICK, JOBS.format(base=base, home="bench-fifty", count=50))
    opened.run(0)
    bench.page.locator(".count-label").wait_for()
    times = {}
    for name in ("idle", "busy"):
        for _ in range(5):
            bench.page.evaluate(ROUND_TRIP)
        times[name] = median(spaced_click(bench) for _ in range(clicks))
        if name == "idle":
            opened.run(1)
            bench.page.get_by_role("button", name="Resume").click()
            bench.page.wait_for_function("() => document.querySelectorAll('.ltxv-job').length === 50")
            bench.page.wait_for_timeout(3000)
    opened.close()
    return times


def spaced_click(bench):
    bench.page.wait_for_timeout(100)
    return bench.page.evaluate(ROUND_TRIP)


def price(bench, repeat):
    """Median and longest milliseconds, in the page, from a click on a duration to the price beside Generate."""
    opened = bench.notebook(PANEL)
    opened.run(0)
    bench.page.get_by_role("radiogroup", name="Duration").wait_for()
    times = []
    for position in (2, 3, 4, 1) * repeat:
        bench.page.wait_for_timeout(100)
        times.append(bench.page.evaluate(PRICE, f"[aria-label=Duration] label:nth-child({position}) input"))
    opened.close()
    return median(times), max(times)


def gallery(bench, repeat):
    """Milliseconds of kernel time for the gallery's first page, the first time and again."""
    timed = (
        "began = time.perf_counter(); shown = ltxv_nb.gallery(client); "
        "print(1000 * (time.perf_counter() - began))"
    )
    opened = bench.notebook(GALLERY.format(home="bench-gallery"), *[timed] * (repeat + 1))
    opened.run(0)
    opened.wait_until_run(0, 120_000)
    times = [float(opened.says(1 + turn)) for turn in range(repeat + 1)]
    opened.close()
    return times[0], median(times[1:])


def change_of_model(bench, repeat):
    """Median and longest milliseconds of kernel time from the choice of a model to its controls."""
    opened = bench.notebook(MODELS.format(repeat=repeat))
    opened.run(0)
    opened.wait_until_run(0, 120_000)
    usual, longest = map(float, opened.says(0).split())
    opened.close()
    return usual, longest


def measure(bench, service_base, repeat, seconds):
    cold, warm = opening(bench, repeat)
    first, again = gallery(bench, repeat)
    usual, longest = change_of_model(bench, repeat)
    follows, slowest = price(bench, repeat)
    rate, busiest, messages = traffic(bench, service_base, seconds)
    trips = round_trips(bench, service_base)
    figures = []
    for name, times in (("new kernel", cold), ("warm kernel", warm)):
        ratio = times["panel"] / times["bare"]
        words = f"{times['panel']:.0f} ms, ten plain widgets {times['bare']:.0f} ms: {ratio:.2f} x"
        figures.append(Figure(f"panel open to interactive, {name}", words, "at most 1.5 x", ratio <= 1.5))
    figures.append(
        Figure(
            "comm traffic of a running job",
            f"{rate:.0f} bytes/s in {messages:.2f} messages/s, {busiest:.0f} bytes/s in its busiest 10 s",
            "at most 100 bytes/s", rate <= 100,
        )
    )  # fmt: skip
    ratio = trips["busy"] / trips["idle"]
    words = f"{trips['busy']:.0f} ms, idle {trips['idle']:.0f} ms: {ratio:.2f} x"
    figures.append(Figure("a click's round trip with 50 running jobs", words, "under 2 x", ratio < 2))
    words = f"{usual:.0f} ms, at most {longest:.0f} ms in {2 * repeat} changes"
    figures.append(
        Figure("panel's change of model, 20 parameters", words, "usually under 200 ms", usual < 200)
    )
    words = f"{follows:.0f} ms, at most {slowest:.0f} ms in {4 * repeat} changes"
    figures.append(Figure("panel's price after a change", words, "usually under 50 ms", follows < 50))
    words = f"{first:.0f} ms the first time, {again:.0f} ms after"
    figures.append(Figure("gallery's first page of 5,000", words, "under 300 ms", max(first, again) < 300))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=70.0)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    given = parser.parse_args()
    if not CHROMIUM:
        print("There is no Chromium: apt-get install chromium, or set LTXV_TEST_CHROMIUM to one.")
        return 1
    from playwright.sync_api import sync_playwright

    books = Books("panel", [3600.0])
    with tempfile.TemporaryDirectory() as folder, FakeService([books]), sync_playwright() as playwright:
        server = Jupyter(Path(folder)).start()
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            figures = measure(Bench(browser, server), books.base, given.repeat, given.seconds)
            browser.close()
        finally:
            server.stop()
    if given.json:
        given.json.write_text(json.dumps([figure._asdict() for figure in figures], indent=1))
    return show(figures)


if __name__ == "__main__":
    sys.exit(main())
