"""One job below the panel: its status while it runs, then its clip or what went wrong."""

from __future__ import annotations

import html
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.journal.first_frames import settings_of
from ltxv_nb.notebook.frontend import embed_for, notebook_folder
from ltxv_nb.notebook.output.outcome import outcome_bundle
from ltxv_nb.notebook.output.source import settings_text
from ltxv_nb.notebook.output.status import Snapshot, snapshot
from ltxv_nb.notebook.panel.messages import message
from ltxv_nb.notebook.widgets.status_row import StatusRow
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.widgets.factory import WidgetFactory


#: What stands right below a clip; to continue it, or to make another like it, are buttons that fill the form.
_BELOW = ("copy", "download", "star")


class Actions(NamedTuple):
    """What the buttons of a row do; each is called with the job.

    Attributes
    ----------
    replaces : callable
        Return whether copying its prompt would replace another one in the form.
    reuse : callable
        Copy its prompt and settings into the form.
    settings : callable
        Copy its settings alone.
    last_frame : callable
        Use its last frame as the next first frame.
    again : callable
        Submit the same request once more, through the duplicate guard.
    resume : callable
        Continue tracking; nothing is sent or billed.
    ended : callable
        Called when the row shows an outcome.
    """

    replaces: Callable[[Job], bool]
    reuse: Callable[[Job], object]
    settings: Callable[[Job], object]
    last_frame: Callable[[Job], object]
    again: Callable[[Job], object]
    resume: Callable[[Job], object]
    ended: Callable[[Job], object]


class JobRow:
    """A job's row; its widget is `box`. It is a view of the status board.

    Parameters
    ----------
    job : Job
        The job.
    factory : WidgetFactory
        Makes the widgets.
    actions : Actions
        What its buttons do.
    """

    def __init__(self, job: Job, factory: WidgetFactory, actions: Actions) -> None:
        self.job = job
        self._factory, self._actions = factory, actions
        self._status = StatusRow(job, snapshot(job))
        self._tracked = True
        self._about = factory.html(_about(job), "ltxv-message")
        self._buttons = factory.row([self._about, self._reuse_button()], "ltxv-row")
        self._shown = self._status.box
        self._question: Any = None  # whether to replace what somebody has written
        self.box: Any = factory.column([self._shown, self._buttons], "ltxv-job")

    def update(self, now: Snapshot) -> None:
        """Show how the job is; nothing is sent that is shown already."""
        self._status.update(now)
        tracked = now.tone != "stopped"
        if tracked != self._tracked:
            self._tracked = tracked
            self._status.offer_stop(offered=tracked)
            resume = [] if tracked else [self._resume_button()]
            self._replace_buttons([self._about, *resume, self._reuse_button()])

    def finish(self, job: Job) -> None:
        """Replace the status with the clip, or with what went wrong."""
        embed = embed_for(job.video.path) if job.video else None
        bundle = outcome_bundle(job, embed=embed, base_dir=notebook_folder(), actions=_BELOW)
        self._shown = self._factory.output(bundle)
        if job.video is not None:
            buttons = [self._reuse_button(), self._last_frame_button()]
        else:  # a clip has its prompt beside it; an error alone would not say whose it is
            self._about.value = f"<i>{html.escape(one_line(job.record.prompt, 200))}</i><br>{_about(job)}"
            buttons = [self._again_button(), self._reuse_button()]
        self._replace_buttons([self._about, *buttons])
        self._arrange()
        self._status.close()
        self._actions.ended(job)

    def close(self) -> None:
        """Remove the row, here and in the page."""
        self._answered(None)
        self._status.close()
        for widget in (*self._buttons.children, *self.box.children, self.box):
            widget.close()

    def _replace_buttons(self, buttons: list[Any]) -> None:
        gone = [child for child in self._buttons.children if child not in buttons]
        self._buttons.children = buttons
        for child in gone:
            child.close()

    def _button(self, text: str, tooltip: str, action: Callable[[Job], object]) -> Any:
        return self._factory.button(text, tooltip, lambda: action(self.job))

    def _reuse_button(self) -> Any:
        return self._button(
            "Use these settings", "Copy prompt and settings of this clip into the form", self._reuse
        )

    def _reuse(self, job: Job) -> None:
        """Copy prompt and settings; ask first where that would replace what somebody has written."""
        self._answered(None)
        if not self._actions.replaces(job):
            self._actions.reuse(job)
            return
        actions = self._actions
        question = message("Replace the prompt that you have written?", "ask")
        answers = (
            ("Replace", "Copy prompt and settings", actions.reuse),
            ("Keep my prompt", "Copy the settings alone", actions.settings),
            ("Never mind", "Change nothing", None),
        )
        buttons = [
            self._factory.button(text, about, partial(self._answered, action))
            for text, about, action in answers
        ]
        self._question = self._factory.row(
            [self._factory.html(question, "ltxv-message"), *buttons], "ltxv-row"
        )
        self._arrange()

    def _answered(self, action: Callable[[Job], object] | None) -> None:
        """Take the question away, and do what was answered."""
        question, self._question = self._question, None
        if question is not None:
            self._arrange()
            for widget in (*question.children, question):
                widget.close()
        if action is not None:
            action(self.job)

    def _arrange(self) -> None:
        question = [self._question] if self._question is not None else []
        self.box.children = [self._shown, self._buttons, *question]

    def _last_frame_button(self) -> Any:
        return self._button(
            "Use last frame", "Start the next clip from the last frame of this one", self._actions.last_frame
        )

    def _again_button(self) -> Any:
        return self._button("Try again", "Submit the same request once more", self._actions.again)

    def _resume_button(self) -> Any:
        tooltip = "Continue tracking this job; no new clip is made"
        return self._button("Resume tracking", tooltip, self._actions.resume)


def _about(job: Job) -> str:
    words = [
        settings_text(settings_of(job.record.request)),
        "with a first frame" if job.record.request.get("image") else "",
    ]
    shown = " · ".join(word for word in (*words, f"job {job.id}") if word)
    prompt = html.escape(one_line(job.record.prompt, 200))
    return f'<span class="ltxv-hint" title="{prompt}">{html.escape(shown)}</span>'
