"""One job's status as a small widget: state, bar, times, and a button that stops the watching."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from ltxv_nb.notebook.widgets.status_style import STATUS_STYLE, style_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.output.status import Snapshot

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
    stage : bool
        Whether the place of the clip is kept free above the row, so that nothing jumps when it arrives.
    on_stop : callable, optional
        Called instead of ``job.stop`` when the button is clicked, from whatever thread the kernel uses.
    """

    def __init__(
        self,
        job: Job,
        first: Snapshot,
        *,
        stage: bool = False,
        on_stop: Callable[[], object] | None = None,
    ) -> None:
        import ipywidgets as widgets

        self._widgets: Any = widgets
        self._job_id = job.id
        # One layout and one style for all: each is a model of its own, with a message to the page.
        self._shared = widgets.Layout()
        self._looks = widgets.HTML(**self._common("ltxv-looks"), value=style_tag(STATUS_STYLE))
        self._html_style = self._looks.style
        self._state = self._html(_state(first, job.id), "ltxv-state")
        self._meter = self._html(_meter(first), "ltxv-meter")
        self._stop = widgets.Button(
            **self._common("ltxv-stop"), description="Stop watching", tooltip=STOP_TOOLTIP
        )
        self._stop.on_click(lambda _button: (on_stop or job.stop)())
        stages = [self._html(_stage(job.record.prompt), "ltxv-stage")] if stage else []
        children = [self._looks, *stages, self._state, self._meter, self._stop]
        self.box: Any = widgets.HBox(children, **self._common("ltxv-status"))

    def update(self, now: Snapshot) -> None:
        """Show how the job stands; sends only what differs from what is shown."""
        self._state.value = _state(now, self._job_id)
        self._meter.value = _meter(now)

    def show_outcome(self, content: str) -> None:
        """Put the outcome, as HTML, in the place of the status."""
        gone = [widget for widget in self.box.children if widget is not self._looks]
        self.box.children = [self._looks, self._html(content, "ltxv-outcome")]
        for widget in gone:
            widget.close()

    def close(self) -> None:
        """Take the row away, here and in the page."""
        for widget in (self.box, *self.box.children, self._stop.style, self._html_style, self._shared):
            widget.close()

    def _html(self, value: str, css_class: str) -> Any:
        return self._widgets.HTML(**self._common(css_class), value=value, style=self._html_style)

    def _common(self, css_class: str) -> dict[str, Any]:
        return {"layout": self._shared, "_dom_classes": (css_class,)}

    def mimebundle(self) -> dict[str, Any]:
        """Return what displays the widget."""
        return dict(self.box._repr_mimebundle_())


def _stage(prompt: str) -> str:
    return f'<div aria-hidden="true"><span>{html.escape(prompt)}</span></div>'


def _state(now: Snapshot, job_id: str) -> str:
    return (
        f'<span role="status"><span class="ltxv-dot ltxv-dot-{now.tone}" aria-hidden="true"></span>'
        f'<b title="job {html.escape(job_id)}">{html.escape(now.state)}</b></span>'
    )


def _meter(now: Snapshot) -> str:
    bar = f'<progress max="100" value="{now.progress}" aria-label="Progress, estimated"></progress>'
    return (bar if now.tone in {"running", "trouble"} else "") + f"<span>{html.escape(now.times)}</span>"
