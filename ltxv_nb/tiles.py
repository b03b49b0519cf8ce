"""One clip of several that stand side by side: what a grid shows, and what is exported of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ltxv_nb.video import Video


@dataclass(frozen=True)
class Tile:
    """One place among clips that stand side by side.

    All its texts may come from outside: whoever shows them escapes them.

    Attributes
    ----------
    video : Video or None
        The clip; ``None`` while there is none, or where none was made. Its file may be gone by now.
    label : str
        What tells it from the others, in a few words of plain text.
    values : mapping of str to str
        Where it stands: the value, as plain text, on each axis.
    job_id : str or None
        The journal's id of its job; ``None`` for a file that no job made.
    state_words : str
        What is said in place of a clip: that it is being made, or why there is none. Empty beside a clip.
    failed : bool
        Whether none will come: it was refused, it failed, or its file cannot be read.
    """

    video: Video | None
    label: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    job_id: str | None = None
    state_words: str = ""
    failed: bool = False
