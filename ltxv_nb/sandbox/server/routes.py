"""Which address is answered by which handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado import web

from ltxv_nb.sandbox.models.served import PATH
from ltxv_nb.sandbox.server import billing_handlers, catalogue_handlers, handlers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ltxv_nb.sandbox.server.base import ServerContext


def application(
    context: ServerContext, clips: Path, log_request: Callable[[web.RequestHandler], None]
) -> web.Application:
    """Return the application.

    Parameters
    ----------
    context : ServerContext
        What the handlers share.
    clips : Path
        Folder of the clips.
    log_request : callable
        Called after each request.
    """
    shared = {"context": context}
    return web.Application(
        [
            (r"/health", handlers.HealthHandler, shared),
            (PATH, handlers.GenerationsHandler, shared),
            (r"/v2/billing", billing_handlers.BalanceHandler, shared),
            (r"/v2/billing/detail", billing_handlers.BalanceDetailHandler, shared),
            (r"/v2/billing/transactions", billing_handlers.TransactionsHandler, shared),
            (r"/v2/usage", billing_handlers.UsageHandler, shared),
            (r"/v2/usage/detail", billing_handlers.UsageDetailHandler, shared),
            (r"/v2/logs", handlers.LogsHandler, shared),
            (r"/v1/models", catalogue_handlers.ModelsHandler, shared),
            (r"/model/(.+)", catalogue_handlers.ModelHandler, shared),
            (r"/docs-json", catalogue_handlers.DocsHandler, shared),
            (r"/models/metrics", catalogue_handlers.MetricsHandler, shared),
            (r"/files/(.*)", handlers.FilesHandler, {**shared, "path": str(clips)}),
        ],
        default_handler_class=handlers.NotFoundHandler,
        default_handler_args=shared,
        log_function=log_request,
    )
