"""The unfinished file of a download, and what is known of the whole it belongs to."""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.probe import Probe, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

#: Free space to leave on the disk, in bytes: the journal and the notebook may be on it too.
DISK_MARGIN = 32 << 20

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class DiskFull(DownloadError):
    """The disk has no space left for the video."""


def in_megabytes(size: int) -> str:
    """Say a number of bytes in words: ``12.3 MB``."""
    return f"{size / 1e6:.1f} MB"


@dataclass(frozen=True)
class Whole:
    """The file on the server that a part belongs to.

    Attributes
    ----------
    validator : str or None
        What names this very version of it: a strong ETag, else its time of change. ``None`` when the server
        gave neither, so that a part of it cannot be continued.
    total : int or None
        Its length, in bytes, when known.
    """

    validator: str | None = None
    total: int | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str], total: int | None) -> Whole:
        """Read the validator from an answer's headers."""
        tag = headers.get("ETag", "")
        strong = tag if tag.startswith('"') else None
        return cls(strong or headers.get("Last-Modified"), total)


class Part:
    """A file that is being filled, with a small JSON file beside it that tells what it is a part of.

    Parameters
    ----------
    path : pathlib.Path
        The file; ``<path>.json`` is beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(path.name + ".json")

    def size(self) -> int:
        """Return how many bytes are there."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def whole(self) -> Whole:
        """Return what the bytes that are there belong to; nothing is known of a part without its note."""
        try:
            note: Any = json.loads(self._note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return Whole()
        if not isinstance(note, dict):
            return Whole()
        validator, total = note.get("validator"), note.get("total")
        return Whole(
            validator if isinstance(validator, str) else None, total if isinstance(total, int) else None
        )

    def start(self, whole: Whole) -> None:
        """Begin anew: drop the bytes first, so that old ones are never taken for those of another file."""
        self.remove()
        with _in_words(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._note.write_text(json.dumps({"validator": whole.validator, "total": whole.total}), "utf-8")
            self.path.touch()

    @contextlib.contextmanager
    def appender(self) -> Iterator[Callable[[bytes], None]]:
        """Open the part for adding; yields the function that adds bytes at the end.

        When the disk is full, what was written is dropped: the video can be fetched again, while the journal
        and the notebook, which may be on the same disk, need the space now.
        """
        try:
            with _in_words(self.path):
                file = self.path.open("ab")
            try:
                yield functools.partial(_write, file, self.path)
            finally:
                with _in_words(self.path):
                    file.close()
        except DiskFull:
            self.remove()
            raise

    def remove(self) -> None:
        """Drop the bytes and the note."""
        with _in_words(self.path):
            self.path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)

    def check_space(self, missing: int) -> None:
        """Check that the disk has space for the bytes that are still to come.

        Raises
        ------
        DownloadError
            It has not.
        """
        with _in_words(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.path.parent).free
        if free < missing + DISK_MARGIN:
            raise DiskFull(
                f"The disk under {self.path.parent} has {in_megabytes(free)} free, and the video needs "
                f"{in_megabytes(missing + DISK_MARGIN)}. Make room, then resume."
            )


def _write(file: BinaryIO, path: Path, data: bytes) -> None:
    with _in_words(path):
        file.write(data)


@contextlib.contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Say what the disk refused in one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _NO_ROOM:
            raise DiskFull(
                f"The video does not fit on the disk under {path.parent} ({reason}). Make room, then resume."
            ) from error
        raise DownloadError(
            f"The video cannot be written to {path.parent} ({reason}). Make the folder writable, then resume."
        ) from error


def finish(part: Path, final: Path) -> Probe:
    """Check a complete part and give it its final name, in one step that cannot be seen half done.

    Parameters
    ----------
    part : pathlib.Path
        The part, all of it there.
    final : pathlib.Path
        Its name; what is there under that name is replaced. Both are on one disk.

    Returns
    -------
    Probe
        The video's facts.

    Raises
    ------
    DownloadError
        It is not a whole video, and was dropped so that the next download starts afresh; or the disk refused.
    """
    try:
        facts = probe(part)
    except DownloadError:
        Part(part).remove()
        raise
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(final)
        _sync_folder(final.parent)
    except OSError as error:
        raise DownloadError(
            f"The video cannot be saved as {final} ({error.strerror or error}). "
            "Close what holds it or make the folder writable, then resume."
        ) from error
    Part(part).remove()
    return facts


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can (Windows cannot open folders)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
