"""What the answers of the video's host mean: the video, a fresh address, another try, or an end."""

from __future__ import annotations

import contextlib
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.address import AddressRefused, HostNotFound, split_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

#: Statuses by which file hosts say that a signed address is over (400 is S3's word for an expired token).
_EXPIRED = {400, 401, 403, 404, 410}
#: A host may ask us to wait this long at most, in seconds.
_LONGEST_WAIT = 60.0


class AddressExpired(DownloadError):
    """The file host no longer honours the address; the service is asked for a fresh one."""


class Broken(Exception):
    """One try failed; the next may not."""

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


@contextlib.contextmanager
def broken_in_words(url: str, timeout: tuple[float, float]) -> Iterator[None]:
    """Say in words what broke, without the address: its query may hold a signature."""
    import requests
    from urllib3.exceptions import HTTPError
    from urllib3.exceptions import TimeoutError as Timeout

    host = split_address(url).hostname
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise AddressRefused("The service named an address for the video that cannot be read.") from error
    except HostNotFound as error:
        raise Broken(f"its host {host} cannot be found") from error
    except (requests.exceptions.Timeout, Timeout) as error:
        raise Broken(f"{host} did not answer within {max(timeout):g} seconds") from error
    except requests.exceptions.SSLError as error:
        raise Broken(f"no secure connection to {host} could be made") from error
    except requests.exceptions.ProxyError as error:
        raise Broken("the proxy could not be reached") from error
    except HTTPError as error:
        raise Broken(f"the connection to {host} broke off midway") from error
    except (requests.RequestException, OSError) as error:
        raise Broken(f"the connection to {host} failed") from error


def check_status(response: requests.Response) -> None:
    """Return if the answer holds the video; raises what its status means otherwise."""
    from ltxv_nb.http_client import retry_after

    status = response.status_code
    if status in {200, 206}:
        return
    host = urlsplit(response.url).hostname
    if status in _EXPIRED:
        raise AddressExpired(
            f"{host} no longer gives the video out at this address (HTTP {status}). "
            "Resume to ask for a new one."
        )
    if status in {408, 425, 429} or status >= 500:
        asked = retry_after(response.headers, time.time())
        wait = None if asked is None else min(asked, _LONGEST_WAIT)
        raise Broken(f"{host} answered HTTP {status}", wait)
    raise DownloadError(f"{host} answered HTTP {status} instead of the video. Resume to try again.")


def content_range(headers: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Return the first byte of a partial answer, and the bytes of the whole."""
    match = re.fullmatch(r"bytes\s+(\d+)-\d+/(\d+|\*)", headers.get("Content-Range", "").strip())
    if not match:
        return None, None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def refuse_page(first: bytes, response: requests.Response) -> None:
    """Refuse a page or an error message that comes with a status of success."""
    if first[4:8] == b"ftyp":
        return
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    text = (
        kind.startswith("text/") or kind.endswith(("json", "xml")) or first.lstrip()[:1] in {b"<", b"{", b"["}
    )
    if text:
        words = re.sub(r"<[^<>]*>|[\W_]+", " ", first[:2000].decode("utf-8", "replace")).strip()
        host = urlsplit(response.url).hostname
        raise DownloadError(
            f"{host} answered with a page instead of the video ({words[:120]}). Resume to try again."
        )
