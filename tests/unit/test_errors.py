"""What a person reads when something went wrong."""

from __future__ import annotations

import sys

import pytest

from ltxv_nb import errors

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


def test_every_error_can_be_caught_as_one():
    assert len(ALL) > 15
    assert all(issubclass(kind, errors.LTXVError) for kind in ALL)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (errors.RequestError, ValueError),
        (errors.DuplicateRequest, ValueError),
        (errors.GenerationTimeout, TimeoutError),
        (errors.JournalError, errors.ConfigurationError),
        (errors.AuthenticationError, errors.APIError),
        (errors.InsufficientCreditsError, errors.APIError),
        (errors.NotFoundError, errors.APIError),
        (errors.RateLimitError, errors.APIError),
        (errors.ServerError, errors.APIError),
    ],
)
def test_an_error_is_also_what_python_has_for_it(kind, also):
    assert issubclass(kind, also)


def test_a_refusal_shows_the_services_words_status_and_request_once():
    error = errors.APIError("No credits left.", status_code=403, request_id="req-1", hint="Top up.")
    assert str(error) == "No credits left (HTTP 403; request req-1). Top up."
    assert (error.message, error.status_code, error.request_id) == ("No credits left.", 403, "req-1")


def test_a_refusal_without_an_answer_shows_no_status():
    assert str(errors.ServiceUnreachable("It cannot be reached.", hint="Check the network.")) == (
        "It cannot be reached. Check the network."
    )


@pytest.mark.parametrize(
    "kind",
    [
        errors.SubmissionUnknown,
        errors.GenerationFailed,
        errors.GenerationTimeout,
        errors.WatchStopped,
        errors.DownloadError,
        errors.DuplicateRequest,
    ],
)
def test_an_error_about_a_job_leads_to_it(kind):
    job = object()
    error = kind("Some words.", job)
    assert error.job is job
    assert str(error) == "Some words."


@pytest.mark.parametrize(("terminal", "start"), [(True, "\x1b[1;31m"), (False, "\x1b[1m")])
def test_an_error_is_one_line_and_no_traceback_red_where_that_can_be_read(monkeypatch, terminal, start):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    (line,) = errors.RequestError("duration is 7.")._render_traceback_()
    assert line.startswith(f"{start}RequestError:\x1b[0m ")
    assert "duration is 7." in line
    assert ("\x1b[31m" in line) == terminal
