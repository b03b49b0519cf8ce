"""One Chromium, one Jupyter server and one JupyterLab page for all browser tests."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pages import NotebookPage, write_notebook
from servers import Jupyter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).parents[2]
SHOTS = REPOSITORY / "out" / "screenshots"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[Any]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


def _chromium() -> str | None:
    named = os.environ.get("LTXV_TEST_CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _chromium()
    if path is None or not Path(path).exists():
        why = "no Chromium: apt-get install chromium, or set LTXV_TEST_CHROMIUM to one"
        if os.environ.get("LTXV_REQUIRE_BROWSER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    jupyter = Jupyter(tmp_path_factory.mktemp("jupyter"))
    try:
        yield jupyter.start()
    finally:
        jupyter.stop()


@pytest.fixture(scope="session")
def context(browser: Browser, server: Jupyter) -> Iterator[BrowserContext]:
    from playwright.sync_api import expect

    # What shimmers is drawn sixty times a second, here by the processor; a test that needs it asks for it.
    context = browser.new_context(viewport={"width": 1180, "height": 1000}, reduced_motion="reduce")
    # Generous, since they only end tests that fail; a machine may be busy with more than this.
    context.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=f"http://127.0.0.1:{server.port}")
    yield context
    context.close()


@pytest.fixture(scope="session")
def lab(context: BrowserContext, server: Jupyter) -> Iterator[Page]:
    """JupyterLab, loaded once; the tests open their notebooks in it."""
    page = context.new_page()
    page.goto(server.address("lab?reset"), wait_until="commit")
    page.wait_for_function("() => !!window.jupyterapp?.shell")
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    yield page
    page.close()


@pytest.fixture
def notebook(
    lab: Page, server: Jupyter, request: pytest.FixtureRequest
) -> Iterator[Callable[..., NotebookPage]]:
    """Return a function that opens a notebook of these cells in the page of JupyterLab."""
    opened: list[NotebookPage] = []

    def open_notebook(*cells: str) -> NotebookPage:
        name = f"{re.sub('[^a-z0-9]+', '-', request.node.name)}-{len(opened)}.ipynb"
        write_notebook(server.root / name, *cells)
        page = NotebookPage(lab, server, name)
        opened.append(page)
        return page.open_in_lab()

    yield open_notebook
    if getattr(request.node, "failed_here", False):
        SHOTS.mkdir(parents=True, exist_ok=True)
        lab.screenshot(path=SHOTS / f"failed-{request.node.name}.png")
    for page in opened:
        page.close()


@pytest.fixture
def panel(notebook: Callable[..., NotebookPage]) -> NotebookPage:
    """A notebook whose only cell shows a panel, called ``panel``."""
    return show_panel(notebook)


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Return a function that keeps a screenshot as an artefact."""

    def take(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png")

    return take


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    outcome: Any = yield
    if call.when == "call" and outcome.get_result().failed:
        item.failed_here = True


def show_panel(notebook: Callable[..., NotebookPage], *more: str) -> NotebookPage:
    opened = notebook("import ltxv_nb\npanel = ltxv_nb.panel()\npanel", *more)
    opened.run(0)
    opened.page.locator(".ltxv-panel .ltxv-generate").wait_for()
    return opened
