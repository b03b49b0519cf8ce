"""A job in a cell's output: a status while it runs, then plain HTML that outlives page and kernel.

Front ends differ in what they do with later updates, so the outcome is delivered in three ways at once:

- ``update_display`` replaces the status with plain HTML while the page that ran the cell is open. That is
  what gets saved with the notebook.
- After a reload such updates no longer arrive, but widgets come back as they are in the kernel: so the status
  widget itself shows the outcome, too.
- A notebook that was saved in between and opened without its kernel has lost both. Beside the status there is
  a piece of HTML from the start, hidden while the status widget is there, that plays the file from where it
  will be.
"""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from ltxv_nb.notebook.ipython import replace_output, running_cell
from ltxv_nb.notebook.output.card import HIDE_RAISED, card_of
from ltxv_nb.notebook.output.chime import ring
from ltxv_nb.notebook.output.outcome import fallback_html, outcome_bundle, outcome_text, pending_bundle
from ltxv_nb.notebook.output.prompt_cell import mark_of, marked
from ltxv_nb.notebook.output.status import Snapshot, View, snapshot
from ltxv_nb.notebook.widgets.style import PENDING_STYLE, style_tag
from ltxv_nb.text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.errors import LTXVError
    from ltxv_nb.job import Job

_NOTHING = {"text/html": "", "text/plain": ""}


class Output:
    """One output of the running cell, which can be replaced later, from any thread."""

    def __init__(self, ip: InteractiveShell) -> None:
        self._ip, self._cell = ip, running_cell(ip)
        self._publisher: Any = ip.display_pub
        self._id = f"ltxv-{uuid.uuid4().hex}"
        self._mark = mark_of(ip)

    def show(self, bundle: dict[str, Any]) -> None:
        """Add the output to the cell."""
        self._publisher.publish(marked(bundle, self._mark), {}, transient={"display_id": self._id})

    def replace(self, bundle: dict[str, Any]) -> None:
        """Replace the output, wherever it is by now."""
        shown = marked(bundle, self._mark)
        self._publisher.publish(shown, {}, transient={"display_id": self._id}, update=True)

    def show_alone(self, bundle: dict[str, Any]) -> None:
        """Replace all that the cell has put out, its error included."""
        replace_output(self._ip, self._cell, marked(bundle, self._mark), self._id)


class CellView(View, Protocol):
    """A view of a job in a cell; nothing is visible before `show`."""

    def show(self) -> None:
        """Add it to the running cell."""

    def withdraw(self) -> None:
        """Remove it: the cell will show the outcome itself."""

    def expect_error(self, error: LTXVError | None = None, /) -> None:
        """Take note that the cell ends with an error, which the outcome will overtake; show it if given."""


class PageView:
    """A status widget in a page, which becomes plain HTML at the end.

    Parameters
    ----------
    ip : InteractiveShell
        The shell whose cell is running.
    job : Job
        The job.
    embed : bool or None
        As in `ltxv_nb.media.player.player_html`.
    base_dir : Path
        The notebook's folder.
    chime : bool
        Whether a sound says that the clip is ready.
    """

    def __init__(
        self, ip: InteractiveShell, job: Job, *, embed: bool | None, base_dir: Path, chime: bool = False
    ) -> None:
        from ltxv_nb.notebook.widgets.status_row import StatusRow

        self._embed, self._base_dir = embed, base_dir
        self._status, self._pending = Output(ip), Output(ip)
        self._settled = False  # whether plain HTML has replaced the widget
        self._alone = False  # whether the outcome replaces everything in the cell
        self._row = StatusRow(job, snapshot(job))
        self._job, self._shown_id = job, job.id
        self._chime = chime
        self._raised = ""  # hides IPython's own line about an error that is shown here

    def show(self) -> None:
        """Add the status, and its fallback for where there are no widgets."""
        from ltxv_nb.notebook.widgets.factory import mimebundle

        self._status.show({**mimebundle(self._row.box), **pending_bundle(self._job)})
        self._pending.show(self._fallback())

    def _fallback(self) -> dict[str, str]:
        shown = fallback_html(self._job, self._base_dir)
        return {"text/html": style_tag(PENDING_STYLE) + shown + self._raised, "text/plain": ""}

    def update(self, now: Snapshot) -> None:
        """Show how the job is."""
        if now.tone == "stopped":
            self._settle(outcome_bundle(self._job, embed=None, base_dir=self._base_dir))
        elif not self._settled:
            self._row.update(now)
            if self._job.id != self._shown_id:  # it has been submitted since
                self._shown_id = self._job.id
                self._row.submitted(self._job)
                self._pending.replace(self._fallback())

    def finish(self, job: Job) -> None:
        """Replace the status with the outcome."""
        if not self._settled:
            self._row.update(Snapshot("Preparing the player"))
        bundle = outcome_bundle(job, embed=self._embed, base_dir=self._base_dir)
        self._settle(bundle)
        if self._alone:
            self._status.show_alone(bundle)
        if self._chime and job.video is not None:
            ring(self._pending, after=self._raised)

    def expect_error(self, error: LTXVError | None = None, /) -> None:
        """Take note that the cell ends with an error, which the outcome will overtake; show it if given."""
        self._alone = True
        if error is not None:
            self._raised = HIDE_RAISED
            self._row.show_note(card_of(error, free=self._job.is_free))

    def withdraw(self) -> None:
        """Remove the status: the cell will show the outcome itself."""
        self._settled = True
        self._status.replace(_NOTHING)
        self._pending.replace(_NOTHING)
        self._row.close()

    def _settle(self, bundle: dict[str, str]) -> None:
        self._settled = True
        self._status.replace(bundle)
        self._pending.replace({**_NOTHING, "text/html": self._raised})
        self._row.show_outcome(bundle["text/html"])


class PlainView:
    """One output without a widget, for a kernel whose output is only stored; replaced at the end."""

    def __init__(self, ip: InteractiveShell, job: Job, *, embed: bool | None, base_dir: Path) -> None:
        self._embed, self._base_dir = embed, base_dir
        self._job, self._output, self._alone = job, Output(ip), False

    def show(self) -> None:
        """Say that the clip is being made."""
        more = " With LTXV_WAIT=1 in the environment the cell waits for it."
        self._output.show(pending_bundle(self._job, more))

    def update(self, now: Snapshot) -> None:
        """Leave the output alone: only the outcome is worth storing."""

    def finish(self, job: Job) -> None:
        """Replace the line with the outcome."""
        bundle = outcome_bundle(job, embed=self._embed, base_dir=self._base_dir)
        self._output.replace(bundle)
        if self._alone:
            self._output.show_alone(bundle)

    def withdraw(self) -> None:
        """Remove the line."""
        self._output.replace(_NOTHING)

    def expect_error(self, _error: LTXVError | None = None, /) -> None:
        """Take note that the cell ends with an error, which the outcome will overtake."""
        self._alone = True


class LineView:
    """Lines of text, for a terminal: one whenever the state changes."""

    def __init__(self, job: Job, base_dir: Path, stream: TextIO | None = None) -> None:
        self._job, self._base_dir, self._stream = job, base_dir, stream
        self._state = ""

    def show(self) -> None:
        """Print nothing yet: the first line comes with the first state."""

    def withdraw(self) -> None:
        """Leave what is printed."""

    def expect_error(self, _error: LTXVError | None = None, /) -> None:
        """Leave what is printed."""

    def update(self, now: Snapshot) -> None:
        """Print a line if the state is another one."""
        if now.state != self._state:
            self._state = now.state
            self._print(now.line())

    def finish(self, job: Job) -> None:
        """Print how it ended, and where the file is."""
        self._print(outcome_text(job, self._base_dir))

    def _print(self, text: str) -> None:
        name = f"ltxv {self._job.id}".strip()
        print(visible(f"[{name}] {text}"), file=self._stream or sys.stdout, flush=True)
