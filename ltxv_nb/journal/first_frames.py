"""Pictures, videos and sounds of journalled jobs: stored as files under their hash, never inside the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import JournalError
from ltxv_nb.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ltxv_nb.media.image import FirstFrame


#: The name under which a row keeps a file other than the first frame.
_FILE = "$file"
#: Endings of file names where the media type's own word is not the usual one.
_SUFFIXES = {"mpeg": "mp3", "quicktime": "mov"}


def store(frame: FirstFrame, home: Path) -> dict[str, Any]:
    """Store a first frame and return what the journal's row says of it.

    Parameters
    ----------
    frame : FirstFrame
        What is about to be sent.
    home : Path
        The journal's folder.

    Returns
    -------
    dict
        ``{"url": …}`` for an address; ``{"sha256": …, "file": …, "media_type": …}`` for a local image.

    Raises
    ------
    JournalError
        The file cannot be written.
    """
    if frame.data is None:
        return {"url": frame.url}
    suffix = (frame.media_type or "image/jpeg").rpartition("/")[2]
    suffix = _SUFFIXES.get(suffix, suffix)
    target = home / "images" / f"{frame.sha256}.{suffix}"
    if not target.exists():
        try:
            write_whole(target, frame.data, durable=True)
        except OSError as error:
            raise JournalError(
                f"The image cannot be stored in {target.parent} ({error.strerror or error}): "
                f"check the folder, or set LTXV_HOME to another one. Nothing was sent."
            ) from None
    return {"sha256": frame.sha256, "file": f"images/{target.name}", "media_type": frame.media_type}


def store_all(files: Mapping[str, FirstFrame | list[FirstFrame]], home: Path) -> dict[str, Any]:
    """Store the files of a request, and return what the journal's row says of them, by parameter.

    A first frame stands there as in version 0.1; every other file under ``$file``, alone or in a list.
    """
    rows: dict[str, Any] = {}
    for name, file in files.items():
        stored = [store(one, home) for one in file] if isinstance(file, list) else store(file, home)
        rows[name] = stored if name == "image" and isinstance(stored, dict) else {_FILE: stored}
    return rows


def _is_file(name: str, value: Any) -> bool:
    return isinstance(value, dict) and (name == "image" or set(value) == {_FILE})


def sources(asked: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """Return the parameters in a row's request, with files as they can be given again."""
    return {name: _given(value, home) if _is_file(name, value) else value for name, value in asked.items()}


def _given(value: dict[str, Any], home: Path) -> Any:
    stored = value.get(_FILE, value)
    return [source(one, home) for one in stored] if isinstance(stored, list) else source(stored, home)


def settings_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters in a row's request without the prompt and without files."""
    return {name: value for name, value in asked.items() if name != "prompt" and not _is_file(name, value)}


def source(stored: dict[str, Any] | None, home: Path) -> Any:
    """Return what can be given as ``image`` again: the address, or the path of the stored file."""
    if stored is None:
        return None
    return stored["url"] if "url" in stored else home / str(stored["file"])
