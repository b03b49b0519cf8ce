"""HTTP below the endpoints: one session that knows what it has sent, and to whom it may show the key."""

from __future__ import annotations

import threading
import time
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.retry import Retry

from ltxv_nb._version import __version__
from ltxv_nb.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ltxv_nb.key import ApiKey

USER_AGENT = f"ltxv-nb/{__version__} python-requests/{requests.__version__}"

#: Seconds to make a connection, to wait for a read's answer, and for a submission's.
CONNECT_TIMEOUT, READ_TIMEOUT, SUBMIT_TIMEOUT = 10.0, 30.0, 60.0

#: A kept connection that has been idle longer than this (seconds) is not used again: the far side may be
#: closing it just now, and a reset after sending would leave a paid request in doubt.
MAX_IDLE = 4.0

#: The same for a connection that only reads go over: those cost nothing to ask again. A question every few
#: seconds then needs no handshake of its own; common servers and routers keep a connection for a minute.
MAX_READ_IDLE = 50.0

#: Bytes handed to the socket at once; a timeout then applies to each slice and not to a whole image.
SLICE = 64 * 1024

#: What requests raises while it still puts a request together.
_NEVER_BEGUN = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)

_progress = threading.local()


class _Witness:
    """Mixin for connections: notes per thread whether any byte of the request left this machine."""

    sock: Any
    auto_open: int
    max_idle = MAX_IDLE
    _making = False
    _last_used = 0.0

    def connect(self) -> None:
        _progress.state = "connecting"
        self._making = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._making = False

    def send(self, data: Any) -> None:
        if self._making:  # a proxy's CONNECT, not the request
            super().send(data)  # type: ignore[misc]
            return
        if self.sock is None and self.auto_open:
            self.connect()
        _progress.state = "sending"
        self._last_used = time.monotonic()
        if not isinstance(data, bytes):
            super().send(data)  # type: ignore[misc]
            return
        for start in range(0, len(data), SLICE):
            super().send(data[start : start + SLICE])  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        fresh = time.monotonic() - self._last_used < self.max_idle
        return fresh and bool(super().is_connected)  # type: ignore[misc]


class _WitnessedHTTP(_Witness, HTTPConnection):
    pass


class _WitnessedHTTPS(_Witness, HTTPSConnection):
    pass


class _ReadHTTP(_WitnessedHTTP):
    max_idle = MAX_READ_IDLE


class _ReadHTTPS(_WitnessedHTTPS):
    max_idle = MAX_READ_IDLE


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WitnessedHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WitnessedHTTPS


class _ReadHTTPPool(HTTPConnectionPool):
    ConnectionCls = _ReadHTTP


class _ReadHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _ReadHTTPS


class WitnessAdapter(HTTPAdapter):
    """A requests adapter whose connections note whether the request was sent; it never sends one twice.

    Parameters
    ----------
    reads_only : bool
        Whether only reads go through it: then connections are kept for longer.
    **options
        Those of `requests.adapters.HTTPAdapter`.
    """

    def __init__(self, *, reads_only: bool = False, **options: Any) -> None:
        self._pools: dict[str, Any] = (
            {"http": _ReadHTTPPool, "https": _ReadHTTPSPool}
            if reads_only
            else {"http": _HTTPPool, "https": _HTTPSPool}
        )
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pool, of witnessed connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make a proxy's pool, of witnessed connections."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def forget_progress() -> None:
    """Start a fresh note for this thread's next request."""
    _progress.state = None


def never_sent(error: BaseException) -> bool:
    """Whether it is certain that no byte of this thread's last request left the machine.

    Parameters
    ----------
    error : BaseException
        What the request ended with.

    Returns
    -------
    bool
        True when the connection was still being made (name, connect, TLS or proxy failure). False in every
        doubt.
    """
    state = getattr(_progress, "state", None)
    if state is not None:
        return bool(state == "connecting")
    return isinstance(error, _NEVER_BEGUN) or any(
        isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through an exception, what it was raised from, and what requests and urllib3 wrapped into it."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


class BearerAuth(requests.auth.AuthBase):
    """Puts the key into the one header, on requests to the one origin.

    Being an explicit ``auth`` it also keeps requests from consulting ``.netrc``.
    """

    def __init__(self, key: ApiKey | None, origin: str) -> None:
        self._key = key
        self._origin = _split_origin(origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header, if the request goes to the key's own origin."""
        if self._key and _split_origin(request.url or "") == self._origin:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return request


def _split_origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port, so that two spellings of one origin are equal."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def read_retries(total: int = 2) -> Retry:
    """Return the retries of a read that nobody schedules: short, and honouring a modest ``Retry-After``."""
    options: dict[str, Any] = {}
    if "retry_after_max" in Retry.__init__.__code__.co_varnames:
        options["retry_after_max"] = 20
    else:  # an older urllib3 would wait for as long as it is told, be it a day
        options["respect_retry_after_header"] = False
    return Retry(
        total=total,
        redirect=0,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        backoff_factor=0.3,
        backoff_jitter=0.3,
        raise_on_status=False,
        **options,
    )


def new_session(
    host: str, *, retries: Retry | int = 0, pool_size: int = 8, reads_only: bool = False
) -> requests.Session:
    """Return a session without cookies; this machine's own services are not asked for through a proxy.

    Parameters
    ----------
    host : str
        Whom it is for.
    retries : Retry or int
        As `requests.adapters.HTTPAdapter` takes them.
    pool_size : int
        Connections that are kept.
    reads_only : bool
        Whether nothing is ever submitted through it.
    """
    session = requests.Session()
    session.headers["User-Agent"] = USER_AGENT
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    if is_loopback(host):
        session.trust_env = False
    adapter = WitnessAdapter(
        reads_only=reads_only, pool_maxsize=pool_size, pool_block=False, max_retries=retries
    )
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
