"""No text from outside acts on a terminal: control characters are shown as symbols, on every plain-text surface."""

from __future__ import annotations

import re
import sqlite3
from types import SimpleNamespace

import pytest
from faults.service import Fault

from ltxv_nb.errors import APIError, DuplicateRequest, GenerationFailed, NotFoundError
from ltxv_nb.media.player import player_text
from ltxv_nb.notebook.magic.commands import show_plan
from ltxv_nb.notebook.magic.job_commands import jobs_bundle
from ltxv_nb.notebook.output.outcome import outcome_bundle, outcome_text
from ltxv_nb.notebook.output.status import snapshot
from ltxv_nb.notebook.output.views import LineView
from ltxv_nb.notebook.session import NotebookSession
from ltxv_nb.text import one_line, visible

#: Writes to the clipboard in many terminals, sets the title, clears the screen, and turns the direction round.
ATTACK = "\x1b]52;c;cm0gLXJmIH4=\x07\x9d0;title\x9c\x1b[2J\x7f\u202ecod\u2066\r\x08"

ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


@pytest.fixture
def said(capsys):
    """What a session has printed so far, and the session."""
    shell = SimpleNamespace(user_ns={}, push=lambda *_args, **_options: None)
    return NotebookSession(shell), lambda: capsys.readouterr().out


@pytest.fixture
def hostile(new_client):
    """A client whose journal somebody else has filled: one saved clip and one failed job."""
    client = new_client()
    client.submit(f"Saved {ATTACK}").wait(20)
    client.submit("Failing").stop()
    client.close()
    path = client.journal.path
    with sqlite3.connect(path) as journal:
        journal.execute(
            "UPDATE generations SET prompt = prompt || ?, model = model || ?, status = ?, file = file || ?",
            (ATTACK, ATTACK, f"word {ATTACK}", f"{ATTACK}.mp4"),
        )
        journal.execute(
            "UPDATE generations SET state = 'failed', error = ? WHERE state != 'saved'", (ATTACK,)
        )
    journal.close()
    return new_client()


def is_harmless(text):
    assert not ACTING.search(text), ascii(text)
    return True


def test_every_plain_text_of_a_job_and_a_video_is_harmless(hostile, tmp_path, said, capsys):
    session, printed = said
    jobs = hostile.jobs()
    assert {job.record.state.value for job in jobs} == {"saved", "failed"}
    for job in jobs:
        for text in (repr(job), job.describe(), job.status, str(job.error), outcome_text(job, tmp_path)):
            assert is_harmless(text)
        assert is_harmless(outcome_bundle(job, embed=False, base_dir=tmp_path)["text/plain"])
        assert is_harmless(repr(job.record))
        assert is_harmless(repr(snapshot(job)))
        view = LineView(job, tmp_path)
        view.update(snapshot(job))
        view.finish(job)
        session.say(job.describe())
        if job.video:
            assert is_harmless(repr(job.video))
            assert is_harmless(player_text(job.video))
    table = jobs_bundle(jobs, len(jobs))
    assert is_harmless(table["text/plain"])
    assert "␛]52;c;" in table["text/plain"]
    assert is_harmless(table["text/html"])
    show = printed()
    assert "␛]52;c;" in show
    assert is_harmless(show)


def test_what_is_said_in_a_notebook_is_harmless_and_keeps_its_lines(said):
    session, printed = said
    session.client_ = None
    session.say(f"one\ntwo {ATTACK}")
    text = printed()
    assert text.startswith("one\ntwo ␛]52;")
    assert is_harmless(text)
    session._client = SimpleNamespace(backend="sandbox", balance_warning=lambda _price: ATTACK)
    show_plan(session, {"prompt": f"first\n{ATTACK}"}, None)
    assert is_harmless(printed())


def test_every_error_is_harmless_whoever_wrote_its_words(client, service):
    service.meet("submit", _words(422, {"message": f"prompt {ATTACK}", "requestId": ATTACK}))
    with pytest.raises(APIError) as refused:
        client.submit("A lighthouse")
    with pytest.raises(NotFoundError) as unknown:
        client.job(f"no-such-{ATTACK}-id")
    service.seconds = 60
    client.submit(f"Twice {ATTACK}")
    with pytest.raises(DuplicateRequest) as duplicate:
        client.submit(f"Twice {ATTACK}")
    made = GenerationFailed(f"The service says: {ATTACK}")
    for error in (refused.value, unknown.value, duplicate.value, made):
        assert is_harmless(str(error))
        assert is_harmless(repr(error))
        (line,) = error._render_traceback_()
        assert is_harmless(line.replace("\x1b[1m", "").replace("\x1b[0m", ""))
    assert "␛]52;c;" in str(refused.value)


def test_a_failure_in_the_services_words_is_harmless(client, service):
    job = client.submit("A lighthouse")
    service.tasks[job.generation_id].failed = f"no: {ATTACK}"
    job.wait(20)
    assert "␛]52;" in str(job.error)
    assert is_harmless(f"{job.error} {job.describe()}")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines", "two\nlines"),
        ("\x1b]52;c;eA==\x07", "␛]52;c;eA==␇"),
        ("\x9b2J", "␛[2J"),
        ("\x7f\x00\t", "␡␀␉"),
        ("\u202eexe", "⟨U+202E⟩exe"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("👩\u200d🚀 naïve Möwe 海", "👩\u200d🚀 naïve Möwe 海"),
    ],
)
def test_control_characters_are_shown_as_symbols_and_all_others_as_they_are(text, shown):
    assert visible(text) == shown


def test_one_line_is_one_line_of_symbols():
    assert one_line("a\r\n\x1b[2Jb\u2028c") == "a ␛[2Jb c"


def _words(status, document):
    return Fault("hostile words", lambda handler: handler.reply(status, document))
