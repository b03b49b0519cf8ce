"""One job's status as a widget: the clip's place, prompt, state, times, and a button that stops tracking."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ltxv_nb.media.player import prompt_html
from ltxv_nb.notebook.widgets.factory import WidgetFactory
from ltxv_nb.notebook.widgets.stage import STAGE_STYLE, first_frame, stage_html
from ltxv_nb.notebook.widgets.style import STATUS_STYLE, style_tag
from ltxv_nb.notebook.widgets.times import TIMES_STYLE, Times
from ltxv_nb.notebook.widgets.worker import Worker
from ltxv_nb.text import NO_MATH

if TYPE_CHECKING:
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.output.card import Card
    from ltxv_nb.notebook.output.status import Snapshot


class StatusRow:
    """A row that shows how a job is; its widget is `box`. Above it the clip's place is kept free.

    Few traits change: the state when it does, and one short piece of HTML for bar and times, which move by
    themselves.

    Parameters
    ----------
    job : Job
        The job.
    first : Snapshot
        How it is now.
    """

    def __init__(self, job: Job, first: Snapshot) -> None:
        self._factory = factory = WidgetFactory()
        self._job_id = job.id
        self._style = factory.html(style_tag(STATUS_STYLE + STAGE_STYLE + TIMES_STYLE), "ltxv-style")
        self._stage = factory.html(stage_html(job), "ltxv-placeholder")
        self._prompt = factory.html(prompt_html(job.record.prompt), "ltxv-prompt-line")
        self._state = factory.html(_state(first, job.id), "ltxv-state")
        self._meter = Times(layout=factory.layout, style=factory.html_style)
        self._meter.show(first)
        # There is no way to cancel a generation, and the button must not suggest one.
        self._stop = factory.button(*_stopping(job), job.stop, "ltxv-stop")
        self._note: Any = None  # a card above the status
        self._note_tone = ""
        self._stop_offered = first.due is None  # a cell that waits to send again takes no click
        self.box: Any = factory.row(self._children(), "ltxv-status")
        self._closed = False
        if isinstance(job.record.request.get("image"), dict):
            Worker("ltxv-stage").put(lambda: self._show_first_frame(job))

    def _show_first_frame(self, job: Job) -> None:
        picture = first_frame(job)
        if picture and not self._closed:
            self._stage.value = stage_html(job, picture)

    def update(self, now: Snapshot) -> None:
        """Show how the job is; sends only what differs from what is shown."""
        self._state.value = _state(now, self._job_id)
        self._meter.show(now)
        if self._note_tone == "doubt" and now.tone == "running":  # found: the card is not true any more
            self._drop_note()
        if (now.due is None) != self._stop_offered:
            self.offer_stop(offered=now.due is None)

    def submitted(self, job: Job) -> None:
        """Speak of a job that has been submitted since as of one that is."""
        self._job_id = job.id
        self._stop.description, self._stop.tooltip = _stopping(job)

    def offer_stop(self, *, offered: bool) -> None:
        """Show or hide the button that stops tracking."""
        self._stop_offered = offered
        self.box.children = self._children()

    def show_note(self, card: Card) -> None:
        """Show a card and the status as one; there is no stage meanwhile, for the clip may not come."""
        self._note, self._note_tone = self._factory.html(card.html(), "ltxv-card-line"), card.tone
        self.box.add_class("ltxv-noted")
        self.box.children = self._children()

    def _drop_note(self) -> None:
        note, self._note, self._note_tone = self._note, None, ""
        self.box.remove_class("ltxv-noted")
        self.box.children = self._children()
        note.close()

    def show_outcome(self, content: str) -> None:
        """Replace the status with the outcome, as HTML."""
        self._closed = True
        self.box.children = [self._style, self._factory.html(content, "ltxv-outcome")]
        self.box.remove_class("ltxv-noted")
        for widget in self._all()[1:]:
            widget.close()

    def close(self) -> None:
        """Remove the row, here and in the page."""
        self._closed = True
        for widget in (self.box, *self.box.children, *self._all()):
            widget.close()
        self._factory.close()

    def _children(self) -> list[Any]:
        above = [self._stage, self._prompt] if self._note is None else [self._note]
        stop = [self._stop] if self._stop_offered else []
        return [self._style, *above, self._state, self._meter, *stop]

    def _all(self) -> list[Any]:
        note = [] if self._note is None else [self._note]
        return [self._style, self._stage, self._prompt, *note, self._state, self._meter, self._stop]


def _stopping(job: Job) -> tuple[str, str]:
    """Return the text and the tooltip of the button."""
    if not job.id:
        return "Do not submit", "Wait no longer for the other job; nothing was sent"
    return "Stop tracking", f"Stop tracking. {job.billing_note}"


def _state(now: Snapshot, job_id: str) -> str:
    dot = f'<span class="ltxv-dot ltxv-dot-{now.tone}" aria-hidden="true"></span>'
    return (
        f'<span role="status" class="{NO_MATH}">{dot}'
        f'<b title="job {html.escape(job_id)}">{html.escape(now.state)}</b></span>'
    )
