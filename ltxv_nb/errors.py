"""The exception tree: what went wrong, and what it means for the money.

Every message is one sentence for a person: what was wrong, what is allowed, what to do. In IPython and
Jupyter each of them shows as one line instead of a traceback, and the cell still fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ltxv_nb.text import error_line, visible

if TYPE_CHECKING:
    from ltxv_nb.job import Job
    from ltxv_nb.models.price import Price


class LTXVError(Exception):
    """Everything this package raises on purpose; its message holds nothing that a terminal would act upon."""

    def __init__(self, message: str = "") -> None:
        super().__init__(visible(message))

    def _render_traceback_(self, *_args: object) -> list[str]:
        """One line for IPython, which calls this in place of its own traceback."""
        return [error_line(type(self).__name__, str(self))]


class ConfigurationError(LTXVError):
    """The key, the base URL, the backend or a folder is missing or cannot be used."""


class JournalError(ConfigurationError):
    """The journal cannot be written or read, so nothing is sent: what is paid for must be in it."""


class RequestError(LTXVError, ValueError):
    """The request cannot be sent as it stands; nothing was sent."""


class DuplicateRequest(RequestError):
    """An identical generation is unfinished, or unconfirmed; nothing was sent.

    Attributes
    ----------
    job : Job
        The earlier one.
    """

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


class BudgetExceeded(RequestError):
    """The clip does not fit into what may still be spent, or nobody knows whether it does; nothing was sent.

    Attributes
    ----------
    price : Price or None
        What it costs; ``None`` if that is not known.
    left : float
        What is left to be spent, in USD.
    """

    def __init__(self, message: str, price: Price | None, left: float) -> None:
        super().__init__(message)
        self.price, self.left = price, left


class ClipMissing(RequestError):
    """The very same request was made before, but its file is gone; nothing was sent, since that costs again.

    Attributes
    ----------
    job : Job
        The newest generation of it.
    """

    def __init__(self, message: str, job: Job) -> None:
        super().__init__(message)
        self.job = job


class APIError(LTXVError):
    """The service refused, or could not be reached.

    Attributes
    ----------
    status_code : int or None
        The HTTP status; ``None`` when no answer came.
    message : str
        The service's own words.
    request_id : str or None
        The service's name for the request, for its support.
    retry_after : float or None
        Seconds the service asks to wait, when it does.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        self.status_code = status_code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        super().__init__(" ".join(filter(None, [self.headline, hint])))

    @property
    def headline(self) -> str:
        """The service's own words with the HTTP status, without what they mean for the money."""
        if self.status_code is None:
            return self.message
        words = self.message.rstrip(". ")
        request = f"; request {self.request_id}" if self.request_id else ""
        return f"{words} (HTTP {self.status_code}{request})."


class AuthenticationError(APIError):
    """401: the key is missing or not known to the service. Nothing was billed."""


class InsufficientCreditsError(APIError):
    """403: the account has no credits left. Nothing was billed."""


class NotFoundError(APIError):
    """404: the service has no such model or generation. Nothing was billed."""


class UnknownModel(NotFoundError, RequestError):
    """The service has no model of that name, or not any more; nothing was sent."""


class RateLimitError(APIError):
    """429: too many requests. Nothing was billed."""


class ServerError(APIError):
    """5xx: the service failed. A failed read costs nothing; for a submission see `SubmissionUnknown`."""


class ServiceUnreachable(APIError):
    """The service did not answer. A submission that ends so was not delivered, and nothing was billed."""


class _WithJob(LTXVError):
    """An error about one generation, which it carries.

    Attributes
    ----------
    job : Job or None
        The generation it is about.
    """

    def __init__(self, message: str, job: Job | None = None) -> None:
        super().__init__(message)
        self.job = job


class SubmissionUnknown(_WithJob):
    """The service may or may not have accepted the request; it is never sent again by itself."""


class GenerationFailed(_WithJob):
    """The service ended the generation with an error; the message holds its own words."""


class GenerationLost(GenerationFailed):
    """The service does not know the generation any more, or it was given up; it may have been billed."""


class GenerationTimeout(_WithJob, TimeoutError):
    """The wait timed out. The generation continues and will be billed; ``job`` is its handle."""


class WatchStopped(_WithJob):
    """Tracking was stopped. The generation continues and will be billed; ``%ltxv resume`` tracks it again."""


class DownloadError(_WithJob):
    """The video is finished and paid for, but it could not be downloaded; ``resume`` tries again."""
