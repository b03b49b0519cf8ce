"""Every state of every widget, in both themes and at three widths, compared with the committed pictures."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages import NotebookPage
from pictures import ACCEPTS, differences, states_of
from playwright.sync_api import expect
from servers import stop_sandbox
from test_states_page import axe_finds

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import state_gallery

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

#: What is looked at for access, by class.
PARTS = (
    ".ltxv-status", ".ltxv-note", ".ltxv-clip", ".ltxv-say", ".ltxv-panel", ".ltxv-gallery", ".ltxv-grid",
)  # fmt: skip
#: What is seen right of the notebook's own edge, by class.
STICKS_OUT = """parts => [...document.querySelectorAll(parts)]
  .filter(e => e.offsetWidth && e.getBoundingClientRect().right
    > e.closest('.jp-OutputArea').getBoundingClientRect().right + 1).map(e => e.className)"""


@pytest.mark.timeout(400)
def test_every_state_looks_as_it_should_in_any_theme_and_width_and_without_its_kernel(
    context: BrowserContext, server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    state_gallery.write(server.root / "states.ipynb")
    opened = NotebookPage(context.new_page(), server, "states.ipynb").open()
    page, last = opened.page, len(state_gallery.STATES)
    opened.run_all()
    opened.wait_until_run(last, 120_000)
    expect(page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    expect(page.locator(".jp-Notebook .ltxv-status")).to_have_count(8)
    expect(page.locator(".ltxv-gallery .ltxv-tile")).to_have_count(1)
    expect(page.locator(".ltxv-grid[data-ltxv-ready]")).to_have_count(2)
    found = []
    for theme in ("light", "dark"):
        opened.theme(f"JupyterLab {theme.capitalize()}")
        for width in (390, 700, 1280):
            page.set_viewport_size({"width": width, "height": 1000})
            assert page.evaluate(STICKS_OUT, ", ".join(PARTS)) == []
            states = states_of(page, width)
            found += differences(f"{theme}-{width}", states)
        for part in PARTS:
            assert axe_finds(page, part) == [], f"{part} in {theme}"
    assert ACCEPTS or len(differences("light-1280", states)) == last, (
        "the dark theme passes for the light one"
    )
    opened.theme("JupyterLab Light")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(page.locator(".jupyter-widgets-disconnected").first).to_be_attached()
    found += differences("gone-700", states_of(page, 700))
    opened.close()
    page.close()
    stop_sandbox(next(server.root.glob("tmp*")))
    assert found == []
