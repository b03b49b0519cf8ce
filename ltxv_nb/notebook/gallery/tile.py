"""One clip in the gallery: a poster that plays when it is clicked, the prompt, and the settings to copy."""

from __future__ import annotations

import html
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import LTXVError
from ltxv_nb.journal.first_frames import settings_of
from ltxv_nb.media.player import player_html, player_text
from ltxv_nb.notebook.frontend import embed_for, notebook_folder
from ltxv_nb.notebook.output.pictures import files_as_text
from ltxv_nb.notebook.output.source import cell_text, copy_button, settings_text
from ltxv_nb.text import one_line
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record
    from ltxv_nb.notebook.widgets.factory import WidgetFactory

FILE_MISSING = "The file is no longer there."

#: Shown until the poster is there, or in place of one that cannot be made.
_NO_POSTER = '<div class="ltxv-poster ltxv-no-poster">{}</div>'


class Tile:
    """A tile; its widget is `box`. It is used again for another clip when the page is turned.

    Parameters
    ----------
    factory : WidgetFactory
        Makes the widgets.
    later : callable
        Runs a function in the worker's thread.
    """

    def __init__(self, factory: WidgetFactory, later: Callable[[Callable[[], None]], object]) -> None:
        self._factory = factory
        self.record: Record | None = None
        self._summary = factory.html("", "ltxv-summary")
        self._play = factory.button("Play", "Play this clip", lambda: later(self.open), "ltxv-play")
        self._close_button = factory.button("Close", "Back to the poster", lambda: later(self.close_player))
        self._player: Any = None
        self.box: Any = factory.column([self._summary, self._play], "ltxv-tile")

    def show(self, record: Record, client: Client, poster: str | None, text: str = "") -> None:
        """Show a clip's poster, or a text in place of it, with prompt, settings and date."""
        if record is not self.record:
            self.close_player()
            self.record = record
            self._play.tooltip = f"Play: {one_line(record.prompt, 80)}"
            self._play.description = self._play.tooltip
        self._summary.value = _summary(record, client, poster, text)

    def open(self) -> None:
        """Replace the poster with the player, and start it."""
        video = Video.of(self.record) if self.record else None
        if video is None or self._player is not None:
            return
        base_dir = notebook_folder()
        shown = player_html(video, embed=embed_for(video.path), base_dir=base_dir)
        # Someone has clicked on it, so this one player starts by itself.
        playing = shown.replace("<video controls", "<video autoplay controls", 1)
        text = player_text(video, base_dir=base_dir)
        self._player = self._factory.output({"text/html": playing, "text/plain": text})
        self.box.children = [self._player, self._close_button]
        self.box.add_class("ltxv-open")

    def close_player(self) -> None:
        """Show the poster again."""
        player, self._player = self._player, None
        if player is not None:
            self.box.remove_class("ltxv-open")
            self.box.children = [self._summary, self._play]
            player.close()


def _summary(record: Record, client: Client, poster: str | None, text: str) -> str:
    picture = (
        f'<img class="ltxv-poster" src="{poster}" alt="">' if poster else _NO_POSTER.format(html.escape(text))
    )
    when = datetime.fromtimestamp(record.created_at, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
    asked = settings_text({"model": record.model, **settings_of(record.request)})
    return (
        f'{picture}<div class="ltxv-caption" title="{html.escape(record.prompt)}">'
        f"{html.escape(one_line(record.prompt, 160))}</div>"
        f'<div class="ltxv-small"><span>{html.escape(when)}</span>{_copy(record, client)}</div>'
        f'<div class="ltxv-small">{html.escape(asked)}</div>'
        f"{_missing(record, poster)}"
    )


def _copy(record: Record, client: Client) -> str:
    """Return the button that copies a clip's settings as a cell."""
    try:
        request = client.request_of(record)
        text = cell_text(request, files_as_text(request, client.home))
    except LTXVError:
        return ""
    return f"<span><pre hidden>{html.escape(text)}</pre>{copy_button('Copy settings', record.id)}</span>"


def _missing(record: Record, poster: str | None) -> str:
    if not poster or Path(record.file or "").is_file():
        return ""
    return f'<div class="ltxv-hint">{FILE_MISSING}</div>'
