"""Record the moving picture of the README: a prompt is typed, its status runs, its clip plays.

Usage: python tools/recording.py docs/images/first-clip.webp

What is seen happens, in a real JupyterLab, while it is recorded; the clip is made by the sandbox. Typing is
quicker than a person's. Needs Chromium, as ``tools/screenshots.py`` does.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image, ImageChops
from screenshots import LIGHTHOUSE, NotebookPage, lab, plays, write_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

#: Most bytes of the picture, and its width in pixels.
MOST, WIDTH = 900_000, 720
#: Pictures a second of the status, and of the clip.
STATUS_RATE, CLIP_RATE = 4, 8
#: Seconds that the clip plays, and that its end stays.
PLAYED, STAYS = 5.0, 1.5
#: Most seconds of one picture of the status: a busy machine takes some late.
LONGEST = 0.4
#: Pictures of the typing, and seconds between them.
TYPED, TYPING_PAUSE = 16, 0.12
#: The sandbox starts with its first clip, which is not that of the picture.
START = """
%load_ext ltxv_nb
import ltxv_nb
with ltxv_nb.Client() as client:
    client.generate("A paper boat on a quiet sea in the morning", duration=6, timeout=300)
"""
#: What the page shows beside the cell is not part of it.
PLAIN = """
  .jp-InputPrompt, .jp-OutputPrompt, .jp-Collapser, .jp-cell-toolbar, .jp-Notebook-footer
    { visibility: hidden !important; }
  .jp-Notebook, .jp-Notebook .jp-Cell, .jp-Notebook .jp-Cell::before, .jp-Notebook .jp-Cell::after
    { border-color: transparent !important; outline: none !important; box-shadow: none !important; }
"""


class Frame(NamedTuple):
    """One picture, and the seconds that it is shown."""

    picture: Image.Image
    seconds: float


def main(target: Path) -> int:
    """Record, and write the file; return the exit code."""
    with lab(LTXV_SANDBOX_SECONDS="4") as (browser, server):
        write_notebook(server.root / "film.ipynb", START, "%%ltxv")
        page = browser.new_context(viewport={"width": 960, "height": 1000}).new_page()
        opened = NotebookPage(page, server, "film.ipynb").open()
        opened.run(0)
        opened.wait_until_run(0, 300_000)
        page.add_style_tag(content=PLAIN)
        frames = list(_recorded(opened))
    # The finished clip comes first: it is what those see whose reader does not move pictures.
    path = _write(_cut([frames[-1], *frames[:-1]]), target)
    print(f"{path}: {len(frames)} pictures, {path.stat().st_size / 1000:.0f} kB")
    return 0


def _recorded(opened: NotebookPage) -> Iterator[Frame]:
    yield from _typing(opened)
    opened.run(1)
    clip = opened.output(1).locator("video:visible")
    yield from _status(opened.page, clip)
    plays(clip)
    opened.page.mouse.move(0, 0)
    yield from _playing(opened.page, clip)


def _typing(opened: NotebookPage) -> Iterator[Frame]:
    text = f"%%ltxv -d 6\n{LIGHTHOUSE}"
    for step in range(TYPED + 1):
        opened.code(1, text[: 8 + (len(text) - 8) * step // TYPED])
        yield Frame(_shot(opened.page), TYPING_PAUSE)
    yield Frame(_shot(opened.page), 0.6)


def _status(page: Page, clip: Locator) -> Iterator[Frame]:
    """Record until the clip is there; each picture lasts as long as it took, within reason."""
    while not clip.count():
        began = time.monotonic()
        picture = _shot(page)
        page.wait_for_timeout(max(0.0, 1000 / STATUS_RATE - 1000 * (time.monotonic() - began)))
        yield Frame(picture, min(time.monotonic() - began, LONGEST))


def _playing(page: Page, clip: Locator) -> Iterator[Frame]:
    """Record the clip picture by picture, without its controls, as it looks while it plays."""
    for number in range(int(PLAYED * CLIP_RATE)):
        clip.evaluate(
            """(video, at) => new Promise(resolve => {
              video.controls = false;
              video.addEventListener('seeked', () => requestAnimationFrame(() => resolve()), {once: true});
              video.currentTime = at;
            })""",
            0.01 + number / CLIP_RATE,
        )
        yield Frame(_shot(page), 1 / CLIP_RATE)
    clip.evaluate("video => { video.controls = true; }")
    yield Frame(_shot(page), STAYS)


def _shot(page: Page) -> Image.Image:
    """Return the part of the page from the cell downwards."""
    cell = page.locator(".jp-Notebook .jp-Cell").nth(1)
    left, top, right, _ = _box(cell.locator(".jp-InputArea-editor"))
    bottom = _box(page.locator(".jp-Notebook"))[3]
    area = {"x": left - 8, "y": top - 3, "width": right - left + 12, "height": bottom - top}
    return Image.open(io.BytesIO(page.screenshot(clip=area, caret="initial"))).convert("RGB")


def _box(what: Locator) -> tuple[float, float, float, float]:
    """Return where something is in the page: left, top, right and bottom, in pixels."""
    box = what.first.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


def _cut(frames: list[Frame]) -> list[Frame]:
    """Cut off all pictures what is empty below the first, and make them as wide as the file."""
    last = frames[0].picture
    ground = Image.new("RGB", last.size, last.getpixel((last.width - 1, last.height - 1)))
    filled = ImageChops.difference(last, ground).getbbox()
    height = min(last.height, (filled[3] if filled else last.height) + 12)
    box, size = (0, 0, last.width, height), (WIDTH, height * WIDTH // last.width)
    return [
        one._replace(picture=one.picture.crop(box).resize(size, Image.Resampling.LANCZOS)) for one in frames
    ]


def _write(frames: list[Frame], path: Path) -> Path:
    """Write the pictures as one moving WebP, as good as fits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = [one.picture for one in frames]
    for quality in (60, 45, 30):
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[round(1000 * one.seconds) for one in frames],
            loop=0,
            quality=quality,
            method=4,
        )
        if path.stat().st_size <= MOST:
            break
    return path


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
