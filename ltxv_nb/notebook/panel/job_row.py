"""One job below the panel: its status while it runs, then its clip or what went wrong, at the same place."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.notebook.frontend import notebook_folder
from ltxv_nb.notebook.frontend_files import embed_for
from ltxv_nb.notebook.output.outcome import outcome_bundle
from ltxv_nb.notebook.output.status import Snapshot, snapshot
from ltxv_nb.notebook.panel.fields import settings_text, shorten
from ltxv_nb.notebook.widgets.status_row import StatusRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.widgets.factory import Kit


class Actions(NamedTuple):
    """What the buttons of a row do; each is called with the job.

    Attributes
    ----------
    reuse : callable
        Take its prompt and settings into the form.
    last_frame : callable
        Take its last frame as the next first frame.
    again : callable
        Send the same request once more, through the duplicate guard.
    watch : callable
        Take up the watching again; nothing is sent or billed.
    ended : callable
        Told when the row shows an outcome.
    """

    reuse: Callable[[Job], object]
    last_frame: Callable[[Job], object]
    again: Callable[[Job], object]
    watch: Callable[[Job], object]
    ended: Callable[[Job], object]


class JobRow:
    """A job's row; its widget is `box`. It is a view of the status board.

    Parameters
    ----------
    job : Job
        The job.
    kit : Kit
        Makes the widgets.
    actions : Actions
        What its buttons do.
    """

    def __init__(self, job: Job, kit: Kit, actions: Actions) -> None:
        self.job = job
        self._kit, self._actions = kit, actions
        first = snapshot(job)
        self._status = StatusRow(job, first, stage=True)
        self._live = tuple(self._status.box.children)
        self._watched = True
        self._about = kit.html(_about(job), "ltxv-says")
        self._buttons = kit.row([self._about, self._reuse_button()], "ltxv-row")
        self.box: Any = kit.column([self._status.box, self._buttons], "ltxv-job")

    def update(self, now: Snapshot) -> None:
        """Show how the job stands; nothing is sent that is shown already."""
        self._status.update(now)
        watched = now.tone != "stopped"
        if watched != self._watched:
            self._watched = watched
            self._offer_watching(watched=watched)

    def finish(self, job: Job) -> None:
        """Put the clip, or what went wrong, in the place of the status."""
        embed = embed_for(job.video.path) if job.video else None
        bundle = outcome_bundle(job, embed=embed, base_dir=notebook_folder())
        shown = self._kit.output(bundle)
        if job.video is not None:
            buttons = [self._reuse_button(), self._last_frame_button()]
        else:  # a clip has its prompt beside it; words alone would leave open whose they are
            self._about.value = f"<i>{html.escape(shorten(job.record.prompt, 200))}</i><br>{_about(job)}"
            buttons = [self._again_button(), self._reuse_button()]
        self._replace_buttons([self._about, *buttons])
        self.box.children = [shown, self._buttons]
        self._status.close()
        self._actions.ended(job)

    def close(self) -> None:
        """Take the row away, here and in the page."""
        self._status.close()
        for widget in (*self._buttons.children, *self.box.children, self.box):
            widget.close()

    def _offer_watching(self, *, watched: bool) -> None:
        """Swap the button that stops the watching for one that takes it up again, and back."""
        hidden = () if watched else ("ltxv-stop",)
        self._status.box.children = [
            child
            for child in self._live
            if not set(hidden) & set(child._dom_classes)  # noqa: SLF001
        ]
        resume = [] if watched else [self._watch_button()]
        self._replace_buttons([self._about, *resume, self._reuse_button()])

    def _replace_buttons(self, buttons: list[Any]) -> None:
        gone = [child for child in self._buttons.children if child not in buttons]
        self._buttons.children = buttons
        for child in gone:
            child.close()

    def _button(self, text: str, tooltip: str, action: Callable[[Job], object]) -> Any:
        return self._kit.button(text, tooltip, lambda: action(self.job))

    def _reuse_button(self) -> Any:
        return self._button(
            "Use these settings", "Take prompt and settings of this clip into the form", self._actions.reuse
        )

    def _last_frame_button(self) -> Any:
        return self._button(
            "Use last frame", "Start the next clip from the last frame of this one", self._actions.last_frame
        )

    def _again_button(self) -> Any:
        return self._button("Try again", "Send the same request once more", self._actions.again)

    def _watch_button(self) -> Any:
        tooltip = "Take up the watching; nothing is sent or billed"
        return self._button("Watch again", tooltip, self._actions.watch)


def _about(job: Job) -> str:
    settings = {name: value for name, value in job.record.request.items() if name not in {"prompt", "image"}}
    words = [settings_text(settings), "with a first frame" if job.record.request.get("image") else ""]
    twin = f"Made before: {job.twin.name}" if job.twin else ""
    shown = " · ".join(word for word in (*words, f"job {job.id}", twin) if word)
    prompt = html.escape(shorten(job.record.prompt, 200))
    return f'<span class="ltxv-hint" title="{prompt}">{html.escape(shown)}</span>'
