"""What the service says, read with tolerance: the schema, the guides and the gateways differ."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

#: Words for a video that is finished; one of the vendor's guides says "complete".
COMPLETED = frozenset({"completed", "complete"})
#: The word for a generation that ended badly.
ERROR = "error"
#: Credits in one US dollar, from the vendor's billing guide.
CREDITS_PER_USD = 2_000_000

_MESSAGE_LIMIT = 600


@dataclass(frozen=True)
class Generation:
    """What one reply says of one generation.

    Attributes
    ----------
    id : str or None
        The service's id; may hold a colon and a slash.
    status : str
        The service's word, in lower case.
    url : str or None
        Where the finished video can be had.
    error : str or None
        The service's words for what went wrong.
    usd : float or None
        What it says the generation cost, in USD.
    """

    id: str | None
    status: str
    url: str | None = None
    error: str | None = None
    usd: float | None = None

    @property
    def completed(self) -> bool:
        """Whether the video is there to be fetched."""
        return self.status in COMPLETED and self.url is not None

    @property
    def failed(self) -> bool:
        """Whether the service has given up."""
        return self.status == ERROR


def read_generation(document: Any) -> Generation | None:
    """Read a reply of either endpoint; ``None`` when it is not one."""
    if not isinstance(document, dict):
        return None
    identifier, status = document.get("id"), document.get("status")
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    video = document.get("video")
    url = video.get("url") if isinstance(video, dict) else None
    return Generation(
        id=identifier.strip() if isinstance(identifier, str) and identifier.strip() else None,
        status=status.strip().lower() if isinstance(status, str) else "",
        url=url.strip() if isinstance(url, str) and url.strip() else None,
        error=_error_words(document.get("error")),
        usd=_usd(document),
    )


def _error_words(error: Any) -> str | None:
    if isinstance(error, dict):
        words = [str(error[key]) for key in ("name", "message") if error.get(key)]
        return shorten(": ".join(words)) or None
    return shorten(str(error)) if error else None


def _usd(document: dict[str, Any]) -> float | None:
    meta = document.get("meta")
    usage = meta.get("usage") if isinstance(meta, dict) else None
    for name in ("credits_used", "tokens_used"):
        credits_used = usage.get(name) if isinstance(usage, dict) else None
        if isinstance(credits_used, (int, float)) and not isinstance(credits_used, bool):
            return credits_used / CREDITS_PER_USD
    return None


def usd_from_headers(headers: Any) -> float | None:
    """Return the cost in USD as the reply's headers tell it, if they do."""
    for name, per_usd in (("x-aimlapi-usd-spent", 1), ("x-aimlapi-credits-used", CREDITS_PER_USD)):
        try:
            return float(headers[name]) / per_usd
        except (KeyError, ValueError):
            continue
    return None


def parse_json(content: bytes) -> Any:
    """Return the JSON document, or ``None`` when it is not one (or not a whole one)."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def error_message(content: bytes, reason: str) -> tuple[str, str | None]:
    """Return the service's own words for a refusal, and its name for the request.

    Parameters
    ----------
    content : bytes
        The body: JSON by the schema, or whatever a gateway in between has written.
    reason : str
        The reason phrase, for a body without words.
    """
    document = parse_json(content)
    if isinstance(document, dict):
        found = next((document[key] for key in ("message", "error", "detail") if document.get(key)), reason)
        if isinstance(found, dict):
            found = found.get("message") or found.get("name") or found
        if isinstance(found, list):
            found = "; ".join(str(item) for item in found)
        request_id = document.get("requestId") or document.get("request_id")
        return shorten(str(found)), str(request_id)[:128] if request_id else None
    text = content[:4096].decode("utf-8", "replace")
    if "<" in text:
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return shorten(title.group(1) if title else reason), None
    return shorten(text) or reason, None


def shorten(text: str, limit: int = _MESSAGE_LIMIT) -> str:
    """Return a text as one printable line of bounded length."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def retry_after(headers: Any, now: float) -> float | None:
    """Return the seconds a reply asks to wait, whether it says so in seconds or as a date.

    Parameters
    ----------
    headers : mapping
        The reply's headers.
    now : float
        Unix time in seconds.
    """
    value = headers.get("Retry-After")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
