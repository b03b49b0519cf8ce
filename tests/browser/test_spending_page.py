"""What was spent, in a real page: seen in the light and in the dark, and still there without a kernel or trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
from pages import NotebookPage
from playwright.sync_api import expect
from test_states_page import LOAD, axe_finds

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from servers import Jupyter


def test_spending_is_a_table_with_a_picture_in_the_light_in_the_dark_and_untrusted(
    notebook: Callable[..., NotebookPage], server: Jupyter, shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(
        LOAD,
        "%%ltxv --wait -m ltxv-2-fast\nA boat on a river, between two prices: $1 and $2",
        "%ltxv spend",
        "%ltxv spend --reconcile",
    )
    for index in range(4):
        opened.run(index)
        opened.wait_until_run(index)
    spending, books = opened.output(2), opened.output(3)
    picture = spending.get_by_role("img")
    label = picture.get_attribute("aria-label") or ""
    assert "of play money in the 30 days from" in label
    expect(spending).to_contain_text(label)
    expect(spending.get_by_role("columnheader")).to_have_count(7)
    expect(spending).to_contain_text("in play money: the sandbox bills nothing")
    expect(books).to_contain_text("of the last 30 days")
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        opened.theme(theme)
        for index in (2, 3):
            opened.output(index).evaluate("(node, index) => { node.id = `money-${index}`; }", index)
            assert axe_finds(opened.page, f"#money-{index} .jp-RenderedHTMLCommon") == []
        bar = picture.locator("rect").first
        assert bar.evaluate("one => getComputedStyle(one).fill") == picture.evaluate(
            "one => getComputedStyle(one.parentElement).color"
        ), "the bars have the colour of the words"
        shot(opened.page, f"spending-{theme.split()[-1].lower()}")
    opened.theme("JupyterLab Light")
    opened.save()
    # Somebody else's copy: its outputs are not trusted, and SVG is taken out of them, but no word is lost or loose.
    words = spending.text_content()
    theirs = opened.saved()
    theirs.cells[2].source += "  "  # nobody has signed that
    nbformat.write(theirs, server.root / "copy-of-spending.ipynb")
    copy = NotebookPage(opened.page, server, "copy-of-spending.ipynb").open_in_lab()
    try:
        assert not copy.is_trusted(2)
        expect(copy.output(2)).to_contain_text(label)
        assert copy.output(2).text_content() == words
    finally:
        copy.close()
