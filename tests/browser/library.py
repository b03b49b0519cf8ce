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


def draw_clip(path: Path, number: int = 0) -> Path:
    """Write two seconds of a moving pattern with a tone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=44100, layout="mono")
        x, y = np.meshgrid(np.arange(320), np.arange(180))
        for index in range(20):
            colours = [(x + 8 * index) % 256, (y + 40 * number) % 256, (x + y + 16 * index) % 256]
            frame = av.VideoFrame.from_ndarray(np.stack(colours, -1).astype(np.uint8), format="rgb24")
            container.mux(video.encode(frame))
        samples = (0.05 * np.sin(2 * np.pi * 440 * np.arange(88200) / 44100)).astype(np.float32)
        for at in range(0, 88200, 1024):
            sound = av.AudioFrame.from_ndarray(samples[None, at : at + 1024], format="fltp", layout="mono")
            sound.sample_rate, sound.pts = 44100, at
            container.mux(audio.encode(sound))
        for stream in (video, audio):
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
