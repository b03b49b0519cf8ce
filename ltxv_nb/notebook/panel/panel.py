"""The control panel: the parameters as controls, one button that pays, and the jobs below it.

It is built from the model's parameters, so that a new parameter has its control. Handlers return at
once, whatever thread the kernel runs them on: a submission has a thread of its own, and its outcome is shown
by the panel's worker.
"""

from __future__ import annotations

import html
import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Instance, Unicode, observe

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.output.pictures import files_as_text
from ltxv_nb.notebook.output.source import cell_text, code_html, python_text
from ltxv_nb.notebook.panel.form import Form
from ltxv_nb.notebook.panel.job_row import Actions, JobRow
from ltxv_nb.notebook.panel.model_switch import ModelSwitch
from ltxv_nb.notebook.panel.sender import Sender
from ltxv_nb.notebook.session import Session, session_for
from ltxv_nb.notebook.widgets.factory import WidgetFactory, css_classes, mimebundle
from ltxv_nb.notebook.widgets.style import BASE_STYLE, CLIP_STYLE, JOB_STYLE, STATUS_STYLE, style_tag
from ltxv_nb.request import GenerationRequest
from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.errors import DuplicateRequest
    from ltxv_nb.job import Job
    from ltxv_nb.models import Model
    from ltxv_nb.notebook.panel.fallback import Fallback

#: In place of a request, where none is being set; ``None`` is a request that could not be submitted.
_NONE = object()

_SPINNER = '<span class="ltxv-spin" aria-hidden="true"></span>'
_BADGES = {
    "sandbox": ("ltxv-badge", "Sandbox: drawn on this machine, free of charge"),
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
    return Panel(session_for(client))


class Panel(widgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The panel. `request` and the controls follow each other.

    Attributes
    ----------
    request : GenerationRequest or None
        What the controls say; ``None`` while that could not be submitted. Set it, and they follow.
    problem : str
        Why it cannot be submitted; empty when it can.

    Parameters
    ----------
    session : Session
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
        session: Session,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        # The lock guards the fields below and what the controls show. Nothing under it reads the journal,
        # makes a client, or calls back: who needs it waits for no more than another's assignments.
        self._session, self._lock = session, threading.RLock()
        self._worker, self._sender = session.worker("ltxv-panel"), Sender(self, clock, start)
        self._current: GenerationRequest | None = None  # what the controls say; `request` follows
        self._current_problem = ""
        self._publishing = False  # whether a thread is setting the traits
        self._unpublished = False  # whether they differ from what the controls say
        self._published: Any = _NONE  # the request that is being set from the controls
        self._models: ModelSwitch | None = None
        self._question: GenerationRequest | None = None  # submitted again if the answer is yes
        self._message = ""
        self._rows: list[JobRow] = []
        self._offer: list[Any] = []  # to resume what is unfinished from earlier
        self._fallbacks: list[Fallback] = []
        self._backend = session.backend
        self._factory = WidgetFactory()
        self._build()
        children = [self._style, self._card, self._list]
        super().__init__(children, layout=self._factory.layout, **css_classes("ltxv-ui", "ltxv-panel"))
        self._form.on_change(self._changed)
        self._read()
        self._worker.put(self._offer_unfinished)  # makes the client, while one can already type
        self._models = ModelSwitch(self._form, lambda: self._session.client, self._worker, self)

    @property
    def jobs(self) -> list[Job]:
        """The jobs below the form, newest first."""
        return [row.job for row in self._rows]

    def generate(self) -> None:
        """Do what the button does: submit the request, in the background. This is the paid act."""
        request = self._current
        if request is not None:
            self._submit(request)

    def close(self) -> None:
        """Remove the panel; its jobs continue and are tracked."""
        self._worker.close()
        for row in self._rows:
            self._session.board.drop(row)
        super().close()

    def _ipython_display_(self) -> None:
        """Show the panel, and beside it what remains without a kernel; IPython calls this."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        from ltxv_nb.notebook.panel.fallback import Fallback

        publisher: Any = shell.display_pub
        publisher.publish(mimebundle(self), {})
        self._fallbacks.append(Fallback(shell))
        if any(job.video for job in self.jobs):
            self._worker.put(self._update_fallbacks)

    # -- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        factory = self._factory
        self._style = factory.html(
            style_tag(BASE_STYLE + STATUS_STYLE + CLIP_STYLE + JOB_STYLE), "ltxv-style"
        )
        self._form = Form(factory, lambda: self._session.client, self._worker)
        self._head = factory.html(_head(self._backend, self._form.model), "ltxv-title")
        self._generate_button = factory.button(
            "Generate", "Submit the request", self.generate, "ltxv-generate"
        )
        self._message_line = factory.html("", "ltxv-message")
        self._as_cell = factory.toggle(
            "Show as cell", "Show the %%ltxv cell and the Python call that make the same clip", "ltxv-as-cell"
        )
        self._as_cell.observe(lambda _change: self._show_code(), names="value")
        self._code = factory.html("", "ltxv-shown-cell")
        self._yes = factory.button(
            "Pay for another", "Submit it although the very same request is unfinished", self._answer_yes
        )
        self._no = factory.button("Never mind", "Submit nothing", self._answer_no)
        self._bar = factory.row([self._generate_button, self._message_line, self._as_cell], "ltxv-row")
        self._card = factory.column([self._head, *self._form.boxes, self._bar], "ltxv-card")
        self._list = factory.column([], "ltxv-jobs")

    def _offer_unfinished(self) -> None:
        """Offer to resume what is unfinished from earlier, and tracked neither here nor elsewhere."""
        try:
            count = len(self._session.client.untracked())
            elsewhere = self._session.unfinished_elsewhere()
        except LTXVError:
            return  # the submission will raise what is wrong
        offer = [
            self._factory.row([self._factory.html(_words(sentence), "ltxv-message")], "ltxv-row")
            for sentence in elsewhere
        ]
        if count:
            clips = "1 clip is" if count == 1 else f"{count} clips are"
            text = self._factory.html(_words(f"{clips} unfinished from earlier."), "ltxv-message")
            tooltip = "Track what is unfinished; no new clip is made"
            resume = self._factory.button(
                "Resume", tooltip, lambda: self._worker.put(self._resume_unfinished)
            )
            offer.insert(0, self._factory.row([text, resume], "ltxv-row"))
        with self._lock:
            self._offer = offer
            self._arrange()

    def _arrange(self) -> None:
        """Put the rows and the offer on the page; called with the lock held."""
        self._list.children = [*(row.box for row in self._rows), *self._offer]

    # -- form and request ----------------------------------------------------------------------------------

    @observe("request")
    def _request_set(self, change: Any) -> None:
        """Let the controls follow a request that code has set."""
        if change["new"] is not self._published:
            if self._models:
                self._models.forget()
            self._form.show(change["new"])
            self.model_changed()

    def model_changed(self) -> None:
        """Show which model it is, and read its controls; called when another one was chosen or set."""
        self._head.value = _head(self._backend, self._form.model)
        self._changed()

    def model_said(self, message: str, tone: str) -> None:
        """Say what became of a change of the model; called by the switch."""
        self._say(message, tone)

    def _changed(self) -> None:
        """Take over what the person has changed."""
        with self._lock:
            self._message = ""
            self._drop_question()
        self._read()

    def _read(self) -> None:
        """Bring `request`, button and message in step with the controls."""
        with self._lock:
            waits = self._models.problem if self._models else ""
            self._current, self._current_problem = (None, waits) if waits else self._form.read()
            self._unpublished = True
            self._show_state()
            self._show_code()
        self._publish()

    def _publish(self) -> None:
        """Set the traits to what the controls say, outside the lock: the user's own code observes them.

        One thread at a time does so, until nothing is left to be set: no older request comes after a newer.
        """
        with self._lock:
            if self._publishing:
                return  # the thread that is at it will set this, too
            self._publishing = True
        try:
            while (latest := self._next_to_publish()) is not None:
                self._published, problem = latest
                self.request = self._published
                self._published = _NONE
                self.problem = problem
        except BaseException:  # an observer of someone else's
            with self._lock:
                self._publishing, self._published = False, _NONE
            raise

    def _next_to_publish(self) -> tuple[GenerationRequest | None, str] | None:
        """Return what the traits are to be set to; ``None`` when they are up to date."""
        with self._lock:
            if not self._unpublished:
                self._publishing = False
                return None
            self._unpublished = False
            return self._current, self._current_problem

    def _show_state(self) -> None:
        """Say why the button is off, or how the last click ended."""
        self._generate_button.disabled = bool(self._current_problem) or self._sender.busy
        if self._sender.busy:
            self._message_line.value = _message(f"{_SPINNER}Submitting…")
        elif self._message:
            self._message_line.value = self._message
        else:
            problem = self._current_problem
            self._message_line.value = _message(html.escape(problem), "hint") if problem else ""

    def _show_code(self) -> None:
        """Show the request as a cell, if that is wanted; a picture may have to become a file first."""
        wanted = [self._code] if self._as_cell.value else []
        shown = [self._head, *self._form.boxes, self._bar, *wanted]
        if list(self._card.children) != shown:
            self._card.children = shown
            self._form.close_replaced()
        if wanted:
            self._worker.put(self._write_code)

    def _write_code(self) -> None:
        with self._lock:
            request, problem = self._current, self._current_problem
        try:
            self._code.value = self._code_of(request) if request else _message(html.escape(problem), "hint")
        except LTXVError as error:
            self._code.value = _message(html.escape(str(error)), "bad")

    def _code_of(self, request: GenerationRequest) -> str:
        client = self._session.client
        files = files_as_text(request, client.home)
        cell = code_html("Cell", cell_text(request, files))
        python = code_html("Python", python_text(request, files, sandbox=client.backend == "sandbox"))
        return f'<div class="ltxv-codes">{cell}{python}</div>'

    # -- submitting ----------------------------------------------------------------------------------------

    def _submit(self, request: GenerationRequest, *, allow_duplicate: bool = False) -> None:
        try:
            client = self._session.client
        except LTXVError as error:
            self._say(str(error), "bad")
            return
        with self._lock:
            before, self._backend = self._backend, client.backend
        if client.backend != before:
            # Someone has logged in since: the price of this click is not the one shown above the form.
            self._head.value = _head(client.backend, self._form.model)
            self._say(_OTHER_SERVICE[client.backend], "ask")
            return
        with self._lock:  # until "Submitting…" is shown: the outcome must not come before it
            if self._sender.send(client, request, allow_duplicate=allow_duplicate):
                self._drop_question()
                self._message = ""
                self._show_state()

    def sent(self, job: Job) -> None:
        """Show a job that was accepted, or may have been; called by the sender."""
        self._session.bind(job)
        self._worker.put(lambda: self._add(job))
        self._worker.put(lambda: self._say(_accepted(job), "plain"))

    def refused(self, reason: str) -> None:
        """Say that nothing was accepted; called by the sender."""
        self._worker.put(lambda: self._say(reason, "bad"))

    def duplicate(self, request: GenerationRequest, error: DuplicateRequest) -> None:
        """Ask whether to pay for the very same request again; called by the sender."""
        self._worker.put(lambda: self._ask(request, error.job))

    def _ask(self, request: GenerationRequest, earlier: Job) -> None:
        with self._lock:
            self._question = request
            free = self._backend == "sandbox"
            self._yes.description = "Make another" if free else "Pay for another"
            self._say(f"Already running as job {earlier.id}. {self._yes.description}?", "ask")
            self._bar.children = [
                self._generate_button,
                self._message_line,
                self._yes,
                self._no,
                self._as_cell,
            ]

    def _drop_question(self) -> None:
        self._question = None
        if len(self._bar.children) != 3:
            self._bar.children = [self._generate_button, self._message_line, self._as_cell]

    def _answer_yes(self) -> None:
        with self._lock:
            # Taken away first: a second click finds no question to answer.
            request, self._question = self._question, None
        if request is not None:
            self._generate_button.focus()  # before it is disabled: the keyboard focus continues from there
            self._submit(request, allow_duplicate=True)

    def _answer_no(self) -> None:
        self._changed()
        self._generate_button.focus()  # the button that had the focus is gone

    def _say(self, message: str, tone: str) -> None:
        with self._lock:
            self._message = _message(html.escape(message), tone)
            self._show_state()

    # -- jobs ----------------------------------------------------------------------------------------------

    def _add(self, job: Job) -> None:
        """Add a job's row at the top, or replace the row of a former client's job; the worker calls it."""
        if any(row.job is job for row in self._rows):
            return
        row = JobRow(job, self._factory, self._actions())
        with self._lock:
            at = next((at for at, known in enumerate(self._rows) if known.job.id == job.id), None)
            old = self._rows.pop(at) if at is not None else None
            self._rows.insert(at or 0, row)
            self._arrange()
        if old is not None:
            self._session.board.drop(old)
            old.close()
        self._session.board.add(job, row)

    def _actions(self) -> Actions:
        return Actions(
            reuse=self._reuse,
            last_frame=self._use_last_frame,
            again=self._again,
            resume=self._resume,
            ended=self._ended,
        )

    def _resume(self, job: Job) -> None:
        self._worker.put(lambda: self._resume_job(job))

    def _resume_job(self, job: Job) -> None:
        """Track a job with the client in use: the one that it came from may be closed."""
        try:
            current = self._session.client.job(job.id)
            current.watch()
        except LTXVError as error:
            self._say(str(error), "bad")
            return
        self._add(current)

    def _resume_unfinished(self) -> None:
        try:
            jobs = self._session.client.untracked()
            for job in jobs:
                job.watch()
        except LTXVError as error:
            self._say(str(error), "bad")
            return
        self._offer_unfinished()  # what is left is elsewhere
        for job in jobs:
            self._add(job)
        if not jobs and not self._offer:
            self._say("Nothing is unfinished any more; %ltxv gallery shows the clips.", "plain")

    def _reuse(self, job: Job) -> None:
        self.request = job.request

    def _use_last_frame(self, job: Job) -> None:
        image = self._form.image
        if image is None:
            self._say(f"{self._form.model.short_name} takes no first frame: choose another model.", "bad")
            return
        image.refresh_clips()
        image.value = job.video
        self._say(f"The next clip starts from the last frame of job {job.id}.", "plain")

    def _again(self, job: Job) -> None:
        self._submit(job.request)

    def _ended(self, _job: Job) -> None:
        self._worker.put(self._form.refresh_clips)
        self._worker.put(self._update_fallbacks)

    def _update_fallbacks(self) -> None:
        videos = [video for job in self.jobs if (video := job.video) is not None]
        for fallback in self._fallbacks:
            fallback.update(videos)


def _head(backend: str, model: Model) -> str:
    css_class, words = _BADGES[backend]
    name = f'<b class="tex2jax_ignore mathjax_ignore">{html.escape(model.name)}</b>'
    return f'<div class="ltxv-head">{name}<span class="{css_class}">{words}</span></div>'


def _words(text: str) -> str:
    """Return a text as HTML that is shown as it stands."""
    return f'<span class="{NO_MATH}">{html.escape(text)}</span>'


def _message(inside: str, tone: str = "plain") -> str:
    """Return a line about the form; screen readers read it out when it changes."""
    return f'<span role="status" class="{NO_MATH}" dir="auto" data-tone="{tone}">{inside}</span>'


def _accepted(job: Job) -> str:
    if job.status == "unknown":
        return str(job.error)
    return f"Accepted as job {job.id}."
