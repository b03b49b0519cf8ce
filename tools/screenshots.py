"""Take the pictures of the README: a finished cell, the panel, the gallery and a grid, in a real JupyterLab.

Usage: python tools/screenshots.py docs/images

Everything in them is real and current: the clips are made by the sandbox in the same run. Needs Chromium
(``apt-get install chromium``, or ``LTXV_TEST_CHROMIUM`` naming one).
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from pages import NotebookPage, plays, write_notebook
from servers import Jupyter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

#: Most bytes of one picture.
MOST = 300_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]

LIGHTHOUSE = "A lighthouse at dusk, waves breaking on the rocks, the camera slowly rising"
PROMPTS = [
    "A fox trotting through fresh snow between birches",
    "Rain on a neon street at night, reflections, a slow dolly",
    "A paper boat on a quiet sea in the morning",
    "Sunrise over a mountain range, drifting mist",
    "A city waking up, windows lighting one by one",
    "Dunes in the evening, sand blown over the ridge",
]
LIBRARY = f"""
import ltxv_nb
client = ltxv_nb.Client()
models = ["ltxv-2", "ltxv-2-fast"] * 3
for job in [client.submit(p, model=m, duration=6) for p, m in zip({PROMPTS!r}, models)]:
    job.result(120)
"""
#: Four hours of the day on two models; a star is given in the page.
GRID = """
import ltxv_nb
from ltxv_nb.notebook.grid.grid import grid_of
from ltxv_nb.tiles import Tile
client = ltxv_nb.Client()
axes = {"model": ["ltxv-2", "ltxv-2-fast"], "hour": ["dawn", "noon", "dusk", "night"]}
places = [{"model": model, "hour": hour} for model in axes["model"] for hour in axes["hour"]]
prompt = "A lighthouse at {hour}, waves breaking on the rocks"
jobs = [client.submit(prompt.format(**at), model=at["model"], duration=6) for at in places]
videos = [job.result(600) for job in jobs]
tiles = [Tile(video, " · ".join(at.values()), at, job.id) for video, at, job in zip(videos, places, jobs)]
grid_of(tiles, axes, title="A lighthouse at {hour}", client=client)
"""


def main(target: Path) -> int:
    """Take every picture; return the exit code."""
    target.mkdir(parents=True, exist_ok=True)
    with lab() as (browser, server):
        for name, picture in _pictures(browser, server):
            path = _write(picture, target / name)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    return 0


@contextlib.contextmanager
def lab(**env: str) -> Iterator[tuple[Browser, Jupyter]]:
    """Start a browser and a JupyterLab with an empty home; the environment is that of its kernels."""
    chromium = os.environ.get("LTXV_TEST_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        sys.exit("There is no Chromium: apt-get install chromium, or set LTXV_TEST_CHROMIUM to one.")
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Jupyter(Path(folder), env).start()
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            yield browser, server
            browser.close()
        finally:
            server.stop()


def _pictures(browser: Browser, server: Jupyter) -> list[tuple[str, bytes]]:
    page = browser.new_context(viewport={"width": 1080, "height": 1500}, device_scale_factor=1.25).new_page()
    page.set_default_timeout(120_000)
    write_notebook(server.root / "gallery.ipynb", LIBRARY, "%load_ext ltxv_nb", "%ltxv gallery")
    opened = NotebookPage(page, server, "gallery.ipynb").open()
    opened.run_all()
    page.wait_for_function(
        "() => document.querySelectorAll('.ltxv-tile [poster], .ltxv-tile img').length === 6"
    )
    gallery = _shot(page.locator(".ltxv-gallery"))
    opened.close()
    return [
        ("finished-cell.png", _cell(page, server)),
        ("panel.png", _panel(page, server)),
        ("gallery.png", gallery),
        ("grid.png", _grid(page, server)),
    ]


def _cell(page: Page, server: Jupyter) -> bytes:
    """Return a finished cell, magic and clip."""
    write_notebook(server.root / "cell.ipynb", "%load_ext ltxv_nb", f"%%ltxv -d 8\n{LIGHTHOUSE}")
    opened = NotebookPage(page, server, "cell.ipynb").open()
    opened.run_all()
    _start(opened.output(1).locator("video:visible"))
    picture = _shot(page.locator(".jp-Notebook .jp-Cell").nth(1))
    opened.close()
    return picture


def _panel(page: Page, server: Jupyter) -> bytes:
    """Return the panel with the cell it stands for, and a finished clip."""
    write_notebook(server.root / "panel.ipynb", "%load_ext ltxv_nb", "%ltxv panel")
    opened = NotebookPage(page, server, "panel.ipynb").open()
    opened.run_all()
    for prompt, duration in (("A sailing boat leaving harbour at first light", "6 s"), (LIGHTHOUSE, "8 s")):
        jobs = page.locator(".ltxv-job").count()
        page.locator(".ltxv-prompt textarea").fill(prompt)
        page.get_by_role("radiogroup", name="Duration").get_by_label(duration, exact=True).check()
        if not jobs:
            page.get_by_role("button", name="Generate").click()
            _start(page.locator(".ltxv-job video"))
    page.get_by_role("button", name="Show as cell").click()
    page.locator(".ltxv-code pre").first.wait_for()
    picture = _shot(page.locator(".ltxv-panel"))
    opened.close()
    return picture


def _grid(page: Page, server: Jupyter) -> bytes:
    """Return a grid in the middle of playing, with some stars."""
    write_notebook(server.root / "grid.ipynb", GRID)
    opened = NotebookPage(page, server, "grid.ipynb").open()
    opened.run_all()
    tiles = page.locator(".ltxv-grid .ltxv-g-tile")
    tiles.first.wait_for(timeout=600_000)  # eight clips are drawn first
    for tile in tiles.all():
        plays(tile.locator("video"))
    for number, stars in ((0, "3"), (1, "2"), (2, "5"), (3, "4"), (6, "4")):
        tiles.nth(number).press(stars)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('.ltxv-g-tile video').currentTime > 2")
    page.get_by_role("button", name="Pause").click()
    picture = _shot(page.locator(".ltxv-grid"))
    opened.close()
    return picture


def _shot(what: Locator) -> bytes:
    what.page.mouse.move(0, 0)
    what.evaluate("() => document.activeElement?.blur()")
    return what.screenshot(animations="disabled")


def _start(video: Locator) -> None:
    """Show a clip a moment after its beginning, paused."""
    plays(video)
    video.evaluate(
        """async video => {
          video.muted = true;
          await video.play();
          while (video.currentTime < 1) await new Promise(resolve => setTimeout(resolve, 50));
          video.pause();
        }"""
    )


def _write(picture: bytes, path: Path) -> Path:
    """Write a picture as a PNG with as many colours as fit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.save(path, optimize=True)
    fine, plain = Image.Dither.FLOYDSTEINBERG, Image.Dither.NONE
    for colours, dither in ((256, fine), (128, fine), (256, plain), (128, plain), (64, plain)):
        if path.stat().st_size <= MOST:
            break
        image.quantize(colours, dither=dither).save(path, optimize=True)
    return path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
