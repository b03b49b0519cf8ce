"""What becomes of a clip when the page, the kernel or the trust is gone."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from pages import NotebookPage, plays, write_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

LOAD = "%load_ext ltxv_nb"
NOT_FOUND = re.compile("model not found|Error displaying widget|Loading widget", re.IGNORECASE)


def saved_with_clips(notebook: Callable[..., NotebookPage]) -> NotebookPage:
    """Return a notebook on disk with a finished cell and a panel with a finished clip; its kernel is gone."""
    opened = notebook(LOAD, "%%ltxv -d 6\nA clip that outlives its kernel", "%ltxv panel")
    page = opened.page
    opened.run_all()
    page.locator(".ltxv-prompt textarea").fill("A clip of a panel that is gone")
    page.get_by_role("button", name="Generate").click()
    plays(page.locator(".ltxv-panel .ltxv-job video"))
    plays(opened.output(1).locator("video"))
    opened.output(2).locator(".ltxv-fallback video").wait_for(state="attached")
    opened.save()
    opened.close()
    return opened


def open_copy(
    context: BrowserContext, server: Jupyter, source: str, name: str, *, trusted: bool
) -> NotebookPage:
    """Open a copy, with a new kernel; a copy from elsewhere is one that nobody has signed."""
    text = (server.root / source).read_text()
    if not trusted:
        text = text.replace("A clip that outlives", "A clip, copied, that outlives")
    (server.root / name).write_text(text)
    page = context.new_page()
    return NotebookPage(page, server, name).open()


def test_clips_play_when_the_kernel_is_gone_when_untrusted_and_in_an_exported_page(
    notebook: Callable[..., NotebookPage],
    context: BrowserContext,
    server: Jupyter,
    tmp_path: Path,
    shot: Callable[[Page, str], None],
) -> None:
    name = saved_with_clips(notebook).name

    (server.root / "moved").mkdir()
    dead = open_copy(context, server, name, "moved/dead.ipynb", trusted=True)
    assert dead.is_trusted(1)
    for index in (1, 2):
        plays(dead.output(index).locator("video:visible"))
        assert not NOT_FOUND.search(dead.output(index).inner_text())
    dead.output(1).locator(".ltxv-clip a[data-missing]").first.click()
    expect(dead.output(1).locator(".ltxv-missing")).to_contain_text("shows the clip wherever it is")
    shot(dead.page, "kernel-gone")
    dead.close()
    dead.page.close()

    untrusted = open_copy(context, server, name, "untrusted.ipynb", trusted=False)
    assert not untrusted.is_trusted(1)
    for index in (1, 2):
        plays(untrusted.output(index).locator("video:visible"))
        assert "children=" not in untrusted.output(index).inner_text()
    untrusted.close()
    untrusted.page.close()

    exported = tmp_path / "exported.html"
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--output", str(exported)]
    subprocess.run([*command, str(server.root / name)], check=True, capture_output=True, timeout=120)
    assert "Panel(children=" not in exported.read_text()
    page = context.new_page()
    asked: list[str] = []
    page.route(re.compile("^https?:"), lambda route: (asked.append(route.request.url), route.abort()))
    page.goto(exported.as_uri())
    videos = page.locator("video:visible")
    expect(videos).to_have_count(2)
    for video in videos.all():
        plays(video)
    page.close()


def test_after_a_reload_in_mid_job_the_outcome_is_there_when_it_ends(
    context: BrowserContext, server: Jupyter
) -> None:
    write_notebook(
        server.root / "reload.ipynb",
        LOAD,
        "%%ltxv -d 6\nA reload in mid-job [slow]",
        "%ltxv panel",
        "print(_ltxv)",
    )
    opened = NotebookPage(context.new_page(), server, "reload.ipynb").open()
    page = opened.page
    opened.run(0)
    opened.run(2)  # the panel first: on a busy machine it takes longer to come up than a clip
    page.locator(".ltxv-prompt textarea").fill("A panel's reload in mid-job [slow]")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".ltxv-job")).to_have_count(1)
    opened.run(1)
    opened.run(3)
    expect(opened.output(1).locator(".ltxv-status")).to_have_count(1)
    opened.save()
    page.reload(wait_until="commit")
    opened.ready()
    expect(opened.output(1).locator(".ltxv-state")).to_contain_text(re.compile("Queued|Generating"))
    for index in (1, 2):
        video = opened.output(index).locator("video:visible")
        video.wait_for(timeout=60_000)
        plays(video)
    expect(page.locator(".ltxv-prompt textarea")).to_have_value("A panel's reload in mid-job [slow]")
    opened.close()
    page.close()
