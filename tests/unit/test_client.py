"""What a Python user holds: nothing is paid for twice, nothing is lost, and slips cost nothing."""

from __future__ import annotations

import gc
import json
import logging
import os
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from fakes import KEY, ORIGIN, reply
from PIL import Image

from ltxv_nb.errors import (
    APIError,
    ClipMissing,
    ConfigurationError,
    DuplicateRequest,
    InsufficientCreditsError,
    JournalError,
    LTXVError,
    NotFoundError,
    RequestError,
    SubmissionUnknown,
)
from ltxv_nb.journal import OPEN, State

PROMPT = "A lighthouse, waves breaking"


# -- submitting ------------------------------------------------------------------------------------------


def test_submit_returns_an_accepted_job_and_the_video_follows(desk):
    job = desk.client.submit(PROMPT, duration=6)
    assert job.generation_id in desk.service.generations
    assert job.status == "queued"
    assert not job.done()
    desk.finish(job)
    assert job.done()
    video = job.result()
    assert video.path.read_bytes() == b"clip"
    assert (video.width, video.height, video.duration, video.fps, video.has_audio) == (
        1920,
        1080,
        6.0,
        25.0,
        True,
    )
    assert video.prompt == PROMPT
    assert video.settings == {"model": "ltxv/ltxv-2", "duration": 6}
    assert video.job_id == job.id


def test_only_what_was_set_is_sent(desk):
    desk.client.submit(PROMPT)
    desk.client.submit(PROMPT, model="ltxv-2-fast", generate_audio=False)
    assert [json.loads(post.body) for post in desk.posts] == [
        {"model": "ltxv/ltxv-2", "prompt": PROMPT},
        {"model": "ltxv/ltxv-2-fast", "prompt": PROMPT, "generate_audio": False},
    ]


def test_another_model_gets_its_own_fields_unchecked(desk):
    job = desk.client.submit(PROMPT, model="other/model", seed=7, duration=5)
    assert json.loads(desk.posts[0].body) == {
        "model": "other/model",
        "prompt": PROMPT,
        "duration": 5,
        "seed": 7,
    }
    assert job.request.extra == {"seed": 7}


@pytest.mark.parametrize(
    "slip",
    [
        {"prompt": " "},
        {"prompt": PROMPT, "duration": 7},
        {"prompt": PROMPT, "duraton": 6},
        {"prompt": PROMPT, "image": "/no/such/file.png"},
        {"prompt": PROMPT, "model": "other/model", "seed": float("nan")},
        {"prompt": PROMPT, "model": "other/model", "seed": object()},
        {"prompt": PROMPT + "\ud83c"},
    ],
)
def test_a_slip_is_one_sentence_and_nothing_is_sent_or_written(desk, slip):
    with pytest.raises(RequestError) as caught:
        desk.client.submit(**slip)
    assert "\n" not in str(caught.value)
    assert desk.posts == []
    assert desk.client.jobs() == []


def test_a_check_shows_the_body_and_sends_nothing(desk):
    from ltxv_nb.request import GenerationRequest

    body = desk.client.check(GenerationRequest(PROMPT, duration=8))
    assert body == {"model": "ltxv/ltxv-2", "prompt": PROMPT, "duration": 8}
    assert desk.rig.wire.sent == []
    assert not desk.client.home.exists()


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, APIError), (403, InsufficientCreditsError), (404, NotFoundError), (422, APIError)],
)
def test_a_refusal_is_raised_and_on_record_and_does_not_stand_in_the_way(desk, status, kind):
    desk.service.on_post.append(reply(status, {"message": "no"}))
    with pytest.raises(kind):
        desk.client.submit(PROMPT)
    (job,) = desk.client.jobs()
    assert job.status == "refused"
    assert job.done()
    assert isinstance(job.error, APIError)
    assert "refused, nothing billed" in job.describe()
    desk.client.submit(PROMPT)
    assert len(desk.service.billed) == 1


def test_an_unknown_outcome_carries_the_job_which_is_found_again(desk):
    desk.service.on_post.append("lose")
    desk.service.hide_rows = True
    with pytest.raises(SubmissionUnknown) as caught:
        desk.client.submit(PROMPT)
    job = caught.value.job
    assert "may or may not" in str(caught.value)
    assert job.status == "unknown"
    assert not job.done()
    assert "unconfirmed" in job.describe()
    with pytest.raises(DuplicateRequest):
        desk.client.submit(PROMPT)
    desk.service.hide_rows = False
    identifier = next(iter(desk.service.generations))
    desk.service.complete(identifier)
    desk.rig.run(900)
    assert job.result().path.exists()
    assert job.generation_id == identifier
    assert job.error is None
    assert len(desk.posts) == len(desk.service.billed) == 1


# -- before the money is spent ---------------------------------------------------------------------------


def test_a_journal_that_cannot_be_written_stops_the_submission(desk):
    (desk.folder / "home").mkdir()
    (desk.folder / "home" / "journal.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match=r"Nothing was sent\."):
        desk.client.submit(PROMPT)
    assert desk.posts == []


def test_a_home_that_cannot_be_made_stops_the_submission(desk):
    (desk.folder / "home").write_text("a file")
    with pytest.raises(JournalError):
        desk.client.submit(PROMPT)
    assert desk.posts == []


def test_an_output_folder_that_cannot_be_written_stops_the_submission(desk):
    (desk.folder / "out").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"LTXV_OUTPUT_DIR.*Nothing was sent"):
        desk.client.submit(PROMPT)
    assert desk.posts == []
    assert desk.client.jobs() == []


def test_an_interrupt_during_the_submission_loses_nothing(desk):
    desk.service.on_post.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        desk.client.submit(PROMPT)
    (job,) = desk.client.jobs()
    assert job.status == "unknown"
    assert job.watched, "it is looked for from now on"
    desk.service.generations["g"] = {"id": "g", "status": "queued"}
    desk.service.rows.append({"inference_id": "g", "client_request_id": job.record.client_request_id})
    desk.service.complete("g")
    desk.rig.run(600)
    assert job.result().path.exists()


# -- twice -----------------------------------------------------------------------------------------------


def test_the_same_request_again_is_stopped_while_the_first_is_unfinished(desk):
    job = desk.client.submit(PROMPT, duration=6)
    with pytest.raises(DuplicateRequest) as caught:
        desk.client.submit(f" {PROMPT} ", model="ltxv/ltxv-2", duration="6")
    assert caught.value.job is job
    assert job.id in str(caught.value)
    assert "--again" in str(caught.value)
    assert "allow_duplicate=True" in str(caught.value)
    assert len(desk.posts) == 1


def test_the_same_request_again_is_stopped_while_the_video_is_not_on_disk(desk):
    job = desk.client.submit(PROMPT)
    desk.service.complete(job.generation_id)
    desk.rig.until(lambda: desk.rig.downloads.tasks)
    assert job.status == "downloading"
    with pytest.raises(DuplicateRequest, match="not on disk yet"):
        desk.client.submit(PROMPT)


def test_another_client_on_the_same_home_is_stopped_too(desk):
    desk.client.submit(PROMPT)
    other, _ = desk.another()
    with pytest.raises(DuplicateRequest):
        other.submit(PROMPT)
    assert len(desk.posts) == 1


def test_a_changed_request_is_another_one(desk):
    desk.client.submit(PROMPT)
    for change in ({"duration": 6}, {"model": "ltxv-2-fast"}, {"generate_audio": True}):
        desk.client.submit(PROMPT, **change)
    desk.client.submit(PROMPT + "!")
    assert len(desk.service.billed) == 5


def test_it_is_sent_again_on_purpose(desk):
    first = desk.client.submit(PROMPT)
    second = desk.client.submit(PROMPT, allow_duplicate=True)
    assert first.id != second.id
    assert len(desk.service.billed) == 2


def test_without_reuse_a_finished_request_is_made_again(desk):
    first = desk.client.submit(PROMPT)
    desk.finish(first)
    assert desk.client.submit(PROMPT).id != first.id
    assert len(desk.service.billed) == 2


# -- reuse -----------------------------------------------------------------------------------------------


def test_with_reuse_a_finished_request_is_returned_and_nothing_is_sent(desk):
    first = desk.client.submit(PROMPT, duration=6)
    desk.finish(first)
    posts = len(desk.posts)
    again = desk.client.submit(PROMPT, duration=6, reuse=True)
    assert again is first
    assert again.video.path.exists()
    assert len(desk.posts) == posts
    assert desk.client.submit(PROMPT, duration=8, reuse=True).id != first.id


def test_reuse_works_in_the_next_process_and_without_the_service(desk):
    first = desk.client.submit(PROMPT)
    desk.finish(first)
    desk.client.close()
    other, rig = desk.another()
    rig.place.start = lambda: pytest.fail("the service was started")
    assert other.submit(PROMPT, reuse=True).video.path == first.video.path
    assert rig.wire.sent == []


def test_of_several_takes_the_newest_whose_file_is_there_is_returned(desk):
    takes = []
    for _ in range(3):
        takes.append(desk.client.submit(PROMPT, allow_duplicate=True))
        desk.finish(takes[-1])
    assert desk.client.submit(PROMPT, reuse=True) is takes[2]
    takes[2].video.path.unlink()
    assert desk.client.submit(PROMPT, reuse=True) is takes[1]
    assert len(desk.service.billed) == 3


def test_a_clip_whose_file_is_gone_is_not_bought_again_by_itself(desk):
    job = desk.client.submit(PROMPT)
    desk.finish(job)
    job.video.path.unlink()
    with pytest.raises(ClipMissing) as caught:
        desk.client.submit(PROMPT, reuse=True)
    assert caught.value.job is job
    assert f"%ltxv attach {job.id}" in str(caught.value)
    assert "to pay for another one, add --again" in str(caught.value)
    assert len(desk.service.billed) == 1

    job.reopen()
    desk.rig.run(120)
    assert job.video.path.exists()
    assert desk.client.submit(PROMPT, reuse=True) is job
    assert len(desk.service.billed) == 1


def test_a_clip_whose_file_is_there_is_not_fetched_again(desk):
    job = desk.client.submit(PROMPT)
    desk.finish(job)
    job.reopen()
    assert job.video is not None
    assert len(desk.rig.saver.saved) == 1


def test_reuse_does_not_pass_by_an_unfinished_one(desk):
    desk.finish(desk.client.submit(PROMPT))
    running = desk.client.submit(PROMPT, allow_duplicate=True)
    with pytest.raises(DuplicateRequest) as caught:
        desk.client.submit(PROMPT, reuse=True)
    assert caught.value.job is running


def test_allow_duplicate_buys_even_with_reuse(desk):
    desk.finish(desk.client.submit(PROMPT))
    desk.client.submit(PROMPT, allow_duplicate=True, reuse=True)
    assert len(desk.service.billed) == 2


def test_a_clip_that_another_process_finishes_in_between_is_not_bought_again(desk, monkeypatch):
    first = desk.client.submit(PROMPT)
    desk.finish(first)
    # As if it had been finished between the look into the journal and the reservation.
    monkeypatch.setattr(desk.client.journal, "finished_before", lambda _fingerprint: [])
    assert desk.client.submit(PROMPT, reuse=True) is first
    assert len(desk.service.billed) == 1


# -- images ----------------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.new("RGB", (320, 180), "red").save(path)
    return path


def test_a_local_image_is_sent_as_a_data_uri_and_kept_as_a_file(desk, picture):
    job = desk.client.submit(PROMPT, image=picture)
    (post,) = desk.posts
    assert json.loads(post.body)["image_url"].startswith("data:image/")
    kept = job.record.request["image"]
    assert set(kept) == {"sha256", "file", "media_type"}
    assert (desk.client.home / kept["file"]).is_file()
    database = b"".join(path.read_bytes() for path in desk.client.home.glob("journal.sqlite*"))
    assert b"base64" not in database
    assert job.request.image == desk.client.home / kept["file"]


def test_the_same_image_by_another_name_is_the_same_request(desk, picture, tmp_path):
    desk.client.submit(PROMPT, image=picture)
    copy = tmp_path / "copy.png"
    copy.write_bytes(picture.read_bytes())
    with pytest.raises(DuplicateRequest):
        desk.client.submit(PROMPT, image=copy.read_bytes())
    Image.new("RGB", (320, 180), "blue").save(copy)
    desk.client.submit(PROMPT, image=copy)


def test_an_image_address_is_sent_as_it_is(desk):
    job = desk.client.submit(PROMPT, image="https://example.test/a.png")
    assert json.loads(desk.posts[0].body)["image_url"] == "https://example.test/a.png"
    assert job.request.image == "https://example.test/a.png"


def test_a_past_request_can_be_submitted_again_as_it_was(desk, picture):
    job = desk.client.submit(PROMPT, image=picture, duration=8, generate_audio=False)
    desk.client.submit_request(job.request, allow_duplicate=True)
    first, second = (json.loads(post.body) for post in desk.posts)
    assert first == second


# -- looking back ----------------------------------------------------------------------------------------


def test_everything_is_listed_newest_first_and_handles_are_shared(desk):
    jobs = []
    for number in range(3):
        jobs.append(desk.client.submit(f"{PROMPT} {number}"))
        desk.clock.advance(1)
    assert desk.client.jobs() == jobs[::-1]
    assert desk.client.jobs(2) == jobs[:0:-1]
    assert desk.client.job(jobs[0].id) is jobs[0]
    assert desk.client.job(jobs[0].generation_id) is jobs[0]
    assert desk.client.unfinished_count() == 3


def test_what_is_unfinished_at_another_service_is_told_apart(desk):
    job = desk.client.submit(PROMPT)
    assert desk.client.unfinished_elsewhere() == {}
    record = replace(
        desk.client.journal.get(job.id), id="elsewher", origin="https://other.example", owner=None
    )
    desk.client.journal.reserve(replace(record, client_request_id=None, generation_id=None, fingerprint=None))
    assert desk.client.unfinished_elsewhere() == {"https://other.example": 1}
    assert [job.id for job in desk.client.resume()] == [job.id]


def test_listing_never_turns_a_finished_job_back(desk, monkeypatch):
    job = desk.client.submit(PROMPT)
    stale = desk.client.journal.get(job.id)
    desk.finish(job)
    monkeypatch.setattr(desk.client.journal, "newest", lambda *_, **__: [stale])
    heard = []
    job.on_change(lambda job: heard.append(job.status))
    assert desk.client.jobs() == [job]
    assert job.status == "completed"
    assert set(heard) <= {"completed"}


def test_a_generation_made_elsewhere_is_adopted_once(desk):
    desk.service.generations["g-1:ltxv/ltxv-2-fast"] = {"id": "g-1:ltxv/ltxv-2-fast", "status": "generating"}
    job = desk.client.job(" g-1:ltxv/ltxv-2-fast ")
    assert desk.client.job("g-1:ltxv/ltxv-2-fast") is job
    assert job.record.model == "ltxv/ltxv-2-fast"
    desk.finish(job)
    assert job.result().path.exists()
    assert len(desk.client.jobs()) == 1
    assert desk.posts == []


def test_an_id_nobody_knows_makes_no_row(desk):
    with pytest.raises(NotFoundError, match=r"Neither the journal nor the service knows 'nothere0'"):
        desk.client.job("nothere0")
    with pytest.raises(RequestError, match="The id is empty"):
        desk.client.job("  ")
    desk.service.on_get.append(reply(500, {}))
    with pytest.raises(APIError):
        desk.client.job("g-1")
    assert desk.client.jobs() == []


# -- resuming --------------------------------------------------------------------------------------------


def test_the_next_process_picks_up_whatever_is_unfinished(desk):
    job = desk.client.submit(PROMPT)
    desk.service.on_post.append("lose")
    desk.service.hide_rows = True
    with pytest.raises(SubmissionUnknown):
        desk.client.submit(PROMPT + "!")
    desk.client.close()
    for identifier in desk.service.generations:
        desk.service.complete(identifier)
    desk.service.hide_rows = False
    later, rig = desk.another()
    assert later.unfinished_count() == 2
    resumed = later.resume()
    assert resumed[0].id == job.id
    rig.run(900)
    assert [one.status for one in resumed] == ["completed", "completed"]
    assert later.resume() == []
    assert len(desk.service.billed) == len(desk.posts) == 2


def test_a_video_that_was_not_downloaded_is_tried_again_by_a_resume(desk):
    from fakes import broken_download

    job = desk.client.submit(PROMPT)
    desk.rig.saver.faults.extend([broken_download()] * 3)
    desk.service.complete(job.generation_id)
    desk.rig.run(600)
    assert job.done()
    assert "finished, not downloaded" in job.describe()
    with pytest.raises(LTXVError, match="%ltxv resume"):
        raise job.error
    later, rig = desk.another()
    listed = later.job(job.id)
    assert listed.done()
    assert listed.error is not None
    assert [one.id for one in later.resume()] == [job.id]
    assert not listed.done()
    rig.run(60)
    assert listed.result().path.exists()


def test_an_interrupt_between_the_row_and_the_sending_says_that_nothing_was_sent(desk, monkeypatch):
    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(desk.client, "job_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        desk.client.submit(PROMPT)
    monkeypatch.undo()
    assert desk.posts == []
    (row,) = desk.client.journal.newest()
    assert row.state == State.REFUSED
    desk.client.submit(PROMPT)


def test_a_submission_that_was_left_half_way_in_this_very_process_is_looked_for(desk):
    """An interrupt in the wrong moment may leave a row that nobody sends any more."""
    desk.rig.lease.acquire()
    record = desk.rig.record()
    desk.client.journal.reserve(record)
    (job,) = desk.client.resume()
    desk.rig.run(60)
    assert job.status == "unknown"
    assert 2 < sum("/v2/logs" in request.url for request in desk.rig.wire.sent) < 20


def test_a_resume_during_a_submission_leaves_it_alone(desk):
    seen = []

    def answer(request):
        if request.method == "POST":
            seen.extend(desk.client.resume())
            assert not desk.rig.tracker.watching(seen[0].id)
            assert seen[0].status == "submitting"
        return desk.service(request)

    desk.rig.wire.answer = answer
    job = desk.client.submit(PROMPT)
    assert seen == [job]
    assert job.status == "queued"
    assert desk.rig.tracker.watching(job.id)
    desk.finish(job)
    assert job.result().path.exists()
    assert not any("/v2/logs" in request.url for request in desk.rig.wire.sent)


def test_two_clients_never_download_one_video_twice(desk):
    job = desk.client.submit(PROMPT)
    other, rig = desk.another()
    (same,) = other.resume()
    desk.service.complete(job.generation_id)
    for _ in range(120):
        desk.rig.run(1)
        rig.run(1)
    assert len(desk.rig.saver.saved) + len(rig.saver.saved) == 1
    assert job.result().path == same.result().path


# -- closing ---------------------------------------------------------------------------------------------


def test_a_closed_client_takes_nothing_and_says_so(desk):
    job = desk.client.submit(PROMPT)
    desk.client.close()
    desk.client.close()
    for act in (lambda: desk.client.submit(PROMPT + "!"), job.result):
        with pytest.raises(ConfigurationError, match="closed"):
            act()
    assert len(desk.posts) == 1


def test_closing_lets_go_so_that_another_can_take_over_at_once(desk):
    job = desk.client.submit(PROMPT)
    desk.client.close()
    assert desk.client.journal.get(job.id).owner is None
    other, rig = desk.another()
    other.resume()
    desk.service.complete(job.generation_id)
    rig.run(120)
    assert other.job(job.id).status == "completed"


def test_with_closes(desk):
    other, _ = desk.another()
    with other as entered:
        assert entered is other
    with pytest.raises(ConfigurationError):
        other.submit(PROMPT)


# -- the key ---------------------------------------------------------------------------------------------


def test_the_key_is_nowhere_but_in_the_one_header(desk, caplog, picture):
    caplog.set_level(logging.DEBUG)
    job = desk.client.submit(PROMPT, image=picture)
    desk.finish(job)
    desk.service.on_post.append(reply(401, {"message": f"Bearer {KEY} is not known"}))
    with pytest.raises(APIError) as refused:
        desk.client.submit(PROMPT)
    desk.service.on_post.append(requests.ConnectionError(f"to https://x:{KEY}@y.test"))
    desk.service.hide_rows = True
    with pytest.raises(SubmissionUnknown) as unknown:
        desk.client.submit(PROMPT)
    logging.getLogger("ltxv_nb").warning("by accident %s", KEY)
    for thing in (
        desk.client,
        job,
        job.video,
        job.request,
        refused.value,
        unknown.value,
        *desk.client.jobs(),
    ):
        assert KEY not in f"{thing} {thing!r}"
        assert KEY not in getattr(thing, "describe", str)()
    assert KEY not in caplog.text
    desk.client.journal.close()
    files = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    for request in desk.rig.wire.sent:
        assert KEY not in request.url
        assert KEY not in str(request.headers)
        assert request.url.startswith(f"{ORIGIN}/")


def test_closing_takes_the_log_filters_away(desk):
    logger = logging.getLogger("urllib3.connectionpool")
    before = len(logger.filters)
    desk.client.close()
    assert len(logger.filters) == before - 1


# -- odds ------------------------------------------------------------------------------------------------


def test_every_submission_has_a_name_the_service_stores(desk):
    desk.client.submit(PROMPT)
    desk.client.submit(PROMPT + "!")
    names = [post.headers["X-Client-Request-Id"] for post in desk.posts]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", name) for name in names)


def test_submissions_from_many_threads_are_each_sent_once(desk):
    jobs, errors = [], []

    def submit(number):
        try:
            jobs.append(desk.client.submit(f"{PROMPT} {number % 4}"))
        except DuplicateRequest as error:
            errors.append(error)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.service.billed) == len(jobs) == len(errors) == 4


def test_a_client_can_be_forgotten(desk):
    import weakref

    other, _ = desk.another()
    desk._made.pop()
    gone = weakref.ref(other)
    other.close()
    del other, _
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_neither_takes_over_nor_disturbs_its_parent(desk):
    job = desk.client.submit(PROMPT)
    owner = desk.client.journal.get(job.id).owner
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        told = "failed"
        try:
            seen = desk.client.job(job.id)
            told = f"{seen.status} {desk.client._engine.lease.is_held(owner)} {desk.client._engine.lease.name != owner}"
            desk.client.close()
        finally:
            os.write(writing, told.encode())
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"queued True True"
    assert desk.client.journal.get(job.id).owner == owner
    other, _ = desk.another()
    assert other._engine.lease.is_held(owner)
    desk.finish(job)
    assert Path(job.video.path).exists()


def test_the_state_words_of_a_job_cover_every_state_of_the_journal():
    assert set(OPEN) == {"submitting", "unknown", "running", "finished"}


def test_an_earlier_clip_on_a_drive_that_does_not_answer_stops_nothing(desk, monkeypatch):
    first = desk.client.submit(PROMPT)
    desk.finish(first)
    look = Path.stat

    def stat(path, **options):
        if str(path) == first.record.file:
            raise OSError(107, "Transport endpoint is not connected")
        return look(path, **options)

    monkeypatch.setattr(Path, "stat", stat)
    assert desk.client.submit(PROMPT).generation_id in desk.service.generations
