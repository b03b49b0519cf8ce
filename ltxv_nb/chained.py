"""A clip that starts from the last frame of another one, which is still being made."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from ltxv_nb.engine.news import News
from ltxv_nb.errors import (
    DuplicateRequest,
    GenerationTimeout,
    LTXVError,
    RequestError,
    SubmissionUnknown,
    WatchStopped,
)
from ltxv_nb.job import Job
from ltxv_nb.journal import Record, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from ltxv_nb.client import Client
    from ltxv_nb.request import GenerationRequest

_log = logging.getLogger("ltxv_nb")


class ChainedJob(Job):
    """A job that is submitted, once, when the job is finished that gives its first frame.

    Until then nothing is sent and nothing is in the journal: if the process ends before, nothing was bought.
    From then on it is the job that was submitted, or, where the very same request is unfinished or finished
    already, that one.

    Parameters
    ----------
    client : Client
        Who submits it.
    request : GenerationRequest
        What is asked for; its image is the other job.
    allow_duplicate, reuse, max_usd
        As in `Client.submit`.
    start : callable, optional
        Runs the submission in the background; by default in a thread that the interpreter waits for at exit.

    Attributes
    ----------
    id : str
        Empty until it is submitted.
    first : Job or None
        The job that it waits for; ``None`` once it waits no longer.
    """

    def __init__(
        self,
        client: Client,
        request: GenerationRequest,
        *,
        allow_duplicate: bool = False,
        reuse: bool = False,
        max_usd: float | None = None,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        super().__init__(client, _planned(client, request))
        self._news = News(self.record)
        self._request = request
        self._options: dict[str, Any] = {
            "allow_duplicate": allow_duplicate,
            "reuse": reuse,
            "max_usd": max_usd,
        }
        self._start = start or _in_thread
        self.first: Job | None = request.image
        self._source_id = request.image.id
        self._turn = threading.Lock()  # guards `first`: whoever sets it to None goes on, and nobody else
        self._submitted: Job | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def begin(self) -> Self:
        """Wait for the other job in the background, and track it meanwhile.

        Raises
        ------
        LTXVError
            The other job cannot be tracked; nothing was sent.
        """
        first: Job = self._request.image  # type: ignore[union-attr]  # set above
        first.watch()
        self._unsubscribe = first.on_change(self._look)
        self._look(first)
        return self

    # -- while it waits ------------------------------------------------------------------------------------

    def _look(self, first: Job) -> None:
        """See whether the wait is over."""
        if first.video is not None:
            if self._ends_waiting():
                self._start(self._submit)
        elif (why := _hopeless(first)) and self._ends_waiting():
            self._end(RequestError(f"This clip was not submitted, for {why}. Nothing was sent."))

    def _ends_waiting(self) -> bool:
        """Whether this call is the one that ends the waiting."""
        with self._turn:
            waited, self.first = self.first is not None, None
        self._unsubscribe()
        return waited

    def _submit(self) -> None:
        try:
            job = self.client.submit_request(self.request, **self._options)
        except (DuplicateRequest, SubmissionUnknown) as error:
            self._continue_tracked(error)
        except LTXVError as error:
            self._end(error)
        except BaseException as error:  # noqa: BLE001 - in a thread; whoever waits has to be told
            _log.exception("A chained submission failed unexpectedly.")
            self._end(LTXVError(f"The submission failed ({error!r}); %ltxv jobs shows whether it was sent."))
        else:
            self._continue_as(job)

    def _continue_tracked(self, error: DuplicateRequest | SubmissionUnknown) -> None:
        """Go on as the job that an error is about: its clip is the one that was asked for."""
        if error.job is None:
            self._end(error)
            return
        try:
            error.job.watch()
        except LTXVError as trouble:
            self._end(trouble)
            return
        self._continue_as(error.job)

    def _continue_as(self, job: Job) -> None:
        self._submitted, self.id = job, job.id
        job.on_change(self._take_from)
        self._take_from(job)

    def _take_from(self, job: Job) -> None:
        self.take(job.news)

    def _end(self, error: LTXVError) -> None:
        self.take(self.news.updated(watching=False, error=error))

    # -- what differs from a job that is submitted ---------------------------------------------------------

    @property
    def status(self) -> str:
        """As `Job.status`, and before that ``"waiting for job …"``."""
        if self._submitted is not None:
            return super().status
        if self.first is not None:
            return f"waiting for job {self._source_id}"
        return "submitting" if self.news.watching else "not submitted"

    @property
    def billing_note(self) -> str:
        """As `Job.billing_note`."""
        return super().billing_note if self._submitted else "It is not submitted yet."

    def watch(self) -> Job:
        """Track it; while it waits, there is nothing to do."""
        if self._submitted is not None:
            self._submitted.watch()
        return self

    def stop(self) -> None:
        """Stop tracking; while it waits, wait no longer and submit nothing."""
        if self._submitted is not None:
            self._submitted.stop()
        elif self._ends_waiting():
            why = f"it was stopped while it waited for job {self._source_id}"
            self._end(RequestError(f"This clip was not submitted: {why}. Nothing was sent."))

    def forget(self) -> None:
        """Give it up; while it waits, that is `stop`."""
        if self._submitted is not None:
            self._submitted.forget()
        else:
            self.stop()

    def reopen(self) -> Job:
        """Ask for it again, see `Job.reopen`."""
        if self._submitted is not None:
            self._submitted.reopen()
        return self

    def timed_out(self, timeout: float | None) -> GenerationTimeout:
        """Return the error for a wait that is over."""
        if self._submitted is not None:
            return super().timed_out(timeout)
        return GenerationTimeout(
            f"This clip still waits for job {self._source_id} after {timeout:g} s, and nothing was sent; it "
            f"is submitted when that job is finished. `%ltxv wait` waits on, `%ltxv stop _ltxv` ends it.",
            self,
        )

    def stopped(self) -> WatchStopped:
        """Return the error for a wait that was ended by `stop`."""
        return super().stopped() if self._submitted else WatchStopped(str(self.error), self)


def _hopeless(first: Job) -> str:
    """Return why a job that has no video will have none here; empty while it may."""
    if first.done():
        return f"job {first.id}, whose last frame it starts from, has no video: {first.error}".rstrip(". ")
    if not first.watched:
        return f"tracking of job {first.id}, whose last frame it starts from, stopped"
    return ""


def _planned(client: Client, request: GenerationRequest) -> Record:
    """Return what stands for the row that there is not yet; any row is newer."""
    asked: dict[str, Any] = {"prompt": request.prompt, **request.settings()}
    return Record(
        id="",
        created_at=time.time(),
        backend=client.backend,
        origin=client.origin,
        model=request.model,
        prompt=request.prompt,
        request=asked,
        fingerprint=None,
        client_request_id=None,
        state=State.SUBMITTING,
        output_dir=str(client.output_dir),
        revision=-1,
    )


def _in_thread(work: Callable[[], None]) -> None:
    # Not a daemon: at exit the interpreter waits for a paid request rather than cutting it off.
    threading.Thread(target=work, name="ltxv-submit", daemon=False).start()
