"""The line commands of ``%ltxv``: one table, and a function for each."""

from __future__ import annotations

import difflib
import json
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import ConfigurationError, GenerationTimeout, LTXVError, RequestError
from ltxv_nb.money.words import dry_run
from ltxv_nb.notebook.frontend import front_end_of
from ltxv_nb.notebook.ipython import running_request
from ltxv_nb.notebook.magic.batch_commands import show_batch
from ltxv_nb.notebook.magic.compare_commands import CHOICES as COMPARE_CHOICES
from ltxv_nb.notebook.magic.compare_commands import SWITCHES as COMPARE_SWITCHES
from ltxv_nb.notebook.magic.compare_commands import USAGE as COMPARE_USAGE
from ltxv_nb.notebook.magic.compare_commands import compare_clips
from ltxv_nb.notebook.magic.job_commands import CHOICES as JOB_CHOICES
from ltxv_nb.notebook.magic.job_commands import (
    JOBS_SHOWN,
    RATE_CHOICES,
    RATE_USAGE,
    find_job,
    rate,
    show_jobs,
)
from ltxv_nb.notebook.magic.job_commands import USAGE as JOBS_USAGE
from ltxv_nb.notebook.magic.model_commands import CHOICES, show_model, show_models
from ltxv_nb.notebook.magic.model_commands import USAGE as MODELS_USAGE
from ltxv_nb.notebook.magic.money_commands import budget
from ltxv_nb.notebook.magic.options import SWITCHES, Options, parse
from ltxv_nb.notebook.magic.spend_commands import CHOICES as SPEND_CHOICES
from ltxv_nb.notebook.magic.spend_commands import SWITCHES as SPEND_SWITCHES
from ltxv_nb.notebook.magic.spend_commands import USAGE as SPEND_USAGE
from ltxv_nb.notebook.magic.spend_commands import show_balance, show_spend
from ltxv_nb.settings import PINNED, is_pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.models.price import Price
    from ltxv_nb.notebook.session import NotebookSession


@dataclass(frozen=True)
class Command:
    """One line command.

    Attributes
    ----------
    run : callable
        Does it; called with the session, the command's words, and the options on its line.
    help : str
        One line for people.
    takes : str
        Its argument; in square brackets if it is optional, empty if there is none.
    flags : tuple of str
        The options it understands, by their name in `Options`.
    choices : mapping
        Options of its own, with the values that Tab offers; then it reads the words of its line itself.
    switches : tuple of str
        Options of its own without a value.
    usage : str
        How it is used, where `takes` does not say it all.
    """

    run: Callable[[NotebookSession, list[str], Options], None]
    help: str
    takes: str = ""
    flags: tuple[str, ...] = ()
    choices: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    switches: tuple[str, ...] = ()
    usage: str = ""


def run(session: NotebookSession, words: list[str], *, embed: bool | None, timeout: float) -> None:
    """Run one line command.

    Parameters
    ----------
    session : NotebookSession
        The session.
    words : list of str
        The line, split; empty for the help.
    embed, timeout
        The user's defaults for options that the line does not give.

    Raises
    ------
    RequestError
        There is no such command, or what follows it does not fit.
    LTXVError
        What the command itself raises.
    """
    name, *rest = [word for word in words if word not in {"-h", "--help"}] or ["help"]
    command = COMMANDS.get(name)
    if command is None:
        raise _unknown(name)
    if len(words) > len(rest) + 1:  # --help was among them
        session.say(_usage(name, command))
        return
    if command.choices:
        command.run(session, rest, Options())
        return
    arguments = _plain(rest)
    options = parse([word for word in rest if word not in arguments])
    said = {key for key, value in vars(options).items() if value}
    optional = command.takes.startswith("[")
    most = 1 if optional else len(command.takes.split())
    if not (0 if optional else most) <= len(arguments) <= most or said - set(command.flags):
        raise RequestError(f"%ltxv {name} is used like this: %ltxv {f'{name} {command.takes}'.strip()}")
    given_embed = embed if options.embed is None else options.embed
    command.run(session, arguments, replace(options, embed=given_embed, timeout=options.timeout or timeout))


def help_text() -> str:
    """Return the list of line commands, in plain text."""
    rows = [(f"{name} {command.takes}".strip(), command.help) for name, command in offered().items()]
    width = max(len(left) for left, _ in rows) + 2
    listing = "\n".join(f"  %ltxv {left.ljust(width)}{right}" for left, right in rows)
    return (
        "A cell that begins with %%ltxv is a prompt, and makes a clip:\n\n"
        "  %%ltxv -d 8 -r 1440p\n  A lighthouse at dusk, waves breaking\n\n"
        "%%ltxv --help explains its options. The line commands are\n\n"
        f"{listing}"
    )


def _usage(name: str, command: Command) -> str:
    """Return how a command is used, in plain text: its line, what it does, its argument and options."""
    switches = [switch for switch in SWITCHES if switch.name in command.flags]
    rows = [(f"{', '.join(switch.flags)} {switch.value}".strip(), switch.help) for switch in switches]
    rows += [(word, _ARGUMENTS[word]) for word in (command.takes.strip("[]"),) if word in _ARGUMENTS]
    words = ["%ltxv", name, command.takes, *("[OPTIONS]" for _ in command.flags[:1])]
    usage = command.usage or " ".join(filter(None, words))
    listing = "".join(f"\n  {left.ljust(22)}{right}" for left, right in rows)
    return f"{usage}\n\n{command.help[0].upper()}{command.help[1:]}.{listing and chr(10)}{listing}"


#: What the argument of a command can be.
_ARGUMENTS = {
    "ID": "a job's id (%ltxv jobs lists them), or a variable that holds a job or its video",
    "BATCH": "a batch's id or name (%ltxv batch lists them), or a variable that holds a batch",
    "GENERATION_ID": "the service's id of a generation, or a job's id",
    "NUMBER": f"how many jobs to show ({JOBS_SHOWN})",
    "MODEL": "a model's id or another of its names; %ltxv models lists them",
    "WORDS": "only models whose name, maker or abilities hold these words",
}


def show_plan(session: NotebookSession, body: Mapping[str, Any], price: Price | None) -> None:
    """Show what a dry run would have sent, and what that would cost; a file only by its size."""
    shown = _without_files(body)
    is_sandbox = session.client.backend == "sandbox"
    where = "the sandbox" if is_sandbox else "the service"
    listing = json.dumps(shown, ensure_ascii=False, indent=2)
    told = (dry_run(price, is_sandbox=is_sandbox), session.client.balance_warning(price))
    cost = " ".join(filter(None, told))
    session.say(f"Dry run: nothing was sent. {cost} {where.capitalize()} would get:\n{listing}")


def _without_files(value: Any) -> Any:
    """Return a part of a body with what a file is in place of its content."""
    if isinstance(value, dict):
        return {key: _without_files(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_files(inner) for inner in value]
    if not isinstance(value, str) or not value.startswith("data:"):
        return value
    kind = {"audio": "a sound", "video": "a video"}.get(value[5:].partition("/")[0], "a picture")
    return f"({kind}, {len(value):,} characters)"


def _unknown(name: str) -> RequestError:
    if name.startswith("-"):
        return RequestError(
            f"{name} belongs to a cell: write %%ltxv with two %, and the prompt on the lines below it."
        )
    near = difflib.get_close_matches(name, COMMANDS, 1)
    hint = (
        f"Did you mean %ltxv {near[0]}?"
        if near
        else "%ltxv help lists them; a prompt goes below %%ltxv (two %)."
    )
    return RequestError(f"There is no %ltxv {name}. {hint}")


def _plain(words: list[str]) -> list[str]:
    """Return the words that are neither an option nor the value of ``--timeout``."""
    values = {after for before, after in pairwise(words) if before == "--timeout"}
    return [word for word in words if not word.startswith("-") and word not in values]


def _help(session: NotebookSession, _arguments: list[str], _options: Options) -> None:
    session.say(help_text())


def _show(session: NotebookSession, arguments: list[str], options: Options) -> None:
    job = find_job(session, arguments[0])
    session.bind(job)
    if job.video is None and job.watched and not job.done():
        session.follow(job, embed=options.embed)
    elif job.video is None:
        session.say(job.describe())
    else:
        session.show(job, embed=options.embed)


def _wait(session: NotebookSession, arguments: list[str], options: Options) -> None:
    client = session.client
    jobs = [find_job(session, arguments[0])] if arguments else [*client.resume(), *session.waiting()]
    if not jobs:
        session.say("Nothing is unfinished, so there is nothing to wait for.")
    timeout = options.timeout
    assert timeout is not None  # there is a default
    deadline = time.monotonic() + timeout
    failure: LTXVError | None = None
    alone = len(jobs) == 1 and _is_one_line(
        session
    )  # whether the outcome may replace all of the cell's output
    for job in jobs:
        job.watch()
        session.bind(job)
        try:
            session.wait(job, max(0.0, deadline - time.monotonic()), embed=options.embed, clear=alone)
        except GenerationTimeout:
            raise job.timed_out(timeout) from None
        except LTXVError as error:
            if len(jobs) > 1:  # the others are still waited for
                session.show(job)
            failure = failure or error
    if failure is not None:
        raise failure


def _is_one_line(session: NotebookSession) -> bool:
    """Whether the running cell is nothing but a command."""
    code = str(running_request(session.ip).get("code", "")).strip()
    return code.startswith("%ltxv") and "\n" not in code


def _stop(session: NotebookSession, arguments: list[str], _options: Options) -> None:
    job = find_job(session, arguments[0])
    if job.done():
        session.say(f"Job {job.id} has ended already.")
        return
    job.stop()
    session.say(f"{job.stopped()}")


def _forget(session: NotebookSession, arguments: list[str], _options: Options) -> None:
    job = find_job(session, arguments[0])
    if job.done():
        session.say(f"Job {job.id} has ended already.")
        return
    if not job.id:  # it is not submitted yet
        _stop(session, arguments, _options)
        return
    note = job.billing_note
    job.forget()
    session.say(
        f"Job {job.id} is given up, and an identical request can be sent again. {note} "
        f"%ltxv attach {job.id} tracks it again."
    )


def _resume(session: NotebookSession, _arguments: list[str], options: Options) -> None:
    jobs = session.client.resume()
    elsewhere = session.unfinished_elsewhere()
    for sentence in elsewhere:
        session.say(sentence)
    if not jobs and not elsewhere:
        session.say("Nothing is unfinished.")
    for job in jobs:
        session.bind(job)
        session.follow(job, embed=options.embed)


def _take_over(session: NotebookSession, arguments: list[str], options: Options) -> None:
    job = find_job(session, arguments[0])
    session.bind(job)
    if job.done():
        session.show(job, embed=options.embed)
    else:
        session.follow(session.client.take_over(job), embed=options.embed)


def _attach(session: NotebookSession, arguments: list[str], options: Options) -> None:
    job = find_job(session, arguments[0])
    if job.status == "lost" or (job.video is not None and not job.video.path.is_file()):
        job.reopen()
    session.bind(job)
    if job.done():
        session.show(job, embed=options.embed)
    else:
        session.follow(job.watch(), embed=options.embed)


def _login(session: NotebookSession, _arguments: list[str], _options: Options) -> None:
    from ltxv_nb.notebook.magic.login import login

    session.say(login())
    session.forget_client()


def _sandbox(session: NotebookSession, arguments: list[str], _options: Options) -> None:
    if arguments and arguments[0] not in {"on", "off"}:
        raise RequestError(f"%ltxv sandbox can be on or off, not {arguments[0]!r}.")
    if arguments == ["off"]:
        if is_pinned():
            raise ConfigurationError(PINNED)
        client = session.new_client(backend="auto")
        if client.backend == "sandbox":
            session.say("No API key was found, so clips still go to the sandbox: %ltxv login asks for a key.")
        else:
            session.say("From now on, clips of this notebook go to the real service and are billed.")
        return
    session.new_client(backend="sandbox")
    session.announce_sandbox()


def _panel(session: NotebookSession, _arguments: list[str], _options: Options) -> None:
    _need_page(session, "panel")
    from ltxv_nb.notebook.panel.panel import panel

    _display(panel())


def _gallery(session: NotebookSession, _arguments: list[str], _options: Options) -> None:
    _need_page(session, "gallery")
    from ltxv_nb.notebook.gallery.gallery import gallery

    _display(gallery())


def _need_page(session: NotebookSession, what: str) -> None:
    if front_end_of(session.ip) == "terminal":
        raise RequestError(f"The {what} needs a notebook page: open JupyterLab, and run %ltxv {what} there.")


def _display(widget: Any) -> None:
    from IPython.display import display

    display(widget)  # type: ignore[no-untyped-call]


_SHOWING = ("embed",)

#: Every line command, in the order of the help.
COMMANDS: dict[str, Command] = {
    "help": Command(_help, "this list"),
    "panel": Command(_panel, "a control panel: make clips without writing a magic"),
    "gallery": Command(_gallery, "every finished clip, to look through and play"),
    "models": Command(
        show_models,
        "the models: what they can do, price a second, usual time",
        "[WORDS]",
        choices=CHOICES,
        usage=MODELS_USAGE,
    ),
    "model": Command(show_model, "one model: its parameters, its price, its other names", "MODEL"),
    "spend": Command(
        show_spend,
        "what was spent; --reconcile compares it with the service's own ledger",
        choices=SPEND_CHOICES,
        switches=SPEND_SWITCHES,
        usage=SPEND_USAGE,
    ),
    "balance": Command(show_balance, "what the account holds; it asks the service"),
    "budget": Command(
        budget, "how much may be spent, and what is left; or set that", "[USD[/day|week|month] | off]"
    ),
    "jobs": Command(
        show_jobs,
        "the newest jobs in the journal, as a table: state, age, cost, file",
        "[NUMBER]",
        choices=JOB_CHOICES,
        usage=JOBS_USAGE,
    ),
    "rate": Command(
        rate,
        "give a clip 1 to 5 stars (0: none), reject it, or give it words to find it by",
        "ID STARS|reject|keep",
        choices=RATE_CHOICES,
        usage=RATE_USAGE,
    ),
    "compare": Command(
        compare_clips,
        "clips side by side, playing in step; --blind: two at a time without labels",
        "ID ...",
        choices=COMPARE_CHOICES,
        switches=COMPARE_SWITCHES,
        usage=COMPARE_USAGE,
    ),
    "batch": Command(
        show_batch, "the batches of many clips; or one of them, with what is missing", "[BATCH]"
    ),
    "show": Command(_show, "a clip from disk, or the status of its job", "ID", _SHOWING),
    "wait": Command(_wait, "wait for a job, or for everything unfinished", "[ID]", ("timeout", *_SHOWING)),
    "stop": Command(_stop, "stop tracking a job; the generation itself continues", "ID"),
    "forget": Command(_forget, "give up a job that never ends, so that its request can be sent again", "ID"),
    "resume": Command(_resume, "resume everything that is unfinished", "", _SHOWING),
    "takeover": Command(
        _take_over, "track a job whose own process is stopped, see %ltxv jobs", "ID", _SHOWING
    ),
    "attach": Command(
        _attach,
        "track a generation made elsewhere or given up, or download again a clip whose file is gone",
        "GENERATION_ID",
        _SHOWING,
    ),
    "login": Command(_login, "ask for the API key, and save it safely"),
    "sandbox": Command(
        _sandbox, "use the sandbox in this notebook: free of charge, not the real model", "[on|off]"
    ),
}

#: What leads out of the sandbox.
_WAYS_OUT = ("login", "sandbox")


def offered() -> dict[str, Command]:
    """Return the commands that can be of use here: none that the environment forbids."""
    return {name: command for name, command in COMMANDS.items() if not (is_pinned() and name in _WAYS_OUT)}
