"""From a request to what is sent and what is written down, after every check that costs nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ltxv_nb.engine.save import Saver
from ltxv_nb.errors import RequestError
from ltxv_nb.journal import Record, State, new_id

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.media.image import FirstFrame
    from ltxv_nb.request import GenerationRequest
    from ltxv_nb.service.reply import Generation


class Prepared(NamedTuple):
    """A request that is ready to be sent.

    Attributes
    ----------
    request : GenerationRequest
        What was asked for.
    frame : FirstFrame or None
        Its first frame.
    body : dict
        The JSON body.
    """

    request: GenerationRequest
    frame: FirstFrame | None
    body: dict[str, Any]

    def fingerprint(self, origin: str) -> str:
        """Return what two identical requests to one service have in common."""
        image = self.frame.sha256 or self.frame.url if self.frame else None
        essence = {**self.body, "image_url": image} if image else self.body
        return hashlib.sha256(json.dumps([origin, essence], sort_keys=True).encode()).hexdigest()


def prepare(request: GenerationRequest) -> Prepared:
    """Make a request ready to be sent.

    Raises
    ------
    RequestError
        Its image cannot be read, or a value cannot be written as JSON.
    """
    frame = _first_frame(request)
    body = (request.replace(image=frame.url) if frame else request).body()
    try:
        json.dumps(body, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RequestError(f"The request cannot be written as JSON ({error}).") from None
    return Prepared(request, frame, body)


def _first_frame(request: GenerationRequest) -> FirstFrame | None:
    if request.image is None:
        return None
    from ltxv_nb.media.image import prepare as prepare_image

    return prepare_image(request.image, request.frame_size)


def new_record(
    prepared: Prepared,
    *,
    backend: str,
    origin: str,
    image: dict[str, Any] | None,
    output_dir: Path,
    owner: str,
    service_ahead: float | None = None,
) -> Record:
    """Return the row of a request that is about to be sent.

    Parameters
    ----------
    prepared : Prepared
        The request.
    backend, origin : str
        Where it goes.
    image : dict or None
        How the journal keeps its first frame, see `ltxv_nb.journal.first_frames`.
    output_dir : Path
        Folder of its video.
    owner : str
        The lease of the tracker that tracks it.
    service_ahead : float, optional
        Seconds by which the service's clock is ahead of ours, if that is known.
    """
    request, job_id = prepared.request, new_id()
    asked = {"prompt": request.prompt, **request.settings(), **({"image": image} if image else {})}
    return _with_file(
        Record(
            id=job_id,
            created_at=time.time(),
            backend=backend,
            origin=origin,
            model=request.model,
            prompt=request.prompt,
            request=asked,
            fingerprint=prepared.fingerprint(origin),
            client_request_id=f"ltxv-nb.{job_id}.{secrets.token_hex(6)}.1",
            state=State.SUBMITTING,
            output_dir=str(output_dir),
            owner=owner,
            service_ahead=service_ahead,
        )
    )


def adopted_record(
    generation_id: str, generation: Generation, *, backend: str, origin: str, output_dir: Path
) -> Record:
    """Return the row of a generation that was made elsewhere."""
    model, now = generation_id.partition(":")[2], time.time()
    prompt = f"(made elsewhere: {generation_id})"
    return _with_file(
        Record(
            id=new_id(),
            created_at=now,
            backend=backend,
            origin=origin,
            model=model,
            prompt=prompt,
            request={"prompt": prompt, **({"model": model} if model else {})},
            fingerprint=None,
            client_request_id=None,
            state=State.RUNNING,
            status=generation.status,
            generation_id=generation_id,
            accepted_at=now,
            output_dir=str(output_dir),
            usd=generation.usd,
        )
    )


def _with_file(record: Record) -> Record:
    """Return a new record with the name that its file will have."""
    return replace(record, file=str(Saver.destination(record)))
