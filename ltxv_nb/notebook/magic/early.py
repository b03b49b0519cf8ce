"""A submission that the service does not take at once: shown while the cell still waits to send it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.notebook.frontend import front_end_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

    from ltxv_nb.job import Job
    from ltxv_nb.notebook.output.views import CellView
    from ltxv_nb.notebook.session import NotebookSession


class ShownEarly:
    """Shows a job from the first moment that it has to wait; one that is accepted at once is left alone.

    As a context manager it takes away what it has shown where the submission ends with an error.

    Parameters
    ----------
    session : NotebookSession
        The session.
    embed : bool or None
        As in `ltxv_nb.media.player.player_html`.

    Attributes
    ----------
    view : CellView or None
        What shows the job, on the page and held in the session's board; ``None`` if it had not to wait.
    """

    def __init__(self, session: NotebookSession, embed: bool | None) -> None:
        self._session, self._embed = session, embed
        self.view: CellView | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self.view is not None:
            self._session.board.drop(self.view)
            self.view.withdraw()

    def show_if_it_waits(self, job: Job) -> None:
        """Show a job as soon as it has to wait, in the cell's own thread."""
        if front_end_of(self._session.ip) != "headless":
            unsubscribe = job.on_change(lambda changed: self._look(changed, unsubscribe))

    def _look(self, job: Job, unsubscribe: Callable[[], None]) -> None:
        if job.again_at is None or self.view is not None:
            unsubscribe()
            return
        view = self._session.view(job, embed=self._embed)
        self._session.board.add(job, view, held=True)
        view.show()
        self.view = view
