"""A home of version 0.1 opens, goes on, and loses nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fakes import ORIGIN

from ltxv_nb.journal import Journal, State
from ltxv_nb.journal.schema import CURRENT, MIGRATIONS, _statements, read_as_current, version_of
from ltxv_nb.money.spending import spending_of

OLD = Path(__file__).resolve().parents[2] / "data" / "journal-0.1.sql"

#: What version 0.1 wrote of each job.
STATES = {
    "submitta": State.SUBMITTING,
    "unknownb": State.UNKNOWN,
    "refusedc": State.REFUSED,
    "runningd": State.RUNNING,
    "finishee": State.FINISHED,
    "givenupf": State.FINISHED,
    "savedggg": State.SAVED,
    "failedhh": State.FAILED,
    "sandboxi": State.RUNNING,
}


def old_journal(path):
    """Write the journal of version 0.1, and return its rows as they are in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.row_factory = sqlite3.Row
    rows = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM generations")}
    events = connection.execute("SELECT generation, at, state, detail FROM events ORDER BY rowid").fetchall()
    connection.close()
    return rows, [tuple(event) for event in events]


def test_every_row_and_every_step_of_an_old_journal_is_there(tmp_path):
    rows, events = old_journal(tmp_path / "journal.sqlite")
    journal = Journal(tmp_path / "journal.sqlite")
    records = {record.id: record for record in journal.newest()}
    assert {record_id: record.state for record_id, record in records.items()} == STATES
    for record_id, row in rows.items():
        record = records[record_id]
        for column in row.keys() - {"request", "media", "watched"}:
            assert getattr(record, column) == row[column], (record_id, column)
        assert record.revision == 0
    assert records["savedggg"].media["width"] == 1920
    assert records["givenupf"].watched is False
    kept = [(name, *step) for name in STATES for step in journal.events(name)]
    assert sorted(kept) == sorted(events)
    journal.check()
    journal.close()


def test_what_an_old_journal_knows_of_costs_is_in_what_was_spent(tmp_path):
    rows, _ = old_journal(tmp_path / "journal.sqlite")
    journal = Journal(tmp_path / "journal.sqlite")
    real = [row for row in rows.values() if row["backend"] == "aimlapi"]
    made = [row["usd"] for row in real if row["state"] in {"finished", "saved"}]
    spending = spending_of(journal.costs("aimlapi"), "job", play_money=False)
    assert len(spending) == len([row for row in real if row["state"] != "refused"])
    assert spending.total_usd == pytest.approx(sum(filter(None, made)))
    assert sum(row.unpriced for row in spending) == made.count(None)
    assert len(journal.costs("sandbox")) == journal.count_of("sandbox") == 1
    journal.close()


def test_an_old_journal_is_opened_by_several_programs_at_once(tmp_path):
    import threading

    old_journal(tmp_path / "journal.sqlite")
    journals = [Journal(tmp_path / "journal.sqlite") for _ in range(6)]
    counts, barrier = [], threading.Barrier(len(journals))

    def count(journal):
        barrier.wait()
        counts.append(len(journal.newest()))

    threads = [threading.Thread(target=count, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [len(STATES)] * len(journals)
    for journal in journals:
        journal.close()


@pytest.mark.parametrize("version", range(1, CURRENT))
def test_a_journal_from_before_batches_has_none_and_takes_them(tmp_path, rig, version):
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        for statement in (one for migration in MIGRATIONS[:version] for one in _statements(migration)):
            connection.execute(statement)
        counted = ("counted_at", "1") if version >= 4 else ("accepted_at", "1")
        connection.execute(
            f"INSERT INTO generations (id, created_at, backend, origin, model, prompt, request, state, {counted[0]}) "
            f"VALUES ('savedold', 1, 'aimlapi', 'o', 'm', 'p', '{{}}', 'saved', {counted[1]})"
        )
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
        read_as_current(connection, version_of(connection, path))
        for table in ("batches", "votes", "budgets"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    journal = Journal(path)
    for _ in range(2):
        old = journal.get("savedold")
        assert (old.batch_id, old.cell, old.cell_key, old.measures) == (None, None, None, None)
        row = rig.record(
            batch_id="abcdefgh",
            cell={"values": {"hour": "dawn"}, "take": 1},
            cell_key="k",
            measures={"motion": 0.5},
        )
        journal.reserve(row)  # the first writing migrates
        assert journal.get(row.id) == row
    journal.check()
    journal.close()


@pytest.fixture
def resumed(tmp_path, desk):
    """A client on the home of version 0.1, after `resume`; the service knows what was billed."""
    old_journal(tmp_path / "home" / "journal.sqlite")
    service, created = desk.service, 1_790_000_060.0
    desk.clock.now = created + 3600
    for letter in "def":
        service.complete(f"generation-{letter}:ltxv/ltxv-2", f"https://cdn.example.test/{letter}.mp4")
    for name, letter in (("submitta", "a"), ("unknownb", "b")):
        service.complete(f"generation-{letter}")
        service.rows.append(
            {
                "status": "succeeded",
                "inference_id": f"generation-{letter}",
                "client_request_id": f"ltxv-nb.{name}.0123456789ab.1",
                "cost": {"usd": 0.378},
            }
        )
    desk.client.resume()
    desk.rig.run(1200)
    return desk


def test_whatever_was_unfinished_in_an_old_journal_is_brought_to_disk(resumed):
    records = {record.id: record for record in resumed.client.journal.newest()}
    expected = {
        **STATES,
        **dict.fromkeys(("submitta", "unknownb", "runningd", "finishee", "givenupf"), State.SAVED),
    }
    assert {record_id: record.state for record_id, record in records.items()} == expected
    assert {record.generation_id for record in records.values() if record.origin == ORIGIN} >= {
        f"generation-{letter}" for letter in "ab"
    }
    assert resumed.posts == []


def test_what_an_old_journal_knows_of_another_service_is_left_to_that(resumed):
    assert resumed.client.unfinished_elsewhere() == {"sandbox": 1}
