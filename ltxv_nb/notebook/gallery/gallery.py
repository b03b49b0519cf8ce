"""Every clip in the journal, a page at a time; reads the journal and the disk, and asks nobody else."""

from __future__ import annotations

import html
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.gallery.posters import Posters
from ltxv_nb.notebook.gallery.tile import Tile
from ltxv_nb.notebook.host import Host, current_host
from ltxv_nb.notebook.panel.fields import settings_text
from ltxv_nb.notebook.widgets.factory import Kit
from ltxv_nb.notebook.widgets.status_style import style_tag
from ltxv_nb.notebook.widgets.style import CLIP_STYLE, GALLERY_STYLE, ROOM_STYLE
from ltxv_nb.notebook.widgets.worker import Writer

if TYPE_CHECKING:
    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record

#: Clips on one page.
PAGE = 12
_ALL = "All models"


def gallery(client: Client | None = None) -> Gallery:
    """Return the gallery; as the last line of a cell it shows itself.

    Parameters
    ----------
    client : Client, optional
        Whose journal it shows; by default that of the notebook's own client.

    Raises
    ------
    ConfigurationError
        The settings cannot be used.
    JournalError
        The journal cannot be read.
    """
    return Gallery(current_host(client))


class Gallery(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The gallery.

    Parameters
    ----------
    host : Host
        The session it belongs to.
    """

    def __init__(self, host: Host) -> None:
        self._host, self._kit, self._writer = host, Kit(), Writer("ltxv-gallery")
        self._lock = threading.RLock()
        self._first = 0  # place of the page's first clip among those found
        self._found = 0
        self._turn = 0  # of pages shown: posters of a page that is gone are not made
        self._posters = Posters(host.client.home)
        self._build(host.client.journal.models())
        children = [self._looks, self._sheet]
        super().__init__(children, layout=self._kit.layout, _dom_classes=("ltxv-room", "ltxv-gallery"))
        self._show()

    def close(self) -> None:
        """Take the gallery away."""
        self._writer.close()
        super().close()

    def turn(self, pages: int) -> None:
        """Turn so many pages on, or back if negative; stays within what was found."""
        with self._lock:
            last = max(0, (self._found - 1) // PAGE) * PAGE
            self._first = min(last, max(0, self._first + pages * PAGE))
            self._refresh()

    def _build(self, models: list[str]) -> None:
        kit = self._kit
        self._looks = kit.html(style_tag(ROOM_STYLE + CLIP_STYLE + GALLERY_STYLE), "ltxv-looks")
        tooltip = "Show the clips whose prompt holds these words, or the clip of this job"
        self._text: Any = widgets.Text(
            placeholder="words of a prompt", **kit.labelled("Find", tooltip, "ltxv-words")
        )
        self._models = models
        names = [_ALL, *(settings_text({"model": model}) for model in models)]
        self._model: Any = widgets.Dropdown(
            options=names, index=0, **kit.labelled("Model", "Show the clips of one model", "ltxv-choice")
        )
        self._text.observe(lambda _change: self._search(), names="value")
        self._model.observe(lambda _change: self._search(), names="index")
        self._tiles = [Tile(kit, self._writer.put) for _ in range(PAGE)]
        self._page = kit.row([], "ltxv-tiles")
        self._count = kit.html("", "ltxv-says")
        self._back = kit.button("Newer", "The page before", lambda: self.turn(-1))
        self._on = kit.button("Older", "The next page", lambda: self.turn(1))
        refresh = kit.button("Refresh", "Show the clips that have come since, too", self._refresh)
        find = kit.row([self._text, self._model, refresh], "ltxv-find")
        pager = kit.row([self._count, self._back, self._on], "ltxv-row")
        self._sheet = kit.column([find, self._page, pager], "ltxv-sheet")

    def _search(self) -> None:
        with self._lock:
            self._first = 0
            self._refresh()

    def _refresh(self) -> None:
        self._writer.put(self._show_or_say)

    def _filter(self) -> dict[str, str]:
        index = self._model.index or 0
        return {"text": self._text.value.strip(), "model": self._models[index - 1] if index else ""}

    def _show_or_say(self) -> None:
        try:
            self._show()
        except LTXVError as error:
            self._count.value = f'<span role="status" data-tone="bad">{html.escape(str(error))}</span>'

    def _show(self) -> None:
        """Show the page, with the posters that are there; the others follow."""
        with self._lock:
            client, wanted = self._host.client, self._filter()
            self._found = client.journal.count_saved(**wanted)
            records = client.journal.saved(**wanted, limit=PAGE, offset=self._first)
            self._turn += 1
            missing = []
            for tile, record in zip(self._tiles, records, strict=False):
                poster = self._posters.kept(record)
                tile.show(record, client, poster)
                if poster is None:
                    missing.append((tile, record))
            self._page.children = [tile.box for tile in self._tiles[: len(records)]]
            self._say_where(len(records), filtered=any(wanted.values()))
            turn = self._turn
        for tile, record in missing:
            self._writer.put(partial(self._add_poster, turn, tile, record))

    def _add_poster(self, turn: int, tile: Tile, record: Record) -> None:
        if turn == self._turn:
            poster = self._posters.make(record)
            tile.show(record, self._host.client, poster, "The file is no longer at its place.")

    def _say_where(self, shown: int, *, filtered: bool) -> None:
        first, found = self._first + 1, self._found
        if shown:
            words = f"{first:,} to {first + shown - 1:,} of {found:,} clip{'s' if found > 1 else ''}"
        elif filtered:
            words = "No clip matches."
        else:
            words = "There are no clips yet. %ltxv panel, or a cell that begins with %%ltxv, makes one."
        self._count.value = f'<span role="status">{html.escape(words)}</span>'
        self._back.disabled = self._first == 0
        self._on.disabled = self._first + shown >= found
