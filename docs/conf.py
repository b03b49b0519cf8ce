"""Sphinx: MyST-NB pages, the notebooks among them; built without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ltxv_nb

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

project = "ltxv-nb"
author = "The ltxv-nb developers"
copyright = "2026, The ltxv-nb developers"  # noqa: A001 - Sphinx wants this name
version = release = ltxv_nb.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "plots", "images"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
# The notebooks are run by the tests, which look at what comes out; here they are only shown.
nb_execution_mode = "off"

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say types, with their units
napoleon_google_docstring = False
napoleon_use_ivar = True

html_theme = "pydata_sphinx_theme"
html_title = "ltxv-nb"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_theme_options = {
    "github_url": "https://github.com/ltxv-nb/ltxv-nb",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}
html_copy_source = False


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _sources(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"]]


def _bring_notebooks() -> None:
    """Put the notebooks beside the pages: with outputs, where a test run has left the same one executed."""
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook, executed = _read(path), ROOT / "out" / "notebooks" / path.name
        if executed.exists() and _sources(_read(executed)) == _sources(notebook):
            notebook = _read(executed)
        # As plain Python, a prompt would be highlighted as a heap of syntax errors.
        notebook["metadata"].setdefault("language_info", {})["pygments_lexer"] = "ipython3"
        target, text = HERE / "notebooks" / path.name, json.dumps(notebook)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.write_text(text, encoding="utf-8")


_bring_notebooks()
