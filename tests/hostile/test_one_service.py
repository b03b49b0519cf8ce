"""However the address of a service on this machine is written, it is one service: nothing is paid for twice."""

from __future__ import annotations

import sqlite3

import pytest
from faults.fast import hurry, make_client

from ltxv_nb import settings
from ltxv_nb.errors import DuplicateRequest

PROMPT = "A lighthouse at dusk"


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    hurry(monkeypatch.setattr)


def spellings(service):
    port = service.base_url.rpartition(":")[2]
    return [f"http://{name}:{port}" for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]")]


@pytest.mark.parametrize("other", range(1, 4))
def test_an_identical_request_by_another_spelling_is_a_duplicate(service, tmp_path, other):
    service.seconds = 60
    given = spellings(service)
    with make_client(given[0], tmp_path) as client:
        job = client.submit(PROMPT)
        with make_client(given[other], tmp_path) as second:
            with pytest.raises(DuplicateRequest) as caught:
                second.submit(PROMPT)
            assert caught.value.job.id == job.id
            assert [one.id for one in second.resume()] == [job.id]
            assert second.unfinished_elsewhere() == {}
    assert service.prompts() == [PROMPT]


def test_a_row_that_an_earlier_version_wrote_by_another_spelling_counts_as_well(service, tmp_path):
    service.seconds = 60
    localhost = spellings(service)[1]
    with make_client(localhost, tmp_path) as client:
        job = client.submit(PROMPT)
        request = job.request
        path = client.journal.path
    from ltxv_nb.engine.prepare import prepare

    with sqlite3.connect(path) as journal:  # as 0.1 wrote it: the address as it was given
        journal.execute(
            "UPDATE generations SET origin = ?, fingerprint = ?",
            (localhost, prepare(request).fingerprint(localhost)),
        )
    with make_client(service.base_url, tmp_path) as client:
        with pytest.raises(DuplicateRequest):
            client.submit(PROMPT)
        assert client.job(job.generation_id).id == job.id
        assert client.unfinished_elsewhere() == {}
        service.seconds = 0
        assert client.resume()[0].result(20).path.exists()
    assert service.prompts() == [PROMPT]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("HTTPS://API.AIMLAPI.com:443/v2/", "https://api.aimlapi.com"),
        ("https://api.aimlapi.com.", "https://api.aimlapi.com"),
        ("http://localhost:80", "http://127.0.0.1"),
        ("http://[::1]:8080/api", "http://127.0.0.1:8080/api"),
        ("http://127.0.0.2:8080", "http://127.0.0.2:8080"),
        ("https://localhost.example.com", "https://localhost.example.com"),
        ("sandbox", "sandbox"),
    ],
)
def test_letter_case_default_ports_and_names_of_this_machine_make_no_other_service(given, name):
    cleaned = given if given == "sandbox" else settings.clean_base_url(given)
    assert settings.service_name(cleaned) == name
