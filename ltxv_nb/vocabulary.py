"""The words and numbers that people are shown: the same in the cell, the panel, the gallery and all texts."""

from __future__ import annotations

#: What `Job.status` is called, the service's words and ours. A word that is not here is shown as it came.
STATES = {
    "submitting": "submitting",
    "unknown": "unconfirmed",
    "queued": "queued",
    "waiting": "queued",
    "active": "generating",
    "generating": "generating",
    "downloading": "downloading",
    "completed": "finished",
    "error": "failed",
    "refused": "refused",
    "lost": "lost",
}

_MINUTE = 60


def state_word(status: str) -> str:
    """Return the word for a job's status, like ``queued``, ``generating`` or ``finished``."""
    return STATES.get(status, status.replace("_", " ")) or "running"


def seconds_text(seconds: float) -> str:
    """Return a duration for people: ``48 s``, ``2 min 05 s``."""
    whole = round(max(0.0, seconds))
    return f"{whole} s" if whole < 2 * _MINUTE else f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"


def frame_text(width: float, height: float) -> str:
    """Return the size of a picture in pixels: ``1920×1080``."""
    return f"{width:.0f}×{height:.0f}"
