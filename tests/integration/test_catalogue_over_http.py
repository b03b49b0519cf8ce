"""The catalogue over real HTTP on loopback: read without the key, kept, checked, and of a bounded size."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import ltxv_nb
from ltxv_nb.errors import NotFoundError, RequestError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from fakes import FakeCatalogue, catalogue_row

SEED = {"type": "integer", "minimum": 0, "maximum": 9}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args):
        pass

    def do_GET(self):
        parts, server = urlsplit(self.path), self.server
        server.seen.append((self.path, self.headers.get("Authorization")))
        if parts.path in {"/v1/models", "/docs-json"}:
            status, body, headers, _ = server.catalogue(parts.path, parse_qs(parts.query), self.headers)
        else:
            status, body, headers = 404, b'{"message": "no such page"}', {}
        self._answer(status, body, headers)

    def do_POST(self):
        self.server.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(404, b'{"message": "model not found"}', {})

    def _answer(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.seen, server.posts = [], []
    server.catalogue = FakeCatalogue.of("maker/one", "maker/two", seed=SEED)
    server.catalogue.rows.append(catalogue_row("maker/three", capabilities=["image_to_video"]))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(service, tmp_path):
    address = f"http://127.0.0.1:{service.server_port}"
    with ltxv_nb.Client("sentinel-key-3f9c2b7a81d6", address, tmp_path / "home", tmp_path / "out") as made:
        yield made


def test_a_model_is_found_checked_and_refused_by_name_without_the_key_going_out(service, client):
    assert [model.id for model in client.models()] == ["maker/one", "maker/two", "maker/three"]
    assert client.model("maker/one").parameter("seed").maximum == 9
    with pytest.raises(RequestError, match="seed is 10"):
        client.submit("A boat", model="maker/one", seed=10)
    assert service.posts == []
    assert {key for _, key in service.seen} == {None}


def test_a_model_that_is_gone_brings_the_nearest_over_http(service, client):
    with pytest.raises(NotFoundError, match=r"The nearest are maker/two .*%%ltxv -m maker/two"):
        client.submit("A boat", model="maker/one")
    assert service.posts == [{"model": "maker/one", "prompt": "A boat"}]


def test_a_catalogue_that_has_not_changed_is_answered_with_304(service, client):
    client.models()
    client.models(refresh=True)
    assert [path for path, _ in service.seen].count("/v1/models?output_modalities=video&include=all") == 2
    assert len(client.models()) == 3


def test_a_schema_of_50_megabytes_is_given_up(service, client):
    service.catalogue.schemas["maker/one"] = {
        "properties": {"seed": {**SEED, "description": "x" * (50 << 20)}}
    }
    assert "cannot be read" in client.model("maker/one").note
