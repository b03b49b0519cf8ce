"""Files that come inside a body, as Base64 data URIs, and addresses in their place."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ltxv_nb.models.roles import Media

#: First bytes of the image formats Pillow always opens.
_IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")

_WISHES: dict[Media, str] = {
    "image": "a Base64 data URI of an image",
    "video": "a Base64 data URI of a video",
    "audio": "a Base64 data URI of a sound",
}


def wish(media: Media, value: str) -> str:
    """Say what was expected in place of a file's address or data; ``""`` when it is good.

    Parameters
    ----------
    media : {"image", "video", "audio"}
        What it has to be.
    value : str
        What was received.
    """
    if value.startswith("data:"):
        good = decode_image(value) if media == "image" else _decode(value, media)
        return "" if good else _WISHES[media]
    try:
        parts = urlsplit(value)
    except ValueError:
        return "an http(s) URL or a data URI"
    is_address = parts.scheme in {"http", "https"} and parts.hostname
    return "" if is_address and value.isprintable() and " " not in value else "an http(s) URL or a data URI"


def decode_image(uri: str) -> bytes | None:
    """Return the bytes of an image in a Base64 data URI, ``None`` when it is no such thing."""
    decoded = _decode(uri, "image")
    return decoded if decoded is not None and decoded.startswith(_IMAGE_STARTS) else None


def _decode(uri: str, media: Media) -> bytes | None:
    head, comma, data = uri.partition(",")
    if not comma or not head.lower().startswith(f"data:{media}/") or not head.lower().endswith(";base64"):
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
