"""What the kernel and the process that opens files send each other: JSON, and bytes after it.

Nothing is pickled: an answer from a process that a hostile file has taken over must not run code here.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

_LENGTHS = struct.Struct(">II")
#: Longest JSON part of a message, in bytes.
MAX_HEAD = 64 << 10


class MessageError(Exception):
    """What came is not a message: cut short, too long, or no JSON object."""


def send(stream: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    """Write one message.

    Parameters
    ----------
    stream : binary file
        The pipe.
    head : dict
        What can be written as JSON.
    body : bytes
        Bytes that go with it.
    """
    text = json.dumps(head).encode()
    stream.write(_LENGTHS.pack(len(text), len(body)))
    stream.write(text)
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO, max_body: int) -> tuple[dict[str, Any], bytes]:
    """Read one message.

    Parameters
    ----------
    stream : binary file
        The pipe.
    max_body : int
        Most bytes after the JSON; no more than announced and allowed are ever read.

    Raises
    ------
    EOFError
        The other side has ended, and nothing more came.
    MessageError
        What came is not a message.
    """
    lengths = stream.read(_LENGTHS.size)
    if not lengths:
        raise EOFError
    if len(lengths) != _LENGTHS.size:
        raise MessageError("cut short")
    head_length, body_length = _LENGTHS.unpack(lengths)
    if head_length > MAX_HEAD or body_length > max_body:
        raise MessageError("too long")
    text, body = stream.read(head_length), stream.read(body_length)
    if len(text) != head_length or len(body) != body_length:
        raise MessageError("cut short")
    try:
        head = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError("no JSON") from None
    if not isinstance(head, dict):
        raise MessageError("no JSON object")
    return head, body
