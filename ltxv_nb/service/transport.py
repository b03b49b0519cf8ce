"""HTTP below the endpoints: sessions that know what they may have sent, and to whom the key may be shown."""

from __future__ import annotations

import threading
import time
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.retry import Retry

from ltxv_nb._version import __version__
from ltxv_nb.http_client import BoundedConnection, ConnectionAdapter, causes
from ltxv_nb.service.bearer import KeyedConnection
from ltxv_nb.settings import is_loopback

USER_AGENT = f"ltxv-nb/{__version__} python-requests/{requests.__version__}"

#: Seconds to make a connection, to wait for a read's answer, and for a submission's.
CONNECT_TIMEOUT, READ_TIMEOUT, SUBMIT_TIMEOUT = 10.0, 30.0, 60.0

#: A kept connection that has been idle longer than this (seconds) is not used again. A poll every few
#: seconds then needs no handshake of its own; common servers and routers keep a connection for a minute.
MAX_IDLE = 50.0

#: Bytes handed to the socket at once; a timeout then applies to each slice and not to a whole image.
SLICE = 64 * 1024

#: Seconds that a ``Retry-After`` may hold up a read, at most.
LONGEST_RETRY_AFTER = 20

#: What requests raises while it still puts a request together.
_NEVER_BEGUN = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidJSONError,
    requests.exceptions.InvalidProxyURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)


class _Progress(threading.local):
    """How far this thread's request has come."""

    begun = False  # a pool was chosen for it
    connecting = False  # a connection is being made, or could not be made
    exposed = False  # a connection exists, so that a byte may have left


_progress = _Progress()


class _Witness(KeyedConnection, BoundedConnection):
    """Mixin for connections: notes per thread from when on a byte of the request may have left this machine.

    That is as soon as there is a connection, whoever writes to it and however. So only a failure of
    `connect` itself (name, connection, TLS, proxy) can prove that nothing was sent.

    A connection is used for one request, and then closed: no other answer can be on it, and the far side
    cannot be about to close it, which would leave a paid request in doubt.
    """

    whole_answers = True
    kept = False
    _last_used = 0.0

    def connect(self) -> None:
        _progress.connecting = True
        super().connect()
        _progress.exposed = True

    def send(self, data: Any) -> None:
        self._last_used = time.monotonic()
        if not isinstance(data, bytes):
            super().send(data)
            return
        for start in range(0, len(data), SLICE):
            super().send(data[start : start + SLICE])

    @property
    def is_connected(self) -> bool:
        fresh = time.monotonic() - self._last_used < MAX_IDLE
        usable = fresh and super().is_connected
        _progress.exposed = _progress.exposed or usable  # the pool asks in order to use it
        return usable


class _ReadWitness(_Witness):
    """The same for reads, which cost nothing to ask again: their connections are kept."""

    kept = True


class WitnessAdapter(ConnectionAdapter):
    """A requests adapter whose connections note whether the request may have left; it never sends one twice.

    Parameters
    ----------
    reads_only : bool
        Whether only reads go through it: only then are connections kept.
    **options
        Those of `requests.adapters.HTTPAdapter`.
    """

    def __init__(self, *, reads_only: bool = False, **options: Any) -> None:
        super().__init__(_ReadWitness if reads_only else _Witness, **options)

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """Return the pool of a request; from here on it counts as sent unless a connection fails."""
        pool = super().get_connection_with_tls_context(*args, **options)
        _progress.begun = True
        return pool


def forget_progress() -> None:
    """Start a fresh note for this thread's next request."""
    _progress.begun = _progress.connecting = _progress.exposed = False


def never_sent(error: BaseException) -> bool:
    """Whether it is certain that no byte of this thread's last request left the machine.

    Parameters
    ----------
    error : BaseException
        What the request ended with.

    Returns
    -------
    bool
        True when no connection existed yet (a name, connect, TLS or proxy failure), and none that was kept
        was used. False in every doubt.
    """
    if _progress.begun:
        return _progress.connecting and not _progress.exposed
    return isinstance(error, _NEVER_BEGUN) or any(
        isinstance(cause, (NewConnectionError, ConnectTimeoutError)) for cause in causes(error)
    )


def read_retries(total: int = 2) -> Retry:
    """Return the retries of a read that no schedule repeats: few, and soon."""
    return Retry(
        total=total,
        redirect=0,
        status_forcelist=(429, 500, 502, 503, 504),
        allowed_methods=("GET",),
        backoff_factor=0.3,
        backoff_jitter=0.3,
        raise_on_status=False,
        retry_after_max=LONGEST_RETRY_AFTER,
    )


def new_session(
    host: str, *, retries: Retry | int = 0, pool_size: int = 8, reads_only: bool = False
) -> requests.Session:
    """Return a session without cookies; this machine's own services are not asked for through a proxy.

    Parameters
    ----------
    host : str
        Name or address of the service.
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
