"""A file from outside can cost a helper process its life, and never the kernel its memory, or the user the clip."""

from __future__ import annotations

import functools
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from ltxv_nb.errors import DownloadError, RequestError
from ltxv_nb.media.export import save_tiles
from ltxv_nb.media.image import last_frame, prepare
from ltxv_nb.media.part import finish
from ltxv_nb.media.poster import poster
from ltxv_nb.media.preview import preview
from ltxv_nb.media.probe import probe
from ltxv_nb.media.worker import process
from ltxv_nb.tiles import Tile
from ltxv_nb.video import Video

from . import files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits the time only")

#: What the kernel may take for any of this, in MB: itself, and nothing of the file.
KERNEL_MEGABYTES = 150

_MEASURE = """
import json, resource, sys, time
from pathlib import Path
from ltxv_nb.media.{module} import {function} as look
begun = time.monotonic()
try:
    look({call})
    said = None
except Exception as error:
    said = [type(error).__name__, str(error)]
seconds = time.monotonic() - begun
status = Path("/proc/self/status")  # `getrusage` counts what the process was forked from
if status.exists():
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) >> 10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
print(json.dumps([said, seconds, peak]))
"""


def kernel(module, function, path, *more):
    """Open a file in a kernel of its own; returns the error, the seconds, and the kernel's peak in MB."""
    code = _MEASURE.format(module=module, function=function, call=", ".join([repr(str(path)), *more]))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def put(tmp_path):
    """Write a file, and return its path."""

    def write(data, name="clip.mp4"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("tracks", [1, 3])
@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("probe", "probe"),
        ("poster", "poster"),
        ("preview", "preview"),
        ("image", "last_frame"),
        ("measures", "measure"),
    ],
)
def test_a_video_of_a_few_hundred_bytes_takes_no_gigabytes_of_the_kernel(put, module, function, tracks):
    bomb = files.many_samples(tracks)
    assert len(bomb) < 1_600
    (kind, words), seconds, megabytes = kernel(module, function, put(bomb))
    assert kind == "DownloadError"
    assert "cannot be opened safely" in words or "cut short" in words
    assert seconds < 20
    assert megabytes < KERNEL_MEGABYTES


def test_a_first_frame_of_a_few_kilobytes_takes_no_gigabytes_of_the_kernel(put):
    bomb = files.wide_jpeg2000()
    assert len(bomb) < 4_000
    (kind, words), seconds, megabytes = kernel("image", "prepare", put(bomb, "frame.jp2"), "(1920, 1080)")
    assert kind == "RequestError"
    assert "cannot be opened safely" in words or "cannot be read" in words
    assert seconds < 20
    assert megabytes < KERNEL_MEGABYTES


# -- the process ----------------------------------------------------------------------------------------------


@pytest.fixture
def own_process(monkeypatch):
    """No process runs before the test, and none after it; returns how to change what the next one does."""
    process.close()
    boot = process._BOOT
    yield lambda code: monkeypatch.setattr(process, "_BOOT", boot.replace("; main()", f"; {code}; main()"))
    process.close()


def does(task, code):
    """Return code that makes the process do something else for a task."""
    return f"import os, time; from ltxv_nb.media.worker import tasks; tasks.TASKS[{task!r}] = lambda body, **given: {code}"


def test_a_crash_ends_the_process_and_not_the_kernel_and_the_next_file_is_opened(
    put, own_process, monkeypatch
):
    path = put(files.clip())
    own_process(does("poster", "os.abort()"))
    with pytest.raises(DownloadError, match=r"cannot be opened safely: the process that read it crashed"):
        poster(path)
    monkeypatch.undo()
    assert poster(path).startswith(b"\xff\xd8")


def test_a_clip_that_takes_no_end_of_memory_loses_its_place_in_a_mosaic_and_no_other_does(put):
    good, bomb = put(files.clip(sound=True)), put(files.many_samples(3), "bomb.mp4")
    videos = [Video(path, None, 64, 36, 6.0, 25.0, True, 0, "", "") for path in (bomb, good)]
    tiles = [Tile(video, str(number)) for number, video in enumerate(videos)]
    path = save_tiles(tiles, good.with_name("all.mp4"), sound="1")
    facts = probe(path)
    assert (facts.duration, facts.has_audio) == (6.0, True)
    assert not list(path.parent.glob("*.part"))


def test_a_file_that_takes_for_ever_is_given_up(put, own_process, monkeypatch):
    path = put(files.clip())
    own_process(does("poster", "time.sleep(60)"))
    monkeypatch.setitem(process._ALLOWANCES, "poster", process._Allowance(0.5, 1000))
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"cannot be opened safely: it took longer than 0\.5 seconds"):
        poster(path)
    assert time.monotonic() - begun < 10


def test_a_file_that_takes_too_much_of_the_processor_is_given_up(put, own_process, monkeypatch):
    path = put(files.clip())
    own_process(does("poster", "[0 for _ in iter(int, 1)]") + "; from ltxv_nb.media.worker import limits; "
                "real = limits.allow_processor; limits.allow_processor = lambda seconds: real(1)")  # fmt: skip
    with pytest.raises(DownloadError, match="seconds of processor time"):
        poster(path)


def test_too_much_memory_is_said_to_be_that(put, own_process):
    path = put(files.clip())
    own_process(does("poster", "bytearray(3 << 30)"))
    with pytest.raises(DownloadError, match=r"cannot be opened safely: it needs more than \d+ MB of memory"):
        poster(path)
    assert probe(path).duration == 6.0


@pytest.mark.parametrize(
    "answer",
    [
        "({}, b'x' * (9 << 20))",  # more than a poster may be
        "({'a': 'x' * 70_000}, b'')",  # more words than there may be
        "({}, b'<script>')",  # no JPEG
        "os.write(7, b'') or ({}, b'')",
        "os._exit(0)",
    ],
)
def test_an_answer_that_cannot_be_right_is_not_believed(put, own_process, answer):
    path = put(files.clip())
    own_process(does("poster", answer))
    with pytest.raises(DownloadError):
        poster(path)


@pytest.mark.parametrize(
    "facts",
    [
        "{}",
        "{'width': -1, 'height': 36, 'duration': 6.0, 'fps': 25.0, 'has_audio': False, 'open_ended': False}",
        "{'width': True, 'height': 36, 'duration': 6.0, 'fps': 25.0, 'has_audio': False, 'open_ended': False}",
        "{'width': 64, 'height': 36, 'duration': float('nan'), 'fps': 25.0, 'has_audio': 0, 'open_ended': 0}",
        "{'width': '64', 'height': 36, 'duration': 6.0, 'fps': 25.0, 'has_audio': 0, 'open_ended': 0}",
    ],
)
def test_facts_of_the_wrong_type_are_not_believed(put, own_process, facts):
    path = put(files.clip())
    own_process(does("probe", f"({facts}, b'')"))
    with pytest.raises(DownloadError, match="cannot be read"):
        probe(path)


def test_the_process_knows_no_key_and_looks_into_no_folder_of_the_user(
    put, own_process, monkeypatch, tmp_path
):
    monkeypatch.setenv("AIMLAPI_API_KEY", "sk-secret")
    monkeypatch.setenv("SOME_TOKEN", "sk-secret")
    monkeypatch.chdir(tmp_path)
    for name in ("random.py", "struct.py", "json.py", "PIL.py", "av.py"):
        put(b"raise SystemExit('the wrong module')", name)
    monkeypatch.syspath_prepend("")
    path = put(files.clip())
    assert probe(path).duration == 6.0
    if sys.platform == "linux":
        environment = Path(f"/proc/{process._process._popen.pid}/environ").read_bytes()
        assert b"sk-secret" not in environment


def test_the_process_is_kept_and_a_killed_or_idle_one_is_replaced(put, own_process):
    path = put(files.clip())
    probe(path)
    first = process._process._popen
    probe(path)
    assert process._process._popen is first
    first.kill()
    assert probe(path).duration == 6.0
    assert process._process._popen is not first


def test_many_files_are_opened_with_one_thread_that_limits_their_time(put, own_process):
    path = put(files.clip())
    probe(path)
    before = {thread.ident for thread in threading.enumerate()}
    for _ in range(3):
        probe(path)
    assert {thread.ident for thread in threading.enumerate()} <= before
    process.close()
    for thread in threading.enumerate():
        if thread.name == "ltxv-file-limit":
            thread.join(5)
            assert not thread.is_alive()


def test_a_process_that_has_nothing_to_do_ends_itself(put, own_process):
    path = put(files.clip())
    own_process("import ltxv_nb.media.worker.__main__ as own; own.IDLE_SECONDS = 0.2")
    probe(path)
    assert process._process._popen.wait(20) == 0
    assert probe(path).duration == 6.0


def test_importing_and_making_a_client_start_no_process(tmp_path):
    code = (
        "import ltxv_nb, subprocess; ltxv_nb.Client(backend='sandbox', home='h').close(); "
        "from ltxv_nb.media.worker import process; print(process._process)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "None"


def test_a_process_whose_libraries_are_missing_says_nothing_against_the_file(put, own_process, tmp_path):
    part = put(files.clip(), "clip.mp4.part")
    own_process("sys.modules['av'] = None")
    with pytest.raises(process.WorkerUnavailable, match=r"cannot be started \(it ended with status 1\)"):
        finish(part, tmp_path / "clip.mp4")
    assert part.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_process_of_its_own_and_the_parent_keeps_its_own(put, own_process, tmp_path):
    path = put(files.clip())
    probe(path)
    parents, told = process._process._popen.pid, tmp_path / "told"
    child = os.fork()
    if not child:
        try:
            facts = probe(path)
            told.write_text(json.dumps([facts.duration, process._process._popen.pid]))
            process.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    duration, childs = json.loads(told.read_text())
    assert duration == 6.0
    assert childs != parents
    assert probe(path).duration == 6.0
    assert process._process._popen.pid == parents


def test_the_process_ends_with_its_kernel_however_that_ends(put):
    code = (
        "import os, sys, time; from ltxv_nb.media.probe import probe; from ltxv_nb.media.worker import process; "
        "probe(sys.argv[1]); print(process._process._popen.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(put(files.clip()))], stdout=subprocess.PIPE
    ) as parent:
        worker = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    until = time.monotonic() + 20
    while _is_running(worker):
        assert time.monotonic() < until
        time.sleep(0.02)


def _is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_process_that_cannot_be_started_says_nothing_against_the_file(
    put, own_process, monkeypatch, tmp_path
):
    part = put(files.clip(), "clip.mp4.part")
    monkeypatch.setattr(process.sys, "executable", str(tmp_path / "no such program"))
    with pytest.raises(process.WorkerUnavailable, match="cannot be started"):
        finish(part, tmp_path / "clip.mp4")
    assert part.exists()
    monkeypatch.undo()
    assert finish(part, tmp_path / "clip.mp4").duration == 6.0


def test_a_moment_without_threads_says_nothing_against_the_file(put, own_process, monkeypatch, tmp_path):
    part = put(files.clip(), "clip.mp4.part")

    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(process.threading.Thread, "start", refuse)
        with pytest.raises(process.WorkerUnavailable, match="can't start new thread"):
            finish(part, tmp_path / "clip.mp4")
    assert finish(part, tmp_path / "clip.mp4").duration == 6.0


def test_an_interrupt_leaves_no_answer_for_the_next_file(put, own_process, monkeypatch):
    long, short = put(files.clip(), "long.mp4"), put(files.clip(seconds=2), "short.mp4")
    real = process.receive

    def interrupted(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "receive", interrupted)
    with pytest.raises(KeyboardInterrupt):
        probe(long)
    monkeypatch.setattr(process, "receive", real)
    assert probe(short).duration == 2.0


# -- good clips that look bad -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        files.with_a_name_that_is_no_utf8,
        files.with_sound_that_nobody_can_decode,
        files.open_ended,
        files.fragmented,
        functools.partial(files.clip, movflags="dash+global_sidx"),
        functools.partial(files.clip, movflags="frag_keyframe"),
    ],
)
def test_a_good_clip_is_saved_and_shown_however_odd_it_is(put, tmp_path, make):
    final = tmp_path / "clip.mp4"
    facts = finish(put(make(), "clip.mp4.part"), final, seconds=6)
    assert (facts.width, facts.height, facts.doubt) == (64, 36, None)
    assert facts.duration == pytest.approx(6.0, abs=0.05)
    assert poster(final).startswith(b"\xff\xd8")
    assert preview(final)[4:8] == b"ftyp"
    assert last_frame(final).size == (64, 36)


def test_a_picture_that_is_good_is_sent_as_it_was(put):
    assert prepare(put(png(), "a.png"), (1920, 1080)).data == png()
    with pytest.raises(RequestError, match="is not a picture"):
        prepare(put(files.clip(), "a.txt").read_bytes()[100:], (1920, 1080))


def png():
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return out.getvalue()
