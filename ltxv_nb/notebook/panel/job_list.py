"""The jobs below the form, newest first, and the offer to resume what is unfinished from earlier."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from ltxv_nb.errors import LTXVError
from ltxv_nb.notebook.panel.messages import words

if TYPE_CHECKING:
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.panel.job_row import Actions, JobRow
    from ltxv_nb.notebook.session import Session
    from ltxv_nb.notebook.widgets.factory import WidgetFactory
    from ltxv_nb.notebook.widgets.worker import Worker


class Listener(Protocol):
    """Does what the buttons of a job ask of the form."""

    def replaces_prompt(self, job: Job) -> bool:
        """Whether using its settings would replace another prompt."""

    def reuse(self, job: Job, *, keep_prompt: bool) -> None:
        """Use its prompt and settings."""

    def use_last_frame(self, job: Job) -> None:
        """Start the next clip from its last frame."""

    def again(self, job: Job) -> None:
        """Submit the same request once more."""

    def job_ended(self) -> None:
        """One of the jobs shows its outcome."""

    def say(self, text: str, tone: str) -> None:
        """Say what became of a click."""

    def say_error(self, error: LTXVError) -> None:
        """Say why it could not be done."""


class JobList:
    """The jobs; their widget is `box`.

    Parameters
    ----------
    session : Session
        The session whose board keeps them up to date.
    factory : WidgetFactory
        Makes the widgets.
    worker : Worker
        Adds to the page, and asks the journal.
    listener : Listener
        Does what their buttons ask of the form.
    """

    def __init__(self, session: Session, factory: WidgetFactory, worker: Worker, listener: Listener) -> None:
        self._session, self._factory, self._worker, self._listener = session, factory, worker, listener
        self._lock = threading.RLock()  # guards the two below; the journal is not read under it
        self._rows: list[JobRow] = []
        self._offer: list[Any] = []
        self.box: Any = factory.column([], "ltxv-jobs")

    @property
    def jobs(self) -> list[Job]:
        """The jobs, newest first."""
        return [row.job for row in self._rows]

    def add(self, job: Job) -> None:
        """Add a job's row at the top, or replace the row of a former client's job; the worker calls it."""
        from ltxv_nb.notebook.panel.job_row import JobRow  # not needed for opening a panel

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

    def drop(self, job: Job) -> None:
        """Take away a job's row: it was shown while it waited, and was not accepted; the worker calls it."""
        with self._lock:
            dropped = [row for row in self._rows if row.job is job]
            self._rows = [row for row in self._rows if row.job is not job]
            self._arrange()
        for row in dropped:
            self._session.board.drop(row)
            row.close()

    def close(self) -> None:
        """Leave the jobs alone; they continue and are tracked."""
        for row in self._rows:
            self._session.board.drop(row)

    def offer_unfinished(self) -> None:
        """Offer to resume what is unfinished, and tracked neither here nor elsewhere; the worker calls it."""
        try:
            count = len(self._session.client.untracked())
            elsewhere = self._session.unfinished_elsewhere()
        except LTXVError:
            return  # the submission will raise what is wrong
        offer = [self._line(sentence) for sentence in elsewhere]
        if count:
            clips = "1 clip is" if count == 1 else f"{count} clips are"
            resume = self._factory.button(
                "Resume",
                "Track what is unfinished; no new clip is made",
                lambda: self._worker.put(self._resume_unfinished),
            )
            offer.insert(0, self._line(f"{clips} unfinished from earlier.", resume))
        with self._lock:
            self._offer = offer
            self._arrange()

    def _line(self, sentence: str, *buttons: Any) -> Any:
        text = self._factory.html(words(sentence), "ltxv-message")
        return self._factory.row([text, *buttons], "ltxv-row")

    def _arrange(self) -> None:
        """Put the rows and the offer on the page; called with the lock held."""
        self.box.children = [*(row.box for row in self._rows), *self._offer]

    def _actions(self) -> Actions:
        from ltxv_nb.notebook.panel.job_row import Actions

        listener = self._listener
        return Actions(
            replaces=listener.replaces_prompt,
            reuse=lambda job: listener.reuse(job, keep_prompt=False),
            settings=lambda job: listener.reuse(job, keep_prompt=True),
            last_frame=listener.use_last_frame,
            again=listener.again,
            resume=lambda job: self._worker.put(lambda: self._resume(job)),
            ended=lambda _job: listener.job_ended(),
        )

    def _resume(self, job: Job) -> None:
        """Track a job with the client in use: the one that it came from may be closed."""
        try:
            current = self._session.client.job(job.id)
            current.watch()
        except LTXVError as error:
            self._listener.say_error(error)
            return
        self.add(current)

    def _resume_unfinished(self) -> None:
        try:
            jobs = self._session.client.untracked()
            for job in jobs:
                job.watch()
        except LTXVError as error:
            self._listener.say_error(error)
            return
        self.offer_unfinished()  # what is left is elsewhere
        for job in jobs:
            self.add(job)
        if not jobs and not self._offer:
            self._listener.say("Nothing is unfinished any more; %ltxv gallery shows the clips.", "plain")
