"""What the service would say to a request body: the checks, in the words of a 400."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ltxv_nb.models import Parameter, builtin_models, default_model, model_choice
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from ltxv_nb.models.parameter import Type

#: Largest body in bytes; first frames come inside it.
MAX_BODY = 32 * 1024 * 1024

_PYTHON_TYPES: dict[Type, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}

#: First bytes of the image formats Pillow always opens.
_IMAGE_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")


class Refused(Exception):
    """The request is refused.

    Attributes
    ----------
    status : int
        The HTTP status.
    message : str
        The reason, as sent.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def read_body(raw: bytes, length: int) -> dict[str, Any]:
    """Read and check the body of a submission.

    Parameters
    ----------
    raw : bytes
        The body; of one that is too long, any part.
    length : int
        Its length in bytes, as it came.

    Returns
    -------
    dict
        The body, every field of it allowed.

    Raises
    ------
    Refused
        400 with every field that is wrong, what was expected and what was received; 404 for a model that is
        not there; 413 for a body over `MAX_BODY`.
    """
    if length > MAX_BODY:
        raise Refused(413, f"The body is too large: expected at most {MAX_BODY} bytes, received {length}.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(
            400, "The body is not valid JSON: expected an object, received something else."
        ) from None
    if not isinstance(body, dict):
        raise Refused(400, f"body: expected object, received {_kind(body)}.")
    model = body.get("model")
    models = {known.id: known for known in builtin_models()}
    found = models.get(model) if isinstance(model, str) else None
    if isinstance(model, str) and found is None:
        known = " and ".join(models)
        raise Refused(
            404, f"Model {_shown(model)} not found: it does not exist or has been retired. There are {known}."
        )
    choice = replace(model_choice(), values=tuple(models))  # the service takes no alias
    parameters = (choice, *(found or default_model()).parameters)
    problems = [problem for parameter in parameters if (problem := _problem(parameter, body))]
    if problems:
        raise Refused(400, "Validation failed: " + "; ".join(problems) + ".")
    return body


def _problem(parameter: Parameter, body: dict[str, Any]) -> str:
    """Say what is wrong with one field of a body; ``""`` when nothing is."""
    name = parameter.name
    if name not in body:
        return f"{name}: expected {_expected(parameter)}, received nothing" if parameter.required else ""
    value = body[name]
    received = f"received {_shown(value)}"
    if (
        not _is(parameter.type, value)
        or (parameter.values and value not in parameter.values)
        or not parameter.within(value)
    ):
        return f"{name}: expected {_expected(parameter)}, {received}"
    if parameter.role == "prompt" and not value.strip():
        return f"{name}: expected some words, received an empty string"
    if parameter.role == "image" and (wish := _image_problem(value)):
        return f"{name}: expected {wish}, {received}"
    return ""


def _expected(parameter: Parameter) -> str:
    if parameter.values:
        return " | ".join(json.dumps(value) for value in parameter.values)
    limits = {">=": parameter.minimum, "<=": parameter.maximum}
    return " ".join([parameter.type, *(f"{sign} {end}" for sign, end in limits.items() if end is not None)])


def _is(wanted: Type, value: Any) -> bool:
    """Whether a value of JSON has a type; to Python, true is an integer as well."""
    return isinstance(value, _PYTHON_TYPES[wanted]) and isinstance(value, bool) == (wanted == "boolean")


def _image_problem(value: str) -> str:
    if value.startswith("data:"):
        return "" if decode_image(value) else "a Base64 data URI of an image"
    try:
        parts = urlsplit(value)
    except ValueError:
        return "an http(s) URL or a data URI"
    good = parts.scheme in {"http", "https"} and parts.hostname and value.isprintable() and " " not in value
    return "" if good else "an http(s) URL or a data URI"


def decode_image(uri: str) -> bytes | None:
    """Return the bytes of an image in a Base64 data URI, ``None`` when it is no such thing."""
    head, comma, data = uri.partition(",")
    if not comma or not head.lower().startswith("data:image/") or not head.lower().endswith(";base64"):
        return None
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded.startswith(_IMAGE_STARTS) else None


def _kind(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def _shown(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 60)
