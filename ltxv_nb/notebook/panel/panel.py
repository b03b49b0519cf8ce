"""The control panel: the parameters as controls, one button that pays, and the jobs below it.

It is built from `ltxv_nb.request.PARAMETERS`, so that a new parameter has its control. Handlers return at
once, whatever thread the kernel runs them on: a submission has a thread of its own, and what comes of it is
shown by the panel's writer.
"""

from __future__ import annotations

import html
import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Instance, Unicode, observe

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.host import Host, current_host
from ltxv_nb.notebook.output.source import cell_text, code_html, python_text
from ltxv_nb.notebook.panel.form import Form
from ltxv_nb.notebook.panel.job_row import Actions, JobRow
from ltxv_nb.notebook.panel.pictures import as_text
from ltxv_nb.notebook.panel.sender import Sender
from ltxv_nb.notebook.widgets.factory import Kit
from ltxv_nb.notebook.widgets.status_style import STATUS_STYLE, style_tag
from ltxv_nb.notebook.widgets.style import CLIP_STYLE, JOB_STYLE, ROOM_STYLE
from ltxv_nb.notebook.widgets.worker import Writer
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.errors import DuplicateRequest
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.panel.fallback import Keepsake

_SPINNER = '<span class="ltxv-spin" aria-hidden="true"></span>'
_BADGES = {
    "sandbox": ("ltxv-badge", "Sandbox: drawn on this machine, nothing is billed"),
    "aimlapi": ("ltxv-badge ltxv-badge-paid", "AI/ML API: every clip is billed"),
}
_OTHER_SERVICE = {
    "sandbox": "Clips go to the sandbox now, free of charge. Press Generate again to make this one.",
    "aimlapi": "Clips go to the real service now, and are billed. Press Generate again to pay for this one.",
}


def panel(client: Client | None = None) -> Panel:
    """Return a control panel; as the last line of a cell it shows itself.

    Parameters
    ----------
    client : Client, optional
        Who makes the clips; by default the notebook's own client.

    Raises
    ------
    ConfigurationError
        The settings cannot be used.

    Examples
    --------
    >>> panel = ltxv_nb.panel()  # doctest: +SKIP
    >>> panel.request = ltxv_nb.GenerationRequest("A lighthouse at dusk", duration=6)  # doctest: +SKIP
    """
    return Panel(current_host(client))


class Panel(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The panel. `request` and the controls follow each other.

    Attributes
    ----------
    request : GenerationRequest or None
        What the controls say; ``None`` while they say nothing that could be sent. Set it, and they follow.
    problem : str
        Why it cannot be sent; empty when it can.

    Parameters
    ----------
    host : Host
        The session it belongs to.
    clock : callable
        Returns seconds, monotonic.
    start : callable, optional
        Runs a submission in the background; see `Sender`.
    """

    request: Any = Instance(GenerationRequest, allow_none=True)
    problem: Any = Unicode("")

    def __init__(
        self,
        host: Host,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._host, self._lock = host, threading.RLock()
        self._writer, self._sender = Writer("ltxv-panel"), Sender(self, clock, start)
        self._reading = False  # whether `request` is being set from the controls
        self._question: GenerationRequest | None = None  # what is paid for twice, if they say so
        self._news = ""
        self._rows: list[JobRow] = []
        self._offer: list[Any] = []  # to show what is unfinished from earlier
        self._keepsakes: list[Keepsake] = []
        self._backend = host.backend
        self._kit = Kit()
        self._build()
        children = [self._looks, self._sheet, self._list]
        super().__init__(children, layout=self._kit.layout, _dom_classes=("ltxv-room", "ltxv-panel"))
        self._form.on_change(self._changed)
        self._read()
        self._writer.put(self._offer_unfinished)  # makes the client, while one can already type

    @property
    def jobs(self) -> list[Job]:
        """The jobs below the form, newest first."""
        return [row.job for row in self._rows]

    def generate(self) -> None:
        """Do what the button does: send the request, in the background. This is the paid act."""
        with self._lock:
            if self.request is not None:
                self._send(self.request)

    def close(self) -> None:
        """Take the panel away; its jobs go on and are watched."""
        self._writer.close()
        for row in self._rows:
            self._host.board.drop(row)
        super().close()

    def _ipython_display_(self) -> None:
        """Show the panel, and beside it what outlives it; IPython calls this."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        from ltxv_nb.notebook.panel.fallback import Keepsake

        publisher: Any = shell.display_pub
        publisher.publish(dict(self._repr_mimebundle_()), {})
        self._keepsakes.append(Keepsake(shell))
        if any(job.video for job in self.jobs):
            self._writer.put(self._keep)

    # -- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        kit = self._kit
        self._looks = kit.html(style_tag(ROOM_STYLE + STATUS_STYLE + CLIP_STYLE + JOB_STYLE), "ltxv-looks")
        self._head = kit.html(_head(self._backend), "ltxv-title")
        self._form = Form(kit, lambda: self._host.client, self._writer)
        self._go = kit.button("Generate", "Send the request", self.generate, "ltxv-go")
        self._says = kit.html("", "ltxv-says")
        self._as_cell: Any = widgets.ToggleButton(
            description="Show as cell",
            tooltip="Show the %%ltxv cell and the Python call that make the same clip",
            layout=kit.layout,
            _dom_classes=("ltxv-as-cell",),
        )
        self._as_cell.observe(lambda _change: self._show_code(), names="value")
        self._code = kit.html("", "ltxv-shown-cell")
        self._anyway = kit.button(
            "Pay for another", "Send it although the very same request is unfinished", self._say_yes
        )
        self._never_mind = kit.button("Never mind", "Send nothing", self._say_no)
        self._bar = kit.row([self._go, self._says, self._as_cell], "ltxv-row")
        self._sheet = kit.column([self._head, *self._form.boxes, self._bar], "ltxv-sheet")
        self._list = kit.column([], "ltxv-jobs")

    def _offer_unfinished(self) -> None:
        """Offer to show what is unfinished from earlier."""
        try:
            count = self._host.client.unfinished_count()
        except LTXVError:
            return  # told when something is about to be paid
        if not count:
            return
        clips = "1 clip is" if count == 1 else f"{count} clips are"
        text = self._kit.html(f"{clips} unfinished from earlier.", "ltxv-says")
        tooltip = "Watch what is unfinished; nothing is sent or billed"
        button = self._kit.button("Pick up", tooltip, self._resume)
        self._offer = [self._kit.row([text, button], "ltxv-row")]
        self._arrange()

    def _arrange(self) -> None:
        with self._lock:
            self._list.children = [*(row.box for row in self._rows), *self._offer]

    # -- form and request ----------------------------------------------------------------------------------

    @observe("request")
    def _follow(self, change: Any) -> None:
        """Let the controls follow a request that code has set."""
        with self._lock:
            if not self._reading:
                self._form.show(change["new"])
                self._changed()

    def _changed(self) -> None:
        """Take in what the person has changed."""
        with self._lock:
            self._news = ""
            self._drop_question()
            self._read()

    def _read(self) -> None:
        """Bring `request`, button and words in step with the controls."""
        with self._lock:
            request, problem = self._form.read()
            self._reading = True
            try:
                self.request, self.problem = request, problem
            finally:
                self._reading = False
            self._show_state()
            self._show_code()

    def _show_state(self) -> None:
        """Say why the button is off, or what became of the last click."""
        self._go.disabled = bool(self.problem) or self._sender.busy
        if self._sender.busy:
            self._says.value = _words(f"{_SPINNER}Sending…")
        elif self._news:
            self._says.value = self._news
        else:
            self._says.value = _words(html.escape(self.problem), "hint") if self.problem else ""

    def _show_code(self) -> None:
        """Show the request as a cell, if that is wanted; a picture may have to become a file first."""
        wanted = [self._code] if self._as_cell.value else []
        shown = [self._head, *self._form.boxes, self._bar, *wanted]
        if list(self._sheet.children) != shown:
            self._sheet.children = shown
        if wanted:
            self._writer.put(self._write_code)

    def _write_code(self) -> None:
        request, problem = self.request, self.problem
        try:
            self._code.value = self._code_of(request) if request else _words(html.escape(problem), "hint")
        except LTXVError as error:
            self._code.value = _words(html.escape(str(error)), "bad")

    def _code_of(self, request: GenerationRequest) -> str:
        image = as_text(request.image, self._host.client.home)
        cell = code_html("Cell", cell_text(request, image))
        sandbox = self._host.client.backend == "sandbox"
        python = code_html("Python", python_text(request, image, sandbox=sandbox))
        return f'<div class="ltxv-codes">{cell}{python}</div>'

    # -- sending -------------------------------------------------------------------------------------------

    def _send(self, request: GenerationRequest, *, allow_duplicate: bool = False) -> None:
        with self._lock:
            try:
                client = self._host.client
            except LTXVError as error:
                self._say(str(error), "bad")
                return
            if client.backend != self._backend:
                # Someone has logged in since: what this click costs is not what stands above the form.
                self._backend = client.backend
                self._head.value = _head(self._backend)
                self._say(_OTHER_SERVICE[self._backend], "ask")
                return
            if self._sender.send(client, request, allow_duplicate=allow_duplicate):
                self._drop_question()
                self._news = ""
                self._show_state()

    def sent(self, job: Job) -> None:
        """Show a job that was accepted, or may have been; called by the sender."""
        self._host.bind(job)
        self._writer.put(lambda: self._add(job))
        self._writer.put(lambda: self._say(_accepted(job), "plain"))

    def refused(self, words: str) -> None:
        """Say that nothing was accepted; called by the sender."""
        self._writer.put(lambda: self._say(words, "bad"))

    def doubtful(self, request: GenerationRequest, error: DuplicateRequest) -> None:
        """Ask whether to pay for the very same request again; called by the sender."""
        self._writer.put(lambda: self._ask(request, error.job))

    def _ask(self, request: GenerationRequest, earlier: Job) -> None:
        with self._lock:
            self._question = request
            free = self._backend == "sandbox"
            self._anyway.description = "Make another" if free else "Pay for another"
            self._say(f"Already running as job {earlier.id}. {self._anyway.description}?", "ask")
            self._bar.children = [self._go, self._says, self._anyway, self._never_mind, self._as_cell]

    def _drop_question(self) -> None:
        self._question = None
        if len(self._bar.children) != 3:
            self._bar.children = [self._go, self._says, self._as_cell]

    def _say_yes(self) -> None:
        with self._lock:
            # Taken away first: a second click finds no question to answer.
            request, self._question = self._question, None
            if request is not None:
                self._go.focus()  # before it goes off: the keyboard goes on from there
                self._send(request, allow_duplicate=True)

    def _say_no(self) -> None:
        self._changed()
        self._go.focus()  # the button that had it is gone

    def _say(self, words: str, tone: str) -> None:
        with self._lock:
            self._news = _words(html.escape(words), tone)
            self._show_state()

    # -- jobs ----------------------------------------------------------------------------------------------

    def _add(self, job: Job) -> None:
        """Put a job on top of the list, or in the place of what another client knew of it."""
        with self._lock:
            if any(row.job is job for row in self._rows):
                return
            row = JobRow(job, self._kit, self._actions())
            places = [place for place, known in enumerate(self._rows) if known.job.id == job.id]
            old = self._rows.pop(places[0]) if places else None
            self._rows.insert(places[0] if places else 0, row)
            self._arrange()
        if old is not None:
            self._host.board.drop(old)
            old.close()
        self._host.board.add(job, row)

    def _actions(self) -> Actions:
        return Actions(
            reuse=self._reuse,
            last_frame=self._use_last_frame,
            again=self._again,
            watch=self._watch,
            ended=self._ended,
        )

    def _watch(self, job: Job) -> None:
        self._writer.put(lambda: self._watch_again(job))

    def _watch_again(self, job: Job) -> None:
        """Watch a job with the client in use: the one that it came from may be closed."""
        try:
            current = self._host.client.job(job.id)
            current.watch()
        except LTXVError as error:
            self._say(str(error), "bad")
            return
        self._add(current)

    def _resume(self) -> None:
        self._writer.put(self._pick_up)

    def _pick_up(self) -> None:
        try:
            jobs = self._host.client.resume()
        except LTXVError as error:
            self._say(str(error), "bad")
            return
        self._offer = []
        self._arrange()
        for job in jobs:
            self._add(job)
        if not jobs:
            self._say("Nothing is unfinished any more; %ltxv gallery shows the clips.", "plain")

    def _reuse(self, job: Job) -> None:
        self.request = job.request

    def _use_last_frame(self, job: Job) -> None:
        with self._lock:
            self._form.image.refresh_clips()
            self._form.image.value = job.video
            self._say(f"The next clip starts from the last frame of job {job.id}.", "plain")

    def _again(self, job: Job) -> None:
        self._send(job.request)

    def _ended(self, _job: Job) -> None:
        self._writer.put(self._form.image.refresh_clips)
        self._writer.put(self._keep)

    def _keep(self) -> None:
        """Bring the outputs that outlive the kernel up to date."""
        videos = [video for job in self.jobs if (video := job.video) is not None]
        for keepsake in self._keepsakes:
            keepsake.follow(videos)


def _head(backend: str) -> str:
    css_class, words = _BADGES[backend]
    return f'<div class="ltxv-head"><b>LTXV-2</b><span class="{css_class}">{words}</span></div>'


def _words(inside: str, tone: str = "plain") -> str:
    """Return a line about the form; screen readers hear it when it changes."""
    return f'<span role="status" data-tone="{tone}">{inside}</span>'


def _accepted(job: Job) -> str:
    if job.status == "unknown":
        return str(job.error)
    made = f" The same was made before: {job.twin.name}." if job.twin else ""
    return f"Accepted as job {job.id}.{made}"
