"""Whatever comes back is read without stumbling."""

from __future__ import annotations

import json

import pytest

from ltxv_nb.service.reply import (
    credits_from_headers,
    error_message,
    number,
    parse_json,
    read_generation,
)

#: Shapes of the vendor's guides and schema, in this project's own words.
CREATED = {"id": "fb77:ltxv/ltxv-2-fast", "status": "queued", "meta": {"usage": {"tokens_used": 504_000}}}
SHORT = {"id": "fb77", "status": "completed", "video": {"url": "https://cdn.example.test/a.mp4"}}
LONG = {
    "id": "fb77",
    "status": "completed",
    "video": {"url": "https://cdn.example.test/a.mp4", "duration": 8},
    "duration": 8,
    "error": None,
    "meta": {"usage": {"credits_used": 120_000}},
}


def test_both_names_of_the_cost_are_read():
    assert read_generation(CREATED).credits == 504_000
    assert read_generation(LONG).credits == 120_000
    assert read_generation(SHORT).credits is None


@pytest.mark.parametrize(
    "document", [SHORT, LONG, {**SHORT, "status": "complete"}, {**SHORT, "status": " Completed"}]
)
def test_every_word_for_finished_ends_a_job_that_has_a_video(document):
    generation = read_generation(document)
    assert generation.completed
    assert generation.url == "https://cdn.example.test/a.mp4"


@pytest.mark.parametrize(
    "video", [None, {}, {"url": None}, {"url": ""}, {"url": "  "}, {"url": 7}, [], "gone"]
)
def test_finished_without_a_video_is_not_yet_finished(video):
    assert not read_generation({**SHORT, "video": video}).completed


@pytest.mark.parametrize("status", ["waiting", "active", "queued", "generating", "thinking", "", None, 3])
def test_any_other_word_means_not_yet(status):
    generation = read_generation({"id": "fb77", "status": status})
    assert not generation.completed
    assert not generation.failed


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"name": "Unsafe", "message": "no"}, "Unsafe: no"),
        ({"message": "no"}, "no"),
        ({"code": 7}, "{'code': 7}"),
        ("no", "no"),
        (None, None),
        ({}, None),
    ],
)
def test_a_failure_keeps_the_services_words(error, words):
    generation = read_generation({"id": "fb77", "status": "error", "error": error})
    assert generation.failed
    assert generation.error == words


@pytest.mark.parametrize("identifier", [None, "", " ", [], {}, True, "half \ud800", "bell\x07", "x" * 600])
def test_what_cannot_be_an_id_is_none(identifier):
    assert read_generation({"id": identifier, "status": "queued"}).id is None


def test_a_number_as_an_id_is_taken():
    assert read_generation({"id": 17, "status": "queued"}).id == "17"


@pytest.mark.parametrize("document", [None, [], "text", 3, True])
def test_what_is_no_object_is_no_generation(document):
    assert read_generation(document) is None


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), -1, True, "7", None, [7]])
def test_an_absurd_cost_is_no_cost_and_never_an_exception(value):
    assert number(value) is None
    assert read_generation({**CREATED, "meta": {"usage": {"credits_used": value}}}).credits is None


@pytest.mark.parametrize("meta", [None, [], "x", {"usage": None}, {"usage": [1]}, {"usage": {}}])
def test_a_missing_cost_is_no_cost(meta):
    assert read_generation({**CREATED, "meta": meta}).credits is None


@pytest.mark.parametrize(
    ("headers", "billed"),
    [
        ({"x-aimlapi-usd-spent": "0.252"}, 504_000),
        ({"x-aimlapi-credits-used": "504000"}, 504_000),
        ({"x-aimlapi-usd-spent": "much", "x-aimlapi-credits-used": "504000"}, 504_000),
        ({"x-aimlapi-usd-spent": "1.23", "x-aimlapi-credits-used": "2469136"}, 2_469_136),
        ({"x-aimlapi-usd-spent": "nan"}, None),
        ({"x-aimlapi-usd-spent": "-1"}, None),
        ({"x-aimlapi-usd-spent": "1e12"}, None),
        ({}, None),
    ],
)
def test_the_cost_in_the_headers_is_read(headers, billed):
    assert credits_from_headers(headers) == billed


@pytest.mark.parametrize("content", [b"", b"{", b'{"id": "a"', b"<html>", b"\xff\xfe\x00", b"[" * 100_000])
def test_what_is_no_whole_json_is_none(content):
    assert parse_json(content) is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"message": "duration: expected 6, 8 or 10, received 7"}',
            "duration: expected 6, 8 or 10, received 7",
        ),
        (b'{"message": ["one", "two"]}', "one; two"),
        (b'{"error": {"message": "no"}}', "no"),
        (b'{"error": {"name": "Bad"}}', "Bad"),
        (b'{"detail": "no"}', "no"),
        (b"{}", "Bad Gateway"),
        (b"", "Bad Gateway"),
        (b"<html><head><title>502 from the gateway</title></head></html>", "502 from the gateway"),
        (b"<html>no title</html>", "Bad Gateway"),
        (b"<title></title>", "Bad Gateway"),
        (b"upstream gone", "upstream gone"),
        (b"\xff\xfe\xfd", "\ufffd\ufffd\ufffd"),
    ],
)
def test_the_words_of_any_refusal_are_found(body, message):
    assert error_message(body, "Bad Gateway")[0] == message


def test_the_request_id_is_kept_and_cannot_steer_a_terminal():
    assert error_message(b'{"message": "no", "requestId": "req-1"}', "")[1] == "req-1"
    request_id = error_message(json.dumps({"message": "no", "requestId": "a\x1b[31m" * 99}).encode(), "")[1]
    assert "\x1b" not in request_id
    assert len(request_id) <= 128


def test_long_and_many_lined_words_become_one_short_line():
    text = error_message(b'{"message": "one\\n\\ttwo\\u001b[2J ' + b"x" * 10_000 + b'"}', "")[0]
    assert text.startswith("one two␛[2J xxx")
    assert len(text) == 600
    assert text.endswith("…")
