"""A batch over real HTTP: each clip is bought once, whatever the service answers."""

from __future__ import annotations

import threading
import time

import pytest
from PIL import Image

from faults import faults
from faults.fast import assert_books_agree, make_client, wait_until
from ltxv_nb.batch import sending
from ltxv_nb.errors import (
    BudgetExceeded,
    GenerationTimeout,
    InsufficientCreditsError,
    RequestError,
    ServiceUnreachable,
)
from ltxv_nb.media.probe import probe

HOURS = ["dawn", "noon", "dusk", "night"]
PROMPT = "A lighthouse at {hour}"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(sending, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(sending, "LONGEST_PAUSE", 0.1)


def prompts(*hours):
    return sorted(PROMPT.format(hour=hour) for hour in hours)


def test_a_sweep_is_made_once_and_run_again_makes_only_what_is_missing(service, client, new_client):
    batch = client.sweep(PROMPT, hour=HOURS[:2], takes=2, name="hours", duration=6).wait(30)
    assert sorted(service.prompts()) == sorted(2 * prompts("dawn", "noon"))
    assert [(cell.values["hour"], cell.take) for cell in batch.cells] == [
        ("dawn", 1), ("dawn", 2), ("noon", 1), ("noon", 2),
    ]  # fmt: skip
    assert all(job.video for job in batch.jobs)
    assert batch.cost_usd == pytest.approx(4 * 0.252)
    for runner in (client, new_client()):
        again = runner.sweep(PROMPT, hour=HOURS[:2], takes=2, duration="6").wait(30)
        assert (again.id, len(service.billed)) == (batch.id, 4)
    more = client.sweep(PROMPT, hour=HOURS[:3], takes=2, duration=6, dry_run=True)
    assert [request.prompt for request in more.missing] == 2 * prompts("dusk")
    more.submit().wait(30)
    assert len(service.billed) == 6
    known = new_client().batch("hours")
    assert (known.id, len(known.cells), known.missing) == (batch.id, 6, [])
    assert known.axes == {"hour": HOURS[:3]}
    assert [one.id for one in client.batches()] == [batch.id]
    assert client.sweep(PROMPT, hour=HOURS[:2], name="others", duration=6, dry_run=True).missing
    assert_books_agree(client, service)


def test_a_batch_is_saved_as_a_mosaic_a_contact_sheet_a_page_and_a_table(client, tmp_path):
    batch = client.sweep(PROMPT, hour=HOURS[:2], takes=2, name="hours", duration=6).wait(30)
    saved = {
        suffix: batch.save(tmp_path / f"hours{suffix}", rows="hour") for suffix in (".mp4", ".png", ".html")
    }
    one, whole = probe(batch.jobs[0].video.path), probe(saved[".mp4"])
    assert whole.duration == pytest.approx(one.duration, abs=2 / one.fps)
    with Image.open(saved[".png"]) as sheet:
        assert sheet.width > 400
    page = saved[".html"].read_text(encoding="utf-8")
    assert page.count("<video") == 4
    assert "dawn" in page
    assert "noon" in page
    table = batch.save(tmp_path / "hours.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(table) == 1 + 4
    assert {"hour", "take", "cost_usd"} <= set(table[0].split(","))
    with pytest.raises(RequestError, match=r"\.mp4"):
        batch.save(tmp_path / "hours.gif")


def test_a_rate_limit_is_waited_out_for_ever_and_each_clip_has_one_row(service, client):
    service.meet("submit", *[faults.limited("0", "busy")] * 15)
    batch = client.submit_many([PROMPT.format(hour=hour) for hour in HOURS]).wait(30)
    assert sorted(service.prompts()) == prompts(*HOURS)
    assert [cell.error for cell in batch.cells] == [""] * 4
    rows = client.journal.newest()
    assert len(rows) == 4
    tries = [event for row in rows for event in client.journal.events(row.id) if event[1] == "refused"]
    assert len(tries) == 15
    assert_books_agree(client, service)


def test_a_service_that_takes_a_few_at_a_time_is_never_given_up(service, client):
    service.seconds = 0.2
    lock, most = threading.Lock(), []

    take, fault = service.next_fault, faults.answer(429)

    def next_fault(endpoint):
        if endpoint != "submit":
            return take(endpoint)
        with lock:
            running = [task for task in service.billed if time.monotonic() - task.taken_at < service.seconds]
            most.append(len(running))
            return fault if len(running) >= 3 else None

    service.next_fault = next_fault
    batch = client.sweep(PROMPT, hour=HOURS, takes=4).wait(60)
    assert len(service.billed) == 16
    assert max(most) == 3
    assert batch.progress().made == 16
    assert_books_agree(client, service)


def test_a_refused_request_is_an_item_and_the_others_go_on(service, client):
    service.meet("submit", faults.answer(400, {"message": "The prompt is not allowed", "statusCode": 400}))
    batch = client.sweep(PROMPT, hour=HOURS).wait(30)
    [refused] = [cell for cell in batch.cells if cell.error]
    assert "The prompt is not allowed" in refused.error
    assert refused.state == "refused"
    assert len(service.billed) == 3
    assert (batch.error, batch.note) == (None, "")
    assert len(list(batch)) == 4
    again = client.sweep(PROMPT, hour=HOURS).wait(30)
    assert [cell.error for cell in again.cells] == [""] * 4
    assert len(client.journal.newest()) == 4  # the refused try has become the one that was accepted
    assert_books_agree(client, service)


@pytest.mark.parametrize("status", [402, 403])
def test_out_of_credits_ends_the_sending_and_says_how_many_were_not_sent(
    service, client, monkeypatch, status
):
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    first = client.submit("Another clip")
    service.always("submit", faults.answer(status, {"message": "No credits left", "statusCode": status}))
    batch = client.sweep(PROMPT, hour=HOURS).wait(30)
    error = batch.error
    assert "No credits left" in str(error)
    assert batch.note.startswith("4 clips were not sent: No credits left")
    assert len(service.requests("submit")) == 2
    service.heal()
    first.wait(30)
    assert client.batch(batch.id).submit().wait(30).note == ""
    assert len(service.billed) == 5
    if status == 403:
        assert isinstance(error, InsufficientCreditsError)
    assert_books_agree(client, service)


def test_a_budget_ends_the_sending_where_it_is_used_up(service, client):
    price = client.estimate("", duration=6, resolution="1080p").usd
    client.set_budget(2.5 * price)
    batch = client.sweep(PROMPT, hour=HOURS, duration=6, resolution="1080p").wait(30)
    assert len(service.billed) == 2
    assert isinstance(batch.error, BudgetExceeded)
    assert batch.note.startswith("2 clips were not sent: ")
    client.set_budget(None)
    own = client.sweep(PROMPT, hour=HOURS, duration=6, resolution="1080p", max_usd=3 * price).wait(30)
    assert len(service.billed) in {3, 4}  # bills are below the price that was quoted
    assert own.id == batch.id
    with pytest.raises(BudgetExceeded, match="nothing was sent"):
        client.sweep("Waves at {hour}", hour=HOURS, duration=6, resolution="1080p", max_usd=price / 2)
    assert_books_agree(client, service)


def test_a_service_that_is_not_there_ends_the_sending(service, client, tmp_path):
    with make_client("http://127.0.0.1:9", tmp_path / "other") as lonely:
        batch = lonely.sweep(PROMPT, hour=HOURS).wait(30)
        assert isinstance(batch.error, ServiceUnreachable)
        assert batch.note.startswith("4 clips were not sent")
    assert service.billed == []


def test_a_lost_answer_is_found_and_its_cell_is_not_bought_again(service, client):
    service.logged = lambda _task: False
    service.meet("submit", faults.reset(bills=True))
    batch = client.sweep(PROMPT, hour=HOURS)
    wait_until(lambda: sum(job.video is not None for job in batch.jobs) == 3)
    wait_until(lambda: any(cell.state == "unknown" for cell in batch.cells))
    unknown = [cell for cell in batch.cells if cell.state == "unknown"]
    assert len(unknown) == 1
    with pytest.raises(GenerationTimeout, match="1 of 4 clips"):
        batch.wait(0.05)
    assert client.sweep(PROMPT, hour=HOURS, dry_run=True).missing == []
    client.sweep(PROMPT, hour=HOURS)
    assert len(service.billed) == 4
    service.logged = lambda _task: True
    batch.wait(30)
    assert [cell.error for cell in batch.cells] == [""] * 4
    assert_books_agree(client, service)


def test_two_clients_that_run_one_sweep_at_once_buy_each_cell_once(service, new_client):
    clients, batches = [new_client(), new_client()], []
    barrier = threading.Barrier(2)

    def run(client):
        barrier.wait()
        batches.append(client.sweep(PROMPT, hour=HOURS, takes=3))

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for batch in batches:
        batch.wait(30)
        assert all(job.video for job in batch.jobs)
        assert len(batch.jobs) == 12
    assert batches[0].id == batches[1].id
    assert sorted(service.prompts()) == sorted(3 * prompts(*HOURS))
    assert_books_agree(clients[0], service)


def test_what_is_stopped_is_not_sent_and_what_was_sent_goes_on(service, client):
    service.submit_seconds = 0.1
    batch = client.sweep(PROMPT, hour=HOURS, takes=5)
    wait_until(lambda: service.billed)
    left = batch.stop()
    assert left > 0
    batch.wait(30)
    assert len(service.billed) == 20 - left
    assert len(batch.missing) == left
    assert client.sweep(PROMPT, hour=HOURS, takes=5).wait(30).missing == []
    assert_books_agree(client, service)


def test_what_a_kernel_left_unsent_is_sent_only_on_request(service, new_client):
    service.submit_seconds = 0.05
    first = new_client()
    batch = first.sweep(PROMPT, hour=HOURS, takes=4, name="left")
    wait_until(lambda: service.billed)
    batch.stop()
    first.close()
    wait_until(lambda: not service.open_connections)
    sent = len(service.billed)
    assert sent < 16
    second = new_client()
    second.resume()
    found = second.batch("left")
    assert len(found.missing) == 16 - sent
    found.wait(30)
    assert "not sent" in repr(found)
    assert len(service.billed) == sent
    assert found.submit().wait(30).missing == []
    assert [len(service.billed), len(service.requests("submit"))] == [16, 16]
    assert_books_agree(second, service)
