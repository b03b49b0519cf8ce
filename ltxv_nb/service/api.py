"""The service's endpoints, one method each; it keeps no state but its connections."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ltxv_nb.credits import CREDITS_PER_USD
from ltxv_nb.errors import APIError, ServiceUnreachable
from ltxv_nb.http_client import http_date
from ltxv_nb.service import catalogue, request_log, transport
from ltxv_nb.service.backend import SandboxService
from ltxv_nb.service.bearer import BearerAuth
from ltxv_nb.service.failures import READ_HINTS, error_of, network_words
from ltxv_nb.service.ledger import Ledger
from ltxv_nb.service.outcome import NotDelivered, Unclear, outcome_of
from ltxv_nb.service.reply import (
    Generation,
    Reply,
    is_clean,
    parse_json,
    read_generation,
    same_generation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ltxv_nb.key import ApiKey
    from ltxv_nb.service.outcome import Outcome
    from ltxv_nb.service.request_log import LogRow

GENERATIONS = "/v2/video/generations"

#: No reply of these endpoints is larger, in bytes.
MAX_REPLY = 8 << 20


class Service(Protocol):
    """A service that can be asked. `ltxv_nb.service.backend` has one for the API and one for the sandbox."""

    @property
    def base_url(self) -> str:
        """Origin, without a trailing slash."""

    @property
    def key(self) -> ApiKey | None:
        """The bearer token."""

    def start(self) -> None:
        """Start the service, where that is up to us and it does not run yet."""

    def restart(self) -> None:
        """Find or start the service again after it could not be reached, where that is up to us."""


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
    missing_model_hint : callable, optional
        Returns a sentence that names other models, from the id of one that the service does not have.
    """

    def __init__(
        self,
        service: Service,
        *,
        session_factory: Callable[..., requests.Session] = transport.new_session,
        clock: Callable[[], float] = time.time,
        submit_timeout: float = transport.SUBMIT_TIMEOUT,
        missing_model_hint: Callable[[str], str] = lambda _model: "",
    ) -> None:
        self._service = service
        self._new_session = session_factory
        self._clock = clock
        self._submit_timeout = submit_timeout
        self._missing_model_hint = missing_model_hint
        #: Called before each read, so that it is counted where the limit of requests per minute is kept.
        self.on_read: Callable[[], None] = lambda: None
        #: The newest reply's ``Date``, and the time by our clock when it came, in unix seconds.
        self._dated: tuple[str, float] | None = None
        self._sessions: dict[tuple[str, bool, bool], requests.Session] = {}
        self._closed = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connections. Whatever is asked afterwards is refused; nothing is sent."""
        with self._lock:
            self._closed = True
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def make_ready(self) -> None:
        """Make sure that there is a service to ask: the sandbox is started here, if it is the sandbox.

        Raises
        ------
        ConfigurationError
            It does not start.
        """
        self._service.start()

    @property
    def ahead(self) -> float | None:
        """Seconds by which the service's clock is ahead of ours; ``None`` while it has not told its time."""
        date, at = self._dated or ("", 0.0)
        told = http_date(date)
        return None if told is None else told - at

    @property
    def heard_at(self) -> float | None:
        """When the service told its time last, by our clock in unix seconds; ``None`` while it has not."""
        return None if self.ahead is None or self._dated is None else self._dated[1]

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

        Raises
        ------
        APIError
            The connections were closed; nothing was sent.
        ConfigurationError
            The sandbox does not start; nothing was sent.
        """
        headers = {"X-Client-Request-Id": client_request_id, "Accept": "application/json"}
        try:
            reply = self._send(
                "POST", GENERATIONS, json=body, headers=headers, read_timeout=self._submit_timeout
            )
        except requests.RequestException as error:
            if transport.never_sent(error):
                return NotDelivered(self._unreachable(error))
            return Unclear(network_words(error))
        return outcome_of(
            reply,
            str(body.get("model")),
            client_request_id,
            scrub=self._scrub,
            now=self._clock(),
            missing_model_hint=self._missing_model_hint,
            free=isinstance(self._service, SandboxService),
        )

    def fetch(
        self, generation_id: str, *, counted: bool = True, patience: float = transport.READ_TIMEOUT
    ) -> Generation:
        """Ask how a generation is, once.

        Parameters
        ----------
        generation_id : str
            The service's id.
        counted : bool
            Whether `on_read` is called; false where the poll was counted already.
        patience : float
            Seconds that the answer may take.

        Raises
        ------
        APIError
            The service did not answer, or not with this generation. It costs nothing to ask again.
        """
        query = {"generation_id": generation_id}
        document = self._read(GENERATIONS, query, retries=False, counted=counted, read_timeout=patience)
        generation = read_generation(document, self._scrub)
        if generation is None or not generation.status:
            raise APIError("The service's answer is not about a generation.")
        if not same_generation(generation_id, generation.id):
            raise APIError("The service's answer is about another generation, and is not believed.")
        return generation

    def find_in_logs(
        self,
        client_request_ids: Iterable[str],
        since: float,
        until: float | None = None,
        *,
        everywhere: bool = False,
    ) -> dict[str, LogRow]:
        """Look for our requests in the service's request log.

        Where this machine's clock and the service's differ, both are tried.

        Parameters
        ----------
        client_request_ids : iterable of str
            Our names for them.
        since : float
            Unix time of the oldest, in seconds.
        until : float, optional
            Unix time of the newest, in seconds; now by default. Old ones are then found even if thousands of
            requests came after them.
        everywhere : bool
            Look at the whole log as well, where they are not found at their time: a clock may have been wrong
            when they were sent.

        Returns
        -------
        dict
            The rows found, by client request id.

        Raises
        ------
        APIError
            The log could not be read.
        """
        wanted = set(client_request_ids)
        found: dict[str, LogRow] = {}
        asked: list[Mapping[str, str]] = []
        while found.keys() != wanted:
            # Each time anew: the first page may be the first that tells the service's time.
            windows = request_log.windows(
                since, until, self._clock(), self.ahead or 0.0, everywhere=everywhere
            )
            window = next((one for one in windows if one not in asked), None)
            if window is None:
                break
            asked.append(window)
            found |= request_log.find_rows(self._read_log, wanted - found.keys(), window)
        return {name: row for name, row in found.items() if is_clean(row.generation_id, self._scrub)}

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
        return catalogue.percentiles(self._read("/models/metrics", {"aliases": model})).get(model)

    def all_percentiles(self) -> dict[str, dict[str, float]]:
        """Return how long each model takes at present, as `duration_percentiles` does, by alias."""
        return catalogue.percentiles(self._document(self._reply("/models/metrics", {}, keyless=True)))

    def catalogue(self, etag: str | None = None) -> tuple[Any, str | None] | None:
        """Return the catalogue of video models; no key is sent for it.

        Parameters
        ----------
        etag : str, optional
            That of the catalogue which is there already.

        Returns
        -------
        tuple or None
            The parsed JSON document and its ETag; ``None`` if it has not changed.

        Raises
        ------
        APIError
            The service did not answer.
        """
        headers = {"If-None-Match": etag} if etag else {}
        query = catalogue.query()
        reply = self._reply(catalogue.MODELS, query, keyless=True, headers=headers)
        if etag and reply.status == requests.codes.not_modified:
            return None
        return self._document(reply), reply.headers.get("ETag")

    def catalogue_rows(self, name: str) -> Any:
        """Return the part of the catalogue that is about one id or alias; see `catalogue`."""
        return self._document(self._reply(catalogue.MODELS, catalogue.query(name), keyless=True))

    def request_schema(self, address: object, model: str, kind: str) -> Any:
        """Return the published schema of a model's requests; no key is sent for it.

        Parameters
        ----------
        address : object
            Where the catalogue says that it is. It is only followed to the service's own origin.
        model, kind : str
            The model's id, and the kind of endpoint that the catalogue names.

        Raises
        ------
        APIError
            The service did not answer, or with more than is read.
        """
        base_url = self._service.base_url
        path, query = catalogue.schema_address(address, base_url, model, kind)
        return self._document(self._reply(path, query, keyless=True))

    @property
    def ledger(self) -> Ledger:
        """The account: its balance, what was charged, what this key has used."""
        return Ledger(self._read, self._scrub)

    def balance(self) -> float:
        """Return the account's balance, in USD; raises as `Ledger.balance` does."""
        return self.ledger.balance() / CREDITS_PER_USD

    def _read_log(self, query: Mapping[str, Any]) -> Any:
        return self._read("/v2/logs", query, retries=False)

    def _read(
        self,
        path: str,
        query: Mapping[str, Any],
        *,
        retries: bool = True,
        counted: bool = True,
        read_timeout: float = transport.READ_TIMEOUT,
    ) -> Any:
        if counted:
            self.on_read()
        # A cache or a gateway may answer with what another request asked for: the name tells.
        name = f"ltxv-nb.read.{secrets.token_hex(8)}"
        headers = {"X-Client-Request-Id": name, "Cache-Control": "no-cache"}
        reply = self._reply(path, query, headers=headers, retries=retries, read_timeout=read_timeout)
        if not reply.is_for(name):
            raise APIError("The answer that came belongs to another request, and is not believed.")
        return self._document(reply)

    def _reply(self, path: str, query: Mapping[str, Any], *, retries: bool = True, **options: Any) -> Reply:
        reply = self._answer_to_read(path, params=query, retries=retries, **options)
        if isinstance(reply, ServiceUnreachable):
            raise reply  # here, where no other exception is handled: that one holds the request
        return reply

    def _document(self, reply: Reply) -> Any:
        if reply.status != requests.codes.ok:
            raise error_of(reply, READ_HINTS.get(reply.status, ""), self._scrub, self._clock())
        document = parse_json(reply.content) if reply.content is not None else None
        if document is None:
            raise APIError("The service's answer is not JSON, or was cut off.")
        return document

    def _answer_to_read(self, path: str, **options: Any) -> Reply | ServiceUnreachable:
        try:
            return self._send("GET", path, **options)
        except requests.RequestException as error:
            return self._unreachable(error)

    def _send(
        self,
        method: str,
        path: str,
        *,
        retries: bool = False,
        read_timeout: float = transport.READ_TIMEOUT,
        keyless: bool = False,
        **options: Any,
    ) -> Reply:
        """Send one request, with the key unless it needs none, and read its whole answer."""
        transport.forget_progress()
        base_url = self._service.base_url
        session = self._session(base_url, retries=retries, reads_only=method == "GET")
        try:
            with session.request(
                method,
                base_url + path,
                auth=BearerAuth(None if keyless else self._service.key, base_url),
                timeout=(transport.CONNECT_TIMEOUT, read_timeout),
                allow_redirects=False,
                stream=True,
                **options,
            ) as response:
                content = _whole_body(response)
                self._dated = response.headers.get("Date", ""), self._clock()
                return Reply(response.status_code, response.reason or "", response.headers, content)
        finally:
            if self._closed:  # since the session was taken: it may have opened a connection anew
                session.close()

    def _session(self, base_url: str, *, retries: bool, reads_only: bool) -> requests.Session:
        name = (base_url, retries, reads_only)
        with self._lock:
            if self._closed:
                raise APIError("The connection to the service is closed: make a new ltxv_nb.Client().")
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

    def _unreachable(self, error: requests.RequestException) -> ServiceUnreachable:
        host = urlsplit(self._service.base_url).netloc
        if transport.never_sent(error):
            self._service.restart()
        return ServiceUnreachable(
            f"The service at {host} cannot be reached ({network_words(error)}).",
            hint="Check the network and AIMLAPI_BASE_URL.",
        )


def _whole_body(response: requests.Response) -> bytes | None:
    """Read a reply's body; ``None`` when it breaks off, is too large, or takes too long."""
    body = bytearray()
    try:
        while chunk := response.raw.read1(65536, decode_content=True):
            body += chunk
            if len(body) > MAX_REPLY:
                return None
    except (HTTPError, OSError):
        return None
    return bytes(body)
