"""Clips are found by words, stars, time, place and notebook, and rated without touching their state."""

from __future__ import annotations

import sqlite3

import pytest

from ltxv_nb.errors import JournalError, RequestError
from ltxv_nb.journal.ratings import columns
from ltxv_nb.journal.schema import CURRENT
from ltxv_nb.journal.search import Wanted


@pytest.fixture
def journal(rig):
    for number, (prompt, changes) in enumerate(
        [
            ("A fox in fresh snow", {"stars": 5, "tags": ["Winter", "Überfahrt"], "backend": "aimlapi"}),
            ("Snow on a roof", {"stars": 2, "backend": "sandbox", "notebook": "/notes/one.ipynb"}),
            ("Ein Leuchtturm ÜBER der Küste", {"backend": "sandbox", "notebook": "/notes/two.ipynb"}),
            ("Snow that is not finished", {"state": "running"}),
        ]
    ):
        rig.journal.reserve(rig.record(id=f"clip000{number}", prompt=prompt, **{"state": "saved", **changes}))
        rig.clock.advance(100)
    return rig.journal


def ids(journal, **wanted):
    found = [record.id for record in journal.saved(Wanted(**wanted))]
    assert journal.count_saved(Wanted(**wanted)) == len(found)
    return found


def test_all_words_count_in_any_order_and_case_in_any_script(journal):
    assert ids(journal) == ["clip0002", "clip0001", "clip0000"]
    assert ids(journal, text="snow FOX") == ["clip0000"]
    assert ids(journal, text="  snow   ") == ["clip0001", "clip0000"]
    assert ids(journal, text="snow lighthouse") == []
    assert ids(journal, text="KÜSTE über") == ["clip0002"]
    assert ids(journal, text="winter snow") == ["clip0000"]  # a tag
    assert ids(journal, text="überfahrt") == ["clip0000"]
    assert ids(journal, text="clip0001") == ["clip0001"]
    for odd in ("%", "_", "\\", "'", "%%_"):
        assert ids(journal, text=odd) == []


def test_filters_narrow_each_other(rig, journal):
    assert ids(journal, stars=1) == ["clip0001", "clip0000"]
    assert ids(journal, stars=3) == ["clip0000"]
    assert ids(journal, paid=True) == ["clip0000"]
    assert ids(journal, paid=False, text="snow") == ["clip0001"]
    assert ids(journal, notebook="/notes/two.ipynb") == ["clip0002"]
    assert ids(journal, since=rig.clock.time() - 350) == ["clip0002", "clip0001"]
    assert ids(journal, model="other/model") == []
    assert journal.notebooks() == ["/notes/one.ipynb", "/notes/two.ipynb"]


def test_tags_count_whole_and_rejected_clips_can_be_left_out(journal):
    journal.rate("clip0001", tags=["rejected", 'a "night" in'])
    journal.rate("clip0003", tags=["not rejected"])
    assert ids(journal, rejected=True) == ["clip0001"]
    assert ids(journal, rejected=False) == ["clip0002", "clip0000"]
    assert [record.id for record in journal.newest(wanted=Wanted(rejected=True))] == ["clip0001"]
    assert [record.id for record in journal.newest(wanted=Wanted(text="snow"))] == [
        "clip0003", "clip0001", "clip0000",
    ]  # fmt: skip
    assert ids(journal, tag="Winter") == ["clip0000"]
    assert ids(journal, tag='a "night" in') == ["clip0001"]
    for other in ("winter", "Wint", "night", '"', '","', "%"):
        assert ids(journal, tag=other) == []


def test_the_best_or_the_oldest_come_first_when_that_is_wanted(rig, journal):
    rig.journal.reserve(rig.record(id="clip0004", state="saved", stars=2))
    assert ids(journal, order="oldest") == ["clip0000", "clip0001", "clip0002", "clip0004"]
    assert ids(journal, order="best") == ["clip0000", "clip0004", "clip0001", "clip0002"]
    page = journal.saved(Wanted(order="best"), limit=2, offset=1)
    assert [record.id for record in page] == ["clip0004", "clip0001"]


def test_a_new_clip_is_noticed_and_a_step_of_a_job_is_not(rig, journal):
    before = journal.last_saved_at()
    journal.reserve(rig.record(id="clip0009", state="running"))
    assert journal.last_saved_at() == before
    journal.reserve(rig.record(id="clip0008", state="saved", saved_at=rig.clock.time()))
    assert journal.last_saved_at() != before


def test_a_rating_is_kept_beside_the_state_and_no_tracker_has_to_hear_of_it(journal):
    before = journal.get("clip0003")
    journal.rate("clip0003", stars=4, tags=["night"])
    after = journal.get("clip0003")
    assert (after.stars, after.tags) == (4, ["night"])
    assert (after.state, after.revision) == (before.state, before.revision)
    journal.rate("clip0003", stars=None)
    assert (journal.get("clip0003").stars, journal.get("clip0003").tags) == (None, ["night"])
    with pytest.raises(JournalError, match="no longer in the journal"):
        journal.rate("nothere0", stars=1)


@pytest.mark.parametrize("stars", [-1, 6, 2.5, "4", True, [1]])
def test_odd_stars_are_refused_in_one_sentence(stars):
    with pytest.raises(RequestError, match="whole number of stars from 1 to 5"):
        columns(stars, None)


def test_tags_are_words_each_once_and_on_one_line():
    assert columns(None, None) == {}
    assert columns(0, []) == {"stars": None, "tags": None}
    assert columns(5, "night") == {"stars": 5, "tags": ["night"]}
    assert columns(None, ["a", "b", "a", "two\nlines"]) == {"tags": ["a", "b", "two lines"]}
    for odd in (7, ["a", 7], [""], [" "]):
        with pytest.raises(RequestError, match="a list of words"):
            columns(None, odd)
    with pytest.raises(RequestError, match="at most 50"):
        columns(None, [str(number) for number in range(51)])


def test_a_job_is_rated_here_and_elsewhere(desk):
    job = desk.client.submit("A lighthouse", duration=6)
    assert (job.rating, job.tags) == (None, ())
    assert job.rate(stars=4, tags=["night", "sea"]) is job
    assert (job.rating, job.tags) == (4, ("night", "sea"))
    other, _ = desk.another()
    other.known_job(job.id).rate(stars=2)
    assert (job.rating, job.tags) == (2, ("night", "sea"))
    desk.finish(job)
    assert job.video is not None
    assert (job.rating, job.tags) == (2, ("night", "sea"))
    assert desk.client.known_job("nothere0") is None


def test_an_older_journal_is_brought_up_to_date(rig, journal):
    with sqlite3.connect(journal.path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == CURRENT
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT max(saved_at) FROM generations WHERE state = 'saved'"
        ).fetchall()
    assert "generations_saved" in str(plan)
