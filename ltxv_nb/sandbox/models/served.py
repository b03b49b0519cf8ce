"""One model of the sandbox, and all of them: what the catalogue says, and the schema of the requests.

The built-in models need no schema to be read; what reads the others' is imported for the first of them.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import builtin_models, default_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ltxv_nb.models import Model, Parameter

#: The kind of endpoint that video models are served through, and its path.
TYPE, PATH = "internal/video-generations/submit", "/v2/video/generations"

_TAGS = ["playground:video"]


@dataclass(frozen=True)
class ServedModel:
    """One model of the sandbox: plain data in the published shapes.

    Attributes
    ----------
    row : dict
        Its entry in the catalogue, with all sections.
    document : dict
        The OpenAPI document that describes its requests, as it is published, flaws included.
    seconds : float or None
        Seconds of a generation beside the vendor's figure for ``ltxv-2``; ``None``: as long as that one.
    measured : bool
        Whether ``/models/metrics`` has its times.
    known : Model or None
        Its entry in the table of built-in models, which then says the same as the document.
    """

    row: Mapping[str, Any]
    document: Mapping[str, Any]
    seconds: float | None = None
    measured: bool = True
    known: Model | None = None

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row["id"])

    @property
    def names(self) -> tuple[str, ...]:
        """Its id and its aliases."""
        return (self.id, *self.row["aliases"])

    @property
    def priced(self) -> bool:
        """Whether its price list quotes anything; otherwise the cost is known when the clip is there."""
        return self.row["pricing"].get("kind") in {"fixed", "variants"}

    @cached_property
    def model(self) -> Model:
        """The same as a client reads it: roles, parameters, prices."""
        if self.known is not None:
            from ltxv_nb.models import price_list

            return replace(self.known, prices=price_list.read(self.row["pricing"]))
        from ltxv_nb.models import schema as schemas
        from ltxv_nb.models.listing import model_of

        return model_of(self.row, None, percentiles={}, read=lambda: schemas.read(self.document, self.id))

    @cached_property
    def bills(self) -> dict[str, int]:
        """What requests have cost, in credits; see `ltxv_nb.sandbox.jobs.bill`."""
        return {}

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The cleaned JSON Schema of a body without its ``model``."""
        if self.known is not None:
            return _schema_of(self.known)
        from ltxv_nb.models import schema as schemas

        return schemas.request_body(self.document, self.id)


class ServedModels:
    """All models of one sandbox, by id and alias.

    Parameters
    ----------
    models : iterable of ServedModel
        Of two with the same id the later one counts.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._by_id = {model.id: model for model in models}
        self._by_name = {name: model for model in self for name in model.names[1:]} | self._by_id

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def find(self, name: object) -> ServedModel | None:
        """Return a model by its id or an alias."""
        return self._by_name.get(name) if isinstance(name, str) else None

    def nearest(self, name: str) -> list[str]:
        """Return up to three ids that are spelled nearly like a name, else those of the built-in models."""
        near = difflib.get_close_matches(name[:100], self._by_id, n=3)
        return near or [model.id for model in builtin_models()]


def row_of(
    id_: str, *, name: str, developer: str, description: str, pricing: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Return a row of the catalogue, in the published shape.

    Parameters
    ----------
    id_, name, developer, description : str
        What the model is called, and by whom it is.
    pricing : dict
        Its price list.
    **more
        ``aliases``, ``capabilities`` and ``takes`` (the input modalities).
    """
    return {
        "id": id_,
        "aliases": list(more.get("aliases", ())),
        "type": TYPE,
        "info": {"name": name, "developer": developer, "description": description},
        "tags": _TAGS,
        "pricing": dict(pricing),
        "modalities": {"input": list(more.get("takes", ("text",))), "output": ["video"]},
        "capabilities": list(more.get("capabilities", ("text_to_video",))),
    }


def document_of(schema: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the OpenAPI document of a model whose requests have a schema.

    Parameters
    ----------
    schema : dict
        Of the request body.
    **more
        Further parts of the document, such as ``components``.
    """
    content = {"application/json": {"schema": dict(schema)}}
    post = {"operationId": "_v2_video_generations", "requestBody": {"required": True, "content": content}}
    info = {"title": "The sandbox of ltxv-nb", "version": "1.0.0"}
    return {"openapi": "3.0.0", "info": info, "paths": {PATH: {"post": post}}, **more}


def built_in(model: Model, pricing: Mapping[str, Any]) -> ServedModel:
    """Return a built-in model as the sandbox serves it.

    Parameters
    ----------
    model : Model
        Its entry in the table of built-in models, which its schema is made from.
    pricing : dict
        Its price list here.
    """
    row = row_of(
        model.id,
        name=f"{model.short_name} (sandbox)",
        developer="ltxv-nb",
        description="Drawn by the sandbox of ltxv-nb from the words of the prompt; free of charge.",
        pricing=pricing,
        aliases=model.aliases,
        capabilities=model.capabilities,
        takes=("text", "image"),
    )
    schema = _schema_of(model)
    named = {
        "properties": {"model": {"type": "string", "enum": [model.id]}, **schema["properties"]},
        "required": ["model", *schema["required"]],
        "title": model.id,
    }
    return ServedModel(row, document_of({**schema, **named}), seconds=model.seconds, known=model)


def _schema_of(model: Model) -> dict[str, Any]:
    """Return the JSON Schema of a built-in model's bodies, without their ``model``."""
    return {
        "type": "object",
        "properties": {known.name: _rule(known) for known in model.parameters},
        "required": [known.name for known in model.parameters if known.required],
    }


def _rule(parameter: Parameter) -> dict[str, Any]:
    """Return the JSON Schema of one parameter."""
    told = {
        "type": parameter.type if len(parameter.types) == 1 else list(parameter.types),
        "description": parameter.help,
        "enum": list(parameter.values) or None,
        "default": parameter.default,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "multipleOf": parameter.multiple_of,
        "minLength": parameter.min_length,
        "maxLength": parameter.max_length,
        "minItems": parameter.min_items,
        "maxItems": parameter.max_items,
    }
    return {**{name: value for name, value in told.items() if value is not None}, **(parameter.rule or {})}


def usual_seconds() -> float:
    """Return the vendor's figure for ``ltxv-2``, which all others are in proportion to, in seconds."""
    return default_model().seconds or 1.0
