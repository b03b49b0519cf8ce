"""Two kernels on one home: one of them watches a job, the other takes over when it dies."""

from __future__ import annotations

import collections
import time

from faults.fast import assert_books_agree, wait_until

from ltxv_nb.journal import Journal

from . import victim

PROMPTS = ["A heron", "A harbour", "A hill"]


def begin(service, folder, name, prompts=()):
    ready = victim.processes().Event()
    process = victim.start(victim.watch_for_ever, service.base_url, folder, name, list(prompts), ready)
    assert ready.wait(30)
    return process


def all_saved(folder):
    journal = Journal(folder / "home" / "journal.sqlite")
    try:
        return sum(row.state == "saved" for row in journal.newest()) == len(PROMPTS)
    finally:
        journal.close()


def who(service, endpoint, since=0.0):
    return {seen.headers.get("X-Test-Process") for seen in service.requests(endpoint) if seen.at >= since}


def test_two_processes_never_ask_about_or_download_one_job_twice(service, tmp_path, client):
    service.seconds = 0.5
    first = begin(service, tmp_path, "first", PROMPTS)
    second = begin(service, tmp_path, "second")
    try:
        wait_until(lambda: all_saved(tmp_path))
        time.sleep(0.2)
        assert who(service, "poll") == {"first"}
        assert who(service, "video") == {"first"}
        assert [task.downloads for task in service.billed] == [1, 1, 1]
    finally:
        first.kill()
        second.kill()
        first.join()
        second.join()
    assert_books_agree(client, service)


def test_another_process_takes_over_when_the_one_that_watches_dies(service, tmp_path, client):
    service.seconds = 600.0  # until the first process is gone
    first = begin(service, tmp_path, "first", PROMPTS)
    second = begin(service, tmp_path, "second")
    third = begin(service, tmp_path, "third")
    try:
        assert who(service, "poll") == {"first"}
        first.kill()
        first.join()
        died, service.seconds = time.monotonic(), 0.0
        wait_until(lambda: who(service, "poll", died) - {"first"}, 5)
        assert time.monotonic() - died < 2
        wait_until(lambda: all_saved(tmp_path))
        time.sleep(0.2)
        assert [task.downloads for task in service.billed] == [1, 1, 1]
    finally:
        for process in (first, second, third):
            process.kill()
            process.join()
    assert_books_agree(client, service)


def test_a_kernel_that_follows_another_sees_its_jobs_finish(service, tmp_path, client):
    service.seconds = 0.3
    first = begin(service, tmp_path, "first", PROMPTS[:1])
    try:
        [job] = client.resume()
        assert job.result(10).path.exists()
        assert who(service, "poll") == {"first"}
    finally:
        first.kill()
        first.join()
    assert_books_agree(client, service)


def test_the_same_request_from_two_processes_at_once_is_sent_once(service, tmp_path, client):
    context = victim.processes()
    barrier, answers = context.Barrier(2), context.Queue()
    prompts = [f"A heron, take {number}" for number in range(8)]
    service.seconds = 0.1
    both = [
        victim.start(victim.submit_at_once, service.base_url, tmp_path, prompts, barrier, answers)
        for _ in range(2)
    ]
    told = collections.Counter(answers.get(timeout=30) for _ in range(2 * len(prompts)))
    for process in both:
        process.join(30)
        assert process.exitcode == 0
    assert told == {"sent": len(prompts), "duplicate": len(prompts)}
    assert sorted(service.prompts()) == prompts
    assert [task.downloads for task in service.billed] == [1] * len(prompts)
    assert_books_agree(client, service)
