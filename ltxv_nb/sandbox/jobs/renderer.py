"""The rendered clips: a folder of files named after their request, and the worker process that makes them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ltxv_nb.files import write_whole
from ltxv_nb.sandbox.drawing.clip import ClipSpec, image_file

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

#: Clips and first frames together take at most this many bytes; the least recently used are deleted first.
MAX_STORED = 2 * 1024**3


class Renderer:
    """Renders each clip once, one after another, in a process of lower priority.

    One worker: it already keeps two cores busy, and one 2160p clip at a time keeps memory small.

    Parameters
    ----------
    folder : Path
        Where ``clips/`` and ``images/`` are.
    max_stored : int
        Bytes that both may take together.
    clips : Path, optional
        Another folder for the clips, which other sandboxes may use at the same time.
    """

    def __init__(self, folder: Path, max_stored: int = MAX_STORED, clips: Path | None = None) -> None:
        self.clips, self._images = clips or folder / "clips", folder / "images"
        self._max_stored = max_stored
        for own in (self.clips, self._images):
            own.mkdir(parents=True, exist_ok=True)
        for unfinished in self.clips.glob("*.part") if clips is None else ():
            unfinished.unlink(missing_ok=True)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._worker: subprocess.Popen[str] | None = None
        self._tasks: dict[str, asyncio.Task[str]] = {}
        self._closed = False

    def warm_up(self) -> None:
        """Start the worker now, so that the first clip does not wait for it."""
        self._pool.submit(self._start)

    def path(self, spec: ClipSpec) -> Path:
        """Return where a clip is, or will be."""
        return self.clips / f"{spec.key}.mp4"

    def has(self, spec: ClipSpec) -> bool:
        """Whether a clip is rendered."""
        return self.path(spec).exists()

    def store_image(self, data: bytes) -> str:
        """Store a first frame and return its reference."""
        name = hashlib.sha256(data).hexdigest()
        path = self._images / name
        if not path.exists():
            write_whole(path, data)
        return f"sha256:{name}"

    def render(self, spec: ClipSpec, done: Callable[[str], None]) -> None:
        """Render a clip unless it exists; then call ``done`` with what went wrong, or ``""``."""
        task = self._tasks.get(spec.key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._render(spec))
            self._tasks[spec.key] = task
            task.add_done_callback(lambda _task: self._tasks.pop(spec.key, None))
        task.add_done_callback(lambda task: None if task.cancelled() else done(task.result()))

    async def _render(self, spec: ClipSpec) -> str:
        path = self.path(spec)
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return ""
        answer = await asyncio.get_running_loop().run_in_executor(self._pool, self._run_worker, spec)
        self._free_space(keep=path)
        return answer

    def _run_worker(self, spec: ClipSpec) -> str:
        """Let the worker render a clip; start another if it dies. Runs in the pool's one thread."""
        task = {"spec": asdict(spec), "path": str(self.path(spec)), "images": str(self._images)}
        for _ in range(2):
            if self._closed:
                break
            worker = self._start()
            assert worker.stdin is not None
            assert worker.stdout is not None
            with contextlib.suppress(OSError):
                worker.stdin.write(json.dumps(task) + "\n")
                worker.stdin.flush()
                if line := worker.stdout.readline():
                    return str(json.loads(line))
            log.warning("the worker ended while it rendered %s", spec.key)
        return "the process that renders clips ended unexpectedly"

    def _start(self) -> subprocess.Popen[str]:
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "ltxv_nb.sandbox.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                # Away from the notebook's folder, where a file may bear the name of a module.
                cwd=self.clips,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
                creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
                | getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        return self._worker

    def _free_space(self, keep: Path) -> None:
        """Delete the least recently used files until the rest fits."""
        files = [*self.clips.iterdir(), *self._images.iterdir()]
        stats = []
        for file in (file for file in files if file.suffix != ".part"):
            with contextlib.suppress(FileNotFoundError):  # another sandbox may use the same folder
                stats.append((file.stat().st_mtime, file.stat().st_size, file))
        stats.sort()
        total = sum(size for _, size, _ in stats)
        for _, size, file in stats:
            if total <= self._max_stored:
                return
            if file != keep:
                file.unlink(missing_ok=True)
                total -= size

    def has_images(self, spec: ClipSpec) -> bool:
        """Whether the first and the last frame of a clip are stored, as far as they are needed."""
        needed = [one for one in (spec.image, spec.last_image) if one.startswith("sha256:")]
        return all(image_file(self._images, one).exists() for one in needed)

    def close(self) -> None:
        """End the worker; the next service renders an unfinished clip again from its start."""
        self._closed = True
        if self._worker is not None and self._worker.poll() is None:
            self._worker.kill()
            self._worker.wait()
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._worker is not None:
            for pipe in (self._worker.stdin, self._worker.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()


def _import_path() -> list[str]:
    """Return the folders that the worker imports from first: the user's, and this package's."""
    given = [
        str(Path(part).absolute()) for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part
    ]
    return [*given, str(Path(__file__).resolve().parents[3])]
