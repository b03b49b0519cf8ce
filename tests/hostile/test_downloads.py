"""Whole means whole: what is cut, spoilt or mixed on its way is fetched again, and a paid clip is never lost."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest
from faults.fast import KEY
from faults.service import Fault

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.download import download
from ltxv_nb.media.player import player_html, player_text

from . import files
from .sockets import RawServer, answer, read_request

PROMPT = "A lighthouse in a storm"


def without_length(data):
    """Serve a file whose end is the end of the connection, so that a cut does not show."""

    def act(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n" + data)
        handler.close_connection = True

    return Fault("a file without its length", act)


def serves(data):
    """Serve a file as it should be."""
    return Fault("a file", lambda handler: handler.serve_file(data))


def made(client, **parameters):
    """Return a job that has ended, with its video or its error."""
    job = client.submit(PROMPT, **parameters)
    try:
        job.wait(60)
    except DownloadError:
        assert job.video is None
    return job


def left(client):
    """Return the names of what lies in the output folder, apart from the notes."""
    return sorted(path.name for path in client.output_dir.iterdir() if path.suffix != ".json")


FRAGMENTS = files.fragment_starts(files.fragmented())
HALVES = {
    "fragments, between two": files.fragmented()[: FRAGMENTS[3]],
    "fragments, in the middle of one": files.fragmented()[: FRAGMENTS[3] + 700],
    "fragments, in a header": files.fragmented()[: FRAGMENTS[3] + 5],
    "an open end": files.open_ended()[: len(files.open_ended()) // 2],
}


@pytest.mark.parametrize("cut", HALVES)
@pytest.mark.parametrize("duration", [6, None])
def test_a_clip_that_is_cut_in_half_where_nothing_tells_its_length_is_fetched_again(
    service, client, cut, duration
):
    whole = files.open_ended() if cut == "an open end" else files.fragmented()
    service.always("video", serves(whole))
    service.meet("video", without_length(HALVES[cut]))
    job = made(client, duration=duration)
    assert job.video.path.read_bytes() == whole
    assert job.video.doubt is None
    assert left(client) == [job.video.path.name]


@pytest.mark.parametrize(
    "make", [files.with_an_end_of_zeros, files.that_promises_more, files.whose_index_leads_outside,
             lambda: files.clip(seconds=2)]
)  # fmt: skip
def test_a_spoilt_clip_is_fetched_again(service, client, make):
    service.always("video", serves(files.clip()))
    service.meet("video", serves(make()))
    job = made(client, duration=6)
    assert job.video.path.read_bytes() == files.clip()
    assert job.video.doubt is None


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: files.clip(seconds=2), "lasts 2.00 s, and 6 s were requested"),
        (files.with_an_end_of_zeros, "ends with pictures that cannot be decoded"),
        (files.that_promises_more, "holds 6.00 s of the 60.00 s that its header promises"),
    ],
)
def test_a_clip_that_comes_in_the_same_doubtful_state_twice_is_kept_and_says_so(service, client, make, words):
    service.always("video", serves(make()))
    job = made(client, duration=6)
    assert job.video.path.read_bytes() == make()
    assert job.video.doubt == words
    assert len(service.requests("video")) == 2
    assert words in player_text(job.video)
    assert words in player_html(job.video)
    note = json.loads(job.video.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert note["video"]["doubt"] == words
    assert client.job(job.id).video.doubt == words


def test_a_clip_a_frame_or_two_short_is_no_matter(service, client):
    service.always("video", serves(files.clip()))
    job = made(client, duration=6)
    assert job.video.doubt is None
    assert len(service.requests("video")) == 1


@pytest.mark.parametrize("make", [files.with_a_name_that_is_no_utf8, files.with_sound_that_nobody_can_decode])
def test_a_good_clip_with_an_odd_track_is_saved_at_once(service, client, make):
    service.always("video", serves(make()))
    job = made(client, duration=6)
    assert job.video.path.read_bytes() == make()
    assert len(service.requests("video")) == 1
    assert "data:image/jpeg" in player_html(job.video)


def test_whatever_goes_wrong_in_checking_the_clip_is_fetched_again(service, client, monkeypatch):
    from ltxv_nb.media import part

    real, broken = (
        part.probe,
        iter([UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), AttributeError("rate"), None]),
    )

    def probe(path):
        if error := next(broken):
            raise error
        return real(path)

    monkeypatch.setattr(part, "probe", probe)
    service.always("video", serves(files.clip()))
    job = made(client, duration=6)
    assert job.video.path.read_bytes() == files.clip()
    assert len(service.requests("video")) == 3


@pytest.mark.parametrize("make", [lambda: files.many_samples(3), files.whose_index_leads_outside])
def test_a_file_that_can_never_be_taken_ends_in_one_sentence_and_is_fetched_again_at_a_resume(
    service, client, make
):
    service.always("video", serves(make()))
    job = made(client, duration=6)
    assert "finished and paid for, but not downloaded" in str(job.error)
    asked = len(service.requests("video"))
    assert asked == 3
    assert left(client) == []
    service.always("video", serves(files.clip()))
    client.resume()
    assert client.job(job.id).result(30).path.read_bytes() == files.clip()
    assert len(service.requests("video")) == asked + 1


# -- a part and the file it is of ------------------------------------------------------------------------------

BODY = bytes(range(256)) * 1200
HALF = len(BODY) // 2


class Host:
    """A file host that breaks off after half of the first answer, and then says what a test says."""

    def __init__(self, first, then):
        self.first, self.then, self.asked = first, then, []

    def __call__(self, connection, number):
        request = read_request(connection)
        self.asked.append(request)
        if number == 1:
            connection.sendall(
                answer(200, BODY, {"Content-Type": "video/mp4", **self.first})[: -len(BODY) + HALF]
            )
        elif number == 2 and "range" in request.headers:
            connection.sendall(self.then)
        else:
            connection.sendall(
                answer(200, BODY, {"Content-Type": "video/mp4", **self.first, "Connection": "close"})
            )


def rest(of=BODY, **headers):
    """Return a partial answer with the second half of a file."""
    sent = {"Content-Range": f"bytes {HALF}-{len(BODY) - 1}/{len(BODY)}", "Connection": "close", **headers}
    return answer(206, of[HALF:], {name.replace("_", "-"): value for name, value in sent.items()})


OTHER = bytes(reversed(BODY))
DAY, LATER = "Tue, 18 Nov 2025 10:00:00 GMT", "Tue, 18 Nov 2025 10:00:01 GMT"


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"ETag": '"v1"'}, rest(OTHER)),
        ({"ETag": '"v1"'}, rest(OTHER, ETag='"v2"')),
        ({"ETag": '"v1"'}, rest(OTHER, ETag='W/"v1"')),
        ({"ETag": '"v1"', "Last-Modified": DAY}, rest(OTHER, Last_Modified=DAY)),
        ({"Last-Modified": DAY}, rest(OTHER)),
        ({"Last-Modified": DAY}, rest(OTHER, Last_Modified=LATER)),
        ({"Last-Modified": DAY}, rest(OTHER, ETag='"v1"', Last_Modified=DAY)),
        ({"ETag": '"v1"'}, rest(OTHER, ETag='"v1"', Content_Range=f"bytes {HALF}-{len(BODY) - 1}/{len(BODY) + 1}")),
        ({"ETag": '"v1"'}, rest(OTHER, ETag='"v1"', Content_Range=f"bytes {HALF - 1}-{len(BODY) - 2}/{len(BODY)}")),
        ({"ETag": '"v1"'}, rest(OTHER, ETag='"v1"', Content_Range="bytes */*")),
    ],
)  # fmt: skip
def test_a_part_is_continued_only_by_the_very_same_file(tmp_path, first, then):
    part, host = tmp_path / "clip.part", Host(first, then)
    with RawServer(host) as server:
        download(f"{server.base_url}/a.mp4", part, api_is_public=False, sleep=lambda _seconds: None)
    assert part.read_bytes() == BODY
    assert len(host.asked) == 3
    assert "range" not in host.asked[2].headers


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"ETag": '"v1"'}, rest(ETag='"v1"')),
        ({"Last-Modified": DAY}, rest(Last_Modified=DAY)),
        ({"ETag": 'W/"v1"', "Last-Modified": DAY}, rest(ETag='W/"v1"', Last_Modified=DAY)),
    ],
)
def test_a_part_is_continued_when_it_is_the_same(tmp_path, first, then):
    part, host = tmp_path / "clip.part", Host(first, then)
    with RawServer(host) as server:
        download(f"{server.base_url}/a.mp4", part, api_is_public=False, sleep=lambda _seconds: None)
    assert part.read_bytes() == BODY
    assert len(host.asked) == 2


# -- compressed again and again ----------------------------------------------------------------------------------

_POLL = """
import json, resource, sys
from pathlib import Path
import ltxv_nb
client = ltxv_nb.Client(api_key=sys.argv[2], base_url=sys.argv[1], backend="aimlapi", home="home", output_dir="videos")
try:
    client.job("abc:ltxv/ltxv-2")
    said = None
except ltxv_nb.errors.LTXVError as error:
    said = str(error)
client.close()
status = Path("/proc/self/status")  # `getrusage` counts what the process was forked from
if status.exists():
    peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) >> 10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
print(json.dumps([said, peak]))
"""


def nested_gzip():
    """Return 9.6 GB of zeros, compressed three times to a few kilobytes."""
    return gzip.compress(gzip.compress(gzip.compress(bytes(1 << 24)) * 600))


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of memory is told otherwise there")
def test_an_answer_that_is_compressed_again_and_again_takes_little_memory(tmp_path):
    bomb = nested_gzip()
    assert len(bomb) < 100_000

    def act(connection, _number):
        if read_request(connection) is not None:
            headers = {"Content-Encoding": "gzip, gzip, gzip", "Connection": "close"}
            connection.sendall(answer(200, bomb, headers))

    with RawServer(act) as server:
        done = subprocess.run(
            [sys.executable, "-c", _POLL, server.base_url, KEY], cwd=tmp_path, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said, peak = json.loads(done.stdout)
    assert said
    assert peak < 150
