"""The HTTP server with a bound on everything that a stranger can take up: connections, time and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tornado.httpserver import HTTPServer

if TYPE_CHECKING:
    from tornado.iostream import IOStream
    from tornado.web import Application

#: Connections at a time. A client has at most sixteen.
MAX_CONNECTIONS = 256

#: Seconds for the headers of a request, which are also those that a connection may be idle (clients keep
#: theirs for 50), and for its body; and bytes of its headers.
HEADER_SECONDS, BODY_SECONDS, HEADER_BYTES = 60.0, 60.0, 32 * 1024


class BoundedServer(HTTPServer):
    """Keeps at most `MAX_CONNECTIONS`; when there are more, the oldest that has shown no token is closed.

    So whoever fills it with connections closes their own, and not those of the user.
    """

    def initialize(self, *args: Any, **options: Any) -> None:
        """Begin without connections; takes what tornado's server takes."""
        self._strangers: dict[Any, None] = {}  # oldest first
        self._known: set[Any] = set()
        super().initialize(*args, **options)

    def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Take a connection."""
        if len(self._strangers) + len(self._known) >= MAX_CONNECTIONS:
            oldest = next(iter(self._strangers), stream)
            self._strangers.pop(oldest, None)
            oldest.close()
            if oldest is stream:
                return
        self._strangers[stream] = None
        super().handle_stream(stream, address)

    def let_in(self, stream: Any) -> None:
        """Keep a connection whatever others do."""
        if stream in self._strangers:
            del self._strangers[stream]
            self._known.add(stream)

    def on_close(self, server_conn: Any) -> None:
        """Forget a connection that has ended."""
        self._strangers.pop(server_conn.stream, None)
        self._known.discard(server_conn.stream)
        super().on_close(server_conn)


def new_server(application: Application) -> BoundedServer:
    """Return a server that does not listen yet.

    Parameters
    ----------
    application : tornado.web.Application
        Its handlers limit the bodies.
    """
    return BoundedServer(
        application,
        idle_connection_timeout=HEADER_SECONDS,
        body_timeout=BODY_SECONDS,
        max_header_size=HEADER_BYTES,
        max_body_size=1 << 62,  # a longer one than the handlers take is answered by them
    )
