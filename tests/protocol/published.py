"""The vendor's published OpenAPI data, where it is present: beside the repository, or at LTXV_TEST_API_DIR."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "api"


def _folder():
    return Path(os.environ.get("LTXV_TEST_API_DIR") or _BESIDE)


def _operation(document, method):
    path = _folder() / f"{document}.json"
    if not path.exists():
        pytest.skip("the published OpenAPI data is not here (LTXV_TEST_API_DIR)")
    (operations,) = json.loads(path.read_text(encoding="utf-8"))["paths"].values()
    return operations[method]


def answer_schema(document, method="get"):
    """Return the JSON Schema of a published 200 answer."""
    return _plain(_operation(document, method)["responses"]["200"]["content"]["application/json"]["schema"])


def body_schema(document):
    """Return the JSON Schema of a published request body."""
    return _plain(_operation(document, "post")["requestBody"]["content"]["application/json"]["schema"])


def has_video_schemas():
    """Whether the published request schemas are here."""
    return any((_folder() / "video").glob("*.json"))


def video_folder():
    """Return the folder of published request schemas, one file for each video model."""
    if not has_video_schemas():
        pytest.skip("the published request schemas are not here (LTXV_TEST_API_DIR)")
    return _folder() / "video"


def video_schemas():
    """Return the published request schemas of the service's video models, by id: as they are, with their flaws."""
    files = sorted((_folder() / "video").glob("*.json"))
    documents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {document["model"]: document["schema"] for document in documents}


def _plain(schema):
    """Turn OpenAPI 3.0's ``nullable`` into JSON Schema."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(value) for name, value in schema.items() if name not in {"nullable", "example"}}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain
