"""How long it takes to lay clips side by side: 3 x 4 clips of 6 s in 1080p as a mosaic, a contact sheet and a page.

    python benchmarks/bench_mosaic.py

The sandbox draws four clips, which are encoded again as the service does it (CABAC, B-frames, deblocking, 8
Mbit/s) and each shown three times. The mosaic is to be made within 15 s on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import av
from report import Figure, show

from ltxv_nb.media.export import save_tiles
from ltxv_nb.media.measures import measure
from ltxv_nb.media.probe import probe
from ltxv_nb.media.worker import process
from ltxv_nb.sandbox.drawing.clip import ClipSpec
from ltxv_nb.sandbox.drawing.render import render
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

MOST_SECONDS = 15.0
HOURS, WEATHERS = ("dawn", "noon", "dusk"), ("rain", "fog", "snow", "sun")


def clip(folder: Path, weather: str) -> Path:
    """Draw a clip, and encode it as the service does."""
    drawn, made = folder / "drawn.mp4", folder / f"{weather}.mp4"
    render(ClipSpec(f"A lighthouse in the {weather}, waves breaking"), drawn, folder)
    with av.open(str(drawn)) as source, av.open(str(made), "w") as out:
        options = {"preset": "medium", "crf": "17", "maxrate": "8M", "bufsize": "8M"}
        video = out.add_stream("libx264", rate=25, options=options)
        video.width, video.height, video.pix_fmt = 1920, 1080, "yuv420p"
        sound = out.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(video=0, audio=0):
            if packet.stream.type == "audio":
                if packet.dts is not None:
                    packet.stream = sound
                    out.mux(packet)
                continue
            for frame in packet.decode():
                frame.pict_type = 0
                out.mux(video.encode(frame))
        out.mux(video.encode(None))
    return made


def tiles(folder: Path) -> list[Tile]:
    """Return twelve clips in three rows."""
    found = []
    clips = {weather: clip(folder, weather) for weather in WEATHERS}
    for hour in HOURS:
        for weather, path in clips.items():
            facts = probe(path)
            video = Video(path, None, facts.width, facts.height, facts.duration, facts.fps, facts.has_audio,
                          facts.size_bytes, "", "")  # fmt: skip
            found.append(Tile(video, f"{hour} · {weather}", {"hour": hour, "weather": weather}))
    return found


def figure(name: str, seconds: float, limit: float | None = None) -> Figure:
    target = "" if limit is None else f"within {limit:g} s"
    return Figure(name, f"{seconds:.1f} s", target, None if limit is None else seconds <= limit)


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        twelve = tiles(folder)
        megabytes = sum(tile.video.size_bytes for tile in twelve) / 1e6
        figures = []
        for suffix, limit in ((".mp4", MOST_SECONDS), (".png", None), (".html", None)):
            begun = time.perf_counter()
            made = save_tiles(twelve, folder / f"all{suffix}", title="Hours and weathers")
            seconds = time.perf_counter() - begun
            figures.append(figure(f"{suffix} of 12 clips ({megabytes:.0f} MB)", seconds, limit))
            print(f"{made.name}: {made.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s")
        begun = time.perf_counter()
        measure(twelve[0].video.path)
        figures.append(figure("video.measure() of one clip", time.perf_counter() - begun))
        process.close()
    return show(figures)


if __name__ == "__main__":
    sys.exit(main())
