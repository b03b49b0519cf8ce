"""The promises of docs/reliability.md that are neither faults, kills nor disks, one test each."""

from __future__ import annotations

import functools
import io
import logging
import sqlite3
import time
from types import SimpleNamespace

import pytest
from faults import faults
from faults.fast import assert_books_agree, make_client, wait_until, whole_files
from faults.service import KEY, Fault, FaultService
from PIL import Image

import ltxv_nb
from ltxv_nb.engine import tasks
from ltxv_nb.engine.save import Saver
from ltxv_nb.errors import DownloadError, DuplicateRequest, GenerationTimeout, SubmissionUnknown
from ltxv_nb.journal import State
from ltxv_nb.media import download as download_module

from . import victim

PROMPT = "A lighthouse at dusk"


def lost(client, service, **options):
    """Submit one whose answer is lost after the service has taken it."""
    service.meet("submit", faults.reset(bills=True))
    with pytest.raises(SubmissionUnknown) as caught:
        client.submit(PROMPT, **options)
    return caught.value.job


# -- outcome unknown -----------------------------------------------------------------------------------------


def test_a_lost_answer_is_found_when_the_record_lists_it_only_after_the_video_is_made(service, client):
    appears = time.monotonic() + 0.6
    service.logged = lambda _task: time.monotonic() > appears
    job = lost(client, service)
    assert job.status == "unknown"
    assert "may or may not have accepted" in str(job.error)
    assert job.id in str(job.error)
    assert client.jobs()[0].describe().split("  ")[1].startswith("unconfirmed")
    video = job.result(10)
    assert job.generation_id == service.billed[0].id
    assert job.cost_usd == pytest.approx(0.252)
    assert video.path.exists()
    assert_books_agree(client, service)


def test_a_lost_answer_is_found_by_the_next_process(service, new_client):
    service.logged = lambda _task: False
    with new_client() as client:
        job_id = lost(client, service).id
    service.logged = lambda _task: True
    client = new_client()
    assert [job.id for job in client.resume()] == [job_id]
    client.job(job_id).result(10)
    assert_books_agree(client, service)


def test_a_request_the_record_lists_as_failed_was_not_billed(service, client):
    service.meet("submit", faults.reset())
    with pytest.raises(SubmissionUnknown) as caught:
        client.submit(PROMPT)
    job = caught.value.job
    service.failed_requests.append(job.record.client_request_id)
    job.wait(10)
    assert job.status == "refused"
    assert "nothing was billed" in str(job.error)
    client.submit(PROMPT).result(10)  # and does not stand in the way of the next one
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize(
    "trouble",
    [
        faults.answer(404),
        faults.answer(403),
        faults.limited("0.05", "429"),
        faults.html(200),
        faults.truncated(),
        faults.reset(),
        faults.answer(200, {"data": "none"}, name="another schema"),
        faults.answer(200, {"data": [None, 7, {"client_request_id": 3}]}, name="odd rows"),
    ],
    ids=lambda fault: fault.name,
)
def test_a_record_that_cannot_be_read_leaves_the_outcome_unknown_and_is_asked_again(service, client, trouble):
    service.always("logs", trouble)
    job = lost(client, service)
    wait_until(lambda: len(service.requests("logs")) >= 4)
    assert job.status == "unknown"
    assert not job.done()
    service.heal()
    job.result(10)
    assert_books_agree(client, service)


def test_a_row_is_found_among_hundreds_of_later_ones(service, client):
    service.logged = lambda task: task.prompt != PROMPT
    job = lost(client, service)
    for number in range(250):
        service.take({"prompt": f"someone else's {number}", "model": "ltxv/ltxv-2"}, f"other-{number}")
    service.logged = lambda _task: True
    job.result(10)
    assert job.generation_id == service.billed[0].id


def test_a_process_killed_while_the_service_takes_the_request_finds_it_again(service, tmp_path, client):
    service.submit_seconds = 0.5
    process = victim.start(victim.one_job, service.base_url, tmp_path, PROMPT, None)
    wait_until(lambda: service.requests("submit"))
    process.kill()
    process.join()
    assert not service.billed, "it died while the service was thinking"
    wait_until(lambda: service.billed)
    [job] = client.resume()
    job.result(10)
    assert_books_agree(client, service)


def test_an_interrupt_while_waiting_for_the_answer_loses_nothing(service, client, monkeypatch):
    send = client.api._send

    def interrupt(method, *args, **options):
        if method != "POST":
            return send(method, *args, **options)
        service.take({"prompt": PROMPT, "model": "ltxv/ltxv-2"}, client.journal.newest()[0].client_request_id)
        raise KeyboardInterrupt

    monkeypatch.setattr(client.api, "_send", interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.submit(PROMPT)
    monkeypatch.setattr(client.api, "_send", send)
    [job] = client.jobs()
    assert job.status != "submitting"
    wait_until(lambda: client.job(job.id).video, 10)
    assert service.prompts() == [PROMPT]


# -- duplicates ----------------------------------------------------------------------------------------------


def test_run_all_twice_does_not_pay_twice(service, client):
    service.seconds = 0.5
    job = client.submit(PROMPT, duration=6)
    with pytest.raises(DuplicateRequest, match=r"nothing was sent.*--again") as caught:
        client.submit(PROMPT, duration=6)
    assert caught.value.job is job
    client.submit(PROMPT, duration=8).result(10)  # another request altogether
    job.result(10)
    assert len(service.billed) == 2


def test_again_is_an_explicit_act_and_pays_again(service, client):
    service.logged = lambda _task: False
    lost(client, service)
    with pytest.raises(DuplicateRequest, match="unconfirmed"):
        client.submit(PROMPT)
    client.submit(PROMPT, allow_duplicate=True).result(10)
    assert service.prompts() == [PROMPT, PROMPT]
    service.logged = lambda _task: True
    wait_until(lambda: client.unfinished_count() == 0)
    assert_books_agree(client, service)


def test_a_finished_request_is_shown_again_for_nothing_by_every_client(service, new_client):
    first = new_client().submit(PROMPT)
    video = first.result(10)
    assert new_client().submit(PROMPT, reuse=True).video.path == video.path
    assert len(service.billed) == 1


def test_the_same_image_is_the_same_request_and_is_kept_as_a_file(service, new_client):
    client, picture = new_client(), io.BytesIO()
    Image.effect_noise((320, 180), 90).convert("RGB").save(picture, "PNG")
    service.seconds = 0.5
    job = client.submit(PROMPT, image=picture.getvalue())
    with pytest.raises(DuplicateRequest):
        client.submit(PROMPT, image=picture.getvalue())
    assert service.billed[0].body["image_url"].startswith("data:image/")
    for file in (client.home / "journal.sqlite", client.home / "journal.sqlite-wal"):
        assert b"base64" not in file.read_bytes()
    kept = client.job(job.id).request.image
    assert kept.is_file()
    job.result(10)


# -- tracking ------------------------------------------------------------------------------------------------


def test_a_job_whose_questions_fail_for_long_is_unreachable_and_not_failed(service, client, monkeypatch):
    monkeypatch.setattr(tasks, "UNREACHABLE_SECONDS", 0.2)
    service.always("poll", faults.answer(503))
    job = client.submit(PROMPT)
    wait_until(lambda: job.unreachable)
    assert not job.done()
    assert job.error is None
    assert "unreachable" in job.describe()
    with pytest.raises(GenerationTimeout, match="The generation continues"):
        job.result(0.05)
    service.heal()
    job.result(10)
    assert not job.unreachable
    assert_books_agree(client, service)


def test_a_wait_that_is_over_does_not_end_the_job(service, client):
    service.seconds = 0.4
    with pytest.raises(GenerationTimeout) as caught:
        client.generate(PROMPT, timeout=0.05)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.job.result(10).path.exists()
    assert_books_agree(client, service)


def test_stop_watching_keeps_the_job_and_resume_takes_it_up_again(service, client):
    service.seconds = 0.3
    job = client.submit(PROMPT)
    job.stop()
    asked = len(service.requests("poll"))
    time.sleep(0.4)
    assert len(service.requests("poll")) <= asked + 1
    assert client.unfinished_count() == 1
    [resumed] = client.resume()
    assert resumed.result(10).path.exists()
    assert_books_agree(client, service)


def test_a_laptop_that_slept_asks_again_at_once(service, client, monkeypatch):
    monkeypatch.setattr(tasks, "next_ask", lambda _belief, age, _asked, jitter=0.5: age + 10_000)
    asleep = SimpleNamespace(seconds=0.0)
    clock = SimpleNamespace(time=lambda: time.time() + asleep.seconds, monotonic=time.monotonic)
    client._engine.tracker.clock = clock
    service.polls_needed = 0
    job = client.submit(PROMPT)
    time.sleep(0.1)
    assert not service.requests("poll")
    asleep.seconds = 3600.0
    job.result(10)
    assert_books_agree(client, service)


# -- downloads -----------------------------------------------------------------------------------------------


def test_a_broken_download_is_continued_by_range(service, client):
    service.padding = 200_000
    service.meet("video", faults.file(stop_after=90_000), faults.file(stop_after=90_000))
    client.submit(PROMPT).result(10)
    asked = [seen.headers.get("Range") for seen in service.requests("video")]
    assert asked == [None, "bytes=90000-", "bytes=180000-"]
    assert all("If-Range" in seen.headers for seen in service.requests("video")[1:])
    assert_books_agree(client, service)


def test_a_download_broken_off_by_a_kill_is_continued_by_the_next_process(service, tmp_path, client):
    service.padding, service.video_seconds, service.video_steps = 1_000_000, 2.0, 10
    process = victim.start(victim.one_job, service.base_url, tmp_path, PROMPT, None)
    wait_until(lambda: any(part.stat().st_size > 200_000 for part in (tmp_path / "videos").glob("*.part")))
    process.kill()
    process.join()
    service.video_seconds = 0.0
    client.resume()[0].result(10)
    assert int(service.requests("video")[-1].headers["Range"].strip("bytes=-")) > 200_000
    assert_books_agree(client, service)


def test_an_expired_address_is_asked_for_again(service, client):
    def expire(handler):
        service.url_version += 1
        handler._video(handler.path)

    service.meet("video", Fault("expired", expire))
    client.submit(PROMPT).result(10)
    assert [seen.path.split("/")[2] for seen in service.requests("video")] == ["1", "2"]
    assert_books_agree(client, service)


def test_a_known_address_still_does_when_the_service_has_forgotten_the_generation(
    service, client, monkeypatch
):
    broken = faults.answer(503)
    service.meet("video", *[broken] * 4)
    job = client.submit(PROMPT)
    wait_until(lambda: service.requests("video"))
    service.always("poll", faults.answer(404))
    job.result(10)
    assert_books_agree(client, service)


def test_a_video_that_is_too_large_is_not_fetched(service, client, monkeypatch):
    monkeypatch.setattr(
        download_module, "download", functools.partial(download_module.download, max_bytes=5_000)
    )
    service.padding = 100_000
    with pytest.raises(DownloadError, match="larger than"):
        client.submit(PROMPT).result(10)
    assert whole_files(client) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.8/a.mp4",
        "http://localhost/a.mp4",
        "file:///etc/passwd",
    ],
)
def test_a_video_address_inside_the_own_network_is_refused_while_the_api_is_public(service, client, url):
    client._engine.tracker.tasks._saver = Saver(api_is_public=True)

    def lead_inside(handler):
        name = handler.query["generation_id"][0]
        handler.reply(200, {"id": name, "status": "completed", "video": {"url": url}})

    service.always("poll", Fault("leads inside", lead_inside))
    job = client.submit(PROMPT)
    with pytest.raises(DownloadError, match="finished and paid for, but not downloaded"):
        job.result(10)
    assert not service.requests("video")
    client._engine.tracker.tasks._saver = Saver(api_is_public=False)


# -- looking back --------------------------------------------------------------------------------------------


def test_a_past_video_is_shown_from_disk_without_the_network(tmp_path, new_client, service):
    job_id = new_client().submit(PROMPT).result(10).job_id
    with make_client("http://127.0.0.1:9", tmp_path) as offline:
        video = offline.job(job_id).video
        assert video.path.exists()
        assert (video.width, video.height) == (64, 36)
        assert offline.job(job_id).result().path == video.path


def test_a_generation_made_elsewhere_is_adopted_once(service, client):
    task = service.take({"prompt": "elsewhere", "model": "ltxv/ltxv-2"}, None)
    job = client.job(task.id)
    job.result(10)
    assert client.job(task.id).id == job.id
    assert len(client.jobs()) == 1
    assert_books_agree(client, service)


def test_a_mistyped_generation_id_makes_no_job(service, client):
    with pytest.raises(ltxv_nb.NotFoundError, match="Neither the journal nor the service"):
        client.job("0000:ltxv/ltxv-2")
    assert client.jobs() == []


# -- the key -------------------------------------------------------------------------------------------------


def test_the_key_is_in_no_file_log_record_or_exception(service, client, caplog):
    caplog.set_level(logging.DEBUG)

    def echo(status, *, bills=False):
        def act(handler):
            handler.reply(status, {"message": f"Bad header {handler.headers['Authorization']}"})

        return Fault("echo", act, bills=bills)

    service.meet("submit", echo(401), echo(422), echo(500, bills=True))
    said = []
    for _ in range(3):
        try:
            client.submit(PROMPT).result(10)
        except ltxv_nb.LTXVError as error:
            said += [str(error), repr(error)]
    service.meet("poll", echo(401), echo(500))
    service.meet("video", Fault("moved", lambda handler: handler.reply(404, {"message": KEY})))
    wait_until(lambda: client.unfinished_count() == 0)
    client.submit("Another").result(10)
    events = [str(client.journal.events(job.id)) for job in client.jobs()]
    texts = [*said, *events, repr(client), str(client.jobs()), caplog.text]
    texts += [job.describe() for job in client.jobs()]
    client.close()
    files = [
        path.read_bytes()
        for path in [*client.home.rglob("*"), *client.output_dir.rglob("*")]
        if path.is_file()
    ]
    assert len(files) > 3
    assert service.requests("submit")[0].headers["Authorization"] == f"Bearer {KEY}"
    assert not [text for text in texts if KEY in text]
    assert not [content for content in files if KEY.encode() in content]


@pytest.mark.parametrize("endpoint", ["submit", "poll", "logs"])
def test_a_redirect_is_never_followed_with_the_key(service, client, endpoint):
    with FaultService() as elsewhere:
        service.always(endpoint, faults.redirect(f"{elsewhere.base_url}/v2/video/generations"))
        if endpoint == "poll":
            job = client.submit(PROMPT)
        elif endpoint == "logs":
            job = lost(client, service)
        else:
            with pytest.raises(SubmissionUnknown, match="302"):
                client.submit(PROMPT)
        wait_until(lambda: len(service.requests(endpoint)) >= (1 if endpoint == "submit" else 3))
        service.heal()
        if endpoint != "submit":
            job.result(10)
        assert elsewhere.seen == []


@pytest.mark.parametrize(
    "url", ["http://api.aimlapi.com", "http://192.168.1.5:8000", "http://localhost.evil.com"]
)
def test_the_key_is_not_sent_unencrypted_to_another_machine(tmp_path, url):
    with pytest.raises(ltxv_nb.ConfigurationError, match=r"https"):
        make_client(url, tmp_path)


def test_a_job_is_not_asked_for_at_another_service_than_its_own(service, client, tmp_path):
    service.seconds = 0.3
    job = client.submit(PROMPT)
    with FaultService() as elsewhere:
        other = make_client(elsewhere.base_url, tmp_path)
        with pytest.raises(ltxv_nb.ConfigurationError, match=f"AIMLAPI_BASE_URL={service.base_url}"):
            other.job(job.id).wait(1)
        assert other.resume() == []
        other.close()
        assert not elsewhere.requests("poll")
    job.result(10)
    assert_books_agree(client, service)


# -- a journal that others use -------------------------------------------------------------------------------


def test_a_program_that_holds_the_journal_for_long_stops_neither_polls_nor_downloads(service, client):
    """Everything goes on from memory, and is written as soon as the journal is free."""
    service.seconds = 2.0  # none has ended when the journal is held, on a busy machine either
    jobs = [client.submit(f"{PROMPT}, take {take}") for take in range(8)]
    holder = sqlite3.connect(client.journal.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        for job in jobs:
            assert job.result(60).path.exists()
        assert {record.state for record in client.journal.newest()} == {State.RUNNING}
        began = time.monotonic()
        client.jobs()
        client._engine.tracker.charge()
        assert time.monotonic() - began < 0.5
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    wait_until(lambda: {record.state for record in client.journal.newest()} == {State.SAVED}, 30)
    assert_books_agree(client, service)
