"""An interrupt at any moment of any write leaves the journal to this process and to all others."""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from interrupting import interrupted_at

from ltxv_nb.journal import Journal, Record, new_id
from ltxv_nb.journal.transitions import accepted, progressed

#: Every so many-th bytecode of making the tables; LTXV_TEST_EVERY_BYTECODE=1 is for all of them.
STEP = 1 if os.environ.get("LTXV_TEST_EVERY_BYTECODE") else 5

#: Where rows are written.
JOURNAL = "/ltxv_nb/journal/"
#: Where tables are made. The lock file around that is filelock's matter.
SCHEMA = "/ltxv_nb/journal/schema"

OLD = Path(__file__).resolve().parents[1] / "data" / "journal-0.1.sql"
TESTS = Path(__file__).resolve().parents[1]


def record(**changes):
    name = new_id()
    values = {
        "id": name,
        "created_at": time.time(),
        "backend": "aimlapi",
        "origin": "https://api.example.test",
        "model": "ltxv/ltxv-2",
        "prompt": "A lighthouse",
        "request": {"prompt": "A lighthouse"},
        "fingerprint": f"fingerprint of {name}",
        "client_request_id": f"ltxv-nb.{name}",
        "state": "submitting",
        "owner": "first",
    }
    return Record(**{**values, **changes})


WRITES = {
    "advance": lambda journal, row: journal.advance(row.id, row, progressed("generating", billed=None)),
    "accepted": lambda journal, row: journal.advance(
        row.id, None, accepted(f"g-{new_id()}", "queued", at=1.0, billed=500_000)
    ),
    "take over": lambda journal, row: journal.take_over(row, "second"),
    "release": lambda journal, row: journal.release("first"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_an_interrupt_at_any_bytecode_of_a_write_leaves_the_journal_free(tmp_path, write):
    journal = Journal(tmp_path / "journal.sqlite")
    journal.reserve(record())
    other = sqlite3.connect(journal.path, isolation_level=None, timeout=0)
    for moment in itertools.count(1):
        row = record(state="running", generation_id=f"g-{moment}")
        if write is WRITES["accepted"]:
            row = record()
        journal.reserve(row)
        came = interrupted_at(moment, lambda row=row: write(journal, row), JOURNAL)
        other.execute("BEGIN IMMEDIATE")  # raises if the transaction were still open
        other.execute("ROLLBACK")
        after = journal.get(row.id)
        assert after.revision in {row.revision, row.revision + 1}, "all of it or nothing"
        if not came:
            break
    assert moment > 50, "every moment was met"
    other.close()
    journal.close()


@pytest.mark.parametrize("old", [False, True], ids=["a new journal", "a journal of version 0.1"])
def test_an_interrupt_at_any_bytecode_of_making_the_tables_leaves_all_or_nothing(tmp_path, old):
    for moment in itertools.count(1, STEP):
        path = tmp_path / f"{moment}" / "journal.sqlite"
        path.parent.mkdir()
        if old:
            with sqlite3.connect(path) as connection:
                connection.executescript(OLD.read_text(encoding="utf-8"))
                (count,) = connection.execute("SELECT count(*) FROM generations").fetchone()
            connection.close()
        journal, row = Journal(path), record()
        came = interrupted_at(moment, lambda journal=journal, row=row: journal.reserve(row), SCHEMA)
        again = record()
        journal.reserve(again)
        assert journal.get(again.id) == again
        rows = len(journal.newest()) - (count if old else 0)
        assert rows in {1, 2}
        journal.close()
        if not came:
            break
    assert moment > 100, "every moment was met"
    assert rows == 2


VICTIM = """
import random, signal, sys, time
from pathlib import Path
from hostile.test_interrupted_writes import record
from ltxv_nb.errors import JournalError
from ltxv_nb.journal import Journal
from ltxv_nb.journal.transitions import accepted

def alarm(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, alarm)
random.seed(16)
journal, came = Journal(Path(sys.argv[1])), 0
journal.newest()
while came < int(sys.argv[2]):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, 0.004))
        while True:
            row = record()
            journal.reserve(row)
            journal.advance(row.id, row, accepted("g-" + row.id, "queued", at=1.0, billed=None))
            journal.take_over(journal.get(row.id), "second")
            journal.release("second")
    except KeyboardInterrupt:
        came += 1
last = record()
journal.reserve(last)
print("fine", came, journal.get(last.id) == last)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that interrupts")
def test_after_a_thousand_random_interrupts_beside_another_writer_both_write_fine(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.reserve(record())
    folders = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path), "1000"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
    )
    written = 0
    while victim.poll() is None:
        row = record()
        journal.reserve(row)  # raises if an open transaction locked it
        journal.advance(row.id, row, accepted(f"g-{row.id}", "queued", at=1.0, billed=None))
        written += 1
    assert victim.stdout.read() == "fine 1000 True\n"
    victim.stdout.close()
    assert written > 20
    journal.check()
    journal.close()
