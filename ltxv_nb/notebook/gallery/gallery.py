"""Every clip in the journal, a page at a time; reads the journal and the disk, never the service."""

from __future__ import annotations

import html
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from ltxv_nb.errors import LTXVError
from ltxv_nb.journal.search import ANY
from ltxv_nb.media.player import player_html
from ltxv_nb.media.posters import Posters
from ltxv_nb.notebook.frontend import embed_for, notebook_folder
from ltxv_nb.notebook.gallery.filters import Filters
from ltxv_nb.notebook.gallery.lightbox import lightbox_html
from ltxv_nb.notebook.gallery.news import watch_for_clips
from ltxv_nb.notebook.gallery.still import Still
from ltxv_nb.notebook.gallery.tile import tile_html
from ltxv_nb.notebook.session import Session, session_for
from ltxv_nb.notebook.widgets.factory import WidgetFactory, css_classes, mimebundle
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from ltxv_nb.client import Client
    from ltxv_nb.journal import Record

#: Clips on one page.
PAGE = 12


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
        self._tiles: dict[str, _Tile] = {}  # those on the page, by job
        self._free: list[_Tile] = []  # those that no clip needs at the moment
        self._posters = Posters(session.client.home)
        self._newest = session.client.journal.last_saved_at()
        self._stills: list[Still] = []
        self._build()
        children = [self._alive, self._card]
        super().__init__(children, layout=self._factory.layout, **css_classes("ltxv-ui", "ltxv-gallery"))
        self._show()
        self._watching = watch_for_clips(self)

    def close(self) -> None:
        """Remove the gallery."""
        self._watching.set()
        self._worker.close()
        super().close()

    def turn(self, pages: int) -> None:
        """Turn so many pages on, or back if negative; stays within what was found."""
        with self._lock:
            last = max(0, (self._found - 1) // PAGE) * PAGE
            self._first = min(last, max(0, self._first + pages * PAGE))
        self._refresh()

    def look(self) -> bool:
        """Show clips that have come since, if there are any; whether to go on looking for some."""
        if self._session.closed:
            return False
        try:
            newest = self._session.client.journal.last_saved_at()
        except LTXVError:
            return True  # the journal is away for a moment; who uses the gallery will hear of it
        if newest != self._newest:
            self._newest = newest
            self._worker.put(self._show_or_say)
        return True

    def _ipython_display_(self) -> None:
        """Show the gallery, and beside it what remains without a kernel; IPython calls this."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        from ltxv_nb.notebook.frontend import front_end_of
        from ltxv_nb.notebook.output.views import Output

        still = Still(Output(shell))
        if front_end_of(shell) == "page":
            publisher: Any = shell.display_pub
            publisher.publish({**mimebundle(self), "text/html": "", "text/plain": still.title}, {})
        still.show()
        self._stills.append(still)
        self._worker.put(self._update_stills)

    # -- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        factory = self._factory
        self._filters = Filters(factory, self._session.client.journal, self._search)
        self._page = factory.row([], "ltxv-tiles")
        self._count = factory.html("", "ltxv-message")
        self._newer = factory.button("Newer", "The page before", lambda: self.turn(-1), "ltxv-newer")
        self._older = factory.button("Older", "The next page", lambda: self.turn(1), "ltxv-older")
        # The page's script writes into this what was clicked on, and finds the kernel's answer in the other.
        self._bridge: Any = widgets.Text(layout=factory.layout, **css_classes("ltxv-bridge"))
        self._bridge.observe(self._told, names="value")
        self._source = factory.html("", "ltxv-source")
        self._alive = factory.html(lightbox_html(), "ltxv-alive")
        pager = factory.row([self._count, self._newer, self._older], "ltxv-row")
        self._card = factory.column(
            [self._filters.box, self._page, pager, self._bridge, self._source], "ltxv-card"
        )

    def _search(self) -> None:
        with self._lock:
            self._first = 0
        self._refresh()

    def _refresh(self) -> None:
        self._worker.put(self._show_or_say)

    # -- what the page tells -------------------------------------------------------------------------------

    def _told(self, change: Any) -> None:
        """Do what was clicked on in the page. Whatever comes from there is checked like any other input."""
        try:
            told = json.loads(change["new"])
        except ValueError:
            return
        if isinstance(told, dict) and isinstance(job := told.get("rate"), str):
            self._worker.put(partial(self._rate, job, told.get("stars")))
        elif isinstance(told, dict) and isinstance(job := told.get("play"), str):
            self._worker.put(partial(self._send, job))

    def _rate(self, job_id: str, stars: Any) -> None:
        try:
            job = self._session.client.known_job(job_id)
            if job is not None:
                job.rate(stars)
        except LTXVError as error:
            self._say(error)

    def _send(self, job_id: str) -> None:
        """Send a clip that the page cannot fetch: whole, or a preview of it."""
        record = self._session.client.journal.get(job_id)
        video = Video.of(record) if record else None
        if video is not None:
            player = player_html(video, base_dir=notebook_folder())
            self._source.value = f'<div data-job="{html.escape(job_id)}">{player}</div>'

    # -- showing -------------------------------------------------------------------------------------------

    def _show_or_say(self) -> None:
        try:
            self._filters.update(self._session.client.journal)
            self._show()
        except LTXVError as error:
            self._say(error)

    def _say(self, error: LTXVError) -> None:
        self._count.value = f'<span role="status" data-tone="bad">{html.escape(str(error))}</span>'

    def _show(self) -> None:
        """Show the page, with the posters that are kept; the others follow."""
        client, wanted = self._session.client, self._filters.wanted
        found = client.journal.count_saved(wanted)
        with self._lock:
            self._found, first = found, self._first
        records = client.journal.saved(wanted, limit=PAGE, offset=first)
        self._pages_shown += 1
        # Before the clips: the lightbox reads it when the first of them is there.
        self._show_position(first, len(records), found, filtered=wanted != replace(ANY, order=wanted.order))
        self._arrange(records)
        missing = []
        for tile, record in zip(self._tiles.values(), records, strict=True):
            poster = self._posters.cached(record)
            tile.show(record, client, poster)
            if poster is None:
                missing.append((tile, record))
        for tile, record in missing:
            self._worker.put(partial(self._add_poster, self._pages_shown, tile, record))
        if self._stills:
            self._worker.put(self._update_stills)

    def _arrange(self, records: list[Record]) -> None:
        """Give each clip a tile: the one that shows it already, else one that is free, else a new one."""
        before, self._tiles = self._tiles, {}
        wanted = {record.id for record in records}
        # A tile is never closed: the page may still be about to draw it, and would then draw nothing more.
        self._free += [tile for job, tile in before.items() if job not in wanted]
        for record in records:
            kept = before.get(record.id) or (self._free.pop(0) if self._free else _Tile(self._factory))
            self._tiles[record.id] = kept
        boxes = tuple(tile.box for tile in self._tiles.values())
        if tuple(self._page.children) != boxes:
            self._page.children = boxes

    def _add_poster(self, page: int, tile: _Tile, record: Record) -> None:
        if page == self._pages_shown and (poster := self._posters.make(record)):
            tile.show(record, self._session.client, poster)

    def _show_position(self, first: int, shown: int, found: int, *, filtered: bool) -> None:
        if shown:
            words = f"{first + 1:,} to {first + shown:,} of {found:,} clip{'s' if found > 1 else ''}"
        elif filtered:
            words = "No clip matches."
        else:
            words = "There are no clips yet. %ltxv panel, or a cell that begins with %%ltxv, makes one."
        self._count.value = (
            f'<span role="status" class="ltxv-position" data-first="{first}" data-found="{found}">'
            f"{html.escape(words)}</span>"
        )
        self._newer.disabled = first == 0
        self._older.disabled = first + shown >= found

    def _update_stills(self) -> None:
        """Bring what remains without a kernel up to date: always the newest clips, whatever is looked for."""
        try:
            records = self._session.client.journal.saved(limit=PAGE)
        except LTXVError:
            return
        for still in self._stills:
            still.update(records, self._session.client, self._posters)


class _Tile:
    """A clip on the page; what is shown already is not sent again."""

    def __init__(self, factory: WidgetFactory) -> None:
        self.box: Any = factory.output({"text/html": "", "text/plain": ""}, "ltxv-tile")
        self.shown = ""

    def show(self, record: Record, client: Client, poster: str | None) -> None:
        """Show a clip, with its picture if there is one by now."""
        served = embed_for(Path(record.file or "")) is False
        shown = tile_html(record, client, poster, base_dir=notebook_folder(), served=served)
        if shown != self.shown:
            self.shown = shown
            data = {"text/html": shown, "text/plain": record.prompt}
            self.box.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
