"""Tab completion on ``%%ltxv`` and ``%ltxv`` lines: options, their values, commands, job ids."""

from __future__ import annotations

import contextlib
import re
import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from ltxv_nb.errors import LTXVError
from ltxv_nb.models import builtin_models, find_model
from ltxv_nb.notebook.magic.options import SWITCHES, all_flags, named_model
from ltxv_nb.notebook.output.flags import is_switch, with_flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ltxv_nb.models import Model
    from ltxv_nb.notebook.magic.commands import Command
    from ltxv_nb.notebook.session import NotebookSession

#: Job ids that are offered, the newest first.
_IDS_OFFERED = 30

_LINE = re.compile(r"^\s*(%%?)ltxv(?:\s+(.*))?$", re.DOTALL)


def commands() -> dict[str, Command]:
    """Return the line commands; they are imported when they are first needed, to keep loading light."""
    from ltxv_nb.notebook.magic.commands import offered

    return offered()


def make_matcher(session: NotebookSession) -> Callable[[CompletionContext], Any]:
    """Return an IPython matcher for one session's magics."""

    @context_matcher(identifier="ltxv_nb")  # type: ignore[untyped-decorator]
    def ltxv_matcher(context: CompletionContext) -> dict[str, Any]:
        line, at = context.line_with_cursor, context.cursor_position
        found = complete(line[:at], session, first_line=context.cursor_line == 0, rest=line[at:])
        fragment, offers = found or ("", [])
        result: dict[str, Any] = {
            "completions": [SimpleCompletion(text=offer, type="magic") for offer in offers],
            "suppress": bool(offers),
            "ordered": True,
        }
        return {**result, "matched_fragment": fragment} if found else result

    return ltxv_matcher  # type: ignore[no-any-return]


def complete(
    line: str, session: NotebookSession, *, first_line: bool, rest: str = ""
) -> tuple[str, list[str]] | None:
    """Return how the end of a line can be completed.

    Parameters
    ----------
    line : str
        The line up to the cursor.
    session : NotebookSession
        For names and job ids.
    first_line : bool
        Whether it is the cell's first line, the only one where ``%%ltxv`` means anything.
    rest : str
        The line behind the cursor: the model may be named there.

    Returns
    -------
    tuple of (str, list of str) or None
        The word that is being typed, and its completions; ``None`` when the line is not ours.
    """
    found = _LINE.match(line)
    if not found or found[2] is None or (found[1] == "%%" and not first_line):
        return None
    *before, fragment = re.split(r"\s+", found[2])
    offers = _for_cell(before, session, rest) if found[1] == "%%" else _for_command(before, session)
    return fragment, [offer for offer in offers if offer.startswith(fragment)]


def _for_cell(before: list[str], session: NotebookSession, rest: str) -> Iterable[str]:
    last = before[-1] if before else ""
    if last in {"-m", "--model"}:
        return _models(session)
    model = _named_model([*before, *rest.split()], session)
    known = next(
        (known for known in with_flags(model) if last in known.flags and not is_switch(known)),
        None,
    )
    if known is None:
        takes_value = any(last in switch.flags for switch in SWITCHES if switch.value)
        repeatable = {flag for one in with_flags(model) if "array" in one.types for flag in one.flags}
        flags = all_flags(model)
        return [] if takes_value else [flag for flag in flags if flag not in before or flag in repeatable]
    if known.media:
        return _files(known.media, session)
    return [_quoted(str(choice)) for choice in known.choices]


def _quoted(text: str) -> str:
    """Return a value as it is typed: in quotes where it is several words, on one line whatever it holds."""
    return shlex.quote(text) if re.search(r"[\s'\"]", text) or not text else text


def _named_model(words: list[str], session: NotebookSession) -> Model | None:
    """Return the model that the line names, or the default one, as far as it is known; nothing is asked."""
    try:
        name = named_model(words) or _default_name(session)
        return find_model(name) or (session.client.known_model(name) if name else None)
    except LTXVError:
        return None


def _default_name(session: NotebookSession) -> str | None:
    """Return the model that the user has set as default; ``None`` for the usual one."""
    name = getattr(session.ip.magics_manager.registry.get("LTXVMagics"), "model", None)
    return str(name) if name else None


def _models(session: NotebookSession) -> list[str]:
    """Return the names of all models that are known here."""
    models: Iterable[Model] = builtin_models()
    with contextlib.suppress(LTXVError):
        models = session.client.known_models()
    return [model.short_name for model in models]


def _abilities(session: NotebookSession) -> list[str]:
    """Return what models can do, as far as they are known here."""
    try:
        models = session.client.known_models()
    except LTXVError:
        return []
    return sorted({ability for model in models for ability in model.capabilities})


def _for_command(before: list[str], session: NotebookSession) -> Iterable[str]:
    if not before:
        return list(commands())
    command = commands().get(before[0])
    if command is not None and command.choices:
        return _for_choices(before, command, session)
    if command is None or len(before) > 1:
        return []
    if command.takes.split()[:1] in (["ID"], ["[ID]"]):
        return _job_ids(session)
    if command.takes == "MODEL":
        return _models(session)
    return command.takes.strip("[]").split("|") if "|" in command.takes else []


def _for_choices(before: list[str], command: Command, session: NotebookSession) -> Iterable[str]:
    """Complete the line of a command that has options of its own."""
    if before[-1] in command.choices:
        values = command.choices[before[-1]]
        return _abilities(session) if values is None else values
    return [option for option in (*command.choices, *command.switches) if option not in before]


def _job_ids(session: NotebookSession) -> list[str]:
    try:
        return [job.id for job in session.client.jobs(_IDS_OFFERED)]
    except LTXVError:
        return []


def _files(kind: str, session: NotebookSession) -> list[str]:
    """Return the names of variables that can be such a file; file names are IPython's own to complete."""
    wanted = {"Job", "Video", "Image"} if kind == "image" else {"Job", "Video"}
    return [
        name
        for name, value in session.ip.user_ns.items()
        if not name.startswith("_") and wanted.intersection(kind.__name__ for kind in type(value).__mro__)
    ]
