"""Readers never wait for writers, and no interrupt leaves a transaction open."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time

import pytest
from interrupting import interrupted_at

from ltxv_nb.errors import JournalError
from ltxv_nb.journal import Journal
from ltxv_nb.journal.connections import Connections
from ltxv_nb.journal.transitions import progressed


@pytest.fixture
def held(rig):
    """A journal that another program is writing to, and does not let go of."""
    rig.journal.reserve(rig.record())
    holder = sqlite3.connect(rig.journal.path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    yield rig.journal
    holder.close()


def test_a_read_does_not_wait_for_a_writer_that_waits(held, rig):
    begun, failures, (record,) = threading.Event(), [], held.newest()

    def write():
        begun.set()
        try:
            held.advance(record.id, None, progressed("generating", billed=None), patience=3.0)
        except JournalError as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(5)
    began = time.monotonic()
    for _ in range(50):
        assert len(held.newest()) == held.count_open() == 1
    took = time.monotonic() - began
    assert writer.is_alive(), "it still waits"
    assert took < 1.0
    writer.join(10)
    assert "held by another program" in str(failures[0])


def test_a_write_waits_no_longer_than_it_is_told_to(held):
    (record,) = held.newest()
    began = time.monotonic()
    with pytest.raises(JournalError, match="held by another program"):
        held.advance(record.id, None, progressed("generating", billed=None), patience=0.1)
    assert time.monotonic() - began < 2.0


def test_each_thread_has_a_connection_of_its_own_and_an_ended_one_leaves_none(rig):
    rig.journal.reserve(rig.record())
    for _ in range(20):
        thread = threading.Thread(target=rig.journal.newest)
        thread.start()
        thread.join()
    rig.journal.newest()
    assert len(rig.journal._connections._open) <= 2


def test_an_interrupt_at_any_moment_of_a_write_leaves_the_journal_free_for_others(rig):
    rig.journal.reserve(rig.record())
    other = sqlite3.connect(rig.journal.path, isolation_level=None, timeout=0)
    for moment in itertools.count(1):
        record = rig.record()
        came = interrupted_at(moment, lambda record=record: rig.journal.reserve(record), "/journal/")
        other.execute("BEGIN IMMEDIATE")  # raises if the transaction were still open
        other.execute("ROLLBACK")
        if not came:
            break
    assert moment > 100, "every moment was met"
    assert rig.journal.get(record.id) == record
    other.close()


def test_a_file_that_was_replaced_is_opened_anew(rig):
    rig.journal.reserve(rig.record())
    for suffix in ("", "-wal", "-shm"):
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    assert rig.journal.newest() == []
    rig.journal.reserve(rig.record())
    other = Journal(rig.journal.path)
    assert len(other.newest()) == 1
    other.close()


def test_a_connection_that_is_in_use_is_closed_only_afterwards(tmp_path):
    connections = Connections(tmp_path / "journal.sqlite")
    began, may_end, found = threading.Event(), threading.Event(), []

    def slow(connection):
        began.set()
        may_end.wait(20)
        return connection.execute("SELECT 7").fetchone()[0]

    user = threading.Thread(target=lambda: found.append(connections.write(slow)))
    user.start()
    began.wait(20)
    closer = threading.Thread(target=connections.close)
    closer.start()
    closer.join(0.1)
    assert closer.is_alive(), "SQLite does not survive that a connection is closed under a query"
    may_end.set()
    closer.join(20)
    user.join(20)
    assert found == [7]
    assert connections.write(lambda connection: connection.execute("SELECT 8").fetchone()[0]) == 8
    connections.close()
