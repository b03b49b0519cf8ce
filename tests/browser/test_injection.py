"""Nothing from outside runs anything: prompts, the service's words, file names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from markup import PAYLOAD, HostileService
from pages import plays
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pages import NotebookPage
    from playwright.sync_api import Page

#: A folder whose name is HTML; a slash cannot be in a name.
FOLDER = "<img src=x onerror=\"window.pwned='folder'\">"


def nothing_ran(page: Page) -> None:
    page.wait_for_function("() => [...document.images].every(image => image.complete)")
    assert page.evaluate("() => window.pwned ?? null") is None


@pytest.fixture
def hostile() -> Iterator[HostileService]:
    with HostileService() as service:
        yield service


def test_a_prompt_and_a_folder_of_html_are_only_shown(notebook: Callable[..., NotebookPage]) -> None:
    opened = notebook(
        f"import ltxv_nb\nclient = ltxv_nb.Client(output_dir={FOLDER!r})\npanel = ltxv_nb.panel(client)\npanel",
        f"panel.request = ltxv_nb.GenerationRequest({PAYLOAD!r})",
        "%load_ext ltxv_nb",
        f"%%ltxv\nIn a cell: {PAYLOAD}",
        "gallery = ltxv_nb.gallery(client)\ngallery",
        "display(panel.jobs[0].video)",
    )
    page = opened.page
    opened.run(0)
    page.locator(".ltxv-panel .ltxv-generate").wait_for()
    opened.run(1)
    expect(page.locator(".ltxv-prompt textarea")).to_have_value(PAYLOAD)
    page.get_by_role("button", name="Show as cell").click()
    page.get_by_role("button", name="Generate").click()
    plays(page.locator(".ltxv-panel .ltxv-job video"))
    opened.run(2)
    opened.run(3)
    opened.output(3).locator("video").wait_for()
    opened.run(4)
    page.locator(".ltxv-gallery[data-ltxv-ready] .ltxv-tile .ltxv-poster").first.wait_for()
    page.locator(".ltxv-gallery .ltxv-play").first.click()
    plays(page.locator("dialog.ltxv-lightbox video"))
    page.keyboard.press("Escape")
    opened.run(5)
    opened.output(5).locator("video").wait_for()
    page.get_by_label("Find").fill(PAYLOAD)
    expect(page.locator(".ltxv-gallery")).to_contain_text("onerror")
    nothing_ran(page)


def test_the_services_words_are_only_shown(
    notebook: Callable[..., NotebookPage], hostile: HostileService
) -> None:
    client = f"api_key='k' * 32, base_url={hostile.address!r}, home='hostile', backend='aimlapi'"
    unpinned = "import os, ltxv_nb\nos.environ['LTXV_BACKEND'] = 'aimlapi'"
    opened = notebook(f"{unpinned}\npanel = ltxv_nb.panel(ltxv_nb.Client({client}))\npanel")
    opened.run(0)
    page = opened.page
    expect(page.locator(".ltxv-badge")).to_contain_text("every clip is billed")
    page.locator(".ltxv-prompt textarea").fill("Anything at all")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".ltxv-job .ltxv-state")).to_contain_text("onerror")
    hostile.end()
    expect(page.locator(".ltxv-job .ltxv-note")).to_contain_text("onerror", timeout=60_000)
    page.locator(".ltxv-prompt textarea").fill("Please refuse")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".ltxv-card .ltxv-message")).to_contain_text("onerror")
    expect(page.get_by_role("button", name="Generate")).to_be_enabled()
    nothing_ran(page)
