"""A refusal, or the lack of an answer, as an error in words for a person."""

from __future__ import annotations

import errno
import socket
import ssl
from typing import TYPE_CHECKING

import requests
from urllib3 import exceptions as urllib3

from ltxv_nb.errors import (
    APIError,
    AuthenticationError,
    InsufficientCreditsError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from ltxv_nb.http_client import causes, retry_after
from ltxv_nb.service.reply import error_message
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.service.reply import Reply

#: What to do about a read that was refused.
READ_HINTS = {401: "Check AIMLAPI_API_KEY, or run %ltxv login."}

_ERRORS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: InsufficientCreditsError,
    404: NotFoundError,
    429: RateLimitError,
}

_OFFLINE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}

#: The first row with a cause of its types says what happened; what may hold another failure comes first.
_NETWORK_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (requests.exceptions.ProxyError, urllib3.ProxyError),
        "the proxy cannot be reached, or does not let it through",
    ),
    ((urllib3.NameResolutionError, socket.gaierror), "its name is not known here"),
    ((ConnectionRefusedError,), "it refuses the connection"),
    (
        (requests.exceptions.SSLError, urllib3.SSLError, ssl.SSLError),
        "its certificate or encryption is not accepted",
    ),
    ((requests.exceptions.Timeout, urllib3.TimeoutError, TimeoutError), "no answer came in time"),
)


def error_of(reply: Reply, hint: str, scrub: Callable[[str], str], now: float) -> APIError:
    """Return the error for an answer that is none of success, in the service's own words.

    Parameters
    ----------
    reply : Reply
        The answer.
    hint : str
        What to do about it, and what it means for the money.
    scrub : callable
        Takes the key out of the service's words.
    now : float
        Unix time in seconds, for a date in ``Retry-After``.
    """
    message, request_id = error_message(reply.content or b"", scrub(reply.reason or "no reason given"), scrub)
    if 300 <= reply.status < 400:
        message = "The service redirects elsewhere, which is not followed with a key"
        hint = "Set AIMLAPI_BASE_URL to the service's own address."
    kind = _ERRORS.get(reply.status, ServerError if reply.status >= 500 else APIError)
    return kind(
        message,
        status_code=reply.status,
        request_id=request_id or one_line(scrub(reply.headers.get("x-request-id", "")), 128) or None,
        retry_after=retry_after(reply.headers, now),
        hint=hint,
    )


def network_words(error: BaseException) -> str:
    """Say why a request got no answer, by the types of the exceptions that it ended with."""
    # To urllib3 any connection that cannot be made is a kind of time-out; what it was raised from says more.
    found = [cause for cause in causes(error) if type(cause) is not urllib3.NewConnectionError]
    for kinds, words in _NETWORK_WORDS:
        if any(isinstance(cause, kinds) for cause in found):
            return words
    if any(isinstance(cause, OSError) and cause.errno in _OFFLINE for cause in found):
        return "no network leads to it"
    return "the connection broke off"
