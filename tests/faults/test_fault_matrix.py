"""The fault matrix: each fault on each of submit, poll and download, judged by what the service billed."""

from __future__ import annotations

import pytest

import ltxv_nb
from ltxv_nb.errors import DuplicateRequest, GenerationFailed, SubmissionUnknown

from . import faults
from .fast import assert_books_agree, wait_until

PROMPT = "A lighthouse at dusk"


def named(found):
    return [pytest.param(fault, id=f"{fault.name}{', billed' if fault.bills else ''}") for fault in found]


#: The service may or may not have taken the request: each once taken, once not.
IN_DOUBT = [
    faults.reset_unread(),
    *[
        make(bills=bills)
        for bills in (False, True)
        for make in (faults.reset, faults.half_reply, faults.hang)
    ],
    *[
        faults.answer(status, bills=bills)
        for status in (302, 408, 409, 500, 502, 503, 504)
        for bills in (False, True)
    ],
    *[faults.html(status, bills=bills) for status in (200, 500, 502) for bills in (False, True)],
    *[
        make(bills=bills)
        for make in (faults.truncated, faults.empty, faults.garbage, faults.no_id)
        for bills in (False, True)
    ],
]
REFUSED = {
    400: ltxv_nb.APIError,
    401: ltxv_nb.AuthenticationError,
    403: ltxv_nb.InsufficientCreditsError,
    404: ltxv_nb.NotFoundError,
    422: ltxv_nb.APIError,
}
ODD_WORDS = ["waiting", "active", "Rendering…", "", None, 7]


@pytest.mark.parametrize("fault", named(IN_DOUBT))
def test_a_submission_in_doubt_is_never_sent_again_by_itself_and_a_billed_one_is_found(
    service, client, fault
):
    service.meet("submit", fault)
    try:
        job = client.submit(PROMPT)
    except SubmissionUnknown as error:
        job = error.job
    if fault.bills:
        job.result(15)
        assert_books_agree(client, service)
        assert service.prompts() == [PROMPT]
    else:
        assert job.status == "unknown"
        assert not job.done()
        with pytest.raises(DuplicateRequest):
            client.submit(PROMPT)
        assert service.prompts() == []
    # A connection that breaks before it is read is no request that the service saw.
    assert len(service.requests("submit")) == (0 if fault.unread else 1)


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("page", [False, True], ids=["JSON", "HTML"])
def test_a_refusal_is_told_in_the_services_own_words_and_not_sent_again(service, client, status, page):
    service.meet("submit", faults.html(status) if page else faults.answer(status))
    with pytest.raises(REFUSED[status], match=r"502 Bad Gateway" if page else f"Said {status}") as caught:
        client.submit(PROMPT)
    assert caught.value.status_code == status
    assert "othing was billed" in str(caught.value)
    assert [job.status for job in client.jobs()] == ["refused"]
    assert len(service.requests("submit")) == 1
    client.submit(PROMPT).result(15)  # A refused one does not stand in the way.
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize(
    "limit",
    [
        faults.limited("0", "429 with seconds"),
        faults.limited("0.02", "429 with a fraction"),
        faults.limited(faults.http_date(0), "429 with a date"),
        faults.limited("soon", "429 with nonsense"),
        faults.answer(429),
    ],
    ids=lambda fault: fault.name,
)
def test_a_rate_limit_is_waited_out_and_paid_once(service, client, limit):
    service.meet("submit", limit, limit)
    client.submit(PROMPT).result(15)
    assert len(service.requests("submit")) == 3
    names = {seen.headers["X-Client-Request-Id"] for seen in service.requests("submit")}
    assert len(names) == 3, "each try has a name of its own in the service's request log"
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


def test_a_rate_limit_without_end_is_told_and_costs_nothing(service, client):
    service.always("submit", faults.limited("1", "429"))
    with pytest.raises(ltxv_nb.RateLimitError, match="nothing was billed"):
        client.submit(PROMPT)
    assert len(service.requests("submit")) == 4
    assert service.prompts() == []
    assert client.unfinished_count() == 0


def test_a_service_that_is_not_there_is_told_and_costs_nothing(service, client, monkeypatch):
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setattr(client.api._service, "_base_url", nowhere)
    with pytest.raises(ltxv_nb.ServiceUnreachable, match="cannot be reached"):
        client.submit(PROMPT)
    monkeypatch.setattr(client.api._service, "_base_url", service.base_url)
    client.submit(PROMPT).result(15)
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize("word", ODD_WORDS)
def test_a_state_never_heard_of_means_not_yet(service, client, word):
    service.meet("submit", faults.status_word(word))
    service.meet("poll", *[faults.status_word(word)] * 3)
    client.submit(PROMPT).result(15)
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


BAD_ANSWERS = [
    faults.reset_unread(),
    faults.reset(),
    faults.half_reply(),
    faults.hang(),
    faults.limited("0", "429 with seconds"),
    faults.limited(faults.http_date(1), "429 with a date"),
    *[faults.answer(status) for status in (302, 400, 401, 403, 404, 422, 500, 502, 503, 504)],
    *[faults.html(status) for status in (200, 404, 500, 502)],
    faults.truncated(),
    faults.empty(),
    faults.garbage(),
    faults.no_id(),
    faults.answer(200, [], name="a list"),
    faults.answer(200, {"id": "x", "status": "completed"}, name="completed without a video"),
    faults.answer(200, {"id": "x", "status": "completed", "video": {"url": ""}}, name="an empty URL"),
]


@pytest.mark.parametrize("fault", named(BAD_ANSWERS))
def test_bad_answers_while_asking_cost_nothing(service, client, fault):
    service.meet("poll", *[fault] * (2 if fault.name == "hang" else 4))
    video = client.submit(PROMPT).result(15)
    assert video.path.exists()
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


def test_a_generation_that_failed_carries_the_services_words(service, client):
    job = client.submit(PROMPT)
    service.billed[0].failed = "The prompt was flagged <b>by</b> moderation"
    with pytest.raises(GenerationFailed, match="flagged <b>by</b> moderation") as caught:
        job.result(15)
    assert caught.value.job is job
    assert_books_agree(client, service)


DOWNLOADS = [
    faults.reset_unread(),
    faults.reset(),
    faults.half_reply(),
    faults.hang(),
    faults.limited("0", "429 with seconds"),
    faults.limited(faults.http_date(0), "429 with a date"),
    *[faults.answer(status) for status in (400, 401, 403, 404, 410, 422, 500, 502, 503, 504)],
    *[faults.html(status) for status in (200, 403, 502)],
    faults.answer(200, name="JSON error page"),
    faults.empty(),
    faults.garbage(),
    faults.file(stop_after=700),
    faults.file(claim=500),
    faults.file(keep=900),
    faults.redirect_to_itself(),
    faults.redirect("file:///etc/passwd"),
]


@pytest.mark.parametrize("fault", named(DOWNLOADS))
def test_a_download_survives_and_nothing_half_is_left(service, client, fault):
    service.meet("video", fault, fault)
    job = client.submit(PROMPT)
    job.wait(15)
    if job.error is not None:
        # Given up for now: it says so, and resume brings it.
        assert "finished and paid for, but not downloaded" in str(job.error)
        assert job.status == "completed"
        assert job.video is None
        assert not list(client.output_dir.glob("*.mp4"))
        service.heal()
        client.resume()
        job.result(15)
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize("fault", named(DOWNLOADS))
def test_a_download_that_keeps_failing_is_completed_not_downloaded_and_resumed(service, client, fault):
    if fault.name == "redirect":
        fault = faults.redirect("/files/1/nowhere/nowhere")
    service.always("video", fault)
    job = client.submit(PROMPT)
    with pytest.raises(ltxv_nb.DownloadError, match="finished and paid for, but not downloaded"):
        job.result(30)
    assert job.status == "completed"
    assert not list(client.output_dir.glob("*.mp4"))
    assert client.unfinished_count() == 1
    with pytest.raises(DuplicateRequest):
        client.submit(PROMPT)
    service.heal()
    [resumed] = client.resume()
    assert resumed.result(15).path.exists()
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


def test_the_key_goes_to_the_services_own_origin_alone(service, client):
    service.meet("video", faults.redirect_to_itself())
    client.submit(PROMPT).result(15)
    wait_until(lambda: service.requests("metrics"))
    for seen in service.seen:
        assert ("Authorization" in seen.headers) == (seen.endpoint != "video"), seen
