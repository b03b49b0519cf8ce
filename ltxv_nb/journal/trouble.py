"""What is wrong with the journal's file, in one sentence for a person."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ltxv_nb.errors import JournalError, LTXVError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = "cannot be written, because the disk is full: make room"
_DAMAGED = "is damaged: move it away to start a new one (its videos stay where they are)"
_FAILING = "cannot be read or written (disk I/O error): see whether the disk is full or failing"
_HELD = "is held by another program: close it, and try again"

#: By SQLite's primary result code (https://sqlite.org/rescode.html): BUSY, LOCKED, IOERR, CORRUPT, FULL,
#: NOTADB.
_BY_CODE = {5: _HELD, 6: _HELD, 10: _FAILING, 11: _DAMAGED, 13: _FULL, 26: _DAMAGED}

#: By SQLite's own fixed words, for Python 3.10, whose exceptions do not carry the code.
_BY_WORDS = {
    "database is locked": _HELD,
    "database table is locked": _HELD,
    "disk I/O error": _FAILING,
    "database disk image is malformed": _DAMAGED,
    "database or disk is full": _FULL,
    "file is not a database": _DAMAGED,
}

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Raise `JournalError`, with a sentence, in place of what SQLite and the disk raise."""
    try:
        yield
    except LTXVError:
        raise
    except (sqlite3.Error, OSError, ValueError) as error:
        raise JournalError(words(path, error)) from error


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether another program is writing just now."""
    return _known(error) == _HELD


def words(path: Path, error: Exception) -> str:
    """Return the sentence for an error."""
    if isinstance(error, UnicodeEncodeError):
        near = error.object[max(0, error.start - 20) : error.start + 1]
        return (
            f"A folder name, model or option holds a character that cannot be written down, "
            f"the last one of {near!a}: write it anew, or choose another."
        )
    return f"The journal at {path} {_what(error)}, or set LTXV_HOME to another folder."


def _what(error: Exception) -> str:
    if isinstance(error, OSError):
        return _FULL if error.errno in _NO_ROOM else _not_writable(error.strerror or str(error))
    if isinstance(error, sqlite3.Error):
        return _known(error) or _not_writable(str(error))
    return _DAMAGED  # a row that cannot be read as what it should be


def _known(error: sqlite3.Error) -> str | None:
    code = getattr(error, "sqlite_errorcode", None)
    # Extended codes hold the primary one in their lowest byte.
    return _BY_WORDS.get(str(error)) if code is None else _BY_CODE.get(code & 0xFF)


def _not_writable(reason: str) -> str:
    return f"cannot be written ({reason}): check the folder's permissions"
