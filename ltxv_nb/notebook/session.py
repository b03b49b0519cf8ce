"""What the magics of one IPython share: the client, the board, and where jobs are shown."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import ConfigurationError, LTXVError
from ltxv_nb.notebook.frontend import notebook_folder, place_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.notebook.output.status import Board
    from ltxv_nb.notebook.output.views import CellView

#: Under this name the last job is bound in the notebook.
LAST_JOB = "_ltxv"

SANDBOX_NEWS = "Sandbox: drawn on this machine, nothing is billed. %ltxv login leads to the real model."


class Session:
    """One IPython's use of this package; nothing is opened or started before it is needed.

    Parameters
    ----------
    ip : InteractiveShell
        The shell.
    """

    def __init__(self, ip: InteractiveShell) -> None:
        self.ip = ip
        self._board: Board | None = None
        self._client: Client | None = None
        self._making = threading.RLock()  # a click and a cell may both be the first to need it
        self._told = False
        self._closed = False

    @property
    def board(self) -> Board:
        """What keeps every status up to date, made at first use."""
        from ltxv_nb.notebook.output.status import Board

        with self._making:
            if self._board is None:
                self._board = Board()
            return self._board

    @property
    def client(self) -> Client:
        """The client, made at first use.

        Raises
        ------
        ConfigurationError
            The settings cannot be used, or the extension was unloaded: a page may outlive its session.
        """
        with self._making:
            if self._closed:
                raise ConfigurationError("The extension was unloaded or reloaded: run this cell again.")
            return self._client or self.new_client()

    @property
    def backend(self) -> str:
        """Where clips go; told from the settings while there is no client, which is quicker than making it.

        Raises
        ------
        ConfigurationError
            The settings cannot be used.
        """
        from ltxv_nb import settings

        client = self._client
        return client.backend if client is not None else settings.load().backend

    def new_client(self, **settings: Any) -> Client:
        """Make another client and forget the one before it, if any; its jobs stay in the journal."""
        from ltxv_nb.client import Client

        with self._making:
            client = Client(**settings)
            self.forget_client()
            self._client, self._told = client, False
            return client

    def forget_client(self) -> None:
        """Close the client; the next use makes one from the settings as they are then."""
        with self._making:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def tell_backend(self) -> None:
        """Say once that this is the sandbox, if it is."""
        if not self._told and self.client.backend == "sandbox":
            self.say(SANDBOX_NEWS)
        self._told = True

    def prepare(self) -> None:
        """Import what the display needs, so that nothing slow comes after the service's answer."""
        if place_of(self.ip) == "page":
            import ipywidgets  # noqa: F401
        from ltxv_nb.notebook.output import views as display  # noqa: F401

    def say(self, line: str) -> None:
        """Print one line under the running cell."""
        print(line)  # noqa: T201 - a notebook's words to its reader

    def unfinished_line(self) -> str | None:
        """Return one line on what is unfinished; ``None`` when nothing is, or when it cannot be told.

        It asks the journal alone: a client would import the whole way to the service while loading.
        """
        from ltxv_nb.settings import JOURNAL_FILE, default_home

        try:
            path = default_home() / JOURNAL_FILE
            if not path.exists():
                return None
            from ltxv_nb.journal import Journal

            with closing(Journal(path)) as journal:
                count = journal.count_open()
        except (LTXVError, OSError, RuntimeError):  # the last one: a "~" whose home nobody knows
            return None  # loading must not fail; whoever uses it will hear what is wrong
        if not count:
            return None
        jobs = "1 clip is" if count == 1 else f"{count} clips are"
        return f"{jobs} unfinished from earlier: %ltxv resume picks {'it' if count == 1 else 'them'} up."

    def bind(self, job: Job, name: str | None = None) -> None:
        """Give a job to the notebook: as the last one, and under a name of its own."""
        push: Any = self.ip.push
        push({LAST_JOB: job}, interactive=False)
        if name:
            push({name: job})

    def view(self, job: Job, *, embed: bool | None = None) -> CellView:
        """Return what shows a job under the running cell, of the kind that fits the place."""
        from ltxv_nb.notebook.output.views import LineView, PageView, PlainView

        place = place_of(self.ip)
        if place == "terminal":
            return LineView(job, notebook_folder())
        kind = PageView if place == "page" else PlainView
        return kind(self.ip, job, embed=embed, base_dir=notebook_folder())

    def publish(self, bundle: dict[str, str]) -> None:
        """Add an output to the running cell; in a terminal its text."""
        if place_of(self.ip) == "terminal":
            self.say(bundle["text/plain"])
            return
        publisher: Any = self.ip.display_pub
        publisher.publish(bundle, {})

    def follow(self, job: Job, *, embed: bool | None = None) -> None:
        """Show a job under the running cell and keep that up to date until it ends."""
        view = self.view(job, embed=embed)
        try:
            self.board.add(job, view, held=True)  # no end may be told before there is a place for it
            view.show()
        finally:
            self.board.release(view)

    def show(self, job: Job, *, embed: bool | None = None) -> None:
        """Add a job's outcome, as it is now, to the running cell."""
        from ltxv_nb.notebook.output.outcome import outcome_bundle, outcome_text

        if place_of(self.ip) == "terminal":
            self.say(outcome_text(job, notebook_folder()))
        else:
            self.publish(outcome_bundle(job, embed=embed, base_dir=notebook_folder()))

    def wait(self, job: Job, timeout: float, *, embed: bool | None = None, clear: bool = False) -> None:
        """Wait for a job under the running cell, then show its outcome there.

        Parameters
        ----------
        job : Job
            The job.
        timeout : float
            Seconds to wait at most.
        embed : bool, optional
            As in `ltxv_nb.media.player.player_html`.
        clear : bool
            Whether the whole output of the cell is ours to replace.

        Raises
        ------
        LTXVError
            How the job failed, or why the waiting is over.
        KeyboardInterrupt
            The person interrupted the kernel; the job goes on.
        """
        from ltxv_nb.notebook.output.waiting import explained, wait_for, what_goes_on

        with explained(lambda: what_goes_on(job)):
            place = place_of(self.ip)
            view = None if place == "headless" or job.done() else self.view(job, embed=embed)
            try:
                if view is not None:
                    self.board.add(job, view, held=True)
                    view.show()
                wait_for(job, timeout, answering=place == "page")
            except BaseException:
                if view is not None:
                    self.board.release(view)  # the job goes on, and so does its status
                raise
            if view is not None:
                self._take_over(job, view, clear=clear and place == "page")
            if job.error is not None:
                raise job.error
            self.show(job, embed=embed)

    def _take_over(self, job: Job, view: CellView, *, clear: bool) -> None:
        """Take the live status away: the waiting cell shows the outcome as its own output."""
        self.board.drop(view)
        view.withdraw()
        if clear and job.error is None:
            publisher: Any = self.ip.display_pub
            publisher.clear_output(wait=True)

    def close(self) -> None:
        """Stop everything that was started; every status says so."""
        with self._making:
            self._closed = True
        self.forget_client()
        if self._board is not None:
            self._board.close()
