"""What a grid says of each clip, as plain values for the page, which escapes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.text import one_line, visible
from ltxv_nb.vocabulary import frame_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ltxv_nb.tiles import Tile
    from ltxv_nb.video import Video

FILE_MISSING = "The file is no longer there."
_NOT_YET = "There is no clip yet."
#: Characters of a label, and of what is said in place of a clip.
_LABEL, _WORDS = 160, 300


def playable(tile: Tile) -> bool:
    """Whether there is a file to play."""
    return tile.video is not None and Path(tile.video.path).is_file()


def descriptions(tiles: Sequence[Tile]) -> list[dict[str, Any]]:
    """Return what the page needs to know of each tile; every text is one that may come from outside."""
    videos = [tile.video for tile in tiles if tile.video is not None and playable(tile)]
    return [_description(tile, videos) for tile in tiles]


def label_of(tile: Tile, number: int) -> str:
    """Return what a tile is called; by its number where it has no name."""
    words = one_line(tile.label, _LABEL)
    return words or (one_line(tile.video.prompt, 80) if tile.video else "") or f"Clip {number + 1}"


def words_of(tile: Tile) -> str:
    """Return what stands in place of a clip; empty where there is one."""
    if playable(tile):
        return ""
    return one_line(tile.state_words, _WORDS) or (FILE_MISSING if tile.video else _NOT_YET)


def differences(video: Video, among: Sequence[Video]) -> str:
    """Return the facts of a clip in which the clips differ, in a few words."""
    facts = [_facts(one) for one in among]
    return " · ".join(
        fact for at, fact in enumerate(_facts(video)) if fact and len({other[at] for other in facts}) > 1
    )


def _description(tile: Tile, among: Sequence[Video]) -> dict[str, Any]:
    """Return one; the label is numbered by whoever knows the number."""
    video = tile.video if playable(tile) else None
    about = {
        "label": one_line(tile.label, _LABEL),
        "values": {name: one_line(value, _LABEL) for name, value in tile.values.items()},
        "job": tile.job_id or "",
        "words": words_of(tile),
        "bad": tile.failed,
        "prompt": visible(tile.video.prompt) if tile.video else "",
    }
    if video is None:
        return about
    return {
        **about,
        "width": video.width,
        "height": video.height,
        "duration": video.duration,
        "fps": video.fps,
        "sound": video.has_audio,
        "note": differences(video, among),
        "facts": [one_line(fact, 80) for fact in (*_facts(video), _model(video), video.cost_text) if fact],
    }


def _facts(video: Video) -> tuple[str, ...]:
    return (
        f"{video.duration:.3g} s",
        frame_text(video.width, video.height),
        f"{video.fps:.4g} fps",
        "" if video.has_audio else "no sound",
    )


def _model(video: Video) -> str:
    return str(video.settings.get("model") or "").rpartition("/")[2]
