"""Tab completion on ``%%ltxv`` and ``%ltxv`` lines: options, their values, commands, job ids."""

from __future__ import annotations

import contextlib
import re
import shlex
from itertools import islice
from pathlib import Path
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

#: Files that are offered, and that are looked at in a folder.
_FILES_OFFERED, _FILES_READ = 50, 2000

#: How files are called that can be a picture, a video or a sound.
_SUFFIXES = {
    "image": (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif", ".tif", ".tiff"),
    "video": (".mp4", ".mov", ".webm", ".m4v"),
    "audio": (".mp3", ".wav", ".m4a", ".aac", ".flac", ".ogg"),
}

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
    offers = (
        _for_cell([*before, fragment], session, rest) if found[1] == "%%" else _for_command(before, session)
    )
    return fragment, [offer for offer in offers if offer.startswith(fragment)]


def _for_cell(words: list[str], session: NotebookSession, rest: str) -> Iterable[str]:
    *before, fragment = words
    last = before[-1] if before else ""
    if last in {"-m", "--model"}:
        return _models(session)
    model = _named_model([*before, *rest.split()], session)
    if last == "--sweep":
        return _axis(fragment, model, session)
    known = next(
        (known for known in with_flags(model) if last in known.flags and not is_switch(known)),
        None,
    )
    if known is None:
        takes_value = any(last in switch.flags for switch in SWITCHES if switch.value)
        repeatable = {flag for one in with_flags(model) if "array" in one.types for flag in one.flags}
        flags = all_flags(model)
        repeatable |= {flag for switch in SWITCHES if switch.several for flag in switch.flags}
        return [] if takes_value else [flag for flag in flags if flag not in before or flag in repeatable]
    if known.media:
        return _files(known.media, fragment, session)
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
    takes_id = command is not None and command.takes.split()[:1] in (["ID"], ["[ID]"])
    if takes_id and len(before) == 1:
        return _job_ids(session)
    if command is not None and command.choices:
        return _for_choices(before, command, session)
    if command is None or len(before) > 1:
        return []
    if command.takes in {"MODEL", "[BATCH]"}:
        return (_models if command.takes == "MODEL" else _batches)(session)
    return command.takes.strip("[]").split("|") if "|" in command.takes else []


def _for_choices(before: list[str], command: Command, session: NotebookSession) -> Iterable[str]:
    """Complete the line of a command that has options of its own."""
    if before[-1] in command.choices:
        values = command.choices[before[-1]]
        return _abilities(session) if values is None else values
    ids = _clip_ids(session) if command.takes.startswith("ID") else []
    return [offer for offer in (*ids, *command.choices, *command.switches) if offer not in before]


def _job_ids(session: NotebookSession) -> list[str]:
    try:
        return [job.id for job in session.client.jobs(_IDS_OFFERED)]
    except LTXVError:
        return []


def _batches(session: NotebookSession) -> list[str]:
    try:
        known = session.client.batches()[:_IDS_OFFERED]
    except LTXVError:
        return []
    return [name for one in known for name in filter(None, (one.name and _quoted(one.name), one.id))]


def _axis(fragment: str, model: Model | None, session: NotebookSession) -> list[str]:
    """Return how an axis goes on: its name, or one more of its values."""
    known = {one.key: one for one in with_flags(model) if not one.media}
    name, equals, values = fragment.partition("=")
    if not equals:
        return [f"{key}=" for key in known]
    begun = fragment.removesuffix(values.rpartition(",")[2])
    parameter = known.get(name.replace("-", "_"))
    if name == "model":
        choices: Iterable[Any] = _models(session)
    else:
        choices = parameter.choices if parameter is not None else []
    return [f"{begun}{choice}" for choice in choices if str(choice) not in values.split(",")[:-1]]


def _files(kind: str, fragment: str, session: NotebookSession) -> list[str]:
    """Return what can be such a file: variables, the job before, clips by their ids, and files on disk."""
    names = [name for name, value in session.ip.user_ns.items() if _can_be(kind, value)]
    offers = [name for name in names if not name.startswith("_")]
    if session.last_job() is not None:
        offers += ["last", "_"]
    return list(dict.fromkeys([*offers, *_files_on_disk(kind, fragment), *_clip_ids(session)]))


def _can_be(kind: str, value: Any) -> bool:
    """Whether a variable can be a file of this kind; nothing of it is read."""
    types = {parent.__name__ for parent in type(value).__mro__}
    if types & {"Job", "Video"}:
        return kind in {"image", "video"}
    if kind == "image" and ("Image" in types or _is_picture(getattr(value, "shape", None))):
        return True
    return isinstance(value, Path) and value.suffix.lower() in _SUFFIXES.get(kind, ())


def _is_picture(shape: Any) -> bool:
    """Whether an array of this shape has rows, columns, and the colours of a picture."""
    return isinstance(shape, tuple) and len(shape) == 3 and shape[2] in {3, 4} and min(shape[:2]) >= 8


def _files_on_disk(kind: str, fragment: str) -> list[str]:
    """Return files of this kind, and folders, in the folder that is being typed."""
    folder, _, begun = fragment.rpartition("/")
    begin = fragment.removesuffix(begun)
    found = []
    with contextlib.suppress(OSError, RuntimeError, ValueError):
        place = Path(folder or ("/" if begin else ".")).expanduser()
        for entry in sorted(islice(place.iterdir(), _FILES_READ)):
            hidden = entry.name.startswith(".") or not entry.name.startswith(begun)
            if hidden or {"{", "}"} & set(entry.name):
                continue
            if entry.suffix.lower() in _SUFFIXES.get(kind, ()):
                found.append(f"{begin}{entry.name}")
            elif entry.is_dir():
                found.append(f"{begin}{entry.name}/")
    return [_quoted(name) for name in found[:_FILES_OFFERED]]


def _clip_ids(session: NotebookSession) -> list[str]:
    try:
        return [job.id for job in session.client.jobs(_IDS_OFFERED) if job.video is not None]
    except LTXVError:
        return []
