"""A button takes effect within a second, whatever the kernel's version does with clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipykernel
import pytest
from conftest import show_panel
from pages import quickest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage

VERSION = tuple(int(part) for part in ipykernel.__version__.split(".")[:2])


def test_a_click_is_taken_within_a_second_while_the_kernel_is_idle(panel: NotebookPage) -> None:
    button = panel.page.get_by_role("button", name="Show as cell")
    code = panel.page.locator(".ltxv-shown-cell")

    def show() -> None:
        button.click()
        code.wait_for()

    def hide() -> None:
        button.click()
        expect(code).to_have_count(0)

    assert quickest(show, hide) < 1.0


@pytest.mark.skipif(VERSION < (7,), reason="before 7, a kernel takes no click while a cell runs")
def test_a_click_is_taken_while_a_cell_waits_and_the_cells_behind_it_still_run(
    notebook: Callable[..., NotebookPage],
) -> None:
    opened = show_panel(
        notebook,
        "%load_ext ltxv_nb",
        "%%ltxv --wait -d 6\nA cell that waits [slow]",
        "print('the cell behind it')",
    )
    page = opened.page
    for index in (1, 2, 3):
        opened.run(index)
    expect(opened.output(2).locator(".ltxv-state")).to_contain_text("Generating")
    page.locator(".ltxv-prompt textarea").fill("Made while a cell waits")
    go = page.get_by_role("button", name="Generate")
    expect(go).to_be_enabled()
    go.click()
    expect(page.locator(".ltxv-panel .ltxv-job")).to_have_count(1)
    assert opened.output(2).locator(".ltxv-status").count() == 1, "the wait was over before the click"
    opened.output(2).locator("video:visible").wait_for()
    expect(opened.output(3)).to_contain_text("the cell behind it")
    page.locator(".ltxv-panel .ltxv-job video").wait_for()
