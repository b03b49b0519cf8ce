"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(
    path: Path, content: bytes | str, *, durable: bool = False, alone: bool = False, mode: int = 0o666
) -> None:
    """Write a file under another name first, so that nobody ever sees half of it under its own.

    Parameters
    ----------
    path : Path
        The file; its folder is made if need be, and a file that is there is replaced.
    content : bytes or str
        What it holds; a text is written as UTF-8.
    durable : bool
        Whether it has to survive a power cut: then it is on the disk when this returns.
    alone : bool
        Whether nobody else can be writing this file now. Then what a killed process has left of it is
        replaced; otherwise each writer has a file of its own until it is whole.
    mode : int
        Its permissions, as far as the process's own mask allows them.

    Raises
    ------
    OSError
        It cannot be written; nothing is left behind, and what was there before stays.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part" if alone else f".{uuid.uuid4().hex}.part")
    if alone:
        part.unlink(missing_ok=True)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
