"""The service's endpoints, one method each; it keeps no state but a connection.

What a failed submission means for the money is told apart here, as types: `Accepted`, `Refused`, `Busy`,
`NotDelivered`, `Unclear`.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ltxv_nb.errors import (
    APIError,
    AuthenticationError,
    InsufficientCreditsError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ServiceUnreachable,
)
from ltxv_nb.request import MODELS
from ltxv_nb.service import transport
from ltxv_nb.service.reply import (
    Generation,
    error_message,
    number,
    parse_json,
    plain_text,
    read_generation,
    retry_after,
    shorten,
    usd_from_headers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.key import ApiKey

GENERATIONS = "/v2/video/generations"

#: Statuses that say that the service did not take the request. Of every other one but 429 the outcome is
#: unknown: a redirect, a conflict or a time-out may come from behind the point where it was taken.
REFUSALS = frozenset({400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415, 417, 422, 431, 451})

#: No reply of these endpoints is larger, in bytes.
MAX_REPLY = 8 << 20

#: Seconds that reading one reply may take in all, however it trickles.
MAX_REPLY_SECONDS = 60.0

#: Pages of 100 rows of the service's record that one look reads, and hours that its clock and this machine's
#: may lie apart (a wrong time zone included).
_LOG_PAGES, _CLOCKS_APART = 20, 13

#: Hours of the longest window of the service's record: 92 days.
_LOG_HOURS = 92 * 24


class Service(Protocol):
    """Where the service is. `ltxv_nb.service.backend` has one for the API and one for the sandbox."""

    @property
    def base_url(self) -> str:
        """Origin, without a trailing slash."""

    @property
    def key(self) -> ApiKey | None:
        """The bearer token."""

    def revive(self) -> None:
        """Bring the service back, where that is ours to do."""


@dataclass(frozen=True)
class Accepted:
    """The service has taken the request and will bill it."""

    generation: Generation


@dataclass(frozen=True)
class Refused:
    """The service has not taken it; nothing is billed."""

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
    """The service may or may not have taken it. It must not be sent again."""

    reason: str


Outcome = Accepted | Refused | Busy | NotDelivered | Unclear


@dataclass(frozen=True)
class LogRow:
    """One row of the service's own record of requests.

    Attributes
    ----------
    client_request_id : str
        Our name for the request.
    generation_id : str or None
        The service's.
    failed : bool
        Whether the request failed; such a one is never charged.
    usd : float or None
        What it was charged, in USD.
    """

    client_request_id: str
    generation_id: str | None
    failed: bool
    usd: float | None


class Api:
    """The endpoints.

    Parameters
    ----------
    service : Service
        Address and key.
    session_factory : callable, optional
        Makes the `requests.Session`; called with the host, ``retries`` and ``pool_size``.
    clock : callable, optional
        Returns unix time in seconds; used for dates in ``Retry-After``.
    submit_timeout : float, optional
        Seconds to wait for the answer to a submission.
    """

    def __init__(
        self,
        service: Service,
        *,
        session_factory: Callable[..., requests.Session] = transport.new_session,
        clock: Callable[[], float] = time.time,
        submit_timeout: float = transport.SUBMIT_TIMEOUT,
    ) -> None:
        self._service = service
        self._new_session = session_factory
        self._clock = clock
        self._submit_timeout = submit_timeout
        #: Called before each read, so that whoever keeps the request budget knows of it.
        self.on_read: Callable[[], None] = lambda: None
        self._sessions: dict[tuple[str, bool, bool], requests.Session] = {}

    def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def make_ready(self) -> None:
        """See to it that there is a service to ask: the sandbox is started here, if it is the sandbox.

        Raises
        ------
        ConfigurationError
            It does not start.
        """
        assert self._service.base_url

    def create(self, body: Mapping[str, Any], client_request_id: str) -> Outcome:
        """Send the paid request, once.

        Parameters
        ----------
        body : mapping
            The JSON body.
        client_request_id : str
            Our name for this very attempt; 1 to 128 of ``A-Za-z0-9._:-``.

        Returns
        -------
        Accepted, Refused, Busy, NotDelivered or Unclear
            What became of it. No HTTP failure is raised.
        """
        headers = {"X-Client-Request-Id": client_request_id, "Accept": "application/json"}
        transport.forget_progress()
        try:
            response, content = self._send(
                "POST", GENERATIONS, json=body, headers=headers, read_timeout=self._submit_timeout
            )
        except requests.RequestException as error:
            if transport.never_sent(error):
                return NotDelivered(self._unreachable(error))
            return Unclear(self._words(error))
        return self._outcome(response, content, body)

    def _outcome(
        self, response: requests.Response, content: bytes | None, body: Mapping[str, Any]
    ) -> Outcome:
        status = response.status_code
        if status == requests.codes.too_many_requests:
            error = self._error(response, content, "The service asks for fewer requests; nothing was billed.")
            if isinstance(error, RateLimitError):
                return Busy(error)
        if status in REFUSALS:
            return Refused(self._error(response, content, _submission_hint(status, body)))
        if not response.ok or not 200 <= status < 300:
            reason = shorten(self._scrub(response.reason or ""), 200)
            return Unclear(f"the service answered {status} {reason}".strip())
        generation = read_generation(parse_json(content), self._scrub) if content is not None else None
        identifier = (generation and generation.id) or plain_text(response.headers.get("x-inference-id"), 512)
        if not identifier:
            return Unclear(f"the service answered {status}, but its answer cannot be read")
        known = generation or Generation(None, "")
        usd = usd_from_headers(response.headers)
        return Accepted(
            Generation(
                identifier,
                known.status or "queued",
                known.url,
                known.error,
                known.usd if usd is None else usd,
            )
        )

    def fetch(self, generation_id: str, *, counted: bool = True) -> Generation:
        """Ask how a generation is, once.

        Parameters
        ----------
        generation_id : str
            The service's id.
        counted : bool
            Whether `on_read` hears of it; false for who has kept to the budget already.

        Raises
        ------
        APIError
            The service did not answer, or not with a generation. It costs nothing to ask again.
        """
        document = self._read(GENERATIONS, {"generation_id": generation_id}, retries=False, counted=counted)
        generation = read_generation(document, self._scrub)
        if generation is None or not generation.status:
            raise APIError("The service's answer is not about a generation.")
        return generation

    def find_in_logs(
        self, client_request_ids: Iterable[str], since: float, until: float | None = None
    ) -> dict[str, LogRow]:
        """Look for our requests in the service's own record.

        Parameters
        ----------
        client_request_ids : iterable of str
            Our names for them.
        since : float
            Unix time of the oldest, in seconds.
        until : float, optional
            Unix time of the newest, in seconds; now by default. Old ones are then found even if thousands of
            requests came after them.

        Returns
        -------
        dict
            The rows found, by client request id.

        Raises
        ------
        APIError
            The record could not be read.
        """
        wanted, found = set(client_request_ids), dict[str, LogRow]()
        window = _log_window(since, until, self._clock())
        for page in range(_LOG_PAGES):
            query = {**window, "limit": 100, "offset": 100 * page}
            document = self._read("/v2/logs", query, retries=False)
            rows = document.get("data") if isinstance(document, dict) else None
            if not isinstance(rows, list):
                raise APIError("The service's record of requests cannot be read.")
            for row in filter(None, map(_log_row, rows)):
                if row.client_request_id in wanted:
                    found[row.client_request_id] = _better(found.get(row.client_request_id), row)
            pagination = document.get("pagination")
            more = pagination.get("has_more") if isinstance(pagination, dict) else False
            if found.keys() == wanted or not more or not rows:
                break
        return found

    def duration_percentiles(self, model: str) -> dict[str, float] | None:
        """Return how long the model takes at present.

        Returns
        -------
        dict or None
            ``p50``, ``p75``, ``p90``, ``p99`` in milliseconds; ``None`` when the service has no figures.

        Raises
        ------
        APIError
            The service did not answer.
        """
        document = self._read("/models/metrics", {"aliases": model})
        rows = document.get("models") if isinstance(document, dict) else None
        for row in rows if isinstance(rows, list) else []:
            metrics = row.get("metrics") if isinstance(row, dict) else None
            values = metrics.get("duration_ms") if isinstance(metrics, dict) else None
            if isinstance(values, dict) and row.get("alias") == model:
                known = {name: number(value) for name, value in values.items()}
                return {name: value for name, value in known.items() if value is not None}
        return None

    def balance(self) -> float:
        """Return the account's balance, in USD.

        Raises
        ------
        APIError
            The service did not tell.
        """
        document = self._read("/v2/billing", {})
        try:
            return float(document["current_balance"])
        except (KeyError, TypeError, ValueError):
            raise APIError("The service's answer holds no balance.") from None

    def models(self, *model_ids: str) -> list[dict[str, Any]]:
        """Return the catalogue's entries of these models, with their pricing.

        Raises
        ------
        APIError
            The service did not answer.
        """
        document = self._read("/v1/models", {"id": list(model_ids), "include": "pricing"})
        rows = document.get("data") if isinstance(document, dict) else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _read(
        self, path: str, query: Mapping[str, Any], *, retries: bool = True, counted: bool = True
    ) -> Any:
        if counted:
            self.on_read()
        try:
            response, content = self._send("GET", path, params=query, retries=retries)
        except requests.RequestException as error:
            raise self._unreachable(error) from None
        if response.status_code != requests.codes.ok:
            raise self._error(response, content, _READ_HINTS.get(response.status_code, ""))
        document = parse_json(content) if content is not None else None
        if document is None:
            raise APIError("The service's answer is not JSON, or was cut off.")
        return document

    def _send(
        self,
        method: str,
        path: str,
        *,
        retries: bool = False,
        read_timeout: float = transport.READ_TIMEOUT,
        **options: Any,
    ) -> tuple[requests.Response, bytes | None]:
        """Send one request; returns the response and its whole body, or ``None`` when the body broke off."""
        base_url = self._service.base_url
        with self._session(base_url, retries=retries, reads_only=method == "GET").request(
            method,
            base_url + path,
            auth=transport.BearerAuth(self._service.key, base_url),
            timeout=(transport.CONNECT_TIMEOUT, read_timeout),
            allow_redirects=False,
            stream=True,
            **options,
        ) as response:
            return response, _whole_body(response)

    def _session(self, base_url: str, *, retries: bool, reads_only: bool) -> requests.Session:
        name = (base_url, retries, reads_only)
        if name not in self._sessions:
            self._sessions[name] = self._new_session(
                urlsplit(base_url).hostname,
                retries=transport.read_retries() if retries else 0,
                pool_size=8,
                reads_only=reads_only,
            )
        return self._sessions[name]

    def _scrub(self, text: str) -> str:
        key = self._service.key
        return key.scrub(text) if key else text

    def _words(self, error: requests.RequestException) -> str:
        """Say in a person's words what became of a request without an answer."""
        if isinstance(error, requests.Timeout):
            return "no answer came in time"
        if isinstance(error, requests.ConnectionError):
            return "the connection broke off"
        return shorten(self._scrub(str(error)), 200)

    def _unreachable(self, error: requests.RequestException) -> ServiceUnreachable:
        host = urlsplit(self._service.base_url).netloc
        if transport.never_sent(error):
            self._service.revive()
        return ServiceUnreachable(
            f"The service at {host} cannot be reached ({_network_words(error)}).",
            hint="Check the network and AIMLAPI_BASE_URL.",
        )

    def _error(self, response: requests.Response, content: bytes | None, hint: str) -> APIError:
        reason = self._scrub(response.reason or "no reason given")
        message, request_id = error_message(content or b"", reason, self._scrub)
        status = response.status_code
        if 300 <= status < 400:
            message, hint = (
                "The service redirects elsewhere, which is not followed with a key",
                _READ_HINTS[301],
            )
        kind = _ERRORS.get(status, ServerError if status >= 500 else APIError)
        return kind(
            message,
            status_code=status,
            request_id=request_id
            or shorten(self._scrub(response.headers.get("x-request-id", "")), 128)
            or None,
            retry_after=retry_after(response.headers, self._clock()),
            hint=hint,
        )


def _whole_body(response: requests.Response) -> bytes | None:
    """Read a reply's body; ``None`` when it breaks off, is too large, or trickles for ever."""
    deadline = time.monotonic() + MAX_REPLY_SECONDS
    body = bytearray()
    try:
        # Not `iter_content`: it waits for a whole chunk, and would never come back to look at the clock.
        while chunk := response.raw.read1(65536, decode_content=True):
            body += chunk
            if len(body) > MAX_REPLY or time.monotonic() > deadline:
                return None
    except (HTTPError, OSError):
        return None
    return bytes(body)


def _log_window(since: float, until: float | None, now: float) -> dict[str, str]:
    """Return the parameters of ``/v2/logs`` for a window; all times in unix seconds."""
    slack = _CLOCKS_APART * 3600
    if until is None or until + slack >= now:
        return {"period": f"{min(_LOG_HOURS, max(1, math.ceil((now - since) / 3600) + 1))}h"}
    end = until + slack
    start = max(since - slack, end - _LOG_HOURS * 3600)
    moments = (datetime.fromtimestamp(moment, timezone.utc) for moment in (start, end))
    return dict(zip(("start", "end"), (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments), strict=True))


def _log_row(row: Any) -> LogRow | None:
    if not isinstance(row, dict) or not isinstance(row.get("client_request_id"), str):
        return None
    cost = row.get("cost")
    return LogRow(
        row["client_request_id"],
        plain_text(row.get("inference_id"), 512),
        row.get("status") == "failed",
        number(cost.get("usd")) if isinstance(cost, dict) else None,
    )


def _better(known: LogRow | None, row: LogRow) -> LogRow:
    """Of two rows about one request, return the one that says that it was taken: that one is billed."""
    return row if known is None or (known.failed and not row.failed) else known


def _network_words(error: BaseException) -> str:
    text = str(error)
    known = {
        "NameResolutionError": "its name is not known here",
        "getaddrinfo": "its name is not known here",
        "Connection refused": "it refuses the connection",
        "actively refused": "it refuses the connection",
        "SSLError": "its certificate or encryption is not accepted",
        "ProxyError": "the proxy does not let it through",
        "timed out": "no answer came in time",
    }
    return next((words for sign, words in known.items() if sign in text), "the connection broke off")


def _submission_hint(status: int, body: Mapping[str, Any]) -> str:
    if status == requests.codes.not_found:
        return (
            f"The service has no model {str(body.get('model'))!r}; it may have been retired. "
            f"This package knows {' and '.join(MODELS)}. Nothing was billed."
        )
    return _SUBMISSION_HINTS.get(status, "Nothing was billed.")


_SUBMISSION_HINTS = {
    400: "Nothing was billed; change what it names and run the cell again.",
    401: "Nothing was billed. Check AIMLAPI_API_KEY, or run %ltxv login.",
    403: "Nothing was billed. Top up the account, or use LTXV_BACKEND=sandbox, which costs nothing.",
    413: "Nothing was billed; use a smaller image.",
    422: "Nothing was billed; change what it names and run the cell again.",
}

_READ_HINTS = {
    301: "Set AIMLAPI_BASE_URL to the service's own address.",
    401: "Check AIMLAPI_API_KEY, or run %ltxv login.",
}

_ERRORS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: InsufficientCreditsError,
    404: NotFoundError,
    429: RateLimitError,
}
