"""What it costs to open a file in a process of its own: a good clip, a first frame, and files that were made to hurt.

    python benchmarks/bench_files.py [--repeat 9]

A 6 s clip in 1080p is probed, and its poster and its preview are made, in this process and in the one for files
from outside, which is kept warm; each pair is of the same run, one after the other. Then the two hostile files of
`tests/hostile/files.py` are opened in a kernel of their own, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import psutil
from PIL import Image
from report import Figure, show

from ltxv_nb.media import picture
from ltxv_nb.media.poster import poster, poster_here
from ltxv_nb.media.preview import MAX_BYTES, preview, preview_here
from ltxv_nb.media.probe import probe, probe_here
from ltxv_nb.media.worker import limits, process

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "hostile"))
import files

MOST_EXTRA = 30.0  # ms
KERNEL = """
import json, sys, time
import psutil
from pathlib import Path
from ltxv_nb.media.{module} import {function} as look
begun = time.perf_counter()
try:
    look({call})
except Exception as error:
    print(error, file=sys.stderr)
seconds, status = time.perf_counter() - begun, Path("/proc/self/status")
if status.exists():
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) >> 10
else:
    peak = psutil.Process().memory_info().rss >> 20
print(json.dumps([seconds, peak]))
"""


def write(path: Path, size: tuple[int, int], fps: int, seconds: int) -> Path:
    """Write a clip of moving noise."""
    noise = Image.effect_noise((size[0] + seconds * fps, size[1]), 70).convert("RGB")
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(seconds * fps):
            frame = av.VideoFrame.from_image(noise.crop((number, 0, number + size[0], size[1])))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def milliseconds(work) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def beside(name: str, there, here, repeat: int, most: float | None = MOST_EXTRA) -> Figure:
    """Compare the same work in the other process and in this one."""
    there(), here()
    pairs = [(milliseconds(there), milliseconds(here)) for _ in range(repeat)]
    # The least of each: what else the machine does is no part of it.
    alone = min(other for _, other in pairs)
    extra = min(one for one, _ in pairs) - alone
    target, met = ("", None) if most is None else (f"at most {most:g} ms more", extra <= most)
    return Figure(name, f"{extra:+.1f} ms beside {alone:.0f} ms here", target, met)


def largest(path: Path) -> Figure:
    """Tell the memory that the process takes for the largest clip that is made."""
    process.close()
    for look in (probe, poster, preview):
        look(path)
    peak = Path(f"/proc/{process._process._popen.pid}/status")
    if not peak.exists():
        taken = psutil.Process(process._process._popen.pid).memory_info().vms >> 20
    else:
        line = next(line for line in peak.read_text().splitlines() if line.startswith("VmPeak"))
        taken = int(line.split()[1]) >> 10
    limit = limits.MEMORY >> 20
    return Figure("addresses taken for 2160p50", f"{taken} MB", f"half of {limit} MB", taken <= limit / 2)


def hostile(name: str, module: str, function: str, data: bytes, *more: str) -> Figure:
    """Open a file in a kernel of its own, and tell what it took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        code = KERNEL.format(module=module, function=function, call=", ".join([repr(str(path)), *more]))
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
        )
    seconds, peak = json.loads(done.stdout)
    return Figure(
        f"kernel after {name} of {len(data)} bytes",
        f"{peak:.0f} MB, {seconds:.1f} s",
        "at most 150 MB",
        peak <= 150,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=9, help="pairs each; the least is told (default: 9)")
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as folder:
        clip = write(Path(folder) / "clip.mp4", (1920, 1080), 25, 6)
        large = write(Path(folder) / "large.mp4", (3840, 2160), 50, 2)
        still = files.io.BytesIO()
        Image.effect_noise((1920, 1080), 60).convert("RGB").save(still, "JPEG", quality=90)
        photo = still.getvalue()
        start = milliseconds(lambda: probe(clip)) - milliseconds(lambda: probe_here(clip))
        size = {"max_width": 640, "max_bytes": 40_000}
        figures = [
            Figure("starting the process, once in a kernel, beside the download", f"{start:.0f} ms"),
            beside("probe of 6 s 1080p", lambda: probe(clip), lambda: probe_here(clip), repeat),
            beside("poster of it", lambda: poster(clip), lambda: poster_here(clip, **size), repeat),
            beside(
                "probe and poster of it",
                lambda: (probe(clip), poster(clip)),
                lambda: (probe_here(clip), poster_here(clip, **size)),
                repeat,
            ),
            beside(
                "preview of it",
                lambda: preview(clip),
                lambda: preview_here(clip, folder, max_bytes=MAX_BYTES),
                3,
                most=None,
            ),
            beside(
                "a first frame in 1080p",
                lambda: picture.encode(photo, "It", (1920, 1080)),
                lambda: picture.encode_here(photo, "It", (1920, 1080)),
                repeat,
            ),
            largest(large),
        ]
    figures += [
        hostile("a video", "poster", "poster", files.many_samples(1)),
        hostile("a video", "poster", "poster", files.many_samples(3)),
        hostile("a first frame", "image", "prepare", files.wide_jpeg2000(), "(1920, 1080)"),
    ]
    return show(figures)


if __name__ == "__main__":
    sys.exit(main())
