"""One job's status as a small widget: state, bar, times, and a button that stops the watching."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ltxv_nb.notebook.style import STATUS_STYLE, style_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.status import Snapshot

#: There is no way to cancel a generation, and the button must not suggest one.
STOP_TOOLTIP = "Stop watching: the generation goes on and is billed"


class StatusRow:
    """A row that shows how a job stands; its widget is `box`.

    Few traits change: the state when it does, and one short piece of HTML for bar and times.

    Parameters
    ----------
    job : Job
        The job.
    first : Snapshot
        How it stands now.
    on_stop : callable, optional
        Called instead of ``job.stop`` when the button is clicked, from whatever thread the kernel uses.
    """

    def __init__(self, job: Job, first: Snapshot, on_stop: Callable[[], object] | None = None) -> None:
        import ipywidgets as widgets

        self._widgets: Any = widgets
        self._job_id = job.id
        self._style = widgets.HTML(style_tag(STATUS_STYLE), layout={"display": "none"})
        self._state = widgets.HTML(_state(first, job.id)).add_class("ltxv-state")
        self._meter = widgets.HTML(_meter(first)).add_class("ltxv-meter")
        self._stop = widgets.Button(description="Stop watching", tooltip=STOP_TOOLTIP).add_class("ltxv-stop")
        self._stop.on_click(lambda _button: (on_stop or job.stop)())
        self.box: Any = widgets.HBox([self._style, self._state, self._meter, self._stop]).add_class(
            "ltxv-status"
        )

    def update(self, now: Snapshot) -> None:
        """Show how the job stands; sends only what differs from what is shown."""
        self._state.value = _state(now, self._job_id)
        self._meter.value = _meter(now)

    def show_outcome(self, content: str) -> None:
        """Put the outcome, as HTML, in the place of the status."""
        outcome = self._widgets.HTML(content).add_class("ltxv-outcome")
        gone = (self._state, self._meter, self._stop)
        self.box.children = [self._style, outcome]
        for widget in gone:
            widget.close()

    def mimebundle(self) -> dict[str, Any]:
        """Return what displays the widget."""
        return dict(self.box._repr_mimebundle_())


def _state(now: Snapshot, job_id: str) -> str:
    return (
        f'<span role="status"><span class="ltxv-dot ltxv-dot-{now.tone}" aria-hidden="true"></span>'
        f'<b title="job {html.escape(job_id)}">{html.escape(now.state)}</b></span>'
    )


def _meter(now: Snapshot) -> str:
    bar = f'<progress max="100" value="{now.progress}" aria-label="Progress, estimated"></progress>'
    return (bar if now.tone in {"running", "trouble"} else "") + f"<span>{html.escape(now.times)}</span>"
