"""Saving clips side by side: as one video, one picture, one page, or a table; the file's name says which."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ltxv_nb import files, tables
from ltxv_nb.arrangement import Arrangement, arrange
from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.media.measures import MEASURES
from ltxv_nb.media.mosaic_frames import MARK

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from ltxv_nb.tiles import Tile

SUFFIXES = (".mp4", ".png", ".html", ".csv")
#: Bytes at the beginning of a file in which it says that it was exported here.
_LOOKED_INTO = 4 << 20


def save_tiles(
    tiles: Sequence[Tile],
    path: str | os.PathLike[str],
    *,
    records: Sequence[Mapping[str, Any]] = (),
    rows: str | Sequence[str] | None = None,
    columns: str | Sequence[str] | int | None = None,
    axes: Mapping[str, Sequence[str]] | None = None,
    sound: str | bool = True,
    title: str = "",
    overwrite: bool = False,
) -> Path:
    """Save clips side by side; the file is written whole or not at all.

    Parameters
    ----------
    tiles : sequence of Tile
        The clips.
    path : path-like
        ``.mp4`` is one video of all, in step, with labels and the sound of one of them; ``.png`` a contact
        sheet; ``.html`` a page with players in step, which needs nothing beside it; ``.csv`` the records.
        Its folder is made if need be.
    records : sequence of mapping
        The rows of a table; columns are those of the first, and whatever others have beyond them.
    rows, columns, axes
        As in `arrange`.
    sound : str or bool
        As in `mosaic`.
    title : str
        A line above all.
    overwrite : bool
        Whether a file that is there may be replaced although it was not exported by this package.

    Returns
    -------
    Path
        Where the file is.

    Raises
    ------
    RequestError
        The name ends in something else, an axis is unknown, no clip can be shown, or a file is in the way.
    ConfigurationError
        The file cannot be written, or the clips are too much for the process that opens them.
    """
    target = _target(path)
    kind = target.suffix.lower()
    if target.is_dir():
        raise RequestError(f"{target} is a folder: give the name of a file.")
    header = _columns(records)
    if target.exists() and not overwrite and not _is_ours(target, header):
        raise RequestError(
            f"{target} is there already, and was not exported by ltxv-nb: choose another name, or pass "
            "overwrite=True."
        )
    if kind == ".csv":
        return _write(target, tables.csv_text(records, header))
    return _write(target, _made(kind, arrange(tiles, rows, columns, axes), sound, title))


def _target(path: str | os.PathLike[str]) -> Path:
    target = Path(path)
    with contextlib.suppress(RuntimeError):  # the "~" of an unknown user
        target = target.expanduser()
    if target.suffix.lower() not in SUFFIXES or "\0" in str(target):
        raise RequestError(f"{str(path)!r} can end in {', '.join(SUFFIXES)}: the ending says what is saved.")
    return target.absolute()


def _made(kind: str, arrangement: Arrangement, sound: str | bool, title: str) -> bytes | str:
    if kind == ".mp4":
        from ltxv_nb.media.mosaic import mosaic

        return mosaic(arrangement, sound=sound, title=title)
    if kind == ".png":
        from ltxv_nb.media.contact_sheet import contact_sheet

        return contact_sheet(arrangement, title=title)
    from ltxv_nb.media.page import page

    return page(arrangement, sound=sound, title=title)


def _columns(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _is_ours(path: Path, header: Sequence[str]) -> bool:
    """Whether a file says that it was exported here; a table does so by its columns."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_LOOKED_INTO)
    except OSError as error:
        raise _not_written(path, error) from None
    if path.suffix.lower() == ".csv":
        first = beginning.partition(b"\n")[0].decode("utf-8", "replace")
        return first in {"", ",".join(header)} or ",".join(MEASURES) in first
    return not beginning or MARK.encode() in beginning


def _write(path: Path, content: bytes | str) -> Path:
    try:
        files.write_whole(path, content)
    except OSError as error:
        raise _not_written(path, error) from None
    return path


def _not_written(path: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(f"{path} cannot be written ({error.strerror or error}): choose another place.")
