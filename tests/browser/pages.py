"""A notebook in a real page, driven through the application that the page exposes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import nbformat

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page
    from servers import Jupyter

#: Milliseconds a page has to come up, on a machine that is busy otherwise.
LOAD = 60_000

_READY = """() => {
  const widget = window.jupyterapp?.shell?.currentWidget;
  if (!widget?.context?.isReady) return false;
  const kernel = widget.sessionContext?.session?.kernel;
  return kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected';
}"""


def write_notebook(path: Path, *cells: str) -> Path:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


@dataclass
class NotebookPage:
    """A notebook that is open in a page of JupyterLab or Notebook 7."""

    page: Page
    server: Jupyter
    name: str
    app: str = "doc"

    def open(self) -> NotebookPage:
        """Open it; wait until its kernel is idle."""
        where = "notebooks" if self.app == "notebook" else f"{self.app}/tree"
        self.page.goto(self.server.address(f"{where}/{self.name}"), wait_until="commit", timeout=LOAD)
        return self.ready()

    def ready(self) -> NotebookPage:
        self.page.wait_for_function(_READY, timeout=LOAD)
        return self

    def open_in_lab(self) -> NotebookPage:
        """Open it in a page that shows JupyterLab already, which saves loading that anew."""
        self.page.evaluate(
            "name => { window.jupyterapp.commands.execute('docmanager:open', {path: name}); }", self.name
        )
        self.page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=self.name
        )
        return self.ready()

    def close(self) -> None:
        """Close it without saving, and end its kernel."""
        self.page.evaluate(
            """async name => {
              for (const widget of window.jupyterapp.shell.widgets('main')) {
                if (widget.context?.path !== name) continue;
                await widget.sessionContext.shutdown();
                widget.dispose();
              }
            }""",
            self.name,
        )

    def run_all(self) -> None:
        """Start every cell; do not wait for them."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")

    def run(self, index: int) -> None:
        """Start one cell; do not wait for it."""
        self.page.evaluate(
            """index => {
              const {content} = window.jupyterapp.shell.currentWidget;
              content.activeCellIndex = index;
              window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            index,
        )

    def wait_until_run(self, index: int, timeout: float = LOAD) -> None:
        """Wait until a cell has a number, which it gets when it ends."""
        self.page.wait_for_function(
            """index => window.jupyterapp.shell.currentWidget.content.widgets[index]
                 .model.sharedModel.execution_count !== null""",
            arg=index,
            timeout=timeout,
        )

    def save(self) -> None:
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save()")

    def saved(self) -> Any:
        """Return the notebook as it is on disk."""
        return nbformat.read(self.server.root / self.name, as_version=4)

    def code(self, index: int, text: str) -> None:
        """Put other code into a cell."""
        self.page.evaluate(
            """([index, text]) => window.jupyterapp.shell.currentWidget.content.widgets[index]
                 .model.sharedModel.setSource(text)""",
            [index, text],
        )

    def says(self, index: int) -> str:
        """Run a cell, and return what it printed."""
        self.run(index)
        self.wait_until_run(index)
        return self.output(index).inner_text()

    def comes_to_say(self, index: int, words: str) -> bool:
        """Run a cell until it prints something: what is clicked is written in the background."""
        for _ in range(100):
            if words in self.says(index):
                return True
            self.page.wait_for_timeout(200)
        return False

    def is_trusted(self, index: int) -> bool:
        return bool(
            self.page.evaluate(
                "index => window.jupyterapp.shell.currentWidget.content.widgets[index].model.trusted", index
            )
        )

    def output(self, index: int) -> Locator:
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index).locator(".jp-Cell-outputArea").first

    def theme(self, name: str) -> None:
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
        )
        dark = "false" if "Dark" in name else "true"
        self.page.wait_for_selector(f"body[data-jp-theme-light='{dark}']", state="attached")


def segment(page: Page, label: str, value: str) -> Locator:
    """Return one of the segmented buttons of the panel's control with this label."""
    group = page.get_by_role("radiogroup", name=re.compile(rf"^{re.escape(label)}( \(default |$)"))
    return group.get_by_role("radio", name=value, exact=True)


def quickest(act: Callable[[], None], undo: Callable[[], None], tries: int = 3) -> float:
    """Return the seconds of the quickest of some tries: what it takes where nothing else is in the way."""
    times = []
    for _ in range(tries):
        began = time.monotonic()
        act()
        times.append(time.monotonic() - began)
        undo()
    return min(times)


def sticking_out(page: Page) -> list[str]:
    """Return the classes of what is seen right of the panel's own edge."""
    found: list[str] = page.evaluate(
        """() => { const panel = document.querySelector('.ltxv-panel');
         const right = panel.getBoundingClientRect().right + 1;
         return [...panel.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > right
           && getComputedStyle(e).display !== 'none').map(e => e.className); }"""
    )
    return found


def plays(video: Locator) -> None:
    """Wait until a video has a picture; fails when it cannot."""
    video.wait_for(state="visible")
    video.evaluate(
        """video => new Promise((resolve, reject) => {
          if (video.readyState >= 2) return resolve();
          video.preload = 'auto';
          video.addEventListener('loadeddata', () => resolve(), {once: true});
          video.addEventListener('error', () => reject(video.error?.message ?? 'error'), {once: true});
          setTimeout(() => reject('readyState ' + video.readyState), 60000);
        })"""
    )
