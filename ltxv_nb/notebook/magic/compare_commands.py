"""``%ltxv compare``: clips side by side, or two at a time without their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.magic.own_options import read

if TYPE_CHECKING:
    from ltxv_nb.notebook.magic.options import Options
    from ltxv_nb.notebook.session import NotebookSession

#: The options of ``%ltxv compare`` that have a value, with those that Tab offers; and those that have none.
CHOICES: dict[str, tuple[str, ...] | None] = {"--columns": ("1", "2", "3", "4", "6")}
SWITCHES = ("--blind",)
USAGE = "%ltxv compare ID ... [--columns 3] [--blind]"


def compare_clips(session: NotebookSession, words: list[str], _options: Options) -> None:
    """Show clips side by side; the words are ids of jobs, variables that hold clips, and paths of videos."""
    said = read(words, CHOICES, SWITCHES, USAGE)
    columns = said.values.get("--columns")
    if not said.words:
        raise RequestError(f"%ltxv compare is used like this: {USAGE}")
    if columns is not None and not columns.isdecimal():
        raise RequestError(f"--columns is {columns!r}, but it can be a whole number.")
    from IPython.display import display

    from ltxv_nb.notebook.grid.compare import compare

    clips = [_clip(word, session) for word in said.words]
    grid = compare(
        *clips, columns=None if columns is None else int(columns), blind="--blind" in said.switches
    )
    display(grid)  # type: ignore[no-untyped-call]


def _clip(word: str, session: NotebookSession) -> Any:
    """Return what a word means: a variable that holds clips, a job, or a path as it is written."""
    held = session.ip.user_ns.get(word)
    if held is None or isinstance(held, (int, float, str)):
        return session.client.known_job(word) or word
    return held
