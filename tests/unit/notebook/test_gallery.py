"""The gallery without a page: it finds, turns pages, rates, and shows what is there and what comes."""

from __future__ import annotations

import gc
import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import FakeClient, FakeSession, record_of

from ltxv_nb.media import posters
from ltxv_nb.notebook.gallery import gallery as gallery_module
from ltxv_nb.notebook.gallery import news
from ltxv_nb.notebook.gallery.filters import Filters
from ltxv_nb.notebook.gallery.gallery import PAGE, Gallery
from ltxv_nb.notebook.gallery.lightbox import lightbox_html
from ltxv_nb.notebook.gallery.still import Still
from ltxv_nb.notebook.widgets.factory import WidgetFactory
from ltxv_nb.notebook.widgets.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True, "size_bytes": 1}


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    monkeypatch.setattr(gallery_module, "watch_for_clips", lambda _gallery: threading.Event())


def clip(number: int, prompt: str = "", **changes: Any) -> Any:
    record = record_of(f"clip{number:04d}", prompt or f"Clip number {number}", **changes)
    return replace(record, file="/nowhere/x.mp4", media=MEDIA)


@pytest.fixture
def gallery(tmp_path: Path) -> Any:
    records = [clip(number) for number in range(30)]
    records[3] = replace(records[3], model="ltxv/ltxv-2-fast", prompt="<b>Bold</b> clip")
    made = Gallery(FakeSession(FakeClient(tmp_path, records)))
    yield made
    made.close()


def shown(gallery: Any) -> list[str]:
    return [box.outputs[0]["data"]["text/html"] for box in gallery._page.children]


def prompts(gallery: Any) -> list[str]:
    return [box.outputs[0]["data"]["text/plain"] for box in gallery._page.children]


def test_pages_are_turned_and_end_where_the_clips_do(gallery: Any) -> None:
    assert len(prompts(gallery)) == PAGE
    assert "1 to 12 of 30 clips" in gallery._count.value
    assert gallery._newer.disabled
    gallery.turn(1)
    assert prompts(gallery)[0] == "Clip number 12"
    for _ in range(5):
        gallery.turn(1)
    assert "25 to 30 of 30 clips" in gallery._count.value
    assert 'data-first="24" data-found="30"' in gallery._count.value
    assert len(prompts(gallery)) == 6
    assert gallery._older.disabled
    gallery.turn(-9)
    assert prompts(gallery)[0] == "Clip number 0"


def test_words_in_any_order_and_filters_start_at_the_first_page(gallery: Any) -> None:
    filters = gallery._filters
    gallery.turn(1)
    filters._text.value = "2 number"
    assert prompts(gallery) == [f"Clip number {number}" for number in (2, 12, *range(20, 30))]
    filters._text.value = ""
    filters._model.value = "ltxv/ltxv-2-fast"
    assert prompts(gallery) == ["<b>Bold</b> clip"]
    filters._text.value = "no such words"
    assert "No clip matches" in gallery._count.value


def test_stars_days_places_and_notebooks_are_filters(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 15, 0)  # noqa: DTZ001 - local time, as the person sees it
    at = lambda days: (now - timedelta(days=days)).timestamp()  # noqa: E731
    records = [
        clip(0, created_at=at(0.5), stars=5, notebook="/a/one.ipynb"),
        clip(1, created_at=at(0.7), backend="aimlapi", notebook="/b/one.ipynb"),
        clip(2, created_at=at(6.5), stars=2),
        clip(3, created_at=at(40), notebook="/c/two.ipynb"),
    ]
    client, changes = FakeClient(tmp_path, records), []
    filters = Filters(WidgetFactory(), client.journal, lambda: changes.append(1), now=lambda: now)

    def found(**values: Any) -> list[str]:
        for name, value in values.items():
            getattr(filters, f"_{name}").value = value
        ids = [record.id[-1] for record in client.journal.saved(filters.wanted)]
        for name in values:
            getattr(filters, f"_{name}").index = 0
        return ids

    assert found() == ["0", "1", "2", "3"]
    assert found(stars=3) == ["0"]
    assert found(time=1) == ["0"]  # yesterday evening is not today
    assert found(time=7) == ["0", "1", "2"]
    assert found(place=True) == ["1"]
    client.journal.records[2] = replace(records[2], tags=["rejected"])
    assert found(rejected=False) == ["0", "1", "3"]
    assert found(rejected=True) == ["2"]
    assert filters.wanted.order == "newest"
    filters._order.value = "best"
    assert filters.wanted.order == "best"
    filters._order.index = 0
    assert found(place=False) == ["0", "2", "3"]
    labels = [label for label, _ in filters._notebook.options]
    assert labels == ["All notebooks", "/a/one.ipynb", "/b/one.ipynb", "two.ipynb"]
    assert found(notebook="/c/two.ipynb", place=False) == ["3"]
    assert changes
    filters._notebook.value = "/c/two.ipynb"
    client.journal.records.append(clip(4, notebook="/d/three.ipynb", model="ltxv/ltxv-2-fast"))
    filters.update(client.journal)
    assert filters._notebook.value == "/c/two.ipynb"
    assert "three.ipynb" in dict(filters._notebook.options)
    assert len(filters._model.options) == 3


def test_new_clips_come_by_themselves_and_the_tiles_of_the_others_stay(gallery: Any) -> None:
    boxes = list(gallery._page.children)
    assert gallery.look()
    assert list(gallery._page.children) == boxes
    gallery._session.client.journal.records.insert(0, clip(9999, "Made since"))
    assert gallery.look()
    assert prompts(gallery)[:2] == ["Made since", "Clip number 0"]
    assert list(gallery._page.children)[1:] == boxes[:-1]
    assert "1 to 12 of 31 clips" in gallery._count.value
    gallery._session.close()
    assert not gallery.look()


def test_looking_ends_with_the_gallery_and_survives_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, logged = threading.Event(), []
    # pytest's own handler would hold on to the gallery, by the traceback.
    monkeypatch.setattr(news, "_log", SimpleNamespace(exception=logged.append))

    class Looking:
        times = 0

        def look(self) -> bool:
            self.times += 1
            if self.times == 1:
                raise RuntimeError("once")
            looked.set()
            return True

    looking = Looking()
    ended = news.watch_for_clips(looking, interval=0.001)
    assert looked.wait(10)
    (thread,) = [one for one in threading.enumerate() if one.name == "ltxv-clips"]
    assert logged
    del looking
    gc.collect()
    thread.join(10)
    assert not thread.is_alive()
    assert not ended.is_set()


def test_a_click_on_a_star_is_kept_and_nonsense_from_the_page_is_not(gallery: Any) -> None:
    rated: list[tuple[str, Any]] = []

    class Rated:
        def __init__(self, job_id: str) -> None:
            self.id = job_id

        def rate(self, stars: Any) -> None:
            rated.append((self.id, stars))

    gallery._session.client.known_job = lambda job_id: Rated(job_id) if job_id.startswith("clip") else None
    for told in (
        json.dumps({"rate": "clip0001", "stars": 4, "number": 1}),
        json.dumps({"rate": "nobody", "stars": 4}),
        *('{"rate": 7}', "[]", "7", "not JSON", '{"play": "nobody"}', '{"play": []}', "null"),
    ):
        gallery._bridge.value = told
    assert rated == [("clip0001", 4)]


def test_a_clip_that_the_page_cannot_fetch_is_sent_when_it_is_to_be_played(gallery: Any) -> None:
    gallery._bridge.value = '{"play": "clip0002", "number": 1}'
    assert 'data-job="clip0002"' in gallery._source.value
    assert "no longer there" in gallery._source.value


def test_prompts_are_escaped_and_a_missing_file_is_said(gallery: Any) -> None:
    tile = shown(gallery)[3]
    assert "<b>" not in tile
    assert "&lt;b&gt;Bold" in tile
    assert "no longer there" in tile
    assert "ltxv-play" not in tile
    assert "Download" not in tile
    assert "%%ltxv --again" in tile, "what can be done without the file stays"


def test_the_script_holds_no_text_from_outside_and_ends_no_attribute() -> None:
    shown = lightbox_html()
    assert shown.count("<img ") == 1
    inside = shown[shown.index('onload="') + 8 :]
    assert inside.index('"') == inside.rindex('"')
    assert "innerHTML" not in inside


def test_posters_are_made_once_and_thumbnails_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import os

    from PIL import Image

    made: list[str] = []

    def poster(path: Path, **_limits: int) -> bytes:
        made.append(path.name)
        out = io.BytesIO()
        Image.frombytes("RGB", (480, 270), os.urandom(480 * 270 * 3)).save(out, "JPEG")
        return out.getvalue()

    monkeypatch.setattr("ltxv_nb.media.poster.poster", poster)
    record, first = clip(1), posters.Posters(tmp_path)
    assert first.cached(record) is None
    assert first.thumbnail(record, make=False) is None
    shown = first.make(record)
    assert posters.Posters(tmp_path).cached(record) == shown
    small = first.thumbnail(record, make=False)
    assert small is not None
    assert len(small) < 8_000
    assert posters.Posters(tmp_path).thumbnail(record) == small
    assert made == ["x.mp4"]
    (tmp_path / "posters" / "clip0002.jpg").write_bytes(b"no picture")
    assert first.thumbnail(clip(2)) is None


def test_what_stays_without_a_kernel_is_small_and_needs_no_script(tmp_path: Path) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(b"a clip")
    replaced: list[dict[str, str]] = []

    class FakeOutput:
        def show(self, bundle: dict[str, str]) -> None:
            replaced.append(bundle)

        replace = show

    records = [replace(clip(number), file=str(file)) for number in range(PAGE)]
    records[0] = replace(records[0], prompt="<i>x</i>" * 600)
    client, pictures = FakeClient(tmp_path, records), posters.Posters(tmp_path)
    still = Still(FakeOutput())  # type: ignore[arg-type]
    still.show()
    assert "There are no clips yet" in replaced[0]["text/html"]
    still.update(records, client, pictures)  # type: ignore[arg-type]
    still.update(records, client, pictures)  # type: ignore[arg-type]
    assert len(replaced) == 2, "what is shown already is not sent again"
    shown = replaced[1]["text/html"]
    assert shown.count("<video controls") == PAGE
    assert "data:video" not in shown
    assert "<i>" not in shown
    assert "clip0003  Clip number 3" in replaced[1]["text/plain"]
    assert len(shown) < 60_000


def test_an_empty_journal_says_how_to_make_a_clip(tmp_path: Path) -> None:
    empty = Gallery(FakeSession(FakeClient(tmp_path)))
    assert "There are no clips yet" in empty._count.value
    empty.close()


def test_a_tile_shows_the_tags_of_its_clip(gallery: Any) -> None:
    records = gallery._session.client.journal.records
    records[0] = replace(records[0], tags=["rejected", "<b>night</b>"])
    gallery._refresh()
    assert "<span>#rejected</span>" in shown(gallery)[0]
    assert "#&lt;b&gt;night" in shown(gallery)[0]
