"""A finished video: the file on disk and what is known of it."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.vocabulary import frame_text

if TYPE_CHECKING:
    import os

    from PIL.Image import Image

    from ltxv_nb.journal import Record
    from ltxv_nb.media.measures import Measures


@dataclass(frozen=True)
class Video:
    """A finished video.

    Attributes
    ----------
    path : Path
        The MP4 file.
    url : str or None
        Where the service offered it; such an address expires.
    width, height : int
        Size of the picture, in pixels.
    duration : float
        Length, in seconds.
    fps : float
        Frames per second.
    has_audio : bool
        Whether there is a sound track.
    size_bytes : int
        Size of the file, in bytes.
    job_id : str
        The journal's id of the generation it came from.
    prompt : str
        What was asked for.
    settings : dict
        The parameters that were set.
    backend : {"aimlapi", "sandbox"}
        Where it was made; the sandbox draws, it does not generate.
    cost_usd : float or None
        What the service said that it cost, in USD.
    cost_text : str
        What it cost in a few words, or in the sandbox what the real model would cost; empty if unknown.
    doubt : str or None
        What speaks against a whole video, in words that follow "The video"; the service sent it so twice.
    journal : Path or None
        The file of the journal that its job is in, which keeps what is measured.
    """

    path: Path
    url: str | None
    width: int
    height: int
    duration: float
    fps: float
    has_audio: bool
    size_bytes: int
    job_id: str
    prompt: str
    settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "aimlapi"
    cost_usd: float | None = None
    cost_text: str = ""
    doubt: str | None = None
    journal: Path | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, record: Record, journal: Path | None = None) -> Video | None:
        """Return the video of a record of a journal; ``None`` while there is none on disk."""
        if record.file is None or record.media is None:
            return None
        from ltxv_nb.journal.first_frames import settings_of
        from ltxv_nb.money.words import cost

        settings = settings_of(record.request)
        return cls(
            path=Path(record.file),
            url=record.url,
            job_id=record.id,
            prompt=record.prompt,
            settings=settings,
            backend=record.backend,
            cost_usd=record.usd,
            cost_text=cost(record),
            journal=journal,
            **record.media,
        )

    def last_frame(self) -> Image:
        """Return the last picture of the clip, to start the next one from.

        Raises
        ------
        DownloadError
            The file is gone or damaged.
        """
        from ltxv_nb.media.image import last_frame

        return last_frame(self.path)

    def measure(self, *, again: bool = False) -> Measures:
        """Measure motion, flicker, brightness, cuts, sharpness and loudness: how it is, and not how good.

        It takes about as long as decoding the clip. The journal keeps the result, as columns of
        ``client.jobs().records()``; the next call returns that.

        Parameters
        ----------
        again : bool
            Whether to measure even if the journal has the result.

        Returns
        -------
        Measures
            What each of them is, with its unit and its source, is said there.

        Raises
        ------
        DownloadError
            The file is gone or damaged, or cannot be opened safely.
        JournalError
            The journal cannot be read or written.
        """
        from ltxv_nb.journal import Journal
        from ltxv_nb.media.measures import measure, of_stored, to_store

        if self.journal is None:
            return measure(self.path)
        with closing(Journal(self.journal)) as journal:
            record = journal.get(self.job_id)
            kept = of_stored(record.measures) if record and not again else None
            measures = kept or measure(self.path)
            if record and not kept:
                journal.rate(self.job_id, measures=to_store(measures))
        return measures

    def save_as(self, path: str | os.PathLike[str]) -> Path:
        """Copy the file; returns where it is now. A folder keeps the file's name."""
        return Path(shutil.copy2(self.path, Path(path).expanduser())).absolute()

    def _repr_html_(self) -> str:
        from ltxv_nb.media.player import player_html

        return player_html(self)

    def __repr__(self) -> str:
        sound = "with sound" if self.has_audio else "without sound"
        size = f"{frame_text(self.width, self.height)}, {self.duration:g} s, {self.fps:g} fps"
        return f"Video({str(self.path)!r}, {size}, {sound})"
