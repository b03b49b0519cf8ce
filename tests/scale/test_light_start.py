"""Loading the extension is light: nothing heavy, no thread, no file, no network, before the first use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

HEAVY = (
    "requests",
    "urllib3",
    "ipywidgets",
    "av",
    "PIL",
    "tornado",
    "numpy",
    "filelock",
    "sqlite3",
    "jsonschema",
)

LOOK = """
import json, os, socket, sys, threading
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
socket.socket.connect = None
before = set(sys.modules), set(threading.enumerate())
shell.run_line_magic("load_ext", "ltxv_nb")
heavy = sorted(name for name in {heavy!r} if name in sys.modules and name not in before[0])
assert shell.find_cell_magic("ltxv") is not None
print(json.dumps([heavy, len(set(threading.enumerate()) - before[1]), os.listdir({home!r})]))
"""


def look(home) -> list:
    code = LOOK.format(heavy=HEAVY, home=str(home))
    env = {**os.environ, "LTXV_HOME": str(home), "IPYTHONDIR": str(home.parent / "ipython")}
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_loading_imports_nothing_heavy_and_starts_nothing(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    assert look(home) == [[], 0, []]


def test_loading_with_unfinished_jobs_asks_the_journal_alone(tmp_path):
    from ltxv_nb.journal import Journal, Record

    home = tmp_path / "home"
    journal = Journal(home / "journal.sqlite")
    record = Record(
        "abcd2345", time.time(), "aimlapi", "https://x.test", "ltxv/ltxv-2", "Waves", {}, None, "a", "running"
    )
    journal.reserve(record)
    journal.close()
    before = sorted(path.name for path in home.iterdir())
    heavy, threads, files = look(home)
    assert set(heavy) <= {"sqlite3"}
    assert threads == 0
    assert sorted(files) == before
