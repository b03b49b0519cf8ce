"""Run the notebooks under nbval: each without comparing, the quickstart with its golden outputs.

Usage: ``python tools/nbval.py FOLDER``, where the runs leave their journals and videos.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default", "--timeout", "300"]

#: Notebooks with a run of their own: one is compared, and one sets a budget, which holds for all of a home.
ALONE = {"quickstart.ipynb", "08-money.ipynb"}


def main(folder: Path) -> int:
    """Return the exit status of the first run that failed, or 0."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environ = {
        **os.environ,
        "LTXV_WAIT": "1",
        "LTXV_HOME": str(folder / "home"),
        "LTXV_OUTPUT_DIR": str(folder / "ltxv_videos"),
        "LTXV_SANDBOX_SECONDS": "1",
        "LTXV_SANDBOX_CLIPS": str(ROOT / "out" / "clips"),
    }
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    sanitize = ROOT / "notebooks" / "sanitize.cfg"
    runs = (
        ["--nbval", "--nbval-sanitize-with", str(sanitize), str(ROOT / "notebooks" / "quickstart.ipynb")],
        [
            "-n",
            "2",
            "--dist",
            "loadfile",
            "--nbval-lax",
            *(str(path) for path in notebooks if path.name not in ALONE),
        ],
        ["--nbval-lax", str(ROOT / "notebooks" / "08-money.ipynb")],
    )
    for run in runs:
        status = subprocess.run([*PYTEST, *run], env=environ, cwd=ROOT, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
