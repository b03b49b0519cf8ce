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

from ltxv_nb.settings import in_voila
from ltxv_nb.text import NO_MATH, data_uri, one_line, visible
from ltxv_nb.vocabulary import frame_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ltxv_nb.video import Video

logger = logging.getLogger("ltxv_nb")

#: Bytes of MP4 that a notebook carries for one clip. As Base64, with a poster, three of them stay under 3 MB.
EMBED_LIMIT = 640_000

#: What is said of a sandbox clip in plain text, and in three words on its pill.
SANDBOX_NOTE = (
    "Sandbox clip: drawn on this machine to try things out, free of charge; the real model was not asked."
)
SANDBOX_PILL = "Free sandbox drawing"

#: Characters of a prompt that show without a click.
_PROMPT_SHOWN = 280

#: Pixels of the tallest clip on a page: a portrait has to fit on a screen.
_TALLEST = 540

_CARD = "max-width:720px;margin:8px 0;color:var(--jp-ui-font-color1,inherit)"
_FRAME = "background:#000;border-radius:8px"
_SMALL = "margin:8px 0 0;font-size:12px;line-height:16px;color:var(--jp-ui-font-color2,#666)"
_LINK = "color:var(--jp-content-link-color,#1976d2)"
_PROMPT = (
    "margin:8px 0 0;font:14px/20px var(--jp-ui-font-family,system-ui,sans-serif);"
    "color:var(--jp-ui-font-color1,inherit);white-space:pre-line;overflow-wrap:anywhere"
)
_CHIPS = (
    "display:flex;flex-wrap:wrap;align-items:center;gap:8px;margin:8px 0 0;"
    "font:12px/16px var(--jp-ui-font-family,system-ui,sans-serif)"
)
_CHIP = (
    "padding:3px 8px;border-radius:12px;border:1px solid var(--jp-border-color2,#ddd);"
    "color:var(--jp-ui-font-color1,#333)"
)
#: `ltxv_nb.notebook.widgets.style` keeps as much place below a status: nothing moves when a clip comes.
_ACTIONS = "font-size:12px;line-height:20px"
_PILL = f"{_CHIP};background:var(--jp-layout-color2,#eee)"


#: Said wherever a status, a panel or a gallery has lost its kernel while clips were being made.
KERNEL_GONE = (
    '<div class="ltxv-gone" style="font-size:14px;line-height:20px"><b>The kernel was restarted.</b> '
    "The job continues: <code>%ltxv resume</code></div>"
)
#: Stands in the player of a clip that may not be there yet.
_NOT_YET = data_uri(
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1920 1080"><rect width="1920" height="1080" '
    b'fill="#333"/><text x="960" y="560" fill="#fff" font-family="sans-serif" font-size="56" '
    b'text-anchor="middle">The clip plays here when it is finished</text></svg>',
    "image/svg+xml",
)


#: Runs in the page when a link is clicked: asks whether there is a file, and else shows what the link says.
_SAY_MISSING = (
    "const a=this;if(a.protocol.startsWith('http'))fetch(a.href,{method:'HEAD'}).then(r=>{"
    "let n=a.nextElementSibling;if(n?.className!=='ltxv-missing'){if(r.ok)return;"
    "n=document.createElement('span');n.className='ltxv-missing';n.setAttribute('role','status');a.after(n)}"
    "n.textContent=r.ok?'':a.dataset.missing},()=>{})"
)
#: Runs in the page when a player's file cannot be played: the same, as far as there is no file.
_PLAYER_FAILED = "this.closest('.ltxv-clip')?.querySelector('a[data-missing]')?.onclick()"


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
        One ``div`` with a player, the prompt, and in small what was made and a link to the file.
    """
    address = file_address(video.path, base_dir)
    if not Path(video.path).is_file():
        gone = f'<div style="{_SMALL}">The file is no longer there.</div>'
        return _card(video, gone, _link(video, address), [note], actions)
    source = _source(video, embed, address)
    link = _link(video, address) + ("<span>a small preview plays here</span>" if source.is_preview else "")
    where = f"The file is {visible(str(video.path))}." if in_voila() else ""
    return _card(video, _player(video, source), link, [where, note], actions)


def player_text(video: Video, *, base_dir: Path | None = None) -> str:
    """Return the same in one line of plain text, for terminals and for readers of the raw notebook."""
    path = _near_path(Path(video.path), base_dir or Path.cwd())
    words = [f"Video {visible(path)}", *_facts(video)]
    notes = [note for note in (_doubt(video), SANDBOX_NOTE if video.backend == "sandbox" else "") if note]
    return ". ".join([", ".join(words), *notes])


def frame_style(width: int, height: int) -> str:
    """Return the style of a clip's place on a page; the same before it is there, while it is being made.

    Parameters
    ----------
    width, height : int
        Pixels of the clip.
    """
    widest = round(_TALLEST * width / height)
    # The height is said, because the attribute of that name would win over the ratio.
    return f"width:min(100%,{widest}px);height:auto;aspect-ratio:{width}/{height}"


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
    """Return what stands in place of a status whose kernel is gone: how to go on, and the clip.

    The name of the file is known from the start. Its player has a picture that says so where the clip is not
    finished; a page cannot tell without a script. In an untrusted notebook, which strips ``hidden``, the
    player is there from the start.

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
        f'<div class="ltxv-pending {NO_MATH}" style="{_CARD}">{KERNEL_GONE}'
        f'<video hidden controls preload="none" playsinline width="1920" height="1080" src="{address}" '
        f'poster="{_NOT_YET}" style="width:100%;height:auto;margin-top:8px;{_FRAME}" title="{shown}"></video>'
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
    missing = "" if source.address.startswith("data:") else f' onerror="{html.escape(_PLAYER_FAILED)}"'
    return (
        f'<video controls preload="metadata" playsinline width="{width}" height="{height}"'
        f' aria-label="{label}" title="{label}"{poster} src="{html.escape(source.address)}"'
        f' style="display:block;{frame_style(width, height)};{_FRAME}"{missing}></video>'
    )


def _card(video: Video, player: str, link: str, notes: Iterable[str], actions: str) -> str:
    """Return player and words; these on lines of their own, where a comparison of notebooks finds them."""
    small = "".join(
        f'<div class="ltxv-line" style="{_SMALL}">{html.escape(line)}</div>'
        for line in (_doubt(video), *notes)
        if line
    )
    actions = f'<div style="{_ACTIONS}">{actions}</div>' if actions else ""
    return (
        f'<div class="ltxv-clip {NO_MATH}" style="{_CARD}">{player}<div>\n{prompt_html(video.prompt)}\n'
        f'<div class="ltxv-chips" style="{_CHIPS}">{_chips(video)}{link}</div>\n{small}{actions}</div></div>'
    )


def _chips(video: Video) -> str:
    """Return length, size, model and cost; what the sandbox made says so in place of a cost."""
    facts = [
        f"{video.duration:.3g} s",
        frame_text(video.width, video.height),
        _model(video),
        _cost(video),
    ]
    chips = [f'<span style="{_CHIP}">{html.escape(fact)}</span>' for fact in facts if fact]
    if video.backend == "sandbox":
        title = html.escape(" ".join(filter(None, [SANDBOX_NOTE, video.cost_text.capitalize()])))
        chips.append(f'<span class="ltxv-pill" style="{_PILL}" title="{title}">{SANDBOX_PILL}</span>')
    return "".join(chips)


def _link(video: Video, address: str) -> str:
    """Return the link to the file; what else is known of it stands in its tooltip."""
    about = html.escape(", ".join([Path(video.path).name, *_facts(video), f"job {video.job_id}"]))
    return (
        f'<a href="{html.escape(address)}" style="{_LINK}" target="_blank" rel="noopener" '
        f'title="{about}"{if_missing(Path(video.path).name, video.job_id)}>Open</a>'
    )


def if_missing(name: str, job_id: str) -> str:
    """Return attributes of a link to a clip's file: when it leads nowhere, a click says so beside it.

    Parameters
    ----------
    name : str
        The file's name.
    job_id : str
        The journal's id of its job.
    """
    words = f"{visible(name)} is not where this link leads: "
    words += (
        "this page does not serve the file."
        if in_voila()
        else f"this notebook or the file was moved. %ltxv show {job_id} shows the clip wherever it is."
    )
    return f' data-missing="{html.escape(words)}" onclick="{html.escape(_SAY_MISSING)}"'


def prompt_html(prompt: str) -> str:
    """Return a prompt as it stands below its clip; a long one unfolds."""
    full, first = html.escape(prompt), html.escape(one_line(prompt, _PROMPT_SHOWN))
    if not prompt.strip():
        return ""
    if len(prompt) <= _PROMPT_SHOWN:
        return f'<div class="ltxv-words" dir="auto" style="{_PROMPT}">{full}</div>'
    return (
        f'<details class="ltxv-words" style="{_PROMPT}"><summary dir="auto">{first}</summary>'
        f'<div dir="auto">{full}</div></details>'
    )


def _facts(video: Video) -> list[str]:
    """What is in the file, measured."""
    sound = "sound" if video.has_audio else "no sound"
    return [
        word
        for word in (
            f"{video.duration:.3g} s",
            frame_text(video.width, video.height),
            f"{video.fps:.4g} fps",
            sound,
            size_text(video.size_bytes),
            video.cost_text,
        )
        if word
    ]


def _doubt(video: Video) -> str:
    return f"The video {video.doubt}; the same file came twice, and was kept." if video.doubt else ""


def _cost(video: Video) -> str:
    return "" if video.backend == "sandbox" else video.cost_text


def _model(video: Video) -> str:
    return str(video.settings.get("model") or "").rpartition("/")[2]


def size_text(size: float) -> str:
    """Return a number of bytes for people: ``3.2 MB``."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit != "MB" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
