"""The words after ``%%ltxv``: read, checked by name, and explained.

The flags of a generation come from its model's parameters; their values are checked by `GenerationRequest`,
which lets any value through for a model that is not known here.
"""

from __future__ import annotations

import argparse
import difflib
import keyword
import shlex
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ltxv_nb.errors import RequestError
from ltxv_nb.models import request_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ltxv_nb.models import Parameter

#: Seconds a waiting cell waits when nothing else is said: what the vendor's guides poll for.
DEFAULT_TIMEOUT = 600.0


@dataclass(frozen=True)
class Switch:
    """An option of the magic that is not part of the request.

    Attributes
    ----------
    name : str
        Its name among the parsed options and among the magic's configurable defaults.
    flags : tuple of str
        What a person types; the second of an on and off pair switches it off.
    help : str
        One line for people.
    value : str
        The word that stands for its value in the help; empty for a plain on/off switch.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    value: str = ""


SWITCHES: tuple[Switch, ...] = (
    Switch("output", ("-o", "--output"), "bind the job to this name as soon as it is accepted", "NAME"),
    Switch("wait", ("-w", "--wait"), "let the cell end when the job does"),
    Switch(
        "timeout",
        ("--timeout",),
        f"seconds a waiting cell waits ({DEFAULT_TIMEOUT:.0f}); the job continues",
        "S",
    ),
    Switch(
        "embed",
        ("--embed", "--no-embed"),
        "put the whole clip into the notebook, or only link to its file (default: small clips and previews)",
    ),
    Switch("dry_run", ("--dry-run",), "check everything and show what would be sent; nothing is sent"),
    Switch("again", ("--again",), "send it even though an identical one is unfinished, and pay for both"),
    Switch("help", ("-h", "--help"), "show this help"),
)


@dataclass(frozen=True)
class Options:
    """What was said on a ``%%ltxv`` line; ``None`` where nothing was.

    Attributes
    ----------
    parameters : dict
        The request's parameters under their Python names, as text (bool for switches).
    output : str or None
        The name to bind the job to.
    wait, embed : bool or None
        Whether the cell waits; whether the whole clip goes into the notebook.
    timeout : float or None
        Seconds a waiting cell waits.
    dry_run, again, help : bool
        As in the help text.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    output: str | None = None
    wait: bool | None = None
    timeout: float | None = None
    embed: bool | None = None
    dry_run: bool = False
    again: bool = False
    help: bool = False


def split(line: str) -> list[str]:
    r"""Split a magic's line into words; quotes group, and a backslash is itself (``C:\clips\a.png``).

    Raises
    ------
    RequestError
        A quote is not closed.
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        raise RequestError(f"A quote is not closed in: {line.strip()}") from None


def parse(words: Iterable[str]) -> Options:
    """Read the words after ``%%ltxv``.

    Parameters
    ----------
    words : iterable of str
        The line, split by `split`.

    Returns
    -------
    Options
        What they say; values of the request's parameters are not judged here.

    Raises
    ------
    RequestError
        An option does not exist, lacks its value, or has an impossible one.
    """
    found, strays = _parser().parse_known_args(list(words))
    if strays:
        raise _stray(strays[0])
    said = {name: value for name, value in vars(found).items() if value is not None}
    names = {known.key for known in with_flags()}
    parameters = {name: said.pop(name) for name in list(said) if name in names}
    if "output" in said:
        check_name(said["output"])
    if "timeout" in said:
        said["timeout"] = _seconds(said["timeout"])
    return Options(parameters=parameters, **said)


def check_name(name: str) -> None:
    """Refuse a name that Python cannot bind.

    Raises
    ------
    RequestError
        The name is not an identifier, or is a keyword.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RequestError(
            f"-o {name!r} is not a name Python can bind: use letters, digits and _, like -o shot1."
        )


def with_flags() -> tuple[Parameter, ...]:
    """Return the parameters that have an option: all but the prompt, which is the cell body."""
    return tuple(known for known in request_parameters() if known.flags)


def all_flags() -> tuple[str, ...]:
    """Return every flag the magic knows, in the order of the help."""
    pairs = [known.flags for known in with_flags()] + [switch.flags for switch in SWITCHES]
    return tuple(flag for flags in pairs for flag in flags)


def help_text() -> str:
    """Return the help of ``%%ltxv``, in plain text: usage, every option, examples."""
    rows = [(_usage_of(known), _explain(known)) for known in with_flags()]
    rows += [
        (", ".join(switch.flags) + (f" {switch.value}" if switch.value else ""), switch.help)
        for switch in SWITCHES
    ]
    listing = "\n".join(_row(left, right) for left, right in rows)
    return f"""Make a video clip with LTXV-2: the text of the cell is the prompt.

    %%ltxv [options]
    A lighthouse at {{time_of_day}}, waves breaking

The cell returns at once; the clip appears under it when it is ready. {{name}} and {{expression}} are filled
from the notebook; {{{{ and }}}} are literal braces. Option values are filled in the same way.

Options:
{listing}

-i takes a path, a web address, or the name of a variable that holds a path, an address, bytes, a PIL image,
an array, or an earlier job or video (its last frame). The last job is also bound to _ltxv. LTXV_WAIT=1 in the
environment makes every cell wait. Defaults: %config LTXVMagics.duration = 8

%ltxv help lists the line commands."""


class _Parser(argparse.ArgumentParser):
    """An argparse that raises our own error, and never ends the process."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong with the options in one sentence."""
        words = message.removeprefix("argument ").strip()
        raise RequestError(f"Cannot read the options: {words}. %%ltxv --help lists them.")


def _parser() -> _Parser:
    parser = _Parser(prog="%%ltxv", add_help=False, allow_abbrev=False, argument_default=None)
    for known in with_flags():
        if known.type == "boolean":
            _add_pair(parser, known.key, known.flags)
        else:
            parser.add_argument(*known.flags, dest=known.key, metavar=known.key.upper())
    for switch in SWITCHES:
        if switch.value:
            parser.add_argument(*switch.flags, dest=switch.name, metavar=switch.value)
        elif any(flag.startswith("--no-") for flag in switch.flags):
            _add_pair(parser, switch.name, switch.flags)
        else:
            parser.add_argument(*switch.flags, dest=switch.name, action="store_const", const=True)
    return parser


def _add_pair(parser: _Parser, name: str, flags: tuple[str, ...]) -> None:
    group = parser.add_mutually_exclusive_group()
    for flag in flags:
        group.add_argument(flag, dest=name, action="store_const", const=not flag.startswith("--no-"))


def _stray(word: str) -> RequestError:
    """Return the error for a word the parser had no use for."""
    flag = word.partition("=")[0]
    if not flag.startswith("-"):
        return RequestError(
            f"{word!r} is not an option; the prompt goes on the lines below %%ltxv, "
            f"and a value with spaces in quotes."
        )
    near = difflib.get_close_matches(flag, all_flags(), 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else "%%ltxv --help lists them."
    return RequestError(f"There is no option {flag}. {hint}")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise RequestError(f"--timeout is {text!r}, but it can be a number of seconds above 0, like 600.")
    return seconds


def _usage_of(known: Parameter) -> str:
    flags = ", ".join(known.flags)
    if known.type == "boolean":
        return flags
    listed = ",".join(str(value) for value in known.values)
    return f"{flags} {f'{{{listed}}}' if listed else known.key.upper()}"


def _explain(known: Parameter) -> str:
    if known.default is None:
        return known.help
    default = known.text(known.default).lower() if known.type == "boolean" else known.default
    return f"{known.help}; {'default' if known.required else 'default of the service'}: {default}"


def _row(left: str, right: str) -> str:
    indent = 32
    lines = textwrap.wrap(right, 106 - indent)
    head = f"  {left}".ljust(indent)
    if len(head) > indent:
        return "\n".join([head, *(" " * indent + line for line in lines)])
    return "\n".join([head + lines[0], *(" " * indent + line for line in lines[1:])])
