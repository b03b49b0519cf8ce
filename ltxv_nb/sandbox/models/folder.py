"""The models of a folder: published schemas, OpenAPI documents and entries of a catalogue, as JSON files."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ltxv_nb.models import schema as schemas
from ltxv_nb.models.listing import usable_rows
from ltxv_nb.sandbox.models.invented import VARIABLE
from ltxv_nb.sandbox.models.served import ServedModel, ServedModels, document_of, row_of
from ltxv_nb.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Bytes of the largest file that is read, and files of a folder.
_MOST_BYTES, _MOST_FILES = 4 * 1024 * 1024, 2_000

#: What a model takes and can do, by the parameters that stand for it.
_TAKEN = {
    "image": ("image", "last_image", "images"),
    "video": ("video",),
    "audio": ("audio",),
    "text": ("prompt",),
}


class _Unusable(Exception):
    """The file is none of the three; the text says why, in a few words."""


@dataclass
class _Found:
    """What the files of a folder say of one model."""

    row: Mapping[str, Any] | None = None
    document: Mapping[str, Any] | None = None
    usual: ServedModel | None = None


def with_folder(usual: ServedModels, folder: Path) -> tuple[ServedModels, list[str]]:
    """Return the models of a sandbox together with those of a folder, which take precedence.

    Parameters
    ----------
    usual : ServedModels
        The others.
    folder : Path
        Each ``*.json`` in it is a published schema (``{"model", "schema"}``), an OpenAPI document, an entry
        of a catalogue (``{"id", "pricing", …}``), or a whole catalogue. Files about the same model are put
        together.

    Returns
    -------
    (ServedModels, list of str)
        The models, and a sentence for each file that was skipped.

    Raises
    ------
    OSError
        The folder cannot be read.
    """
    known: dict[str, _Found] = {}
    skipped: list[str] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".json")[:_MOST_FILES]:
        try:
            for id_, row, document in _read(path):
                found = known.setdefault(id_, _Found(usual=usual.find(id_)))
                found.row, found.document = row or found.row, document or found.document
        except (_Unusable, OSError) as error:
            skipped.append(f"{one_line(path.name, 100)} is skipped: {one_line(str(error), 200)}.")
    return ServedModels([*usual, *(_served(id_, found) for id_, found in known.items())]), skipped


def _read(path: Path) -> list[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Return what a file says: ids, each with a row of a catalogue or the document of its requests."""
    if path.stat().st_size > _MOST_BYTES:
        raise _Unusable(f"it has more than {_MOST_BYTES // 1024**2} MB")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise _Unusable("it is not JSON") from None
    if not isinstance(content, dict):
        raise _Unusable("it is not a JSON object")
    if isinstance(rows := content.get("data"), list):
        return _rows(rows)
    if isinstance(content.get("data"), dict):
        return _rows([content["data"]])
    if isinstance(content.get("schema"), dict):
        named = content.get("model") or content.get("id")
        return [_documented(named, document_of(content["schema"]), content)]
    if isinstance(content.get("paths"), dict):
        return [_documented(None, content, {})]
    if isinstance(content.get("properties"), dict):
        return [_documented(None, document_of(content), {})]
    if "id" in content:
        return _rows([content])
    raise _Unusable("it is no schema of a model, no OpenAPI document and no entry of a catalogue")


def _rows(rows: list[Any]) -> list[tuple[str, Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    usable = usable_rows({"data": rows})
    if not usable:
        raise _Unusable("it lists no video model")
    return [(row["id"], row, None) for row in usable]


def _documented(
    named: object, document: Mapping[str, Any], content: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any] | None, Mapping[str, Any]]:
    """Check a document, and find out which model it is about."""
    try:
        id_ = named if isinstance(named, str) else next(_ids(schemas.published_body(document)), None)
        if not isinstance(id_, str) or not usable_rows({"data": [{"id": id_}]}):
            raise _Unusable("it does not name its model")
        schemas.read(document, id_)
    except schemas.Unreadable as error:
        raise _Unusable(str(error)) from None
    row = {"id": id_, **content} if "pricing" in content or "info" in content else None
    return id_, row, document


def _ids(schema: object) -> Iterator[str]:
    """Yield what the schema of a body says of its model, the surest first."""
    body = schema if isinstance(schema, dict) else {}
    properties = body.get("properties")
    model = properties.get("model") if isinstance(properties, dict) else None
    if isinstance(model, dict):
        listed = model.get("enum")
        yield from (name for name in (listed if isinstance(listed, list) else ()) if isinstance(name, str))
        yield from (
            model[name] for name in ("const", "default", "example") if isinstance(model.get(name), str)
        )
    if isinstance(body.get("title"), str):
        yield body["title"]


def _served(id_: str, found: _Found) -> ServedModel:
    """Put together what is known of a model; what no file says is that of the usual model of that id."""
    if found.usual is not None:
        usual = replace(found.usual, row=_merged(found.usual.row, found.row))
        return usual if found.document is None else replace(usual, document=found.document, known=None)
    document = found.document or document_of({"type": "object", "properties": {"prompt": {"type": "string"}}})
    return ServedModel(_merged(_derived(id_, document), found.row), document)


def _derived(id_: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of a catalogue that says what can be read off the parameters."""
    roles = {parameter.role for parameter in schemas.read(document, id_).parameters}
    takes = [kind for kind, names in _TAKEN.items() if roles & set(names)] or ["text"]
    developer, slash, name = id_.rpartition("/")
    return row_of(
        id_,
        name=name,
        developer=developer if slash else "",
        description="From a folder of schemas.",
        pricing=VARIABLE,
        takes=takes,
        capabilities=[f"{takes[0]}_to_video"],
    )


def _merged(usual: Mapping[str, Any], said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an entry with what a file says of it, as far as that has the published shape."""
    good = {name: value for name, value in (said or {}).items() if _is_like(value, usual.get(name))}
    info = {**usual["info"], **good.get("info", {})}
    return {**usual, **good, "id": usual["id"], "info": info}


def _is_like(value: object, usual: object) -> bool:
    if isinstance(usual, list):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return usual is not None and isinstance(value, type(usual))
