"""Tab completion on ``%%ltxv`` and ``%ltxv`` lines: options, their values, commands, job ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.magic.options import SWITCHES, all_flags, with_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ltxv_nb.notebook.magic.commands import Command
    from ltxv_nb.notebook.session import NotebookSession

#: Job ids that are offered, the newest first.
_IDS_OFFERED = 30

_LINE = re.compile(r"^\s*(%%?)ltxv(?:\s+(.*))?$", re.DOTALL)


def commands() -> dict[str, Command]:
    """Return the line commands; they are imported when they are first needed, to keep loading light."""
    from ltxv_nb.notebook.magic.commands import COMMANDS

    return COMMANDS


def make_matcher(session: NotebookSession) -> Callable[[CompletionContext], Any]:
    """Return an IPython matcher for one session's magics."""

    @context_matcher(identifier="ltxv_nb")  # type: ignore[untyped-decorator]
    def ltxv_matcher(context: CompletionContext) -> dict[str, Any]:
        found = complete(context.line_with_cursor, session, first_line=context.cursor_line == 0)
        fragment, offers = found or ("", [])
        result: dict[str, Any] = {
            "completions": [SimpleCompletion(text=offer, type="magic") for offer in offers],
            "suppress": bool(offers),
            "ordered": True,
        }
        return {**result, "matched_fragment": fragment} if found else result

    return ltxv_matcher  # type: ignore[no-any-return]


def complete(line: str, session: NotebookSession, *, first_line: bool) -> tuple[str, list[str]] | None:
    """Return how the end of a line can be completed.

    Parameters
    ----------
    line : str
        The line up to the cursor.
    session : NotebookSession
        For names and job ids.
    first_line : bool
        Whether it is the cell's first line, the only one where ``%%ltxv`` means anything.

    Returns
    -------
    tuple of (str, list of str) or None
        The word that is being typed, and its completions; ``None`` when the line is not ours.
    """
    found = _LINE.match(line)
    if not found or found[2] is None or (found[1] == "%%" and not first_line):
        return None
    *before, fragment = re.split(r"\s+", found[2])
    offers = _for_cell(before, session) if found[1] == "%%" else _for_command(before, session)
    return fragment, [offer for offer in offers if offer.startswith(fragment)]


def _for_cell(before: list[str], session: NotebookSession) -> Iterable[str]:
    last = before[-1] if before else ""
    known = next(
        (known for known in with_flags() if last in known.flags and known.type != "boolean"),
        None,
    )
    if known is None:
        takes_value = any(last in switch.flags for switch in SWITCHES if switch.value)
        return [] if takes_value else [flag for flag in all_flags() if flag not in before]
    if known.role == "image":
        return _first_frames(session)
    return [str(choice) for choice in known.values]


def _for_command(before: list[str], session: NotebookSession) -> Iterable[str]:
    if not before:
        return list(commands())
    command = commands().get(before[0])
    if command is None or len(before) > 1:
        return []
    if command.takes in {"ID", "[ID]"}:
        return _job_ids(session)
    return command.takes.strip("[]").split("|") if "|" in command.takes else []


def _job_ids(session: NotebookSession) -> list[str]:
    try:
        return [job.id for job in session.client.jobs(_IDS_OFFERED)]
    except LTXVError:
        return []


def _first_frames(session: NotebookSession) -> list[str]:
    """Return the names of variables that can be a first frame; file names are IPython's own to complete."""
    return [
        name
        for name, value in session.ip.user_ns.items()
        if not name.startswith("_") and type(value).__name__ in {"Job", "Video", "Image"}
    ]
