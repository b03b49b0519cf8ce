"""In a real page: run again, chained, overtaken and unfinished elsewhere; and words that stay as they were typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.service import KEY, FaultService
from pages import plays
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pages import NotebookPage
    from playwright.sync_api import Page

TESTS = Path(__file__).parents[1]
LOAD = "%load_ext ltxv_nb"
RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
NO_ERROR = re.compile("Error|Interrupt")
#: A price, a formula's dollars, accents, emoji with a joiner, and a script that runs from the right.
WORDS = "A café for $5 and $6 & $x^2$, ½ crème, שלום 👩‍🚀 <b>"


@pytest.fixture
def service() -> Iterator[FaultService]:
    """A fake of the paid service, each of whose clips takes a second."""
    with FaultService(seconds=1.0) as made:
        yield made


def paid(service: FaultService, home: str) -> str:
    """Return a cell that takes a kernel out of the sandbox, to a fake service."""
    env = {
        "LTXV_BACKEND": "aimlapi",
        "AIMLAPI_BASE_URL": service.base_url,
        "AIMLAPI_API_KEY": KEY,
        "LTXV_HOME": home,
    }
    hurry = f"sys.path.insert(0, {str(TESTS)!r})\nfrom faults.fast import hurry\nhurry()"
    return f"import os, sys\nos.environ.update({env!r})\n{hurry}\n{LOAD}"


def restart(opened: NotebookPage) -> None:
    opened.page.evaluate(RESTART)
    opened.ready()


def test_run_all_of_a_chain_twice_and_after_a_restart_buys_each_clip_once(
    notebook: Callable[..., NotebookPage], service: FaultService, shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(
        paid(service, "home-chain"),
        "%%ltxv -o boat\nA boat leaves the harbour",
        "%%ltxv -i boat -o sea\nThe boat at sea",
        "%%ltxv -i _\nThe boat comes home",
    )
    opened.run_all()
    expect(opened.output(2).locator(".ltxv-state")).to_contain_text("Waiting for job")
    opened.output(2).locator(".ltxv-state").scroll_into_view_if_needed()
    shot(opened.page, "chain-waiting")
    for index in (1, 2, 3):
        plays(opened.output(index).locator("video:visible"))
    prompts = ["A boat leaves the harbour", "The boat at sea", "The boat comes home"]
    assert service.prompts() == prompts

    for _ in range(1):
        restart(opened)
        opened.run_all()
        for index in (1, 2, 3):
            expect(opened.output(index)).to_contain_text("shown again. --again makes a new one.")
            plays(opened.output(index).locator("video:visible"))
    shot(opened.page, "shown-again")
    assert service.prompts() == prompts
    opened.save()
    saved = opened.saved()
    for cell in saved.cells[1:]:
        assert (
            len([out for out in cell.outputs if "<video" in str(out.get("data", {}).get("text/html"))]) == 1
        )


def test_an_error_that_was_overtaken_is_gone_from_the_page_and_the_saved_notebook(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(
        LOAD,
        "%%ltxv --wait --timeout 0.3\nA comet that takes its time [slow]",
        "%%ltxv\nA comet that takes its time [slow]",
    )
    opened.run(0)
    opened.wait_until_run(0)
    opened.run(1)
    opened.wait_until_run(1)
    expect(opened.output(1)).to_contain_text("GenerationTimeout")
    opened.run(2)
    opened.wait_until_run(2)
    expect(opened.output(2)).to_contain_text("DuplicateRequest")
    for index in (1, 2):
        plays(opened.output(index).locator("video:visible"))
        expect(opened.output(index)).not_to_contain_text(NO_ERROR)
    shot(opened.page, "overtaken")
    opened.save()
    for cell in opened.saved().cells[1:]:
        (output,) = cell.outputs
        assert output.output_type == "display_data"
        assert "<video" in output.data["text/html"]


def test_a_panel_in_the_sandbox_says_what_is_unfinished_at_the_paid_service(
    notebook: Callable[..., NotebookPage], service: FaultService, shot: Callable[[Page, str], None]
) -> None:
    service.seconds = 600.0
    opened = notebook(
        paid(service, "home-elsewhere"),
        "%%ltxv\nA clip that is paid for",
        "%ltxv sandbox",
        "%ltxv panel",
    )
    for index in range(3):
        opened.run(index)
        opened.wait_until_run(index)
    opened.run(3)
    jobs = opened.page.locator(".ltxv-panel .ltxv-jobs")
    expect(jobs).to_contain_text(f"1 clip is unfinished at another service ({service.base_url})")
    expect(jobs).to_contain_text("%ltxv sandbox off")
    expect(opened.page.locator(".ltxv-panel")).not_to_contain_text("Nothing is unfinished")
    expect(opened.page.locator(".ltxv-badge")).to_have_text("Sandbox, free of charge")
    shot(opened.page, "unfinished-elsewhere")


def test_words_stay_as_they_were_typed_in_the_cell_the_panel_and_the_lists(
    notebook: Callable[..., NotebookPage], shot: Callable[[Page, str], None]
) -> None:
    opened = notebook(
        LOAD,
        f"%%ltxv\n{WORDS}",
        f"%%ltxv\n[fail] {WORDS}",
        "%ltxv jobs",
        "%ltxv gallery",
        "%ltxv panel",
        # A page loads MathJax only when something is typeset: so that it would typeset us, too.
        "from IPython.display import Markdown\nMarkdown('$a^2 + b^2$')",
    )
    opened.run_all()
    page = opened.page
    plays(opened.output(1).locator("video:visible"))
    expect(opened.output(2)).to_contain_text("Failed")
    expect(opened.output(6).locator("mjx-container")).to_have_count(1)
    page.locator(".ltxv-prompt textarea").fill(WORDS + " again")
    page.get_by_role("button", name="Generate").click()
    plays(page.locator(".ltxv-panel .ltxv-job video"))
    for index in (3, 4):  # once more, now that MathJax is there, and the clips are
        opened.run(index)
    for index in (1, 3, 4):
        expect(opened.output(index)).to_contain_text(WORDS)
    expect(page.locator(".ltxv-panel")).to_contain_text(WORDS)
    for index in range(1, 6):
        expect(opened.output(index).locator("mjx-container")).to_have_count(0)
    for theme, name in (("JupyterLab Dark", "words-dark"), ("JupyterLab Light", "words-light")):
        opened.theme(theme)
        opened.output(1).scroll_into_view_if_needed()
        shot(page, name)
