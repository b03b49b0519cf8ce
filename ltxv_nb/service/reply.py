"""What the service says, read with tolerance: the schema, the guides and the gateways differ."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ltxv_nb.credits import CREDITS_PER_USD, from_number
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Words for a video that is finished; one of the vendor's guides says "complete".
COMPLETED = frozenset({"completed", "complete"})
#: The word for a generation that ended badly.
ERROR = "error"

_STATUS_LIMIT = 40
#: Longest id of a generation, and longest address of a video, in characters; what is longer is no such thing.
_ID_LIMIT, _URL_LIMIT = 512, 16_384

_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """One HTTP answer.

    Attributes
    ----------
    status : int
        The HTTP status.
    reason : str
        The reason phrase; may be empty.
    headers : mapping
        The headers, under names of any case.
    content : bytes or None
        The whole body, decompressed; ``None`` when it broke off or is too large.
    """

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes | None

    def is_for(self, client_request_id: str) -> bool:
        """Whether it is the answer to the request of that name, as far as it says: the service echoes it."""
        echoed = (self.headers.get("X-Client-Request-Id") or "").strip()
        return not echoed or echoed == client_request_id


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
    credits : int or None
        What it says the generation cost, in credits; 2,000,000 are one US dollar.
    inference_id : str or None
        What the reply's headers call it, which is the id in the service's request log.
    """

    id: str | None
    status: str
    url: str | None = None
    error: str | None = None
    credits: int | None = None
    inference_id: str | None = None

    @property
    def completed(self) -> bool:
        """Whether the video is there to be fetched."""
        return self.status in COMPLETED and self.url is not None

    @property
    def failed(self) -> bool:
        """Whether the service has given up."""
        return self.status == ERROR


def read_generation(document: Any, scrub: Callable[[str], str] = str) -> Generation | None:
    """Read a reply of either endpoint; ``None`` when it is not one.

    Parameters
    ----------
    document : Any
        The reply's JSON.
    scrub : callable, optional
        Takes the key out of the service's words, before they are cut: half a key is not recognized. An answer
        whose id or address holds the key is none: they are written down and asked for.
    """
    if not isinstance(document, dict):
        return None
    identifier, status = document.get("id"), document.get("status")
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        identifier = str(identifier)
    video = document.get("video")
    identifier = plain_text(identifier, _ID_LIMIT)
    url = plain_text(video.get("url") if isinstance(video, dict) else None, _URL_LIMIT)
    if not (is_clean(identifier, scrub) and is_clean(url, scrub)):
        return None
    return Generation(
        id=identifier,
        status=one_line(scrub(status), _STATUS_LIMIT).lower() if isinstance(status, str) else "",
        url=url,
        error=_error_words(document.get("error"), scrub),
        credits=_credits(document),
    )


def uuid_of(generation_id: str) -> str | None:
    """Return the UUID of an id that is one, alone or before the model's name; ``None`` for any other id."""
    found = generation_id.partition(":")[0]
    return found if _UUID.fullmatch(found) else None


def same_generation(one: str, other: str | None) -> bool:
    """Whether two ids name one generation: the service spells them ``UUID`` and ``UUID:model``."""
    if other is None:
        return False
    uuid = uuid_of(one)
    bare = (one.partition(":")[0], other.partition(":")[0])
    return one == other or (bare[0] == bare[1] and (uuid is not None or bare[0] in {one, other}))


def plain_text(value: Any, limit: int) -> str | None:
    """Return a text of printable characters as it is, without white space around it; ``None`` for all else.

    Half a surrogate pair, which JSON can carry, could be written neither to the journal nor into an address.
    """
    text = value.strip() if isinstance(value, str) else ""
    return text if text and text.isprintable() and len(text) <= limit else None


def is_clean(text: str | None, scrub: Callable[[str], str]) -> bool:
    """Whether a text does not hold the key, in whatever form."""
    return text is None or scrub(text) == text


def number(value: Any) -> float | None:
    """Return a finite number of 0 or more; ``None`` for all else, which JSON's readers let through too."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and found >= 0 else None


def _error_words(error: Any, scrub: Callable[[str], str]) -> str | None:
    if isinstance(error, dict) and error:
        words = [str(error[key]) for key in ("name", "message") if error.get(key)]
        return one_line(scrub(": ".join(words) or str(error))) or None
    return one_line(scrub(str(error))) if error else None


def _credits(document: dict[str, Any]) -> int | None:
    meta = document.get("meta")
    usage = meta.get("usage") if isinstance(meta, dict) else None
    for name in ("credits_used", "tokens_used"):
        credits_used = number(usage.get(name)) if isinstance(usage, dict) else None
        if credits_used is not None:
            return from_number(credits_used)
    return None


def credits_from_headers(headers: Mapping[str, str]) -> int | None:
    """Return the cost in credits as the reply's headers tell it, if they do; they may round the dollars."""
    for name, each in (("x-aimlapi-credits-used", 1), ("x-aimlapi-usd-spent", CREDITS_PER_USD)):
        told = from_number(headers.get(name), each)
        if told is not None:
            return told
    return None


def parse_json(content: bytes) -> Any:
    """Return the JSON document, or ``None`` when it is not one (or not a whole one)."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def error_message(content: bytes, reason: str, scrub: Callable[[str], str] = str) -> tuple[str, str | None]:
    """Return the service's own words for a refusal, and its name for the request.

    Parameters
    ----------
    content : bytes
        The body: JSON by the schema, or whatever a gateway in between has written.
    reason : str
        The reason phrase, for a body without words.
    scrub : callable, optional
        Takes the key out of a text, before it is cut: half a key is not recognized.
    """
    document = parse_json(content)
    if isinstance(document, dict):
        found = next((document[key] for key in ("message", "error", "detail") if document.get(key)), reason)
        if isinstance(found, dict):
            found = found.get("message") or found.get("name") or found
        if isinstance(found, list):
            found = "; ".join(str(item) for item in found)
        request_id = document.get("requestId") or document.get("request_id")
        return one_line(scrub(str(found))) or reason, one_line(
            scrub(str(request_id)), 128
        ) if request_id else None
    text = scrub(content.decode("utf-8", "replace"))[:4096]
    if "<" in text:
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return one_line(title.group(1) if title else "") or reason, None
    return one_line(text) or reason, None
