"""What can be done under a clip in a cell, and lists of jobs and videos, in a real JupyterLab."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from library import add_clip, draw_clip
from pages import plays
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage
    from playwright.sync_api import Page
    from servers import Jupyter


def test_a_clip_in_a_cell_is_continued_copied_and_rated_where_it_stands(
    notebook: Callable[..., NotebookPage], server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    files = [draw_clip(server.root / "shown" / f"shown-{number}.mp4", number) for number in range(2)]
    older = add_clip(server.home, files[1], "Waves on a shore", age=7200, billed_credits=None)
    clip = add_clip(server.home, files[0], "A ferry leaves <b>the harbour</b>", age=60)
    opened = notebook(
        "%load_ext ltxv_nb\nfrom ltxv_nb.notebook.session import session_for\nclient = session_for().client",
        f"%ltxv show {clip.id}",
        f"client.job('{older.id}')",
        "%ltxv jobs --sort stars",
        f"client.jobs().videos[:0] or type(client.jobs())(client.job(one) for one in {[clip.id, older.id]}).videos",
        f"%%ltxv --dry-run -i {clip.id}\nWhat comes next",
        f"print([client.job(one).rating for one in {[clip.id, older.id]}])",
        f"%ltxv rate {older.id} 3",
    )
    page, cell = opened.page, opened.output(1)
    opened.run_all()
    opened.wait_until_run(7)

    plays(cell.locator("video"))
    cell.get_by_text("Continue from here").click()
    expect(cell.locator("details[open] pre")).to_contain_text(f"%%ltxv -i {clip.id} -d 6 -r 1080p")
    expect(cell.locator("details[open] pre")).to_contain_text("A ferry leaves <b>the harbour</b>")
    assert "image_url" in opened.output(5).inner_text(), "the cell that it offers can be run"
    cell.get_by_text("Copy as cell").click()
    expect(cell.locator("details[open]")).to_have_count(1)
    cell.locator("details[open]").get_by_role("button", name="Copy").click()
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("%%ltxv -d 6")
    assert "shown-0.mp4" in (cell.get_by_role("link", name="Download").get_attribute("href") or "")

    cell.get_by_text("☆ Star").click()
    cell.get_by_role("button", name="4 ★").click()
    expect(cell.locator("summary", has_text="★★★★☆")).to_be_visible()
    assert opened.comes_to_say(6, "[4, 3]")
    plays(opened.output(2).locator("video"))

    table = opened.output(3).locator("table")
    expect(table.locator("tbody tr").first).to_contain_text(re.compile("Waves|ferry"))
    assert table.locator("img").count() >= 2
    table.get_by_role("button", name="prompt").click()
    prompts = table.locator("tbody tr td:nth-child(9)").all_inner_texts()
    assert prompts == sorted(prompts, key=str.casefold)
    expect(table.locator("th[aria-sort=ascending]")).to_have_text("prompt")
    expect(opened.output(4).locator(".ltxv-sheet img")).to_have_count(2)
    assert "3" in opened.output(7).inner_text() or "★★★" in opened.output(7).inner_text()

    from axe_playwright_python.sync_playwright import Axe

    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        opened.theme(theme)
        for where in (".ltxv-clip", ".ltxv-jobs-table", ".ltxv-sheet"):
            found = Axe().run(page, context=where).response["violations"]
            assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
        shot(page, f"clip-actions-{theme.split()[1].lower()}")
    opened.save()
    assert len((server.root / opened.name).read_text()) < 500_000
