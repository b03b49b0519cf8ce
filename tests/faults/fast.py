"""A real client, over real HTTP, that waits as short as a test may: patience is handed in, not waited out."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

import ltxv_nb
from ltxv_nb.engine import lookup, tasks, tracker
from ltxv_nb.engine import submit as submission
from ltxv_nb.media import download as download_module
from ltxv_nb.polling.schedule import TokenBucket

from .service import KEY

if TYPE_CHECKING:
    from pathlib import Path

#: Seconds that a hanging service is waited for in tests.
PATIENCE = 0.6

QUICK = {
    (tasks, "next_ask"): lambda _belief, age, _asked, jitter=0.5: age + 0.01,
    (tasks, "after_failure"): lambda _failures, _retry_after, _jitter: 0.01,
    (tasks, "FOLLOW_SECONDS"): 0.05,
    (lookup, "LOOKUP_FIRST"): 0.1,
    (lookup, "LOOKUP_LONGEST"): 0.3,
    (tracker, "LONGEST_SLEEP"): 0.5,
    (submission, "QUICK_LOOKS"): (0.02, 0.05),
    (download_module, "download"): functools.partial(
        download_module.download, timeout=(2, 0.3), sleep=lambda _seconds: time.sleep(0.005)
    ),
}


def hurry(setattr_: Any = setattr) -> None:
    """Shorten every wait of this process; with ``monkeypatch.setattr`` for the length of a test."""
    for (module, name), value in QUICK.items():
        setattr_(module, name, value)


def make_client(base_url: str, folder: Path, **options: Any) -> ltxv_nb.Client:
    """Return a client of a fake service whose home and videos lie in a folder."""
    settings = {
        "api_key": KEY,
        "base_url": base_url,
        "home": folder / "home",
        "output_dir": folder / "videos",
        "backend": "aimlapi",
    }
    client = ltxv_nb.Client(**{**settings, **options})
    send, client.api._submit_timeout = client.api._send, PATIENCE
    client.api._send = lambda *args, **given: send(*args, **{**given, "read_timeout": PATIENCE})
    client._engine.submission._sleep = lambda seconds: time.sleep(min(seconds, 0.05))
    client._engine.tracker._bucket = TokenBucket(rate=1e4, burst=1000)
    return client


def wait_until(condition: Any, seconds: float = 40.0) -> Any:
    """Wait until something holds; fail when it does not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError("It did not come to hold in time.")


def whole_files(client: ltxv_nb.Client) -> list[Path]:
    """Return the finished videos on disk; anything unfinished beside them fails the test."""
    from ltxv_nb.media.probe import probe

    files = sorted(client.output_dir.glob("*"))
    unfinished = [path.name for path in files if ".part" in path.name]
    assert not unfinished
    videos = [path for path in files if path.suffix == ".mp4"]
    for path in videos:
        assert probe(path).width == 64
    return videos


def assert_books_agree(client: ltxv_nb.Client, service: Any) -> None:
    """Every billed task has exactly one row and one whole file, and the journal is sound."""
    client.journal.check()
    rows = client.journal.newest()
    for task in service.billed:
        mine = [row for row in rows if row.generation_id == task.id]
        assert len(mine) == 1, f"{len(mine)} rows for a billed task"
        assert mine[0].state == ("failed" if task.failed else "saved"), mine[0]
    files = whole_files(client)
    good = [task for task in service.billed if not task.failed]
    assert sorted(path.read_bytes() for path in files) == sorted(service.video_of(task) for task in good)
