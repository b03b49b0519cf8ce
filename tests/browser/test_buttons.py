"""A button takes effect within a second, whatever the kernel's version does with clicks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import ipykernel
import pytest
from conftest import show_panel
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage

VERSION = tuple(int(part) for part in ipykernel.__version__.split(".")[:2])
#: Milliseconds in which a click must have been taken; the target is one second on an idle machine.
SOON = int(1000 * float(os.environ.get("LTXV_TEST_PATIENCE", "1")))


def test_a_click_is_taken_within_a_second_while_the_kernel_is_idle(panel: NotebookPage) -> None:
    page = panel.page
    page.locator(".ltxv-prompt textarea").fill("A click on an idle kernel [slow]")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".ltxv-row .ltxv-says").first).to_contain_text("Accepted")
    page.get_by_role("button", name="Stop watching").click()
    expect(page.locator(".ltxv-job .ltxv-state")).to_contain_text("No longer watched", timeout=SOON)


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
    expect(go).to_be_enabled(timeout=SOON)
    go.click()
    expect(page.locator(".ltxv-panel .ltxv-job")).to_have_count(1)
    opened.output(2).locator("video").wait_for(timeout=60_000)
    expect(opened.output(3)).to_contain_text("the cell behind it")
    page.locator(".ltxv-panel .ltxv-job video").wait_for()
