"""One click, one submission: in the background, and never twice by accident."""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
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


class Listener(Protocol):
    """Learns how a submission ended, in the thread that made it."""

    def sent(self, job: Job) -> None:
        """It was accepted, or may have been: the job knows."""

    def refused(self, reason: str) -> None:
        """Nothing was accepted."""

    def duplicate(self, request: GenerationRequest, error: DuplicateRequest) -> None:
        """An identical one is unfinished; nothing was sent."""


class Sender:
    """Submits one request at a time.

    Parameters
    ----------
    listener : Listener
        Learns how each submission ended.
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

    @property
    def busy(self) -> bool:
        """Whether a submission is in progress."""
        return self._busy

    def send(self, client: Client, request: GenerationRequest, *, allow_duplicate: bool = False) -> bool:
        """Send a request in the background.

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
        try:
            self._start(lambda: self._send(client, request, allow_duplicate=allow_duplicate))
        except BaseException:
            self._busy = False
            raise
        return True

    def _send(self, client: Client, request: GenerationRequest, *, allow_duplicate: bool) -> None:
        is_question = False
        try:
            report, is_question = self._submit(client, request, allow_duplicate=allow_duplicate)
        except Exception:  # noqa: BLE001 - the button must be enabled again, and the person told
            _log.exception("A submission from the panel failed unexpectedly.")
            report = partial(
                self._listener.refused,
                "Something unexpected went wrong; %ltxv jobs shows whether it was sent.",
            )
        with self._lock:
            self._busy = False
            if not is_question:  # a question may be answered however soon
                self._ended_at = self._clock()
        report()

    def _submit(
        self, client: Client, request: GenerationRequest, *, allow_duplicate: bool
    ) -> tuple[Callable[[], None], bool]:
        """Submit; returns what reports the outcome to the listener, and whether that is a question."""
        listener = self._listener
        try:
            job = client.submit_request(request, allow_duplicate=allow_duplicate)
        except DuplicateRequest as error:
            return partial(listener.duplicate, request, error), True
        except SubmissionUnknown as error:
            if error.job is not None:
                return partial(listener.sent, error.job), False
            return partial(listener.refused, str(error)), False
        except LTXVError as error:
            return partial(listener.refused, str(error)), False
        return partial(listener.sent, job), False


def _in_thread(work: Callable[[], None]) -> None:
    # Not a daemon: at exit the interpreter waits for a paid request rather than cutting it off.
    thread = threading.Thread(target=work, name="ltxv-submit", daemon=False)
    try:
        thread.start()
    except RuntimeError:  # "can't start new thread": it has not begun, so it is not submitted twice
        work()
