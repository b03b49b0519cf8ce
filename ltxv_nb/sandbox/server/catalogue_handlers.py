"""The endpoints of the catalogue: the models, the documents of their requests, and their times."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tornado import web

from ltxv_nb.sandbox.server import catalogue
from ltxv_nb.sandbox.server.base import BaseHandler

if TYPE_CHECKING:
    from ltxv_nb.sandbox.models.served import ServedModels


class CatalogueHandler(BaseHandler):
    """An endpoint without a key, whose answer may be cached by its ETag."""

    needs_token = False

    def set_default_headers(self) -> None:
        """Let the answer be kept, and asked for again by its ETag."""
        super().set_default_headers()
        self.set_header("Cache-Control", "no-cache")

    def compute_etag(self) -> str | None:
        """Return the hash of the answer."""
        return web.RequestHandler.compute_etag(self)

    @property
    def models(self) -> ServedModels:
        """The models that there are."""
        return self.context.generations.models

    @property
    def origin(self) -> str:
        """The address by which this service was asked."""
        return f"http://{self.request.host}"


class ModelsHandler(CatalogueHandler):
    """``/v1/models``: the catalogue."""

    def get(self) -> None:
        """Answer with the models that the query selects."""
        self.finish(catalogue.models(self.query(), self.models, self.origin))


class ModelHandler(CatalogueHandler):
    """``/model/{id}``: one model with everything about it."""

    def get(self, name: str) -> None:
        """Answer with the model of an id or an alias."""
        self.finish(catalogue.model(name, self.models, self.origin))


class DocsHandler(CatalogueHandler):
    """``/docs-json?model=…``: the document that describes the requests of one model."""

    def get(self) -> None:
        """Answer with the document, as it was published."""
        self.finish(catalogue.document(self.query(), self.models))


class MetricsHandler(BaseHandler):
    """``/models/metrics``: how long generations take."""

    needs_token = False

    def get(self) -> None:
        """Answer with the percentiles."""
        self.finish(catalogue.metrics(self.query(), self.context.generations, time.time()))
