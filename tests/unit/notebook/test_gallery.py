"""The gallery without a page: it finds, turns pages, and shows what is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import FakeClient, FakeSession, record_of

from ltxv_nb.notebook.gallery import posters
from ltxv_nb.notebook.gallery.gallery import PAGE, Gallery
from ltxv_nb.notebook.widgets.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MEDIA = {"width": 1920, "height": 1080, "duration": 6.0, "fps": 25.0, "has_audio": True, "size_bytes": 1}


@pytest.fixture
def gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    records = [
        replace(record_of(f"clip{number:04d}", f"Clip number {number}"), file="/nowhere/x.mp4", media=MEDIA)
        for number in range(30)
    ]
    records[3] = replace(records[3], model="ltxv/ltxv-2-fast", prompt="<b>Bold</b> clip")
    gallery = Gallery(FakeSession(FakeClient(tmp_path, records)))
    yield gallery
    gallery.close()


def prompts(gallery: Any) -> list[str]:
    return [tile.record.prompt for tile in gallery._tiles[: len(gallery._page.children)]]


def test_pages_are_turned_and_end_where_the_clips_do(gallery: Any) -> None:
    assert len(prompts(gallery)) == PAGE
    assert "1 to 12 of 30 clips" in gallery._count.value
    assert gallery._newer.disabled
    gallery.turn(1)
    assert prompts(gallery)[0] == "Clip number 12"
    for _ in range(5):
        gallery.turn(1)
    assert "25 to 30 of 30 clips" in gallery._count.value
    assert len(prompts(gallery)) == 6
    assert gallery._older.disabled
    gallery.turn(-9)
    assert prompts(gallery)[0] == "Clip number 0"


def test_words_and_model_filter_and_start_at_the_first_page(gallery: Any) -> None:
    gallery.turn(1)
    gallery._text.value = "number 2"
    assert prompts(gallery) == ["Clip number 2", *(f"Clip number {number}" for number in range(20, 30))]
    gallery._text.value = ""
    gallery._model.index = gallery._models.index("ltxv/ltxv-2-fast") + 1
    assert prompts(gallery) == ["<b>Bold</b> clip"]
    gallery._text.value = "no such words"
    assert "No clip matches" in gallery._count.value


def test_refresh_shows_clips_that_have_come_since(gallery: Any) -> None:
    record = replace(record_of("clip9999", "Made since"), file="/nowhere/x.mp4", media=MEDIA)
    gallery._session.client.journal.records.insert(0, record)
    (button,) = [
        child
        for child in gallery._card.children[0].children
        if getattr(child, "description", None) == "Refresh"
    ]
    assert button.tooltip
    button.click()
    assert prompts(gallery)[0] == "Made since"
    assert "1 to 12 of 31 clips" in gallery._count.value


def test_prompts_are_escaped_and_a_missing_file_is_said(gallery: Any) -> None:
    shown = gallery._tiles[3]._summary.value
    assert "<b>" not in shown
    assert "&lt;b&gt;Bold" in shown
    assert "no longer there" in shown


def test_a_poster_is_made_once_and_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def poster(path: Path, **_limits: int) -> bytes:
        made.append(path.name)
        return b"a picture"

    monkeypatch.setattr("ltxv_nb.media.poster.poster", poster)
    record = replace(record_of("clip0001", "A"), file="/nowhere/x.mp4", media=MEDIA)
    first = posters.Posters(tmp_path)
    assert first.cached(record) is None
    shown = first.make(record)
    assert posters.Posters(tmp_path).cached(record) == shown
    assert made == ["x.mp4"]


def test_an_empty_journal_says_how_to_make_a_clip(tmp_path: Path) -> None:
    empty = Gallery(FakeSession(FakeClient(tmp_path)))
    assert "There are no clips yet" in empty._count.value
    empty.close()
