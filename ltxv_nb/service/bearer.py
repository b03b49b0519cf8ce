"""How the key gets into the one header it belongs in: at the last moment, where nobody keeps a reference.

A request that fails is kept by its exception, and the variables of every function on the way can be shown in
a notebook. So a request only carries a stand-in that names the key; the connection puts the key itself into
the bytes as it sends them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

if TYPE_CHECKING:
    from typing_extensions import Self

    from ltxv_nb.key import ApiKey

_MASK = "[key]"


class BearerAuth(requests.auth.AuthBase):
    """Gives requests to the one origin the header that the key belongs in, with a stand-in for the key.

    Being an explicit ``auth`` it also keeps requests from consulting ``.netrc``.

    Parameters
    ----------
    key : ApiKey or None
        The key; without one there is no header.
    origin : str
        Where it may go.
    """

    def __init__(self, key: ApiKey | None, origin: str) -> None:
        self._key = key
        self._origin = split_origin(origin)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header, if the request goes to the key's own origin."""
        if self._key and split_origin(request.url or "") == self._origin:
            request.headers["Authorization"] = Bearer(self._key, self._origin)
        return request


class Bearer(str):
    """The value of the header, without the key in its text; only a `KeyedConnection` fills it in.

    Attributes
    ----------
    key : ApiKey
        What belongs there.
    origin : tuple
        Scheme, host and port to which it may be sent.
    """

    __slots__ = ("key", "origin")

    key: ApiKey
    origin: tuple[str, str, int | None]

    def __new__(cls, key: ApiKey, origin: tuple[str, str, int | None]) -> Self:
        """Make the text ``Bearer [key]``."""
        made = super().__new__(cls, f"Bearer {_MASK}")
        made.key, made.origin = key, origin
        return made


class _Secret(bytes):
    """The head of a request with the key in it, which neither a traceback nor ``debuglevel`` shows."""

    shown: bytes

    def __repr__(self) -> str:
        return repr(self.shown)


class KeyedConnection:
    """Mixin for connections: puts the key into the head of a request as it is sent, to its origin alone."""

    _bearer: Bearer | None = None  # of the request that is being put together
    _due: Bearer | None = None  # of the request whose head is sent next

    def putrequest(self, *args: Any, **options: Any) -> None:
        """Begin a request, as yet without a key."""
        self._bearer = None
        super().putrequest(*args, **options)  # type: ignore[misc]

    def putheader(self, header: str, *values: Any) -> None:
        """Add a header; the stand-in is kept for `endheaders`, if the request goes where the key may go."""
        if not any(isinstance(value, Bearer) for value in values):
            super().putheader(header, *values)  # type: ignore[misc]
        elif values[0].origin == self._origin():
            self._bearer = values[0]

    def endheaders(self, *args: Any, **options: Any) -> None:
        """Send the head, with the key."""
        self._due, self._bearer = self._bearer, None
        try:
            super().endheaders(*args, **options)  # type: ignore[misc]
        finally:
            self._due = None

    def send(self, data: Any) -> None:
        """Send bytes; into the head of a request the key is put here."""
        # The head comes first. Making the connection comes within its sending, and finds nothing due.
        due, self._due = self._due, None
        if due is not None:
            data = _with_key(data, due)
        super().send(data)  # type: ignore[misc]

    def _origin(self) -> tuple[str, str, int | None]:
        """Return where the request goes: behind a tunnel the far end of it."""
        this: Any = self
        scheme = {443: "https", 80: "http"}.get(this.default_port, "")
        if far := this._tunnel_host:  # noqa: SLF001 - a mixin of that very class
            return scheme, _plain_host(far), this._tunnel_port or this.default_port  # noqa: SLF001
        return scheme, _plain_host(this.host), this.port or this.default_port


def _with_key(head: bytes, bearer: Bearer) -> _Secret:
    """Return the head of a request with the header at its end."""
    start = head.removesuffix(b"\r\n")
    secret = _Secret(start + b"Authorization: Bearer " + bearer.key.reveal().encode("ascii") + b"\r\n\r\n")
    secret.shown = start + f"Authorization: {bearer}\r\n\r\n".encode("ascii")
    return secret


def split_origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port, so that two spellings of one origin are equal."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, _plain_host(parts.hostname or ""), port


def _plain_host(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
