"""A list of videos as a contact sheet: a small picture of each, with its prompt and a link to its file."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, NamedTuple

from ltxv_nb.media.player import file_address
from ltxv_nb.media.posters import Posters
from ltxv_nb.text import NO_MATH, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ltxv_nb.video import Video

NO_VIDEOS = "There are no videos."

#: Videos on one sheet: with 4 kB for each picture it stays below 400 kB.
SHOWN = 60

_GRID = (
    "display:grid;gap:12px;max-width:1040px;"
    "grid-template-columns:repeat(auto-fill,minmax(min(180px,100%),1fr))"
)
_PICTURE = (
    "display:block;width:100%;aspect-ratio:16/9;object-fit:cover;border-radius:6px;max-width:none;"
    "background:var(--jp-layout-color2,#eee)"
)
_SMALL = "font-size:12px;line-height:1.4;overflow-wrap:anywhere;color:var(--jp-ui-font-color1,#222)"


class _File(NamedTuple):
    """What a picture is made from and kept under."""

    id: str
    file: str


def sheet_text(videos: Sequence[Video]) -> str:
    """Return the videos as lines of plain text."""
    lines = [
        visible(f"{video.job_id}  {video.duration:.3g} s  {one_line(video.prompt, 60)}  {video.path}")
        for video in videos[:SHOWN]
    ]
    return "\n".join([*lines, *_more(videos)]) or NO_VIDEOS


def sheet_html(videos: Sequence[Video], home: Path | None, *, base_dir: Path) -> str:
    """Return the videos as a contact sheet.

    Parameters
    ----------
    videos : sequence of Video
        The videos; the first `SHOWN` of them are shown.
    home : Path, optional
        The journal's folder, beside which the pictures are kept.
    base_dir : Path
        The notebook's folder, from which the links lead.
    """
    if not videos:
        return f"<p>{NO_VIDEOS}</p>"
    posters = Posters(home)
    tiles = "".join(_tile(video, posters, base_dir) for video in videos[:SHOWN])
    notes = "".join(f"<p>{line}</p>" for line in _more(videos))
    return f'<div class="ltxv-sheet {NO_MATH}"><div style="{_GRID}">{tiles}</div>{notes}</div>'


def _more(videos: Sequence[Video]) -> list[str]:
    return [f"The first {SHOWN} of {len(videos):,} videos."] if len(videos) > SHOWN else []


def _tile(video: Video, posters: Posters, base_dir: Path) -> str:
    picture = posters.thumbnail(_File(video.job_id, str(video.path)))
    shown = f'<img src="{picture}" alt="" style="{_PICTURE}">' if picture else ""
    address, name = html.escape(file_address(video.path, base_dir)), html.escape(video.path.name)
    prompt = one_line(video.prompt, 90)
    return (
        f'<div style="min-width:0"><a href="{address}" target="_blank" rel="noopener" title="{name}"'
        f' style="{_PICTURE}" aria-label="Open: {html.escape(prompt)}">{shown}</a>'
        f'<div dir="auto" style="{_SMALL}" title="{html.escape(visible(video.prompt))}">'
        f"{html.escape(prompt)}</div>"
        f'<div style="{_SMALL}">{video.duration:.3g} s · {html.escape(video.job_id)}</div></div>'
    )
