"""Notebook 7 and Voila: the panel works, and clips play."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages import NotebookPage, plays, write_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter


def make_a_clip(page: Page, prompt: str) -> None:
    page.get_by_role("radiogroup", name="Duration").wait_for()
    page.locator(".ltxv-prompt textarea").fill(prompt)
    page.locator(".ltxv-prompt textarea").press("Control+Enter")
    plays(page.locator(".ltxv-panel .ltxv-job video"))
    expect(page.locator(".ltxv-panel .ltxv-job .ltxv-clip")).to_contain_text(prompt)


def test_panel_and_cell_work_in_notebook_7(
    context: BrowserContext, server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    write_notebook(
        server.root / "seven.ipynb", "%load_ext ltxv_nb", "%%ltxv -d 6\nA cell in Notebook 7", "%ltxv panel"
    )
    opened = NotebookPage(context.new_page(), server, "seven.ipynb", app="notebook").open()
    page = opened.page
    opened.run_all()
    make_a_clip(page, "A panel in Notebook 7")
    plays(opened.output(1).locator("video:visible"))
    shot(page, "notebook-7")
    opened.close()
    page.close()


def test_panel_works_and_clips_play_in_voila(
    context: BrowserContext, server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    write_notebook(
        server.root / "voila.ipynb",
        "import ltxv_nb\nclip = ltxv_nb.Client().generate('A clip made before', duration=6)\nclip",
        "ltxv_nb.panel()",
        "ltxv_nb.gallery()",
    )
    page = context.new_page()
    page.goto(server.address("voila/render/voila.ipynb"), wait_until="commit", timeout=60_000)
    page.locator(".ltxv-panel .ltxv-generate").wait_for(timeout=60_000)
    plays(page.locator(".ltxv-clip video").first)
    expect(page.locator(".ltxv-clip").first).to_contain_text(f"The file is {server.root / 'ltxv_videos'}")
    make_a_clip(page, "A panel in Voila")
    page.locator(".ltxv-gallery .ltxv-play").first.click()
    plays(page.locator("dialog.ltxv-lightbox video"))
    shot(page, "voila")
    page.close()
