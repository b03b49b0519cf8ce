"""What stands below a cell, from submission to clip and when that goes wrong, in the light and in the dark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pages import NotebookPage, write_notebook
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from servers import Jupyter

LOAD = "%load_ext ltxv_nb"


def axe_finds(page: Page, context: str) -> list[tuple[str, list[str]]]:
    """Return what axe has against a part of the page: each rule with the elements that break it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=context).response["violations"]
    return [(rule["id"], [node["html"][:300] for node in rule["nodes"]]) for rule in found]


def test_an_error_is_one_card_that_can_be_read_in_the_light_and_in_the_dark(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(
        LOAD,
        "%%ltxv -d 7\nA boat",
        "%%ltxv --bogus\nA boat",
        "%%ltxv -d 6\nA boat [fail]",
        "%ltxv show no-such-job",
        "import ltxv_nb; ltxv_nb.Client().submit('A boat', duration=7)",
    )
    for index in range(6):
        opened.run(index)
        opened.wait_until_run(index)
    titles = {1: "Not sent", 2: "Not sent", 3: "Failed"}
    for index, title in titles.items():
        card = opened.output(index).locator(".ltxv-note")
        expect(card).to_have_count(1)
        expect(card.locator(".ltxv-title")).to_have_text(title)
        # What is not in the card is not there twice: IPython's own line is hidden.
        expect(
            opened.output(index).locator(".jp-RenderedText:visible").filter(has_text="Error:")
        ).to_have_count(0)
    expect(opened.output(2).locator("code").last).to_have_text("%%ltxv --help")
    expect(opened.output(5)).to_contain_text("RequestError: duration is 7")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        opened.theme(theme)
        assert axe_finds(opened.page, ".ltxv-note") == []
        assert axe_finds(opened.page, ".jp-Notebook .jp-RenderedText") == []
        shot(opened.page, f"errors-{theme.split()[-1].lower()}")
    opened.theme("JupyterLab Light")


#: In the page: the seconds that its clock shows, which no text of the page holds.
CLOCK = """() => Number(getComputedStyle(document.querySelector('.ltxv-status .ltxv-times'))
  .getPropertyValue('--ltxv-now'))"""
#: Makes the wait before a request is sent again long enough to be looked at.
LONG_WAIT = "import ltxv_nb.engine.submit as submit\nsubmit.Submission._pause = lambda *_: 8.0"


#: In the page: by how many pixels a cell's lines are wider than the cell, and in how many colours they are.
LINES = """index => {
  const editor = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[index].querySelector('.cm-content');
  const below = [...editor.querySelectorAll('.cm-line:not(:first-child)')].flatMap(line => [
    line, ...line.querySelectorAll('*')]);
  return [editor.scrollWidth - editor.parentElement.clientWidth,
          new Set(below.map(part => getComputedStyle(part).color)).size];
}"""


def height(opened: NotebookPage, index: int) -> float:
    """Return the height of a cell's output in pixels, its first line included."""
    box = opened.output(index).bounding_box()
    assert box is not None
    return float(box["height"])


def test_a_prompt_wraps_and_is_not_coloured_as_python(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    prompt = "A boat for a lamp in the night, while True is not None, 3 gulls; " * 6
    opened = notebook(LOAD, f"%%ltxv -d 6 --wait\n{prompt}", f"%%ltxv -d 7\n{prompt}", f"1\n# {prompt}")
    assert opened.page.evaluate(LINES, 1)[0] > 500, "the prompt is not too long for one line"
    for index in range(4):
        opened.run(index)
        opened.wait_until_run(index)
    shot(opened.page, "prompt-cell")
    assert [opened.page.evaluate(LINES, index) for index in (1, 2)] == [[0, 1], [0, 1]]
    assert opened.page.evaluate(LINES, 3)[0] > 500, "other cells stay as they are"


def test_the_seconds_move_without_messages_and_the_clip_comes_where_its_place_was_kept(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(f"{LOAD}\n%ltxv sandbox", "%%ltxv -d 6\nA boat whose seconds move [slow]")
    page = opened.page
    opened.run(0)
    opened.wait_until_run(0)
    opened.run(1)
    output = opened.output(1)
    stage = output.locator(".ltxv-stage")
    expect(output.locator(".ltxv-state")).to_contain_text("Generating")
    began, before = page.evaluate(CLOCK), height(opened, 1)
    page.wait_for_function(f"began => ({CLOCK})() >= began + 2", arg=began)
    kept = stage.bounding_box()
    shot(page, "status-running")
    video = output.locator("video:visible")
    video.wait_for(timeout=120_000)
    box = video.bounding_box()
    assert kept is not None
    assert box is not None
    for side in ("x", "y", "width", "height"):
        assert abs(box[side] - kept[side]) <= 8, f"the clip's {side} is another one than the stage's"
    assert abs(height(opened, 1) - before) <= 8, "what stands below was moved"
    expect(output.locator(".ltxv-pill")).to_have_text("Free sandbox drawing")
    expect(output.get_by_role("link", name="Open")).to_have_count(1)
    assert axe_finds(page, ".ltxv-clip") == []
    shot(page, "status-finished")


def test_a_request_that_is_not_accepted_yet_says_so_at_once_and_counts_down(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(f"{LOAD}\n{LONG_WAIT}", "%%ltxv -d 6\nA boat in a queue [rate-limit]")
    opened.run(0)
    opened.wait_until_run(0)
    opened.run(1)
    output = opened.output(1)
    expect(output.locator(".ltxv-state")).to_contain_text("Not accepted yet")
    expect(output.locator(".ltxv-meter")).to_contain_text("HTTP 429")
    expect(output.locator(".ltxv-left")).to_have_count(1)
    expect(output.locator(".ltxv-stop")).to_have_count(0)  # a cell that runs takes no click
    assert axe_finds(opened.page, ".ltxv-status") == []
    shot(opened.page, "status-rate-limited")
    expect(output.locator(".ltxv-state")).to_contain_text(re.compile("Queued|Generating"), timeout=60_000)
    expect(output.locator(".ltxv-stop")).to_have_count(1)


def test_what_is_being_made_already_is_one_card_with_its_status_and_becomes_the_clip(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    same = "%%ltxv -d 6\nA boat that is asked for twice [slow]"
    opened = notebook(LOAD, same, same)
    for index in range(3):
        opened.run(index)
        opened.wait_until_run(index)
    second = opened.output(2)
    expect(second.locator(".ltxv-noted .ltxv-title")).to_have_text("Not sent: it is being made already")
    expect(second.locator(".ltxv-noted .ltxv-state")).to_contain_text(re.compile("Queued|Generating"))
    expect(second.locator(".ltxv-note")).to_have_count(1)
    expect(second.locator(".jp-RenderedText:visible").filter(has_text="DuplicateRequest")).to_have_count(0)
    assert axe_finds(opened.page, ".ltxv-noted") == []
    shot(opened.page, "status-duplicate")
    second.locator("video:visible").wait_for(timeout=120_000)
    expect(second.locator(".ltxv-note")).to_have_count(0)


def test_a_kernel_that_is_restarted_leaves_no_frozen_status_and_says_how_to_go_on(
    context: BrowserContext, server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    write_notebook(server.root / "restart.ipynb", LOAD, "%%ltxv -d 6\nA boat that outlives its kernel [slow]")
    opened = NotebookPage(context.new_page(), server, "restart.ipynb").open()
    page, output = opened.page, opened.output(1)
    opened.run_all()
    expect(output.locator(".ltxv-state")).to_contain_text(re.compile("Queued|Generating"))
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    gone = output.locator(".ltxv-gone, .ltxv-note").locator("visible=true")
    expect(gone).to_contain_text("%ltxv resume")
    expect(output.locator(".ltxv-status").locator("visible=true")).to_have_count(0)
    expect(output.get_by_role("button")).to_have_count(0)
    shot(page, "kernel-restarted")
    opened.close()
    page.close()
