"""One place in the gallery: a poster that plays when it is clicked, the prompt, and the settings to copy."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.media.player import player_html, player_text
from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.frontend_files import embed_for
from ltxv_nb.notebook.output.source import cell_text, copy_button
from ltxv_nb.notebook.panel.fields import settings_text, shorten
from ltxv_nb.notebook.panel.pictures import as_text
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record
    from ltxv_nb.notebook.widgets.factory import Kit

#: Stands where the poster will be.
_PLACE = '<div class="ltxv-poster ltxv-gone">{}</div>'


class Tile:
    """A tile; its widget is `box`. It is used again for another clip when the page is turned.

    Parameters
    ----------
    kit : Kit
        Makes the widgets.
    later : callable
        Runs a function in the writer's thread.
    """

    def __init__(self, kit: Kit, later: Callable[[Callable[[], None]], object]) -> None:
        self._kit, self._later = kit, later
        self.record: Record | None = None
        self._face = kit.html("", "ltxv-face")
        self._play = kit.button("Play", "Play this clip", lambda: later(self.open), "ltxv-play")
        self._shut = kit.button("Close", "Back to the poster", lambda: later(self.shut))
        self._player: Any = None
        self.box: Any = kit.column([self._face, self._play], "ltxv-tile")

    def show(self, record: Record, client: Client, poster: str | None, words: str = "") -> None:
        """Show a clip's poster, or words in its place, with prompt, settings and date."""
        if record is not self.record:
            self.shut()
            self.record = record
            self._play.tooltip = f"Play: {shorten(record.prompt, 80)}"
            self._play.description = self._play.tooltip
        self._face.value = _face(record, client, poster, words)

    def open(self) -> None:
        """Put the player in the place of the poster, and start it."""
        video = Video.of(self.record) if self.record else None
        if video is None or self._player is not None:
            return
        base_dir = notebook_folder()
        shown = player_html(video, embed=embed_for(video.path), base_dir=base_dir)
        # A click has asked for it, so this one player starts by itself.
        playing = shown.replace("<video controls", "<video autoplay controls", 1)
        text = player_text(video, base_dir=base_dir)
        self._player = self._kit.output({"text/html": playing, "text/plain": text})
        self.box.children = [self._player, self._shut]
        self.box.add_class("ltxv-open")

    def shut(self) -> None:
        """Show the poster again."""
        player, self._player = self._player, None
        if player is not None:
            self.box.remove_class("ltxv-open")
            self.box.children = [self._face, self._play]
            player.close()


def _face(record: Record, client: Client, poster: str | None, words: str) -> str:
    picture = (
        f'<img class="ltxv-poster" src="{poster}" alt="">' if poster else _PLACE.format(html.escape(words))
    )
    when = datetime.fromtimestamp(record.created_at, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    settings = {name: value for name, value in record.request.items() if name not in {"prompt", "image"}}
    asked = settings_text({"model": record.model, **settings})
    return (
        f'{picture}<div class="ltxv-caption" title="{html.escape(record.prompt)}">'
        f"{html.escape(shorten(record.prompt, 160))}</div>"
        f'<div class="ltxv-small"><span>{html.escape(when)}</span>{_copy(record, client)}</div>'
        f'<div class="ltxv-small">{html.escape(asked)}</div>'
        f"{_missing(record, poster)}"
    )


def _copy(record: Record, client: Client) -> str:
    """Return the button that copies a clip's settings as a cell."""
    try:
        request = client.request_of(record)
        text = cell_text(request, as_text(request.image, client.home))
    except LTXVError:
        return ""
    return f"<span><pre hidden>{html.escape(text)}</pre>{copy_button('Copy settings', record.id)}</span>"


def _missing(record: Record, poster: str | None) -> str:
    if not poster or Path(record.file or "").is_file():
        return ""
    return '<div class="ltxv-hint">The file is no longer at its place.</div>'
