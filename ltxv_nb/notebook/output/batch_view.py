"""A batch in a cell's output: its plan with a button, one status for all of its clips, then the clips.

What is saved with the notebook is plain HTML at every moment: the plan, how far it is, at the end the clips.
"""

from __future__ import annotations

import html
import logging
import threading
from typing import TYPE_CHECKING, Any

from ltxv_nb.batch import plan_text
from ltxv_nb.batch.batch_text import lines_html
from ltxv_nb.errors import GenerationTimeout, LTXVError
from ltxv_nb.notebook.frontend import front_end_of
from ltxv_nb.notebook.output.views import Output
from ltxv_nb.notebook.widgets.style import BATCH_PENDING_STYLE, BATCH_STYLE, STATUS_STYLE, style_tag
from ltxv_nb.text import NO_MATH, one_line, visible

if TYPE_CHECKING:
    from ltxv_nb.batch import Batch, Plan
    from ltxv_nb.batch.progress import Progress
    from ltxv_nb.notebook.session import NotebookSession

_log = logging.getLogger("ltxv_nb")

#: Seconds between two updates: at least, and at most while anything is being made.
_LEAST, _MOST = 0.5, 5.0

_BAR = "height:4px;border-radius:2px;margin:6px 0;max-width:480px;background:var(--jp-layout-color3,#ddd)"
_FILL = "height:100%;border-radius:2px;background:var(--jp-success-color1,#2e7d32)"


def show_plan(session: NotebookSession, plan: Plan, *, make: bool, wait: float | None) -> Batch | None:
    """Show a plan under the running cell, and what becomes of it; buy nothing that was not asked for.

    Parameters
    ----------
    session : NotebookSession
        The notebook.
    plan : Plan
        The plan.
    make : bool
        Whether what is missing is made at once. If nothing is missing, what there is is shown.
    wait : float, optional
        Seconds that the cell waits for all clips, if it waits.

    Returns
    -------
    Batch or None
        What is made; ``None`` while only the plan is shown.
    """
    if make or not plan.missing_cells:
        if plan.missing_cells:
            session.publish(_bundle(repr(plan), plan._repr_html_()))
        batch = plan.submit()
        show(session, batch, wait=wait)
        return batch
    if front_end_of(session.ip) != "page":
        advice = f"Nothing was sent. Add --yes to make {_clips(len(plan.missing_cells))}."
        session.publish(_bundle(f"{plan!r}\n{advice}", plan_text.html_text(plan, lines_html([advice]))))
        return None
    known = session.client.batch(plan.batch_id) if plan.batch_id else None
    if known is not None:
        known.take_plan(known.kept, plan.cells)
    BatchView(session, plan=plan, batch=known).show()
    return None


def show(session: NotebookSession, batch: Batch, *, wait: float | None = None) -> None:
    """Show a batch under the running cell until all of it has ended; wait for that if it is asked for.

    Raises
    ------
    GenerationTimeout
        The time is over; the clips go on.
    """
    front_end = front_end_of(session.ip)
    if wait is not None and not batch.done():
        try:
            batch.wait(wait)
        except GenerationTimeout:
            session.publish(_bundle(repr(batch), batch._repr_html_()))
            raise
    if front_end == "page" and not (batch.done() and not batch.missing):
        BatchView(session, batch=batch).show()
        return
    if batch.done():
        session.publish(outcome_bundle(batch))
        return
    session.publish(_bundle(repr(batch), batch._repr_html_()))


def outcome_bundle(batch: Batch) -> dict[str, Any]:
    """Return the clips of a batch side by side, and as plain text and HTML what went wrong."""
    bundle: dict[str, Any] = _bundle(repr(batch), batch._repr_html_())
    if not any(cell.job is not None and cell.job.video is not None for cell in batch.cells):
        return bundle
    try:
        shown = batch.grid()._repr_mimebundle_()
    except (ImportError, LTXVError) as error:
        _log.debug("the grid of batch %s cannot be shown: %s", batch.id, error)
        return bundle
    note = lines_html([batch.note]) if batch.note else ""
    return {**bundle, **shown, "text/html": note + shown.get("text/html", bundle["text/html"])}


class BatchView:
    """A widget in a page: a plan with a button, then the status of its batch; at the end plain HTML.

    Parameters
    ----------
    session : NotebookSession
        The notebook.
    plan : Plan, optional
        What can be made.
    batch : Batch, optional
        What is being made, or was.
    """

    def __init__(
        self, session: NotebookSession, *, plan: Plan | None = None, batch: Batch | None = None
    ) -> None:
        from ltxv_nb.notebook.widgets.factory import WidgetFactory

        self._plan, self._batch = plan, batch
        self._begun = plan is None
        self._factory = factory = WidgetFactory()
        self._output, self._clips, self._session = Output(session.ip), Output(session.ip), session
        self._style = factory.html(style_tag(STATUS_STYLE + BATCH_STYLE), "ltxv-style")
        self._words = factory.html("", "ltxv-batch-words")
        self._make = factory.button("", "", self._clicked, "ltxv-make")
        self._stop = factory.button(
            "Stop sending", "Send no more clips. What was sent goes on", self._stopped, "ltxv-stop"
        )
        self.box: Any = factory.column([], "ltxv-batch-view")
        self._problem = ""
        self._changed = threading.Event()
        self._lock = threading.Lock()  # whether it is being made: a second click makes nothing
        self._making = False

    def show(self) -> None:
        """Add it to the running cell."""
        from ltxv_nb.notebook.widgets.factory import mimebundle

        self._update()
        self._output.show({**mimebundle(self.box), **self._still()})
        made = self._batch is not None and any(job.video is not None for job in self._batch.jobs)
        # Beside the widget its words as HTML, hidden while the widget is there: it is lost with the kernel.
        self._clips.show(outcome_bundle(self._batch) if made and self._batch is not None else self._pending())
        if self._batch is not None and not self._batch.done():
            self._follow(self._batch)

    # -- what is shown -------------------------------------------------------------------------------------

    def _still(self) -> dict[str, str]:
        """Return what stays of it in a notebook that is saved now."""
        if self._batch is not None and self._begun:
            return _bundle(repr(self._batch), status_html(self._batch))
        return _bundle(repr(self._plan), plan_text.html_text(self._plan) if self._plan else "")

    def _pending(self) -> dict[str, str]:
        still = self._still()["text/html"]
        shown = f'<div class="ltxv-batch-pending">{still}</div>'
        return _bundle("", style_tag(BATCH_PENDING_STYLE) + shown)

    def _update(self) -> None:
        words, missing, waiting = "", [], 0
        if self._plan is not None and not self._begun:
            words, missing = plan_text.html_text(self._plan), self._plan.missing_cells
        if self._batch is not None:
            words += status_html(self._batch)
            missing, waiting = missing or self._batch.missing, self._batch.progress().waiting
        if self._problem:
            words += f'<div role="alert">{html.escape(visible(self._problem))}</div>'
        if words != self._words.value:
            self._words.value = words
        buttons = [self._make] if missing and not self._making and not waiting else []
        if buttons:
            self._make.description = f"Make {_clips(len(missing))}{self._price(len(missing))}"
            self._make.tooltip = "Send them to the service: this is what costs money"
        children = [self._style, self._words, *buttons, *([self._stop] if waiting else [])]
        if tuple(children) != tuple(self.box.children):
            self.box.children = children

    def _price(self, missing: int) -> str:
        from ltxv_nb.batch.prices import prices_of, total

        price = None
        if self._plan is not None and not self._begun:
            price = self._plan.price
        elif self._batch is not None:
            price = total(prices_of(self._batch.client, self._batch.missing))
        if self._session.client.backend == "sandbox":
            return ", free"
        return f" for {price.text}" if price is not None and missing else ""

    # -- what is done --------------------------------------------------------------------------------------

    def _clicked(self) -> None:
        """Make what is missing, once, in a thread: not a daemon, for it may cost money."""
        with self._lock:
            if self._making:
                return
            self._making, self._problem = True, ""
        threading.Thread(target=self._submit, name="ltxv-submit", daemon=False).start()

    def _submit(self) -> None:
        try:
            if self._plan is not None and not self._begun:
                self._batch = self._plan.submit()
                self._begun = True
            elif self._batch is not None:
                self._batch.submit()
        except LTXVError as error:
            self._problem = str(error)
        except Exception as error:  # noqa: BLE001 - in a thread; whoever clicked has to be told
            _log.exception("A batch could not be submitted.")
            self._problem = f"It could not be submitted ({error!r})."
        with self._lock:
            self._making = False
        self._update()
        if self._batch is not None and not self._problem:
            self._follow(self._batch)

    def _stopped(self) -> None:
        if self._batch is not None:
            self._batch.stop()

    def _follow(self, batch: Batch) -> None:
        """Keep it up to date, in a thread, until all has ended."""
        unsubscribe = batch.on_change(lambda _batch: self._changed.set())
        thread = threading.Thread(
            target=self._loop, args=(batch, unsubscribe), name="ltxv-batch-view", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread": it stays as it is shown
            unsubscribe()

    def _loop(self, batch: Batch, unsubscribe: Any) -> None:
        pause = threading.Event()
        try:
            while not (batch.done() or self._session.closed):
                self._changed.wait(_MOST)
                self._changed.clear()
                self._update()
                pause.wait(_LEAST)
            if batch.done():
                self._finish(batch)
        except Exception:  # noqa: BLE001 - in a thread the log is all there is
            _log.exception("Batch %s could not be shown.", batch.id)
        finally:
            unsubscribe()

    def _finish(self, batch: Batch) -> None:
        """Show the clips; the widget stays above them only where something is missing."""
        self._update()
        if not batch.missing:
            self._output.replace(self._still())
        self._clips.replace(outcome_bundle(batch))


def status_html(batch: Batch) -> str:
    """Return one status for all clips of a batch; its texts are escaped here."""
    progress = batch.progress()
    name = f" {batch.name}" if batch.name else ""
    title = html.escape(visible(one_line(f"Batch {batch.id}{name}", 160)))
    dot = f'<span class="ltxv-dot ltxv-dot-{_tone(progress)}" aria-hidden="true"></span>'
    share = 100 * progress.made // max(1, progress.total)
    bar = (
        f'<div role="progressbar" aria-valuemin="0" aria-valuemax="{progress.total}" '
        f'aria-valuenow="{progress.made}" aria-label="clips made" style="{_BAR}">'
        f'<div style="{_FILL};width:{share}%"></div></div>'
    )
    errors = [f"{cell.label}: {one_line(cell.error, 200)}" for cell in batch.cells if cell.error][:5]
    lines = lines_html([*errors, *filter(None, [batch.note])])
    words = html.escape(progress.words)
    return f'<div class="{NO_MATH}"><div role="status">{dot}<b>{title}</b>: {words}</div>{bar}{lines}</div>'


def _tone(progress: Progress) -> str:
    if progress.running or progress.waiting:
        return "trouble" if progress.failed else "running"
    return "failed" if progress.failed or progress.unsent else "done"


def _bundle(text: str, page: str) -> dict[str, str]:
    return {"text/plain": text, "text/html": page}


def _clips(number: int) -> str:
    return "1 clip" if number == 1 else f"{number:,} clips"
