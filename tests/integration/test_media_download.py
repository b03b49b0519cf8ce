"""Promises of `ltxv_nb.media.download`, kept over real HTTP against a host that misbehaves."""

from __future__ import annotations

import http.server
import json
import random
import shutil
import socket
import sys
import threading
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.address import AddressRefused
from ltxv_nb.media.download import Stopped, download
from ltxv_nb.media.host_reply import AddressExpired
from ltxv_nb.media.part import DiskFull, finish

BODY = random.Random(7).randbytes(300_000)
ETAG = '"v1"'


def serve(
    body=BODY,
    *,
    etag=ETAG,
    modified=None,
    ranged=True,
    stop_after=None,
    length=True,
    chunked=False,
    kind="video/mp4",
):
    """An answer with the file, or with a part of it; broken off after some bytes if so asked."""

    def answer(request):
        start = 0
        wanted = request.headers.get("Range")
        valid = request.headers.get("If-Range") in {etag, modified, None}
        if wanted and ranged and valid:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(body):
                request.send_response(416)
                request.send_header("Content-Range", f"bytes */{len(body)}")
                request.send_header("Content-Length", "0")
                return request.end_headers()
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(200)
        for name, value in (("ETag", etag), ("Last-Modified", modified), ("Content-Type", kind)):
            if value:
                request.send_header(name, value)
        rest = body[start:]
        if chunked:
            request.send_header("Transfer-Encoding", "chunked")
        elif length:
            request.send_header("Content-Length", str(len(rest) if length is True else length))
        request.end_headers()
        sent = rest if stop_after is None else rest[:stop_after]
        if chunked:
            for at in range(0, len(sent), 50_000):
                piece = sent[at : at + 50_000]
                request.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if stop_after is None:
                request.wfile.write(b"0\r\n\r\n")
        else:
            request.wfile.write(sent)
        return None

    return answer


def status(code, body=b"", **headers):
    def answer(request):
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.close_connection = True
        script = self.server.script
        self.server.seen.append(self)
        (script.pop(0) if len(script) > 1 else script[0])(self)

    def log_message(self, *_args):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_args):
        pass  # The client hung up, as some of these tests have it do.


@pytest.fixture(scope="module")
def server():
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def host(server):
    """A host that gives the scripted answers in turn, the last one again and again."""

    def script(*answers):
        server.script, server.seen = list(answers), []
        return f"http://127.0.0.1:{server.server_port}/clip.mp4?signature=SECRET"

    return SimpleNamespace(script=script, port=server.server_port, asked=lambda: server.seen)


@pytest.fixture
def fetch(tmp_path):
    part = tmp_path / "clip.mp4.part"
    slept = []

    def run(url, *, api_is_public=False, sleep=slept.append, **options):
        download(url, part, api_is_public=api_is_public, sleep=sleep, **options)
        return part.read_bytes()

    run.part, run.slept, run.folder = part, slept, tmp_path
    return run


def test_a_video_arrives_whole(host, fetch):
    told = []
    assert fetch(host.script(serve()), progress=lambda *step: told.append(step)) == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert fetch.slept == []


def test_a_break_is_continued_where_it_happened(host, fetch):
    assert fetch(host.script(serve(stop_after=100_000), serve())) == BODY
    first, second = host.asked()
    assert "Range" not in first.headers
    assert second.headers["Range"] == "bytes=100000-"
    assert second.headers["If-Range"] == ETAG
    assert sum(fetch.slept) == 1


def test_another_run_continues_what_an_earlier_one_left(host, fetch):
    url = host.script(serve(stop_after=100_000), status(503))
    with pytest.raises(DownloadError, match=r"answered HTTP 503 \(tried 4 times\)"):
        fetch(url, tries=4)
    host.script(serve())
    assert fetch(url) == BODY
    assert host.asked()[0].headers["Range"] == "bytes=100000-"


def test_a_host_without_ranges_is_asked_for_everything_again(host, fetch):
    assert fetch(host.script(serve(stop_after=100_000), serve(ranged=False))) == BODY
    assert len(host.asked()) == 2


def test_without_anything_that_names_the_version_the_download_starts_over(host, fetch):
    assert fetch(host.script(serve(etag=None, stop_after=100_000), serve(etag=None))) == BODY
    assert "Range" not in host.asked()[1].headers


def test_a_weak_etag_is_not_trusted_to_continue(host, fetch):
    assert fetch(host.script(serve(etag='W/"v1"', stop_after=100_000), serve(etag='W/"v1"'))) == BODY
    assert "Range" not in host.asked()[1].headers


def test_the_time_of_change_is_enough_to_continue(host, fetch):
    day = "Tue, 18 Nov 2025 10:00:00 GMT"
    script = (serve(etag=None, modified=day, stop_after=100_000), serve(etag=None, modified=day))
    assert fetch(host.script(*script)) == BODY
    assert host.asked()[1].headers["If-Range"] == day


def test_a_file_that_changed_midway_is_never_mixed_with_the_old_one(host, fetch):
    other = random.Random(8).randbytes(200_000)
    assert fetch(host.script(serve(stop_after=100_000), serve(other, etag='"v2"'))) == other


def test_a_host_that_continues_another_file_is_not_believed(host, fetch):
    other = random.Random(8).randbytes(200_000)

    def careless(request):
        del request.headers["If-Range"]
        serve(other, etag='"v2"')(request)

    assert fetch(host.script(serve(stop_after=100_000), careless, serve(other, etag='"v2"'))) == other


def test_a_host_that_continues_at_the_wrong_place_is_not_believed(host, fetch):
    def shifted(request):
        request.headers.replace_header("Range", "bytes=5-")
        serve()(request)

    assert fetch(host.script(serve(stop_after=100_000), shifted, serve())) == BODY


def test_a_part_that_is_longer_than_the_file_is_dropped(host, fetch):
    url = host.script(serve(stop_after=100_000), status(416), serve())
    assert fetch(url) == BODY
    assert "Range" not in host.asked()[2].headers


def test_a_part_that_is_complete_needs_no_network(host, fetch):
    url = host.script(serve(), status(403))
    fetch(url)
    assert fetch(url) == BODY
    assert len(host.asked()) == 1


def test_a_file_that_comes_in_chunks_arrives_whole(host, fetch, server, monkeypatch):
    monkeypatch.setattr(Handler, "protocol_version", "HTTP/1.1")
    assert fetch(host.script(serve(chunked=True, stop_after=100_000), serve(chunked=True))) == BODY


def test_a_file_without_a_length_arrives(host, fetch):
    assert fetch(host.script(serve(length=False))) == BODY


def test_a_length_that_is_never_reached_is_not_a_whole_file(host, fetch):
    with pytest.raises(DownloadError, match=r"connection to 127\.0\.0\.1 broke off midway"):
        fetch(host.script(serve(length=400_000, etag=None)))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_an_address_that_ran_out_asks_for_a_fresh_one(host, fetch, code):
    with pytest.raises(AddressExpired, match=f"HTTP {code}"):
        fetch(host.script(status(code, b'{"message":"expired"}')))
    assert len(host.asked()) == 1


def test_an_address_that_ran_out_midway_keeps_the_part(host, fetch):
    url = host.script(serve(stop_after=100_000), status(403))
    with pytest.raises(AddressExpired):
        fetch(url)
    host.script(serve())
    assert fetch(url.replace("SECRET", "FRESH")) == BODY
    assert host.asked()[0].headers["Range"] == "bytes=100000-"


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
def test_a_host_that_is_unwell_is_asked_again(host, fetch, code):
    assert fetch(host.script(status(code, b"<html>oops"), serve())) == BODY
    assert sum(fetch.slept) == 1


def test_a_host_may_say_how_long_to_wait_but_not_forever(host, fetch):
    date, later = "Tue, 18 Nov 2025 10:00:00 GMT", "Tue, 18 Nov 2025 10:00:07 GMT"

    def dated(request):
        request.date_time_string = lambda *_: date
        status(503, Retry_After=later)(request)

    assert (
        fetch(host.script(status(503, Retry_After="3"), dated, status(429, Retry_After="999999"), serve()))
        == BODY
    )
    assert sum(fetch.slept) == 3 + 7 + 60


def test_too_many_failures_end_in_one_sentence_without_the_signature(host, fetch):
    with pytest.raises(DownloadError) as caught:
        fetch(host.script(status(503)), tries=3)
    assert str(caught.value) == (
        "The video could not be downloaded: 127.0.0.1 answered HTTP 503 (tried 3 times). Resume to try again."
    )
    assert len(host.asked()) == 3


def test_a_host_that_is_gone_is_told_without_the_signature(fetch):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(DownloadError, match=r"the connection to 127\.0\.0\.1 failed") as caught:
        fetch(f"http://127.0.0.1:{port}/a.mp4?signature=SECRET")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("text/html", b"<!doctype html><title>Sign in</title>"),
        ("video/mp4", b"\n  <html><body>Sign in to the portal</body></html>"),
        ("application/json", b'{"error": "sign in"}'),
        ("video/mp4", b'{"error": "sign in"}'),
        ("application/xml; charset=utf-8", b"<Error><Code>sign in</Code></Error>"),
    ],
)
def test_a_page_instead_of_the_video_is_recognised(host, fetch, kind, page):
    with pytest.raises(DownloadError, match=r"answered with a page instead of the video \(.*[Ss]ign in"):
        fetch(host.script(serve(page, kind=kind)))
    assert not fetch.part.exists()


def test_a_real_video_with_a_wrong_label_is_taken(host, fetch):
    video = b"\x00\x00\x00\x18ftypisom" + BODY
    assert fetch(host.script(serve(video, kind="text/plain"))) == video


def test_an_empty_file_is_no_video(host, fetch):
    with pytest.raises(DownloadError, match="empty file"):
        fetch(host.script(serve(b"")))


def test_a_compressed_file_is_refused(host, fetch):
    with pytest.raises(DownloadError, match="compresses it"):
        fetch(host.script(status(200, b"\x1f\x8b", Content_Encoding="gzip")))
    assert host.asked()[0].headers["Accept-Encoding"] == "identity"


def test_redirects_are_followed(host, fetch):
    url = host.script(status(302, Location="/a"), status(307, Location="b?x=1"), serve())
    assert fetch(url) == BODY
    assert [request.path for request in host.asked()][1:] == ["/a", "/b?x=1"]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://v.example/a", "http://u:p@127.0.0.1/", "data:,x"]
)
def test_a_redirect_out_of_http_is_refused(host, fetch, location):
    with pytest.raises(AddressRefused):
        fetch(host.script(status(302, Location=location)))


def test_redirects_that_never_end_are_left(host, fetch):
    with pytest.raises(DownloadError, match="redirects more than 5 times"):
        fetch(host.script(status(302, Location="/again")))
    assert len(host.asked()) == 6


def test_a_redirect_to_nowhere_is_told(host, fetch):
    with pytest.raises(DownloadError, match="redirects to nowhere"):
        fetch(host.script(status(302)))


@pytest.fixture
def named(monkeypatch):
    """Let the name videos.example lead to this machine, whatever it was checked as."""
    monkeypatch.setenv("NO_PROXY", "videos.example")
    real = socket.getaddrinfo

    def fake(name, *args, **options):
        return real("127.0.0.1" if name == "videos.example" else name, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return lambda *_args, **_options: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_changes_its_number_after_the_check_is_caught_before_anything_is_sent(
    host, fetch, named, scheme
):
    url = host.script(serve()).replace("127.0.0.1", "videos.example").replace("http", scheme, 1)
    with pytest.raises(AddressRefused, match=r"leads to videos\.example, inside"):
        fetch(url, api_is_public=True, resolve=named)
    assert host.asked() == []


def test_a_name_that_keeps_its_number_is_fetched_from(host, fetch, named, monkeypatch):
    monkeypatch.setattr("ltxv_nb.media.address.is_global", lambda _number: True)
    url = host.script(serve()).replace("127.0.0.1", "videos.example")
    assert fetch(url, api_is_public=True, resolve=named) == BODY


def test_a_redirect_inside_is_refused_while_the_service_is_public(host, fetch, named):
    import requests

    url = host.script(status(302, Location=f"http://127.0.0.1:{host.port}/private"))
    url = url.replace("127.0.0.1", "videos.example")
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        fetch(url, api_is_public=True, resolve=named, session_factory=requests.Session)
    assert len(host.asked()) == 1


def test_no_password_file_is_read(host, fetch, named, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine videos.example login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert fetch(host.script(serve()).replace("127.0.0.1", "videos.example")) == BODY
    assert "Authorization" not in host.asked()[0].headers


def test_this_machine_is_reached_past_any_proxy(host, fetch, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch(host.script(serve())) == BODY


def test_a_proxy_is_used_and_not_taken_for_a_way_inside(host, fetch, monkeypatch):
    host.script(serve())
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{host.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert fetch("http://videos.invalid/a.mp4", api_is_public=True) == BODY
    assert host.asked()[0].path == "http://videos.invalid/a.mp4"


def test_a_video_that_is_too_large_is_not_begun(host, fetch):
    with pytest.raises(DownloadError, match=r"larger than 0\.1 MB"):
        fetch(host.script(serve()), max_bytes=100_000)
    assert not fetch.part.exists()


def test_a_video_that_never_ends_is_cut_off_and_dropped(host, fetch):
    with pytest.raises(DownloadError, match=r"larger than 0\.1 MB"):
        fetch(host.script(serve(length=False)), max_bytes=100_000)
    assert not fetch.part.exists()


def test_a_connection_that_crawls_counts_as_broken(host, fetch):
    ticking = iter(range(0, 10_000_000, 100))
    with pytest.raises(DownloadError, match="too slowly"):
        fetch(host.script(serve(b"\x00" * 600)), clock=lambda: next(ticking), tries=2)


def test_a_host_that_falls_silent_is_left(host, fetch):
    release = threading.Event()

    def silent(request):
        serve(stop_after=1000)(request)
        request.wfile.flush()
        release.wait(20)

    url = host.script(silent, serve())
    try:
        assert fetch(url, timeout=(5, 0.3)) == BODY
    finally:
        release.set()


def test_a_download_stops_when_asked_and_is_continued_later(host, fetch):
    asked = iter([False, False, True])
    url = host.script(serve())
    with pytest.raises(Stopped):
        fetch(url, should_stop=lambda: next(asked))
    assert fetch(url) == BODY


def test_a_pause_between_tries_ends_when_asked(host, fetch):
    stop = threading.Event()

    def sleep(_seconds):
        stop.set()

    with pytest.raises(Stopped):
        fetch(host.script(status(503, Retry_After="60")), should_stop=stop.is_set, sleep=sleep)


def test_a_disk_without_room_is_told_before_anything_is_written(host, fetch, monkeypatch):
    usage = shutil.disk_usage(fetch.folder)._replace(free=20_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(
        DiskFull, match=r"has 20\.0 MB free, and the video needs 33\.9 MB\. Make room, then resume"
    ):
        fetch(host.script(serve()))
    assert list(fetch.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are a Unix matter")
def test_a_disk_that_fills_up_midway_leaves_no_half_file(host, fetch):
    import resource

    url = host.script(serve(BODY * 40))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, before[1]))
    try:
        with pytest.raises(DiskFull, match=r"does not fit on the disk under .* Make room, then resume"):
            fetch(url)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(fetch.folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(host, tmp_path):
    blocked = tmp_path / "not a folder"
    blocked.write_text("")
    with pytest.raises(DownloadError, match=r"cannot be written to .*not a folder"):
        download(host.script(serve()), blocked / "clip.part", api_is_public=False)


def test_a_damaged_note_beside_the_part_only_costs_the_part(host, fetch):
    for note in ("", "[]", '{"validator": 5, "total": "x"}', "\ufffd{"):
        fetch.part.write_bytes(b"old")
        fetch.part.with_name(fetch.part.name + ".json").write_text(note, "utf-8")
        assert fetch(host.script(serve())) == BODY


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 300_000),
            st.booleans(),
            st.sampled_from([ETAG, None, 'W/"v1"']),
            st.sampled_from([200, 503]),
        ),
        max_size=3,
    )
)
def test_however_often_it_breaks_the_file_is_the_file(host, fetch, breaks):
    answers = [
        status(503) if code == 503 else serve(stop_after=after, ranged=ranged, etag=etag)
        for after, ranged, etag, code in breaks
    ]
    fetch.part.unlink(missing_ok=True)
    assert fetch(host.script(*answers, serve())) == BODY


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for number in range(25):
            frame = av.VideoFrame.from_image(Image.new("RGB", (96, 64), (number * 9, 60, 90)))
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path.read_bytes()


def test_a_finished_video_gets_its_name_and_leaves_nothing_else(host, fetch, clip):
    fetch(host.script(serve(clip)))
    final = fetch.folder / "2025-11-20 été.mp4"
    facts = finish(fetch.part, final)
    assert (facts.width, facts.height, facts.duration, facts.size_bytes) == (96, 64, 1.0, len(clip))
    assert final.read_bytes() == clip
    assert list(fetch.folder.iterdir()) == [final]


@pytest.mark.parametrize("harm", [lambda clip: clip[:-100], lambda clip: BODY, lambda clip: b"<html>"])
def test_what_is_not_a_whole_video_never_gets_the_name(fetch, clip, harm):
    final = fetch.folder / "clip.mp4"
    fetch.part.write_bytes(harm(clip))
    fetch.part.with_name(fetch.part.name + ".json").write_text(json.dumps({"validator": ETAG, "total": 5}))
    with pytest.raises(DownloadError, match="Download it again"):
        finish(fetch.part, final)
    assert list(fetch.folder.iterdir()) == []


def test_a_name_that_is_taken_by_a_folder_keeps_the_video(fetch, clip):
    final = fetch.folder / "clip.mp4"
    final.mkdir()
    fetch.part.write_bytes(clip)
    with pytest.raises(DownloadError, match="cannot be saved as"):
        finish(fetch.part, final)
    assert fetch.part.read_bytes() == clip
