"""What the service's client and the downloads share of HTTP; the one module that relies on urllib3's insides.

Each of these holds in the oldest versions that the package accepts. ``tests/unit/test_http_client.py`` names
them, and fails where a new version does otherwise:

- requests asks `HTTPAdapter.get_connection_with_tls_context` for the pool of a request (made for subclasses);
- a pool makes its connections by calling its ``ConnectionCls`` (public);
- a connection is made by its ``connect()``, which assigns the open socket to ``sock`` before TLS and before
  any byte is sent; bytes are sent by its ``send()`` (`http.client`);
- a pool asks a kept connection's ``is_connected`` before it is used again.
"""

from __future__ import annotations

import functools
import math
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.utils import select_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ConnectionAdapter(HTTPAdapter):
    """A requests adapter whose connections have a class of ours mixed in.

    Parameters
    ----------
    mixin : type
        Comes before urllib3's class of connection.
    through_proxies : bool
        Whether connections to a proxy have it too.
    **options
        Those of `requests.adapters.HTTPAdapter`.
    """

    def __init__(self, mixin: type, *, through_proxies: bool = True, **options: Any) -> None:
        self._mixin, self._through_proxies = mixin, through_proxies
        super().__init__(**options)

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of a request, which makes its connections with the class mixed in."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
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
        until = _moment(value)
        if until is None:
            return None
        sent = _moment(headers.get("Date") or "")
        seconds = until - (now if sent is None else sent)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _moment(value: str) -> float | None:
    """Return the unix time of an HTTP date, in seconds; without a zone it is GMT, as HTTP dates are."""
    try:
        at = parsedate_to_datetime(value)
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
