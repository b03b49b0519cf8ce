"""Run the quickstart on the embedded service, as a person would, and say where everything is.

Usage: ``python tools/demo.py FOLDER``
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path) -> int:
    """Execute a copy of the notebook in ``folder``; returns the exit status."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter

    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        LTXV_WAIT="1", LTXV_HOME=str(folder / "home"), LTXV_OUTPUT_DIR=str(folder / "ltxv_videos")
    )
    executed = folder / "quickstart.ipynb"
    shutil.copyfile(ROOT / "notebooks" / "quickstart.ipynb", executed)
    notebook = nbformat.read(executed, as_version=4)
    started = time.monotonic()
    print("Running notebooks/quickstart.ipynb on the embedded service (no key, no cost) ...", flush=True)
    try:
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    except CellExecutionError as error:
        print(error)
        return 1
    finally:
        nbformat.write(notebook, executed)
    html, _ = HTMLExporter().from_notebook_node(notebook)
    page = executed.with_suffix(".html")
    page.write_text(html, encoding="utf-8")
    videos = sorted((folder / "ltxv_videos").glob("*.mp4"), key=lambda path: path.stat().st_mtime)
    print(f"Done in {time.monotonic() - started:.0f} s.")
    print(f"  notebook  {executed}")
    print(f"  page      {page}")
    for video in videos:
        print(f"  video     {video}")
    print("Open it and try your own prompts: make lab")
    return 0 if videos else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
