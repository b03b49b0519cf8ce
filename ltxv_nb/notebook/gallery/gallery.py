"""Every clip in the journal, a page at a time; reads the journal and the disk, never the service."""

from __future__ import annotations

import html
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.gallery.posters import Posters
from ltxv_nb.notebook.gallery.tile import FILE_MISSING, Tile
from ltxv_nb.notebook.output.source import settings_text
from ltxv_nb.notebook.session import Session, session_for
from ltxv_nb.notebook.widgets.factory import WidgetFactory, css_classes
from ltxv_nb.notebook.widgets.style import BASE_STYLE, CLIP_STYLE, GALLERY_STYLE, style_tag

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
    return Gallery(session_for(client))


class Gallery(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The gallery.

    Parameters
    ----------
    session : Session
        The session it belongs to.
    """

    def __init__(self, session: Session) -> None:
        self._session, self._factory = session, WidgetFactory()
        self._worker = session.worker("ltxv-gallery")  # it alone changes the page, once that is shown
        self._lock = threading.Lock()  # guards the two numbers below; nothing is read under it
        self._first = 0  # index of the page's first clip among those found
        self._found = 0
        self._pages_shown = 0  # posters of a page that was left are not made
        self._posters = Posters(session.client.home)
        self._build(session.client.journal.models())
        children = [self._style, self._card]
        super().__init__(children, layout=self._factory.layout, **css_classes("ltxv-ui", "ltxv-gallery"))
        self._show()

    def close(self) -> None:
        """Remove the gallery."""
        self._worker.close()
        super().close()

    def turn(self, pages: int) -> None:
        """Turn so many pages on, or back if negative; stays within what was found."""
        with self._lock:
            last = max(0, (self._found - 1) // PAGE) * PAGE
            self._first = min(last, max(0, self._first + pages * PAGE))
        self._refresh()

    def _build(self, models: list[str]) -> None:
        factory = self._factory
        self._style = factory.html(style_tag(BASE_STYLE + CLIP_STYLE + GALLERY_STYLE), "ltxv-style")
        tooltip = "Show the clips whose prompt holds these words, or the clip of this job"
        self._text: Any = widgets.Text(
            placeholder="words of a prompt", **factory.labelled("Find", tooltip, "ltxv-words")
        )
        self._models = models
        names = [_ALL, *(settings_text({"model": model}) for model in models)]
        self._model: Any = widgets.Dropdown(
            options=names, index=0, **factory.labelled("Model", "Show the clips of one model", "ltxv-choice")
        )
        self._text.observe(lambda _change: self._search(), names="value")
        self._model.observe(lambda _change: self._search(), names="index")
        self._tiles = [Tile(factory, self._worker.put) for _ in range(PAGE)]
        self._page = factory.row([], "ltxv-tiles")
        self._count = factory.html("", "ltxv-message")
        self._newer = factory.button("Newer", "The page before", lambda: self.turn(-1))
        self._older = factory.button("Older", "The next page", lambda: self.turn(1))
        refresh = factory.button("Refresh", "Also show the clips made since", self._refresh)
        find = factory.row([self._text, self._model, refresh], "ltxv-find")
        pager = factory.row([self._count, self._newer, self._older], "ltxv-row")
        self._card = factory.column([find, self._page, pager], "ltxv-card")

    def _search(self) -> None:
        with self._lock:
            self._first = 0
        self._refresh()

    def _refresh(self) -> None:
        self._worker.put(self._show_or_say)

    def _filter(self) -> dict[str, str]:
        index = self._model.index or 0
        return {"text": self._text.value.strip(), "model": self._models[index - 1] if index else ""}

    def _show_or_say(self) -> None:
        try:
            self._show()
        except LTXVError as error:
            self._count.value = f'<span role="status" data-tone="bad">{html.escape(str(error))}</span>'

    def _show(self) -> None:
        """Show the page, with the posters that are cached; the others follow."""
        client, wanted = self._session.client, self._filter()
        found = client.journal.count_saved(**wanted)
        with self._lock:
            self._found, first = found, self._first
        records = client.journal.saved(**wanted, limit=PAGE, offset=first)
        self._pages_shown += 1
        missing = []
        for tile, record in zip(self._tiles, records, strict=False):
            poster = self._posters.cached(record)
            tile.show(record, client, poster)
            if poster is None:
                missing.append((tile, record))
        self._page.children = [tile.box for tile in self._tiles[: len(records)]]
        self._show_position(first, len(records), found, filtered=any(wanted.values()))
        for tile, record in missing:
            self._worker.put(partial(self._add_poster, self._pages_shown, tile, record))

    def _add_poster(self, page: int, tile: Tile, record: Record) -> None:
        if page == self._pages_shown:
            poster = self._posters.make(record)
            tile.show(record, self._session.client, poster, FILE_MISSING)

    def _show_position(self, first: int, shown: int, found: int, *, filtered: bool) -> None:
        if shown:
            words = f"{first + 1:,} to {first + shown:,} of {found:,} clip{'s' if found > 1 else ''}"
        elif filtered:
            words = "No clip matches."
        else:
            words = "There are no clips yet. %ltxv panel, or a cell that begins with %%ltxv, makes one."
        self._count.value = f'<span role="status">{html.escape(words)}</span>'
        self._newer.disabled = first == 0
        self._older.disabled = first + shown >= found
