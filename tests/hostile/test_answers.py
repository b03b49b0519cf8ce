"""Each answer belongs to its request: what a server, a gateway or a cache puts in between is not taken for it."""

from __future__ import annotations

import uuid

import pytest
from faults import faults
from faults.fast import assert_books_agree, wait_until
from faults.service import Fault

from ltxv_nb.errors import SubmissionUnknown

from .sockets import answer, around, interim, proper, read_request

PROMPTS = ["A lighthouse", "A harbour", "A glacier", "A meadow"]

INTERIM = {
    "one 103": interim(),
    "several": interim(100, "") + interim(102, "") + interim() * 3,
    "with a length": interim(103, "Content-Length: 12\r\nConnection: close\r\n"),
    "without headers": interim(199, ""),
}


def submit(client, prompt):
    """Submit, whatever is said of it."""
    try:
        return client.submit(prompt)
    except SubmissionUnknown as error:
        return error.job


def finish(client, service, jobs):
    """Wait for all of them; each has its own clip, and each billed task one row."""
    for job in jobs:
        job.result(20)
    assert_books_agree(client, service)
    for job in jobs:
        task = service.tasks[job.generation_id]
        assert task.prompt == job.record.prompt
        assert job.video.path.read_bytes() == service.video_of(task)


@pytest.mark.parametrize("seconds", [0.0, 0.2], ids=["at once", "later"])
@pytest.mark.parametrize("before", INTERIM.values(), ids=INTERIM)
def test_what_comes_before_an_answer_to_a_submission_is_not_the_answer(service, client, before, seconds):
    service.always("submit", around(before, seconds=seconds))
    jobs = [client.submit(prompt) for prompt in PROMPTS]
    assert service.prompts() == PROMPTS
    assert [job.generation_id for job in jobs] == [task.id for task in service.billed]
    finish(client, service, jobs)


@pytest.mark.parametrize("seconds", [0.0, 0.05], ids=["at once", "later"])
@pytest.mark.parametrize("before", INTERIM.values(), ids=INTERIM)
def test_what_comes_before_an_answer_to_a_poll_is_not_the_answer(service, client, before, seconds):
    service.always("poll", around(before, seconds=seconds))
    service.polls_needed = 3
    finish(client, service, [client.submit(prompt) for prompt in PROMPTS])


def test_interim_answers_without_end_leave_the_outcome_open_and_it_is_found_in_the_log(service, client):
    service.meet("submit", around(interim() * 500))
    job = submit(client, PROMPTS[0])
    assert service.prompts() == PROMPTS[:1]
    finish(client, service, [job])


def test_an_interim_answer_with_a_body_leaves_the_outcome_open_and_it_is_found_in_the_log(service, client):
    service.meet("submit", around(interim(103, "Content-Length: 5\r\n") + b"hello"))
    job = submit(client, PROMPTS[0])
    finish(client, service, [job])


def of_another(service, document=None, headers=None):
    """Answer a poll with the document of another generation, as a cache does that looks at the path alone."""

    def act(handler):
        mine = handler.query["generation_id"][0]
        other = next((task for task in service.billed if task.id != mine), None)
        if other is None:
            proper(handler)
            return
        url = f"{service.base_url}/files/{service.url_version}/{other.id.partition(':')[0]}.mp4"
        handler.reply(200, {"id": other.id, "status": "completed", "video": {"url": url}}, headers)

    return Fault("another's document", act)


def test_a_cache_that_answers_a_poll_with_anothers_document_is_not_believed(service, client):
    service.seconds = 0.3
    jobs = [client.submit(prompt) for prompt in PROMPTS]
    service.meet("poll", *[of_another(service)] * 20)
    finish(client, service, jobs)


@pytest.mark.parametrize("status", [200, 404], ids=["completed", "not found"])
def test_an_answer_under_another_requests_name_is_not_believed(service, client, status):
    """The document names the right generation; the echoed name shows that it was said to somebody else."""

    def act(handler):
        mine = handler.query["generation_id"][0]
        document = {"id": mine, "status": "error", "error": {"message": "not yours"}}
        handler.reply(status, document, {"X-Client-Request-Id": "somebody.else"})

    job = client.submit(PROMPTS[0])
    service.meet("poll", *[Fault("another's name", act)] * 3)
    finish(client, service, [job])


@pytest.mark.parametrize("status", [200, 201, 400, 403, 429])
def test_an_answer_to_a_submission_under_another_requests_name_leaves_it_unknown(service, client, status):
    def act(handler):
        document = {"id": str(uuid.uuid4()), "status": "queued", "message": "not yours"}
        handler.reply(status, document, {"X-Client-Request-Id": "somebody.else"})

    service.meet("submit", Fault("another's name", act, bills=True))
    job = submit(client, PROMPTS[0])
    assert len(service.requests("submit")) == 1, "it is not sent again"
    finish(client, service, [job])


def test_two_jobs_never_hold_one_generation_and_the_second_is_found_in_the_log(service, client):
    first = client.submit(PROMPTS[0])
    one_more = {"id": first.generation_id, "status": "queued"}
    service.meet("submit", faults.answer(201, one_more, bills=True))
    second = submit(client, PROMPTS[1])
    finish(client, service, [first, second])
    assert service.prompts() == PROMPTS[:2]


def test_both_spellings_of_an_id_are_one_generation(service, client):
    job = client.submit(PROMPTS[0])
    bare = job.generation_id.partition(":")[0]
    assert client.job(bare) is job
    finish(client, service, [job])
    assert len(client.jobs()) == 1


def test_a_poll_may_be_answered_under_the_other_spelling_of_the_id(service, client):
    def act(handler):
        mine = handler.query["generation_id"][0]
        handler.reply(200, {"id": mine.partition(":")[0], "status": "generating"})

    job = client.submit(PROMPTS[0])
    service.meet("poll", *[Fault("bare id", act)] * 2)
    finish(client, service, [job])
    assert not job.trouble


@pytest.mark.parametrize("size", [1, 200, 20_000])
def test_bytes_after_an_answer_end_the_connection(raw_server, size, tmp_path):
    """What follows an answer would be taken for the next one, and everything would be one answer behind."""
    asked = []

    def act(connection, number):
        while request := read_request(connection):
            identifier = request.query["generation_id"]
            asked.append((number, identifier))
            surplus = answer(200, {"id": identifier, "status": "surplus"})
            body = answer(200, {"id": identifier, "status": f"poll {len(asked)}"})
            connection.sendall(body + surplus.ljust(size)[: max(size, len(surplus)) if size > 1 else 1])

    from ltxv_nb.key import ApiKey
    from ltxv_nb.service.api import Api

    class Place:
        key = ApiKey("AIMLtest-0123456789abcdef7f3a")

        def __init__(self, base_url):
            self.base_url = base_url

        def start(self):
            pass

        def restart(self):
            pass

    server = raw_server(act)
    api = Api(Place(server.base_url))
    try:
        said = [api.fetch("a:ltxv/ltxv-2").status for _ in range(5)]
    finally:
        api.close()
    assert said == [f"poll {number}" for number in range(1, 6)]
    assert server.connections == 5


def test_each_submission_has_a_connection_of_its_own_and_polls_share_theirs(service, client, monkeypatch):
    ports = {"submit": [], "poll": []}
    note = service._server.RequestHandlerClass._dispatch

    def dispatch(handler):
        kind = "submit" if handler.command == "POST" else "poll"
        ports[kind].append(handler.client_address[1])
        note(handler)

    monkeypatch.setattr(service._server.RequestHandlerClass, "_dispatch", dispatch)
    service.polls_needed = 6
    jobs = [client.submit(prompt) for prompt in PROMPTS]
    finish(client, service, jobs)
    assert len(set(ports["submit"])) == len(ports["submit"]) == len(PROMPTS)
    assert not set(ports["submit"]) & set(ports["poll"])
    assert len(set(ports["poll"])) < len(ports["poll"])
    wait_until(lambda: all(not job.watched for job in jobs))
