"""What the service's client and the downloads share of HTTP; the one module that relies on urllib3's insides.

Each of these holds in the oldest versions that the package accepts. ``tests/unit/test_http_client.py`` names
them, and fails where a new version does otherwise:

- requests asks `HTTPAdapter.get_connection_with_tls_context` for the pool of a request (made for subclasses);
- a pool makes its connections by calling its ``ConnectionCls`` (public);
- a connection is made by its ``connect()``, which assigns the open socket to ``sock`` before TLS and before
  any byte is sent; bytes are sent by its ``send()`` (`http.client`);
- a pool asks a kept connection's ``is_connected`` before it is used again;
- the seconds to wait for an answer are a connection's ``timeout`` when its ``getresponse()`` is called;
- a connection makes each answer, that of a proxy included, by calling its ``response_class`` with the socket;
- an answer reads the file that the socket's ``makefile()`` returns, and closes it when it has been read to
  its end; its ``begin()`` reads one head, and reads another if its ``headers`` are ``None`` again; a
  connection is not kept if its ``will_close`` is true by then (`http.client`).
"""

from __future__ import annotations

import functools
import http.client
import io
import math
import time
from dataclasses import dataclass
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Interim answers (1xx) that are skipped before the answer itself; whoever sends more speaks no HTTP.
MAX_INTERIM = 20

#: Seconds that sending a request may take, and bytes a second below which it takes too long beyond them: a
#: first frame of 10 MB is sent over the slowest lines.
SEND_SECONDS, SLOWEST_SEND = 30.0, 16 << 10


@dataclass
class _Exchange:
    """What a connection and the answer that is being read from it share.

    Attributes
    ----------
    seconds : float or None
        How long the answer, or each piece of it, may take.
    whole : bool
        Whether that is for the whole answer; else it is for the head and for each piece of the body.
    kept : bool
        Whether the connection may be used again.
    deadline : float
        When reading has to end, in monotonic seconds.
    surplus : bool
        Whether bytes came after an answer's end, or an answer was left unread.
    """

    whole: bool
    kept: bool
    seconds: float | None = None
    deadline: float = math.inf
    surplus: bool = False

    def restart(self, seconds: Any) -> None:
        """Begin to count the seconds."""
        self.seconds = float(seconds) if isinstance(seconds, (int, float)) else None
        self.deadline = math.inf if self.seconds is None else time.monotonic() + self.seconds


class BoundedConnection:
    """Mixin for connections: an answer is read by a deadline, however slowly its bytes come.

    A socket's timeout is for one read; a byte every few seconds would never end. Interim answers are skipped,
    and a connection on which anything came that was not asked for is not used again.
    """

    #: Whether the seconds to wait are for the whole answer; else for its head and each piece of its body.
    whole_answers = False
    #: Whether a connection may be used for more than one request.
    kept = True

    timeout: Any
    sock: Any
    _send_until = math.inf

    @functools.cached_property
    def _exchange(self) -> _Exchange:
        return _Exchange(self.whole_answers, self.kept)

    @property
    def response_class(self) -> Any:
        """What reads an answer."""
        return functools.partial(BoundedResponse, self._exchange)

    def connect(self) -> None:
        """Connect; a proxy's answer has to come in the same time."""
        self._exchange.surplus = False
        self._exchange.restart(self.timeout)
        super().connect()  # type: ignore[misc]
        self._send_until = time.monotonic() + SEND_SECONDS

    def putrequest(self, *args: Any, **options: Any) -> None:
        """Begin a request."""
        self._send_until = time.monotonic() + SEND_SECONDS
        super().putrequest(*args, **options)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        """Send bytes, which gives a little more time for the rest."""
        if isinstance(data, bytes) and self.sock is not None:
            self._send_until += len(data) / SLOWEST_SEND
            self.sock.settimeout(_seconds_until(self._send_until))
        super().send(data)  # type: ignore[misc]

    def getresponse(self) -> Any:
        """Return the answer, whose time begins to count."""
        self._exchange.restart(self.timeout)
        return super().getresponse()  # type: ignore[misc]

    @property
    def is_connected(self) -> bool:
        """Whether it can be used again: nothing has come on it that nobody asked for, readable or not."""
        if self._exchange.surplus or not self.kept:
            return False
        decrypted = getattr(self.sock, "pending", None)
        return not (decrypted and decrypted()) and bool(super().is_connected)  # type: ignore[misc]


class BoundedResponse(http.client.HTTPResponse):
    """An answer that is read by a deadline; the interim ones before it are skipped."""

    def __init__(self, exchange: _Exchange, sock: Any, *args: Any, **options: Any) -> None:
        self._exchange = exchange
        super().__init__(_Opened(exchange, sock), *args, **options)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Read the head of the answer.

        Raises
        ------
        http.client.HTTPException
            It is none, or too many interim answers come before it.
        """
        for _ in range(MAX_INTERIM + 1):
            super().begin()
            if not 100 <= self.status < 200 or self.status == http.client.SWITCHING_PROTOCOLS:
                break
            self.headers = self.msg = None  # type: ignore[assignment]
        else:
            raise http.client.HTTPException("too many interim answers")
        if not self._exchange.kept or self.status == http.client.SWITCHING_PROTOCOLS:
            self.will_close = True

    def read1(self, n: int = -1) -> bytes:
        """Return a piece of the body, as soon as one is there."""
        if not self._exchange.whole:
            self._exchange.restart(self._exchange.seconds)
        return super().read1(n)


@dataclass
class _Opened:
    """A socket as an answer sees it: something that a file can be made of."""

    exchange: _Exchange
    sock: Any

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _BufferedUntil(_ReadUntil(self.exchange, self.sock))


class _ReadUntil(io.RawIOBase):
    """Reads a socket until a deadline."""

    def __init__(self, exchange: _Exchange, sock: Any) -> None:
        self._exchange, self._sock = exchange, sock
        self._file = sock.makefile("rb", buffering=0)  # which keeps the socket open when its owner closes it
        self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.over:
            return None
        self._sock.settimeout(_seconds_until(self._exchange.deadline))
        read: int | None = self._file.readinto(buffer)
        return read

    def close(self) -> None:
        self._file.close()
        super().close()


class _BufferedUntil(io.BufferedReader):
    """A buffer over `_ReadUntil`; notes when it is closed if something in it was not read."""

    raw: _ReadUntil

    def close(self) -> None:
        if not self.closed:
            self.raw.over = True
            if self.peek(1):
                self.raw._exchange.surplus = True  # noqa: SLF001 - both are parts of one reader
        super().close()


def _seconds_until(deadline: float) -> float | None:
    """Return what is left for a socket to wait; ``None`` for ever.

    Raises
    ------
    TimeoutError
        Nothing is left.
    """
    if deadline == math.inf:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


class ConnectionAdapter(HTTPAdapter):
    """A requests adapter whose connections are bounded, and have a class of ours mixed in.

    Parameters
    ----------
    mixin : type, optional
        Comes before urllib3's class of connection.
    through_proxies : bool
        Whether connections to a proxy have it too.
    **options
        Those of `requests.adapters.HTTPAdapter`.
    """

    def __init__(
        self, mixin: type = BoundedConnection, *, through_proxies: bool = True, **options: Any
    ) -> None:
        self._mixin, self._through_proxies = mixin, through_proxies
        super().__init__(**options)

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of a request, which makes its connections with the class mixed in."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
        pool.ConnectionCls = _mixed(BoundedConnection, pool.ConnectionCls)
        if self._through_proxies or not select_proxy(request.url, proxies):
            pool.ConnectionCls = _mixed(self._mixin, pool.ConnectionCls)
        return pool


@functools.cache
def _mixed(mixin: type, connection: Any) -> Any:
    """Return a class of connection with the mixin in front; one that has it stays as it is."""
    if issubclass(connection, mixin):
        return connection
    return type(f"{mixin.__name__.lstrip('_')}{connection.__name__}", (mixin, connection), {})


def causes(error: BaseException) -> Iterator[BaseException]:
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


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds a reply asks to wait, whether it says so in seconds or as a date.

    Parameters
    ----------
    headers : mapping
        The reply's headers; a date is compared with the reply's own ``Date``, where it has one.
    now : float
        Unix time in seconds, for a reply without.
    """
    value = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(value)
    except ValueError:
        until = http_date(value)
        if until is None:
            return None
        sent = http_date(headers.get("Date") or "")
        seconds = until - (now if sent is None else sent)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def http_date(value: str) -> float | None:
    """Return the unix time of an HTTP date, in seconds; without a zone it is GMT, as HTTP dates are."""
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
