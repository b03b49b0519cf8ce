"""Strangers at the sandbox's port, in its home, and in its place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time

import psutil
import pytest
from protocol.sandbox_process import PATH, Sandbox
from tornado import web
from tornado.netutil import bind_sockets

import ltxv_nb
from ltxv_nb.errors import LTXVError
from ltxv_nb.sandbox.server import connections

ROUTES = [
    PATH,
    "/health",
    "/v2/billing",
    "/v2/billing/transactions",
    "/v2/usage/detail",
    "/v2/logs",
    "/v1/models",
    "/models/metrics",
    "/files/a/b.mp4",
    "/nowhere",
]
posix = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="there are no owners of files")
root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    running = Sandbox(tmp_path_factory.mktemp("home"), "--fast")
    yield running
    assert running.stop()[0] == 0


def head(sandbox, line, *more, host=None, token=None):
    """Return the head of a request."""
    lines = [f"{line} HTTP/1.1", f"Host: {host or '127.0.0.1:' + str(sandbox.facts['port'])}", *more]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


def connect(sandbox, timeout=5.0):
    return socket.create_connection(("127.0.0.1", sandbox.facts["port"]), timeout=timeout)


def status_of(connection):
    """Return the status of the first answer on a connection, without waiting for more than its first line."""
    answer = b""
    while b"\r\n" not in answer:
        block = connection.recv(4096)
        assert block, "closed without an answer"
        answer += block
    return int(answer.split()[1])


def memory(sandbox):
    return psutil.Process(sandbox.process.pid).memory_info().rss


@pytest.mark.parametrize("more", ["Content-Length: 30000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(("host", "status"), [(None, 401), ("evil.example", 421)])
def test_a_stranger_is_refused_before_the_body_is_read(sandbox, host, status, more):
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox, f"POST {PATH}", more, host=host))
        assert status_of(connection) == status, "answered though not a byte of the body was sent"


def test_who_asks_whether_to_go_on_is_refused_and_not_told_to(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox, f"POST {PATH}", "Content-Length: 30000000", "Expect: 100-continue"))
        assert status_of(connection) == 401
    with connect(sandbox) as connection:
        ask = head(
            sandbox,
            f"POST {PATH}",
            "Content-Length: 2",
            "Expect: 100-continue",
            token=sandbox.facts["token"],
        )
        connection.sendall(ask)
        assert status_of(connection) == 100


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "BREW"])
def test_no_route_and_no_method_takes_a_long_body(sandbox, path, method):
    with connect(sandbox) as connection:
        connection.sendall(
            head(sandbox, f"{method} {path}", "Content-Length: 33554433", token=sandbox.facts["token"])
        )
        assert 400 <= status_of(connection) < 500, "answered though not a byte of the body was sent"


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_in_chunks_is_limited_as_well_and_not_kept(sandbox, path):
    before = memory(sandbox)
    chunk = b"100000\r\n" + bytes(0x100000) + b"\r\n"
    with connect(sandbox, 20) as connection, contextlib.suppress(OSError):
        connection.sendall(head(sandbox, f"PUT {path}", "Transfer-Encoding: chunked"))
        for _ in range(200):
            connection.sendall(chunk)
    assert memory(sandbox) - before < 24e6
    assert sandbox.get("/health").status_code == 200


def test_a_refusal_arrives_although_the_body_is_still_being_sent(sandbox):
    for _ in range(5):
        answer = sandbox.session.post(sandbox.base + PATH, data=bytes(20 << 20), timeout=20)
        assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/health", "/v1/models"])
def test_a_path_for_everybody_waits_for_a_body_no_longer(sandbox, path):
    with connect(sandbox, 20) as connection:
        connection.sendall(head(sandbox, f"GET {path}", "Transfer-Encoding: chunked"))
        began = time.monotonic()
        assert connection.recv(4096) == b""
        assert time.monotonic() - began < 10


def test_a_length_of_thousands_of_digits_is_too_long_and_no_failure(sandbox):
    with connect(sandbox) as connection:
        connection.sendall(head(sandbox, "POST /v2/billing", f"Content-Length: {'9' * 5000}"))
        assert 400 <= status_of(connection) < 500


def test_a_body_that_never_comes_holds_a_stranger_only_for_seconds(sandbox):
    with connect(sandbox, 20) as connection:
        connection.sendall(head(sandbox, f"POST {PATH}", "Content-Length: 30000000"))
        began = time.monotonic()
        while connection.recv(4096):
            pass
        assert time.monotonic() - began < 10


def test_a_thousand_strangers_do_not_keep_the_user_out(sandbox):
    token = sandbox.facts["token"]
    with contextlib.ExitStack() as stack:
        mine = stack.enter_context(connect(sandbox))
        mine.sendall(head(sandbox, "GET /v2/billing", token=token))
        assert status_of(mine) == 200
        for _ in range(1000):
            stack.enter_context(connect(sandbox)).sendall(b"GET / HTTP/1.1\r\nHost")
        assert sandbox.get("/v2/billing").status_code == 200
        held = psutil.Process(sandbox.process.pid).net_connections("tcp")
        assert sum(one.status == psutil.CONN_ESTABLISHED for one in held) <= connections.MAX_CONNECTIONS
        mine.sendall(head(sandbox, "GET /v2/billing", token=token))
        assert status_of(mine) == 200, "a connection that has shown the token stays"


_IMPOSTOR = """
import json, os, socket
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
# All that can be known without the token: what the sandbox says to everybody, and what is in the file.
body = json.dumps({"ok": True, "pid": os.getpid(), "service": "ltxv-nb sandbox"})
head = f"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
while True:
    connection, _ = server.accept()
    connection.settimeout(2)
    try:
        print(connection.recv(65536), flush=True)
        connection.sendall((head + body).encode())
    except OSError:
        pass
    connection.close()
"""


@contextlib.contextmanager
def impostor(folder):
    """Let another process stand where a `service.json` says that the sandbox is; yield its port and all it got."""
    process = subprocess.Popen([sys.executable, "-c", _IMPOSTOR], stdout=subprocess.PIPE, text=True)

    def received():
        process.kill()
        return process.stdout.read()

    try:
        port = int(process.stdout.readline())
        folder.mkdir(parents=True, mode=0o700)
        facts = {"port": port, "pid": process.pid, "token": "the-token-of-the-dead", "version": "0.1"}
        (folder / "service.json").write_text(json.dumps(facts))
        (folder / "service.json").chmod(0o600)
        yield port, received
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def submit(tmp_path):
    """Submit a request to the sandbox of a home, as a notebook does; the sandbox is ended afterwards."""
    home = tmp_path / "home"

    def go():
        with ltxv_nb.Client(home=home, output_dir=tmp_path, backend="sandbox") as client:
            client.submit("A boat", duration=6)
            return client.api._service.base_url

    yield go
    file = home / "sandbox" / "service.json"
    if file.exists() and not file.is_symlink():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(json.loads(file.read_text())["pid"])
            process.terminate()
            process.wait(10)


def test_a_process_that_took_the_port_of_a_dead_sandbox_gets_neither_token_nor_prompt(tmp_path, submit):
    with impostor(tmp_path / "home" / "sandbox") as (port, received):
        assert submit() != f"http://127.0.0.1:{port}", "the real one was started"
        got = received()
        assert "the-token-of-the-dead" not in got
        assert "A boat" not in got


@root
def test_a_file_that_another_user_wrote_is_refused_and_nothing_is_sent_there(tmp_path, submit):
    with impostor(tmp_path / "home" / "sandbox") as (_port, received):
        os.chown(tmp_path / "home" / "sandbox" / "service.json", 12345, 12345)
        with pytest.raises(LTXVError, match="belongs to another user"):
            submit()
        assert received() == ""


@posix
def test_a_file_that_others_can_write_is_refused_and_nothing_is_sent_there(tmp_path, submit):
    with impostor(tmp_path / "home" / "sandbox") as (_port, received):
        (tmp_path / "home" / "sandbox" / "service.json").chmod(0o666)
        with pytest.raises(LTXVError, match="can be written by other users"):
            submit()
        assert received() == ""


@posix
def test_a_linked_file_is_refused_and_nothing_is_sent_there(tmp_path, submit):
    with impostor(tmp_path / "theirs") as (_port, received):
        (tmp_path / "home" / "sandbox").mkdir(parents=True, mode=0o700)
        (tmp_path / "home" / "sandbox" / "service.json").symlink_to(tmp_path / "theirs" / "service.json")
        with pytest.raises(LTXVError, match="symbolic link"):
            submit()
        assert received() == ""


@root
def test_a_home_whose_sandbox_belongs_to_another_user_is_refused_by_both_sides(tmp_path, submit):
    home = tmp_path / "home"
    (home / "sandbox").mkdir(parents=True)
    os.chown(home / "sandbox", 12345, 12345)
    with pytest.raises(LTXVError, match="belongs to another user"):
        submit()
    ended = subprocess.run(
        [sys.executable, "-m", "ltxv_nb.sandbox", "--home", home],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert re.fullmatch(r"The folder .* belongs to another user.*\.\n", ended.stderr)


def test_a_refused_request_without_a_body_leaves_the_connection_usable(sandbox):
    with connect(sandbox) as connection:
        for _ in range(50):
            connection.sendall(head(sandbox, "GET /v2/billing"))
            assert status_of(connection) == 401


@pytest.mark.parametrize(
    "sent", [b"GET / HTT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"]
)
def test_headers_and_bodies_that_never_end_are_given_up(monkeypatch, sent):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.3)

    async def wait_for_the_end():
        server = connections.new_server(web.Application())
        (listening,) = bind_sockets(0, "127.0.0.1")
        server.add_socket(listening)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(sent)
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()
            server.stop()

    assert asyncio.run(wait_for_the_end()) == b"", "closed without an answer"
