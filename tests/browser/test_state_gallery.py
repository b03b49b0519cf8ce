"""Every state of what stands under a cell, in both themes and at three widths."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pages import NotebookPage
from playwright.sync_api import expect
from test_states_page import axe_finds

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import state_gallery

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

#: What is seen right of the notebook's own edge, by class.
STICKS_OUT = """() => [...document.querySelectorAll('.ltxv-status, .ltxv-note, .ltxv-clip, .ltxv-say')]
  .filter(e => e.offsetWidth && e.getBoundingClientRect().right
    > e.closest('.jp-OutputArea').getBoundingClientRect().right + 1).map(e => e.className)"""


def test_no_state_breaks_in_any_theme_or_width(
    context: BrowserContext, server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    state_gallery.write(server.root / "states.ipynb")
    opened = NotebookPage(context.new_page(), server, "states.ipynb").open()
    page, last = opened.page, len(state_gallery.STATES)
    opened.run_all()
    opened.wait_until_run(last, 120_000)
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    expect(page.locator(".ltxv-status")).to_have_count(8)
    expect(opened.output(last).locator(".ltxv-clip")).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        opened.theme(theme)
        for width in (390, 700, 1280):
            page.set_viewport_size({"width": width, "height": 1000})
            assert page.evaluate(STICKS_OUT) == []
            shot(page, f"states-{theme.split()[-1].lower()}-{width}")
        for part in (".ltxv-status", ".ltxv-note", ".ltxv-clip", ".ltxv-say"):
            assert axe_finds(page, part) == [], f"{part} in {theme}"
    opened.theme("JupyterLab Light")
    opened.close()
    page.close()
