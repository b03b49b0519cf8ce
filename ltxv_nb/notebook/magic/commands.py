"""What ``%ltxv`` can do besides making a clip: one table of commands, and the words for each."""

from __future__ import annotations

import difflib
import html
import json
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import GenerationTimeout, LTXVError, RequestError
from ltxv_nb.media.player import file_address
from ltxv_nb.notebook.frontend import notebook_folder, place_of
from ltxv_nb.notebook.magic.options import Options, parse
from ltxv_nb.notebook.output.status import seconds_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.magic.magics import LTXVMagics
    from ltxv_nb.notebook.session import Session

#: Rows that `%ltxv jobs` shows when no number is given.
JOBS_SHOWN = 20


#: Jupyter sets its tables flush right.
_LEFT = ' style="text-align:left"'


@dataclass(frozen=True)
class Command:
    """One line command.

    Attributes
    ----------
    run : callable
        Does it; called with the magics, the command's words, and the options on its line.
    help : str
        One line for people.
    takes : str
        What follows it; in square brackets if it can be left out, empty if nothing may.
    flags : tuple of str
        The options it understands, by their name in `Options`.
    """

    run: Callable[[LTXVMagics, list[str], Options], None]
    help: str
    takes: str = ""
    flags: tuple[str, ...] = ()


def run(magics: LTXVMagics, words: list[str]) -> None:
    """Run one line command.

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
    arguments = _plain(rest)
    options = parse([word for word in rest if word not in arguments])
    said = {key for key, value in vars(options).items() if value}
    needs, most = bool(command.takes) and not command.takes.startswith("["), 1 if command.takes else 0
    if len(arguments) > most or (needs and not arguments) or said - set(command.flags):
        raise RequestError(f"%ltxv {name} is used like this: %ltxv {f'{name} {command.takes}'.strip()}")
    command.run(magics, arguments, options)


def help_text() -> str:
    """Return the list of line commands, in plain text."""
    rows = [(f"{name} {command.takes}".strip(), command.help) for name, command in COMMANDS.items()]
    width = max(len(left) for left, _ in rows) + 2
    listing = "\n".join(f"  %ltxv {left.ljust(width)}{right}" for left, right in rows)
    return (
        "A cell that begins with %%ltxv is a prompt, and becomes a clip:\n\n"
        "  %%ltxv -d 8 -r 1440p\n  A lighthouse at dusk, waves breaking\n\n"
        "%%ltxv --help explains its options. Besides, there are\n\n"
        f"{listing}"
    )


def show_plan(session: Session, body: Mapping[str, Any]) -> None:
    """Show what a dry run would have sent; a picture only by its size."""
    shown = {
        key: f"(a picture, {len(value):,} characters)"
        if isinstance(value, str) and value.startswith("data:")
        else value
        for key, value in body.items()
    }
    where = "the sandbox" if session.client.backend == "sandbox" else "the service"
    listing = json.dumps(shown, ensure_ascii=False, indent=2)
    session.say(f"Dry run: nothing was sent. {where.capitalize()} would get:\n{listing}")


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


def _help(magics: LTXVMagics, _arguments: list[str], _options: Options) -> None:
    magics.session.say(help_text())


def _jobs(magics: LTXVMagics, arguments: list[str], _options: Options) -> None:
    limit = JOBS_SHOWN
    if arguments:
        if not arguments[0].isdigit() or not int(arguments[0]):
            raise RequestError(
                f"{arguments[0]!r} is not a number of jobs: %ltxv jobs 50 shows the newest 50."
            )
        limit = int(arguments[0])
    jobs = magics.session.client.jobs(limit + 1)
    magics.session.publish(_jobs_bundle(jobs[:limit], more=len(jobs) > limit))


def _jobs_bundle(jobs: list[Job], *, more: bool) -> dict[str, str]:
    if not jobs:
        text = "There are no jobs yet. A cell that begins with %%ltxv makes one."
        return {"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"}
    rows = [
        (job.id, job.describe().split("  ")[1], seconds_text(job.elapsed()), _short(job.record.prompt))
        for job in jobs
    ]
    last = f"The newest {len(jobs)}; %ltxv jobs {10 * len(jobs)} shows more." if more else ""
    titles = "".join(f"<th{_LEFT}>{title}</th>" for title in ("job", "state", "time", "prompt", "file"))
    cells = "".join(
        f"<tr>{''.join(_cell(html.escape(word)) for word in row)}{_cell(_file_link(job))}</tr>"
        for row, job in zip(rows, jobs, strict=True)
    )
    lines = [
        f"{row[0]}  {row[1]:<12}  {row[2]:>6}  {row[3]}  {job.video.path.name if job.video else ''}".rstrip()
        for row, job in zip(rows, jobs, strict=True)
    ]
    return {
        "text/plain": "\n".join([*lines, last]).rstrip(),
        "text/html": f"<table><thead><tr>{titles}</tr></thead><tbody>{cells}</tbody></table>{last}",
    }


def _cell(content: str) -> str:
    return f"<td{_LEFT}>{content}</td>"


def _file_link(job: Job) -> str:
    if not job.video:
        return ""
    address = html.escape(file_address(job.video.path, notebook_folder()))
    return f'<a href="{address}">{html.escape(job.video.path.name)}</a>'


def _short(text: str, most: int = 60) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 1] + "…"


def _job(magics: LTXVMagics, word: str) -> Job:
    """Return the job of an id, or of a variable that holds a job or its video."""
    from ltxv_nb.job import Job
    from ltxv_nb.video import Video

    held = magics.session.ip.user_ns.get(word)
    if isinstance(held, (Job, Video)):
        word = held.id if isinstance(held, Job) else held.job_id
    return magics.session.client.job(word)


def _show(magics: LTXVMagics, arguments: list[str], options: Options) -> None:
    job = _job(magics, arguments[0])
    magics.session.bind(job)
    if job.video is None and job.watched and not job.done():
        magics.session.follow(job, embed=_embed(magics, options))
    elif job.video is None:
        magics.session.say(job.describe())
    else:
        magics.session.show(job, embed=_embed(magics, options))


def _wait(magics: LTXVMagics, arguments: list[str], options: Options) -> None:
    client = magics.session.client
    jobs = [_job(magics, arguments[0])] if arguments else client.resume()
    if not jobs:
        magics.session.say("Nothing is unfinished, so there is nothing to wait for.")
    timeout = options.timeout or magics.timeout
    deadline = time.monotonic() + timeout
    failure: LTXVError | None = None
    for job in jobs:
        job.watch()
        magics.session.bind(job)
        try:
            magics.session.wait(job, max(0.0, deadline - time.monotonic()), embed=_embed(magics, options))
        except GenerationTimeout:
            raise job.timed_out(timeout) from None
        except LTXVError as error:
            if len(jobs) > 1:  # the others are waited for all the same
                magics.session.show(job)
            failure = failure or error
    if failure is not None:
        raise failure


def _stop(magics: LTXVMagics, arguments: list[str], _options: Options) -> None:
    job = _job(magics, arguments[0])
    if job.done():
        magics.session.say(f"Job {job.id} has ended already.")
        return
    job.stop()
    magics.session.say(f"{job.stopped()}")


def _resume(magics: LTXVMagics, _arguments: list[str], options: Options) -> None:
    from ltxv_nb.service.backend import SANDBOX_ORIGIN

    client = magics.session.client
    jobs = client.resume()
    elsewhere = client.unfinished_elsewhere()
    for origin, count in elsewhere.items():
        way = "%ltxv sandbox" if origin == SANDBOX_ORIGIN else "%ltxv sandbox off, with the key and address,"
        clips = "1 clip is" if count == 1 else f"{count} clips are"
        magics.session.say(f"{clips} unfinished at another service ({origin}): {way} leads there.")
    if not jobs and not elsewhere:
        magics.session.say("Nothing is unfinished.")
    for job in jobs:
        magics.session.bind(job)
        magics.session.follow(job, embed=_embed(magics, options))


def _attach(magics: LTXVMagics, arguments: list[str], options: Options) -> None:
    job = magics.session.client.job(arguments[0])
    magics.session.bind(job)
    if job.done():
        magics.session.show(job, embed=_embed(magics, options))
    else:
        magics.session.follow(job.watch(), embed=_embed(magics, options))


def _login(magics: LTXVMagics, _arguments: list[str], _options: Options) -> None:
    from ltxv_nb.notebook.magic.login import login

    magics.session.say(login())
    magics.session.forget_client()


def _sandbox(magics: LTXVMagics, arguments: list[str], _options: Options) -> None:
    if arguments and arguments[0] not in {"on", "off"}:
        raise RequestError(f"%ltxv sandbox can be on or off, not {arguments[0]!r}.")
    if arguments == ["off"]:
        client = magics.session.new_client(backend="auto")
        if client.backend == "sandbox":
            magics.session.say(
                "No API key was found, so clips still go to the sandbox: %ltxv login takes a key."
            )
        else:
            magics.session.say("Clips of this notebook go to the real service from here on, and are billed.")
        return
    magics.session.new_client(backend="sandbox")
    magics.session.tell_backend()


def _panel(magics: LTXVMagics, _arguments: list[str], _options: Options) -> None:
    _need_page(magics, "panel")
    from ltxv_nb.notebook.panel.panel import panel

    _display(panel())


def _gallery(magics: LTXVMagics, _arguments: list[str], _options: Options) -> None:
    _need_page(magics, "gallery")
    from ltxv_nb.notebook.gallery.gallery import gallery

    _display(gallery())


def _need_page(magics: LTXVMagics, what: str) -> None:
    if place_of(magics.session.ip) == "terminal":
        raise RequestError(f"The {what} needs a notebook page: open JupyterLab, and run %ltxv {what} there.")


def _display(widget: Any) -> None:
    from IPython.display import display

    display(widget)  # type: ignore[no-untyped-call]


def _embed(magics: LTXVMagics, options: Options) -> bool | None:
    return magics.embed if options.embed is None else options.embed


_SHOWING = ("embed",)

#: Every line command, in the order of the help.
COMMANDS: dict[str, Command] = {
    "help": Command(_help, "this list"),
    "panel": Command(_panel, "a control panel: make clips without writing a magic"),
    "gallery": Command(_gallery, "every finished clip, to look through and play"),
    "jobs": Command(_jobs, "the newest jobs in the journal, with state and file", "[NUMBER]"),
    "show": Command(_show, "a clip from disk, or how its job stands", "ID", _SHOWING),
    "wait": Command(_wait, "wait for a job, or for everything unfinished", "[ID]", ("timeout", *_SHOWING)),
    "stop": Command(_stop, "stop watching a job; the generation goes on and is billed", "ID"),
    "resume": Command(_resume, "pick up everything that is unfinished", "", _SHOWING),
    "attach": Command(_attach, "take up a generation that was made elsewhere", "GENERATION_ID", _SHOWING),
    "login": Command(_login, "ask for the API key, and keep it safe"),
    "sandbox": Command(
        _sandbox, "use the sandbox in this notebook: free of charge, not the real model", "[on|off]"
    ),
}
