"""How large a notebook with three finished 1080p clips is, whatever the size of the files.

    python benchmarks/bench_notebook_size.py

A notebook with three `%%ltxv` cells is run by nbclient on the sandbox: a calm scene of 6 s, a busy one of 10 s
with 50 frames a second, and one that is then made large on purpose (its file is encoded anew at 20 Mbit/s and
shown again), as the clips of the real model are.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from report import Figure, show

TARGET = 3_000_000

CELLS = [
    "%load_ext ltxv_nb",
    "%%ltxv -d 6 -r 1080p -o calm\nA quiet lake at dawn, mist",
    "%%ltxv -d 10 -r 1080p --fps 50 -o busy\nA neon city in the rain, lightning, a crowd with umbrellas",
    """
import av, numpy as np
from fractions import Fraction
path = busy.video.path
rng = np.random.default_rng(0)
with av.open(str(path)) as old, av.open(f"{path}.large.mp4", "w", options={"movflags": "+faststart"}) as new:
    out = new.add_stream("libx264", rate=25, options={"preset": "ultrafast", "b": "20M", "minrate": "20M"})
    out.width, out.height, out.pix_fmt, out.time_base = 1920, 1080, "yuv420p", Fraction(1, 25)
    for index, frame in enumerate(old.decode(video=0)):
        if index % 2 == 0 and index < 300:
            picture = frame.to_ndarray(format="rgb24")
            grain = rng.integers(0, 24, picture.shape, dtype=np.uint8)
            fresh = av.VideoFrame.from_ndarray(np.where(picture < 230, picture + grain, picture), format="rgb24")
            fresh.pts = index // 2
            new.mux(out.encode(fresh.reformat(format="yuv420p")))
    new.mux(out.encode(None))
import os
os.replace(f"{path}.large.mp4", path)
print(path.stat().st_size)
""",
    "get_ipython().run_line_magic('ltxv', f'show {busy.id}')",
]


def main() -> int:
    import nbformat
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            LTXV_WAIT="1", LTXV_BACKEND="sandbox", LTXV_HOME=f"{folder}/home", LTXV_SANDBOX_SECONDS="1"
        )
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
        NotebookClient(made, timeout=300, resources={"metadata": {"path": folder}}).execute()
        clips = [cell for cell in made.cells if _players(cell)]
        files = [path.stat().st_size for path in Path(folder, "ltxv_videos").glob("*.mp4")]
        size = len(nbformat.writes(made).encode())
        large = int(made.cells[3].outputs[0].text)
        words = ", ".join(f"{_players(cell) / 1e6:.2f}" for cell in clips)
    return show(
        [
            Figure("clips shown", f"{len(clips)}, of {words} MB each", "3", len(clips) == 3),
            Figure("the files on disk", f"{sum(files) / 1e6:.1f} MB, the largest {large / 1e6:.1f} MB"),
            Figure("the notebook", f"{size / 1e6:.2f} MB", "below 3 MB", size < TARGET),
        ]
    )


def _players(cell) -> int:
    """Return the bytes of a cell's outputs that hold a player."""
    pages = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
    return sum(len(page) for page in pages if "<video" in page)


if __name__ == "__main__":
    sys.exit(main())
