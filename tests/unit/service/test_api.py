"""The endpoints, and what each outcome of a submission means for the money."""

from __future__ import annotations

import errno
import gzip
import json
import logging
import re
import socket
import ssl
import threading
import time
from datetime import datetime
from email.utils import formatdate
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from fakes import KEY, ORIGIN, FakeClock, FakeTransport, Place, reply
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import SSLError as Urllib3SSLError

from ltxv_nb.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    InsufficientCreditsError,
    NotFoundError,
    RateLimitError,
    ServerError,
    ServiceUnreachable,
)
from ltxv_nb.service import api as api_module
from ltxv_nb.service.api import Api
from ltxv_nb.service.failures import network_words
from ltxv_nb.service.outcome import Accepted, Busy, NotDelivered, Refused, Unclear

BODY = {"model": "ltxv/ltxv-2", "prompt": "A lighthouse"}
ID = "fb77aa:ltxv/ltxv-2"


def connected(answer, **options):
    wire = FakeTransport(answer if callable(answer) else lambda _request: answer)
    place = Place()
    clock = FakeClock()
    api = Api(place, session_factory=wire.session_factory, clock=clock.time, **options)
    return api, wire, place


def create(answer, **options):
    api, wire, _ = connected(answer, **options)
    outcome = api.create(BODY, "ltxv-nb.abc.1")
    assert len(wire.sent) == 1, "a paid request is sent once, whatever comes back"
    return outcome


# -- what goes out ---------------------------------------------------------------------------------------


def test_a_submission_carries_key_name_and_json_to_the_endpoint_once():
    api, wire, _ = connected(reply(200, {"id": ID, "status": "queued"}))
    api.create(BODY, "ltxv-nb.abc.1")
    (request,) = wire.sent
    assert (request.method, request.url) == ("POST", f"{ORIGIN}/v2/video/generations")
    assert json.loads(request.body) == BODY
    assert request.headers["Authorization"] == "Bearer [key]", "the connection fills the key in"
    assert request.headers["X-Client-Request-Id"] == "ltxv-nb.abc.1"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"].startswith("ltxv-nb/")
    assert all(wire.options[0]["timeout"])


def test_an_id_with_a_colon_and_a_slash_is_url_encoded():
    api, wire, _ = connected(reply(200, {"id": ID, "status": "queued"}))
    assert api.fetch(ID).id == ID
    query = urlsplit(wire.sent[0].url).query
    assert parse_qs(query) == {"generation_id": [ID]}
    assert "/" not in query
    assert ":" not in query


# -- the table of outcomes -------------------------------------------------------------------------------


def test_2xx_with_an_id_is_accepted():
    document = {"id": ID, "status": "Queued", "meta": {"usage": {"tokens_used": 504_000}}}
    for status in (200, 201, 202):
        outcome = create(reply(status, document))
        assert isinstance(outcome, Accepted)
        assert outcome.generation.id == ID
        assert outcome.generation.status == "queued"
        assert outcome.generation.credits == 504_000


def test_the_cost_in_the_header_counts_before_that_in_the_body():
    outcome = create(
        reply(
            200,
            {"id": ID, "status": "queued", "meta": {"usage": {"credits_used": 1}}},
            headers={"x-aimlapi-usd-spent": "0.25"},
        )
    )
    assert outcome.generation.credits == 500_000


@pytest.mark.parametrize("body", [b"", b"{", b"<html>ok</html>", b"null", b"[]", b'{"status": "queued"}'])
def test_2xx_that_cannot_be_read_is_unknown_unless_a_header_names_the_generation(body):
    assert isinstance(create(reply(200, body=body)), Unclear)
    outcome = create(reply(200, body=body, headers={"x-inference-id": ID}))
    assert isinstance(outcome, Accepted)
    assert outcome.generation.id == outcome.generation.inference_id == ID
    assert outcome.generation.status in {"", "queued"}, "no answer has told of this id yet"


def test_2xx_with_an_absurd_cost_is_accepted_all_the_same():
    body = b'{"id": "fb77", "status": "queued", "meta": {"usage": {"credits_used": 1' + b"0" * 400 + b"}}}"
    outcome = create(reply(200, body=body))
    assert isinstance(outcome, Accepted)
    assert outcome.generation.credits is None


def test_an_answer_that_is_cut_off_is_unknown():
    body = json.dumps({"id": ID, "status": "queued"}).encode()
    outcome = create(reply(200, body=body[:20], headers={"Content-Length": str(len(body))}))
    assert isinstance(outcome, Unclear)


def test_an_answer_without_end_is_unknown():
    assert isinstance(create(reply(200, body=b" " * (api_module.MAX_REPLY + 1))), Unclear)


def test_a_compressed_answer_is_read():
    content = gzip.compress(json.dumps({"id": ID, "status": "queued"}).encode())
    assert isinstance(create(reply(200, body=content, headers={"Content-Encoding": "gzip"})), Accepted)


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (400, APIError, "change what it names"),
        (401, AuthenticationError, "AIMLAPI_API_KEY"),
        (403, InsufficientCreditsError, "Top up"),
        (404, NotFoundError, "no model 'ltxv/ltxv-2'; it may have been retired"),
        (413, APIError, "smaller image"),
        (422, APIError, "change what it names"),
        (405, APIError, "Nothing was billed."),
        (451, APIError, "Nothing was billed."),
    ],
)
def test_a_refusal_is_final_unbilled_and_in_the_services_own_words(status, kind, hint):
    words = "duration: expected 6, 8 or 10, received 7"
    outcome = create(reply(status, {"message": words, "requestId": "req-1", "statusCode": status}))
    assert isinstance(outcome, Refused)
    assert type(outcome.error) is kind
    assert outcome.error.status_code == status
    assert outcome.error.request_id == "req-1"
    assert outcome.error.message == words
    assert words in str(outcome.error)
    assert hint in str(outcome.error)
    assert "Nothing was billed" in str(outcome.error)


def test_a_missing_model_is_answered_with_those_that_are_there():
    hints = {"ltxv/ltxv-2": "You can use ltxv-2-fast instead."}
    outcome = create(reply(404, {"message": "not found"}), missing_model_hint=hints.__getitem__)
    assert str(outcome.error).endswith("You can use ltxv-2-fast instead. Nothing was billed.")


def test_429_says_how_long_to_wait_in_seconds_or_as_a_date():
    for value in ("7", "Mon, 21 Sep 2026 14:13:27 GMT"):
        outcome = create(reply(429, {"message": "slow down"}, headers={"Retry-After": value}))
        assert isinstance(outcome, Busy)
        assert outcome.error.retry_after == 7.0
    assert create(reply(429, body=b"")).error.retry_after is None


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408, 409, 425, 301, 302, 307, 308, 304, 499])
def test_every_other_status_is_unknown(status):
    outcome = create(
        reply(status, body=b"<html><title>oops</title></html>", headers={"Location": "https://evil.test/"})
    )
    assert isinstance(outcome, Unclear)
    assert str(status) in outcome.reason


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "reset by peer")),
        requests.ReadTimeout("read timed out"),
        requests.exceptions.ChunkedEncodingError("broken"),
        requests.exceptions.ContentDecodingError("broken"),
        requests.exceptions.RequestException("?"),
    ],
)
def test_a_reset_or_timeout_after_sending_is_unknown(error):
    assert isinstance(create(error), Unclear)


def test_a_connection_that_was_never_made_is_not_delivered_and_the_service_is_looked_for_again():
    cause = NewConnectionError(None, "Failed to establish a new connection: [Errno 111] Connection refused")
    cause.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    api, _, place = connected(requests.ConnectionError(cause))
    outcome = api.create(BODY, "ltxv-nb.abc.1")
    assert isinstance(outcome, NotDelivered)
    assert "api.example.test" in str(outcome.error)
    assert "refuses the connection" in str(outcome.error)
    assert place.restarted == 1


def test_a_body_that_is_no_json_was_not_delivered():
    outcome = connected(reply())[0].create({"prompt": float("nan")}, "ltxv-nb.abc.1")
    assert isinstance(outcome, NotDelivered)


def test_a_redirect_is_not_followed_and_the_key_goes_nowhere():
    api, wire, _ = connected(reply(307, body=b"", headers={"Location": "https://evil.test/"}))
    api.create(BODY, "ltxv-nb.abc.1")
    with pytest.raises(APIError, match="AIMLAPI_BASE_URL"):
        api.fetch(ID)
    assert {urlsplit(request.url).hostname for request in wire.sent} == {"api.example.test"}


# -- reading ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(401, {"message": "no"}), AuthenticationError),
        (reply(403, {"message": "no"}), InsufficientCreditsError),
        (reply(404, {"message": "no"}), NotFoundError),
        (reply(429, {"message": "no"}), RateLimitError),
        (reply(500, {"message": "no"}), ServerError),
        (reply(502, body=b"<html>"), ServerError),
        (reply(418, {"message": "no"}), APIError),
        (reply(200, body=b""), APIError),
        (reply(200, body=b"<html>fine</html>"), APIError),
        (reply(200, body=b'{"id": "a", "status": "gener'), APIError),
        (reply(200, ["queued"]), APIError),
        (reply(200, {"id": ID}), APIError),
        (reply(200, {"id": ID, "status": 7}), APIError),
        (reply(200, body=b"x" * (api_module.MAX_REPLY + 1)), APIError),
        (requests.ConnectionError("reset"), ServiceUnreachable),
        (requests.ReadTimeout("slow"), ServiceUnreachable),
    ],
)
def test_a_bad_answer_to_a_question_is_an_error_and_not_an_end(answer, kind):
    api, wire, _ = connected(answer)
    with pytest.raises(APIError) as caught:
        api.fetch(ID)
    assert type(caught.value) is kind
    assert len(wire.sent) == 1


def test_words_the_service_adds_later_are_passed_on():
    assert connected(reply(200, {"id": ID, "status": "Upscaling"}))[0].fetch(ID).status == "upscaling"


def test_a_reply_that_trickles_is_given_up():
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def trickle():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.02):
                connection.sendall(b" ")

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    api = Api(Place(f"http://127.0.0.1:{listener.getsockname()[1]}"))
    began = time.monotonic()
    with pytest.raises(APIError):
        api.fetch(ID, patience=0.2)
    assert time.monotonic() - began < 5
    over.set()
    thread.join()
    listener.close()
    api.close()


# -- the service's request log -------------------------------------------------------------------------------


def row(name, **changes):
    return {
        "status": "succeeded",
        "inference_id": f"gen-{name}",
        "client_request_id": name,
        "cost": {"usd": 0.25, "credits": 500_000},
        **changes,
    }


def logs(*pages):
    """Answer with these pages, one after another."""

    def answer(request):
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
        number = int(query["offset"]) // int(query["limit"])
        more = number + 1 < len(pages)
        return reply(200, {"data": pages[number], "pagination": {"has_more": more}})

    return answer


def test_a_lost_submission_is_found_in_the_request_log_by_our_name():
    api, wire, _ = connected(logs([row("other"), row("mine"), row(None)]))
    found = api.find_in_logs(["mine"], since=0)
    assert set(found) == {"mine"}
    assert (found["mine"].generation_id, found["mine"].failed, found["mine"].credits) == (
        "gen-mine",
        False,
        500_000,
    )
    assert len(wire.sent) == 1


def test_all_pages_are_read_until_everything_is_found():
    api, wire, _ = connected(logs([row("a")], [row("b")], [row("c")], [row("d")]))
    assert set(api.find_in_logs(["a", "c"], since=0)) == {"a", "c"}
    assert len(wire.sent) == 3


def test_the_window_of_the_log_reaches_back_to_the_oldest():
    api, wire, _ = connected(logs([]))
    for hours in (0, 5, 10_000):
        api.find_in_logs(["a"], since=FakeClock().time() - hours * 3600)
    periods = [parse_qs(urlsplit(request.url).query)["period"][0] for request in wire.sent]
    assert periods == ["1h", "6h", "2208h"]


def test_an_old_submission_is_looked_for_around_its_own_time():
    api, wire, _ = connected(logs([]))
    day, now = 86400, FakeClock().time()
    api.find_in_logs(["a"], now - 30 * day, now - 29 * day)
    api.find_in_logs(["a"], now - 300 * day, now - 29 * day)
    api.find_in_logs(["a"], now - 30 * day, now)
    asked = [parse_qs(urlsplit(request.url).query) for request in wire.sent]
    for query, days in zip(asked, (1 + 26 / 24, 92), strict=False):
        assert "period" not in query
        start, end = (
            datetime.fromisoformat(query[name][0].replace("Z", "+00:00")).timestamp()
            for name in ("start", "end")
        )
        assert end == pytest.approx(now - 29 * day + 13 * 3600, abs=1)
        assert end - start == pytest.approx(days * day, abs=1)
    assert asked[2]["period"] == ["721h"]


def test_a_row_that_was_billed_counts_before_one_that_failed():
    for rows in ([row("a", status="failed"), row("a")], [row("a"), row("a", status="failed")]):
        assert connected(logs(rows))[0].find_in_logs(["a"], since=0)["a"].failed is False


@pytest.mark.parametrize("rows", [[None, 3, "x", {}, row(7)], [row("b", cost=None, inference_id=None)]])
def test_odd_rows_are_passed_over(rows):
    assert connected(logs(rows))[0].find_in_logs(["a"], since=0) == {}


def test_a_row_without_cost_or_id_is_still_a_row():
    found = connected(logs([row("a", cost={"usd": None}, inference_id="")]))[0].find_in_logs(["a"], since=0)
    assert (found["a"].generation_id, found["a"].credits) == (None, None)


@pytest.mark.parametrize("document", [[], {"data": None}, {"rows": []}, "x"])
def test_a_log_that_cannot_be_read_is_an_error_and_not_an_empty_one(document):
    with pytest.raises(APIError):
        connected(reply(200, document))[0].find_in_logs(["a"], since=0)


# -- durations, balance -----------------------------------------------------------------------


def test_duration_figures_of_the_model_are_read():
    duration = {"p50": 70_000, "p75": 75_000, "p90": 80_000, "p99": None, "p100": float("inf")}
    models = [{"alias": "x", "metrics": {}}, {"alias": "ltxv/ltxv-2", "metrics": {"duration_ms": duration}}]
    api, _, _ = connected(reply(200, {"models": models}))
    assert api.duration_percentiles("ltxv/ltxv-2") == {"p50": 70_000, "p75": 75_000, "p90": 80_000}
    assert api.duration_percentiles("ltxv/ltxv-2-fast") is None


@pytest.mark.parametrize("document", [{}, {"models": None}, {"models": [None, {"alias": "ltxv/ltxv-2"}]}, []])
def test_missing_duration_figures_are_none(document):
    assert connected(reply(200, document))[0].duration_percentiles("ltxv/ltxv-2") is None


def test_the_balance_is_in_dollars():
    assert connected(reply(200, {"current_balance": "12.5"}))[0].balance() == 12.5
    with pytest.raises(APIError, match="no balance"):
        connected(reply(200, {"balance": 3}))[0].balance()


# -- the key ---------------------------------------------------------------------------------------------


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
def test_a_service_that_repeats_the_key_does_not_get_it_shown(status, caplog):
    caplog.set_level(logging.DEBUG)
    words = {"message": f"Bearer {KEY} is not known", "requestId": "req-1"}
    outcome = create(reply(status, words, reason=f"Bad {KEY}"))
    assert KEY not in repr(outcome)
    with pytest.raises(APIError) as caught:
        connected(reply(status, words))[0].fetch(ID)
    for error in chain(caught.value):
        assert KEY not in f"{error} {error!r} {vars(error)}"
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    "document",
    [
        {"status": "error", "error": {"name": "Upstream", "message": f"rejected Bearer {KEY}"}},
        {"status": "error", "error": f"rejected Bearer {KEY}"},
        {"status": "error", "error": {"detail": f"rejected Bearer {KEY}"}},
        {"status": "error", "error": "x" * (600 - len(KEY)) + KEY + " is not known"},
        {"status": f"waiting {KEY}"},
        {"status": "waiting for whom it concerns " + KEY},
    ],
)
def test_a_generation_whose_words_repeat_the_key_does_not_get_it_shown(document):
    fetched = connected(reply(200, {"id": ID, **document}))[0].fetch(ID)
    accepted = create(reply(200, {"id": ID, **document})).generation
    for generation in (fetched, accepted):
        assert KEY[:8] not in repr(generation)
        assert "[key]" in f"{generation.status} {generation.error}"
        assert generation.id == ID


def test_the_key_is_in_no_address_no_body_and_no_request_that_is_kept():
    api, wire, _ = connected(reply(200, {"id": ID, "status": "queued"}))
    api.create(BODY, "ltxv-nb.abc.1")
    api.fetch(ID)
    for request in wire.sent:
        assert KEY not in request.url
        assert KEY not in str(request.body)
        assert KEY not in str(request.headers)


def test_a_service_that_does_not_start_is_told_before_anything_is_sent():
    class Broken(Place):
        def start(self):
            raise ConfigurationError("The sandbox does not start.")

    api = Api(Broken())
    with pytest.raises(ConfigurationError, match="does not start"):
        api.make_ready()


def test_half_a_key_is_not_left_where_a_long_message_is_cut():
    for head in ("x" * 590, "x" * 580):
        api, _, _ = connected(reply(400, {"message": f"{head} Bearer {KEY}", "requestId": f"a-{KEY}"}))
        with pytest.raises(APIError) as caught:
            api.balance()
        assert KEY[:6] not in f"{caught.value} {caught.value.request_id}"


# -- the connections -------------------------------------------------------------------------------------


def test_closing_while_others_ask_breaks_neither_and_leaves_no_session_open():
    """Each new origin makes a session; `close` goes over them meanwhile."""
    sessions, place = [], Place()
    wire = FakeTransport(lambda _request: reply(200, {"current_balance": 1}))

    def make(host, **options):
        session = wire.session_factory(host, **options)
        sessions.append(session)
        session.close = lambda: (time.sleep(0), closed.add(id(session)))
        return session

    closed, failures, started = set(), [], threading.Barrier(3)
    api = Api(place, session_factory=make)
    for number in range(200):
        place.base_url = f"https://service-{number}.example.test"
        api.balance()

    def ask():
        started.wait()
        for number in range(200, 400):
            place.base_url = f"https://service-{number}.example.test"
            try:
                api.balance()
            except APIError:
                return
            except Exception as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.wait()
    api.close()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {id(session) for session in sessions} == closed


def test_after_closing_nothing_is_sent_and_no_session_is_made():
    made = []
    wire = FakeTransport(lambda _request: reply(200, {"current_balance": 1}))

    def make(host, **options):
        made.append(host)
        return wire.session_factory(host, **options)

    api = Api(Place(), session_factory=make)
    api.balance()
    api.close()
    for ask in (api.balance, lambda: api.fetch(ID), lambda: api.create(BODY, "ltxv-nb.abc.1")):
        with pytest.raises(APIError, match="closed"):
            ask()
    assert len(made) == len(wire.sent) == 1


def test_a_session_that_was_closed_in_the_middle_of_a_request_is_closed_once_more_after_it():
    closed = []

    def answer(_request):
        api.close()
        return reply(200, {"current_balance": 1})

    wire = FakeTransport(answer)

    def make(host, **options):
        session = wire.session_factory(host, **options)
        session.close = lambda: closed.append("during" if len(closed) == 0 else "after")
        return session

    api = Api(Place(), session_factory=make)
    assert api.balance() == 1
    assert closed == ["during", "after"]


# -- words for the network -------------------------------------------------------------------------------


def wrapped(inner):
    """As requests and urllib3 hand a failure on."""
    outer = requests.ConnectionError(MaxRetryError(None, "/", inner))
    outer.__cause__ = None
    return outer


def caused(kind, cause, *args):
    error = kind(*args)
    error.__cause__ = cause
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (wrapped(NameResolutionError("h", None, socket.gaierror(-2, "?"))), "its name is not known here"),
        (wrapped(caused(NewConnectionError, REFUSED, None, "?")), "it refuses the connection"),
        (
            wrapped(Urllib3SSLError(ssl.SSLCertVerificationError("?"))),
            "its certificate or encryption is not accepted",
        ),
        (requests.exceptions.SSLError("?"), "its certificate or encryption is not accepted"),
        (
            wrapped(ProxyError("?", caused(NewConnectionError, REFUSED, None, "?"))),
            "the proxy cannot be reached",
        ),
        (wrapped(ConnectTimeoutError(None, "?")), "no answer came in time"),
        (requests.ReadTimeout("?"), "no answer came in time"),
        (
            wrapped(caused(NewConnectionError, OSError(errno.ENETUNREACH, "?"), None, "?")),
            "no network leads to it",
        ),
        (
            requests.ConnectionError("Connection aborted.", ConnectionResetError(104, "?")),
            "the connection broke off",
        ),
    ],
)
def test_why_there_is_no_answer_is_told_by_the_kind_of_failure(error, words):
    assert network_words(error).startswith(words)


def test_a_connection_that_fails_in_an_unknown_way_is_no_time_out():
    error = wrapped(caused(NewConnectionError, OSError(errno.EADDRNOTAVAIL, "?"), None, "?"))
    assert network_words(error) == "the connection broke off"


@pytest.mark.parametrize("text", ["timed out", "SSLError", "Connection refused", "getaddrinfo", "ProxyError"])
def test_no_word_in_the_text_of_a_failure_is_taken_for_its_kind(text):
    host = f"https://{text.replace(' ', '-')}.example.test"
    error = requests.ConnectionError(f"{host}: {text}", ConnectionResetError(104, text))
    assert network_words(error) == "the connection broke off"


# -- whose answer it is, and what the time is --------------------------------------------------------------


def test_a_poll_has_a_name_and_asks_for_no_copy():
    api, wire, _ = connected(reply(200, {"id": ID, "status": "queued"}))
    api.fetch(ID)
    api.fetch(ID)
    names = [request.headers["X-Client-Request-Id"] for request in wire.sent]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", name) for name in names)
    assert {request.headers["Cache-Control"] for request in wire.sent} == {"no-cache"}


@pytest.mark.parametrize("status", [200, 404, 429, 500])
def test_nothing_of_an_answer_under_another_name_is_believed(status):
    answer = reply(status, {"id": ID, "status": "error"}, headers={"X-Client-Request-Id": "another"})
    with pytest.raises(APIError, match="belongs to another request") as caught:
        connected(answer)[0].fetch(ID)
    assert type(caught.value) is APIError
    assert isinstance(create(answer), Unclear)


def test_an_answer_under_our_name_is_believed():
    def echo(request):
        name = {"x-client-request-id": request.headers["X-Client-Request-Id"]}
        return reply(200, {"id": ID, "status": "queued"}, headers=name)

    assert connected(echo)[0].fetch(ID).id == ID
    assert isinstance(create(echo), Accepted)


@pytest.mark.parametrize("other", ["another", "fb77aa2:ltxv/ltxv-2", "fb77aa:other", None])
def test_an_answer_about_another_generation_is_not_believed(other):
    with pytest.raises(APIError, match="about another generation"):
        connected(reply(200, {"id": other, "status": "completed"}))[0].fetch(ID)


def dated(ahead):
    """The Date of a service whose clock is so many seconds ahead of the tests'."""
    return {"Date": formatdate(FakeClock().time() + ahead, usegmt=True)}


def test_the_services_clock_is_read_from_its_answers():
    api, _, _ = connected(reply(200, {"id": ID, "status": "queued"}, headers=dated(-7200)))
    assert api.ahead is None
    api.fetch(ID)
    assert api.ahead == -7200


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 99999 99:99:99 GMT"])
def test_a_date_that_cannot_be_read_tells_nothing(date):
    api, _, _ = connected(reply(200, {"id": ID, "status": "queued"}, headers={"Date": date}))
    api.fetch(ID)
    assert api.ahead is None


def windows_asked(wire):
    queries = (parse_qs(urlsplit(request.url).query) for request in wire.sent)
    return [query.get("period", query.get("start"))[0] for query in queries]


def test_the_first_page_of_the_log_may_tell_that_another_window_is_the_right_one():
    day, now = 86400, FakeClock().time()
    page = {"data": [], "pagination": {"has_more": False}}
    api, wire, _ = connected(reply(200, page, headers=dated(5 * day)))
    api.find_in_logs(["a"], now - 2 * day, now - 2 * day)
    first, second = (datetime.fromisoformat(one.replace("Z", "+00:00")) for one in windows_asked(wire))
    assert (second - first).total_seconds() == 5 * day


def test_the_whole_log_is_looked_at_only_where_nothing_was_found_and_only_when_asked_to():
    now = FakeClock().time()
    for everywhere, windows in ((False, ["1h"]), (True, ["1h", "2208h"])):
        api, wire, _ = connected(logs([]))
        api.find_in_logs(["a"], now, everywhere=everywhere)
        assert windows_asked(wire) == windows
    api, wire, _ = connected(logs([row("a")]))
    api.find_in_logs(["a"], now, everywhere=True)
    assert windows_asked(wire) == ["1h"]
