"""How long the sandbox takes to render a clip, and in how much memory, beside a bare encode of as many pictures of one colour.

    python benchmarks/bench_render.py [--repeat 3]

The clip is rendered by the sandbox's own worker process, warm, as in the service; the figure is from the
request to the answer. Peak memory is the worker's and the idle service's together. On a busy machine look at
the processor seconds: they are what two free cores share.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import psutil

from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.jobs.renderer import Renderer

PROMPTS = ["A dragon over the mountains", "A lighthouse at night, waves breaking", "A neon city in the rain"]
CASES = {
    "6 s 1080p25": ({}, 2.0),
    "10 s 2160p50": ({"width": 3840, "height": 2160, "duration": 10, "fps": 50}, 30.0),
}
MEMORY_TARGET = 600


def bare(spec: ClipSpec, path: Path) -> float:
    """Return the seconds of an encode that draws nothing: x264 ultrafast, two threads, one grey picture."""
    begun = time.perf_counter()
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "crf": "23", "x264-params": "threads=2"}
        stream = out.add_stream("libx264", rate=spec.fps, options=options)
        stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
        stream.time_base = Fraction(1, spec.fps)
        frame = av.VideoFrame(spec.width, spec.height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
        for index in range(spec.frames):
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return time.perf_counter() - begun


def rendered(spec: ClipSpec) -> tuple[float, float, int]:
    """Return the seconds, the processor seconds and the peak memory in MB of one clip by a warm worker."""
    with tempfile.TemporaryDirectory() as folder:
        renderer = Renderer(Path(folder))
        try:
            renderer._run_worker(ClipSpec("Warm up", width=320, height=180, duration=1))
            worker = psutil.Process(renderer._worker.pid)
            begun, before = time.perf_counter(), sum(worker.cpu_times()[:2])
            problem = renderer._run_worker(spec)
            seconds = time.perf_counter() - begun
            assert not problem, problem
            return seconds, sum(worker.cpu_times()[:2]) - before, peak(worker)
        finally:
            renderer.close()


def peak(process: psutil.Process) -> int:
    """Return a process's peak resident memory in MB where the system tells, else what it takes now."""
    status = Path(f"/proc/{process.pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    info = process.memory_info()
    return getattr(info, "peak_wset", info.rss) // 2**20


def idle_service() -> int:
    """Return the memory in MB of a service with nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "ltxv_nb.sandbox", "--home", folder], stdout=subprocess.PIPE
        )
        process.stdout.readline()
        time.sleep(1)
        size = peak(psutil.Process(process.pid))
        process.terminate()
        process.communicate(timeout=20)
        return size


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="times each; the median is told (default: 3)")
    repeat = parser.parse_args().repeat
    loads = ", ".join(f"{load:.1f}" for load in psutil.getloadavg())
    print(f"{os.cpu_count()} cores, load {loads}; median of {repeat}")
    service, good = idle_service(), True
    for name, (figures, target) in CASES.items():
        for prompt in PROMPTS:
            spec = ClipSpec(prompt, **figures)
            runs = [rendered(spec) for _ in range(repeat)]
            with tempfile.TemporaryDirectory() as folder:
                floor = statistics.median(bare(spec, Path(folder) / "bare.mp4") for _ in range(repeat))
            seconds, memory = statistics.median(run[0] for run in runs), max(run[2] for run in runs) + service
            busy = statistics.median(run[1] for run in runs)
            met = seconds <= target and memory < MEMORY_TARGET
            good &= met
            print(
                f"{name:>13}  {seconds:6.2f} s (at most {target:g}), {busy:6.2f} s of processor  "
                f"{memory:4d} MB (under {MEMORY_TARGET})  bare encode {floor:5.2f} s, "
                f"ratio {seconds / floor:4.1f}  {'met' if met else 'NOT MET'}  {prompt}"
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
