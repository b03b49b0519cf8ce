"""A page of clips side by side that needs nothing beside it: no net, no kernel, no other files."""

from __future__ import annotations

import base64
import hashlib
import html
from pathlib import Path
from typing import TYPE_CHECKING

from ltxv_nb.errors import DownloadError, RequestError
from ltxv_nb.media.mosaic import GONE, UNREADABLE, heard_tile
from ltxv_nb.media.mosaic_frames import MARK
from ltxv_nb.media.poster import poster
from ltxv_nb.media.preview import MAX_BYTES, preview
from ltxv_nb.media.worker.process import WorkerUnavailable
from ltxv_nb.text import data_uri, one_line, visible

if TYPE_CHECKING:
    from ltxv_nb.arrangement import Arrangement
    from ltxv_nb.tiles import Tile
    from ltxv_nb.video import Video

#: Bytes of all clips on a page together, before Base64 makes a third more of them; and the most clips.
_ALL_BYTES, _MOST_CLIPS = 24 << 20, 200
_POSTER_BYTES, _POSTER_WIDTH = 20_000, 480

_CONTROLS = """<div class="controls" role="group" aria-label="All clips" data-fps="{fps:g}" hidden>
<button type="button" name="play">Play</button>
<button type="button" name="back" aria-label="One frame back">&#8249;</button>
<button type="button" name="on" aria-label="One frame on">&#8250;</button>
<input type="range" name="time" min="0" max="1" step="any" value="0" aria-label="Time">
<output></output>
<label><input type="checkbox" name="loop" checked> Loop</label>
<label>Speed <select name="speed">{speeds}</select></label>
</div>"""
_SPEEDS = (0.25, 0.5, 1, 2)


def page(arrangement: Arrangement, *, sound: str | bool = True, title: str = "") -> str:
    """Return clips side by side as one HTML page with players in step.

    Small previews of the clips are inside it, so that it can be sent and opened anywhere; together they have
    at most 24 MB (32 MB as text). Without scripts each clip has a player of its own.

    Parameters
    ----------
    arrangement : Arrangement
        The clips.
    sound : str or bool
        Whose sound is heard at first: a job's id or a label, ``True`` for the first clip with sound,
        ``False`` for none.
    title : str
        A line above all.

    Raises
    ------
    RequestError
        There are too many clips, or the one whose sound is wanted has none.
    WorkerUnavailable
        The process that opens files cannot be started.
    """
    tiles = [tile for _, _, tile in arrangement]
    number = sum(tile.video is not None for tile in tiles)
    if number > _MOST_CLIPS:
        raise RequestError(
            f"{number} clips are too many for one page, which can have {_MOST_CLIPS}: save fewer of them."
        )
    heard = heard_tile(tiles, sound)
    most_bytes = min(MAX_BYTES, _ALL_BYTES // max(1, number))
    rates = [tile.video.fps for tile in tiles if tile.video is not None and tile.video.fps > 0]
    with_label = not arrangement.columns
    cells = {id(tile): _figure(tile, most_bytes, is_heard=tile is heard, label=with_label) for tile in tiles}
    speeds = "".join(f'<option value="{one}"{" selected" * (one == 1)}>{one:g}×</option>' for one in _SPEEDS)
    controls = _CONTROLS.format(fps=max(rates, default=25), speeds=speeds)
    body = _table(arrangement, cells) if arrangement.columns else _list(arrangement, cells)
    return _document(title or "Clips side by side", f"{controls}{body}" if number else body)


def _document(title: str, body: str) -> str:
    """Return a whole page, which may run its own script and load nothing."""
    script, style = (Path(__file__).with_name(f"page.{kind}").read_text("utf-8") for kind in ("js", "css"))
    of_script = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = (
        "img-src data:",
        "media-src data:",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{of_script}'",
    )
    policy = "; ".join(("default-src 'none'", *allowed))
    about = f'<meta name="generator" content="{MARK}"><title>{_text(title)}</title>'
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{about}\n<style>{style}</style></head>\n"
        f"<body><main><h1>{_text(title)}</h1>{body}</main>\n<script>{script}</script></body></html>\n"
    )


def _table(arrangement: Arrangement, cells: dict[int, str]) -> str:
    columns, _ = arrangement.size
    down = any(arrangement.rows)
    corner = "<td></td>" if down else ""
    heads = "".join(f'<th scope="col" dir="auto">{_text(head)}</th>' for head in arrangement.columns)
    lines = []
    for head, tiles in zip(arrangement.rows, arrangement.cells, strict=True):
        first = f'<th scope="row" dir="auto">{_text(head)}</th>' if down else ""
        lines.append(first + "".join(f"<td>{cells.get(id(tile), '')}</td>" for tile in tiles))
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return (
        f'<div class="scroll"><table class="headed" style="--columns:{columns + 1}"><thead>'
        f"<tr>{corner}{heads}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def _list(arrangement: Arrangement, cells: dict[int, str]) -> str:
    figures = "\n".join(cells[id(tile)] for _, _, tile in arrangement)
    return f'<div class="list" style="--columns:{arrangement.size[0]}">{figures}</div>'


def _figure(tile: Tile, most_bytes: int, *, is_heard: bool, label: bool) -> str:
    words = f"<span>{_text(tile.label)}</span>" if label else "<span></span>"
    if tile.job_id:
        words += f"<small>{_text(tile.job_id)}</small>"
    if tile.video is None:
        return _missing(tile.state_words, words)
    try:
        player = _player(tile, tile.video, most_bytes, is_heard=is_heard)
    except WorkerUnavailable:
        raise
    except DownloadError:
        return _missing(UNREADABLE if tile.video.path.is_file() else GONE, words)
    if tile.video.has_audio:
        words += '<button type="button" aria-pressed="false" hidden>Sound</button>'
    return f"<figure>{player}<figcaption>{words}</figcaption></figure>"


def _player(tile: Tile, video: Video, most_bytes: int, *, is_heard: bool) -> str:
    source = data_uri(preview(video.path, max_bytes=most_bytes), "video/mp4")
    picture = data_uri(poster(video.path, max_width=_POSTER_WIDTH, max_bytes=_POSTER_BYTES), "image/jpeg")
    label = _text(f"Video: {tile.label or one_line(video.prompt, 120)}")
    heard = " data-heard" if is_heard else ""
    return (
        f'<video controls playsinline preload="auto" width="{int(video.width)}" height="{int(video.height)}"'
        f' style="height:auto" aria-label="{label}" title="{label}" poster="{picture}" src="{source}"{heard}>'
        "</video>"
    )


def _missing(state: str, words: str) -> str:
    place = f'<div class="missing" dir="auto">{_text(state)}</div>'
    return f"<figure>{place}<figcaption>{words}</figcaption></figure>"


def _text(words: str) -> str:
    return html.escape(visible(one_line(words)))
