"""The kernel's side: starts the process that opens files, asks it, and ends it when it takes too much.

There is one for each kernel. It is started when it is first needed, or a little before by `start`; it ends
with the kernel, after some idle minutes, and whenever a file was too much for it. Then the next task starts
another.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from ltxv_nb.errors import ConfigurationError, DownloadError, LTXVError, RequestError
from ltxv_nb.media.worker.limits import MEMORY, OUT_OF_MEMORY
from ltxv_nb.media.worker.messages import MessageError, receive, send
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger("ltxv_nb")


class _Allowance(NamedTuple):
    """What one task may take: seconds by the clock (and of the processor), and bytes of its answer."""

    seconds: float
    answer: int


#: A good clip of 10 s in 2160p takes a tenth of this on two cores (``benchmarks/bench_files.py``).
_ALLOWANCES = {
    "probe": _Allowance(60, 0),
    "poster": _Allowance(60, 8 << 20),
    "preview": _Allowance(240, 64 << 20),
    "measures": _Allowance(240, 0),
    "place": _Allowance(240, 0),
    "places": _Allowance(600, 0),
    "mosaic": _Allowance(900, 256 << 20),
    "last frame": _Allowance(120, 256 << 20),
    "picture": _Allowance(60, 128 << 20),
    "thumbnail": _Allowance(60, 8 << 20),
}
_MEGABYTES = MEMORY >> 20
#: Seconds before a thread that could not be started is tried again.
_NO_THREAD_PAUSES = (0.05, 0.2, 1.0)
#: Seconds in which it has to load its libraries; it takes 0.2 to 0.3.
START_SECONDS = 60.0

#: The package is found where the kernel has found it; the folder of a notebook, which may hold a
#: ``random.py``, is not looked into.
_BOOT = "import sys; sys.path += sys.argv[1:]; from ltxv_nb.media.worker.__main__ import main; main()"
#: All that the process is told of the environment, so that no key is in it.
_ENVIRONMENT = (
    "PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
)  # fmt: skip


class WorkerUnavailable(DownloadError, ConfigurationError):
    """The process that opens files cannot be started just now; nothing is said about the file."""


class _Unsafe(Exception):
    """A file was too much for the process; the words say how."""


class _Stale(Exception):
    """The process has ended, perhaps not because of this file: it was idle, or had opened others before."""


def start() -> None:
    """Start the process if none runs, without waiting for it; trouble is left to the task that needs it."""
    if not _lock.acquire(blocking=False):
        return  # somebody is using it
    try:
        _running()
    except WorkerUnavailable as error:
        _log.debug("%s", error)
    finally:
        _lock.release()


def close() -> None:
    """End the process, unless a task is under way."""
    global _process  # noqa: PLW0603 - one in a kernel
    if _lock.acquire(blocking=False):
        try:
            if _process is not None:
                _process.end()
            _process = None
        finally:
            _lock.release()


def of_video(task: str, path: str | os.PathLike[str], **arguments: Any) -> tuple[dict[str, Any], bytes]:
    """Have something done with a video file.

    Parameters
    ----------
    task : str
        One of the tasks that take a path.
    path : path-like
        The file.
    **arguments
        Those of the task; JSON.

    Returns
    -------
    tuple of dict and bytes
        What the process says; the caller checks it.

    Raises
    ------
    DownloadError
        The file cannot be read, or cannot be opened safely.
    WorkerUnavailable
        The process cannot be started; a `DownloadError` that says nothing about the file.
    """
    try:
        return _ask(task, {"path": os.path.abspath(path), **arguments})  # noqa: PTH100 - any path-like
    except _Unsafe as error:
        raise DownloadError(
            f"The video {os.fspath(path)} cannot be opened safely: {error}. Download it again."
        ) from None


def of_picture(task: str, data: bytes, name: str, **arguments: Any) -> tuple[dict[str, Any], bytes]:
    """Have something done with a picture file, as `of_video`.

    Raises
    ------
    RequestError
        It cannot be read, or cannot be opened safely; it is called `name`.
    WorkerUnavailable
        The process cannot be started.
    """
    try:
        return _ask(task, {"name": name, **arguments}, data)
    except _Unsafe as error:
        raise RequestError(
            f"{name} cannot be opened safely: {error}. Save it again as a PNG or JPEG, in a smaller size."
        ) from None


def of_files(task: str, what: str, **arguments: Any) -> tuple[dict[str, Any], bytes]:
    """Have something made of several files, as `of_video`; it is called `what`.

    Raises
    ------
    ConfigurationError
        It cannot be made: it takes more memory or time than the process has.
    """
    try:
        return _ask(task, arguments)
    except WorkerUnavailable:
        raise
    except (_Unsafe, DownloadError) as error:
        raise ConfigurationError(
            f"{what} cannot be made: {str(error).rstrip('.')}. Choose fewer or shorter clips."
        ) from None


def _ask(task: str, arguments: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
    with _lock:
        try:
            reply, data = _running().ask(task, arguments, body)
        except _Stale:
            reply, data = _running().ask(task, arguments, body)
    if isinstance(facts := reply.get("facts"), dict):
        return facts, data
    raise _error(str(reply.get("error")), one_line(str(reply.get("words")), 2000))


def _error(kind: str, words: str) -> LTXVError | _Unsafe:
    if kind == "video":
        return DownloadError(words)
    if kind == "picture":
        return RequestError(words)
    return _Unsafe(f"it needs more than {_MEGABYTES} MB of memory" if kind == "memory" else words)


class _TimeLimit:
    """Does something when a task takes too long; one thread for all the tasks of a process.

    A new limit wakes the thread only if it would sleep past it: mostly it sleeps through many tasks.

    Parameters
    ----------
    act : callable
        What is done then.

    Attributes
    ----------
    passed : bool
        Whether it was done since the last `begin`.
    """

    def __init__(self, act: Callable[[], object]) -> None:
        self._act, self.passed = act, False
        self._changed = threading.Condition()
        self._until, self._sleeps_until, self._over = math.inf, 0.0, False
        self._thread = threading.Thread(target=self._watch, name="ltxv-file-limit", daemon=True)
        _start_patiently(self._thread)

    def begin(self, seconds: float) -> None:
        """Limit what begins now."""
        with self._changed:
            self.passed = False
            self._until = time.monotonic() + seconds
            if self._until < self._sleeps_until:
                self._changed.notify()

    def lift(self) -> None:
        """What was limited has ended."""
        self._until = math.inf

    def end(self) -> None:
        """Let the thread end."""
        with self._changed:
            self._over = True
            self._changed.notify()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _watch(self) -> None:
        with self._changed:
            while not self._over:
                left = self._until - time.monotonic()
                if left <= 0:
                    self.passed = True
                    self._act()
                    return
                self._sleeps_until = self._until
                self._changed.wait(None if self._until == math.inf else left)


class _Process:
    """One process, from its start to its end."""

    def __init__(self) -> None:
        group: dict[str, Any] = {"start_new_session": True}  # an interrupt of the kernel is not for it
        if sys.platform == "win32":
            group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        try:
            self._popen = subprocess.Popen(  # noqa: S603 - our own module, by the running interpreter
                [sys.executable, "-I", "-S", "-X", f"utf8={sys.flags.utf8_mode}", "-c", _BOOT, *_folders()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=tempfile.gettempdir(),
                env=_environment(),
                **group,
            )
        except OSError as error:
            raise _unavailable(error.strerror or str(error)) from error
        self._questions = cast("BinaryIO", self._popen.stdin)
        self._answers = cast("BinaryIO", self._popen.stdout)
        self._is_ready, self._is_new = False, True
        self._limit: _TimeLimit | None = None

    def is_alive(self) -> bool:
        return self._popen.poll() is None

    def ask(self, task: str, arguments: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Have a task done, in the time that it may take."""
        allowance = _ALLOWANCES[task]
        self._wait_until_ready()
        head = {"task": task, "arguments": arguments, "seconds": allowance.seconds}
        try:
            with self._killed_after(allowance.seconds) as limit:
                send(self._questions, head, body)
                answer = receive(self._answers, allowance.answer)
        except (OSError, EOFError, MessageError):
            code = self.end(patience=1.0)
            if limit.passed:
                raise _Unsafe(f"it took longer than {allowance.seconds:g} seconds") from None
            if not self._is_new:
                raise _Stale from None
            raise _Unsafe(_how_it_ended(code, allowance)) from None
        self._is_new = False
        return answer

    def _wait_until_ready(self) -> None:
        """Wait until it has loaded its libraries; what goes wrong before that is no file's fault."""
        if self._is_ready:
            return
        try:
            with self._killed_after(START_SECONDS):
                receive(self._answers, 0)
        except (OSError, EOFError, MessageError):
            raise _unavailable(f"it ended with status {self.end(patience=1.0)}") from None
        self._is_ready = True

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[_TimeLimit]:
        """End it when something takes too long; yields what tells whether it did."""
        if self._limit is None:
            try:
                self._limit = _TimeLimit(self._popen.kill)
            except RuntimeError as error:  # no more threads, not only for a moment
                raise _unavailable(str(error)) from error
        self._limit.begin(seconds)
        try:
            yield self._limit
        except Exception:
            raise
        except BaseException:
            self.end()  # interrupted: its answer would be taken for that of the next task
            raise
        finally:
            self._limit.lift()

    def end(self, patience: float = 0.0) -> int:
        """End it, after some seconds in which it may do so itself; returns its exit status."""
        try:
            self._popen.wait(patience)
        except subprocess.TimeoutExpired:
            self._popen.kill()
        code = self._popen.wait()
        if self._limit is not None:
            self._limit.end()
        for pipe in (self._questions, self._answers):
            with contextlib.suppress(OSError):  # something was still to be sent
                pipe.close()
        return code

    def leave(self) -> None:
        """In a forked child: it is the parent's; only let go of the pipes, or it outlives the parent.

        Another thread may have been writing, so that the pipes are not closed, which writes what is left, but
        replaced.
        """
        self._popen.returncode = 0  # neither waited for nor warned about here
        nowhere = os.open(os.devnull, os.O_RDWR)
        for pipe in (self._questions, self._answers):
            os.dup2(nowhere, pipe.fileno(), inheritable=False)
        os.close(nowhere)


def _start_patiently(thread: threading.Thread) -> None:
    """Start a thread, a little later where the machine has none to spare just now."""
    for pause in _NO_THREAD_PAUSES:
        try:
            return thread.start()
        except RuntimeError:
            time.sleep(pause)
    return thread.start()


def _how_it_ended(code: int, allowance: _Allowance) -> str:
    import signal

    if code == OUT_OF_MEMORY:
        return f"it needs more than {_MEGABYTES} MB of memory"
    if code == -getattr(signal, "SIGXCPU", -1):
        return f"it took more than {allowance.seconds:g} seconds of processor time"
    return "the process that read it crashed"


def _unavailable(reason: str) -> WorkerUnavailable:
    return WorkerUnavailable(
        f"The process in which files are opened cannot be started ({reason}): "
        "close some programs, then try again."
    )


def _folders() -> list[str]:
    """Return where the process looks for modules, after the standard library: where the kernel does."""
    here = os.path.abspath("")  # noqa: PTH100
    package = str(Path(__file__).resolve().parents[3])
    given = [folder for folder in sys.path if os.path.isabs(folder) and folder != here]  # noqa: PTH117
    return list(dict.fromkeys([package, *given]))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # glibc sets addresses aside for each thread, which would count as memory.
    return {**kept, "MALLOC_ARENA_MAX": "2"}


def _running() -> _Process:
    """Return the process, a new one if there is none; to be called under the lock."""
    global _process  # noqa: PLW0603 - one in a kernel
    if _process is not None and not _process.is_alive():
        _process.end()
        _process = None
    if _process is None:
        _process = _Process()
    return _process


def _after_fork() -> None:
    """In a forked child: the lock may stand locked, and the process is the parent's."""
    global _process, _lock  # noqa: PLW0603 - one in a kernel
    _lock = threading.Lock()
    if _process is not None:
        _process.leave()
        _left.append(_process)
    _process = None


#: In a forked child, the parents' processes: to be dropped could wait for a lock that stays locked.
_left: list[_Process] = []
_process: _Process | None = None
#: One task at a time.
_lock = threading.Lock()
atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
