"""What the service would say to a request body: refused, with a status and a reason, or allowed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.server.body_check import problems, shown

if TYPE_CHECKING:
    from ltxv_nb.sandbox.models.served import ServedModel, ServedModels

#: Largest body in bytes; first frames come inside it.
MAX_BODY = 32 * 1024 * 1024


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


def read_body(raw: bytes, length: int, models: ServedModels | None = None) -> dict[str, Any]:
    """Read and check the body of a submission.

    Parameters
    ----------
    raw : bytes
        The body; of one that is too long, any part.
    length : int
        Its length in bytes, as it came.
    models : ServedModels, optional
        The models that there are; by default those of a sandbox that is given no others.

    Returns
    -------
    dict
        The body, every field of it allowed; its model by its id, also where an alias came.

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
    served = _model_of(body, models or usual_models())
    if found := problems(served, body):
        raise Refused(400, f"Validation failed: {'; '.join(found)}.")
    return {**body, "model": served.id}


def _model_of(body: dict[str, Any], models: ServedModels) -> ServedModel:
    name = body.get("model")
    if not isinstance(name, str):
        received = shown(name) if "model" in body else "nothing"
        raise Refused(400, f"Validation failed: model: expected the id of a model, received {received}.")
    served = models.find(name)
    if served is None:
        near = " or ".join(models.nearest(name))
        raise Refused(
            404, f"Model {shown(name)} not found: it does not exist or has been retired. Try {near}."
        )
    return served


def _kind(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
