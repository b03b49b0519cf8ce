"""One clip in the gallery, as HTML: its picture, the prompt, what it is, its stars, its actions."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ltxv_nb.job_list.facts import cost_text
from ltxv_nb.journal.first_frames import settings_of
from ltxv_nb.journal.ratings import MOST_STARS
from ltxv_nb.media.player import file_address
from ltxv_nb.notebook.output.actions import actions_html
from ltxv_nb.notebook.output.source import settings_text
from ltxv_nb.text import NO_MATH, one_line

if TYPE_CHECKING:
    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record

FILE_MISSING = "The file is no longer there."

#: The page has stars to click on, and the lightbox the rest.
_ACTIONS = ("continue", "variation", "copy", "open", "download")


def tile_html(record: Record, client: Client, poster: str | None, *, base_dir: Path, served: bool) -> str:
    """Return a clip for a gallery that is alive.

    Parameters
    ----------
    record : Record
        Its row in the journal.
    client : Client
        Whose journal it is.
    poster : str or None
        Its picture as a data URI, if there is one by now.
    base_dir : Path
        The notebook's folder.
    served : bool
        Whether the page can fetch the file itself; otherwise the kernel sends it when it is to be played.
    """
    actions = actions_html(record, client, base_dir=base_dir, shown=_ACTIONS, group="tile")
    return (
        f'<div class="ltxv-tile-clip {NO_MATH}" data-job="{html.escape(record.id)}">'
        f"{_thumb(record, poster, base_dir, served=served)}"
        f'<div class="ltxv-about">{caption(record)}{chips(record)}{_stars(record)}{actions}</div></div>'
    )


def still_tile_html(record: Record, client: Client, thumbnail: str | None, *, base_dir: Path) -> str:
    """Return a clip for where no kernel and no script is: a player of the file beside the notebook."""
    address = html.escape(file_address(Path(record.file or ""), base_dir))
    poster = f' poster="{thumbnail}"' if thumbnail else ""
    label = html.escape(f"Video: {one_line(record.prompt, 120)}")
    player = (
        f'<video controls preload="none" playsinline width="320" height="180" src="{address}"{poster}'
        f' aria-label="{label}" style="width:100%;height:auto;background:#000;border-radius:6px"></video>'
        if Path(record.file or "").is_file()
        else f"<em>{FILE_MISSING}</em>"
    )
    actions = actions_html(record, client, base_dir=base_dir, shown=("copy", "open"), group="still")
    return f'<div style="min-width:0">{player}{caption(record)}{chips(record)}{actions}</div>'


def caption(record: Record) -> str:
    """Return the prompt."""
    words = html.escape(record.prompt)
    return f'<div class="ltxv-caption" dir="auto" title="{words}">{words}</div>'


def chips(record: Record) -> str:
    """Return what the clip is, in a few short pieces: settings, cost, when."""
    when = datetime.fromtimestamp(record.created_at, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    asked = settings_text({"model": record.model, **settings_of(record.request)}).split(" · ")
    tags = (f"#{tag}" for tag in record.tags or ())
    words = [word for word in (*asked, cost_text(record), when, *tags) if word]
    facts = " ".join(f"<span>{html.escape(word)}</span>" for word in words)  # apart without a style, too
    return f'<div class="ltxv-facts">{facts}</div>'


def _thumb(record: Record, poster: str | None, base_dir: Path, *, served: bool) -> str:
    file = Path(record.file or "")
    if not file.is_file():
        return f'<div class="ltxv-thumb ltxv-no-poster">{FILE_MISSING}</div>'
    if served:
        address = html.escape(file_address(file, base_dir))
        shown = f' poster="{poster}"' if poster else ""
        picture = (
            f'<video class="ltxv-poster" muted loop playsinline preload="none" tabindex="-1"'
            f' aria-hidden="true" src="{address}"{shown}></video>'
        )
    else:
        picture = f'<img class="ltxv-poster" src="{poster}" alt="">' if poster else ""
    label = html.escape(f"Play: {one_line(record.prompt, 80)}")
    button = f'<button type="button" class="ltxv-play" aria-label="{label}" title="{label}"></button>'
    return f'<div class="ltxv-thumb">{picture}{button}</div>'


def _stars(record: Record) -> str:
    """Return the stars: one of five, which a click sets, and a click on the same one takes away again."""
    given, job = record.stars or 0, html.escape(record.id)
    stars = "".join(_star(number, given, job) for number in range(1, MOST_STARS + 1))
    return (
        f'<div class="ltxv-stars" role="radiogroup" aria-label="Stars" data-job="{job}" data-stars="{given}">'
        f"{stars}</div>"
    )


def _star(number: int, given: int, job: str) -> str:
    words = "1 star" if number == 1 else f"{number} stars"
    on, checked = ' class="ltxv-on"' if number <= given else "", " checked" if number == given else ""
    return (
        f'<label title="{words}"{on}><input type="radio" name="ltxv-stars-{job}" value="{number}"'
        f' aria-label="{words}"{checked}></label>'
    )
