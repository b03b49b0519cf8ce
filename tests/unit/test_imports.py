"""What an import costs; which layer imports which is held by `lint-imports` (pyproject.toml)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, cwd: Path) -> dict:
    """Run Python in a process of its own; returns the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT), "HOME": str(cwd), "PATH": "", "SYSTEMROOT": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


HEAVY = (
    "requests",
    "urllib3",
    "ipywidgets",
    "IPython",
    "av",
    "PIL",
    "tornado",
    "sqlite3",
    "numpy",
    "keyring",
)


def test_importing_the_package_loads_nothing_heavy_and_makes_no_file_or_thread(tmp_path):
    told = run(
        "import sys, threading, json, logging; import ltxv_nb; "
        f"print(json.dumps([[n for n in {HEAVY!r} if n in sys.modules], threading.active_count(), "
        "[type(h).__name__ for h in logging.getLogger('ltxv_nb').handlers], logging.getLogger().handlers]))",
        tmp_path,
    )
    assert told == [[], 1, ["NullHandler"], []]
    assert list(tmp_path.iterdir()) == []


def test_making_a_client_starts_and_writes_nothing(tmp_path):
    told = run(
        "import sys, threading, json; import ltxv_nb; client = ltxv_nb.Client(backend='sandbox', home='h'); "
        "client.unfinished_count(); client.jobs(); client.resume(); client.close(); "
        "print(json.dumps([[n for n in ('av', 'PIL', 'ipywidgets', 'IPython', 'tornado') if n in sys.modules], "
        "threading.active_count()]))",
        tmp_path,
    )
    assert told == [[], 1]
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there_and_a_wrong_one_is_an_attribute_error():
    import ltxv_nb

    for name in set(ltxv_nb.__all__) - {"panel", "gallery"}:
        assert getattr(ltxv_nb, name) is not None
    assert set(ltxv_nb.__all__) <= set(dir(ltxv_nb))
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = ltxv_nb.Clint
