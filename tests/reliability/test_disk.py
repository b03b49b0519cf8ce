"""A journal or a disk that cannot be written: before money is spent it stops the submission, later it loses nothing."""

from __future__ import annotations

import random
import shutil
import sqlite3
import sys

import pytest
from faults import faults
from faults.fast import assert_books_agree, make_client, wait_until
from faults.service import Fault

import ltxv_nb
from ltxv_nb.errors import DownloadError, DuplicateRequest, JournalError
from ltxv_nb.journal import connections as journal_module
from ltxv_nb.media import part

from . import victim

PROMPT = "A lighthouse at dusk"


def every_connection(client, statement):
    """Execute a statement on every connection of a client to its journal, before each use from now on."""
    connections = client.journal._connections
    use = type(connections)._use.__get__(connections)

    def prepared(thread, act):
        def prepare_and_act(found):
            found.bring_up_to_date().execute(statement)
            return act(found)

        return use(thread, prepare_and_act)

    connections._use = prepared


def nothing_sent(service):
    return not service.requests("submit") and not service.billed


def after_the_post(act):
    """The service takes the request, something happens to the disk, and then it answers properly."""

    def misfortune(handler):
        act()
        handler._submit(handler.path)

    return Fault("misfortune", misfortune, bills=True)


# -- before the money is spent ------------------------------------------------------------------------------


def refused(client, service, match):
    with pytest.raises(JournalError, match=match) as caught:
        client.submit(PROMPT)
    assert "Nothing was sent" in str(caught.value)
    assert isinstance(caught.value, ltxv_nb.ConfigurationError)
    assert nothing_sent(service)


def test_a_home_that_cannot_be_made_stops_the_submission(service, tmp_path, new_client):
    (tmp_path / "home").write_text("a file where the folder should be")
    refused(new_client(), service, "set LTXV_HOME")


def test_a_journal_that_cannot_be_written_stops_the_submission(service, client):
    client.journal.events("none")
    client.submit("An earlier one").result(10)
    service.seen.clear()
    service.billed.clear()
    every_connection(client, "PRAGMA query_only = ON")
    refused(client, service, "cannot be written")


def test_a_read_only_disk_stops_the_submission(service, tmp_path, new_client, small_disk):
    small_disk.remount("ro")
    (tmp_path / "home").symlink_to(small_disk.path)
    refused(new_client(), service, "LTXV_HOME")


def test_a_journal_at_its_limit_stops_the_submission(service, client):
    client.submit("An earlier one").result(10)
    service.seen.clear()
    service.billed.clear()
    connection = (
        client.journal._connections.of_this_thread()
    )  # the tracker's threads have nothing to write here
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(2):  # a second time: the first must leave no transaction open
        with pytest.raises(JournalError, match=r"disk is full.*Nothing was sent"):
            client.submit("word " * 4000)
    assert nothing_sent(service)
    connection.execute("PRAGMA max_page_count = 1000000")
    client.submit("word " * 4000).result(10)


def test_a_full_disk_stops_the_submission_and_room_lets_it_through(service, tmp_path, new_client, small_disk):
    (tmp_path / "home").symlink_to(small_disk.path)
    client = new_client()
    client.submit("An earlier one").result(10)
    service.billed.clear()
    service.seen.clear()
    small_disk.fill()
    for _ in range(3):
        with pytest.raises(JournalError, match="Nothing was sent"):
            client.submit("word " * 40_000)
    assert nothing_sent(service)
    small_disk.make_room()
    client.submit(PROMPT).result(10)
    assert service.prompts() == [PROMPT]


def test_a_damaged_journal_stops_the_submission(service, tmp_path, new_client):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.sqlite").write_bytes(random.Random(1).randbytes(50_000))
    client = new_client()
    refused(client, service, "is damaged: move it away")
    with pytest.raises(JournalError, match="is damaged"):
        client.jobs()


@pytest.mark.parametrize("seed", range(4))
def test_a_journal_damaged_in_the_middle_is_told_in_words(service, tmp_path, new_client, seed):
    rng = random.Random(seed)
    client = new_client()
    client.submit("An earlier one").result(10)
    client.close()
    journal = tmp_path / "home" / "journal.sqlite"
    content = bytearray(journal.read_bytes())
    for _ in range(6):
        at = rng.randrange(100, len(content) - 600)
        content[at : at + 600] = rng.randbytes(600)
    journal.write_bytes(content)
    client, before = new_client(), len(service.billed)
    told = ""
    try:
        client.submit(PROMPT)
    except JournalError as error:
        told = str(error)
    assert len(service.billed) - before == (0 if told else 1)
    assert not told or "Nothing was sent" in told


def test_a_journal_of_a_newer_version_stops_the_submission(service, tmp_path, new_client):
    (tmp_path / "home").mkdir()
    connection = sqlite3.connect(tmp_path / "home" / "journal.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    refused(new_client(), service, "newer version of ltxv-nb: upgrade")


def test_a_journal_that_another_program_holds_stops_the_submission(
    service, tmp_path, new_client, monkeypatch
):
    monkeypatch.setattr(journal_module, "BUSY_SECONDS", 0.2)
    client = new_client()
    client.submit("An earlier one").result(10)
    service.billed.clear()
    service.seen.clear()
    holder = sqlite3.connect(tmp_path / "home" / "journal.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    refused(client, service, "held by another program")
    holder.execute("ROLLBACK")
    holder.close()
    client.submit(PROMPT).result(10)


def test_an_output_folder_that_cannot_be_made_stops_the_submission(service, tmp_path, client):
    (tmp_path / "videos").write_text("a file where the folder should be")
    with pytest.raises(ltxv_nb.ConfigurationError, match=r"LTXV_OUTPUT_DIR.*Nothing was sent"):
        client.submit(PROMPT)
    assert nothing_sent(service)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not delete a file that is open")
def test_a_journal_deleted_under_a_running_kernel_is_begun_anew(service, tmp_path, new_client):
    client = new_client()
    client.submit("An earlier one").result(10)
    service.billed.clear()
    shutil.rmtree(tmp_path / "home")
    shutil.rmtree(tmp_path / "videos")
    job = client.submit(PROMPT)
    other = new_client()
    assert [found.id for found in other.jobs()] == [job.id], "another process sees it on disk"
    job.result(10)
    assert_books_agree(client, service)


# -- after it ------------------------------------------------------------------------------------------------


def test_a_journal_that_fills_up_after_the_post_loses_nothing(service, client):
    client.submit("An earlier one").result(10)

    def fill():
        every_connection(client, "PRAGMA query_only = ON")

    service.meet("submit", after_the_post(fill))
    job = client.submit(PROMPT)
    assert job.generation_id == service.billed[1].id
    video = job.result(10)  # the video comes all the same
    assert video.path.exists()
    assert "cannot be written" in (job.trouble or "")
    assert client.journal.get(job.id).state == "submitting"
    every_connection(client, "PRAGMA query_only = OFF")
    wait_until(lambda: client.journal.get(job.id).state == "saved")
    assert_books_agree(client, service)


def test_a_journal_that_fills_up_after_the_post_is_made_up_for_by_the_next_process(service, new_client):
    client = new_client()
    client.submit("An earlier one").result(10)
    service.seconds = 0.5
    service.meet("submit", after_the_post(lambda: every_connection(client, "PRAGMA query_only = ON")))
    job = client.submit(PROMPT)
    client.close()
    client = new_client()
    assert client.job(job.id).status == "submitting"
    client.resume()
    client.job(job.id).result(10)
    assert_books_agree(client, service)


def test_a_disk_that_fills_up_after_the_post_loses_nothing(service, tmp_path, new_client, small_disk):
    (tmp_path / "home").symlink_to(small_disk.path)
    client = new_client()
    client.submit("An earlier one").result(10)
    service.meet("submit", after_the_post(small_disk.fill))
    prompt = "word " * 100
    job = client.submit(prompt)
    job.result(10)
    client.close()
    small_disk.make_room()
    client = new_client()
    client.resume()
    wait_until(lambda: client.job(job.id).video)
    assert_books_agree(client, service)
    assert service.prompts()[1:] == [prompt.strip()]


def test_a_full_disk_during_the_download_leaves_no_half_file(
    service, tmp_path, new_client, small_disk, monkeypatch
):
    monkeypatch.setattr(part, "DISK_MARGIN", -(1 << 40))  # let it run into the wall
    service.padding = 3_000_000
    (tmp_path / "videos").symlink_to(small_disk.path)
    client = new_client()
    job = client.submit(PROMPT)
    with pytest.raises(DownloadError, match=r"finished and paid for, but not downloaded.*does not fit"):
        job.result(10)
    assert not list(small_disk.path.iterdir())
    small_disk.remount("size=20m")
    assert [resumed.id for resumed in client.resume()] == [job.id]
    job.result(10)
    assert_books_agree(client, service)


def test_disk_space_is_looked_at_before_the_download(service, tmp_path, new_client, small_disk):
    (tmp_path / "videos").symlink_to(small_disk.path)
    client = new_client()
    with pytest.raises(DownloadError, match=r"MB free, and the video needs.*Make room, then resume"):
        client.submit(PROMPT).result(10)
    small_disk.remount("size=200m")
    client.resume()[0].result(10)
    assert_books_agree(client, service)


@pytest.mark.skipif(sys.platform == "win32", reason="the limit is a POSIX one")
def test_journal_and_video_on_one_full_disk_end_the_wait_and_lose_nothing(
    service, tmp_path, new_client, small_disk, monkeypatch
):
    monkeypatch.setattr(part, "DISK_MARGIN", -(1 << 40))
    monkeypatch.setattr(part, "in_megabytes", lambda size: f"{size} B")
    (small_disk.path / "home").mkdir()
    (small_disk.path / "videos").mkdir()
    service.seconds = 0.3
    client = make_client(service.base_url, small_disk.path)
    try:
        client.submit("An earlier one").result(10)
        job = client.submit(PROMPT)
        small_disk.fill()
        with pytest.raises(DownloadError, match="finished and paid for, but not downloaded"):
            job.result(10)
        small_disk.make_room()
        client.resume()
        job.result(10)
        assert_books_agree(client, service)
    finally:
        client.close()


def test_a_file_size_limit_ends_as_completed_not_downloaded(service, tmp_path, client):
    service.padding = 3_000_000
    process = victim.start(victim.one_job_with_small_files, service.base_url, tmp_path, PROMPT)
    process.join(30)
    assert process.exitcode == 0
    [record] = client.journal.open()
    assert record.state == "finished"
    assert "does not fit on the disk" in record.error
    with pytest.raises(DuplicateRequest, match="not on disk yet"):
        client.submit(PROMPT)
    client.resume()[0].result(10)
    assert_books_agree(client, service)


def test_an_unknown_outcome_survives_a_journal_that_cannot_be_written(service, new_client):
    client = new_client()
    client.submit("An earlier one").result(10)

    def act(handler):
        every_connection(client, "PRAGMA query_only = ON")
        handler.reset()

    service.logged = lambda task: task.prompt != PROMPT
    service.meet("submit", Fault("misfortune", act, bills=True))
    with pytest.raises(ltxv_nb.SubmissionUnknown) as caught:
        client.submit(PROMPT)
    job = caught.value.job
    assert job.status == "unknown"
    every_connection(client, "PRAGMA query_only = OFF")
    wait_until(lambda: client.journal.get(job.id).state == "unknown")
    service.logged = lambda _task: True
    job.result(10)
    assert_books_agree(client, service)


def test_a_refusal_the_journal_could_not_take_is_written_later(service, client):
    client.submit("An earlier one").result(10)

    def act(handler):
        every_connection(client, "PRAGMA query_only = ON")
        faults.answer(403).act(handler)

    service.meet("submit", Fault("misfortune", act))
    with pytest.raises(ltxv_nb.InsufficientCreditsError):
        client.submit(PROMPT)
    every_connection(client, "PRAGMA query_only = OFF")
    wait_until(lambda: client.unfinished_count() == 0)
    client.submit(PROMPT).result(10)
    assert service.prompts() == ["An earlier one", PROMPT]
