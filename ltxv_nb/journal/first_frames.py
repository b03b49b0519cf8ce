"""First frames of journalled jobs: stored as files under their hash, never inside the row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import JournalError
from ltxv_nb.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.media.image import FirstFrame


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


def source(stored: dict[str, Any] | None, home: Path) -> Any:
    """Return what can be given as ``image`` again: the address, or the path of the stored file."""
    if stored is None:
        return None
    return stored["url"] if "url" in stored else home / str(stored["file"])
