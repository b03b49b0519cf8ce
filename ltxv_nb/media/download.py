"""Downloading a finished video: continued after breaks, and never half under its final name."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from ltxv_nb._version import __version__
from ltxv_nb.errors import DownloadError
from ltxv_nb.media.address import check_address, guard, means_this_machine
from ltxv_nb.media.host_reply import Broken, broken_in_words, check_status, content_range, refuse_page
from ltxv_nb.media.part import Part, Whole, in_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import requests

_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 5
_BLOCK = 256 << 10  # bytes
#: A connection that brings less than `_CRAWL_BYTES` in `_CRAWL_SECONDS` is as good as broken.
_CRAWL_SECONDS, _CRAWL_BYTES = 60.0, 64 << 10
#: A try that brought this much more than any before it, in bytes, was not in vain: counting starts anew.
_HEADWAY = 1 << 20

_HEADERS = {
    "User-Agent": f"ltxv-nb/{__version__}",
    "Accept": "video/mp4, video/*;q=0.9, */*;q=0.5",
    # Lengths and ranges are those of the file itself only when nothing compresses it on the way.
    "Accept-Encoding": "identity",
}


class Stopped(Exception):
    """The download was asked to stop; the part stays, and the next download continues it."""


def download(
    url: str,
    part: Path,
    *,
    api_is_public: bool,
    session_factory: Callable[[], requests.Session] | None = None,
    max_bytes: int = 4 << 30,
    timeout: tuple[float, float] = (10, 30),
    tries: int = 4,
    sleep: Callable[[float], object] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    resolve: Callable[..., Any] = socket.getaddrinfo,
    should_stop: Callable[[], bool] | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> None:
    """Fetch a video into a part file, continuing the part that is there.

    No key and no password is ever sent along, ``.netrc`` is not read, and each redirect is checked like the
    address itself.

    Parameters
    ----------
    url : str
        Where the service says the video is.
    part : pathlib.Path
        Where the bytes go; ``<part>.json`` beside it keeps what is needed to continue.
    api_is_public : bool
        Whether the service is on the open internet; see `check_address`.
    session_factory : callable, optional
        Makes the session, which is used as it comes. By default one that also looks at the number at the
        other end of each connection, see `ltxv_nb.media.address.guard`.
    max_bytes : int
        Longest video that is accepted, in bytes.
    timeout : tuple of float
        Seconds to wait for a connection, and for the next bytes.
    tries : int
        Tries in a row that may fail without headway.
    sleep, clock : callable
        Wait some seconds; tell seconds.
    resolve : callable
        Looks host names up, as `socket.getaddrinfo`.
    should_stop : callable, optional
        Asked between blocks and while waiting.
    progress : callable, optional
        Told the bytes that are there and the bytes of the whole (``None``: unknown) after every block.

    Raises
    ------
    AddressExpired
        The host answered 400, 401, 403, 404 or 410: ask the service for a fresh address.
    AddressRefused
        The address, or one it redirects to, is not fetched from.
    DiskFull
        The disk has no space for it.
    DownloadError
        It is too large, not a video but a page, or kept breaking off.
    Stopped
        ``should_stop`` said so.
    """
    control = _Control(should_stop or (lambda: False), progress or (lambda _done, _total: None), sleep, clock)
    with contextlib.closing(session_factory() if session_factory else _new_session(api_is_public)) as session:
        fetch = _Fetch(session, Part(part), api_is_public, max_bytes, timeout, resolve, control)
        _persist(fetch, url, tries)


def _persist(fetch: _Fetch, url: str, tries: int) -> None:
    """Try until the file is there, or until too many tries in a row brought nothing."""
    failures, best = 0, fetch.part.size()
    while True:
        try:
            return fetch.attempt(url)
        except Broken as error:
            size = fetch.part.size()
            failures = 1 if size >= best + _HEADWAY else failures + 1
            best = max(best, size)
            if failures >= tries:
                raise DownloadError(
                    f"The video could not be downloaded: {error} (tried {failures} times). "
                    "Resume to try again."
                ) from error
            fetch.control.pause(error.retry_after if error.retry_after is not None else 2.0 ** (failures - 1))


def _new_session(api_is_public: bool) -> requests.Session:
    import requests

    from ltxv_nb.http_client import ConnectionAdapter

    session = requests.Session()
    if api_is_public:
        guard(session)
    else:
        for scheme in ("http://", "https://"):
            session.mount(scheme, ConnectionAdapter())
    return session


@dataclass
class _Control:
    """What the caller handed in to follow and steer a download."""

    should_stop: Callable[[], bool]
    progress: Callable[[int, int | None], object]
    sleep: Callable[[float], object]
    clock: Callable[[], float]

    def check(self) -> None:
        if self.should_stop():
            raise Stopped

    def pause(self, seconds: float) -> None:
        while seconds > 0:
            self.check()
            step = min(seconds, 0.5)
            self.sleep(step)
            seconds -= step
        self.check()


@dataclass
class _Fetch:
    """One download: everything that stays the same from try to try."""

    session: requests.Session
    part: Part
    api_is_public: bool
    max_bytes: int
    timeout: tuple[float, float]
    resolve: Callable[..., Any]
    control: _Control

    def attempt(self, url: str) -> None:
        """Ask for what is missing, once."""
        self.control.check()
        have, whole = self.part.size(), self.part.whole()
        if have and have == whole.total:
            return  # An earlier run got all of it, and was ended before it could give it its name.
        have = have if whole.validator and have < (whole.total or self.max_bytes) else 0
        ask = {"Range": f"bytes={have}-", "If-Range": whole.validator} if have else {}
        with broken_in_words(url, self.timeout), self._open(url, ask) as response:
            if response.status_code == 416:
                self.part.remove()
                raise Broken("its host has fewer bytes than are here already")
            check_status(response)
            have, whole = self._position(response, have, whole)
            self._receive(response, have, whole)

    def _open(self, url: str, ask: Mapping[str, str | None]) -> requests.Response:
        """Send the request, following redirects by hand."""
        for _hop in range(_MAX_REDIRECTS + 1):
            host = urlsplit(url).hostname or ""
            # A proxy has another idea of "this machine".
            self.session.trust_env = not means_this_machine(host)
            resolve = None if _uses_proxy(self.session, url) else self.resolve
            check_address(url, api_is_public=self.api_is_public, resolve=resolve)
            response = self.session.get(
                url,
                headers={**_HEADERS, **ask},
                timeout=self.timeout,
                stream=True,
                allow_redirects=False,
                auth=_no_auth,
            )
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            if "Location" not in response.headers:
                raise DownloadError(f"The video's host {host} redirects to nowhere. Resume to try again.")
            url = urljoin(url, response.headers["Location"])
        raise DownloadError(
            f"The video's address redirects more than {_MAX_REDIRECTS} times. Resume to try again."
        )

    def _position(self, response: requests.Response, have: int, whole: Whole) -> tuple[int, Whole]:
        """Tell where the answer's bytes belong: from which byte on, and in which file."""
        headers = response.headers
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise DownloadError(
                f"The video's host compresses it ({headers['Content-Encoding']}), which was not asked for."
            )
        if response.status_code == 200:
            length = headers.get("Content-Length", "")
            have, whole = 0, Whole.of(headers, int(length) if length.isdecimal() else None)
        else:
            start, total = content_range(headers)
            now = Whole.of(headers, total)
            # Only the same validator says that these bytes are of the file that is here.
            same = (
                now.validator == whole.validator is not None and total == (whole.total or total) is not None
            )
            if not have or start != have or not same:
                self.part.remove()
                raise Broken("its host continued another file")
            whole = now
        if (whole.total or 0) > self.max_bytes:
            raise self._too_large()
        self.part.check_space((whole.total or have) - have)
        return have, whole

    def _receive(self, response: requests.Response, have: int, whole: Whole) -> None:
        """Write the answer's bytes to the part."""
        blocks = self._blocks(response)
        if not have:
            first = _first_block(blocks)
            refuse_page(first, response)
            self.part.start(whole)
            blocks = _chain(first, blocks)
        with self.part.appender() as append:
            for block in blocks:
                append(block)
                have += len(block)
                if have > self.max_bytes:
                    break
                self.control.progress(have, whole.total)
        if have > self.max_bytes:
            self.part.remove()
            raise self._too_large()
        if whole.total is not None and have > whole.total:
            self.part.remove()
            raise Broken("its host sent more bytes than the video has")
        if whole.total is not None and have < whole.total:
            raise Broken(
                f"the connection broke off after {in_megabytes(have)} of {in_megabytes(whole.total)}"
            )
        if response.headers.get("Transfer-Encoding", "").lower() == "chunked":  # its end was marked
            self.part.note(Whole(whole.validator, have))

    def _blocks(self, response: requests.Response) -> Iterator[bytes]:
        """Yield bytes as they come, as long as they come at a tolerable pace."""
        since, came = self.control.clock(), 0
        while block := response.raw.read1(_BLOCK, decode_content=False):
            self.control.check()
            came += len(block)
            if self.control.clock() - since > _CRAWL_SECONDS:
                if came < _CRAWL_BYTES:
                    raise Broken("it comes too slowly")
                since, came = self.control.clock(), 0
            yield block

    def _too_large(self) -> DownloadError:
        return DownloadError(
            f"The video is larger than {in_megabytes(self.max_bytes)}, the most that is fetched. "
            "Fetch it by hand from its address."
        )


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing; without it, requests would look into ``.netrc``."""
    return request


def _uses_proxy(session: requests.Session, url: str) -> bool:
    from requests.utils import get_environ_proxies, select_proxy

    known = get_environ_proxies(url) if session.trust_env else {}
    return bool(select_proxy(url, {**known, **session.proxies}))


def _first_block(blocks: Iterator[bytes]) -> bytes:
    """Return enough of the beginning to tell a video from a page."""
    first = b""
    while len(first) < 512 and (block := next(blocks, b"")):
        first += block
    if not first:
        raise Broken("its host sent an empty file")
    return first


def _chain(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks
