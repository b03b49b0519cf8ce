"""What stands below a cell, from submission to clip and when that goes wrong, in the light and in the dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage
    from playwright.sync_api import Page

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
