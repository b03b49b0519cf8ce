"""The panel with a model that nobody has built in, in a real JupyterLab."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import show_panel
from pages import segment, sticking_out
from playwright.sync_api import expect

sys.path.insert(0, str(Path(__file__).parents[1]))
from invented_catalogue import keep_catalogue

if TYPE_CHECKING:
    from collections.abc import Callable

    from pages import NotebookPage
    from playwright.sync_api import Page
    from servers import Jupyter


@pytest.fixture
def panel(server: Jupyter, notebook: Callable[..., NotebookPage]) -> NotebookPage:
    keep_catalogue(server.home)
    opened = show_panel(notebook, "print(panel.request.body())")
    choose(opened.page, "inv/kinds")
    return opened


def choose(page: Page, name: str) -> None:
    page.get_by_label("Model", exact=True).select_option(name)
    words = "Kinds" if name == "inv/kinds" else "LTXV-2"
    expect(page.locator(".ltxv-head b")).to_contain_text(words)


def not_run(page: Page) -> None:
    assert page.evaluate("() => window.pwned") is None


def fill_in(page: Page) -> None:
    page.locator(".ltxv-prompt textarea").fill("A lighthouse")
    page.get_by_label("Seed", exact=True).fill("7")
    segment(page, "Duration", "10 s").check()
    page.get_by_role("button", name="More settings").click()
    segment(page, "Style", "<b>ink</b>").check()
    page.get_by_label("Camera control", exact=True).fill('{"pan": 3}')


def test_the_controls_of_an_unknown_model_make_its_body(panel: NotebookPage) -> None:
    page = panel.page
    fill_in(page)
    page.get_by_role("button", name="Show as cell").click()
    expect(page.locator(".ltxv-code pre").first).to_contain_text(
        "%%ltxv -m inv/kinds -d 10 --seed 7 --style '<b>ink</b>' --camera-control '{{\"pan\": 3}}'"
    )
    panel.run(1)
    panel.wait_until_run(1)
    body = {
        "model": "inv/kinds", "prompt": "A lighthouse", "duration": 10, "seed": 7, "style": "<b>ink</b>",
        "camera_control": {"pan": 3},
    }  # fmt: skip
    assert panel.says(1).strip() == str(body)
    message = page.locator(".ltxv-card .ltxv-message")
    page.get_by_label("Camera control", exact=True).fill('{"pan": ')
    expect(message).to_contain_text("Camera control is not complete JSON")
    expect(page.get_by_role("button", name="Generate")).to_be_disabled()
    page.get_by_label("Camera control", exact=True).fill("")
    page.get_by_label("Seed", exact=True).fill("100")
    expect(message).to_contain_text("a whole number from 0 to 99")
    not_run(page)


def test_another_model_keeps_what_both_have_and_says_what_it_dropped(panel: NotebookPage) -> None:
    page = panel.page
    fill_in(page)
    choose(page, "ltxv-2")
    message = page.locator(".ltxv-card .ltxv-message")
    expect(message).to_contain_text(
        "ltxv-2 has no such setting or value: Seed (7), Style (<b>ink</b>), Camera"
    )
    expect(segment(page, "Duration", "10 s")).to_be_checked()
    assert page.locator(".ltxv-prompt textarea").input_value() == "A lighthouse"
    expect(segment(page, "Resolution", "1440p")).to_be_visible()
    not_run(page)


def test_the_list_of_models_can_be_shortened(panel: NotebookPage) -> None:
    page = panel.page
    page.get_by_role("button", name="Find a model").click()
    page.get_by_label("Look for", exact=True).fill("avatar")
    chooser = page.get_by_label("Model", exact=True)
    expect(chooser.locator("option")).to_have_text(["inv/kinds", "inv/avatar"])
    page.get_by_label("Look for", exact=True).fill("")
    page.get_by_label("Price a second", exact=True).select_option("up to $0.05")
    expect(page.locator(".ltxv-about-model")).to_contain_text("2 of 4 models")
    not_run(page)


def test_it_is_accessible_and_fits_a_narrow_and_a_dark_page(
    panel: NotebookPage, shot: Callable[[Page, str], None]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = panel.page
    fill_in(page)
    page.get_by_role("button", name="Find a model").click()
    page.get_by_label("Look for", exact=True).wait_for()
    page.get_by_role("button", name="Show as cell").click()
    page.locator(".ltxv-code pre").first.wait_for()
    page.set_viewport_size({"width": 1180, "height": 1500})
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            panel.theme(theme)
            found = Axe().run(page, context=".ltxv-panel").response["violations"]
            assert [rule["id"] for rule in found if rule["impact"] in {"serious", "critical"}] == [], theme
            shot(page, f"panel-models-{theme.split()[-1].lower()}")
        page.set_viewport_size({"width": 420, "height": 1400})
        page.wait_for_function("() => document.querySelector('.ltxv-panel').clientWidth < 400")
        shot(page, "panel-models-narrow-dark")
        assert sticking_out(page) == []
    finally:
        page.set_viewport_size({"width": 1180, "height": 1000})
        panel.theme("JupyterLab Light")
    not_run(page)


def test_no_control_stands_alone_and_no_segments_wrap_for_any_model_of_the_sandbox_at_any_width(
    notebook: Callable[..., NotebookPage],
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = notebook(
        "import ltxv_nb\nclient = ltxv_nb.Client()\nfor model in client.models(refresh=True):\n    model.parameters\n"
        "panel = ltxv_nb.panel(client)\npanel"
    )
    opened.run(0)
    page = opened.page
    page.get_by_role("radiogroup", name="Duration").wait_for()
    names = page.get_by_label("Model", exact=True).locator("option").all_inner_texts()
    assert len([name for name in names if name.startswith("sandbox/")]) > 10
    found: list[tuple[str, int, list[str]]] = []
    try:
        for at, name in enumerate(names):
            page.get_by_label("Model", exact=True).select_option(name)
            expect(page.locator(".ltxv-about-model")).to_contain_text(
                "sandbox" if "/" in name else "Lightricks"
            )
            expect(page.locator(".ltxv-card .ltxv-message")).not_to_contain_text("Reading")
            for width in (430, 700, 1280):
                page.set_viewport_size({"width": width, "height": 1000})
                wrong = page.evaluate(WRONG_PLACES)
                found += [(name, width, wrong)] if wrong else []
            if at % 5 == 2:
                rules = Axe().run(page, context=".ltxv-panel").response["violations"]
                assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in rules] == [], name
    finally:
        page.set_viewport_size({"width": 1180, "height": 1000})
    assert found == []


#: Runs in the page: names what stands alone in the last row of its controls, and segments that wrap.
WRONG_PLACES = """() => {
  const wrong = [];
  for (const row of document.querySelectorAll('.ltxv-fields')) {
    const rows = {};
    for (const one of row.children) (rows[Math.round(one.getBoundingClientRect().top)] ??= []).push(one);
    const last = rows[Math.max(...Object.keys(rows))];
    const columns = Math.max(...Object.values(rows).map(one => one.length));
    if (columns > 1 && last.length === 1 && last[0].offsetWidth < row.offsetWidth - 2)
      wrong.push('alone: ' + last[0].textContent);
  }
  for (const box of document.querySelectorAll('.widget-radio-box')) {
    if (box.offsetHeight > 40 || box.scrollWidth > box.offsetWidth) wrong.push('wraps: ' + box.textContent);
  }
  const panel = document.querySelector('.ltxv-panel');
  if (panel.scrollWidth > panel.clientWidth + 1) wrong.push('sticks out');
  return wrong;
}"""


def test_the_tables_of_models_are_readable_in_light_and_dark(
    server: Jupyter, notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    keep_catalogue(server.home)
    opened = notebook("%load_ext ltxv_nb", "%ltxv models", "%ltxv model inv/kinds")
    for at in range(3):
        opened.run(at)
        opened.wait_until_run(at)
    page = opened.page
    expect(page.locator("table")).to_have_count(2)
    expect(page.locator("table").first).to_contain_text("<b>Kinds</b>")
    try:
        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            opened.theme(theme)
            shot(page, f"models-table-{theme.split()[-1].lower()}")
    finally:
        opened.theme("JupyterLab Light")
    not_run(page)
