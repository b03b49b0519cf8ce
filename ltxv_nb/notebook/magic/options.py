"""The words after ``%%ltxv``: read, checked by name, and explained.

The options of a generation come from its model's parameters; their values are checked by `GenerationRequest`.
"""

from __future__ import annotations

import argparse
import builtins
import keyword
import re
import shlex
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from ltxv_nb.errors import RequestError
from ltxv_nb.models import default_model
from ltxv_nb.notebook.magic.strays import unchecked
from ltxv_nb.notebook.output.flags import is_switch, spellings, with_flags
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ltxv_nb.models import Model, Parameter

#: Seconds a waiting cell waits when nothing else is said: what the vendor's guides poll for.
DEFAULT_TIMEOUT = 600.0

#: Values of an option that the help lists.
_LISTED = 12


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
    several : bool
        Whether it can be given several times.
    """

    name: str
    flags: tuple[str, ...]
    help: str
    value: str = ""
    several: bool = False


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
    Switch("dry_run", ("--dry-run",), "check everything, show price and body of the request; send nothing"),
    Switch("max_usd", ("--max-usd",), "what the clip, or the batch, may cost at most, in USD", "USD"),
    Switch(
        "sweep",
        ("--sweep",),
        "a clip for each value of an option or of {NAME} in the text; several times for all combinations",
        "NAME=A,B",
        several=True,
    ),
    Switch("takes", ("--takes",), "how many clips of each combination", "N"),
    Switch("name", ("--name",), "what a batch of many clips is called", "NAME"),
    Switch("yes", ("--yes",), "make a batch at once; without it the cell shows its price and a button"),
    Switch("again", ("--again",), "make a new clip even though the very same one is finished, or unfinished"),
    Switch("help", ("-h", "--help"), "show this help"),
)


@dataclass(frozen=True)
class Options:
    """What was said on a ``%%ltxv`` line; ``None`` where nothing was.

    Attributes
    ----------
    parameters : dict
        The request's parameters under their Python names, as text: bool for switches, a list where several
        can be given.
    output : str or None
        The name to bind the job to.
    wait, embed : bool or None
        Whether the cell waits; whether the whole clip goes into the notebook.
    timeout : float or None
        Seconds a waiting cell waits.
    max_usd : str or None
        What the clip, or the batch, may cost at most, in USD, as it was typed.
    sweep : list of str or None
        ``NAME=A,B``, as they were typed.
    takes, name : str or None
        How many clips of each combination; what the batch is called.
    yes, dry_run, again, help : bool
        As in the help text.
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    output: str | None = None
    wait: bool | None = None
    timeout: float | None = None
    embed: bool | None = None
    max_usd: str | None = None
    sweep: list[str] | None = None
    takes: str | None = None
    name: str | None = None
    yes: bool = False
    dry_run: bool = False
    again: bool = False
    help: bool = False

    @property
    def is_batch(self) -> bool:
        """Whether more than one clip is asked for."""
        return self.sweep is not None or self.takes is not None


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


def named_model(words: Sequence[str]) -> str | None:
    """Return the model that the words name, wherever ``-m`` stands among them; ``None`` if they name none."""
    found: str | None = None
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option == "--model" and equals:
            found = value
        elif option in {"-m", "--model"} and at + 1 < len(words):
            found = words[at + 1]
        elif option.startswith("-m") and option != "-m":
            found = word[2:]
    return found


def swept_model(words: Sequence[str]) -> str | None:
    """Return the first model of ``--sweep model=…``, whose options the line has; ``None`` without one."""
    for before, word in zip(["", *words], words, strict=False):
        axis = word.removeprefix("--sweep=") if word.startswith("--sweep=") else word
        if (before == "--sweep" or axis != word) and axis.startswith("model="):
            return axis.removeprefix("model=").split(",")[0].strip() or None
    return None


def parse(
    words: Iterable[str],
    model: Model | None = None,
    others: Callable[[str], Sequence[Model]] = lambda _name: (),
) -> Options:
    """Read the words after ``%%ltxv``.

    Parameters
    ----------
    words : iterable of str
        The line, split by `split`.
    model : Model, optional
        The model whose options they are; by default the default model.
    others : callable
        Returns models that have a parameter of a name, for an option that this model lacks.

    Returns
    -------
    Options
        What they say; values of the request's parameters are not judged here.

    Raises
    ------
    RequestError
        An option does not exist, lacks its value, or has an impossible one.
    """
    chosen = model or default_model()
    found, strays = _parser(chosen).parse_known_args(list(words))
    said = {name: value for name, value in vars(found).items() if value is not None}
    names = [known.key for known in with_flags(chosen)]
    parameters: dict[str, Any] = {name: said.pop(_PREFIX + name) for name in names if _PREFIX + name in said}
    _sort_out_pictures(parameters, said.pop(_LONG_IMAGE, []), chosen)
    if strays:
        parameters |= unchecked(strays, chosen, all_flags(chosen), others)
    if "output" in said:
        check_name(said["output"])
    if "timeout" in said:
        said["timeout"] = _seconds(said["timeout"])
    return Options(parameters=parameters, **said)


def check_name(name: str) -> None:
    """Refuse a name that Python cannot bind, and one that would hide something of Python's own.

    Raises
    ------
    RequestError
        The name is not an identifier, is a keyword, or is that of a builtin like ``print``.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RequestError(
            f"-o {name!r} is not a name Python can bind: use letters, digits and _, like -o shot1."
        )
    if name in dir(builtins):
        raise RequestError(
            f"-o {name} would hide Python's own {name} in this notebook; nothing was sent. "
            "Choose another name, like -o shot1."
        )


def all_flags(model: Model | None = None) -> tuple[str, ...]:
    """Return every flag that the magic knows for a model, in the order of the help."""
    pairs = [known.flags for known in with_flags(model)] + [switch.flags for switch in SWITCHES]
    return tuple(flag for flags in pairs for flag in flags)


def help_text(model: Model | None = None) -> str:
    """Return the help of ``%%ltxv`` for a model, in plain text: usage, every option, examples."""
    chosen = model or default_model()
    rows = [(_usage_of(known), _explain(known)) for known in with_flags(chosen)]
    rows += [
        (", ".join(switch.flags) + (f" {switch.value}" if switch.value else ""), switch.help)
        for switch in SWITCHES
    ]
    listing = "\n".join(_row(left, right) for left, right in rows)
    plain = chosen == default_model() or chosen.name == chosen.short_name
    name = chosen.name if plain else f"{chosen.name} ({chosen.short_name})"
    prompt = chosen.parameter("prompt")
    text = "the text of the cell is the prompt" if prompt else "it takes no prompt, so the cell has no text"
    option = "" if chosen == default_model() else f"-m {chosen.short_name} "
    example = "\n    A lighthouse at {time_of_day}, waves breaking" if prompt else ""
    return f"""Make a video clip with {one_line(name)}: {text}.

    %%ltxv {option}[options]{example}

The cell returns at once; the clip appears under it when it is ready. Run again, the cell shows that clip;
--again makes a new one. {{name}} and {{expression}} are filled from the notebook; {{{{ and }}}} are literal
braces. Option values are filled in the same way.

Options:
{listing}

{_FILES if any(known.media for known in chosen.parameters) else ""}The last job is also bound to _ltxv.
LTXV_WAIT=1 in the environment makes every cell wait. Defaults: %config LTXVMagics.duration = 8

%ltxv models lists the models, %ltxv help the line commands."""


_FILES = """-i, like every option for a file, takes a path, a web address, or the name of a variable that
holds a path, an address, bytes, or an earlier job or video; for a picture also a PIL image or an array, and
of a job or video the last frame. -i _ is the job before; a job that still runs is waited for in the
background. """


class _Parser(argparse.ArgumentParser):
    """An argparse that raises our own error, and never ends the process."""

    def error(self, message: str) -> NoReturn:
        """Say what was wrong with the options in one sentence."""
        words = message.removeprefix("argument ").strip()
        raise RequestError(f"Cannot read the options: {words}. %%ltxv --help lists them.")


#: Parameters are kept apart from switches, which may be called alike.
_PREFIX = "parameter:"
#: Where ``--image`` is kept while it is open whether it is the first frame or a reference picture.
_LONG_IMAGE = "--image"


def _parser(model: Model) -> _Parser:
    parser = _Parser(prog="%%ltxv", add_help=False, allow_abbrev=False, argument_default=None)
    known = with_flags(model)
    for switch in SWITCHES:
        if switch.value:
            action = "append" if switch.several else "store"
            parser.add_argument(*switch.flags, dest=switch.name, metavar=switch.value, action=action)
        elif any(flag.startswith("--no-") for flag in switch.flags):
            _add_pair(parser, switch.name, switch.flags)
        else:
            parser.add_argument(*switch.flags, dest=switch.name, action="store_const", const=True)
    several = {one.key for one in known} >= {"image", "images"}
    taken = {*all_flags(model)}
    for one in known:
        more = tuple(flag for flag in spellings(one) if flag not in taken)
        taken.update(more)
        _add(parser, one, more, apart=several and one.key == "image")
    return parser


def _add(parser: _Parser, known: Parameter, more: tuple[str, ...], *, apart: bool) -> None:
    """Add the options of a parameter; ``more`` are further spellings."""
    dest, metavar = _PREFIX + known.key, _metavar(known)
    if is_switch(known):
        _add_pair(parser, dest, (*known.flags, *more))
        return
    flags = known.flags
    if apart:
        flags = tuple(flag for flag in flags if flag != _LONG_IMAGE)
        parser.add_argument(_LONG_IMAGE, dest=_LONG_IMAGE, metavar=metavar, action="append")
    action = "append" if known.media or "array" in known.types else "store"
    parser.add_argument(*flags, *more, dest=dest, metavar=metavar, action=action)


def _add_pair(parser: _Parser, name: str, flags: tuple[str, ...]) -> None:
    """Add an option that switches on, the one that switches off, and further spellings of the first."""
    group = parser.add_mutually_exclusive_group()
    for flag in flags:
        group.add_argument(flag, dest=name, action="store_const", const=flag != flags[1])


def _metavar(known: Parameter) -> str:
    return re.sub(r"[^A-Z0-9_]+", "_", known.key.upper())


def _sort_out_pictures(parameters: dict[str, Any], long: list[str], model: Model) -> None:
    """Take ``--image`` for the first frame, or, given several times or beside ``-i``, for references."""
    if len(long) == 1 and "image" not in parameters:
        parameters["image"] = long
    elif long:
        parameters["images"] = [*long, *parameters.get("images", [])]
    for known in with_flags(model):
        given = parameters.get(known.key)
        if isinstance(given, list) and "array" not in known.types:
            if len(given) > 1 and known.type != "any":
                raise RequestError(
                    f"{known.flags[-1]} is given {len(given)} times, but {model.short_name} takes one."
                )
            parameters[known.key] = given[0] if len(given) == 1 else given


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
    if is_switch(known):
        return flags
    listed = ",".join(str(value) for value in known.values[:_LISTED])
    if len(known.values) > _LISTED:
        listed += ",…"
    return f"{flags} {f'{{{one_line(listed)}}}' if listed else _metavar(known)}"


def _explain(known: Parameter) -> str:
    words = one_line(known.help) or known.label
    if known.default is not None:
        default = known.text(known.default).lower() if is_switch(known) else known.default
        whose = "default" if known.key == "model" else "default of the service"
        return f"{words}; {whose}: {one_line(str(default), 80)}"
    return f"{words}; needed" if known.required else words


def _row(left: str, right: str) -> str:
    indent = 32
    lines = textwrap.wrap(right, 106 - indent) or [""]
    head = f"  {left}".ljust(indent)
    if len(head) > indent:
        return "\n".join([head, *(" " * indent + line for line in lines)])
    return "\n".join([head + lines[0], *(" " * indent + line for line in lines[1:])])
