"""Clips of all kinds as tiles: jobs, videos, files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import DownloadError, RequestError
from ltxv_nb.job import Job
from ltxv_nb.job_list.facts import state_text
from ltxv_nb.text import one_line
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_KINDS = "a job, a job's id, a video, or the path of a video file"


def tile_of_job(job: Job, label: str = "", values: Mapping[str, str] | None = None) -> Tile:
    """Return a job as a tile: with its clip, or with what is to be said in its place."""
    words = "" if job.video is not None else _state_words(job)
    name = label or one_line(job.record.prompt, 80)
    return Tile(job.video, name, values or {}, job.id or None, words, failed=bool(words and job.error))


def tiles_of(
    clips: Iterable[Any], labels: Sequence[str] | None, find: Callable[[str], Job | None]
) -> list[Tile]:
    """Return clips as tiles.

    Parameters
    ----------
    clips : iterable
        Jobs, their ids, videos, paths and tiles.
    labels : sequence of str, optional
        What each is called; by default by its prompt, or its file's name.
    find : callable
        Returns the job of an id, or ``None``.

    Raises
    ------
    RequestError
        One is something else, is not there, or there are more or fewer labels than clips.
    """
    given = list(clips)
    if not given:
        raise RequestError(f"There is no clip to compare. Each can be {_KINDS}.")
    if labels is not None and (isinstance(labels, str) or len(list(labels)) != len(given)):
        count = 1 if isinstance(labels, str) else len(list(labels))
        raise RequestError(f"There are {len(given)} clips, but {count} labels: give one for each clip.")
    names = [""] * len(given) if labels is None else [str(label) for label in labels]
    return [_tile(clip, name, find) for clip, name in zip(given, names, strict=True)]


def flat(clips: Iterable[Any]) -> Iterable[Any]:
    """Yield clips one by one: what lists hold, and the tiles of a batch."""
    for clip in clips:
        if isinstance(clip, (list, tuple)):
            yield from clip
        elif callable(tiles := getattr(clip, "tiles", None)):
            yield from tiles()
        else:
            yield clip


def _tile(clip: Any, label: str, find: Callable[[str], Job | None]) -> Tile:
    if isinstance(clip, Tile):
        return replace(clip, label=label or clip.label)
    if isinstance(clip, Job):
        return tile_of_job(clip, label)
    if isinstance(clip, Video):
        return Tile(clip, label or one_line(clip.prompt, 80) or clip.path.name, {}, clip.job_id or None)
    if not isinstance(clip, (str, os.PathLike)):
        raise RequestError(f"{one_line(repr(clip), 80)} cannot be compared: a clip can be {_KINDS}.")
    path = _file(clip)
    if path is None:
        job = find(clip) if isinstance(clip, str) else None
        if job is None:
            shown = one_line(os.fspath(clip), 200)
            raise RequestError(
                f"{shown!r} is no video file and no job of the journal: check how it is written."
            )
        return tile_of_job(job, label)
    return _tile_of_file(path, label or path.name)


def _file(clip: str | os.PathLike[str]) -> Path | None:
    """Return the file that is meant, if there is one."""
    try:
        path = Path(clip).expanduser()
        return path if path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # a name too long, the "~" of an unknown user, a NUL
        return None


def _tile_of_file(path: Path, label: str) -> Tile:
    from ltxv_nb.media.probe import probe

    try:
        found = probe(path)
    except DownloadError as error:
        why = str(error).removesuffix(" Download it again.")  # nobody downloaded it here
        return Tile(None, label, state_words=one_line(f"{path.name}: {why}", 200), failed=True)
    facts = (found.width, found.height, found.duration, found.fps, found.has_audio, found.size_bytes)
    video = Video(path.absolute(), None, *facts, job_id="", prompt="")
    return Tile(video, label)


def _state_words(job: Job) -> str:
    words = state_text(job)
    state = f"{words[:1].upper()}{words[1:]}"
    return f"{state}: {one_line(str(job.error), 240)}" if job.error is not None else f"{state} …"
