"""An answer that trickles ends in time, and whatever never ends leaves the threads to others."""

from __future__ import annotations

import socket
import threading
import time

import pytest
import requests
from faults.fast import assert_books_agree, wait_until
from faults.service import Fault

from ltxv_nb.errors import SubmissionUnknown
from ltxv_nb.service import transport

from .sockets import interim, proper, read_request, trickled

PROMPT = "A lighthouse at dusk"

#: Seconds between two bytes: less than any wait for the next one.
PACE = 0.1

#: Seconds within which everything ends here that has a deadline, on a busy machine too; what trickles never ends.
SOON = 20.0

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

#: What comes at once, and what then comes byte by byte, for ever.
TRICKLES = {
    "status line": (b"", b"HTTP/1.1 200 OK and so on"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: yes\r\n"),
    "interim answers": (b"", interim()),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
    "body without a length": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    "chunk sizes": (CHUNKED, b"0"),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: yes\r\n"),
}


def took(began):
    return time.monotonic() - began


@pytest.mark.parametrize(("head", "endless"), TRICKLES.values(), ids=TRICKLES)
def test_a_submission_whose_answer_trickles_is_unknown_in_time_and_found_in_the_log(
    service, client, head, endless
):
    service.logged = lambda _task: bool(appeared)
    appeared = []
    service.meet("submit", trickled(head, endless, PACE, bills=True))
    began = time.monotonic()
    with pytest.raises(SubmissionUnknown) as caught:
        client.submit(PROMPT)
    assert took(began) < SOON
    appeared.append(True)
    caught.value.job.result(SOON)
    assert service.prompts() == [PROMPT]
    assert len(service.requests("submit")) == 1
    assert_books_agree(client, service)


@pytest.mark.parametrize(("head", "endless"), TRICKLES.values(), ids=TRICKLES)
def test_a_poll_whose_answer_trickles_is_repeated(service, client, head, endless):
    service.meet("poll", *[trickled(head, endless, PACE)] * 2)
    began = time.monotonic()
    client.submit(PROMPT).result(SOON)
    assert took(began) < SOON
    assert_books_agree(client, service)


@pytest.mark.parametrize(
    ("head", "endless"),
    [
        TRICKLES["status line"],
        TRICKLES["headers"],
        TRICKLES["interim answers"],
        TRICKLES["chunk sizes"],
        (CHUNKED + b"1\r\n\0\r\n0\r\n", b"X-More: yes\r\n"),
    ],
    ids=["status line", "headers", "interim answers", "chunk sizes", "trailers"],
)
def test_a_download_whose_framing_trickles_is_begun_anew(service, client, head, endless):
    service.meet("video", *[trickled(head, endless, PACE)] * 2)
    began = time.monotonic()
    client.submit(PROMPT).result(SOON)
    assert took(began) < SOON
    assert_books_agree(client, service)


def slow_for(slow, head, endless):
    """Return the fault of trickling to some generations, and answering the others as it should be."""
    trickling = trickled(head, endless, PACE)

    def act(handler):
        mine = handler.query["generation_id"][0]
        (trickling.act if mine in slow else proper)(handler)

    return Fault("slow for some", act)


def test_six_jobs_whose_polls_trickle_do_not_starve_another(service, client, monkeypatch):
    monkeypatch.setattr("ltxv_nb.engine.tasks.SLOW_POLL", 0.3, raising=False)
    slow = set()
    service.always("poll", slow_for(slow, *TRICKLES["headers"]))
    service.polls_needed = 10**6
    stuck = [client.submit(f"Slow {number}") for number in range(6)]
    slow.update(job.generation_id for job in stuck)
    time.sleep(3)
    service.polls_needed = 5
    began = time.monotonic()
    healthy = client.submit(PROMPT)
    healthy.result(SOON)
    assert took(began) < SOON
    slow.clear()
    for job in stuck:
        job.result(SOON)
    assert_books_agree(client, service)


def test_downloads_that_never_end_from_one_host_do_not_stop_those_from_another(service, client):
    """They come fast enough to be no crawl, and would take for ever."""
    port, ended = service.base_url.rpartition(":")[2], threading.Event()

    def elsewhere(handler):
        name = handler.query["generation_id"][0]
        task = service.tasks[name]
        host = "localhost" if task.prompt.startswith("Slow") else "127.0.0.1"
        url = f"http://{host}:{port}/files/1/{name.partition(':')[0]}.mp4"
        handler.reply(200, {"id": name, "status": "completed", "video": {"url": url}})

    def endless(handler):
        if not handler.headers["Host"].startswith("localhost") or ended.is_set():
            proper(handler)
            return
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while not (ended.wait(0.05) or service.stopping.is_set()):
            handler.wfile.write(b"\0" * 8192)

    service.always("poll", Fault("elsewhere", elsewhere))
    service.always("video", Fault("endless", endless))
    stuck = [client.submit(f"Slow {number}") for number in range(7)]
    wait_until(lambda: len(service.requests("video")) >= 3)
    time.sleep(0.5)
    client.submit(PROMPT).result(60)  # the others end only afterwards
    assert len(service.requests("video")) == 4, "three from the slow host, and the good one"
    ended.set()
    for job in stuck:
        job.result(60)
    assert_books_agree(client, service)


def test_a_service_that_does_not_take_the_request_in_is_given_up_as_unknown(raw_server, monkeypatch):
    monkeypatch.setattr("ltxv_nb.http_client.SEND_SECONDS", 0.5)
    monkeypatch.setattr("ltxv_nb.http_client.SLOWEST_SEND", 1 << 30)

    def swallow(connection, number):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while not server.stopping.wait(0.05):
            connection.recv(100)

    server = raw_server(swallow)
    began = time.monotonic()
    with transport.new_session("127.0.0.1") as session:
        transport.forget_progress()
        with pytest.raises(requests.RequestException) as caught:
            session.post(server.base_url, data=b"x" * 20_000_000, timeout=(2, 2))
        assert transport.never_sent(caught.value) is False
    assert took(began) < SOON


def test_a_proxy_whose_answer_trickles_means_that_nothing_was_sent(raw_server):
    def act(connection, number):
        assert read_request(connection).method == "CONNECT"
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not server.stopping.wait(PACE):
            connection.sendall(b"X")

    server = raw_server(act)
    began = time.monotonic()
    with transport.new_session("api.example.test") as session:
        session.proxies = {"https": server.base_url}
        transport.forget_progress()
        with pytest.raises(requests.RequestException) as caught:
            session.post("https://api.example.test/", json={}, timeout=(0.5, 0.5))
        assert transport.never_sent(caught.value) is True
    assert took(began) < SOON
