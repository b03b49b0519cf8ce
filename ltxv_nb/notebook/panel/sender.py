"""One click, one submission for each take: in the background, and never twice by accident."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ltxv_nb.errors import DuplicateRequest, LTXVError, SubmissionUnknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.client import Client
    from ltxv_nb.job import Job
    from ltxv_nb.request import GenerationRequest

_log = logging.getLogger("ltxv_nb")

#: Seconds after a submission in which the same request again counts as the second half of a double click.
CLICK_PAUSE = 1.0


@dataclass
class Outcome:
    """What became of a click.

    Attributes
    ----------
    request : GenerationRequest
        What was submitted.
    takes : int
        How often it was to be submitted.
    jobs : list of Job
        The jobs that were accepted, or may have been.
    reason : LTXVError, str or None
        Why nothing more was sent; ``None`` when everything was.
    earlier : Job or None
        The unfinished job that asks for the very same; nothing was sent.
    waited : list of Job
        The jobs that the service did not accept at first.
    """

    request: GenerationRequest
    takes: int
    jobs: list[Job] = field(default_factory=list)
    reason: LTXVError | str | None = None
    earlier: Job | None = None
    waited: list[Job] = field(default_factory=list)


class Listener(Protocol):
    """Learns how a submission goes, in the thread that makes it."""

    def waits(self, job: Job) -> None:
        """The service does not accept one take yet, which is sent again after a while: the job knows when."""

    def sent(self, job: Job) -> None:
        """One take was accepted, or may have been: the job knows."""

    def ended(self, outcome: Outcome) -> None:
        """Everything was sent that will be."""


class Sender:
    """Submits one request at a time, as often as the click has asked for.

    Parameters
    ----------
    listener : Listener
        Learns how each submission goes.
    clock : callable
        Returns seconds, monotonic.
    start : callable, optional
        Runs a function in the background; by default in a thread that the interpreter waits for at exit.
    """

    def __init__(
        self,
        listener: Listener,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._listener, self._clock = listener, clock
        self._start = start or _in_thread
        self._lock = threading.Lock()
        self._busy = False
        self._ended_at = float("-inf")
        self._last: GenerationRequest | None = None
        self._outcome: Outcome | None = None

    @property
    def busy(self) -> bool:
        """Whether a submission is in progress."""
        return self._busy

    @property
    def progress(self) -> str:
        """Which take is being submitted, in words; empty where there is only one."""
        outcome = self._outcome
        if outcome is None or outcome.takes == 1:
            return ""
        return f"take {min(len(outcome.jobs) + 1, outcome.takes)} of {outcome.takes}"

    def send(
        self, client: Client, request: GenerationRequest, *, takes: int = 1, allow_duplicate: bool = False
    ) -> bool:
        """Send a request in the background.

        Parameters
        ----------
        client : Client
            Who submits it.
        request : GenerationRequest
            What to submit.
        takes : int
            How often; one take after the other.
        allow_duplicate : bool
            Whether the first one may be sent although the very same request is unfinished. The others may,
            once the first one was accepted: the click has asked for them.

        Returns
        -------
        bool
            Whether it is being sent: not while another one is, and not right after the very same one.
        """
        with self._lock:
            just_sent = request == self._last and self._clock() - self._ended_at < CLICK_PAUSE
            if self._busy or just_sent:
                return False
            self._busy, self._last = True, request
            self._outcome = outcome = Outcome(request, takes)
        try:
            self._start(lambda: self._send(client, outcome, allow_duplicate=allow_duplicate))
        except BaseException:
            self._busy = False
            raise
        return True

    def _send(self, client: Client, outcome: Outcome, *, allow_duplicate: bool) -> None:
        try:
            self._submit(client, outcome, allow_duplicate=allow_duplicate)
        except Exception:  # noqa: BLE001 - the button must be enabled again, and the person told
            _log.exception("A submission from the panel failed unexpectedly.")
            outcome.reason = "Something unexpected went wrong; %ltxv jobs shows whether it was sent."
        with self._lock:
            self._busy = False
            if outcome.earlier is None:  # a question may be answered however soon
                self._ended_at = self._clock()
        self._listener.ended(outcome)

    def _submit(self, client: Client, outcome: Outcome, *, allow_duplicate: bool) -> None:
        """Submit take after take; the first one that is not accepted for certain is the last one."""
        while not outcome.reason and outcome.earlier is None and len(outcome.jobs) < outcome.takes:
            if outcome.jobs and not threading.main_thread().is_alive():
                outcome.reason = "The kernel is being shut down."
                return
            try:
                job = client.submit_request(
                    outcome.request,
                    allow_duplicate=allow_duplicate or bool(outcome.jobs),
                    begun=lambda begun: self._tell_if_it_waits(begun, outcome),
                )
            except DuplicateRequest as error:
                outcome.earlier = error.job
                return
            except SubmissionUnknown as error:
                outcome.reason = error
                if error.job is None:
                    return
                job = error.job
            except LTXVError as error:
                outcome.reason = error
                return
            outcome.jobs.append(job)
            self._listener.sent(job)

    def _tell_if_it_waits(self, job: Job, outcome: Outcome) -> None:
        def look(_changed: Job) -> None:
            if job.again_at is not None:
                unsubscribe()
                outcome.waited.append(job)
                self._listener.waits(job)

        unsubscribe = job.on_change(look)


def _in_thread(work: Callable[[], None]) -> None:
    # Not a daemon: at exit the interpreter waits for a paid request rather than cutting it off.
    thread = threading.Thread(target=work, name="ltxv-submit", daemon=False)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread": it has not begun, so it is not submitted twice
        work()
