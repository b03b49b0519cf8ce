"""A finished clip as plain HTML: it plays without a kernel, in an untrusted copy, and in an exported page.

The address is on ``video`` itself, since Jupyter strips ``source`` from notebooks it does not trust. A
small clip is embedded whole; of a larger one the notebook holds a preview, and a link to the file. Every
text from outside is escaped.
"""

from __future__ import annotations

import html
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from ltxv_nb.text import NO_MATH, data_uri, one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ltxv_nb.video import Video

logger = logging.getLogger("ltxv_nb")

#: Bytes of MP4 that a notebook carries for one clip. As Base64, with a poster, three of them stay under 3 MB.
EMBED_LIMIT = 640_000

#: The note that is shown with every sandbox clip.
SANDBOX_NOTE = (
    "Sandbox clip: drawn on this machine to try things out, free of charge; the real model was not asked."
)

#: Characters of a prompt that show without a click.
_PROMPT_SHOWN = 280

_CARD = "max-width:720px;margin:4px 0 8px;color:var(--jp-ui-font-color1,inherit)"
_FRAME = "width:100%;height:auto;background:#000;border-radius:6px"
_PLAYER = f"display:block;{_FRAME}"
_SMALL = "margin:6px 2px 0;font-size:12px;line-height:1.5;color:var(--jp-ui-font-color2,#666)"
_LINK = "color:var(--jp-content-link-color,#1976d2)"
_BADGE = (
    "display:inline-block;padding:1px 8px;margin-top:2px;border-radius:9px;border:1px solid "
    "var(--jp-border-color1,#bbb);background:var(--jp-layout-color2,#eee);color:var(--jp-ui-font-color1,#333)"
)


class _Source(NamedTuple):
    """What the player plays."""

    address: str
    poster: str
    is_preview: bool


def player_html(
    video: Video,
    *,
    embed: bool | None = None,
    base_dir: Path | None = None,
    note: str = "",
    actions: str = "",
) -> str:
    """Return a finished clip as HTML.

    Parameters
    ----------
    video : Video
        The clip, on disk.
    embed : bool, optional
        ``True`` puts the whole file into the page, ``False`` only its relative address. By default a file
        above `EMBED_LIMIT` bytes is represented by a preview of the same length.
    base_dir : Path, optional
        The notebook's folder, from which the link to the file leads; by default the current one.
    note : str
        One more line of small print.
    actions : str
        HTML that stands below: what can be done with the clip.

    Returns
    -------
    str
        One ``div`` with a player, a link to the file, the prompt and the parameters.
    """
    address = file_address(video.path, base_dir)
    if not Path(video.path).is_file():
        gone = f'<div style="{_SMALL}"><em>The file is no longer there.</em></div>'
        return _card(video, gone, _link(video.path, address), note, actions)
    source = _source(video, embed, address)
    link = _link(video.path, address) + (" (full file; above: a small preview)" if source.is_preview else "")
    return _card(video, _player(video, source), link, note, actions)


def player_text(video: Video, *, base_dir: Path | None = None) -> str:
    """Return the same in one line of plain text, for terminals and for readers of the raw notebook."""
    path = _near_path(Path(video.path), base_dir or Path.cwd())
    words = [f"Video {visible(path)}", *_facts(video)]
    notes = [note for note in (_doubt(video), SANDBOX_NOTE if video.backend == "sandbox" else "") if note]
    return ". ".join([", ".join(words), *notes])


def file_address(path: Path, base_dir: Path | None = None) -> str:
    """Return the URL of a file as seen from the notebook's folder: relative wherever that can be said."""
    path, base = Path(path).absolute(), (base_dir or Path.cwd()).absolute()
    try:
        relative = os.path.relpath(path, base)
    except ValueError:  # another drive: there is no relative path on Windows
        return path.as_uri()
    return quote(relative.replace(os.sep, "/"))


def _near_path(path: Path, base: Path) -> str:
    """Return a path as seen from the notebook's folder if it lies below it, else the whole of it."""
    try:
        return path.absolute().relative_to(base.absolute()).as_posix()
    except ValueError:
        return str(path)


def pending_html(file: Path, job_id: str, *, base_dir: Path | None = None) -> str:
    """Return a fallback for a clip that is not finished yet, in case its cell is never updated.

    A page that was reloaded during the job, saved, and opened without its kernel holds neither the status nor
    the final output. The name of the file is known from the start, so the fallback links to it.
    `PENDING_STYLE` shows its player where the status widget has no kernel, and hides all of it where it has
    one; where no style applies it is a line of small print, and in an untrusted notebook, which strips
    ``hidden``, a player.

    Parameters
    ----------
    file : Path
        Where the clip will be.
    job_id : str
        The journal's id of the job.
    base_dir : Path, optional
        The notebook's folder.
    """
    address, shown, job = (html.escape(text) for text in (file_address(file, base_dir), file.name, job_id))
    return (
        f'<div class="ltxv-pending {NO_MATH}" style="{_CARD}">'
        f'<video hidden controls preload="none" playsinline width="1920" height="1080" src="{address}" '
        f'style="{_FRAME}" title="{shown}"></video>'
        f'<div style="{_SMALL}">When it is finished, the clip is in '
        f'<a href="{address}" style="{_LINK}">{shown}</a>, '
        f"and <code>%ltxv show {job}</code> shows it here.</div></div>"
    )


def _source(video: Video, embed: bool | None, address: str) -> _Source:
    if embed is False:
        return _Source(address, _poster(video), is_preview=False)
    size = Path(video.path).stat().st_size
    if embed or size <= EMBED_LIMIT:
        return _Source(data_uri(Path(video.path).read_bytes(), "video/mp4"), _poster(video), is_preview=False)
    try:
        from ltxv_nb.media.poster import preview

        return _Source(
            data_uri(preview(video.path, max_bytes=EMBED_LIMIT), "video/mp4"), _poster(video), is_preview=True
        )
    except Exception:  # a clip that is paid for is shown, even if no preview of it can be made
        logger.warning(
            "No preview of %s could be made; linking to the file instead.", video.path, exc_info=True
        )
        return _Source(address, _poster(video), is_preview=False)


def _poster(video: Video) -> str:
    try:
        from ltxv_nb.media.poster import poster

        return data_uri(poster(video.path), "image/jpeg")
    except Exception:  # a player without a poster still plays
        logger.warning("No poster of %s could be made.", video.path, exc_info=True)
        return ""


def _player(video: Video, source: _Source) -> str:
    poster = f' poster="{source.poster}"' if source.poster else ""
    label = html.escape(f"Video: {one_line(video.prompt, 120)}")
    width, height = int(video.width), int(video.height)
    return (
        f'<video controls preload="metadata" playsinline width="{width}" height="{height}"'
        f' aria-label="{label}" title="{label}"{poster} src="{html.escape(source.address)}"'
        f' style="{_PLAYER};aspect-ratio:{width}/{height}"></video>'
    )


def _card(video: Video, player: str, link: str, note: str, actions: str) -> str:
    facts = html.escape(" · ".join([*_facts(video), *_asked(video)]))
    doubt = f"<div>{html.escape(_doubt(video))}</div>" if video.doubt else ""
    badge = f'<div><span style="{_BADGE}">{html.escape(SANDBOX_NOTE)}</span></div>'
    sandbox = badge if video.backend == "sandbox" else ""
    more = f'<div class="ltxv-line">{html.escape(note)}</div>' if note else ""
    return (
        f'<div class="ltxv-clip {NO_MATH}" style="{_CARD}">{player}<div style="{_SMALL}"><div>{link}</div>'
        f"<div>{facts}</div>{doubt}{_prompt(video.prompt)}{sandbox}{more}"
        f"{actions}</div></div>"
    )


def _link(path: Path, address: str) -> str:
    name = html.escape(Path(path).name)
    return f'<a href="{html.escape(address)}" style="{_LINK}" target="_blank" rel="noopener">{name}</a>'


def _prompt(prompt: str) -> str:
    full, first = html.escape(prompt), html.escape(one_line(prompt, _PROMPT_SHOWN))
    if len(prompt) <= _PROMPT_SHOWN:
        return f'<div dir="auto" style="font-style:italic;white-space:pre-line">{full}</div>'
    return (
        f'<details><summary dir="auto" style="font-style:italic">{first}</summary>'
        f'<div dir="auto" style="font-style:italic;white-space:pre-line">{full}</div></details>'
    )


def _facts(video: Video) -> list[str]:
    """What is in the file, measured."""
    sound = "sound" if video.has_audio else "no sound"
    return [
        word
        for word in (
            f"{video.duration:.3g} s",
            f"{int(video.width)}x{int(video.height)}",
            f"{video.fps:.4g} fps",
            sound,
            size_text(video.size_bytes),
            video.cost_text,
        )
        if word
    ]


def _doubt(video: Video) -> str:
    return f"The video {video.doubt}; the same file came twice, and was kept." if video.doubt else ""


def _asked(video: Video) -> Iterable[str]:
    """What the file cannot tell: the model, and the job's id."""
    model = str(video.settings.get("model") or "")
    return [word for word in (model.rpartition("/")[2], f"job {video.job_id}") if word]


def size_text(size: float) -> str:
    """Return a number of bytes for people: ``3.2 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
