"""The record of what was paid for: on disk, whole, shared, and without the key."""

from __future__ import annotations

import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import ORIGIN, Rig, blocked_by

from ltxv_nb.errors import JournalError, RequestError
from ltxv_nb.journal import OPEN, Journal, State, new_id, trouble
from ltxv_nb.journal.rows import _IS_OPEN
from ltxv_nb.journal.search import Wanted
from ltxv_nb.journal.transitions import accepted, progressed, refused, released, saved
from ltxv_nb.notebook.session import NotebookSession


@pytest.fixture
def journal(rig):
    return rig.journal


def test_a_row_comes_back_as_it_was_written(rig, journal):
    record = rig.record(
        request={"prompt": "Ein Leuchtturm 🗼", "image": {"sha256": "ab"}},
        prompt="Ein Leuchtturm 🗼",
        billed_credits=500_000,
        media={"width": 1920, "has_audio": False},
        watched=False,
    )
    journal.reserve(record)
    assert journal.get(record.id) == record


def test_reading_makes_no_file(journal):
    assert journal.newest() == []
    assert journal.open() == []
    assert journal.count_open() == 0
    assert journal.count_saved() == 0
    assert journal.models() == []
    assert journal.get("nothere0") is None
    assert journal.events("nothere0") == []
    assert not journal.path.parent.exists()


def test_what_was_written_is_there_for_the_next_process(rig, journal):
    record = rig.record()
    journal.reserve(record)
    journal.close()
    assert Journal(journal.path).get(record.id) == record
    journal.check()


def test_every_step_is_noted_with_its_time(rig, journal, clock):
    record = rig.record()
    journal.reserve(record)
    rig.clock.advance(2)
    journal.advance(record.id, None, accepted("g", "queued", at=1.0, billed=None))
    rig.clock.advance(3)
    journal.advance(record.id, None, released(wanted=False))
    assert journal.events(record.id) == [
        (clock.now, "submitting", None),
        (clock.now + 2, "running", "queued"),
        (clock.now + 5, "note", "tracking stopped"),
    ]


def test_a_change_that_does_not_fit_the_state_any_more_changes_nothing(rig, journal):
    record = rig.record()
    journal.reserve(record)
    after = journal.advance(record.id, None, progressed("generating", billed=None))
    assert after == (record, False)
    assert len(journal.events(record.id)) == 1


def test_a_change_by_a_former_owner_changes_nothing(rig, journal):
    record = rig.record(owner="dead")
    journal.reserve(record)
    journal.take_over(record, "alive")
    after = journal.advance(record.id, record, refused("not sent"))
    assert (after.done, after.record.state, after.record.owner) == (False, State.UNKNOWN, "alive")


def test_each_change_counts_the_revision_and_several_are_one_step(rig, journal):
    record = rig.record()
    journal.reserve(record)
    made = [accepted("g", "queued", at=1.0, billed=None), progressed("generating", billed=1_000_000)]
    after = journal.advance(record.id, None, *made).record
    assert (after.revision, after.status, after.usd) == (2, "generating", 0.5)
    assert journal.get(record.id) == after


def test_two_jobs_never_hold_one_generation(rig, journal):
    first, second = rig.record(generation_id="g", state="running"), rig.record()
    for record in (first, second):
        journal.reserve(record)
    after = journal.advance(second.id, None, accepted("g", "queued", at=1.0, billed=None)).record
    assert (after.state, after.generation_id) == (State.UNKNOWN, None)
    assert first.id in after.error


UUID = "fb77c1f6-6a22-4f0c-9a0e-0f4b5f9d1c55"


@pytest.mark.parametrize("held", [UUID, f"{UUID}:ltxv/ltxv-2"])
@pytest.mark.parametrize("named", [UUID, f"{UUID}:ltxv/ltxv-2", f"{UUID}:another"])
@pytest.mark.parametrize("state", [State.SUBMITTING, State.UNKNOWN])
def test_two_jobs_never_hold_one_generation_however_its_id_is_spelled(rig, journal, held, named, state):
    first, second = rig.record(generation_id=held, state="running"), rig.record(state=state)
    elsewhere = rig.record(generation_id=f"{UUID}:far", state="running", origin="https://another.test")
    for record in (first, second, elsewhere):
        journal.reserve(record)
    claim = accepted(named, "queued", at=1.0, billed=None)
    after = journal.advance(second.id, None, claim).record
    assert (after.state, after.generation_id) == (State.UNKNOWN, None)
    assert first.id in after.error
    assert journal.by_generation_id(named, first.origin).id == first.id
    assert journal.by_generation_id(named, elsewhere.origin).id == elsewhere.id


def test_ids_that_only_begin_alike_are_two_generations(rig, journal):
    for identifier in ("gen:1", "gen:2", f"{UUID}0", UUID):
        journal.reserve(rig.record(generation_id=identifier, state="running"))
    for identifier in ("gen:1", "gen:2", f"{UUID}0", UUID):
        assert journal.by_generation_id(identifier, ORIGIN).generation_id == identifier


def test_a_generation_is_looked_up_by_the_index_and_not_row_by_row(rig, journal):
    journal.reserve(rig.record())
    connection, seen = journal._connections.of_this_thread(), []
    connection.set_trace_callback(seen.append)
    journal.by_generation_id(UUID, ORIGIN)
    connection.set_trace_callback(None)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {seen[-1]}")]
    assert all("generations_service" in step for step in plan if step.startswith(("SEARCH", "SCAN")))


def test_a_row_that_is_gone_is_an_error_that_names_it(journal, rig):
    journal.reserve(rig.record())
    with pytest.raises(JournalError, match="nothere0"):
        journal.advance("nothere0", None, saved("a.mp4", {}, at=1.0))


@pytest.mark.parametrize("state", OPEN)
def test_an_identical_request_stands_in_the_way_while_its_video_is_not_on_disk(rig, journal, state):
    first = rig.record(fingerprint="same", state=state)
    journal.reserve(first)
    second = rig.record(fingerprint="same")
    assert blocked_by(journal, second) == first
    assert journal.get(second.id) is None
    journal.reserve(second)


@pytest.mark.parametrize("state", [State.SAVED, State.FAILED, State.REFUSED])
def test_an_identical_request_that_has_ended_does_not_stand_in_the_way(rig, journal, state):
    journal.reserve(rig.record(fingerprint="same", state=state))
    assert blocked_by(journal, rig.record(fingerprint="same")) is None


def test_of_two_journals_that_race_with_the_same_request_one_wins(rig):
    journals = [Journal(rig.journal.path) for _ in range(8)]
    records = [rig.record(fingerprint="same") for _ in journals]
    barrier, outcomes = threading.Barrier(len(journals)), []

    def add(journal, record):
        barrier.wait()
        outcomes.append(blocked_by(journal, record))

    threads = [threading.Thread(target=add, args=pair) for pair in zip(journals, records, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = rig.journal.newest()
    assert sorted(outcome is None for outcome in outcomes) == [False] * 7 + [True]
    assert {outcome.id for outcome in outcomes if outcome} == {winner.id}
    for journal in journals:
        journal.close()


def test_only_one_of_two_takes_over_a_generation(rig, journal):
    record = rig.record(owner="dead")
    journal.reserve(record)
    assert journal.take_over(record, "first").done
    assert not journal.take_over(record, "second").done
    assert journal.get(record.id).owner == "first"


def test_letting_go_touches_only_ones_own(rig, journal):
    mine, other = rig.record(owner="me"), rig.record(owner="other")
    journal.reserve(mine)
    journal.reserve(other)
    journal.release("me")
    assert journal.get(mine.id).owner is None
    assert journal.get(other.id).owner == "other"


def test_one_generation_of_a_service_has_one_row(rig, journal):
    journal.reserve(rig.record(generation_id="g", state="running"))
    with pytest.raises(JournalError):
        journal.reserve(rig.record(generation_id="g", state="running"))
    journal.reserve(rig.record(generation_id="g", origin="sandbox"))
    assert len(journal.newest()) == 2


def test_the_newest_come_first_and_the_unfinished_oldest_first(rig, journal):
    ids = []
    for state in ("saved", "running", "failed", "unknown", "finished", "refused", "submitting"):
        record = rig.record(state=state)
        journal.reserve(record)
        ids.append(record.id)
        rig.clock.advance(1)
    assert [record.id for record in journal.newest()] == ids[::-1]
    assert [record.id for record in journal.newest(2)] == ids[:-3:-1]
    assert [record.id for record in journal.newest(2, offset=1)] == ids[-2:-4:-1]
    assert [record.state for record in journal.open()] == ["running", "unknown", "finished", "submitting"]
    assert journal.count_open() == 4
    assert journal.open("sandbox") == []


def test_finished_videos_are_found_by_words_id_and_model(rig, journal):
    one = rig.record(prompt="100% of A_B", state="saved", model="a/b", fingerprint="f")
    two = rig.record(prompt="100 of AxB", state="saved")
    for record in (one, two, rig.record(prompt="100% running", state="running")):
        journal.reserve(record)
        rig.clock.advance(1)
    assert [r.id for r in journal.saved()] == [two.id, one.id]
    assert [r.id for r in journal.saved(Wanted(text="100%"))] == [one.id]
    assert [r.id for r in journal.saved(Wanted(text="a_b"))] == [one.id]
    assert [r.id for r in journal.saved(Wanted(text=two.id))] == [two.id]
    assert [r.id for r in journal.saved(Wanted(model="a/b"))] == [one.id]
    assert journal.count_saved(Wanted(text="of")) == 2
    assert journal.models() == ["a/b", "ltxv/ltxv-2"]
    assert [r.id for r in journal.finished_before("f")] == [one.id]
    assert journal.finished_before("other") == []


def test_takes_of_one_request_are_found_newest_first_unless_one_is_unfinished(rig, journal):
    old, new = (rig.record(state="saved", fingerprint="f", created_at=at) for at in (1.0, 2.0))
    for record in (new, old):
        journal.reserve(record)
    assert [r.id for r in journal.finished_before("f")] == [new.id, old.id]
    journal.reserve(rig.record(state="running", fingerprint="f", created_at=3.0))
    assert journal.finished_before("f") == []


def test_a_lookup_by_the_services_id_stays_within_the_service(rig, journal):
    record = rig.record(generation_id="g:ltxv/ltxv-2", state="running")
    journal.reserve(record)
    assert journal.by_generation_id("g:ltxv/ltxv-2", record.origin) == record
    assert journal.by_generation_id("g:ltxv/ltxv-2", "sandbox") is None


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_broken_file_is_an_error_that_says_what_to_do(rig, journal, content):
    journal.path.parent.mkdir(parents=True)
    journal.path.write_bytes(content)
    with pytest.raises(JournalError, match="LTXV_HOME"):
        journal.reserve(rig.record())
    assert journal.path.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_an_error_that_says_what_to_do(tmp_path, rig):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match=r"cannot be written.*LTXV_HOME"):
        Journal(tmp_path / "file" / "home" / "journal.sqlite").reserve(rig.record())


@pytest.mark.parametrize(
    ("column", "text", "shown"),
    [
        ("output_dir", os.fsdecode(b"/videos/caf\xe9"), r"caf\udce9"),
        ("model", "x/\ud800", r"x/\ud800"),
        ("request", {"note": "\ud800"}, r"\ud800"),
    ],
)
def test_a_character_that_cannot_be_written_down_is_named_and_is_no_damage(rig, journal, column, text, shown):
    with pytest.raises(JournalError, match="folder name, model or option") as caught:
        journal.reserve(rig.record(**{column: text}))
    words = str(caught.value)
    assert shown in words
    assert words.isascii()
    assert "damaged" not in words
    assert "LTXV_HOME" not in words
    assert journal.newest() == []


def test_a_row_that_does_not_read_is_damage(rig, journal):
    record = rig.record()
    journal.reserve(record)
    journal._connections.of_this_thread().execute("UPDATE generations SET request = '{half'")
    with pytest.raises(JournalError, match="is damaged: move it away"):
        journal.get(record.id)


@pytest.fixture
def locked_home(journal, monkeypatch):
    """A home below a folder that may not be searched; for root, too, who may search them all."""
    real = {name: getattr(Path, name) for name in ("stat", "mkdir")}

    def refuse(name):
        def refused(path, *args, **kwargs):
            if path in (journal.path, journal.path.parent):
                raise PermissionError(13, "Permission denied", str(path))
            return real[name](path, *args, **kwargs)

        return refused

    for name in real:
        monkeypatch.setattr(Path, name, refuse(name))


@pytest.mark.parametrize(
    "question",
    [
        Journal.newest,
        Journal.open,
        Journal.models,
        Journal.count_open,
        Journal.open_by_origin,
        lambda journal: journal.get("nothere0"),
        lambda journal: journal.events("nothere0"),
    ],
)
@pytest.mark.usefixtures("locked_home")
def test_a_home_nobody_may_look_into_is_an_error_that_says_what_to_do(journal, question):
    with pytest.raises(JournalError, match=r"Permission denied.*permissions.*LTXV_HOME"):
        question(journal)


@pytest.mark.usefixtures("locked_home")
def test_a_home_nobody_may_look_into_does_not_keep_the_extension_from_loading():
    assert NotebookSession(None).unfinished_line() is None


def test_a_home_nobody_knows_does_not_keep_the_extension_from_loading(monkeypatch):
    monkeypatch.setenv("LTXV_HOME", "~nobody-of-this-name/home")
    assert NotebookSession(None).unfinished_line() is None


def test_a_journal_of_a_newer_version_is_left_alone(journal, rig):
    journal.reserve(rig.record())
    journal.close()
    with sqlite3.connect(journal.path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="newer version"):
        Journal(journal.path).newest()


def test_a_failed_write_leaves_no_half_of_it(rig, journal):
    record = rig.record()
    journal.reserve(record)
    with pytest.raises(JournalError):
        journal.reserve(replace(record, prompt="again"))
    assert len(journal.events(record.id)) == 1
    assert journal.get(record.id) == record


def test_ids_are_easy_to_read_out_and_do_not_repeat():
    ids = {new_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(len(one) == 8 and not set(one) - set("23456789abcdefghjkmnpqrstuvwxyz") for one in ids)


def test_a_full_disk_a_lock_and_damage_are_told_apart(journal):
    for error, words in (
        (sqlite3.OperationalError("database or disk is full"), "make room"),
        (OSError(28, "No space left on device"), "make room"),
        (sqlite3.DatabaseError("database disk image is malformed"), "move it away"),
        (sqlite3.OperationalError("database is locked"), "another program"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "permissions"),
    ):
        assert words in trouble.words(journal.path, error)


@pytest.mark.parametrize(
    "question", ["newest", "open", "count_open", "same", "past", "twin", "service", "events"]
)
def test_no_question_reads_the_whole_journal(rig, journal, question):
    journal.reserve(rig.record())
    plan = {
        "newest": ("ORDER BY created_at DESC, rowid DESC LIMIT 20", ()),
        "open": (
            f"WHERE {_IS_OPEN} AND (? IS NULL OR origin = ?) ORDER BY created_at",
            ("a", "a"),
        ),
        "count_open": (f"WHERE {_IS_OPEN}", ()),
        "same": (f"WHERE fingerprint = ? AND {_IS_OPEN}", ("f",)),
        "past": ("WHERE model = ? AND finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 200", ("m",)),
        "twin": ("WHERE fingerprint = ? AND state = 'saved' ORDER BY created_at DESC", ("f",)),
        "service": ("WHERE generation_id = ? AND origin = ?", ("g", "o")),
        "events": None,
    }[question]
    query, values = (
        ("SELECT at FROM events WHERE generation = ? ORDER BY at, rowid", ("x",))
        if plan is None
        else (f"SELECT id FROM generations {plan[0]}", plan[1])
    )
    connection = journal._connections.of_this_thread()
    steps = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert any("USING" in step and "INDEX" in step for step in steps), steps


def test_two_rigs_on_one_home_see_each_others_rows(rig):
    other = Rig(rig.home)
    record = rig.record()
    rig.journal.reserve(record)
    assert other.journal.get(record.id) == record
    other.close()


def test_votes_are_kept_and_those_among_some_clips_come_back_in_their_order(rig):
    journal = rig.journal
    assert journal.votes(["clip0000", "clip0001"]) == []
    ids = [journal.reserve(rig.record(id=f"clip000{number}")).id for number in range(3)]
    for winner, loser in ((0, 1), (1, 2), (0, 1)):
        journal.add_vote(ids[winner], ids[loser])
        rig.clock.advance(1)
    found = journal.votes(ids[:2])
    assert [(vote.winner, vote.loser) for vote in found] == [(ids[0], ids[1])] * 2
    assert found[1].at - found[0].at == 2
    assert journal.votes([]) == []
    assert len(journal.votes([*ids, *map(str, range(5000))])) == 3  # more than SQLite has variables
    with pytest.raises(RequestError, match="two clips"):
        journal.add_vote(ids[0], ids[0])
    with pytest.raises(JournalError, match="no longer"):
        journal.add_vote(ids[0], "nobody")
    assert len(journal.votes(ids)) == 3
