"""The control panel: the parameters as controls, one button that pays, and the jobs below it.

It is built from the model's parameters, so that a new parameter has its control. Handlers return at
once, whatever thread the kernel runs them on: a submission has a thread of its own, and its outcome is shown
by the panel's worker.
"""

from __future__ import annotations

import functools
import html
import threading
import time
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from traitlets import Instance, Unicode, observe

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.panel.bar import Bar, Clicks
from ltxv_nb.notebook.panel.code_view import CodeView
from ltxv_nb.notebook.panel.form import Form
from ltxv_nb.notebook.panel.job_list import JobList
from ltxv_nb.notebook.panel.messages import error_card, head, message, now_elsewhere, outcome_html
from ltxv_nb.notebook.panel.model_switch import ModelSwitch
from ltxv_nb.notebook.panel.price_line import PriceLine
from ltxv_nb.notebook.panel.sender import Outcome, Sender
from ltxv_nb.notebook.panel.style import PANEL_STYLE
from ltxv_nb.notebook.session import Session, session_for
from ltxv_nb.notebook.widgets.factory import WidgetFactory, css_classes, mimebundle
from ltxv_nb.notebook.widgets.style import BASE_STYLE, CLIP_STYLE, JOB_STYLE, STATUS_STYLE, style_tag
from ltxv_nb.request import GenerationRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.panel.fallback import Fallback

#: Seconds that the panel's background work leaves to the page, so that the panel can be used at once.
SHOWN_FIRST = 0.1

#: In place of a request, where none is being set; ``None`` is a request that could not be submitted.
_NONE = object()

_SPINNER = '<span class="ltxv-spin" aria-hidden="true"></span>'


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
        self._worker, self._sender = session.worker("ltxv-panel", SHOWN_FIRST), Sender(self, clock, start)
        self._current: GenerationRequest | None = None  # what the controls say; `request` follows
        self._current_problem = ""
        self._publishing = False  # whether a thread is setting the traits
        self._unpublished = False  # whether they differ from what the controls say
        self._published: Any = _NONE  # the request that is being set from the controls
        self._models: ModelSwitch | None = None
        self._keyboard: Any = None
        self._question: tuple[GenerationRequest, int] | None = None  # submitted again if the answer is yes
        self._message = ""
        self._fallbacks: list[Fallback] = []
        self._backend = session.backend
        self._factory = WidgetFactory()
        self._build()
        children = [self._style, self._card, self._list.box]
        super().__init__(children, layout=self._factory.layout, **css_classes("ltxv-ui", "ltxv-panel"))
        self._form.on_change(self._changed)
        self._read()
        self._worker.put(self._list.offer_unfinished)  # makes the client, while one can already type
        self._models = ModelSwitch(self._form, self._client, self._worker, self)

    @property
    def jobs(self) -> list[Job]:
        """The jobs below the form, newest first."""
        return self._list.jobs

    def generate(self) -> None:
        """Do what the button does: submit the request, in the background. This is the paid act."""
        request = self._current
        if request is not None:
            self._submit(request, self._bar.takes)

    def close(self) -> None:
        """Remove the panel; its jobs continue and are tracked."""
        self._worker.close()
        self._prices.close()
        self._list.close()
        super().close()

    def _ipython_display_(self) -> None:
        """Show the panel, and beside it what remains without a kernel; IPython calls this."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is None:
            return
        from ltxv_nb.notebook.panel.fallback import Fallback

        publisher: Any = shell.display_pub
        # Where no widget is shown, the words are those of the fallback, and not this one's repr.
        publisher.publish({**mimebundle(self), "text/plain": ""}, {})
        self._fallbacks.append(Fallback(shell))
        if any(job.video for job in self.jobs):
            self._worker.put(self._update_fallbacks)
        self._worker.put(self._add_keyboard)

    # -- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        factory = self._factory
        styles = BASE_STYLE + STATUS_STYLE + CLIP_STYLE + JOB_STYLE + PANEL_STYLE
        self._style = factory.html(style_tag(styles), "ltxv-style")
        self._form = Form(
            factory, self._client, self._worker, lambda: bool(getattr(self._keyboard, "ready", False))
        )
        self._head = factory.html(head(self._backend, self._form.model), "ltxv-title")
        self._bar = Bar(
            factory,
            Clicks(self.generate, self._answer_yes, self._answer_no, self._show_code, self._changed),
        )
        worker = self._session.worker("ltxv-price", SHOWN_FIRST)
        self._prices = PriceLine(self._client, worker, self._bar.show_price)
        self._code = CodeView(factory, self._client)
        self._card = factory.column([self._head, *self._form.boxes, self._bar.box], "ltxv-card")
        self._list = JobList(self._session, factory, self._worker, self)

    def _client(self) -> Client:
        return self._session.client

    def _add_keyboard(self) -> None:
        """Add what the page itself does; the worker calls it, once the panel can be used."""
        if self._keyboard is not None:
            return
        from ltxv_nb.notebook.panel.page import Keyboard

        self._keyboard = Keyboard(self.generate, layout=self._factory.layout)
        hidden = self._factory.row([self._keyboard], "ltxv-style")
        self.children = [self._style, self._card, self._list.box, hidden]

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
        self._head.value = head(self._backend, self._form.model)
        self._changed()

    def _changed(self) -> None:
        """Take over what the person has changed."""
        with self._lock:
            self._message = ""
            self._drop_question()
        self._read()

    def _read(self) -> None:
        """Bring `request`, button, price and message in step with the controls."""
        with self._lock:
            waits = self._models.problem if self._models else ""
            self._current, self._current_problem = (None, waits) if waits else self._form.read()
            self._unpublished = True
            self._show_state()
            self._show_price()
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
        if self._sender.busy:
            text = message(f"{_SPINNER}Submitting {self._sender.progress}…".replace(" …", "…"))
        elif self._message:
            text = self._message
        else:
            problem = self._current_problem
            text = message(html.escape(problem), "hint") if problem else ""
        self._bar.show(text, enabled=not (self._current_problem or self._sender.busy))

    def _show_price(self) -> None:
        self._prices.update(self._form.model, self._form.values, self._bar.takes, self._backend)

    def _show_code(self) -> None:
        """Show the request as a cell, if that is wanted; a picture may have to become a file first."""
        wanted = [self._code.box] if self._bar.shows_code else []
        shown = [self._head, *self._form.boxes, self._bar.box, *wanted]
        if list(self._card.children) != shown:
            self._card.children = shown
            self._form.close_replaced()
        if wanted:
            self._worker.put(self._write_code)

    def _write_code(self) -> None:
        with self._lock:
            request, problem = self._current, self._current_problem
        self._code.write(request, problem, self._bar.takes)

    # -- submitting ----------------------------------------------------------------------------------------

    def _submit(self, request: GenerationRequest, takes: int = 1, *, allow_duplicate: bool = False) -> None:
        try:
            client = self._session.client
        except LTXVError as error:
            self.say_error(error)
            return
        with self._lock:
            before, self._backend = self._backend, client.backend
        if client.backend != before:
            # Someone has logged in since: the price of this click is not the one shown above the form.
            self._head.value = head(client.backend, self._form.model)
            self._show_price()
            self.say(now_elsewhere(client.backend), "ask")
            return
        with self._lock:  # until "Submitting…" is shown: the outcome must not come before it
            if self._sender.send(client, request, takes=takes, allow_duplicate=allow_duplicate):
                self._drop_question()
                self._message = ""
                self._show_state()

    def waits(self, job: Job) -> None:
        """Show a job that is not accepted yet; called by the sender."""
        self._worker.put(lambda: self._list.add(job))

    def sent(self, job: Job) -> None:
        """Show a job that was accepted, or may have been; called by the sender."""
        self._session.bind(job)
        self._worker.put(lambda: self._list.add(job))
        self._worker.put(self._show_progress)

    def _show_progress(self) -> None:
        with self._lock:
            self._show_state()

    def ended(self, outcome: Outcome) -> None:
        """Say what became of a click; called by the sender."""
        self._prices.refresh()
        for job in outcome.waited:
            if job not in outcome.jobs:
                self._worker.put(functools.partial(self._list.drop, job))
        self._worker.put(lambda: self._say_how_it_ended(outcome))

    def _say_how_it_ended(self, outcome: Outcome) -> None:
        if outcome.earlier is not None:
            self._ask(outcome, outcome.earlier)
        else:
            self._show_message(outcome_html(outcome, self._backend))

    def _ask(self, outcome: Outcome, earlier: Job) -> None:
        """Ask whether to make the very same again."""
        with self._lock:
            self._question = (outcome.request, outcome.takes)
            verb = "Make" if self._backend == "sandbox" else "Pay for"
            yes = f"{verb} another" if outcome.takes == 1 else f"{verb} {outcome.takes} more"
            self.say(f"Already running as job {earlier.id}. {yes}?", "ask")
            self._bar.ask(yes)

    def _drop_question(self) -> None:
        self._question = None
        self._bar.drop_question()

    def _answer_yes(self) -> None:
        with self._lock:
            # Taken away first: a second click finds no question to answer.
            question, self._question = self._question, None
        if question is not None:
            self._bar.generate.focus()  # before it is disabled: the keyboard focus continues from there
            self._submit(*question, allow_duplicate=True)

    def _answer_no(self) -> None:
        self._changed()
        self._bar.generate.focus()  # the button that had the focus is gone

    def say(self, text: str, tone: str) -> None:
        """Say what became of a click, of a job's button, or of a change of the model."""
        self._show_message(message(html.escape(text), tone))

    def say_error(self, error: LTXVError) -> None:
        """Say why something could not be done that sends nothing."""
        self._show_message(error_card(error, self._backend, sending=False))

    def _show_message(self, shown: str) -> None:
        with self._lock:
            self._message = shown
            self._show_state()

    # -- what the jobs' buttons ask of the form ------------------------------------------------------------

    def replaces_prompt(self, job: Job) -> bool:
        """Whether using a job's settings would replace another prompt."""
        written = self._form.prompt.strip()
        return bool(written) and written != job.request.prompt

    def reuse(self, job: Job, *, keep_prompt: bool) -> None:
        """Use a job's settings, and its prompt as well or not."""
        written = self._form.prompt
        try:
            self.request = job.request.replace(prompt=written) if keep_prompt else job.request
        except LTXVError as error:
            self.say_error(error)

    def use_last_frame(self, job: Job) -> None:
        """Start the next clip from the last frame of a job's."""
        image = self._form.image
        if image is None:
            self.say(f"{self._form.model.short_name} takes no first frame: choose another model.", "bad")
            return
        image.refresh_clips()
        image.value = job.video
        self.say(f"The next clip starts from the last frame of job {job.id}.", "plain")

    def again(self, job: Job) -> None:
        """Submit the same request once more, through the duplicate guard."""
        self._submit(job.request)

    def job_ended(self) -> None:
        """Offer its clip as a source, and keep it for a page without a kernel."""
        self._session.hear_stars()
        self._prices.refresh()
        self._worker.put(self._form.refresh_clips)
        self._worker.put(self._update_fallbacks)

    def _update_fallbacks(self) -> None:
        videos = [video for job in self.jobs if (video := job.video) is not None]
        for fallback in self._fallbacks:
            fallback.update(videos)
