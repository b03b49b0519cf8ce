"""Promises of the sandbox's process, over real HTTP: who may send requests, what is stored, when it ends."""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from protocol import published, schemas
from protocol.sandbox_process import PATH, Sandbox

#: The endpoints of the books, with the names of their published schemas.
BOOKS = {
    "/v2/billing": "billing-v2",
    "/v2/billing/detail": "billing-detail-v2",
    "/v2/billing/transactions": "billing-transactions-v2",
    "/v2/usage": "usage-v2",
    "/v2/usage/detail": "usage-detail-v2",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """One quick service for the tests that only read, or submit what any may."""
    running = Sandbox(tmp_path_factory.mktemp("home"), "--fast")
    yield running
    assert running.stop()[0] == 0


@pytest.fixture
def start(tmp_path):
    """Start services of one home, and end what is left of them."""
    services = []

    def go(*options):
        services.append(Sandbox(tmp_path, *options))
        return services[-1]

    yield go
    for service in services:
        if service.process.poll() is None:
            service.stop()


def assert_error(answer, status):
    assert answer.status_code == status
    jsonschema.validate(answer.json(), schemas.ERROR)
    assert answer.json()["statusCode"] == status


# Every answer fits the protocol, as we describe it and as it is published.


def test_every_answer_fits_our_description_of_the_protocol(sandbox):
    accepted = sandbox.post({"model": "ltxv/ltxv-2", "prompt": "A boat"})
    jsonschema.validate(accepted.json(), schemas.ACCEPTED)
    jsonschema.validate(sandbox.poll(accepted.json()["id"]).json(), schemas.POLL)
    jsonschema.validate(sandbox.finished(accepted.json()["id"])[0], schemas.COMPLETED)
    jsonschema.validate(sandbox.finished(sandbox.submit("[fail] boat"))[0], schemas.FAILED)
    jsonschema.validate(sandbox.get("/v2/billing").json(), schemas.BILLING)
    jsonschema.validate(sandbox.get("/v2/logs").json(), schemas.LOGS)
    jsonschema.validate(sandbox.get("/v1/models", {"include": "all"}).json(), schemas.MODELS)
    jsonschema.validate(sandbox.get("/models/metrics").json(), schemas.METRICS)


def test_an_account_without_enough_play_money_refuses_as_the_service_does(start):
    sandbox = start("--fast", "--balance", "0.50")
    assert_error(sandbox.post({"model": "ltxv/ltxv-2", "prompt": "A boat [no-credits]"}), 403)
    paid = sandbox.submit()
    assert_error(sandbox.post({"model": "ltxv/ltxv-2", "prompt": "Another boat"}), 403)
    sandbox.finished(paid)
    assert sandbox.get("/v2/billing").json()["current_balance"] == pytest.approx(0.5 - 0.378)
    (charge,) = sandbox.get("/v2/billing/transactions", {"type": "MODEL_USAGE"}).json()["data"]
    assert charge["reference_id"] == paid


def test_every_answer_fits_the_published_data(sandbox):
    accepted = sandbox.post({"model": "ltxv/ltxv-2-fast", "prompt": "A boat"}).json()
    failed = sandbox.finished(sandbox.submit("[fail] boat"))[0]
    completed = sandbox.finished(accepted["id"])[0]
    jsonschema.validate(accepted, published.answer_schema("ltxv-2-fast", "post"))
    jsonschema.validate(accepted, published.answer_schema("ltxv-2", "post"))
    for answer in (completed, failed):
        jsonschema.validate(answer, published.answer_schema("universal-video-fetch"))
    for path, name in BOOKS.items():
        schema = published.answer_schema(name)
        if path == "/v2/billing/detail":  # what is required stands one level too deep there
            schema["required"] = schema["properties"]["autotopup_settings"].pop("required")
        jsonschema.validate(sandbox.get(path).json(), schema)
    grouped = sandbox.get("/v2/usage/detail", {"group_by": "day,model"}).json()
    jsonschema.validate(grouped, published.answer_schema("usage-detail-v2"))
    assert grouped["requests"] == sum(one["requests"]["charged"] for one in grouped["groups"]) > 0
    assert sandbox.get("/v2/billing/transactions").json()["data"][0]["reference_id"] == accepted["id"]
    jsonschema.validate(sandbox.get("/v2/logs").json(), published.answer_schema("logs-v2"))
    jsonschema.validate(sandbox.get("/v1/models", {"details": "1"}).json(), published.answer_schema("models"))
    jsonschema.validate(sandbox.get("/models/metrics").json(), published.answer_schema("model-metrics"))


def test_a_submission_says_its_id_its_cost_and_the_name_we_gave_it(sandbox):
    answer = sandbox.post({"model": "ltxv/ltxv-2", "prompt": "A boat"}, {"X-Client-Request-Id": "a-1.b:c_D"})
    assert answer.headers["x-inference-id"] == answer.json()["id"]
    assert answer.json()["meta"]["usage"] == {"credits_used": 756_000}
    assert answer.headers["x-aimlapi-credits-used"] == "756000"
    assert answer.headers["x-aimlapi-usd-spent"] == "0.378"
    assert answer.headers["x-client-request-id"] == "a-1.b:c_D"
    row = sandbox.get("/v2/logs", {"limit": 1}).json()["data"][0]
    assert (row["client_request_id"], row["inference_id"]) == ("a-1.b:c_D", answer.json()["id"])
    assert row["cost"] == {"usd": 0.378, "credits": 756_000}


@pytest.mark.parametrize("name", ["with space", "x" * 129, "a/b"])
def test_a_request_id_of_the_wrong_form_is_dropped_without_a_word(sandbox, name):
    answer = sandbox.post({"model": "ltxv/ltxv-2", "prompt": "A boat"}, {"X-Client-Request-Id": name})
    assert answer.status_code == 200
    assert "x-client-request-id" not in answer.headers
    assert sandbox.get("/v2/logs", {"limit": 1}).json()["data"][0]["client_request_id"] is None


def test_refusals_have_the_vendors_shape_and_are_on_record(sandbox):
    assert_error(sandbox.post({"model": "ltxv/ltxv-2"}, {"X-Client-Request-Id": "bad-1"}), 400)
    assert_error(sandbox.post({"model": "ltxv/ltxv-9", "prompt": "A boat"}), 404)
    assert_error(sandbox.post(b"{"), 400)
    assert_error(sandbox.get(PATH), 400)
    assert_error(sandbox.poll("nothing-like-it"), 404)
    assert_error(sandbox.get("/elsewhere"), 404)
    assert_error(sandbox.session.delete(sandbox.base + PATH, headers=sandbox.auth, timeout=5), 405)
    assert_error(sandbox.get("/models/metrics", {"window": 1}), 400)
    rows = sandbox.get("/v2/logs", {"status": "failed"}).json()["data"]
    assert {"bad-1"} <= {row["client_request_id"] for row in rows}
    assert {"ltxv/ltxv-9", "unknown"} <= {row["model"] for row in rows}


def test_a_body_over_the_cap_is_told_so(sandbox):
    assert_error(sandbox.post(b"x" * (33 * 1024 * 1024)), 413)


def test_the_catalogue_may_be_cached_by_its_etag(sandbox):
    first = sandbox.get("/v1/models", {"id": "ltxv-2-fast", "include": "pricing"}, auth=False)
    assert [model["id"] for model in first.json()["data"]] == ["ltxv/ltxv-2-fast"]
    kept = sandbox.get(
        "/v1/models",
        {"id": "ltxv-2-fast", "include": "pricing"},
        {"If-None-Match": first.headers["ETag"]},
        auth=False,
    )
    assert (kept.status_code, kept.content) == (304, b"")
    assert "ETag" not in sandbox.get("/v2/billing").headers


# Who may send requests.


@pytest.mark.parametrize("path", [PATH, *BOOKS, "/v2/logs"])
@pytest.mark.parametrize("given", [None, "", "Bearer ", "Bearer wrong", "Basic x", "bearer é"])
def test_without_the_token_there_is_nothing_to_read(sandbox, path, given):
    headers = {} if given is None else {"Authorization": given.encode()}
    assert_error(sandbox.get(path, {"generation_id": "x"}, headers, auth=False), 401)


def test_without_the_token_nothing_is_accepted(sandbox):
    before = sandbox.get("/v2/logs").json()["pagination"]["total"]
    assert_error(sandbox.post({"model": "ltxv/ltxv-2", "prompt": "A boat"}, auth=False), 401)
    assert sandbox.get("/v2/logs").json()["pagination"]["total"] == before


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "evil.example:{port}", "127.0.0.1:1", "[::1]:{port}"]
)
@pytest.mark.parametrize("path", ["/health", "/v2/billing", "/v1/models", "/files/a/b.mp4", "/nowhere"])
def test_a_host_name_that_is_not_ours_is_refused(sandbox, host, path):
    headers = {"Host": host.format(port=sandbox.facts["port"])}
    assert_error(sandbox.get(path, headers=headers), 421)


def test_localhost_is_ours_too(sandbox):
    assert (
        sandbox.get("/health", headers={"Host": f"localhost:{sandbox.facts['port']}"}, auth=False).json()[
            "ok"
        ]
        is True
    )


def test_no_web_page_is_let_in(sandbox):
    answer = sandbox.get("/v2/billing", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_only_this_machine_can_reach_it(sandbox):
    with socket.create_server(("127.0.0.2" if sys.platform == "linux" else "0.0.0.0", 0)) as other:
        address = other.getsockname()[0]
    with pytest.raises(OSError), socket.create_connection((address, sandbox.facts["port"]), timeout=2):
        pass


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a profile private by its ACL")
def test_only_the_user_can_read_the_token(sandbox):
    folder = sandbox.home / "sandbox"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "service.json").stat().st_mode) == 0o600


def test_the_token_is_never_printed_nor_logged(start):
    service = start("--fast")
    service.finished(service.submit())
    service.get("/v2/billing", auth=False)
    url = service.finished(service.submit())[0]["video"]["url"]
    service.session.get(url, timeout=5)
    token = service.facts["token"]
    code, printed = service.stop()
    log = (service.home / "sandbox" / "service.log").read_text()
    assert code == 0
    assert printed == f"ltxv-nb sandbox on {service.base}\n"
    assert "POST /v2/video/generations" in log
    assert token not in log
    assert url.split("/")[4] not in log


# The files.


@pytest.fixture(scope="module")
def clip(sandbox):
    url = sandbox.finished(sandbox.submit())[0]["video"]["url"]
    return url, sandbox.session.get(url, timeout=10).content


def test_a_file_is_an_mp4_by_an_address_that_cannot_be_guessed(sandbox, clip):
    url, data = clip
    assert data[4:8] == b"ftyp"
    answer = sandbox.session.head(url, timeout=5)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert int(answer.headers["Content-Length"]) == len(data)
    assert len(url.split("/")[4]) >= 22
    assert sandbox.session.get(url.replace("/files/", "/files/x"), timeout=5).status_code == 404


@pytest.mark.parametrize("path", ["../sandbox.sqlite3", "..%2fservice.json", "%2e%2e/service.json", "", "x"])
def test_there_is_no_way_to_other_files(sandbox, path):
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.facts["port"], timeout=5)
    connection.request("GET", f"/files/{path}", headers={"Host": f"127.0.0.1:{sandbox.facts['port']}"})
    assert connection.getresponse().status == 404
    connection.close()


def test_a_broken_download_can_be_resumed(sandbox, clip):
    url, data = clip
    etag = sandbox.session.head(url, timeout=5).headers["ETag"]
    rest = sandbox.session.get(url, headers={"Range": "bytes=100-", "If-Range": etag}, timeout=5)
    assert (rest.status_code, rest.content) == (206, data[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(data) - 1}/{len(data)}"
    assert sandbox.session.get(url, headers={"Range": "bytes=-9"}, timeout=5).content == data[-9:]
    assert sandbox.session.get(url, headers={"Range": f"bytes={len(data)}-"}, timeout=5).status_code == 416


def test_a_file_that_changed_is_sent_whole(sandbox, clip):
    url, data = clip
    whole = sandbox.session.get(url, headers={"Range": "bytes=100-", "If-Range": '"other"'}, timeout=5)
    assert (whole.status_code, whole.content) == (200, data)


# The words in brackets.


def test_rate_limit_answers_429_twice_with_retry_after(sandbox):
    body = {"model": "ltxv/ltxv-2", "prompt": "A boat [rate-limit]"}
    for _ in range(2):
        answer = sandbox.post(body)
        assert_error(answer, 429)
        assert answer.headers["Retry-After"] == "1"
    assert sandbox.post(body).status_code == 200


def test_unavailable_answers_three_polls_in_html_and_continues(sandbox):
    generation = sandbox.submit("A boat [unavailable]")
    for _ in range(3):
        answer = sandbox.poll(generation)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"].startswith("text/html")
    assert sandbox.finished(generation)[0]["status"] == "completed"


# One for each home, found again, ended when idle.


def test_a_second_one_prints_the_address_of_the_first_and_ends(sandbox):
    command = [sys.executable, "-m", "ltxv_nb.sandbox", "--home", str(sandbox.home)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (second.returncode, second.stdout.strip()) == (
        0,
        f"ltxv-nb sandbox runs already on {sandbox.base}",
    )
    assert json.loads((sandbox.home / "sandbox" / "service.json").read_text()) == sandbox.facts


def test_of_many_started_at_once_one_stays(tmp_path):
    command = [sys.executable, "-m", "ltxv_nb.sandbox", "--home", str(tmp_path), "--fast"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    deadline = time.monotonic() + 30
    while sum(one.poll() is None for one in started) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    (alive,) = [one for one in started if one.poll() is None]
    port = json.loads((tmp_path / "sandbox" / "service.json").read_text())["port"]
    alive.terminate()
    printed = [one.communicate(timeout=20)[0] for one in started]
    assert [one.returncode for one in started] == [0, 0, 0, 0]
    assert all(f":{port}\n" in text for text in printed)


def test_it_ends_when_idle_and_removes_its_address(start):
    service = start("--fast", "--idle", "0.5")
    service.process.wait(timeout=20)
    assert service.process.returncode == 0
    assert not (service.home / "sandbox" / "service.json").exists()
    service.stop()


def test_it_ends_when_its_home_is_removed_and_does_not_touch_the_next_one(start, tmp_path):
    service = start("--fast", "--idle", "2")
    shutil.rmtree(tmp_path / "sandbox")
    following = start("--fast")
    service.process.wait(timeout=20)
    assert following.state_file() == following.facts
    assert following.get("/health").json()["pid"] == following.process.pid
    service.stop()


def test_it_never_ends_while_a_generation_is_unfinished(start):
    service = start("--seconds", "3", "--idle", "0.3")
    submitted = time.monotonic()
    service.submit("A boat [fail]")
    service.process.wait(timeout=30)
    assert time.monotonic() - submitted > 2.6
    service.stop()


def test_old_generations_answer_after_a_restart_with_a_file_on_the_new_port(start):
    first = start("--fast")
    generation = first.submit()
    old = first.finished(generation)[0]["video"]["url"]
    first.stop()
    second = start("--fast")
    new = second.finished(generation)[0]["video"]["url"]
    assert new != old
    assert second.session.get(new, timeout=5).content[4:8] == b"ftyp"
    assert second.get("/v2/logs").json()["pagination"]["total"] == 1


def test_what_was_accepted_survives_a_kill_and_continues(start):
    first = start("--seconds", "1")
    generation = first.submit("A boat at night")
    first.kill()
    second = start("--seconds", "1")
    answer, _ = second.finished(generation)
    assert second.session.get(answer["video"]["url"], timeout=10).content[4:8] == b"ftyp"


def test_the_worker_never_outlives_a_killed_service(start):
    psutil = pytest.importorskip("psutil")
    service = start("--seconds", "1")
    deadline = time.monotonic() + 10
    while not (workers := psutil.Process(service.process.pid).children()) and time.monotonic() < deadline:
        time.sleep(0.05)
    service.kill()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert workers
    assert not alive


def test_a_file_in_the_users_folder_that_bears_a_modules_name_does_no_harm(tmp_path, monkeypatch):
    from ltxv_nb.sandbox.drawing.clip import fast_spec
    from ltxv_nb.sandbox.jobs.renderer import Renderer

    (tmp_path / "av.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    renderer = Renderer(tmp_path / "home")
    try:
        assert renderer._run_worker(fast_spec()) == ""
        assert renderer.has(fast_spec())
    finally:
        renderer.close()


def test_the_store_of_clips_keeps_below_its_limit_and_deletes_the_least_recently_used(tmp_path):
    from ltxv_nb.sandbox.drawing.clip import ClipSpec
    from ltxv_nb.sandbox.jobs.renderer import Renderer

    renderer = Renderer(tmp_path, max_stored=25_000)
    specs = [ClipSpec(f"Boat {number}") for number in range(4)]
    for age, spec in enumerate(specs):
        renderer.path(spec).write_bytes(bytes(10_000))
        os.utime(renderer.path(spec), (1000 - age, 1000 - age))
    renderer._free_space(keep=renderer.path(specs[3]))
    renderer.close()
    assert [renderer.has(spec) for spec in specs] == [True, False, False, True]


def test_a_first_frame_comes_back_as_the_first_frame(start):
    av = pytest.importorskip("av")
    service = start("--seconds", "0")
    out = io.BytesIO()
    Image.new("RGB", (320, 180), (200, 40, 40)).save(out, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
    answer, _ = service.finished(service.submit("[slow] pan", image_url=uri, generate_audio=False))
    with av.open(io.BytesIO(service.session.get(answer["video"]["url"], timeout=10).content)) as clip:
        red, green, blue = next(clip.decode(video=0)).to_image().getpixel((960, 300))
    assert abs(red - 200) < 12
    assert abs(green - 40) < 12
    assert abs(blue - 40) < 12


def test_what_calls_itself_an_image_and_is_none_ends_in_an_error(start):
    service = start("--seconds", "0")
    uri = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\nnot really").decode()
    answer, _ = service.finished(service.submit(image_url=uri))
    assert answer["status"] == "error"
    assert "could not render" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("options", "word"),
    [(["--port", "99999"], "port"), (["--seconds", "-1"], "time"), (["--idle", "x"], "idle")],
)
def test_a_wrong_option_is_one_clear_line(options, word):
    ended = subprocess.run(
        [sys.executable, "-m", "ltxv_nb.sandbox", *options],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 2
    assert word in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr


def test_help_names_every_word_in_brackets():
    from ltxv_nb.sandbox.jobs.prompt_words import WORDS

    ended = subprocess.run(
        [sys.executable, "-m", "ltxv_nb.sandbox", "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert all(f"{word} " in ended.stdout for word in WORDS)


def test_a_port_that_is_taken_is_one_clear_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [
            sys.executable,
            "-m",
            "ltxv_nb.sandbox",
            "--home",
            str(tmp_path),
            "--port",
            str(taken.getsockname()[1]),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "cannot start" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_five_thousand_submissions_and_their_polls_are_answered_quickly(start):
    service = start("--fast")
    service.finished(service.submit())
    connection = http.client.HTTPConnection("127.0.0.1", service.facts["port"], timeout=10)
    headers = {**service.auth, "Content-Type": "application/json"}
    body = json.dumps({"model": "ltxv/ltxv-2", "prompt": "A boat"})
    begun, states = time.monotonic(), set()
    for _ in range(5000):
        connection.request("POST", PATH, body, headers)
        generation = json.loads(connection.getresponse().read())["id"]
        connection.request(
            "GET", f"{PATH}?generation_id={generation.replace('/', '%2F')}", headers=service.auth
        )
        states.add(json.loads(connection.getresponse().read())["status"])
    connection.close()
    assert states == {"completed"}
    assert service.get("/v2/logs").json()["pagination"]["total"] == 5001
    assert time.monotonic() - begun < 60


def test_two_sandboxes_may_share_the_clips_that_are_drawn(tmp_path):
    shared = tmp_path / "shared"
    drawn = []
    for name in ("one", "two"):
        sandbox = Sandbox(tmp_path / name, "--seconds", "0", "--clips", shared)
        try:
            sandbox.finished(sandbox.submit())
            drawn.append({file.name: file.stat().st_ino for file in shared.iterdir()})
        finally:
            sandbox.stop()
    assert len(drawn[0]) == 1
    assert drawn[0] == drawn[1]
