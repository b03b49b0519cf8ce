"""An answer that was lost is found again: by whichever id the service goes by, and however wrong a clock was."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import formatdate

import pytest
from faults import faults
from faults.fast import assert_books_agree, wait_until
from faults.service import Fault

from ltxv_nb.errors import SubmissionUnknown

PROMPT = "A lighthouse at dusk"
HOUR, DAY = 3600.0, 86400.0


def lose(client, service):
    """Submit one whose answer is lost after the service has taken it."""
    service.meet("submit", faults.reset(bills=True))
    with pytest.raises(SubmissionUnknown) as caught:
        client.submit(PROMPT)
    return caught.value.job


def logged_as(service, monkeypatch, spell):
    """Let the service's request log go by other ids than its polls."""
    rows = service.log_rows
    monkeypatch.setattr(
        service,
        "log_rows",
        lambda: [{**row, "inference_id": spell(row["inference_id"])} for row in rows()],
    )


# -- ids -------------------------------------------------------------------------------------------------


def test_a_log_that_names_an_id_the_service_does_not_know_leaves_it_unknown_and_says_so(
    service, client, monkeypatch
):
    named = "00000000-0000-4000-8000-000000000000"
    with monkeypatch.context() as wrong:
        logged_as(service, wrong, lambda _id: named)
        service.meet("submit", faults.reset(bills=True))
        try:
            job = client.submit(PROMPT)
        except SubmissionUnknown as error:
            job = error.job
        wait_until(lambda: job.status == "unknown" and named in str(job.error))
        assert job.generation_id is None
        assert not job.done()
        polled = len(service.requests("poll"))
        time.sleep(1.0)
        assert len(service.requests("poll")) - polled < 20
        assert len(service.requests("submit")) == 1
    job.result(15)
    assert job.generation_id == service.billed[0].id
    assert_books_agree(client, service)


@pytest.mark.parametrize(
    "spell",
    [lambda found: found.partition(":")[0], lambda found: f"{found.partition(':')[0]}:ltxv/an-alias"],
    ids=["bare", "another model"],
)
def test_a_log_that_spells_the_id_otherwise_is_followed_by_the_spelling_that_polls_know(
    service, client, monkeypatch, spell
):
    logged_as(service, monkeypatch, spell)
    service.meet("submit", faults.reset(bills=True))
    try:
        job = client.submit(PROMPT)
    except SubmissionUnknown as error:
        job = error.job
    job.result(15)
    assert job.generation_id == service.billed[0].id
    assert len(service.requests("submit")) == 1
    assert_books_agree(client, service)


def test_an_answer_of_which_only_a_header_can_be_read_is_followed_by_the_spelling_that_polls_know(
    service, client
):
    def act(handler):
        name = handler.task.id.partition(":")[0]
        handler.reply(201, b"<html>", {"x-inference-id": name})

    service.meet("submit", Fault("header alone", act, bills=True))
    job = client.submit(PROMPT)
    job.result(15)
    assert job.generation_id == service.billed[0].id
    assert_books_agree(client, service)


# -- clocks ----------------------------------------------------------------------------------------------


def keep_a_log(service, *, created, ahead=0.0):
    """Let the service's log have windows, as the real one has; all rows were written at one moment.

    Parameters
    ----------
    created : float
        That moment by the service's clock, in unix seconds.
    ahead : float
        Seconds by which the service's clock is ahead of ours.
    """

    def moment(text):
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()

    def act(handler):
        now, query = time.time() + ahead, {name: values[0] for name, values in handler.query.items()}
        if "period" in query:
            start, end = now - int(query["period"][:-1]) * HOUR, now
        else:
            start, end = moment(query["start"]), moment(query["end"])
        rows = service.log_rows() if start <= created <= end else []
        handler.date_time_string = lambda *_args: formatdate(now, usegmt=True)
        pagination = {"limit": 100, "offset": 0, "total": len(rows), "has_more": False}
        handler.reply(200, {"data": rows, "pagination": pagination})

    service.always("logs", Fault("a log with windows", act))


def submitted_at(client, job, at):
    """Rewrite when a job was submitted, as a clock that was wrong then would have written it."""
    with client.journal._connections.of_this_thread() as connection:
        connection.execute("UPDATE generations SET created_at = ? WHERE id = ?", (at, job.id))


@pytest.mark.parametrize("wrong_by", [-5 * DAY, -20 * HOUR, 20 * HOUR, 5 * DAY])
def test_a_clock_that_was_wrong_at_the_submission_and_right_later_hides_nothing(
    service, new_client, wrong_by
):
    service.logged = lambda _task: False
    with new_client() as client:
        job = lose(client, service)
        submitted_at(client, job, time.time() - 3 * HOUR + wrong_by)
    service.logged = lambda _task: True
    keep_a_log(service, created=time.time() - 3 * HOUR)
    client = new_client()
    (job,) = client.resume()
    job.result(15)
    assert_books_agree(client, service)
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize("ahead", [-5 * DAY, 5 * DAY])
def test_a_clock_that_is_wrong_all_the_time_is_corrected_by_the_services_own(service, new_client, ahead):
    service.logged = lambda _task: False
    with new_client() as client:
        job = lose(client, service)
        submitted_at(client, job, time.time() - 2 * DAY)
    service.logged = lambda _task: True
    keep_a_log(service, created=time.time() - 2 * DAY + ahead, ahead=ahead)
    client, before = new_client(), len(service.requests("logs"))
    (job,) = client.resume()
    job.result(15)
    assert len(service.requests("logs")) - before == 2, "the first page told the time, the second had the row"
    assert_books_agree(client, service)
