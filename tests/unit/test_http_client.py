"""What the service's client and the downloads share of HTTP, and what it relies on in requests and urllib3.

Where one of these fails with a new version of them, `ltxv_nb.http_client` has to follow.
"""

from __future__ import annotations

import http.server
import socket
import threading

import pytest
import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ltxv_nb.http_client import BoundedConnection, ConnectionAdapter, causes, retry_after


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_CONNECT(self):
        self.send_error(403)

    def log_message(self, *_args):
        pass


@pytest.fixture
def port():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running.server_port
        running.shutdown()
        thread.join()


class Noted:
    """Notes in which order a connection does what it does."""

    events: list

    @property
    def sock(self):
        return self.__dict__.get("opened")

    @sock.setter
    def sock(self, opened):
        if opened is not None:
            self.events.append(f"sock {type(opened).__name__}")
        self.__dict__["opened"] = opened

    def connect(self):
        self.events.append("connect")
        super().connect()
        self.events.append("connected")

    def send(self, data):
        super().send(data)
        self.events.append("sent")

    @property
    def is_connected(self):
        self.events.append("is_connected")
        return super().is_connected


@pytest.fixture
def noted():
    """A session whose connections are noted, and the notes."""
    kind = type("Noted", (Noted,), {"events": []})
    with requests.Session() as session:
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, ConnectionAdapter(kind))
        yield session, kind.events


def test_a_pool_makes_its_connections_by_its_public_class():
    assert HTTPConnectionPool.ConnectionCls is HTTPConnection
    assert HTTPSConnectionPool.ConnectionCls is HTTPSConnection


def test_a_request_connects_then_has_a_socket_then_sends(noted, port):
    session, events = noted
    assert session.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    begun = [event for event in events if event != "is_connected"]
    assert begun[:4] == ["connect", "sock socket", "connected", "sent"]


def test_a_kept_connection_is_asked_whether_it_is_connected_before_it_is_used_again(noted, port):
    session, events = noted
    session.get(f"http://127.0.0.1:{port}/", timeout=5)
    events.clear()
    session.get(f"http://127.0.0.1:{port}/", timeout=5)
    assert events[:2] == ["is_connected", "sent"]
    assert "connect" not in events


def test_the_socket_is_there_before_tls_begins(noted):
    session, _events = noted
    heard = []

    class Refused(Exception):
        pass

    def refuse(_self, opened):
        if opened is not None:
            opened.close()
            raise Refused

    session.get_adapter("https://")._mixin.sock = property(lambda _self: None, refuse)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen():
            connection, _ = listener.accept()
            with connection:
                heard.append(connection.recv(100))

        thread = threading.Thread(target=listen)
        thread.start()
        with pytest.raises(Refused):
            session.get(f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=5)
        thread.join(5)
    assert heard == [b""]


def test_connections_to_a_proxy_have_the_class_mixed_in_or_not(noted, port):
    session, events = noted
    session.proxies = {"http": f"http://127.0.0.1:{port}", "https": f"http://127.0.0.1:{port}"}
    assert session.get("http://videos.invalid/", timeout=5).ok
    with pytest.raises(requests.exceptions.ProxyError):
        session.get("https://videos.invalid/", timeout=5)
    assert events.count("connect") == 2
    events.clear()
    direct = ConnectionAdapter(session.get_adapter("http://")._mixin, through_proxies=False)
    session.mount("http://", direct)
    assert session.get("http://videos.invalid/", timeout=5).ok
    assert events == []


def test_a_connection_of_another_kind_keeps_its_own_ways():
    """A SOCKS proxy's pool, say, has connections of its own; ours comes in front and takes nothing away."""

    class Kind(HTTPConnection):
        pass

    adapter = ConnectionAdapter(Noted)
    pool = HTTPConnectionPool("127.0.0.1")
    pool.ConnectionCls = Kind
    adapter.poolmanager.connection_from_host = lambda **_options: pool
    request = requests.Request("GET", "http://127.0.0.1/").prepare()
    for _ in range(2):
        made = adapter.get_connection_with_tls_context(request, verify=True).ConnectionCls
        ours = [kind for kind in made.__mro__ if kind in {Noted, BoundedConnection, Kind}]
        assert ours == [Noted, BoundedConnection, Kind]


def test_everything_that_is_wrapped_into_a_failure_is_found():
    inner = ConnectionResetError(104, "reset")
    middle = ValueError("?")
    middle.__context__ = inner
    outer = requests.ConnectionError(middle)
    inner.__cause__ = outer  # a circle ends
    assert set(causes(outer)) == {outer, middle, inner}


NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30.0),
        ("Mon, 21 Sep 2026 14:13:50 -0000", 30.0),
        ("Mon, 21 Sep 2026 14:13:50", 30.0),
        ("Mon, 21 Sep 2026 16:13:50 +0200", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Mon, 99 Foo 99999 99:99:99 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(monkeypatch, value, seconds):
    monkeypatch.setenv("TZ", "America/New_York")
    assert retry_after({"Retry-After": value} if value is not None else {}, NOW) == seconds


def test_a_date_is_compared_with_the_clock_of_who_wrote_it():
    headers = {"Retry-After": "Mon, 21 Sep 2026 14:13:50 GMT", "Date": "Mon, 21 Sep 2026 14:13:45 GMT"}
    assert retry_after(headers, NOW) == 5.0
    assert retry_after({**headers, "Date": "today"}, NOW) == 30.0
