"""Promises of the sandbox's catalogue, over real HTTP: any model, its schema, its price, its clip."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from ltxv_nb import Client, RequestError
from ltxv_nb.models import schema as schemas

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from protocol.sandbox_process import Sandbox

SCHEMA = {
    "type": "object",
    "properties": {
        "model": {"type": "string", "enum": ["maker/one"]},
        "prompt": {"type": "string"},
        "duration": {"type": "integer", "enum": [2, 4], "default": "2"},
        "resolution": {"type": "string", "enum": ["240p"], "default": "240p"},
    },
    "required": ["model", "prompt"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of schemas with one good and one bad file."""
    made = tmp_path_factory.mktemp("models")
    (made / "one.json").write_text(json.dumps({"model": "maker/one", "schema": SCHEMA}))
    (made / "bad.json").write_text("<html>")
    return made


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory, folder):
    running = Sandbox(tmp_path_factory.mktemp("home"), "--seconds", "0", "--models", folder)
    yield running
    code, printed = running.stop()
    assert (code, printed.splitlines()) == (
        0,
        ["bad.json is skipped: it is not JSON.", f"ltxv-nb sandbox on {running.base}"],
    )


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(out, "PNG")
    return out.getvalue()


def data_uri(colour):
    return "data:image/png;base64," + base64.b64encode(picture(colour)).decode()


def shown(data, *numbers):
    """Some frames of a clip, the last one by -1."""
    with av.open(io.BytesIO(data)) as clip:
        frames = [frame.to_image() for frame in clip.decode(video=0)]
    return [frames[number] for number in numbers]


def difference(image, colour):
    """How far the middle of a frame is from one colour, in levels of 255."""
    middle = image.crop((image.width // 3, image.height // 3, image.width * 2 // 3, image.height * 2 // 3))
    return max(ImageStat.Stat(ImageChops.difference(middle, Image.new("RGB", middle.size, colour))).mean)


def test_every_model_has_a_document_that_a_client_can_read(sandbox):
    rows = sandbox.get("/v1/models", {"output_modalities": "video", "include": "all"}, auth=False).json()[
        "data"
    ]
    assert len(rows) >= 15
    for row in rows:
        assert row["info"]["docsJson"].startswith(f"{sandbox.base}/docs-json?")
        document = sandbox.session.get(row["info"]["docsJson"], timeout=10).json()
        assert schemas.read(document, row["id"]).parameters
        one = sandbox.get(f"/model/{row['id']}", auth=False).json()
        assert one == {"object": "model", "data": row}


@pytest.mark.parametrize(
    "path", ["/v1/models?include=all", "/model/ltxv-2", "/docs-json?model=sandbox/plain&endpoint=x"]
)
def test_an_answer_that_has_not_changed_is_not_sent_again(sandbox, path):
    first = sandbox.get(path, auth=False)
    assert first.status_code == 200
    again = sandbox.get(path, headers={"If-None-Match": first.headers["ETag"]}, auth=False)
    assert (again.status_code, again.content) == (304, b"")


def test_who_asks_for_a_model_that_is_not_there_is_told_so(sandbox):
    for path in ("/model/nobody/knows", "/docs-json?model=nobody"):
        answer = sandbox.get(path, auth=False)
        assert (answer.status_code, answer.json()["statusCode"]) == (404, 404)
    answer = sandbox.post({"model": "ltxv/ltxv-3", "prompt": "A boat"})
    assert answer.status_code == 404
    assert "retired" in answer.json()["message"]


def test_a_model_answers_to_its_alias(sandbox):
    answer = sandbox.post({"model": "postcard-1", "prompt": "A boat", "resolution": "360p"})
    assert answer.status_code == 200
    assert answer.json()["id"].endswith(":sandbox/postcard")


def test_times_are_reported_of_all_models_but_the_one_that_was_not_measured(sandbox):
    ids = {row["id"] for row in sandbox.get("/v1/models").json()["data"]}
    timed = {row["alias"] for row in sandbox.get("/models/metrics").json()["models"]}
    assert ids - timed == {"sandbox/plain"}


def test_what_the_clip_does_not_show_is_said(sandbox):
    body = {"model": "sandbox/restyle", "prompt": "A boat", "video_url": "https://example.test/a.mp4"}
    accepted = sandbox.post(body).json()
    assert accepted["meta"] == {"usage": {"credits_used": 500_000}, "sandbox": {"ignored": ["video_url"]}}
    finished, _ = sandbox.finished(accepted["id"])
    assert finished["meta"] == accepted["meta"]


def test_a_price_that_cannot_be_quoted_is_known_at_the_end(sandbox):
    answer = sandbox.post({"model": "sandbox/plain", "prompt": "A boat"})
    assert "usage" not in answer.json()["meta"]
    assert "x-aimlapi-credits-used" not in answer.headers
    finished, _ = sandbox.finished(answer.json()["id"])
    assert finished["meta"]["usage"] == {"credits_used": 600_000}


def test_what_ends_in_an_error_is_not_charged(sandbox):
    accepted = sandbox.post({"model": "sandbox/postcard", "prompt": "A boat [fail]"}).json()
    assert accepted["meta"]["usage"]["credits_used"] == 200_000
    ended, _ = sandbox.finished(accepted["id"])
    assert ended["meta"]["usage"] == {"credits_used": 0}
    rows = {row["inference_id"]: row["cost"] for row in sandbox.get("/v2/logs").json()["data"]}
    assert rows[accepted["id"]] == {"usd": 0, "credits": 0}


def test_a_clip_begins_with_the_first_image_and_ends_on_the_last(sandbox):
    body = {"model": "sandbox/bridge", "image_url": data_uri("navy"), "tail_image_url": data_uri("orange")}
    finished, _ = sandbox.finished(sandbox.post(body).json()["id"])
    data = sandbox.session.get(finished["video"]["url"], timeout=10).content
    first, middle, last = shown(data, 0, 70, -1)
    assert first.size == (854, 480)
    assert difference(first, "navy") < 6
    assert difference(last, "orange") < 6
    assert difference(middle, "navy") > 20
    assert difference(middle, "orange") > 20


def test_a_clip_ends_on_the_last_image_also_where_it_begins_with_none(tmp_path):
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.render import render

    (tmp_path / "last").write_bytes(picture("orange"))
    spec = ClipSpec("A boat", width=320, height=180, duration=1, last_image="sha256:last", audio=False)
    render(spec, tmp_path / "clip.mp4", tmp_path)
    first, last = shown((tmp_path / "clip.mp4").read_bytes(), 0, -1)
    assert difference(last, "orange") < 6
    assert difference(first, "orange") > 20


def test_a_last_image_that_is_none_ends_in_an_error(sandbox):
    broken = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nnot really").decode()
    body = {"model": "sandbox/bridge", "image_url": data_uri("navy"), "tail_image_url": broken}
    ended, _ = sandbox.finished(sandbox.post(body).json()["id"])
    assert "could not render" in ended["error"]["message"]


@pytest.mark.parametrize(
    ("width", "height", "fps", "duration"),
    [(608, 1080, 25, 1), (1260, 540, 12, 1.25), (640, 640, 60, 1), (128, 128, 5, 1), (854, 480, 16, 17 / 16)],
)
def test_every_shape_and_rate_is_drawn_exactly(tmp_path, width, height, fps, duration):
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.drawing.render import render

    spec = ClipSpec("A lighthouse in the rain", "a/b", width, height, duration, fps, note="not drawn: this")
    render(spec, tmp_path / "clip.mp4", tmp_path)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        (video,) = clip.streams.video
        assert (video.width, video.height, video.frames) == (width, height, duration * fps)
        assert video.average_rate == fps
        assert abs(clip.duration - duration * 1_000_000) < 2


def test_a_client_uses_any_of_them_and_is_billed_what_it_was_quoted(tmp_path, monkeypatch, folder):
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setenv("LTXV_SANDBOX_SECONDS", "0")
    monkeypatch.setenv("LTXV_SANDBOX_MODELS", folder.name)
    monkeypatch.chdir(folder.parent)
    client = Client(home=tmp_path / "home", output_dir=tmp_path / "out")
    try:
        assert {"maker/one", "sandbox/bridge", "ltxv/ltxv-2"} <= {model.id for model in client.models()}
        video = client.generate("A boat", model="maker/one", duration=4)
        assert (video.width, video.height, video.duration) == (426, 240, 4.0)
        quoted = client.model("postcard-1").price(duration=5)
        video = client.generate(
            "A boat", model="postcard-1", duration=5, resolution="360p", aspect_ratio="9:16"
        )
        assert (video.width, video.height, video.cost_usd) == (360, 640, quoted.usd)
        video = client.generate(model="sandbox/flipbook", image=picture("navy"), num_frames=32)
        assert (video.duration, video.has_audio, video.cost_usd) == (2.0, False, 0.064)
        with pytest.raises(RequestError, match="duration"):
            client.submit("A boat", model="maker/one", duration=3)
    finally:
        client.close()


def test_a_home_of_an_older_version_goes_on(tmp_path):
    """Its file has neither costs nor what was left out."""
    state = tmp_path / "sandbox"
    state.mkdir()
    with sqlite3.connect(state / "sandbox.sqlite3") as db:
        db.execute(
            "CREATE TABLE generations (id TEXT PRIMARY KEY, created REAL NOT NULL, seconds REAL NOT NULL, "
            "fails INTEGER NOT NULL, spec TEXT NOT NULL, outages INTEGER NOT NULL, file_token TEXT NOT NULL UNIQUE, "
            "open INTEGER NOT NULL, broken TEXT)"
        )
        db.execute(
            "CREATE TABLE requests (number INTEGER PRIMARY KEY, created REAL NOT NULL, status TEXT NOT NULL, "
            "model TEXT NOT NULL, request_id TEXT NOT NULL, inference_id TEXT NOT NULL, client_request_id TEXT)"
        )
        spec = json.dumps({"prompt": "A boat", "width": 320, "height": 180, "duration": 1})
        row = ("old:ltxv/ltxv-2", 4e9, 0.0, 0, spec, 0, "token", 1, None)
        db.execute("INSERT INTO generations VALUES (?,?,?,?,?,?,?,?,?)", row)
        db.execute("INSERT INTO requests VALUES (NULL, 4e9, 'succeeded', 'm', 'r', 'old:ltxv/ltxv-2', NULL)")
    db.close()
    for _ in range(2):
        running = Sandbox(tmp_path, "--seconds", "0")
        try:
            assert running.poll("old:ltxv/ltxv-2").json()["status"] == "queued"
            assert running.submit() != "old:ltxv/ltxv-2"
        finally:
            running.stop()


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path):
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "ltxv_nb.sandbox",
            "--home",
            str(tmp_path),
            "--models",
            str(tmp_path / "none"),
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert "is not a folder" in ended.stderr.splitlines()[-1]
