"""Many clips: how long a plan takes, and how well a service is kept busy that takes ten clips at a time.

    python benchmarks/bench_batch.py [--cells 1000] [--clips 200] [--places 10] [--seconds 6]

The plan varies words, models and parameters, and is made, priced and shown; each time all of its requests are
checked. The service is a local one over real HTTP that answers 429, without saying when to come again, while it
has as many clips in work as it takes. Beside the time of the whole batch, files on disk included, stands what
the service itself needs when no place is ever free for a moment.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from report import Figure, show

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from faults import faults
from faults.service import KEY, FaultService

import ltxv_nb

#: What has to be reached: milliseconds of a plan of a thousand clips, and the share of time lost.
MOST_MS, MOST_LOST = 200.0, 0.05


def plan_times(cells: int, repeat: int = 9) -> list[float]:
    """Return the milliseconds that a plan takes, each in a client that is new."""
    hours = [f"hour {number}" for number in range(math.ceil(cells / 20))]
    times = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            client = ltxv_nb.Client(
                api_key=KEY, base_url="http://127.0.0.1:9", home=folder, output_dir=folder
            )
            begun = time.perf_counter()
            plan = client.sweep(
                "A lighthouse at {hour}, {sky}, waves breaking",
                hour=hours,
                sky=["clear", "grey", "red", "starry", "stormy"],
                model=["ltxv-2", "ltxv-2-fast"],
                duration=[6, 8],
                resolution="1080p",
                dry_run=True,
            )
            assert len(plan.cells) >= cells
            assert plan.price is not None
            repr(plan)
            times.append(1000 * (time.perf_counter() - begun))
            client.close()
    return times


class FewPlaces(FaultService):
    """Takes so many clips at a time, and answers 429 to the others."""

    def __init__(self, places: int, seconds: float) -> None:
        super().__init__(polls_needed=0, seconds=seconds)
        self._places, self._counting = places, threading.Lock()
        self.refused = 0

    def next_fault(self, endpoint):
        if endpoint != "submit":
            return super().next_fault(endpoint)
        with self._lock:  # held while the clip is taken, too
            now = time.monotonic()
            running = sum(now - task.taken_at < self.seconds for task in self.billed[-2 * self._places :])
            if running < self._places:
                return None
            self.refused += 1
            return faults.answer(429)


def batch_times(clips: int, places: int, seconds: float) -> tuple[float, float, int]:
    """Return the seconds of a batch, those that the service needs, and how many requests it refused."""
    os.environ["LTXV_BACKEND"] = "aimlapi"  # `make` keeps everything in the sandbox
    with FewPlaces(places, seconds) as service, tempfile.TemporaryDirectory() as folder:
        client = ltxv_nb.Client(
            api_key=KEY, base_url=service.base_url, home=f"{folder}/home", output_dir=f"{folder}/videos"
        )
        begun = time.monotonic()
        batch = client.sweep("A lighthouse at {hour}", hour=[f"hour {n}" for n in range(clips)]).wait()
        took = time.monotonic() - begun
        assert len(service.billed) == clips
        assert batch.progress().made == clips
        refused = service.refused
        client.close()
    return took, math.ceil(clips / places) * seconds, refused


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--places", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=6.0)
    given = parser.parse_args()
    times = plan_times(given.cells)
    each = statistics.median(times)
    took, needed, refused = batch_times(given.clips, given.places, given.seconds)
    lost = took / needed - 1
    return show(
        [
            Figure(
                f"a plan of {given.cells:,} clips",
                f"{each:.0f} ms (worst {max(times):.0f})",
                f"under {MOST_MS:.0f} ms",
                each < MOST_MS,
            ),
            Figure(
                f"{given.clips} clips of {given.seconds:g} s at a service that takes {given.places} at a time",
                f"{took:.1f} s, where it needs {needed:.1f} s: {100 * lost:+.1f} %, {refused} requests refused",
                f"at most {100 * MOST_LOST:+.0f} %",
                lost <= MOST_LOST,
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
