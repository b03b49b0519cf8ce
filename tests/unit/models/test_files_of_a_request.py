"""Pictures, videos and sounds in every role: what goes out, what the journal keeps, and how it comes back."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from fakes import FakeCatalogue
from PIL import Image

from ltxv_nb.errors import RequestError

TEXT = {"type": "string", "format": "uri"}
LIST = {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 2}
EITHER = {"anyOf": [TEXT, LIST]}
WEB = "https://example.test/a.png"
MP4 = b"\0\0\0\x18ftypisom" + b"\0" * 40
MP3 = b"ID3\x04" + b"\0" * 40


@pytest.fixture
def client(desk):
    desk.service.catalogue = FakeCatalogue.of(
        "maker/all",
        first_frame_image=TEXT,
        tail_image_url=TEXT,
        image_list=LIST,
        video_url=TEXT,
        audio_urls=LIST,
        static_mask=TEXT,
    )
    desk.service.catalogue.schemas["maker/either"] = {"properties": {"image_url": EITHER}}
    desk.service.catalogue.rows += FakeCatalogue.of("maker/either").rows
    return desk.client


def sent(desk):
    return json.loads(desk.posts[-1].body)


def picture(path):
    Image.new("RGB", (64, 36), "teal").save(path)
    return path


def test_each_role_takes_what_a_first_frame_takes_under_whatever_name_the_model_has(desk, client, tmp_path):
    path, clip = picture(tmp_path / "a.png"), tmp_path / "a.mp4"
    clip.write_bytes(MP4)
    client.submit(
        "A boat",
        model="maker/all",
        image=path,
        last_image=np.zeros((36, 64, 3), dtype=np.uint8),
        images=[WEB, path.read_bytes()],
        video=str(clip),
        audio=MP3,
        static_mask=str(path),
    )
    body = sent(desk)
    assert body["first_frame_image"] == body["static_mask"] == body["image_list"][1]
    assert body["first_frame_image"].startswith("data:image/png;base64,")
    assert Image.open(io.BytesIO(base64.b64decode(body["tail_image_url"].partition(",")[2]))).size == (64, 36)
    assert body["image_list"][0] == WEB
    assert body["video_url"].startswith("data:video/mp4;base64,")
    assert len(body["audio_urls"]) == 1
    assert set(body) == {
        "model", "prompt", "first_frame_image", "tail_image_url", "image_list", "video_url", "audio_urls", "static_mask",
    }  # fmt: skip


def test_the_journal_keeps_files_by_their_hash_and_a_job_gives_them_again(desk, client, tmp_path):
    path = picture(tmp_path / "a.png")
    job = client.submit(
        "A boat", model="maker/all", image=WEB, last_image=path, images=[WEB, path], audio=MP3
    )
    kept = job.record.request
    assert kept["image"] == {"url": WEB}
    assert set(kept["last_image"]) == {"$file"}
    assert "base64" not in json.dumps(kept)
    first = sent(desk)
    path.unlink()
    client.submit_request(job.request, allow_duplicate=True)
    assert sent(desk) == first
    assert job.request.files().keys() == {"image", "last_image", "images", "audio"}


def test_two_requests_with_the_same_files_are_the_same_request(desk, client, tmp_path):
    path = picture(tmp_path / "a.png")
    client.submit("A boat", model="maker/all", last_image=path)
    with pytest.raises(RequestError, match="The very same request"):
        client.submit("A boat", model="maker/all", last_image=path.read_bytes())
    client.submit("A boat", model="maker/all", last_image=WEB)
    assert len(desk.posts) == 2


def test_a_field_that_is_a_text_or_a_list_takes_one_or_several(desk, client):
    client.submit(model="maker/either", image=WEB)
    assert sent(desk)["image_url"] == WEB
    client.submit(model="maker/either", image=[WEB, WEB])
    assert sent(desk)["image_url"] == [WEB, WEB]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"image": [WEB, WEB]}, "image is a list of 2, but maker/all takes one."),
        ({"images": [WEB] * 3}, "images is a list of 3, but it can be a list of 1 to 2 items."),
        ({"images": []}, "images is a list of 0"),
        ({"last_image": "/no/such.png"}, "The picture for last_image '/no/such.png' does not exist"),
        ({"video": MP3}, "The video is not a file that can be sent"),
        ({"audio": [WEB, 7]}, "The audio is of type int"),
        ({"static_mask": b"x"}, "The picture for static_mask is not a picture"),
        ({"image": WEB, "first_frame_image": WEB}, "image is set twice"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_by_name(desk, client, values, words):
    with pytest.raises(RequestError) as caught:
        client.submit("A boat", model="maker/all", **values)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert desk.posts == []
    assert client.jobs() == []


def test_files_are_no_settings_that_people_read(desk, client):
    job = client.submit("A boat", model="maker/all", last_image=WEB)
    desk.finish(job)
    assert job.video.settings == {"model": "maker/all"}
