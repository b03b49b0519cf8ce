"""A sweep in a real page: nothing before the click, one status, then the clips; and run again it is free."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect
from test_states_page import LOAD, axe_finds

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage
    from playwright.sync_api import Page

SWEEP = (
    "%%ltxv --sweep hour=dawn,dusk --sweep model=ltxv-2,ltxv-2-fast -d 6 --name NAME\nA <b>boat</b> at {hour}"
)
#: Says how many jobs the batch has; other tests share its home.
COUNT = """import ltxv_nb
print('jobs:', sum(len(batch.jobs) for batch in ltxv_nb.Client().batches() if batch.name == 'NAME'))"""


def test_a_sweep_shows_its_plan_is_made_by_a_click_and_is_free_when_run_again(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    name = f"hours-{time.time_ns()}"  # a second try finds nothing made
    opened = notebook(LOAD, SWEEP.replace("NAME", name), "%ltxv batch", COUNT.replace("NAME", name))
    for index in range(2):
        opened.run(index)
        opened.wait_until_run(index)
    plan = opened.output(1)
    expect(plan).to_contain_text("4 (2 × 2)")
    expect(plan).to_contain_text("free in the sandbox; the real models would cost")
    make = plan.get_by_role("button", name="Make 4 clips, free")
    expect(make).to_be_visible()
    opened.run(3)
    opened.wait_until_run(3)
    expect(opened.output(3)).to_contain_text("jobs: 0")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        opened.theme(theme)
        plan.evaluate("node => { node.id = 'sweep'; }")
        assert axe_finds(opened.page, "#sweep .ltxv-batch-view") == []
        shot(opened.page, f"sweep-plan-{theme.split()[-1].lower()}")
    make.click()
    status = plan.get_by_role("status")
    expect(status).to_contain_text("of 4 made")
    expect(plan.get_by_role("progressbar")).to_be_visible()
    expect(plan).to_contain_text("4 of 4 made", timeout=120_000)
    expect(make).to_have_count(0)
    shot(opened.page, "sweep-made")
    opened.run(1)
    opened.wait_until_run(1)
    expect(opened.output(1)).to_contain_text("dusk · ltxv-2-fast")
    expect(opened.output(1).get_by_role("button", name="Make")).to_have_count(0)
    for index in (2, 3):
        opened.run(index)
        opened.wait_until_run(index)
    expect(opened.output(2)).to_contain_text(name)
    expect(opened.output(3)).to_contain_text("jobs: 4")
    opened.save()
    stored = json.dumps(opened.saved().cells[1].outputs)
    assert "dusk" in stored
    assert "A <b>boat</b>" not in stored
