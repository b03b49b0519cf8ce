"""Every request body that can be built, and a client whose replies come from an example."""

from __future__ import annotations

import io
import itertools
import json
from types import SimpleNamespace

from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.response import HTTPResponse

from ltxv_nb.client import Client
from ltxv_nb.models import builtin_models, default_model
from ltxv_nb.request import GenerationRequest
from ltxv_nb.service import transport
from ltxv_nb.service.api import Api

#: Each parameter's allowed values, and "not set".
CHOICES = {
    parameter.key: (None, *parameter.choices)
    for parameter in default_model().parameters
    if parameter.role not in {"prompt", "image"}
}


def every_request():
    """Every combination of allowed values, for both models by both of their names."""
    names = [name for model in builtin_models() for name in (model.id, *model.aliases)]
    for model, *values in itertools.product(names, *CHOICES.values()):
        yield GenerationRequest("A lighthouse", model, **dict(zip(CHOICES, values, strict=True)))


def bodies_with_images(folder, picture):
    """The bodies that a client makes of each kind of first frame."""
    client = Client("a-key-for-tests", home=folder / "home", output_dir=folder / "out")
    path = folder / "picture.png"
    path.write_bytes(picture)
    try:
        for image in ("https://example.test/a.png", path, str(path), picture):
            yield client.check(GenerationRequest("A lighthouse", image=image))
    finally:
        client.close()


class Replying(BaseAdapter):
    """Gives one document as the answer to everything, and keeps the requests."""

    def __init__(self, document, status=200):
        super().__init__()
        self.document, self.status, self.sent = document, status, []

    def send(self, request, **_options):
        self.sent.append(request)
        content = io.BytesIO(json.dumps(self.document).encode())
        raw = HTTPResponse(content, headers={}, status=self.status, reason="OK", preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self):
        pass


def reading(document, status=200):
    """An `Api` to which everything is answered with the document; and the adapter behind it."""
    adapter = Replying(document, status)

    def session(host, **options):
        made = transport.new_session(host, **options)
        made.mount("https://", adapter)
        return made

    place = SimpleNamespace(base_url="https://api.example.test", key=None, restart=lambda: None)
    return Api(place, session_factory=session), adapter


def examples(schema):
    """Documents that fit an OpenAPI schema: its examples, then each enum value, with and without the optional."""
    full = _example(schema, optional=True)
    yield full
    yield _example(schema, optional=False)
    for name, part in schema.get("properties", {}).items():
        for value in part.get("enum", ()):
            yield {**full, name: value}
        if part.get("nullable"):
            yield {**full, name: None}


def _example(schema, *, optional):
    if "example" in schema and schema.get("type") not in {"object", "array"}:
        return schema["example"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        required = schema.get("required", ())
        return {
            name: _example(part, optional=optional)
            for name, part in schema.get("properties", {}).items()
            if optional or name in required
        }
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), optional=optional)]
    return {"string": "text", "number": 1.5, "integer": 3, "boolean": True}.get(schema.get("type"), "text")
