"""What became of a submission, and what that means for the money.

Each outcome is a type of its own: `Accepted`, `Refused`, `Busy`, `NotDelivered`, `Unclear`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from ltxv_nb.errors import APIError, RateLimitError, ServiceUnreachable
from ltxv_nb.service.failures import error_of
from ltxv_nb.service.reply import (
    Generation,
    credits_from_headers,
    is_clean,
    parse_json,
    plain_text,
    read_generation,
)
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from ltxv_nb.service.reply import Reply

#: Statuses that say that the service did not take the request. Of every other one but 429 the outcome is
#: unknown: a redirect, a conflict or a time-out may come from behind the point where it was taken.
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431, 451})

_HINTS = {
    400: "change what it names and run the cell again.",
    413: "use a smaller image.",
    422: "change what it names and run the cell again.",
}
#: Of the API alone: the sandbox has no accounts.
_ACCOUNT_HINTS = {
    401: "Check AIMLAPI_API_KEY, or run %ltxv login.",
    403: "Top up the account, or use LTXV_BACKEND=sandbox, which costs nothing.",
}


@dataclass(frozen=True)
class Accepted:
    """The service has taken the request and will bill it."""

    generation: Generation


@dataclass(frozen=True)
class Refused:
    """The service has not accepted it; nothing is billed."""

    error: APIError


@dataclass(frozen=True)
class Busy:
    """Too many requests; not taken, nothing billed; may be sent again later."""

    error: RateLimitError


@dataclass(frozen=True)
class NotDelivered:
    """No byte of it reached the service; may be sent again."""

    error: ServiceUnreachable


@dataclass(frozen=True)
class Unclear:
    """The service may or may not have accepted it. It must not be sent again."""

    reason: str


Outcome = Accepted | Refused | Busy | NotDelivered | Unclear


def outcome_of(
    reply: Reply,
    model: str,
    client_request_id: str,
    *,
    scrub: Callable[[str], str],
    now: float,
    missing_model_hint: Callable[[str], str],
    free: bool = False,
) -> Outcome:
    """Tell from the service's answer what became of a submission.

    Parameters
    ----------
    reply : Reply
        The answer.
    model : str
        Id of the model that was asked for.
    client_request_id : str
        Our name for the request.
    scrub : callable
        Takes the key out of the service's words.
    now : float
        Unix time in seconds, for a date in ``Retry-After``.
    missing_model_hint : callable
        Returns a sentence that names other models, from the id of one that the service does not have.
    free : bool
        Whether it is the sandbox, where nothing is ever billed, and nobody has to be told so.
    """
    if not reply.is_for(client_request_id):
        return Unclear("the answer that came belongs to another request")
    status = reply.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        hint = f"The service asks for fewer requests{'' if free else '; nothing was billed'}."
        error = error_of(reply, hint, scrub, now)
        if isinstance(error, RateLimitError):
            return Busy(error)
    if status in REFUSALS:
        hint = _hint(status, free=free)
        if status == HTTPStatus.NOT_FOUND:
            gone = f"The service has no model {model!r}; it may have been retired."
            hint = " ".join(filter(None, [gone, missing_model_hint(model), hint]))
        return Refused(error_of(reply, hint, scrub, now))
    if not 200 <= status < 300:
        return Unclear(f"the service answered {status} {one_line(scrub(reply.reason), 200)}".strip())
    return _accepted(reply, scrub)


def _hint(status: int, *, free: bool) -> str:
    """Return what a refusal means for the money, and what to do."""
    advice = _HINTS.get(status, "")
    if free:
        return advice[:1].upper() + advice[1:]
    if advice:
        return f"Nothing was billed; {advice}"
    return f"Nothing was billed. {_ACCOUNT_HINTS.get(status, '')}".strip()


def _accepted(reply: Reply, scrub: Callable[[str], str]) -> Accepted | Unclear:
    """Read an answer of success; without the generation's id nothing can be tracked."""
    generation = read_generation(parse_json(reply.content), scrub) if reply.content is not None else None
    inference_id = plain_text(reply.headers.get("x-inference-id"), 512)
    if not is_clean(inference_id, scrub):
        inference_id = None
    known = generation or Generation(None, "")
    if not (known.id or inference_id):
        return Unclear(f"the service answered {reply.status}, but its answer cannot be read")
    billed = credits_from_headers(reply.headers)
    return Accepted(
        Generation(
            known.id or inference_id,
            known.status or ("queued" if known.id else ""),
            known.url,
            known.error,
            known.credits if billed is None else billed,
            inference_id,
        )
    )
