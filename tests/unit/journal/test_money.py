"""What the journal knows of money: whole credits, sums that agree with the rows, and nothing of old files lost."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from ltxv_nb.journal import Journal, State
from ltxv_nb.journal import transitions as change
from ltxv_nb.journal.record import Budget
from ltxv_nb.journal.schema import MIGRATIONS, _statements

OLD_COSTS = {
    "saved": 0.378,
    "running": 0.1000004,
    "failed": 0.252,
    "finished": None,
    "lost": 1e300,
    "refused": -1.0,
}


def old_journal(path, version):
    """Write a journal of an earlier version, with a generation in most states."""
    with closing(sqlite3.connect(path)) as connection:
        for migration in MIGRATIONS[:version]:
            for statement in _statements(migration):
                connection.execute(statement)
        for number, (state, usd) in enumerate(OLD_COSTS.items()):
            connection.execute(
                "INSERT INTO generations (id, created_at, backend, origin, model, prompt, request, state, usd) "
                "VALUES (?, ?, 'aimlapi', 'o', 'm', 'p', '{}', ?, ?)",
                (f"{state:8}", 1_790_000_000.0 + number, state, usd),
            )
        if version > 2:
            connection.execute("UPDATE generations SET service_ahead = 3600.0")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()


def counted(journal, since=0.0, backend="aimlapi"):
    return journal._read(lambda rows: rows.counted(backend, since), None)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_what_an_old_journal_knows_of_costs_counts_before_and_after_it_is_migrated(tmp_path, version):
    path = tmp_path / "journal.sqlite"
    old_journal(path, version)
    expected = {
        "saved": 756_000,
        "running": 200_001,
        "failed": 0,
        "finished": None,
        "lost": None,
        "refused": None,
    }
    at = 1_790_000_000.0 + (3600.0 if version > 2 else 0.0)
    for _ in range(2):
        journal = Journal(path)
        records = {str(record.state): record for record in journal.newest()}
        assert {state: record.billed_credits for state, record in records.items()} == expected
        assert (records["saved"].usd, records["saved"].counted_at) == (0.378, at)
        assert counted(journal) == (956_001, 200_001)
        assert counted(journal, at + 0.5) == (200_001, 200_001)
        assert journal._read(lambda rows: rows.budgets("aimlapi"), None) == {}
        journal._write(lambda rows: rows.remove_budget("aimlapi", "user"))  # the first writing migrates
        journal.close()


def test_the_sums_agree_with_the_rows_whatever_is_done_to_them(rig):
    rng, journal = random.Random(4), rig.journal
    ids = []
    for number in range(300):
        at = rng.uniform(0, 86_400.0)
        record = rig.record(
            created_at=at,
            counted_at=at,
            backend=rng.choice(["aimlapi", "sandbox"]),
            reserved_credits=rng.choice([None, 0, rng.randrange(10**6)]),
        )
        journal.reserve(record)
        ids.append(record.id)
        what = rng.choice(
            [
                change.refused("no"),
                change.accepted(f"g{number}", "queued", at=at, billed=rng.choice([None, 0, 10**6, 7])),
                change.answer_lost("lost"),
            ]
        )
        journal.advance(rng.choice(ids), None, what)
        end = rng.choice(
            [
                change.completed(
                    "https://x.test/a", asked_at=None, finished_at=at, billed=rng.choice([None, 5])
                ),
                change.failed("no"),
                change.forgotten(),
            ]
        )
        journal.advance(rng.choice(ids), None, end)
    undecided = {State.SUBMITTING, State.UNKNOWN, State.RUNNING, State.LOST}
    for since in (-5.0, 0.0, 899.0, 900.0, 33_333.3, 86_401.0):
        for backend in ("aimlapi", "sandbox"):
            rows = [row for row in journal.newest() if row.backend == backend and row.counted_at >= since]
            amounts = [
                (max(row.reserved_credits or 0, row.billed_credits or 0), row.state in undecided)
                for row in rows
            ]
            expected = sum(one for one, _ in amounts), sum(one for one, open_ in amounts if open_)
            assert counted(journal, since, backend) == expected


def test_what_was_reserved_is_kept_until_the_end_and_released_where_nothing_is_billed(rig):
    def after(*changes):
        record = rig.record(reserved_credits=700_000, generation_id=None)
        rig.journal.reserve(record)
        found = rig.journal.advance(record.id, None, *changes).record
        assert found == rig.journal.get(record.id)
        kept = replace(record)
        for one in changes:  # in memory it is the same
            kept = one.applied(kept)
        assert kept.reserved_credits == found.reserved_credits
        return found.reserved_credits, found.billed_credits

    def accepted(name, billed=None):
        return change.accepted(name, "queued", at=1.0, billed=billed)

    def completed(billed=None):
        return change.completed("https://x.test/a", asked_at=None, finished_at=2.0, billed=billed)

    assert after(change.refused("no")) == (None, None)
    assert after(change.answer_lost("?")) == (700_000, None)
    assert after(change.answer_lost("?"), change.failed_in_log("no")) == (None, None)
    assert after(change.answer_lost("?"), change.forgotten()) == (700_000, None)
    assert after(accepted("a")) == (700_000, None)
    assert after(accepted("b", 500_000)) == (700_000, 500_000)
    assert after(accepted("c", 0), change.progressed("generating", billed=0)) == (700_000, None)
    assert after(accepted("d", 500_000), change.failed("no")) == (None, 0)
    assert after(accepted("e", 500_000), completed()) == (None, 500_000)
    assert after(accepted("f", 500_000), completed(900_000)) == (None, 900_000)
    assert after(accepted("g"), completed()) == (700_000, None)
    assert after(accepted("h"), completed(0)) == (None, 0)
    assert after(accepted("i"), change.lost("gone")) == (700_000, None)


def test_a_budget_comes_back_as_it_was_written(rig):
    mine = Budget("aimlapi", "user", 10_000_000, "day", 5.0, 1.0)
    play = Budget("sandbox", "user", 7, None, 5.0, 5.0)
    for one in (mine._replace(credits=1), mine, play):
        rig.journal._write(lambda rows, one=one: rows.put_budget(one))
    assert rig.journal._read(lambda rows: rows.budgets("aimlapi"), None) == {"user": mine}
    assert rig.journal._read(lambda rows: rows.budgets("sandbox"), None) == {"user": play}
    rig.journal._write(lambda rows: rows.remove_budget("sandbox", "user"))
    assert rig.journal._read(lambda rows: rows.budgets("sandbox"), None) == {}
