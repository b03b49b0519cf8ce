"""What is known of a request that got no answer, over real sockets on this machine."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from types import SimpleNamespace

import pytest
import requests
from fakes import KEY

from ltxv_nb.key import ApiKey
from ltxv_nb.service import transport
from ltxv_nb.service.bearer import BearerAuth

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def reset(connection):
    """Close so that the other side gets a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def read_request(connection):
    """Read one whole request; returns its bytes."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            return data
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class Peer:
    """A server on loopback that treats each connection as it is told, one after another."""

    def __init__(self, *acts):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(10)
        self.port = self.listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.connections = 0
        self.current: socket.socket | None = None
        self._acts = acts
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v2/video/generations"

    def _serve(self):
        for act in self._acts:
            with contextlib.suppress(OSError):
                connection, _ = self.listener.accept()
                connection.settimeout(10)
                self.connections += 1
                self.current = connection
                with connection:
                    act(self, connection)

    def answer(self, connection, reply=OK):
        self.requests.append(read_request(connection))
        connection.sendall(reply)

    def close(self):
        if self.listener.fileno() < 0:
            return  # a test has closed it already
        self.listener.settimeout(0)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass  # wakes it up, where it still waits for a connection
        if self.current is not None:
            with contextlib.suppress(OSError):
                self.current.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self.listener.close()


@pytest.fixture
def peer():
    peers = []

    def start(*acts):
        peers.append(Peer(*acts))
        return peers[-1]

    yield start
    for one in peers:
        one.close()


@pytest.fixture
def session():
    with transport.new_session("127.0.0.1") as made:
        yield made


@pytest.fixture
def reads():
    """A session for reads, which keeps its connections."""
    with transport.new_session("127.0.0.1", reads_only=True) as made:
        yield made


def failure(session, url, **options):
    """Send a request that fails; returns whether it is certain that nothing was sent, and the error."""
    transport.forget_progress()
    with pytest.raises(requests.RequestException) as caught:
        session.post(url, timeout=(2, 2), **{"json": {"prompt": "x"}, **options})
    return transport.never_sent(caught.value), caught.value


def test_a_refused_connection_means_that_nothing_was_sent(session):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert failure(session, f"http://127.0.0.1:{port}/")[0] is True


def test_a_name_that_is_not_found_means_that_nothing_was_sent(session, monkeypatch):
    def fail(*_args, **_options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert failure(session, "http://nowhere.test/")[0] is True


def test_a_connection_that_is_not_answered_means_that_nothing_was_sent(session, monkeypatch):
    def fail(*_args, **_options):
        raise TimeoutError("timed out")

    monkeypatch.setattr("urllib3.util.connection.create_connection", fail)
    assert failure(session, "http://127.0.0.1:9/")[0] is True


def test_a_failed_tls_handshake_means_that_nothing_was_sent(session, peer):
    plain = peer(lambda one, connection: connection.recv(10) and connection.sendall(b"not TLS at all\r\n"))
    assert failure(session, plain.url.replace("http:", "https:"))[0] is True


def test_a_reset_during_the_tls_handshake_means_that_nothing_was_sent(session, peer):
    gone = peer(lambda one, connection: connection.recv(10) and reset(connection))
    assert failure(session, gone.url.replace("http:", "https:"))[0] is True


def test_a_proxy_that_refuses_the_tunnel_means_that_nothing_was_sent(peer):
    proxy = peer(
        lambda one, connection: one.answer(connection, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    )
    with transport.new_session("api.example.test") as session:
        session.proxies = {"https": f"http://127.0.0.1:{proxy.port}"}
        assert failure(session, "https://api.example.test/")[0] is True
    assert proxy.requests[0].startswith(b"CONNECT ")


def test_a_request_that_cannot_be_put_together_was_never_sent(session):
    assert failure(session, "nonsense://x")[0] is True
    assert failure(session, "http://")[0] is True
    assert failure(session, "http://127.0.0.1/", json={"prompt": float("nan")})[0] is True
    assert failure(session, "http://127.0.0.1/", headers={"X": "a\nb"})[0] is True


def test_a_reset_after_the_request_leaves_it_in_doubt(session, peer):
    def act(one, connection):
        one.requests.append(read_request(connection))
        reset(connection)

    taken = peer(act)
    assert failure(session, taken.url)[0] is False
    assert len(taken.requests) == 1


def test_a_reset_in_the_middle_of_the_request_leaves_it_in_doubt(session, peer):
    accepted = peer(lambda one, connection: connection.recv(1) and reset(connection))
    large = {"prompt": "x" * 4_000_000}
    assert failure(session, accepted.url, json=large)[0] is False


def test_silence_after_the_request_leaves_it_in_doubt(session, peer):
    waiting = threading.Event()
    silent = peer(lambda one, connection: waiting.wait(10))
    transport.forget_progress()
    with pytest.raises(requests.Timeout) as caught:
        session.post(silent.url, json={}, timeout=(2, 0.05))
    waiting.set()
    assert transport.never_sent(caught.value) is False


def test_an_answer_that_is_no_http_leaves_it_in_doubt(session, peer):
    garbled = peer(lambda one, connection: one.answer(connection, b"\x00\x01garbage\r\n\r\n"))
    assert failure(session, garbled.url)[0] is False


def test_an_earlier_failure_to_connect_says_nothing_of_the_next_request(session, peer):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert failure(session, f"http://127.0.0.1:{port}/")[0] is True

    def act(one, connection):
        one.requests.append(read_request(connection))
        reset(connection)

    assert failure(session, peer(act).url)[0] is False


def test_what_another_thread_sends_says_nothing_of_this_one(session, peer):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    transport.forget_progress()
    with pytest.raises(requests.ConnectionError) as caught:
        session.post(f"http://127.0.0.1:{port}/", json={})
    other = peer(Peer.answer)
    thread = threading.Thread(target=lambda: session.post(other.url, json={}, timeout=5))
    thread.start()
    thread.join()
    assert transport.never_sent(caught.value) is True


def test_in_every_doubt_it_may_have_been_sent():
    transport.forget_progress()
    assert transport.never_sent(KeyboardInterrupt()) is False
    assert transport.never_sent(requests.ConnectionError("anything")) is False
    assert transport.never_sent(requests.ReadTimeout()) is False


def write_past_send(connection, *_args, **_options):
    """What a new urllib3 might do: connect if need be, and write to the socket without `send`."""
    if connection.sock is None:
        connection.connect()
    connection.sock.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
    raise ConnectionResetError(104, "reset by peer")


def test_as_soon_as_there_is_a_connection_it_is_in_doubt_however_it_is_written_to(session, peer, monkeypatch):
    taken = peer(Peer.answer)
    monkeypatch.setattr("urllib3.connection.HTTPConnection.request", write_past_send)
    assert failure(session, taken.url)[0] is False


def test_a_connection_that_was_kept_is_in_doubt_from_the_beginning(reads, peer, monkeypatch):
    def twice(one, connection):
        one.answer(connection)
        one.answer(connection)

    server = peer(twice)
    reads.post(server.url, json={}, timeout=5)
    monkeypatch.setattr("urllib3.connection.HTTPConnection.request", write_past_send)
    assert failure(reads, server.url)[0] is False
    assert server.connections == 1


def test_a_kept_connection_that_breaks_and_cannot_be_made_anew_stays_in_doubt(reads, peer, monkeypatch):
    def fail_and_connect_again(connection, *_args, **_options):
        connection.close()
        connection.port = 1
        connection.connect()

    server = peer(Peer.answer)
    reads.post(server.url, json={}, timeout=5)
    monkeypatch.setattr("urllib3.connection.HTTPConnection.is_connected", True)
    monkeypatch.setattr("urllib3.connection.HTTPConnection.request", fail_and_connect_again)
    assert failure(reads, server.url)[0] is False


def test_a_request_whose_connection_is_made_without_our_knowledge_is_in_doubt(session, peer, monkeypatch):
    def around(connection, *_args, **_options):
        raise ConnectionResetError(104, "reset by peer")

    monkeypatch.setattr("urllib3.connection.HTTPConnection.request", around)
    assert failure(session, "http://127.0.0.1:9/")[0] is False


def test_an_idle_connection_that_cannot_be_made_anew_means_that_nothing_was_sent(reads, peer, monkeypatch):
    steady = SimpleNamespace(now=100.0)
    monkeypatch.setattr(transport, "time", SimpleNamespace(monotonic=lambda: steady.now))
    server = peer(Peer.answer)
    reads.post(server.url, json={}, timeout=5)
    server.close()
    steady.now += transport.MAX_IDLE + 0.1
    assert failure(reads, server.url)[0] is True


def test_a_failed_post_is_never_repeated_below_the_surface(session, peer):
    def act(one, connection):
        one.requests.append(read_request(connection))
        reset(connection)

    server = peer(act, act)
    failure(session, server.url)
    assert server.connections == 1


def test_each_paid_request_has_a_connection_of_its_own_which_is_closed_after_it(session, peer):
    closed = []

    def once(one, connection):
        one.answer(connection)
        closed.append(connection.recv(1))

    server = peer(once, once, once)
    for _ in range(3):
        session.post(server.url, json={}, timeout=5)
    server.close()
    assert server.connections == len(server.requests) == 3
    assert closed == [b""] * 3


def test_a_read_keeps_its_connection_and_does_not_use_an_idle_one_again(reads, peer, monkeypatch):
    def twice(one, connection):
        one.answer(connection)
        with contextlib.suppress(OSError):
            one.answer(connection)

    steady = SimpleNamespace(now=100.0)
    clock = SimpleNamespace(monotonic=lambda: steady.now, time=time.time)
    monkeypatch.setattr(transport, "time", clock)
    server = peer(twice, twice)
    reads.get(server.url, timeout=5)
    steady.now += transport.MAX_IDLE - 0.1
    reads.get(server.url, timeout=5)
    assert server.connections == 1
    steady.now += transport.MAX_IDLE + 0.1
    reads.get(server.url, timeout=5)
    assert server.connections == 2
    assert len(server.requests) == 3


def test_a_large_body_arrives_whole(session, peer):
    server = peer(Peer.answer)
    body = bytes(range(256)) * (3 * transport.SLICE // 256) + b"end"
    session.post(server.url, data=body, timeout=5)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == body


def test_the_netrc_file_is_not_consulted(peer, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("default login someone password from-netrc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = peer(Peer.answer, Peer.answer)
    for auth in (
        BearerAuth(None, server.url),
        BearerAuth(ApiKey(KEY), "https://other.test"),
    ):
        with transport.new_session("api.example.test") as session:
            session.get(server.url, auth=auth, timeout=5)
    assert all(b"authorization" not in request.lower() for request in server.requests)


def test_this_machines_own_services_are_not_asked_for_through_a_proxy(peer, monkeypatch):
    server = peer(Peer.answer)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with transport.new_session("127.0.0.1") as session:
        assert session.get(server.url, timeout=5).ok
    with transport.new_session("api.example.test") as session:
        assert session.trust_env


def test_cookies_are_not_kept(reads, peer):
    cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}"
    server = peer(lambda one, connection: (one.answer(connection, cookie), one.answer(connection)))
    reads.get(server.url, timeout=5)
    reads.get(server.url, timeout=5)
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example.test/v2/logs", True),
        ("https://api.example.test:443/v2/logs", True),
        ("https://API.example.test/v2/logs", True),
        ("http://api.example.test/v2/logs", False),
        ("https://api.example.test:8443/v2/logs", False),
        ("https://api.example.test.evil.test/", False),
        ("https://evil.test/?https://api.example.test/", False),
        ("https://api.example.test@evil.test/", False),
    ],
)
def test_the_key_goes_to_its_own_origin_and_nowhere_else(url, shown):
    prepared = requests.Request("GET", url).prepare()
    BearerAuth(ApiKey(KEY), "https://api.example.test")(prepared)
    assert ("Authorization" in prepared.headers) is shown
    assert KEY not in f"{prepared.url} {prepared.headers}"


def test_a_read_is_repeated_after_a_bad_answer_and_a_post_is_not():
    retries = transport.read_retries()
    assert retries.is_retry("GET", 503)
    assert not retries.is_retry("POST", 503)
    assert retries.total == 2


def test_a_read_does_not_wait_for_a_day_because_it_is_told_to():
    assert transport.read_retries().parse_retry_after("86400") == transport.LONGEST_RETRY_AFTER


def test_the_user_agent_says_who_we_are(session):
    assert session.headers["User-Agent"].startswith("ltxv-nb/")


def test_tls_is_verified(session):
    assert session.verify is True
    assert ssl.create_default_context().verify_mode == ssl.CERT_REQUIRED
