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
from ltxv_nb.settings import notebook

if TYPE_CHECKING:
    from pathlib import Path

    from ltxv_nb.journal.record import Place
    from ltxv_nb.media.image import FirstFrame
    from ltxv_nb.models import Model, Parameter
    from ltxv_nb.models.price import Price
    from ltxv_nb.request import GenerationRequest
    from ltxv_nb.service.reply import Generation


class Prepared(NamedTuple):
    """A request that is ready to be sent.

    Attributes
    ----------
    request : GenerationRequest
        What was asked for.
    files : dict
        Its pictures, videos and sounds, by the parameters' Python names; a list where several were given.
    body : dict
        The JSON body.
    """

    request: GenerationRequest
    files: dict[str, FirstFrame | list[FirstFrame]]
    body: dict[str, Any]

    def fingerprint(self, origin: str) -> str:
        """Return what two identical requests to one service have in common."""
        names = {known.key: known.name for known in self.request.spec.parameters}
        hashes = {names[key]: _essence(file) for key, file in self.files.items()}
        essence = {**self.body, **hashes}
        return hashlib.sha256(json.dumps([origin, essence], sort_keys=True).encode()).hexdigest()


def prepare(request: GenerationRequest, known: dict[Any, FirstFrame] | None = None) -> Prepared:
    """Make a request ready to be sent.

    Parameters
    ----------
    request : GenerationRequest
        What is asked for.
    known : dict, optional
        Files that are ready, by their source: it is filled, so that many requests can share theirs.

    Raises
    ------
    RequestError
        A file cannot be read, the parameters do not go together, or a value cannot be written as JSON.
    """
    files = _files(request, {} if known is None else known)
    body = request.body({key: _address(file) for key, file in files.items()})
    _check_rules(request.spec, body)
    try:
        json.dumps(body, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RequestError(f"The request cannot be written as JSON ({error}).") from None
    return Prepared(request, files, body)


def _essence(file: FirstFrame | list[FirstFrame]) -> Any:
    return [_essence(one) for one in file] if isinstance(file, list) else file.sha256 or file.url


def _address(file: FirstFrame | list[FirstFrame]) -> Any:
    return [one.url for one in file] if isinstance(file, list) else file.url


def _files(
    request: GenerationRequest, ready: dict[Any, FirstFrame]
) -> dict[str, FirstFrame | list[FirstFrame]]:
    """Make every file of a request ready; a parameter that is a list takes one file as a list of one."""
    files: dict[str, FirstFrame | list[FirstFrame]] = {}
    for key, given in request.files().items():
        parameter = request.spec.parameter(key)
        assert parameter is not None  # it named the file
        several = isinstance(given, (list, tuple))
        made = [_once(one, parameter, request, ready) for one in (given if several else [given])]
        takes_list = "array" in parameter.types
        if several and not takes_list and parameter.type != "any":
            raise RequestError(f"{key} is a list of {len(made)}, but {request.spec.short_name} takes one.")
        as_list = several or (takes_list and "string" not in parameter.types)
        if as_list and not parameter.within(made):
            raise RequestError(f"{key} is a list of {len(made)}, but it can be {parameter.allowed()}.")
        files[key] = made if as_list else made[0]
    return files


def _once(
    source: Any, parameter: Parameter, request: GenerationRequest, ready: dict[Any, FirstFrame]
) -> FirstFrame:
    """Make a file ready, unless it is: the same source for the same size of clip."""
    key = (id(source), parameter.media, request.frame_size if parameter.media == "image" else None)
    if key not in ready:
        ready[key] = _file(source, parameter, request)
    return ready[key]


def _file(source: Any, parameter: Parameter, request: GenerationRequest) -> FirstFrame:
    """Make one file ready; what is wrong with it is said of its parameter."""
    if parameter.media == "image":
        from ltxv_nb.media.image import prepare as prepare_image

        try:
            return prepare_image(source, request.frame_size)
        except RequestError as error:
            if parameter.role == "image":
                raise
            words = str(error).replace("The first frame", f"The picture for {parameter.key}")
            raise RequestError(words.replace("a first frame", "a picture")) from error
    from ltxv_nb.media import attachments

    try:
        return attachments.prepare(source, "audio" if parameter.media == "audio" else "video")
    except RequestError as error:
        if parameter.key == parameter.media:
            raise
        raise RequestError(f"{parameter.key}: {error}") from error


def _check_rules(model: Model, body: dict[str, Any]) -> None:
    """Check what the model's schema says of several parameters at once."""
    if not model.rules:
        return
    from ltxv_nb.models import rules

    if problem := rules.problem(model.rules, {key: value for key, value in body.items() if key != "model"}):
        raise RequestError(f"The request for {model.short_name} does not fit its schema: it{problem}")


def new_record(
    prepared: Prepared,
    *,
    backend: str,
    origin: str,
    files: dict[str, Any],
    output_dir: Path,
    owner: str,
    service_ahead: float | None = None,
    price: Price | None = None,
    reserved: int | None = None,
    place: Place | None = None,
    refused: Record | None = None,
) -> Record:
    """Return the row of a request that is about to be sent.

    Parameters
    ----------
    prepared : Prepared
        The request.
    backend, origin : str
        Where it goes.
    files : dict
        How the journal keeps its files, see `ltxv_nb.journal.first_frames`.
    output_dir : Path
        Folder of its video.
    owner : str
        The lease of the tracker that tracks it.
    service_ahead : float, optional
        Seconds by which the service's clock is ahead of ours, if that is known.
    price : Price, optional
        What it is expected to cost.
    reserved : int, optional
        What budgets count for it, in credits.
    place : Place, optional
        Its place in a batch.
    refused : Record, optional
        The row of an earlier try that was refused, whose place it takes.
    """
    request, job_id = prepared.request, new_id() if refused is None else refused.id
    asked = {"prompt": request.prompt, **request.settings(), **files}
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
            estimated_credits=None if price is None else price.credits,
            estimated_least_credits=None if price is None else price.least_credits,
            reserved_credits=reserved,
            notebook=notebook(),
            batch_id=place and place.batch_id,
            cell=place and place.cell,
            cell_key=place and place.key,
            revision=0 if refused is None else refused.revision + 1,
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
            billed_credits=generation.credits or None,
        )
    )


def _with_file(record: Record) -> Record:
    """Return a new record with the name that its file will have."""
    return replace(record, file=str(Saver.destination(record)))
