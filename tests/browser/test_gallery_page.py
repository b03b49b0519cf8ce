"""The gallery in a real JupyterLab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage
    from playwright.sync_api import Page

CLIPS = """
import ltxv_nb
client = ltxv_nb.Client(home="gallery-home")
wanted = [("A fox in fresh snow", "ltxv-2"), ("Snow on a roof", "ltxv-2-fast"), ("Rain on a street", "ltxv-2")]
for job in [client.submit(prompt, model=model, duration=6) for prompt, model in wanted]:
    job.result(60)
"""


def test_a_page_of_posters_that_play_when_clicked_and_can_be_searched(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    more = 'client.generate("A late clip", duration=6)'
    opened = notebook(CLIPS, "ltxv_nb.gallery(client)", more)
    page = opened.page
    opened.run_all()
    posters = page.locator(".ltxv-tile img.ltxv-poster")
    expect(posters).to_have_count(3, timeout=60_000)
    expect(page.locator(".ltxv-gallery")).to_contain_text("1 to 3 of 3 clips")
    shot(page, "gallery")

    page.get_by_role("button", name="Play: Rain on a street").click()
    video = page.locator(".ltxv-gallery video")
    page.wait_for_function("() => document.querySelector('.ltxv-gallery video')?.currentTime > 0.1")
    assert not video.evaluate("video => video.paused")
    page.get_by_role("button", name="Close").click()
    expect(video).to_have_count(0)

    page.get_by_label("Find").fill("snow")
    expect(page.locator(".ltxv-tile")).to_have_count(2)
    page.locator(".ltxv-gallery").get_by_label("Model").select_option("ltxv-2-fast")
    expect(page.locator(".ltxv-tile")).to_have_count(1)
    expect(page.locator(".ltxv-tile")).to_contain_text("Snow on a roof")
    page.get_by_role("button", name="Copy settings").click()
    expect(page.get_by_role("button", name="Copy settings")).to_have_text("Copied")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "%%ltxv -m ltxv-2-fast -d 6\nSnow on a roof"

    opened.wait_until_run(2)
    page.locator(".ltxv-gallery").get_by_label("Model").select_option("All models")
    page.get_by_label("Find").fill("")
    page.get_by_role("button", name="Refresh").click()
    expect(page.locator(".ltxv-gallery")).to_contain_text("1 to 4 of 4 clips")


def test_the_gallery_is_accessible(notebook: Callable[..., NotebookPage]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = notebook("import ltxv_nb\nltxv_nb.gallery()")
    opened.run(0)
    opened.page.locator(".ltxv-gallery").wait_for()
    expect(opened.page.locator(".ltxv-gallery .ltxv-message")).to_contain_text("clip")
    found = Axe().run(opened.page, context=".ltxv-gallery").response["violations"]
    assert [rule["id"] for rule in found if rule["impact"] in {"serious", "critical"}] == []
