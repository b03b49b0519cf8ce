"""The process: takes the lock, listens, and ends after a while without a request."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from tornado.netutil import bind_sockets

from ltxv_nb.sandbox.jobs.generations import Generations
from ltxv_nb.sandbox.jobs.renderer import Renderer
from ltxv_nb.sandbox.jobs.store import Store
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.server.base import NAME, ServerContext
from ltxv_nb.sandbox.server.connections import new_server
from ltxv_nb.sandbox.server.routes import application
from ltxv_nb.sandbox.server.state import State

if TYPE_CHECKING:
    from pathlib import Path

    from tornado.web import RequestHandler

    from ltxv_nb.sandbox.models.served import ServedModels

log = logging.getLogger("ltxv_nb.sandbox")

#: How long a second service waits for the first to write its address, in seconds.
_STARTUP_SECONDS = 5.0


@dataclass(frozen=True)
class Options:
    """How the service was started.

    Attributes
    ----------
    home : Path
        The folder whose service this is.
    port : int
        0 for any free one.
    seconds : float
        Nominal time of a generation.
    idle : float
        Seconds without a request after which the service ends.
    fast : bool
        No waiting, and one small clip for every request.
    clips : Path or None
        Folder of rendered clips that several sandboxes share; ``None`` for a separate one.
    models : Path or None
        Folder of published schemas, whose models it has as well; ``None`` for none.
    balance : int or None
        Credits of play money that its account is opened with, and that run out; ``None`` for an account that
        is topped up by itself.
    """

    home: Path
    port: int = 0
    seconds: float = 4.0
    idle: float = 900.0
    fast: bool = False
    clips: Path | None = None
    models: Path | None = None
    balance: int | None = None


def serve(options: Options) -> int:
    """Run the service of a home until it is idle or told to stop; return the exit code.

    When the home has a service already, print its address and return.
    """
    state = State(options.home)
    if not state.acquire():
        print(_elsewhere(state), flush=True)  # noqa: T201 - a command's own answer
        return 0
    handler = _log_to(state.folder / "service.log")
    try:
        asyncio.run(_Service(options, state).run())
    except OSError as error:
        print(f"The sandbox cannot start: {error}.", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    finally:
        state.withdraw()
        state.release()
        logging.getLogger().removeHandler(handler)
        handler.close()
    return 0


def _elsewhere(state: State) -> str:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while (address := state.read()) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    where = f"runs already on http://127.0.0.1:{address.port}" if address else "is being started already"
    return f"{NAME} {where}"


def _log_to(path: Path) -> logging.Handler:
    handler = RotatingFileHandler(path, maxBytes=256 * 1024, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler


def _log_request(handler: RequestHandler) -> None:
    """Log a request without its query and without the unguessable part of a file's address."""
    request = handler.request
    path = "/files/…" if request.path.startswith("/files/") else request.path
    log.info("%s %s %s %.0f ms", handler.get_status(), request.method, path, request.request_time() * 1000)


def _models(options: Options) -> ServedModels:
    """Return the models to serve; each file that cannot be used is named in the log and on standard error."""
    models = usual_models()
    if options.models is not None:
        from ltxv_nb.sandbox.models.folder import with_folder

        models, skipped = with_folder(models, options.models)
        for sentence in skipped:
            log.warning("%s", sentence)
            print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - whoever started it reads it there
    return models


class _Service:
    """One run of the service."""

    def __init__(self, options: Options, state: State) -> None:
        self._options, self._state = options, state
        self._stop = asyncio.Event()

    async def run(self) -> None:
        folder, options = self._state.folder, self._options
        renderer = Renderer(folder, clips=options.clips)
        store = Store(folder / "sandbox.sqlite3", time.time(), options.balance)
        generations = Generations(
            store, renderer, options.seconds, fast=options.fast, clock=time.time, models=_models(options)
        )
        context = ServerContext(
            generations, renderer, secrets.token_urlsafe(32), last_request=time.monotonic()
        )
        server = new_server(application(context, renderer.clips, _log_request))
        context.let_in = server.let_in
        try:
            sockets = bind_sockets(options.port, "127.0.0.1")
            context.port = sockets[0].getsockname()[1]
            server.add_sockets(sockets)
            self._listen_to_signals()
            generations.resume()
            renderer.warm_up()
            self._state.announce(context.port, context.token)
            print(f"{NAME} on http://127.0.0.1:{context.port}", flush=True)  # noqa: T201
            await self._until_idle(context)
        finally:
            self._state.withdraw()
            server.stop()
            await server.close_all_connections()
            renderer.close()
            store.close()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._stop.set)
            except NotImplementedError:  # Windows
                signal.signal(number, lambda *_args: loop.call_soon_threadsafe(self._stop.set))

    async def _until_idle(self, context: ServerContext) -> None:
        """Return when told to stop, or ``idle`` seconds after the last request with nothing unfinished.

        Also when the home is gone: no client can find this service any more.
        """
        interval = min(5.0, max(0.05, self._options.idle / 4))
        while True:
            try:
                await asyncio.wait_for(self._stop.wait(), interval)
            except (TimeoutError, asyncio.TimeoutError):
                if not self._state.is_ours():
                    log.warning("the home was removed, so this service ends")
                    return
                idle = time.monotonic() - context.last_request
                if idle > self._options.idle and not context.generations.busy():
                    return
            else:
                return
