"""The paid act: sent once, again only when it was certainly not taken, and never forgotten."""

from __future__ import annotations

import json

import pytest
import requests
from fakes import FakeService, blocked_by, reply
from urllib3.exceptions import NewConnectionError

from ltxv_nb.errors import InsufficientCreditsError, JournalError, RateLimitError, ServiceUnreachable
from ltxv_nb.journal import State

BODY = {"model": "ltxv/ltxv-2", "prompt": "A lighthouse"}


def refused_connection():
    return requests.ConnectionError(NewConnectionError(None, "[Errno 111] Connection refused"))


@pytest.fixture
def record(rig):
    made = rig.record()
    rig.journal.reserve(made)
    return made


def posts(rig):
    return [request for request in rig.wire.sent if request.method == "POST"]


def send(rig, record, *answers):
    rig.service.on_post.extend(answers)
    return rig.submission.send(record, BODY)


def test_the_row_is_on_disk_before_anything_is_sent(rig, record):
    seen = []
    rig.wire.answer = lambda request: seen.append(rig.journal.get(record.id)) or FakeService()(request)
    rig.submission.send(record, BODY)
    assert seen[0].state == State.SUBMITTING
    assert seen[0].client_request_id == rig.wire.sent[0].headers["X-Client-Request-Id"]


def test_an_accepted_request_is_written_down_with_id_and_cost(rig, record):
    sent = send(
        rig, record, reply(200, {"id": "g", "status": "queued", "meta": {"usage": {"credits_used": 500_000}}})
    )
    row = rig.journal.get(record.id)
    assert sent.record == row
    assert (row.state, row.status, row.generation_id, row.usd) == (State.RUNNING, "queued", "g", 0.25)
    assert row.accepted_at == rig.clock.time()
    assert sent.error is None
    assert len(posts(rig)) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refused_request_is_sent_once_and_frees_the_way(rig, record, status):
    sent = send(rig, record, reply(status, {"message": "no"}))
    row = rig.journal.get(record.id)
    assert (row.state, row.owner) == (State.REFUSED, None)
    assert row.error == str(sent.error)
    assert len(posts(rig)) == 1
    assert rig.service.billed == []
    assert blocked_by(rig.journal, rig.record(fingerprint=record.fingerprint)) is None


def test_the_error_of_a_refusal_is_of_its_kind(rig, record):
    assert isinstance(send(rig, record, reply(403, {"message": "no"})).error, InsufficientCreditsError)


def test_after_429_it_is_sent_again_when_the_service_says(rig, record):
    busy = reply(429, {"message": "slow"}, headers={"Retry-After": "7"})
    sent = send(rig, record, busy, busy)
    assert sent.record.state == State.RUNNING
    assert rig.clock.sleeps == [7.0, 7.0]
    assert len(rig.service.billed) == 1


def test_each_wait_is_told_before_it_begins_with_its_reason_and_its_end(rig, record):
    busy, told = reply(429, {"message": "slow"}, headers={"Retry-After": "7"}), []
    rig.service.on_post.extend([busy, refused_connection()])
    now = rig.clock.time()
    rig.submission.send(record, BODY, lambda row, at, why: told.append((row.id, at - now, why)))
    assert told[0][:2] == (record.id, pytest.approx(7.0))
    assert "HTTP 429), try 1 of 4" in told[0][2]
    assert "Nothing was billed." in told[0][2]
    assert "could not be reached, try 2 of 4" in told[1][2]


def test_a_wait_of_hours_is_not_waited_in_a_cell(rig, record):
    sent = send(rig, record, *[reply(429, {"message": "slow"}, headers={"Retry-After": "86400"})] * 4)
    assert rig.clock.sleeps == [30.0, 30.0, 30.0]
    assert isinstance(sent.error, RateLimitError)
    assert sent.record.state == State.REFUSED
    assert len(posts(rig)) == 4


def test_what_was_never_delivered_is_sent_again_a_few_times(rig, record):
    sent = send(rig, record, refused_connection(), refused_connection(), refused_connection())
    assert sent.record.state == State.RUNNING
    assert len(rig.service.billed) == 1
    assert rig.clock.sleeps == sorted(rig.clock.sleeps)


def test_a_service_that_cannot_be_reached_at_all_is_a_refusal_that_costs_nothing(rig, record):
    sent = send(rig, record, *[refused_connection()] * 4)
    assert isinstance(sent.error, ServiceUnreachable)
    assert rig.journal.get(record.id).state == State.REFUSED
    assert rig.service.billed == []


def test_each_try_has_a_name_of_its_own_that_is_on_disk_before_it_is_sent(rig, record):
    names, service = [], rig.service
    service.on_post.extend([reply(429, {}), reply(429, {})])

    def answer(request):
        if request.method == "POST":
            name = request.headers["X-Client-Request-Id"]
            assert rig.journal.get(record.id).client_request_id == name
            names.append(name)
        return service(request)

    rig.wire.answer = answer
    rig.submission.send(record, BODY)
    assert [name.rpartition(".")[2] for name in names] == ["1", "2", "3"]
    assert len({name.rpartition(".")[0] for name in names}) == 1


UNCLEAR = [
    requests.ConnectionError("aborted", ConnectionResetError(104, "reset")),
    requests.ReadTimeout("slow"),
    reply(500, {"message": "oops"}),
    reply(502, body=b"<html><title>Bad Gateway</title></html>"),
    reply(503, {}),
    reply(504, {}),
    reply(200, body=b""),
    reply(200, body=b'{"id": "fb7'),
    reply(200, {"status": "queued"}),
    reply(307, {}, headers={"Location": "https://elsewhere.test/"}),
]


@pytest.mark.parametrize("answer", UNCLEAR, ids=repr)
def test_an_unknown_outcome_is_never_sent_again_by_itself(rig, record, answer):
    sent = send(rig, record, answer)
    assert len(posts(rig)) == 1
    assert sent.record.state == State.UNKNOWN
    assert sent.error is None
    assert rig.journal.get(record.id).state == State.UNKNOWN
    assert rig.journal.get(record.id).error
    assert blocked_by(rig.journal, rig.record(fingerprint=record.fingerprint)).id == record.id


def test_a_lost_answer_is_found_in_the_services_record_at_once_if_it_is_there(rig, record):
    sent = send(rig, record, "lose")
    row = rig.journal.get(record.id)
    assert sent.record == row
    assert row.state == State.RUNNING
    assert row.generation_id in rig.service.generations
    assert row.error is None
    assert row.usd == 0.25
    assert len(rig.service.billed) == len(posts(rig)) == 1


def test_a_lost_request_that_the_services_record_calls_failed_is_not_billed(rig, record):
    rig.service.rows.append(
        {
            "status": "failed",
            "inference_id": "g",
            "client_request_id": record.client_request_id,
            "cost": {"usd": 0},
        }
    )
    sent = send(rig, record, reply(500, {}))
    assert sent.record.state == State.REFUSED
    assert "nothing was billed" in str(sent.error)


def test_a_record_that_cannot_be_read_leaves_the_outcome_unknown(rig, record):
    rig.service.on_logs.extend([reply(500, {}), requests.ConnectionError("gone")])
    assert send(rig, record, "lose").record.state == State.UNKNOWN
    assert len(rig.clock.sleeps) == 2


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(), MemoryError()])
def test_an_interruption_while_it_is_being_sent_leaves_a_row_that_can_be_found(rig, record, interruption):
    with pytest.raises(type(interruption)):
        send(rig, record, interruption)
    assert rig.journal.get(record.id).state == State.UNKNOWN
    assert rig.journal.get(record.id).owner == rig.lease.name


def test_an_interruption_between_two_tries_frees_the_way(rig, record):
    def stop(_seconds):
        raise KeyboardInterrupt

    rig.submission._sleep = stop
    with pytest.raises(KeyboardInterrupt):
        send(rig, record, reply(429, {}))
    assert rig.journal.get(record.id).state == State.REFUSED
    assert rig.service.billed == []


def test_a_journal_that_breaks_after_the_answer_does_not_lose_the_id(rig, record, monkeypatch):
    def full(*_args, **_options):
        raise JournalError("The disk is full.")

    monkeypatch.setattr(rig.journal, "advance", full)
    sent = send(rig, record)
    assert sent.record.generation_id in rig.service.generations
    assert [change.columns["generation_id"] for change in sent.pending] == [sent.record.generation_id]
    assert sent.record.state == State.RUNNING


def test_a_journal_that_breaks_between_two_tries_stops_the_second(rig, record, monkeypatch):
    def full(*_args, **_options):
        raise JournalError("The disk is full.")

    monkeypatch.setattr(rig.journal, "advance", full)
    with pytest.raises(JournalError):
        send(rig, record, reply(429, {}))
    assert len(posts(rig)) == 1
    assert rig.service.billed == []


def test_the_body_is_sent_as_it_was_given(rig, record):
    send(rig, record)
    assert json.loads(posts(rig)[0].body) == BODY
