"""The grid without a page: where clips stand, the plain form, what the page may ask for, and bad input."""

from __future__ import annotations

import random
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from panel_fakes import record_of

import ltxv_nb
from ltxv_nb.arrangement import Layout, layout_of, table, with_takes
from ltxv_nb.batch.cells import Cell
from ltxv_nb.client import Client
from ltxv_nb.errors import RequestError
from ltxv_nb.journal import State
from ltxv_nb.media import posters, preview
from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.grid import grid as grid_module
from ltxv_nb.notebook.grid.blind import compared, draw, pair_to_show, planned
from ltxv_nb.notebook.grid.describe import FILE_MISSING, descriptions
from ltxv_nb.notebook.grid.grid import MOST_TILES, grid_of
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.ranking import ranking
from ltxv_nb.request import GenerationRequest
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTILE = "<img src=x onerror=alert(1)>\"'</td><script>x</script>\x1b[2J"
AXES = {"hour": ["dawn", "dusk"], "model": ["one", "two", "three"]}


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Worker, "put", lambda _self, work: work())
    monkeypatch.setattr(posters.Posters, "make", lambda _self, _clip: "data:image/jpeg;base64,AAAA")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(home=tmp_path, backend="sandbox")
    for number in range(6):
        file = tmp_path / f"clip-{number}.mp4"
        file.write_bytes(b"x" * 100)
        media = {
            "width": 1920,
            "height": 1080,
            "duration": 6.0,
            "fps": 25.0,
            "has_audio": True,
            "size_bytes": 100,
        }
        changes: dict[str, Any] = {
            "state": State.SAVED,
            "file": str(file),
            "media": media,
            "origin": made.origin,
        }
        made.journal.reserve(record_of(f"clip000{number + 2}", f"Prompt {number}", **changes))
    yield made
    made.close()


def jobs(client: Client) -> list[Any]:
    return sorted(client.jobs(), key=lambda job: job.id)


def tiles(client: Client) -> list[Tile]:
    places = [{"hour": hour, "model": model} for hour in AXES["hour"] for model in AXES["model"]]
    return [Tile(job.video, "", at, job.id) for job, at in zip(jobs(client), places, strict=True)]


def told(grid: Any, **content: Any) -> list[dict[str, Any]]:
    """Let the page say something; return what it is answered."""
    answers: list[dict[str, Any]] = []
    grid._stage.send = lambda message, _buffers=None: answers.append(message)
    grid._stage._received(None, content, [])
    return answers


def test_axes_become_rows_and_columns_in_their_order(client: Client) -> None:
    assert layout_of({}, 9) == Layout((), (), 4)
    assert layout_of(AXES, 6) == Layout(("hour",), ("model",), 4)
    assert layout_of(AXES, 6, rows="model") == Layout(("model",), ("hour",), 4)
    assert layout_of(AXES, 6, columns=["model", "hour"]) == Layout((), ("model", "hour"), 4)
    assert layout_of(AXES, 6, columns=3) == Layout((), (), 3)
    assert layout_of({"hour": list("abc")}, 3).columns == ("hour",)
    assert layout_of({"hour": list("abcdefgh")}, 8) == Layout((), (), 4)
    columns, rows = table(tiles(client), AXES, layout_of(AXES, 6))
    assert columns == AXES["model"]
    assert [(row.label, row.tiles) for row in rows] == [("dawn", [0, 1, 2]), ("dusk", [3, 4, 5])]
    columns, rows = table(tiles(client)[:4], AXES, layout_of(AXES, 4, rows="model"))
    assert [(row.label, row.tiles) for row in rows] == [
        ("one", [0, 3]),
        ("two", [1, None]),
        ("three", [2, None]),
    ]
    twice, axes = with_takes(
        [Tile(None, "a", {"hour": "dawn"}), Tile(None, "a", {"hour": "dawn"})], {"hour": ["dawn"]}
    )
    assert axes["take"] == ["1", "2"]
    assert [tile.label for tile in twice] == ["a · take 1", "a · take 2"]


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ("hours", None, "rows is 'hours', but the axes are hour, model."),
        ("hour", "hour", "The axis 'hour' is given for rows and for columns"),
        (["hour", "hour"], None, "rows names an axis twice"),
        (None, 0, "columns is 0, but it can be a number from 1 to 24."),
        (7, None, "rows is '7', but the axes are"),
    ],
)
def test_axes_that_are_not_there_are_refused_in_one_sentence(rows: Any, columns: Any, words: str) -> None:
    with pytest.raises(RequestError, match=re.escape(words)):
        layout_of(AXES, 6, rows, columns)


def test_bad_clips_and_labels_are_refused_in_one_sentence(client: Client, tmp_path: Path) -> None:
    job = jobs(client)[0]
    for clips, options, words in (
        ((), {}, "There is no clip to compare."),
        (([],), {}, "There is no clip to compare."),
        ((job, 7), {}, "7 cannot be compared: a clip can be a job, a job's id, a video, or the path"),
        ((job, "nosuchid"), {}, "'nosuchid' is no video file and no job of the journal"),
        ((job, Path("/nowhere/x.mp4")), {}, "'/nowhere/x.mp4' is no video file"),
        ((job, "a\0b"), {}, "is no video file"),
        ((job, job), {"labels": ["one"]}, "There are 2 clips, but 1 labels"),
        ((job, job), {"labels": "ab"}, "There are 2 clips, but 1 labels"),
        ((job,), {"columns": "two"}, "columns is 'two', but it can be a number from 1 to 24."),
        ((job,), {"columns": 99}, "columns is 99, but it can be"),
        ((job,), {"blind": True}, "A blind comparison needs two finished clips"),
        ((job,) * (MOST_TILES + 1), {}, f"a grid can have at most {MOST_TILES}"),
    ):
        with pytest.raises(RequestError, match=re.escape(words)):
            ltxv_nb.compare(*clips, **options)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    shown = ltxv_nb.compare(job, job.id, job.video, [job, broken], labels=list("abcde"))
    assert [tile["label"] for tile in shown._stage.tiles] == list("abcde")
    assert [bool(tile["words"]) for tile in shown._stage.tiles] == [False] * 4 + [True]
    assert "broken.mp4" in shown._stage.tiles[4]["words"]


def test_every_text_from_outside_is_escaped_in_the_plain_form(client: Client) -> None:
    axes = {HOSTILE: [HOSTILE, "b"]}
    job = jobs(client)[0]
    bad = [
        Tile(job.video, HOSTILE, {HOSTILE: HOSTILE}, job.id),
        Tile(None, HOSTILE, {HOSTILE: "b"}, None, HOSTILE),
    ]
    for shown in (
        grid_of(bad, axes, title=HOSTILE, client=client),
        grid_of(bad, title=HOSTILE, client=client),
    ):
        for text in (shown._still()["text/html"], shown._plain.outputs[0]["data"]["text/html"]):
            assert "<script" not in text
            assert "<img" not in text
            assert "&lt;img src=x" in text
        assert "\x1b" not in shown._still()["text/plain"]


def test_what_is_gone_failed_or_unfinished_has_words_in_its_place(client: Client, tmp_path: Path) -> None:
    first, second = jobs(client)[:2]
    Path(first.video.path).unlink()
    client.journal.reserve(record_of("waiting2", "Slow", origin=client.origin))
    shown = ltxv_nb.compare(first, second, client.job("waiting2"), Tile(None, "x", state_words="Failed: no"))
    words = [tile["words"] for tile in shown._stage.tiles]
    assert words == [FILE_MISSING, "", "Generating, not tracked here …", "Failed: no"]
    assert "Failed: no" in shown._still()["text/html"]
    shown.update([*shown._tiles[:3], Tile(second.video, "x")])
    assert [tile["words"] for tile in shown._stage.tiles][3] == ""


def test_clips_that_differ_say_in_what(client: Client) -> None:
    facts = {"url": None, "job_id": "", "prompt": "", "size_bytes": 1}
    path = jobs(client)[0].video.path
    wide = Video(path, width=1920, height=1080, duration=6.0, fps=25.0, has_audio=True, **facts)
    tall = Video(path, width=1080, height=1920, duration=5.0, fps=25.0, has_audio=False, **facts)
    shown = ltxv_nb.compare(wide, tall)
    assert [tile["note"] for tile in shown._stage.tiles] == ["6 s · 1920×1080", "5 s · 1080×1920 · no sound"]


def test_stars_tags_and_rejections_of_the_page_land_in_the_journal_and_nothing_else_does(
    client: Client,
) -> None:
    shown = grid_of(tiles(client), AXES, client=client)
    job = jobs(client)[1]
    assert not told(shown, kind="rate", tile=1, stars=4)
    assert not told(shown, kind="rate", tile=1, rejected=True)
    assert not told(shown, kind="rate", tile=1, tags=["sea", "rejected"])
    assert (job.rating, set(job.tags)) == (4, {"sea", "rejected"})
    assert shown._stage.ratings["1"] == {"stars": 4, "tags": ["sea"], "rejected": True}
    told(shown, kind="rate", tile=1, rejected=False, stars=0)
    assert (job.rating, job.tags) == (None, ("sea",))
    for bad in ({"tile": 99, "stars": 1}, {"tile": True, "stars": 9}, {"tile": "0", "stars": 1}, {"stars": 1},
                {"tile": 1, "stars": "5"}, {"tile": 1, "tags": 7}, {"tile": 1, "tags": [1]}):  # fmt: skip
        (answer,) = told(shown, kind="rate", **bad)
        assert answer["kind"] == "problem"
    assert told(shown, kind="anything", tile=1) == []
    assert told(shown, kind="clip", tile=[1]) == []
    assert [job.rating for job in jobs(client)] == [None] * 6


def test_a_blind_comparison_ends_in_a_ranking_by_the_votes_in_the_journal(client: Client) -> None:
    shown = grid_of(tiles(client)[:4], client=client)
    (pair,) = told(shown, kind="blind")
    assert (pair["number"], pair["of"]) == (1, 6)
    seen = set()
    while pair["kind"] == "pair":
        seen.add(frozenset((pair["left"], pair["right"])))
        better, worse = sorted((pair["left"], pair["right"]))  # the first clip is the best
        kind = "skip" if (better, worse) == (2, 3) else "vote"
        (pair,) = told(shown, kind=kind, winner=better, loser=worse)
    assert len(seen) == 6
    assert [row["tile"] for row in pair["places"]][:2] == [0, 1]
    assert [row["place"] for row in pair["places"]] == [1, 2, 3, 3]
    assert [row["wins"] for row in pair["places"]] == [3, 2, 0, 0]
    assert "5 votes" in pair["words"]
    ids = [tile.job_id for tile in tiles(client)[:4]]
    assert len(client.journal.votes(ids)) == 5, "of what nobody could decide there is no vote"
    (again,) = told(grid_of(tiles(client)[:4], client=client), kind="ranking")
    assert again["places"] == pair["places"]
    (bad,) = told(shown, kind="vote", winner=0, loser=99)
    assert bad["kind"] == "problem"


def test_a_comparison_of_many_asks_few_questions_and_finds_the_order() -> None:
    assert [planned(count) for count in (2, 5, 12, 40)] == [1, 10, 28, 127]
    clips, chance, votes = [f"clip{number:02}" for number in range(12)], random.Random(1), []
    while (pair := pair_to_show(clips, votes, chance)) is not None:
        votes.append(SimpleNamespace(winner=min(pair), loser=max(pair)))
    assert compared(votes) == len(votes) == 28
    found = [row.job_id for row in ranking(clips, votes, "wins")]
    assert {*found[:3]} & {"clip00", "clip01"}
    assert {*found[-3:]} & {"clip10", "clip11"}
    assert compared(draw(("a", "b"))) == 1


def test_clips_that_the_page_cannot_fetch_are_sent_small_enough_for_a_notebook(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    large = bytes(200_000)
    Path(jobs(client)[0].video.path).write_bytes(large)
    monkeypatch.setattr(
        preview, "preview", lambda _path, *, max_bytes: sizes.append(max_bytes) or bytes(max_bytes)
    )
    shown = grid_of(tiles(client), AXES, client=client)
    assert all(tile["sent"] for tile in shown._stage.tiles), (
        "outside of Jupyter's server nothing is known of it"
    )
    for number in range(6):
        (answer,) = told(shown, kind="clip", tile=number)
        assert answer == {"kind": "clip", "tile": number}
    assert sizes == [1_000_000 // 6]
    assert len(shown._still()["text/html"]) < 1_500_000
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "a.ipynb"))
    assert notebook_folder() == tmp_path
    served = grid_of(tiles(client), AXES, client=client)
    assert "poster=" not in served._still()["text/html"], "the page comes first"
    told(served, kind="ready")
    assert served._still()["text/html"].count("poster=") == 6
    assert not any(tile["sent"] for tile in served._stage.tiles)
    assert 'src="clip-0.mp4"' in served._plain.outputs[0]["data"]["text/html"]


def test_a_job_that_ends_appears_in_the_grid_that_waits_for_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, listeners = jobs(client)[0], []
    waiting = SimpleNamespace(
        done=lambda: False,
        on_change=lambda heard: listeners.append(heard) or (lambda: listeners.remove(heard)),
    )
    monkeypatch.setattr(client, "known_job", lambda _id: waiting)
    shown = grid_of(
        [Tile(None, "Clip", {"hour": "dawn"}, ended.id, "Queued …")], {"hour": ["dawn"]}, client=client
    )
    assert shown._stage.tiles[0]["words"] == "Queued …"
    listeners[0](ended)
    assert shown._stage.tiles[0]["words"] == ""
    assert shown._stage.tiles[0]["values"] == {"hour": "dawn"}
    shown.close()
    assert not listeners


def test_outside_ipython_nothing_is_shown(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    assert grid_of(tiles(client), client=client)._ipython_display_() is None
    assert capsys.readouterr().out == ""
    assert grid_module.MOST_TILES == MOST_TILES


def test_only_a_clip_that_will_not_come_is_marked_as_a_failure() -> None:
    cell, told = Cell({"hour": "dawn"}, 1, GenerationRequest("A heron"), "key"), []
    for how in ({}, {"waiting": True}, {"error": "The prompt was refused."}):
        cell.set(**how)
        (found,) = descriptions([cell.tile()])
        told.append((found["words"], found["bad"]))
    assert told == [("not made yet", False), ("waits for its turn", False), ("The prompt was refused.", True)]
