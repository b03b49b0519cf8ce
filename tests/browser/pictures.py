"""Pictures of states, compared with those that are committed: tolerantly, since fonts and machines differ.

``LTXV_TEST_ACCEPT_STATES=1`` takes the new ones. What is compared is light and dark in blocks of pixels, not the
pixels: a letter that is drawn otherwise is no difference, a control that is gone or elsewhere is one.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

ACCEPTS = os.environ.get("LTXV_TEST_ACCEPT_STATES") == "1"
KEPT = Path(__file__).parent / "states"
#: Pixels of a block's side; the share of a state's height that may differ, and the pixels at least.
BLOCK, TALLER, PIXELS = 8, 0.08, 12
#: Blocks differ if their mean lightness does by more than this, of 255; and the share of blocks that may.
LIGHTER, BLOCKS = 28.0, 0.05

#: In the page: where the output of each code cell is, by its first line.
_BOXES = """() => Object.fromEntries([...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].slice(1).map(cell => {
  const box = cell.querySelector('.jp-Cell-outputArea').getBoundingClientRect();
  return [cell.querySelector('.cm-line').textContent.replace(/^# /, ''),
          [box.left, box.top, box.right, box.bottom].map(side => Math.round(side / 2))];
}))"""
_TO_THE_TOP = "() => document.querySelectorAll('.jp-WindowedPanel-outer').forEach(one => one.scrollTo(0, 0))"
#: What moves, or is a picture itself.
_STILL = (
    "video,img,.ltxv-stage{visibility:hidden!important} *{animation:none!important;transition:none!important}"
)


def states_of(page: Page, width: int) -> dict[str, Image.Image]:
    """Return a picture of every cell's output in a page of this width, in grey and half as large."""
    page.set_viewport_size({"width": width, "height": 16_000})
    style = page.add_style_tag(content=_STILL)
    page.wait_for_timeout(400)  # the page lays itself out anew
    page.evaluate(_TO_THE_TOP)
    whole = Image.open(io.BytesIO(page.screenshot())).convert("L").reduce(2)
    boxes = page.evaluate(_BOXES)
    style.evaluate("style => style.remove()")
    page.set_viewport_size({"width": width, "height": 1000})
    return {name: whole.crop(box) for name, box in boxes.items()}


def differences(name: str, states: dict[str, Image.Image]) -> list[str]:
    """Return in which states a sheet differs from the committed one, and how."""
    file, index = KEPT / f"{name}.webp", KEPT / f"{name}.json"
    if ACCEPTS:
        _keep(states, file, index)
    sheet, top, found = Image.open(file).convert("L"), 0, []
    for state, height in json.loads(index.read_text(encoding="utf-8")).items():
        kept = sheet.crop((0, top, sheet.width, top + height))
        top += height
        if state not in states:
            found.append(f"{name}, {state}: it is gone")
        elif words := _differ(kept, states[state]):
            found.append(f"{name}, {state}: {words}")
    return found


def _differ(kept: Image.Image, new: Image.Image) -> str:
    if abs(kept.height - new.height) > max(PIXELS, TALLER * kept.height):
        return f"{new.height} pixels high, not {kept.height}"
    size = max(1, kept.width // BLOCK), max(1, min(kept.height, new.height) // BLOCK)
    area = (0, 0, kept.width, min(kept.height, new.height))
    blocks = [np.asarray(one.crop(area).resize(size, Image.Resampling.BOX), float) for one in (kept, new)]
    share = float(np.mean(np.abs(blocks[0] - blocks[1]) > LIGHTER))
    return f"{share:.0%} of it look otherwise" if share > BLOCKS else ""


def _keep(states: dict[str, Image.Image], file: Path, index: Path) -> None:
    width = max(one.width for one in states.values())
    sheet, top = Image.new("L", (width, sum(one.height for one in states.values()))), 0
    for one in states.values():
        sheet.paste(one, (0, top))
        top += one.height
    KEPT.mkdir(exist_ok=True)
    sheet.save(file, quality=40, method=6)
    heights = {state: one.height for state, one in states.items()}
    index.write_text(json.dumps(heights, indent=1) + "\n", encoding="utf-8")
