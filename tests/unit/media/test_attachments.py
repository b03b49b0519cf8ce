"""Videos and sounds that a model takes: what goes out for each kind of source."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import pytest

from ltxv_nb.errors import RequestError
from ltxv_nb.media import attachments
from ltxv_nb.media.attachments import prepare

MP4 = b"\0\0\0\x18ftypisom" + b"\0" * 40
MOV = b"\0\0\0\x18ftypqt  " + b"\0" * 40
M4A = b"\0\0\0\x18ftypM4A " + b"\0" * 40
WEBM, WAV = b"\x1aE\xdf\xa3" + b"\0" * 40, b"RIFF\0\0\0\0WAVEfmt "
MP3, OGG, FLAC = b"ID3\x04" + b"\0" * 40, b"OggS" + b"\0" * 40, b"fLaC" + b"\0" * 40


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (MP4, "video", "video/mp4"),
        (MOV, "video", "video/quicktime"),
        (WEBM, "video", "video/webm"),
        (MP3, "audio", "audio/mpeg"),
        (b"\xff\xfb\x90" + b"\0" * 40, "audio", "audio/mpeg"),
        (WAV, "audio", "audio/wav"),
        (M4A, "audio", "audio/mp4"),
        (OGG, "audio", "audio/ogg"),
        (FLAC, "audio", "audio/flac"),
    ],
)
def test_a_file_goes_out_as_it_is_whether_it_comes_as_a_path_or_as_bytes(tmp_path, data, kind, media_type):
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = f"data:{media_type};base64,{base64.b64encode(data).decode()}"
    for source in (path, str(path), data, bytearray(data), memoryview(data)):
        made = prepare(source, kind)
        assert (made.url, made.data, made.media_type) == (expected, data, media_type)


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_an_address_and_a_data_uri_are_passed_on(kind):
    address, uri = "https://example.test/a.bin?x=1", f"data:{kind}/mp4;base64,AAAA"
    assert (prepare(f" {address} ", kind).url, prepare(uri, kind).url) == (address, uri)


def test_an_earlier_job_or_video_gives_its_file_and_its_address_where_that_is_too_large(
    tmp_path, monkeypatch
):
    path = tmp_path / "clip.mp4"
    path.write_bytes(MP4)
    video = SimpleNamespace(path=path, url="https://cdn.example.test/clip.mp4")
    job = SimpleNamespace(id="abc", status="completed", video=video)
    assert prepare(video, "video").data == prepare(job, "video").data == MP4
    monkeypatch.setattr(attachments, "MAX_BYTES", 10)
    assert prepare(job, "video").url == "https://cdn.example.test/clip.mp4"
    with pytest.raises(RequestError, match="larger than"):
        prepare(SimpleNamespace(path=path, url=None), "video")


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        (MP4, "audio", "(it is video/mp4): it can be MP3, WAV"),
        (MP3, "video", "(it is audio/mpeg): it can be MP4"),
        (b"", "video", "is not a file that can be sent"),
        (b"<html>", "video", "is not a file that can be sent"),
        ("/no/such/file.mp4", "video", "does not exist"),
        (".", "video", "is a folder"),
        ("a\0b", "video", "cannot be read"),
        ("ftp://example.test/a.mp4", "video", "not a complete http(s) URL"),
        ("https://user:secret@example.test/a.mp4", "video", "user name or password"),
        ("https:///a.mp4", "video", "not a complete http(s) URL"),
        ("data:text/html;base64,AAAA", "video", "is a data URI of text/html;base64"),
        (7, "audio", "is of type int"),
        (SimpleNamespace(id="abc", status="generating", video=None), "video", "which has none"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(source, kind, words):
    with pytest.raises(RequestError) as caught:
        prepare(source, kind)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path):
    path = tmp_path / "long.mp4"
    with path.open("wb") as file:
        file.write(MP4)
        file.truncate(attachments.MAX_BYTES + 100)
    with pytest.raises(RequestError, match="larger than 20 MB, the most that a request can hold"):
        prepare(path, "video")
