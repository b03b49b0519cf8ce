"""What the service's client and the downloads share of HTTP, and what it relies on in requests and urllib3.

Where one of these fails with a new version of them, `ltxv_nb.http_client` has to follow.
"""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
from types import SimpleNamespace

import pytest
import requests
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ltxv_nb import http_client
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


# -- bounded answers ---------------------------------------------------------------------------------------


class Script:
    """A socket that hands out what it is told to, each piece after some seconds of a clock that costs none."""

    def __init__(self, clock, *pieces):
        self.clock, self.pieces, self.timeouts = clock, list(pieces), []

    def settimeout(self, seconds):
        self.timeouts.append(seconds)

    def makefile(self, _mode, buffering):
        assert buffering == 0
        return self

    def readinto(self, buffer):
        if not self.pieces:
            return 0
        seconds, data = self.pieces.pop(0)
        if self.timeouts[-1] is not None and seconds >= self.timeouts[-1]:
            self.clock.now += self.timeouts[-1]
            raise TimeoutError("timed out")
        self.clock.now += seconds
        buffer[: len(data)] = data
        return len(data)

    def close(self):
        pass


@pytest.fixture
def read(monkeypatch):
    """Read an answer of which the pieces come after so many seconds; returns it, its body, and the connection."""
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(http_client, "time", clock)

    def read_answer(*pieces, whole=True, kept=True, seconds=30.0):
        exchange = http_client._Exchange(whole, kept)
        exchange.restart(seconds)
        answer = http_client.BoundedResponse(exchange, Script(clock, *pieces), method="GET")
        answer.begin()
        body = b""
        while piece := answer.read1(100):
            body += piece
        answer.close()
        return answer, body, exchange

    read_answer.clock = clock
    return read_answer


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def test_an_answer_may_take_its_time_in_all_and_no_longer(read):
    answer, body, _ = read((29.0, HEAD + b"{"), (0.9, b"}"))
    assert (answer.status, body) == (200, b"{}")
    with pytest.raises(TimeoutError):
        read((29.0, HEAD + b"{"), (1.1, b"}"))


@pytest.mark.parametrize("whole", [True, False])
def test_a_byte_a_second_does_not_put_the_end_off(read, whole):
    begun = read.clock.now
    with pytest.raises(TimeoutError):
        read(*[(1.0, b"H"[:1])] * 1000, whole=whole)
    assert read.clock.now - begun <= 30.0


def test_each_piece_of_a_video_has_its_own_time(read):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    _, body, _ = read((1.0, head), *[(20.0, b"x" * 10)] * 10, whole=False)
    assert len(body) == 100
    with pytest.raises(TimeoutError):
        read(
            (1.0, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), *[(5.0, b"0")] * 10, whole=False
        )


def test_without_seconds_an_answer_is_waited_for_without_end(read):
    assert read((1e6, HEAD + b"{}"), seconds=None)[1] == b"{}"


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_answers_are_skipped(read, status):
    hints = f"HTTP/1.1 {status} Hints\r\nLink: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n".encode()
    answer, body, exchange = read((0.0, hints * http_client.MAX_INTERIM + HEAD + b"{}"))
    assert (answer.status, body) == (200, b"{}")
    assert not answer.will_close
    assert not exchange.surplus
    assert "Link" not in answer.headers


def test_interim_answers_without_end_are_no_answer(read):
    hints = b"HTTP/1.1 103 Hints\r\n\r\n" * (http_client.MAX_INTERIM + 1)
    with pytest.raises(http.client.HTTPException, match="too many interim"):
        read((0.0, hints + HEAD + b"{}"))


def test_another_protocol_that_nobody_asked_for_ends_the_connection(read):
    answer, body, _ = read((0.0, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nrest"))
    assert (answer.status, body) == (101, b"")
    assert answer.will_close


@pytest.mark.parametrize("rest", [b"x", HEAD + b"{}", b"x" * 5000])
def test_what_comes_after_an_answer_ends_the_connection(read, rest):
    _, body, exchange = read((0.0, HEAD + b"{}" + rest))
    assert body == b"{}"
    assert exchange.surplus
    assert not read((0.0, HEAD + b"{}"))[2].surplus


def test_a_connection_that_is_not_kept_closes_after_its_answer(read):
    assert read((0.0, HEAD + b"{}"), kept=False)[0].will_close
    assert not read((0.0, HEAD + b"{}"), kept=True)[0].will_close


def test_decrypted_bytes_that_wait_unread_end_a_connection():
    class Kept(BoundedConnection, HTTPConnection):
        pass

    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Kept("127.0.0.1")
        connection.sock = SimpleNamespace(fileno=ours.fileno, pending=lambda: waiting)
        waiting = 0
        assert connection.is_connected
        waiting = 1
        assert not connection.is_connected
        connection.sock = None


def test_an_answer_is_made_by_its_connection_which_knows_by_then_how_long_it_may_take(port):
    events = []

    class Noting:
        def getresponse(self):
            events.append(("getresponse", self.timeout))
            return super().getresponse()

        @property
        def response_class(self):
            def make(sock, *args, **options):
                events.append(("response_class", sock is self.sock))
                return made(sock, *args, **options)

            made = super().response_class
            return make

    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", ConnectionAdapter(Noting))
        assert session.get(f"http://127.0.0.1:{port}/", timeout=(3, 5)).content == b"{}"
    assert events == [("getresponse", 5), ("response_class", True)]


@pytest.mark.parametrize(("kept", "connections"), [(True, 1), (False, 3)])
def test_a_connection_is_used_again_only_where_it_may_be(noted, port, kept, connections):
    session, events = noted
    session.get_adapter("http://")._mixin.kept = kept
    for _ in range(3):
        assert session.get(f"http://127.0.0.1:{port}/", timeout=5).content == b"{}"
    assert events.count("connect") == connections
