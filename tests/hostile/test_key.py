"""The key is shown by nothing: no traceback, no exception, no debug output, no answer that repeats it."""

from __future__ import annotations

import base64
import gc
import http.client
import sys
from urllib.parse import quote

import pytest
import requests
from faults.fast import make_client, wait_until
from faults.service import KEY
from interrupting import interrupted_at

from ltxv_nb.errors import APIError, LTXVError, RequestError, ServiceUnreachable, SubmissionUnknown
from ltxv_nb.http_client import causes
from ltxv_nb.key import ApiKey
from ltxv_nb.service import transport
from ltxv_nb.service.bearer import BearerAuth

from .sockets import answer, read_request, reset

#: The files through which a request goes on its way to the wire. The endpoints' own file is left out: a real
#: interrupt does not come between a lock and its release.
WAY = ("/ltxv_nb/key", "/service/bearer", "/service/transport", "/requests/", "/urllib3/", "/http/client")

ID = "fb77c0de-0000-4000-8000-000000000001:ltxv/ltxv-2"


def frames(error):
    """Every frame that a traceback of this exception, or of one that it holds, can show."""
    for one in causes(error):
        trace = one.__traceback__
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next


def shown(value):
    try:
        return repr(value)
    except Exception:  # an object that is only half made
        return ""


def shown_by(frame):
    """What a verbose traceback can show of a frame: each variable, and each attribute of one."""
    for name, value in list(frame.f_locals.items()):
        yield name, shown(value)
        names = [*getattr(value, "__dict__", ())]
        names += [slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())]
        for attribute in names:
            yield f"{name}.{attribute}", shown(getattr(value, attribute, None))


def leaks(error):
    """The variables that show the key, on the way from where the exception arose to here."""
    ours = sys._getframe(1)
    return [
        f"{frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name}: {name}"
        for frame in frames(error)
        if frame is not ours
        for name, text in shown_by(frame)
        if KEY in text
    ]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_moment_of_a_request_meets_no_variable_that_shows_the_key(client, service):
    fetch = client.api.fetch
    task = service.take({"prompt": "p", "model": "ltxv/ltxv-2"}, "name")
    service.polls_needed = 10**9
    fetch(task.id)  # so that nothing is imported or connected for the first time
    moment, met, found = 0, 0, set()
    while True:
        moment += 1 if moment < 60 else 7
        interrupt = interrupted_at(moment, lambda: fetch(task.id), *WAY, event="line")
        if interrupt is None:
            break
        met += 1
        found.update(leaks(interrupt))
    assert met > 100, "the whole way was met"
    assert found == set()


def test_what_the_service_raises_holds_no_request(client):
    with pytest.raises(APIError) as refused:
        client.api.fetch("no-such-id")
    nobody = make_client("http://127.0.0.1:9", client.home.parent / "nobody")
    with nobody:
        with pytest.raises(ServiceUnreachable) as unreachable:
            nobody.api.fetch(ID)
        with pytest.raises(LTXVError) as submission:
            nobody.submit("A lighthouse")
    for caught in (refused, unreachable, submission):
        for one in causes(caught.value):
            assert not isinstance(one, requests.RequestException)
            assert not hasattr(one, "request")
        assert leaks(caught.value) == []


def test_a_connection_that_breaks_leaves_no_key_in_the_exception(raw_server, tmp_path):
    def act(connection, _number):
        read_request(connection)
        reset(connection)

    with make_client(raw_server(act).base_url, tmp_path) as client, pytest.raises(APIError) as caught:
        client.api.fetch(ID)
    assert leaks(caught.value) == []
    assert not any(isinstance(one, requests.RequestException) for one in causes(caught.value))


def test_the_debug_output_of_http_client_does_not_show_the_key(client, service, monkeypatch, capsys):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    job = client.submit("A lighthouse at dusk")
    job.wait(20)
    printed = capsys.readouterr().out
    assert "send: " in printed
    assert "Authorization: Bearer [key]" in printed
    assert KEY not in printed
    assert {seen.headers["Authorization"] for seen in service.requests("submit")} == {f"Bearer {KEY}"}


def test_after_a_request_nothing_in_memory_holds_the_key_but_its_own_object(raw_server, tmp_path):
    secret = "".join(["run-", "time-", "key-", hex(id(raw_server))])

    def act(connection, _number):
        while read_request(connection):
            connection.sendall(answer(200, {"id": ID, "status": "queued"}))

    with make_client(raw_server(act).base_url, tmp_path, api_key=secret) as client:
        client.api.fetch(ID)
        kept = ApiKey(secret)
        del secret
        gc.collect()
        holders = [
            held
            for held in gc.get_objects()
            if any(
                kept.reveal() in referent
                if isinstance(referent, str)
                else isinstance(referent, bytes) and kept.reveal().encode() in referent
                for referent in gc.get_referents(held)
            )
        ]
        assert {type(holder).__name__ for holder in holders} <= {"ApiKey"}
        assert holders


FORMS = {
    "as it is": KEY,
    "percent-encoded": "".join(f"%{ord(char):02x}" for char in KEY),
    "encoded twice": quote("".join(f"%{ord(char):02X}" for char in KEY)),
    "in Base64": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "in Base64 for addresses": base64.urlsafe_b64encode(f"k={KEY}".encode()).decode(),
    "in hexadecimal digits": KEY.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_an_id_or_an_address_that_holds_the_key_is_a_bad_answer(client, service, form):
    def poll(document):
        service.meet("poll", _answering(200, {"id": task.id, **document}))
        return client.api.fetch(task.id)

    task = service.take({"prompt": "p", "model": "ltxv/ltxv-2"}, "name")
    with pytest.raises(APIError, match="not about a generation"):
        poll({"status": "completed", "video": {"url": f"{service.base_url}/files/0/{form}.mp4"}})
    with pytest.raises(APIError, match="not about a generation"):
        poll({"id": f"x-{form}", "status": "queued"})
    assert poll({"status": "queued"}).id == task.id


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_a_submission_answered_with_the_key_as_id_is_unknown_and_the_key_is_not_stored(client, service, form):
    service.logged = lambda _task: False
    service.meet("submit", _answering(201, {"id": form, "status": "queued"}, bills=True))
    with pytest.raises(SubmissionUnknown) as caught:
        client.submit("A lighthouse at dusk")
    assert form not in str(caught.value)
    client.close()
    for path in client.home.rglob("*"):
        assert not path.is_file() or form.encode() not in path.read_bytes()


def test_words_of_the_service_lose_the_key_in_every_form():
    key = ApiKey(KEY)
    for form in FORMS.values():
        words = key.scrub(f"Bad key {form}, sorry")
        assert form not in words
        assert not key.occurs_in(words)
    assert key.scrub("Bad key 1234, sorry") == "Bad key 1234, sorry"


def test_the_key_given_as_an_id_is_not_sent_in_an_address(client, service):
    with pytest.raises(RequestError) as caught:
        client.job(f" {KEY} ")
    assert KEY not in str(caught.value)
    assert service.seen == []


def test_no_proxy_sees_the_key(raw_server, monkeypatch):
    came = []

    def act(connection, _number):
        came.append(connection.recv(65536))

    server = raw_server(act)
    monkeypatch.setenv("HTTPS_PROXY", server.base_url)
    monkeypatch.setenv("HTTP_PROXY", server.base_url)
    for origin in ("https://api.example.test", "http://api.example.test"):
        with transport.new_session("api.example.test") as session, pytest.raises(requests.RequestException):
            session.get(f"{origin}/v2/logs", auth=BearerAuth(ApiKey(KEY), origin), timeout=5)
    wait_until(lambda: len(came) == 2)
    assert came[0].startswith(b"CONNECT api.example.test:443")
    assert b"http://api.example.test/v2/logs" in came[1]
    assert all(KEY.encode() not in head and b"uthorization" not in head for head in came)


def test_no_redirect_takes_the_key_elsewhere(raw_server):
    came = {}

    def elsewhere(connection, _number):
        came["elsewhere"] = read_request(connection)
        connection.sendall(answer(200, {}))

    other = raw_server(elsewhere)

    def redirect(connection, _number):
        came["own"] = read_request(connection)
        connection.sendall(answer(307, {}, {"Location": f"{other.base_url}/v2/logs"}))

    own = raw_server(redirect)
    with transport.new_session("127.0.0.1") as session:
        session.get(f"{own.base_url}/v2/logs", auth=BearerAuth(ApiKey(KEY), own.base_url), timeout=5)
    assert came["own"].headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in came["elsewhere"].headers


def _answering(status, document, *, bills=False):
    from faults.service import Fault

    return Fault("a made-up answer", lambda handler: handler.reply(status, document), bills=bills)
