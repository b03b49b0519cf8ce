"""What magics, panel and gallery share: the client, the board, and the notebook in which jobs are shown."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

from ltxv_nb.errors import ConfigurationError, LTXVError
from ltxv_nb.notebook.frontend import front_end_of, notebook_folder
from ltxv_nb.notebook.ipython import running_request
from ltxv_nb.settings import is_pinned
from ltxv_nb.text import one_line, visible

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from ltxv_nb.batch import Batch
    from ltxv_nb.chained import ChainedJob
    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.models import Model
    from ltxv_nb.notebook.output.page_ratings import PageRatings
    from ltxv_nb.notebook.output.status import Board
    from ltxv_nb.notebook.output.views import CellView
    from ltxv_nb.notebook.widgets.worker import Worker
    from ltxv_nb.request import GenerationRequest

#: Under this name the last job is bound in the notebook.
LAST_JOB = "_ltxv"

SANDBOX_NOTICE = "Sandbox: clips are drawn on this machine, free of charge."

#: Seconds that closing a session waits for work that has begun.
_CLOSING_SECONDS = 5.0


class Session:
    """A client, with the board that keeps every status up to date.

    Parameters
    ----------
    client : Client, optional
        The client, which stays its owner's to close; by default one is made from the settings at first use.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._board: Board | None = None
        self._client = client
        self._lock = threading.Lock()  # guards the fields alone: a client is made and closed outside it
        self._closed = False
        self._workers: weakref.WeakSet[Worker] = weakref.WeakSet()
        self._stars: Worker | None = None
        self._ratings: PageRatings | None = None  # what hears of stars in the page

    @property
    def board(self) -> Board:
        """What keeps every status up to date, made at first use: loading the extension is to load little."""
        from ltxv_nb.notebook.output.status import Board

        with self._lock:
            if self._board is None:
                self._board = Board()
            return self._board

    @property
    def client(self) -> Client:
        """The client in use, made at first use; a login leads to another one.

        Raises
        ------
        ConfigurationError
            The settings cannot be used, or the extension was unloaded: a page may outlive its session.
        """
        with self._lock:
            self._check_open()
            if self._client is not None:
                return self._client
        from ltxv_nb.client import Client

        made = Client()
        with self._lock:
            if self._client is None and not self._closed:
                self._client = made
                return made
        made.close()  # another thread was faster; an unused client has opened nothing
        return self.client

    def uses(self, client: Client) -> bool:
        """Whether this is the client in use, without making one."""
        return self._client is client

    @property
    def closed(self) -> bool:
        """Whether the extension was unloaded or reloaded."""
        return self._closed

    @property
    def backend(self) -> str:
        """Where clips go; read from the settings while there is no client, which is quicker than making it.

        Raises
        ------
        ConfigurationError
            The settings cannot be used.
        """
        from ltxv_nb import settings

        client = self._client
        return client.backend if client is not None else settings.load().backend

    def bind(self, job: Job) -> None:
        """Give a job to the notebook as its last one; without a notebook there is nothing to do."""

    def unfinished_elsewhere(self) -> list[str]:
        """Return a sentence on each other service with unfinished clips: how many, and how to get there."""
        from ltxv_nb.notebook.output.elsewhere import sentences

        return sentences(self.client.unfinished_elsewhere())

    def hear_stars(self) -> None:
        """Let clips in the page be rated by a click, from now on; made in the background, no cell waits."""
        with self._lock:
            if self._stars is not None or self._closed:
                return
            self._stars = self.worker("ltxv-stars")
        self._stars.put(self._listen)

    def _listen(self) -> None:
        from ltxv_nb.notebook.output.page_ratings import PageRatings

        assert self._stars is not None
        put = self._stars.put
        self._ratings = PageRatings(lambda job, stars: put(lambda: self._rate(job, stars)))

    def _rate(self, job_id: str, stars: Any) -> None:
        """Rate a job, if it is one of this journal; what cannot be kept is logged by the worker."""
        job = self.client.known_job(job_id)
        if job is not None:
            job.rate(stars)

    def worker(self, name: str, pause: float = 0.0) -> Worker:
        """Return a new worker, for whose work `close` waits; see `Worker`."""
        from ltxv_nb.notebook.widgets.worker import Worker

        worker = Worker(name, pause)
        self._workers.add(worker)
        return worker

    def close(self) -> None:
        """Stop everything that was started here; every status says so."""
        with self._lock:
            self._closed = True
            workers, board = list(self._workers), self._board
        if board is not None:
            board.close()
        for worker in workers:
            worker.join(_CLOSING_SECONDS)
        if self._ratings is not None:
            self._ratings.close()

    def _check_open(self) -> None:
        if self._closed:
            raise ConfigurationError("The extension was unloaded or reloaded: run this cell again.")


class NotebookSession(Session):
    """The session of one IPython; nothing is opened or started before it is needed.

    Parameters
    ----------
    ip : InteractiveShell
        The shell.
    """

    def __init__(self, ip: InteractiveShell) -> None:
        super().__init__()
        self.ip = ip
        self.chime = False  # whether a sound says that a clip is ready
        self._sandbox_announced = False
        self._shown_error: LTXVError | None = None  # the one that a status shows already
        self._chained: weakref.WeakSet[ChainedJob] = weakref.WeakSet()

    def new_client(self, **settings: Any) -> Client:
        """Use a new client in place of the one before, if any, which is closed; its jobs stay in the journal.

        Raises
        ------
        ConfigurationError
            The settings cannot be used.
        """
        from ltxv_nb.client import Client

        client = Client(**settings)
        self._replace_client(client)
        self._sandbox_announced = False
        return client

    def forget_client(self) -> None:
        """Close the client; the next use makes one from the settings as they are then."""
        self._replace_client(None)

    def _replace_client(self, client: Client | None) -> None:
        with self._lock:
            before, self._client = self._client, client
        if before is not None:
            before.close()

    def announce_sandbox(self) -> None:
        """Print once that this is the sandbox, if it is."""
        if not self._sandbox_announced and self.client.backend == "sandbox":
            way = "" if is_pinned() else " %ltxv login switches to the real model."
            self.say(SANDBOX_NOTICE + way)
        self._sandbox_announced = True

    def model(self, name: str) -> Model:
        """Return a model that is not built in; say so where its parameters have to be read first.

        Raises
        ------
        UnknownModel
            There is none of that name.
        """
        if self.client.known_model(name) is None:
            self.say(f"Reading the parameters of {one_line(name, 200)} …")
        model = self.client.model(name, guess=True)
        if not model.listed:
            self.say(f"Nothing is known of {one_line(name, 200)} here: what you set is sent unchecked.")
        elif model.note:
            self.say(model.note)
        return model

    def prepare(self) -> None:
        """Import what the display needs, so that nothing slow comes after the service's answer."""
        if front_end_of(self.ip) == "page":
            import ipywidgets  # noqa: F401
        from ltxv_nb.notebook.output import views  # noqa: F401

    def say(self, line: str) -> None:
        """Say something under the running cell: in a page as HTML, which does not break words."""
        if front_end_of(self.ip) == "page" and running_request(self.ip):
            from ltxv_nb.notebook.output.card import notice_bundle

            self.publish(notice_bundle(visible(line)))
            return
        print(visible(line))  # noqa: T201 - it is for whoever runs the cell

    def unfinished_line(self) -> str | None:
        """Return one line on what is unfinished; ``None`` when nothing is, or when that is not known."""
        try:
            count = self._count_unfinished()
        except (LTXVError, OSError, RuntimeError):  # the last one: a "~" of an unknown user
            return None  # loading must not fail; the first use will raise what is wrong
        if not count:
            return None
        jobs = "1 clip is" if count == 1 else f"{count} clips are"
        return f"{jobs} unfinished from earlier: %ltxv resume tracks {'it' if count == 1 else 'them'} again."

    def _count_unfinished(self) -> int:
        """Count in the journal alone: a client would import the whole way to the service while loading."""
        if self._client is not None:
            return len(self._client.untracked())
        from ltxv_nb.settings import JOURNAL_FILE, default_home

        path = default_home() / JOURNAL_FILE
        if not path.exists():
            return 0
        from sqlite3 import Error

        from ltxv_nb.journal.unfinished import count_unfinished

        try:
            return count_unfinished(path)
        except Error:
            return 0  # the first use will raise what is wrong

    def bind(self, job: Job, name: str | None = None) -> None:
        """Give a job to the notebook: as its last one, and under a name of its own."""
        push: Any = self.ip.push
        push({LAST_JOB: job}, interactive=False)
        if name:
            push({name: job})

    def view(self, job: Job, *, embed: bool | None = None) -> CellView:
        """Return what shows a job under the running cell, of the kind that fits the front end."""
        from ltxv_nb.notebook.output.views import LineView, PageView, PlainView

        front_end = front_end_of(self.ip)
        if front_end == "terminal":
            return LineView(job, notebook_folder())
        if front_end == "page":
            return PageView(self.ip, job, embed=embed, base_dir=notebook_folder(), chime=self.chime)
        return PlainView(self.ip, job, embed=embed, base_dir=notebook_folder())

    def publish(self, bundle: dict[str, str]) -> None:
        """Add an output to the running cell; in a terminal its text."""
        if front_end_of(self.ip) == "terminal":
            self.say(bundle["text/plain"])
            return
        from ltxv_nb.notebook.output.prompt_cell import mark_of, marked

        publisher: Any = self.ip.display_pub
        publisher.publish(marked(bundle, mark_of(self.ip)), {})

    def show_error(self, error: LTXVError, *, sending: bool) -> None:
        """Show an error as a card in a page; elsewhere IPython's own line about it is all there is.

        Parameters
        ----------
        error : LTXVError
            What the running cell is about to end with.
        sending : bool
            Whether something was to be sent.
        """
        if front_end_of(self.ip) != "page" or error is self._shown_error:
            return
        from ltxv_nb.notebook.output.card import raised_bundle

        client = self._client
        free = is_pinned() if client is None else client.backend == "sandbox"
        self.publish(raised_bundle(error, free=free, sending=sending))

    def last_job(self) -> Job | None:
        """Return the job that was submitted last in this notebook, if there is one."""
        job: Job | None = self.ip.user_ns.get(LAST_JOB)
        return job

    def chain(
        self, request: GenerationRequest, *, allow_duplicate: bool, reuse: bool, max_usd: Any = None
    ) -> ChainedJob:
        """Submit a request once the job is finished that gives its first frame; nothing is sent before.

        The very same one that waits already is returned instead, unless a duplicate is allowed.
        """
        from ltxv_nb.chained import ChainedJob

        if not allow_duplicate:
            for waiting in self.waiting():
                if waiting.request == request:
                    return waiting
        how = {"allow_duplicate": allow_duplicate, "reuse": reuse, "max_usd": max_usd}
        job = ChainedJob(self.client, request, **how)
        self._chained.add(job)
        return job.begin()

    def waiting(self) -> list[ChainedJob]:
        """Return the jobs that wait for another one and are not submitted yet."""
        return [job for job in self._chained if job.first is not None]

    def follow(
        self,
        job: Job,
        *,
        embed: bool | None = None,
        error: LTXVError | None = None,
        view: CellView | None = None,
    ) -> None:
        """Show a job under the running cell and keep that up to date until it ends.

        Parameters
        ----------
        job : Job
            The job.
        embed : bool, optional
            As in `ltxv_nb.media.player.player_html`.
        error : LTXVError, optional
            What the cell ends with: the status says so, and the outcome of the job replaces both.
        view : CellView, optional
            What shows the job already, see `ltxv_nb.notebook.magic.early`.
        """
        if front_end_of(self.ip) == "page":
            self.hear_stars()
        if view is not None:
            self.board.release(view)
            return
        view = self.view(job, embed=embed)
        if error is not None:
            view.expect_error(error)
        try:
            self.board.add(job, view, held=True)  # no outcome may be shown before the view is on the page
            view.show()
            self._shown_error = error
        finally:
            self.board.release(view)

    def show(self, job: Job, *, embed: bool | None = None, note: str = "") -> None:
        """Add a job's outcome, as it is now, to the running cell; a note is shown below a clip."""
        from ltxv_nb.notebook.output.outcome import outcome_bundle, outcome_text

        if front_end_of(self.ip) == "terminal":
            self.say(outcome_text(job, notebook_folder(), note))
            return
        if front_end_of(self.ip) == "page":
            self.hear_stars()
        self.publish(outcome_bundle(job, embed=embed, base_dir=notebook_folder(), note=note))

    def display(self, job: Job) -> None:
        """Show a job that is a cell's last line, or is given to `display`: its status, and then its clip.

        Raises
        ------
        NotImplementedError
            There is no page, so IPython shows what the job itself says.
        """
        if front_end_of(self.ip) != "page":
            raise NotImplementedError
        if job.done() or not job.watched:
            self.show(job)
        else:
            self.follow(job)

    def display_batch(self, batch: Batch) -> None:
        """Show a batch that is a cell's last line, or is given to `display`: its status, and then its clips.

        Raises
        ------
        NotImplementedError
            There is no page, so IPython shows what the batch itself says.
        """
        if front_end_of(self.ip) != "page":
            raise NotImplementedError
        from ltxv_nb.notebook.output.batch_view import show

        show(self, batch)

    def wait(
        self,
        job: Job,
        timeout: float,
        *,
        embed: bool | None = None,
        clear: bool = False,
        view: CellView | None = None,
    ) -> None:
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
            Whether all output of the cell may be replaced.
        view : CellView, optional
            What shows the job already.

        Raises
        ------
        LTXVError
            How the job failed, or why the wait is over.
        KeyboardInterrupt
            The kernel was interrupted; the generation continues.
        """
        from ltxv_nb.interrupts import explained, interrupt_note
        from ltxv_nb.notebook.output.chime import ring
        from ltxv_nb.notebook.output.views import Output
        from ltxv_nb.notebook.output.waiting import wait_for

        with explained(lambda: interrupt_note(job)):
            front_end = front_end_of(self.ip)
            given = view
            if view is None and front_end != "headless" and not job.done():
                view = self.view(job, embed=embed)
            try:
                if view is not None and given is None:
                    self.board.add(job, view, held=True)
                    view.show()
                wait_for(job, timeout, answering=front_end == "page")
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and not job.id:
                    job.stop()  # nothing was sent, and the user wants it to end
                if view is not None:
                    if clear:
                        view.expect_error()
                    self.board.release(view)  # the job continues, and so does its status
                raise
            if view is not None:
                self._withdraw(job, view, clear=clear and front_end == "page")
            if job.error is not None:
                raise job.error
            self.show(job, embed=embed)
            if self.chime and view is not None and front_end == "page":
                ring(Output(self.ip), new=True)

    def _withdraw(self, job: Job, view: CellView, *, clear: bool) -> None:
        """Remove the live status: the waiting cell shows the outcome as its own output."""
        self.board.drop(view)
        view.withdraw()
        if clear and job.error is None:
            publisher: Any = self.ip.display_pub
            publisher.clear_output(wait=True)

    def close(self) -> None:
        """Stop everything that was started here; every status says so."""
        with self._lock:
            self._closed = True
        for job in self.waiting():
            job.stop()
        self.forget_client()
        super().close()


_sessions: dict[int, NotebookSession] = {}  # by the id of their shell


def session_of(ip: InteractiveShell) -> NotebookSession:
    """Return a shell's session; one that is made before the extension is loaded is its session later, too."""
    found = _sessions.get(id(ip))
    return found or _sessions.setdefault(id(ip), NotebookSession(ip))


def close_session(ip: InteractiveShell) -> None:
    """Close a shell's session, if it has one; the next use makes another."""
    session = _sessions.pop(id(ip), None)
    if session is not None:
        session.close()


def session_for(client: Client | None = None) -> Session:
    """Return the session of the running notebook; for a given client, or outside IPython, one of its own."""
    if client is not None:
        return Session(client)
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return Session() if shell is None else session_of(shell)
