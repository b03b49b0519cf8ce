"""The gallery in a real JupyterLab: found, played, rated, continued, and what is left without a kernel."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from library import add_clip, draw_clip
from pages import NotebookPage, plays
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

PAID = {"backend": "aimlapi", "origin": "https://api.aimlapi.com", "billed_credits": 756_000}
FAST = {"settings": {"model": "ltxv/ltxv-2-fast"}}
OPEN = "import ltxv_nb\nclient = ltxv_nb.Client(home={home!r})"
SHOW = "ltxv_nb.gallery(client)"

#: Which videos are heard in the page.
HEARD = "() => [...document.querySelectorAll('video')].filter(v => !v.paused && !v.muted).length"


@pytest.fixture(scope="module")
def library(server: Jupyter) -> str:
    """Seventeen clips, the newest first: three of their own, and others that fill a second page."""
    home, files = (
        server.root / "gallery-home",
        [draw_clip(server.root / "ltxv_videos" / f"clip-{number}.mp4", number) for number in range(3)],
    )
    add_clip(home, files[0], "A fox in fresh snow", age=10, **PAID)
    add_clip(home, files[1], "Snow on a roof", age=20, stars=2, **FAST)
    add_clip(home, files[2], "Rain on a street", age=30, stars=5, tags=["night"])
    for number in range(14):
        add_clip(home, files[number % 3], f"Clip number {number}", age=100 + number)
    return home.name


@pytest.fixture
def shown(notebook: Callable[..., NotebookPage], library: str) -> NotebookPage:
    opened = notebook(OPEN.format(home=library), SHOW)
    opened.run_all()
    expect(opened.page.locator(".ltxv-tile video[poster]")).to_have_count(12, timeout=60_000)
    opened.page.locator(".ltxv-gallery[data-ltxv-ready]").wait_for()
    return opened


def tile(page: Page, words: str) -> Any:
    return page.locator(".ltxv-tile", has_text=words)


def test_clips_are_found_by_words_in_any_order_and_by_filters(shown: NotebookPage, server: Jupyter) -> None:
    page = shown.page
    tiles, gallery = page.locator(".ltxv-tile"), page.locator(".ltxv-gallery")
    expect(gallery).to_contain_text("1 to 12 of 17 clips")
    page.get_by_label("Find").fill("snow FOX")
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("$0.378")
    page.get_by_label("Find").fill("night")
    expect(tiles).to_contain_text("Rain on a street")
    page.get_by_label("Find").fill("")
    expect(tiles).to_have_count(12)
    gallery.get_by_label("Model").select_option("ltxv-2-fast")
    expect(tiles).to_have_count(1)
    expect(tiles).to_contain_text("Snow on a roof")
    gallery.get_by_label("Model").select_option("All models")
    gallery.get_by_label("Stars", exact=True).first.select_option("★★★ or more")
    expect(tiles).to_have_count(1)
    gallery.get_by_label("Stars", exact=True).first.select_option("Any")
    gallery.get_by_label("Billed").select_option("Paid")
    expect(tiles).to_have_count(1)
    gallery.get_by_label("Billed").select_option("Paid or sandbox")
    gallery.get_by_label("Made").select_option("Last 7 days")
    expect(gallery).to_contain_text("1 to 12 of 17 clips")

    # Another process makes a clip: it comes by itself.
    add_clip(server.root / "gallery-home", server.root / "ltxv_videos" / "clip-0.mp4", "A late clip", age=-5)
    expect(tiles.first).to_contain_text("A late clip", timeout=15_000)
    expect(gallery).to_contain_text("1 to 12 of 18 clips")
    page.get_by_label("Find").fill("no such words")
    expect(gallery).to_contain_text("No clip matches")


def test_the_lightbox_plays_one_clip_at_a_time_and_obeys_the_keyboard(shown: NotebookPage) -> None:
    page = shown.page
    dialog, prompt = page.locator("dialog.ltxv-lightbox"), page.locator("dialog .ltxv-caption")
    page.emulate_media(reduced_motion="no-preference")
    small = tile(page, "Rain on a street").locator(".ltxv-play")
    small.hover()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.ltxv-tile video')].some(v => v.currentTime > 0)"
    )
    assert page.evaluate(HEARD) == 0, "a preview is silent"
    page.mouse.move(0, 0)
    page.wait_for_function("() => [...document.querySelectorAll('.ltxv-tile video')].every(v => v.paused)")

    page.get_by_role("button", name="Play: Rain on a street").click()
    expect(dialog).to_be_visible()
    expect(prompt).to_have_text("Rain on a street")
    page.wait_for_function("() => document.querySelector('dialog video')?.currentTime > 0.1")
    assert page.evaluate(HEARD) == 1
    page.keyboard.press("ArrowRight")
    expect(prompt).to_have_text("Clip number 0")
    expect(page.locator(".ltxv-where")).to_have_text(re.compile(r"of 1\d$"))
    page.keyboard.press("ArrowLeft")
    expect(prompt).to_have_text("Rain on a street")
    page.wait_for_function("() => document.querySelector('dialog video')?.currentTime > 0.1")
    assert page.evaluate(HEARD) == 1
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "Jupyter's own keys rest meanwhile"
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Play: Rain on a street")).to_be_focused()
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells, "on the gallery's own buttons, too"
    assert page.evaluate(HEARD) == 0

    page.get_by_role("button", name="Play: Clip number 5").press("Enter")
    for _ in range(20):  # on to the next page, wherever the first one ends by now
        before = prompt.inner_text()
        page.keyboard.press("ArrowRight")
        expect(prompt).not_to_have_text(before)
        if page.locator(".ltxv-position").get_attribute("data-first") == "12":
            break
    expect(page.locator(".ltxv-where")).to_have_text(re.compile(r"^13 of "))
    page.get_by_role("button", name="Newer clip").click()
    expect(page.locator(".ltxv-where")).to_have_text(re.compile(r"^12 of "))
    page.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_stars_and_actions_work_at_the_clip_that_was_clicked(shown: NotebookPage) -> None:
    page, first = shown.page, tile(shown.page, "A fox in fresh snow")
    first.get_by_label("4 stars").click()
    expect(first.locator(".ltxv-stars label.ltxv-on")).to_have_count(4)
    shown.code(0, "print(*[(job.rating, job.tags) for job in client.jobs() if 'fox' in job.record.prompt])")
    assert shown.comes_to_say(0, "(4, ())")
    page.get_by_role("button", name="Play: A fox in fresh snow").click()
    page.locator("dialog").get_by_label("4 stars").click()
    page.keyboard.press("Escape")
    expect(first.locator(".ltxv-stars label.ltxv-on")).to_have_count(0)
    assert shown.comes_to_say(0, "(None, ())")

    first.get_by_text("Continue from here").click()
    text = first.locator("details[open] pre")
    expect(text).to_contain_text(re.compile(r"%%ltxv -i [2-9a-z]{8} -d 6 -r 1080p\s+A fox in fresh snow"))
    expect(first).to_contain_text("begins with this clip's last frame")
    expect(page.locator(".ltxv-tile details[open]")).to_have_count(1)
    first.get_by_text("Make a variation").click()
    expect(page.locator(".ltxv-tile details[open]")).to_have_count(1)
    expect(text).to_contain_text("%%ltxv --again")
    first.get_by_text("Copy as cell").click()
    first.get_by_role("button", name="Copy", exact=False).last.click()
    expect(first.locator("details[open] button")).to_have_text("Copied")
    assert (
        page.evaluate("() => navigator.clipboard.readText()") == "%%ltxv -d 6 -r 1080p\nA fox in fresh snow"
    )
    assert re.search("clip-0.mp4", first.get_by_role("link", name="Open").get_attribute("href") or "")
    with page.expect_download() as download:
        first.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "clip-0.mp4"


def test_a_clip_outside_of_what_jupyter_serves_is_played_all_the_same(
    notebook: Callable[..., NotebookPage], server: Jupyter, tmp_path: Path
) -> None:
    add_clip(server.root / "outside-home", draw_clip(tmp_path / "outside.mp4"), "Outside")
    opened = notebook(OPEN.format(home="outside-home"), SHOW)
    opened.run_all()
    page = opened.page
    page.locator(".ltxv-gallery[data-ltxv-ready] .ltxv-tile img.ltxv-poster").wait_for(timeout=60_000)
    page.get_by_role("button", name="Play: Outside").click()
    page.wait_for_function("() => document.querySelector('dialog video')?.currentTime > 0.1")
    page.keyboard.press("Escape")


def test_the_gallery_is_accessible_and_fits_a_narrow_page(
    shown: NotebookPage, shot: Callable[[Page, str], None]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = shown.page
    page.locator(".ltxv-tile summary").first.click()
    try:
        for theme, width in (("JupyterLab Light", 1280), ("JupyterLab Dark", 700), ("JupyterLab Light", 390)):
            page.set_viewport_size({"width": width, "height": 1000})
            shown.theme(theme)
            for where in (".ltxv-gallery", "dialog.ltxv-lightbox"):
                if where.startswith("dialog"):
                    page.locator(".ltxv-play").nth(1).click()
                    page.wait_for_function("() => document.querySelector('dialog video')?.currentTime > 0")
                found = Axe().run(page, context=where).response["violations"]
                assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
                shot(page, f"gallery-{where[:6].strip('.')}-{width}-{theme.split()[1].lower()}")
            page.keyboard.press("Escape")
            assert page.evaluate(
                """() => { const right = document.querySelector('.ltxv-gallery').getBoundingClientRect().right + 1;
                return [...document.querySelectorAll('.ltxv-gallery *')].filter(e => getComputedStyle(e).display
                  !== 'none' && !e.closest('dialog') && e.getBoundingClientRect().right > right)
                  .map(e => e.className); }"""
            ) == []  # fmt: skip
    finally:
        page.set_viewport_size({"width": 1180, "height": 1000})
        shown.theme("JupyterLab Light")


def test_without_its_kernel_untrusted_and_exported_the_clips_are_still_there(
    shown: NotebookPage, context: BrowserContext, server: Jupyter, tmp_path: Path
) -> None:
    still = shown.output(1).locator(".ltxv-still")
    expect(still.locator("video")).to_have_count(12)
    expect(still).to_be_hidden()
    shown.save()
    shown.close()
    text = (server.root / shown.name).read_text()
    assert "Gallery(" not in text.replace("ltxv_nb.gallery(", "")
    assert len(text) < 250_000
    (server.root / "untrusted-gallery.ipynb").write_text(text.replace("ltxv_nb.gallery(client)", "0"))
    for name, trusted in ((shown.name, True), ("untrusted-gallery.ipynb", False)):
        opened = NotebookPage(context.new_page(), server, name).open()
        assert opened.is_trusted(1) is trusted
        assert "The gallery was here" in opened.output(1).inner_text()
        assert "A fox in fresh snow" in opened.output(1).inner_text()
        if trusted:
            assert "model not found" not in opened.output(1).inner_text()
        plays(opened.output(1).locator("video").first)
        opened.close()
        opened.page.close()

    exported = server.root / "exported-gallery.html"
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(exported)]
    subprocess.run([*command, str(server.root / shown.name)], check=True, capture_output=True, timeout=120)
    page = context.new_page()
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto(exported.as_uri())
    expect(page.locator(".ltxv-still video:visible")).to_have_count(12)
    plays(page.locator(".ltxv-still video").first)
    assert "Gallery(" not in page.locator("body").inner_text().replace("ltxv_nb.gallery(", "")
    page.close()
