"""Which addresses a video may be fetched from.

The address comes from the service's answer. A public service could name an address inside this machine or its
network, to make us fetch and show what is private there. Such an address is refused, by name before the
connection is made and by number once it is open.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from ltxv_nb.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: Not for the open internet by the IANA registries, but unknown as such to the `ipaddress` of some Pythons.
_SPECIAL = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24", "192.88.99.0/24", "100.64.0.0/10", "198.18.0.0/15", "240.0.0.0/4",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
]  # fmt: skip
#: A part of an IPv4 number: decimal, octal or hexadecimal.
_PART = re.compile(r"0x[0-9a-f]*|[0-9]+")


class AddressRefused(DownloadError):
    """The video's address is not one we fetch from; asking the same address again does not help."""


class HostNotFound(DownloadError):
    """The name of the video's host could not be looked up just now."""


def check_address(
    url: str, *, api_is_public: bool, resolve: Callable[..., Any] | None = socket.getaddrinfo
) -> None:
    """Check that a video may be fetched from an address.

    Parameters
    ----------
    url : str
        The address, from the service or from a redirect.
    api_is_public : bool
        Whether the service that named it is on the open internet. Then every number the host name stands for
        must be on the open internet too. A service on this machine may name any host.
    resolve : callable or None
        Looks names up, as `socket.getaddrinfo`. ``None`` leaves names alone: a proxy will look them up, and
        where it goes then is its own matter. Numbers are checked in every spelling all the same.

    Raises
    ------
    AddressRefused
        It is not http or https, has no host, carries a user name, or leads inside this machine or network.
    HostNotFound
        The host name cannot be looked up.
    """
    parts = split_address(url)
    host = parts.hostname or ""
    if not api_is_public:
        return
    literal = host_number(host)
    if literal is not None:
        numbers = [literal]
    elif means_this_machine(host):
        raise _inside(host)
    elif resolve is None:
        return
    else:
        numbers = _look_up(host, parts.port or (443 if parts.scheme == "https" else 80), resolve)
    if not numbers or not all(map(is_global, numbers)):
        raise _inside(host)


def split_address(url: str) -> SplitResult:
    """Take an http(s) address apart.

    Raises
    ------
    AddressRefused
        It is not an http(s) address with a host and without a user name.
    """
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise _unreadable() from None
    if parts.scheme not in {"http", "https"}:
        raise AddressRefused(
            f"The video's address is {parts.scheme or 'no'}://, but only http and https are fetched."
        )
    # A backslash or a control character is read differently by different libraries.
    # So is a percent sign in a host, but for the zone of an IPv6 number.
    escaped = "%" in (parts.hostname or "") and ":" not in (parts.hostname or "")
    if not usable or escaped or re.search(r"[\s\\\x00-\x1f\x7f]", url):
        raise _unreadable()
    if "@" in parts.netloc:
        raise AddressRefused("The video's address carries a user name or password, which is not followed.")
    return parts


def means_this_machine(host: str) -> bool:
    """Whether a host name or number, as written, stands for this machine.

    It is wider than `ltxv_nb.settings.is_loopback`: that one trusts, this one suspects.
    """
    try:
        number = host_number(host)
        name = _as_sent(host)
    except AddressRefused:
        return True
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        number = number.ipv4_mapped
    if number is not None:
        return number.is_loopback or number.is_unspecified
    return name == "localhost" or name.endswith(".localhost")


def host_number(host: str) -> IPAddress | None:
    """Return the number that a host stands for in any of its spellings; ``None`` for a name.

    The system's own functions, and so proxies, take more than the four decimal numbers of RFC 3986: fewer of
    them, octal and hexadecimal ones (POSIX, ``inet_addr``), and the digits of other scripts (UTS 46).

    Parameters
    ----------
    host : str
        As it stands in an address, without brackets.

    Raises
    ------
    AddressRefused
        It ends in a number, so that it is no name, but is no number that can be read.
    """
    written = _as_sent(host)
    number = _as_number(written)
    if number is not None or ":" in written:
        return number
    parts = written.split(".")
    # A name whose last part is a number is taken for a number by browsers and others (WHATWG URL, 3.5).
    if not _PART.fullmatch(parts[-1]):
        return None
    try:
        values = [_part(part) for part in parts]
    except ValueError:
        raise _unreadable() from None
    *firsts, last = values
    if len(values) > 4 or any(value > 255 for value in firsts) or last >= 256 ** (5 - len(values)):
        raise _unreadable()
    return ipaddress.IPv4Address(last + sum(value << (24 - 8 * at) for at, value in enumerate(firsts)))


def _part(text: str) -> int:
    """Return the value of one part of a number, as C would read it."""
    if not _PART.fullmatch(text):
        raise ValueError
    if text[:2] == "0x":
        return int(text[2:] or "0", 16)
    return int(text, 8 if text[0] == "0" else 10)


def _as_sent(host: str) -> str:
    """Return a host as it goes onto the wire: in ASCII and lower case, without dots at its end."""
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise _unreadable() from None
    return host.lower().rstrip(".")


def is_global(number: IPAddress) -> bool:
    """Whether a number belongs to one host on the open internet."""
    if isinstance(number, ipaddress.IPv6Address):
        if number in _NAT64:
            return is_global(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF))
        if number.ipv4_mapped is not None:
            return is_global(number.ipv4_mapped)
        if number not in _IPV6_UNICAST:
            return False
    special = any(number in network for network in _SPECIAL if network.version == number.version)
    return number.is_global and not number.is_multicast and not special


def _as_number(text: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _look_up(host: str, port: int, resolve: Callable[..., Any]) -> list[IPAddress]:
    try:
        answers = resolve(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostNotFound(
            f"The video's host {host} cannot be found. Check the connection, then resume."
        ) from error
    numbers = (_as_number(str(answer[4][0])) for answer in answers)
    return [number for number in numbers if number is not None]


def _unreadable() -> AddressRefused:
    return AddressRefused("The service named an address for the video that cannot be read.")


def _inside(host: str) -> AddressRefused:
    return AddressRefused(
        f"The video's address leads to {host}, inside this machine or its network, and is not followed."
    )


def guard(session: requests.Session) -> None:
    """Make a session refuse connections that end inside this machine or its network.

    A name can be looked up to one number when it is checked and to another when it is connected to; so the
    number at the other end of each connection is checked as soon as it is open, before TLS and before
    anything is sent. Connections to a proxy are not checked: the proxy looks the name up, and the user chose
    where it is.

    Parameters
    ----------
    session : requests.Session
        Its adapters are replaced.
    """
    from ltxv_nb.http_client import ConnectionAdapter

    for scheme in ("http://", "https://"):
        session.mount(scheme, ConnectionAdapter(_Guarded, through_proxies=False))


class _Guarded:
    """Mixin for connections: whichever socket a connection is given leads to the open internet."""

    host: str
    _socket: Any = None

    @property
    def sock(self) -> Any:
        return self._socket

    @sock.setter
    def sock(self, opened: Any) -> None:
        if opened is not None:
            try:
                number = _as_number(str(opened.getpeername()[0]))
            except OSError:  # it was reset at once
                opened.close()
                raise
            if number is None or not is_global(number):
                opened.close()
                raise _inside(self.host)
        self._socket = opened
