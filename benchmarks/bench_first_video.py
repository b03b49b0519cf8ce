"""From `pip install .` to the first finished sandbox video, downloads aside.

    python benchmarks/bench_first_video.py

In a new environment, with every wheel fetched beforehand: installing builds this package and unpacks what it
needs; then a script of one line makes a clip of 6 s in 1080p on the sandbox it starts, with its usual 4 s of
pretended generation.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import Figure, show

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "import ltxv_nb; print(ltxv_nb.Client(backend='sandbox').generate('A lighthouse at dusk', duration=6).path)"
TARGET = 60.0


def timed(command: list, **options) -> float:
    """Run a command; return its seconds."""
    begun = time.perf_counter()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, **options)
    return time.perf_counter() - begun


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        wheels, venv = Path(folder) / "wheels", Path(folder) / "venv"
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheels]
        timed([*fetch, ROOT, "hatchling", "editables"])
        timed([sys.executable, "-m", "venv", venv])
        python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        offline = ["--no-index", "--no-cache-dir", "--find-links", wheels]
        install = timed([python, "-m", "pip", "install", "--quiet", *offline, ROOT])
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LTXV_", "AIML"))}
        env = {**kept, "LTXV_HOME": f"{folder}/home"}
        first = timed([python, "-c", SCRIPT], env=env, cwd=folder)
        second = timed([python, "-c", SCRIPT.replace("dusk", "dawn")], env=env, cwd=folder)
        size = next(Path(folder, "ltxv_videos").glob("*.mp4")).stat().st_size
    whole = install + first
    return show(
        [
            Figure("`pip install .`, wheels at hand", f"{install:.1f} s"),
            Figure("the first video after it", f"{first:.1f} s, {size / 1e6:.1f} MB on disk"),
            Figure("the second one", f"{second:.1f} s"),
            Figure("both together", f"{whole:.1f} s", "at most 60 s", whole <= TARGET),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
