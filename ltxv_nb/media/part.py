"""The unfinished file of a download, and what is known of the whole it belongs to."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.probe import FRAMES_SHORT, Probe, probe
from ltxv_nb.media.worker.process import WorkerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
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
            self.note(whole)
            self.path.touch()

    def note(self, whole: Whole) -> None:
        """Write down what the bytes belong to."""
        with _in_words(self.path):
            self._note.write_text(json.dumps({"validator": whole.validator, "total": whole.total}), "utf-8")

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


class Doubtful(DownloadError):
    """What arrived can be played, but something speaks against its being whole; it was dropped.

    Attributes
    ----------
    content : str
        Hash of the file: the same once more is what its host has.
    """

    def __init__(self, doubt: str, content: str) -> None:
        super().__init__(f"The video {doubt}. Download it again.")
        self.content = content


def finish(part: Path, final: Path, *, seconds: float | None = None, known: Collection[str] = ()) -> Probe:
    """Check a complete part and give it its final name, in one step that cannot be seen half done.

    Parameters
    ----------
    part : pathlib.Path
        The part, all of it there.
    final : pathlib.Path
        Its name; what is there under that name is replaced. Both are on one disk.
    seconds : float, optional
        How long the clip should be, in seconds.
    known : collection of str
        The content of doubtful files that came before. The same again is kept, and its `Probe.doubt` says
        what speaks against it: it is paid for, and its host has no other.

    Returns
    -------
    Probe
        The video's facts.

    Raises
    ------
    Doubtful
        It is shorter than it should be, or its end cannot be decoded; it was dropped.
    WorkerUnavailable
        It cannot be checked just now; the part stays.
    DownloadError
        It is not a whole video, and was dropped so that the next download starts afresh; or the disk refused.
    """
    facts = _check(part, seconds, known)
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


def _check(part: Path, seconds: float | None, known: Collection[str]) -> Probe:
    """Return the facts of a part; drops one that cannot be taken, whatever is wrong with it."""
    try:
        facts = probe(part)
        doubt = facts.doubt or _doubt(facts, seconds, is_length_known=Part(part).whole().total is not None)
        if doubt is None:
            return facts
        content = _content(part)
        if content not in known:
            raise Doubtful(doubt, content)  # noqa: TRY301 - dropped below, as all that is not taken
        return replace(facts, doubt=doubt)
    except WorkerUnavailable:
        raise
    except DownloadError:
        Part(part).remove()
        raise
    except Exception as error:
        Part(part).remove()
        raise DownloadError(f"The video cannot be checked ({error!r}). Download it again.") from error


def _doubt(facts: Probe, seconds: float | None, *, is_length_known: bool) -> str | None:
    """Return what speaks against a file by what is known beside it."""
    if seconds is not None and facts.duration < seconds - FRAMES_SHORT / (facts.fps or 25):
        return f"lasts {facts.duration:.2f} s, and {seconds:g} s were requested"
    if seconds is None and facts.open_ended and not is_length_known:
        return "may be cut short: nothing tells how long it should be"
    return None


def _content(path: Path) -> str:
    """Return a hash of a file."""
    hashed = hashlib.sha256()
    with _in_words(path), path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can (Windows cannot open folders)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
