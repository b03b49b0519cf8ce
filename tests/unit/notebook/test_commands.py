"""The line commands on a service in memory: what they change, and what they say."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from ltxv_nb.errors import ConfigurationError, DuplicateRequest, RequestError
from ltxv_nb.notebook.magic import commands
from ltxv_nb.notebook.magic.completion import complete
from ltxv_nb.notebook.session import NotebookSession
from ltxv_nb.request import GenerationRequest

PROMPT = "A lighthouse"


@pytest.fixture
def session(desk: Any) -> Any:
    """The session of a terminal, whose `said` is what it prints."""
    names: dict[str, Any] = {}
    ip: Any = SimpleNamespace(user_ns=names, push=lambda new, interactive=True: names.update(new))
    session: Any = NotebookSession(ip)
    session._client, session.said = desk.client, []
    session.say = session.said.append
    yield session
    session.board.close()


def run(session: Any, *words: str) -> str:
    """Run a command; returns the last thing that it says."""
    commands.run(session, list(words), embed=None, timeout=600.0)
    return str(session.said[-1]) if session.said else ""


def test_a_job_that_never_ends_can_be_given_up_and_its_request_sent_again(desk: Any, session: Any) -> None:
    job = desk.client.submit(PROMPT)
    with pytest.raises(DuplicateRequest):
        desk.client.submit(PROMPT)
    said = run(session, "forget", job.id)
    assert "The generation continues and will be billed." in said
    assert f"%ltxv attach {job.id}" in said
    assert job.status == "lost"
    assert not job.watched
    assert desk.client.submit(PROMPT).id != job.id


def test_a_job_that_was_given_up_can_be_taken_back(desk: Any, session: Any) -> None:
    job = desk.client.submit(PROMPT)
    run(session, "forget", job.id)
    run(session, "attach", job.id)
    assert job.watched
    desk.finish(job)
    assert job.video is not None


def test_a_job_that_has_ended_is_not_given_up(desk: Any, session: Any) -> None:
    job = desk.client.submit(PROMPT)
    desk.finish(job)
    assert run(session, "forget", job.id) == f"Job {job.id} has ended already."
    assert job.video is not None


def test_stopping_says_what_becomes_of_the_generation(desk: Any, session: Any) -> None:
    job = desk.client.submit(PROMPT)
    assert "The generation continues and will be billed." in run(session, "stop", job.id)
    assert not job.watched


def test_a_clip_whose_file_is_gone_is_downloaded_again_by_attach(desk: Any, session: Any) -> None:
    job = desk.client.submit(PROMPT)
    desk.finish(job)
    job.video.path.unlink()
    run(session, "attach", job.id)
    desk.rig.run(120)
    assert job.video.path.exists()
    assert len(desk.service.billed) == 1


def test_in_a_pinned_sandbox_help_and_completion_leave_out_what_leads_out_of_it(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "%ltxv login" in commands.help_text()
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    for text in (commands.help_text(), " ".join(f"%ltxv {name}" for name in completed(session, "%ltxv "))):
        assert "%ltxv wait" in text
        assert "%ltxv login" not in text
        assert "%ltxv sandbox" not in text
    assert completed(session, "%ltxv sandbox o") == []


def completed(session: Any, line: str) -> list[str]:
    from ltxv_nb.notebook.magic.completion import complete

    found = complete(line, session, first_line=True)
    return found[1] if found else []


def test_in_a_pinned_sandbox_nothing_is_switched_off(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LTXV_BACKEND", "sandbox")
    monkeypatch.setenv("AIMLAPI_API_KEY", "k" * 32)
    client = session.client
    with pytest.raises(ConfigurationError, match="keeps this process in the sandbox"):
        run(session, "sandbox", "off")
    assert session.client is client


def test_waiting_for_everything_includes_what_is_not_submitted_yet(
    desk: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.client.submit(PROMPT)
    chained = session.chain(GenerationRequest("It goes on", image=first), allow_duplicate=False, reuse=True)
    assert session.waiting() == [chained]
    again = session.chain(GenerationRequest("It goes on", image=first), allow_duplicate=False, reuse=True)
    assert again is chained
    session.ip.user_ns["chained"] = chained
    assert "was not submitted" in run(session, "stop", "chained")
    assert session.waiting() == []


def test_a_clip_is_rated_rejected_and_tagged_on_one_line_and_what_is_not_named_stays(
    desk: Any, session: Any
) -> None:
    job = desk.client.submit(PROMPT)
    assert run(session, "rate", job.id, "4") == f"Job {job.id}: ★★★★."
    assert run(session, "rate", job.id, "reject") == f"Job {job.id}: ★★★★ #rejected."
    said = run(session, "rate", job.id, "2", "--tag", "night", "--tag=by the sea", "keep")
    assert said == f"Job {job.id}: ★★ #night #by the sea."
    assert (
        run(session, "rate", job.id, "--untag", "night", "--tag", "by the sea")
        == f"Job {job.id}: ★★ #by the sea."
    )
    assert run(session, "rate", job.id, "0") == f"Job {job.id}: no stars #by the sea."
    assert (job.rating, job.tags) == (None, ("by the sea",))
    for words in (
        (),
        (job.id,),
        (job.id, "1", "2"),
        (job.id, "--tag"),
        (job.id, "--stars", "3"),
        ("reject",),
    ):
        with pytest.raises(RequestError, match="%ltxv rate ID STARS"):
            run(session, "rate", *words)
    for words in (("five",), ("6",)):
        with pytest.raises(RequestError, match="from 1 to 5"):
            run(session, "rate", job.id, *words)


def test_tab_offers_jobs_to_be_rated_and_then_what_can_be_said_of_them(desk: Any, session: Any) -> None:
    from ltxv_nb.notebook.magic.completion import complete

    job = desk.client.submit(PROMPT)
    assert complete("%ltxv rate ", session, first_line=True) == ("", [job.id])
    assert complete(f"%ltxv rate {job.id} --t", session, first_line=True) == ("--t", ["--tag"])


def test_compare_says_how_it_is_used_and_completes_clips_and_options(
    desk: Any, session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, shown = desk.client.submit(PROMPT), []
    desk.finish(job)
    monkeypatch.setattr("IPython.display.display", shown.append)
    for words, problem in (
        ([], "is used like this: %ltxv compare ID ..."),
        ([job.id, "--columns", "many"], "--columns is 'many'"),
        ([job.id, "--nothing"], "is used like this"),
        (["nosuchid"], "'nosuchid' is no video file and no job of the journal"),
        ([job.id, "--blind"], "A blind comparison needs two finished clips"),
    ):
        with pytest.raises(RequestError, match=re.escape(problem)):
            run(session, "compare", *words)
    assert not shown
    session.ip.user_ns.update(shot=job, number=3)
    run(session, "compare", "shot", job.id, str(job.video.path), "--columns", "2")
    (grid,) = shown
    assert [tile["label"] for tile in grid._stage.tiles] == [PROMPT, PROMPT, job.video.path.name]
    assert grid._stage.across == 2
    grid.close()
    assert complete(f"%ltxv compare {job.id[:3]}", session, first_line=True) == (job.id[:3], [job.id])
    assert complete("%ltxv compare x --", session, first_line=True) == ("--", ["--columns", "--blind"])
    assert "[--columns 3] [--blind]" in run(session, "compare", "--help")
