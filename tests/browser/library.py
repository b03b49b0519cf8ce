"""A journal with finished clips, without the time that it takes to have them drawn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from ltxv_nb.journal import Journal, Record, State, new_id

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = {"width": 320, "height": 180, "duration": 2.0, "fps": 10.0, "has_audio": True, "size_bytes": 9000}


def draw_clip(
    path: Path,
    number: int = 0,
    *,
    seconds: int = 2,
    size: tuple[int, int] = (320, 180),
    fps: int = 10,
    sound: bool = True,
) -> Path:
    """Write a moving pattern, with a tone."""
    width, height = size
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=44100, layout="mono") if sound else None
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        for index in range(seconds * fps):
            colours = [(x + 8 * index) % 256, (y + 40 * number) % 256, (x + y + 16 * index) % 256]
            frame = av.VideoFrame.from_ndarray(np.stack(colours, -1).astype(np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        samples = 44100 * seconds if audio else 0
        tone = (0.05 * np.sin(2 * np.pi * 440 * np.arange(samples) / 44100)).astype(np.float32)
        for at in range(0, samples, 1024):
            piece = av.AudioFrame.from_ndarray(tone[None, at : at + 1024], format="fltp", layout="mono")
            piece.sample_rate, piece.pts = 44100, at
            container.mux(audio.encode(piece))
        for stream in filter(None, (video, audio)):
            container.mux(stream.encode())
    return path


def add_clip(home: Path, file: Path, prompt: str, *, age: float = 0.0, **changes: Any) -> Record:
    """Write the row of a finished clip, so many seconds old."""
    job_id, at = new_id(), time.time() - age
    settings = {"model": "ltxv/ltxv-2", "duration": 6, "resolution": "1080p", **changes.pop("settings", {})}
    record = Record(
        id=job_id, created_at=at, backend="sandbox", origin="sandbox", model=settings["model"], prompt=prompt,
        request={"prompt": prompt, **settings}, fingerprint=None, client_request_id=None, state=State.SAVED,
        generation_id=f"made-up-{job_id}", finished_at=at, saved_at=at, file=str(file), media=MEDIA,
    )  # fmt: skip
    record = Record(**{**vars(record), **changes})
    journal = Journal(home / "journal.sqlite")
    journal.reserve(record)
    journal.close()
    return record
