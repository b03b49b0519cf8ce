"""Clips that stand side by side, play in step, and are rated: a widget, and what remains without a kernel."""

from __future__ import annotations

import logging
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets as widgets

from ltxv_nb.arrangement import layout_of, with_takes
from ltxv_nb.errors import LTXVError, RequestError
from ltxv_nb.media.player import EMBED_LIMIT
from ltxv_nb.media.posters import SMALL, Posters
from ltxv_nb.notebook.frontend import embed_for, front_end_of, notebook_folder
from ltxv_nb.notebook.grid.describe import descriptions, label_of, playable
from ltxv_nb.notebook.grid.rating import Ratings
from ltxv_nb.notebook.grid.stage import Stage
from ltxv_nb.notebook.grid.still import Shown, address_of, still_html, table_html
from ltxv_nb.notebook.grid.tiles import tile_of_job
from ltxv_nb.notebook.session import Session, session_for
from ltxv_nb.notebook.widgets.factory import WidgetFactory, css_classes, mimebundle
from ltxv_nb.notebook.widgets.style import BASE_STYLE, style_tag
from ltxv_nb.text import data_uri, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ltxv_nb.arrangement import Layout
    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.tiles import Tile

_log = logging.getLogger("ltxv_nb")

#: Bytes of all the small copies that one grid holds, as they are in a file; a third more in a notebook.
_COPIES = 1_000_000
#: Clips from which on their pictures are thumbnails: a notebook is to stay small.
_MANY = 24
#: Seconds that a page is given to draw the grid; one that runs no script never says that it has.
_PAGE_SECONDS = 3.0
#: The most clips in one grid: a page with more players is slow.
MOST_TILES = 400


class _File(NamedTuple):
    """What a picture is made from and kept under."""

    id: str
    file: str


def grid_of(
    tiles: Sequence[Tile],
    axes: Mapping[str, Sequence[str]] | None = None,
    *,
    rows: object = None,
    columns: object = None,
    title: str = "",
    client: Client | None = None,
    blind: bool = False,
) -> Grid:
    """Return a grid of clips; as the last line of a cell it shows itself.

    Parameters
    ----------
    tiles : sequence of Tile
        The clips, finished or not.
    axes : mapping of str to sequence of str, optional
        The values on each axis in their order, as they stand in `Tile.values`.
    rows, columns : str or sequence of str, optional
        Which axes lead down and across; ``columns`` can also be a number of clips side by side.
    title : str
        What the grid is called.
    client : Client, optional
        Whose journal has the jobs; by default that of the notebook's own client.
    blind : bool
        Whether the page begins with a blind comparison.

    Raises
    ------
    RequestError
        There is no clip, there are too many, or an axis does not exist.
    """
    if not tiles:
        raise RequestError("There is no clip to show.")
    if len(tiles) > MOST_TILES:
        raise RequestError(
            f"There are {len(tiles):,} clips, but a grid can have at most {MOST_TILES}: show fewer of them."
        )
    placed, found = with_takes(tiles, axes or {})
    complete = _completed(found, placed)
    layout = layout_of(complete, len(placed), rows, columns)
    made = Grid(_session(client), placed, complete, layout, one_line(title, 120) or _counted(len(placed)))
    if blind:
        made.begin_blind()
    return made


def _session(client: Client | None) -> Session:
    shared = session_for()
    return shared if client is None or shared.uses(client) else Session(client)


class Grid(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A grid; see `grid_of`.

    Parameters
    ----------
    session : Session
        The session it belongs to.
    tiles, axes, title
        As in `grid_of`; the axes have every value of the tiles, and each tile a place of its own.
    layout : Layout
        Which axes lead down and across.
    """

    def __init__(
        self,
        session: Session,
        tiles: Sequence[Tile],
        axes: Mapping[str, Sequence[str]],
        layout: Layout,
        title: str,
    ) -> None:
        self._session, self._factory = session, WidgetFactory()
        self._tiles, self._axes, self._layout, self.title = list(tiles), axes, layout, title
        self._base_dir = notebook_folder()
        self._outputs: list[Any] = []  # what remains without a kernel, in each cell that shows the grid
        self._posters: dict[int, str] = {}
        self._copies: dict[int, bytes] = {}  # small ones, of clips that the page cannot fetch
        self._asked: set[int] = set()  # clips of which the page wants such a copy
        self._page_ready = threading.Event()
        self._subscriptions: list[Any] = []
        self._jobs: list[Job] = []  # those that are not finished: nobody else may hold them
        self._worker = session.worker("ltxv-grid")
        self._stage = self._new_stage()
        self._ratings = Ratings(session, self._tiles, self._stage)
        self._plain = self._factory.output({"text/html": "", "text/plain": ""}, "ltxv-grid-plain")
        self._look = self._factory.html(style_tag(BASE_STYLE), "ltxv-style")
        self._known_posters()
        self._draw_plain()
        children = [self._look, self._stage, self._plain]
        super().__init__(children, layout=self._factory.layout, **css_classes("ltxv-ui", "ltxv-grid"))
        self._follow_jobs()

    def close(self) -> None:
        """Remove the grid."""
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions, self._jobs = [], []
        self._worker.close()
        super().close()

    def begin_blind(self) -> None:
        """Let the page begin with a blind comparison.

        Raises
        ------
        RequestError
            There are not two finished clips of jobs in the journal.
        """
        self._ratings.check_votes()
        self._stage.blind = True

    def update(self, tiles: Sequence[Tile]) -> None:
        """Show newer tiles in place of the same number of older ones, in their order; from any thread."""
        newer, _ = with_takes(tiles, {name: values for name, values in self._axes.items() if name != "take"})
        if len(newer) == len(self._tiles):
            self._worker.put(partial(self._take, newer))

    def _ipython_display_(self) -> None:
        """Show the grid, and beside it what remains without a kernel; IPython calls this."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        from ltxv_nb.notebook.output.views import Output

        where = front_end_of(shell)
        if where == "terminal":
            print(self._text())  # noqa: T201 - it is for whoever runs the cell
            return
        publisher: Any = shell.display_pub
        if where == "page":
            publisher.publish({**mimebundle(self), "text/html": "", "text/plain": self.title}, {})
        else:  # nobody will see what comes later
            self._make_posters()
            self._make_copies()
        output = Output(shell)
        output.show(self._still())
        self._outputs.append(output)
        if where == "page":
            self._worker.put(self._make_posters_soon)

    def _new_stage(self) -> Stage:
        axes = [{"name": name, "values": list(values)} for name, values in self._axes.items()]
        return Stage(
            self._told,
            title=self.title,
            tiles=self._descriptions(),
            axes=axes,
            rows=list(self._layout.rows),
            columns=list(self._layout.columns),
            across=self._layout.across,
        )

    def _descriptions(self) -> list[dict[str, Any]]:
        return [
            {**about, "label": label_of(tile, number), "sent": playable(tile) and not self._served(tile)}
            for number, (tile, about) in enumerate(zip(self._tiles, descriptions(self._tiles), strict=True))
        ]

    # -- what the page tells -------------------------------------------------------------------------------

    def _told(self, content: dict[str, Any]) -> None:
        """Do what the page asks for. Whatever comes from there is checked like any other input."""
        kind, number = content.get("kind"), content.get("tile")
        if kind == "clip" and number in self._unserved():
            self._asked.add(number)
            self._worker.put(partial(self._send, number))
        elif kind == "ready":
            self._page_ready.set()
            self._worker.put(self._make_posters)
        elif kind in {"rate", "blind", "vote", "skip", "ranking"}:
            self._worker.put(partial(self._ratings.told, content))

    def _unserved(self) -> list[int]:
        """Return the numbers of the clips that the page cannot fetch."""
        return [
            number for number, tile in enumerate(self._tiles) if playable(tile) and not self._served(tile)
        ]

    def _make_copies(self) -> None:
        for number in self._unserved():
            try:
                self._copy(number)
            except (LTXVError, OSError) as error:
                _log.warning("No small copy of clip %d of a grid could be made: %s", number + 1, error)

    def _send(self, number: int) -> None:
        """Send a clip that the page cannot fetch: whole, or a small copy of it."""
        try:
            data = self._copy(number)
        except (LTXVError, OSError) as error:
            _log.warning("No small copy of clip %d of a grid could be made: %s", number + 1, error)
            self._asked.discard(number)
            self._stage.send({"kind": "clip", "tile": number, "problem": "The file cannot be played."})
            return
        self._stage.send({"kind": "clip", "tile": number}, [data])
        if self._asked <= self._copies.keys():
            self._draw_plain()

    def _copy(self, number: int) -> bytes:
        if number not in self._copies:
            from ltxv_nb.media.preview import preview

            video = self._tiles[number].video
            assert video is not None  # the page asks for what can be played only
            most = min(EMBED_LIMIT, _COPIES // len(self._tiles))
            small = Path(video.path).stat().st_size <= most
            self._copies[number] = (
                Path(video.path).read_bytes() if small else preview(video.path, max_bytes=most)
            )
        return self._copies[number]

    # -- what comes later ----------------------------------------------------------------------------------

    def _follow_jobs(self) -> None:
        """Show each clip when it is finished, as far as its job is tracked here."""
        for number, tile in enumerate(self._tiles):
            if tile.video is not None or not tile.job_id:
                continue
            try:
                job = self._session.client.known_job(tile.job_id)
            except LTXVError:
                return
            if job is not None and not job.done():
                self._jobs.append(job)
                self._subscriptions.append(job.on_change(partial(self._changed, number)))

    def _changed(self, number: int, job: Job) -> None:
        self._worker.put(partial(self._show_job, number, job))

    def _show_job(self, number: int, job: Job) -> None:
        before = self._tiles[number]
        now = tile_of_job(job, label=before.label, values=before.values)
        if now != before:
            self._take([*self._tiles[:number], now, *self._tiles[number + 1 :]])

    def _take(self, tiles: list[Tile]) -> None:
        self._tiles = tiles
        self._ratings.take(tiles)
        self._known_posters()
        self._draw_plain()
        self._stage.tiles = self._descriptions()
        self._make_posters()

    # -- pictures, and the plain form ----------------------------------------------------------------------

    def _known_posters(self) -> None:
        """Take the pictures that were made before."""
        for number, tile in self._pictured():
            if tile.job_id and (poster := self._picture(tile, make=False)):
                self._posters[number] = poster

    def _make_posters_soon(self) -> None:
        """Make the pictures that are missing, but let the page draw the grid first."""
        self._page_ready.wait(_PAGE_SECONDS)
        self._make_posters()

    def _make_posters(self) -> None:
        for number, tile in list(self._pictured()):
            if poster := self._picture(tile, make=True):
                self._posters[number] = poster
        self._draw_plain()

    def _pictured(self) -> list[tuple[int, Tile]]:
        """Return the tiles that have a clip, but no picture yet."""
        numbered = enumerate(self._tiles)
        return [(number, tile) for number, tile in numbered if number not in self._posters and playable(tile)]

    def _picture(self, tile: Tile, *, make: bool) -> str | None:
        assert tile.video is not None
        posters = Posters(self._session.client.home if tile.job_id else None)
        clip = _File(tile.job_id or "", str(tile.video.path))
        if len(self._tiles) > _MANY:
            return posters.thumbnail(clip, SMALL, make=make)
        return posters.cached(clip) or (posters.make(clip) if make else None)

    def _draw_plain(self) -> None:
        """Bring the plain form up to date; what is shown already is not sent again."""
        drawn = table_html(self.title, self._tiles, self._shown(), self._axes, self._layout)
        if drawn != self._plain.outputs[0]["data"]["text/html"]:
            data = {"text/html": drawn, "text/plain": self.title}
            self._plain.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        for output in self._outputs:
            output.replace(self._still())

    def _still(self) -> dict[str, str]:
        copies = {number: data_uri(data, "video/mp4") for number, data in self._copies.items()}
        shown = [
            Shown(copies.get(number) or one.address, one.poster)
            for number, one in enumerate(self._shown(all_of=True))
        ]
        plain = still_html(self.title, self._tiles, shown, self._axes, self._layout)
        return {"text/html": plain, "text/plain": self._text()}

    def _shown(self, *, all_of: bool = False) -> list[Shown]:
        """Return what a page gets of each clip; of those that it cannot fetch the address only on request."""
        return [
            Shown(
                address_of(tile, self._base_dir) if playable(tile) and (all_of or self._served(tile)) else "",
                self._posters.get(number, ""),
            )
            for number, tile in enumerate(self._tiles)
        ]

    def _served(self, tile: Tile) -> bool:
        return tile.video is not None and embed_for(Path(tile.video.path)) is False

    def _text(self) -> str:
        return "\n".join(
            [
                self.title,
                *(f"{number + 1:3}  {label_of(tile, number)}" for number, tile in enumerate(self._tiles)),
            ]
        )


def _completed(axes: Mapping[str, Sequence[str]], tiles: Sequence[Tile]) -> dict[str, list[str]]:
    """Return the axes with every value that a tile has: none may be without a place."""
    return {
        name: list(dict.fromkeys([*values, *(tile.values.get(name, "") for tile in tiles)]))
        for name, values in axes.items()
    }


def _counted(count: int) -> str:
    return "1 clip" if count == 1 else f"{count} clips"
