"""A budget is never passed, is shared by all processes of a home, and is not moved by a clock that jumps."""

from __future__ import annotations

import os
import time
from email.utils import formatdate

import pytest
import requests
from fakes import reply

from ltxv_nb.errors import (
    APIError,
    BudgetExceeded,
    ConfigurationError,
    DuplicateRequest,
    RequestError,
    SubmissionUnknown,
)
from ltxv_nb.money.period import beginning

DAY = 86_400.0
#: What 6 s of 1080p cost: ltxv-2, and the other one.
USD, FAST_USD = 0.378, 0.252


@pytest.fixture
def client(desk):
    return desk.client


def submit(client, number, **more):
    return client.submit(f"Clip {number}", **{"duration": 6, "resolution": "1080p", **more})


def amounts(client):
    budget = client.budget
    return round(budget.spent, 6), round(budget.reserved, 6), round(budget.left, 6)


def test_what_does_not_fit_is_refused_before_anything_is_sent(desk, client):
    client.set_budget(1)
    jobs = [submit(client, number) for number in range(2)]
    assert amounts(client) == (0, 0.756, 0.244)
    with pytest.raises(
        BudgetExceeded, match=r"costs \$0.378, and \$0.244 of the budget of \$1.00 is left"
    ) as stopped:
        submit(client, 3)
    assert (stopped.value.price.usd, stopped.value.left) == (USD, 0.244)
    assert "`%ltxv budget USD`" in str(stopped.value)
    with pytest.raises(BudgetExceeded, match=r"may cost up to \$0.42"):  # of a range, the upper end
        client.submit("A range", model="ltxv-2-fast")
    assert len(desk.posts) == 2
    assert len(client.jobs()) == 2, "what was refused leaves no row"
    with pytest.raises(DuplicateRequest):  # what is told first is that it is there already
        submit(client, 0)
    desk.finish(jobs[0])
    assert submit(client, 0, reuse=True).id == jobs[0].id, "showing a finished clip needs no budget"
    assert client.set_budget(None) is None
    submit(client, 3)
    assert client.budget is None


def test_a_bill_takes_the_place_of_what_was_reserved(desk, client):
    client.set_budget(2, "day")
    ends = {
        "as estimated": {"status": "completed", "meta": {"usage": {"credits_used": 756_000}}},
        "cheaper": {"status": "completed", "meta": {"usage": {"credits_used": 200_000}}},
        "failed": {
            "status": "error",
            "error": {"message": "no"},
            "meta": {"usage": {"credits_used": 756_000}},
        },
        "dearer": {"status": "completed", "meta": {"usage": {"tokens_used": 3_000_000}}},
    }
    jobs = {name: submit(client, name) for name in ends}
    assert amounts(client) == (0, 1.512, 0.488)
    for name, end in ends.items():
        desk.service.say(
            jobs[name].generation_id, video={"url": f"https://cdn.example.test/{name[:2]}.mp4"}, **end
        )
    desk.rig.run(300)
    assert {name: job.cost_usd for name, job in jobs.items()} == {
        "as estimated": USD, "cheaper": 0.1, "failed": 0, "dearer": 1.5,
    }  # fmt: skip
    assert amounts(client) == (1.978, 0, 0.022)
    assert jobs["dearer"].bill_note == "Billed $1.50, estimated $0.378."
    assert "Billed $1.50, estimated $0.378." in jobs["dearer"].describe()
    assert "Billed $0.10, estimated $0.378." in [
        words for _, _, words in client.journal.events(jobs["cheaper"].id)
    ]
    assert jobs["as estimated"].bill_note == jobs["failed"].bill_note == ""
    assert jobs["as estimated"].estimated_usd == USD


def test_what_was_never_accepted_is_released_and_what_is_in_doubt_is_kept(desk, client):
    client.set_budget(2)
    refusals = [reply(403, {"message": "no credits"}), requests.exceptions.InvalidURL("x"), *[reply(429)] * 4]
    desk.service.on_post.extend([refusals[0], *refusals[2:]])
    for number in range(2):
        with pytest.raises(APIError):
            submit(client, f"refused {number}")
    assert amounts(client) == (0, 0, 2)
    desk.service.hide_rows = True
    desk.service.on_post.extend(["lose", "lose"])
    for number in range(2):
        with pytest.raises(SubmissionUnknown):
            submit(client, f"lost {number}")
    assert amounts(client) == (0, 0.756, 1.244)
    newest, oldest = client.jobs(2)
    newest.forget()
    assert amounts(client) == (0, 0.756, 1.244), "given up is not unbilled"
    desk.service.hide_rows = False
    desk.service.rows[0]["status"] = "failed"
    desk.rig.run(600)
    assert oldest.status == "refused"
    assert amounts(client) == (0, USD, 1.622)


def test_an_unknown_price_does_not_slip_past(desk, client):
    submit(client, "4K", resolution="2160p")  # without a budget it may cost what it likes
    client.set_budget(1)
    with pytest.raises(BudgetExceeded, match=r"not known.*--max-usd") as stopped:
        submit(client, 1, resolution="2160p")
    assert (stopped.value.price, stopped.value.left) == (None, 1.0)
    job = submit(client, 1, resolution="2160p", max_usd=0.7)
    assert job.estimated_usd is None
    assert amounts(client) == (0, 0.7, 0.3)
    with pytest.raises(BudgetExceeded):
        submit(client, 2, resolution="2160p", max_usd="0.31")
    assert len(desk.posts) == 2


def test_a_limit_of_its_own_holds_without_a_budget(desk, client):
    with pytest.raises(
        BudgetExceeded, match=r"costs \$0.378 \(6 s of 1080p.*more than the \$0.37 "
    ) as stopped:
        submit(client, 1, max_usd=0.37)
    assert stopped.value.left == 0.37
    submit(client, 1, max_usd=0.378)
    with pytest.raises(BudgetExceeded):
        next(client.map(["One", "Two"], duration=6, max_usd=0.1, concurrency=1))
    assert len(desk.posts) == 1


def test_all_processes_of_a_home_share_a_budget_and_the_sandbox_has_its_own(desk, client):
    other, _ = desk.another()
    client.set_budget(0.5, "week")
    submit(other, 1)
    for one in (client, other):
        assert (one.budget.usd, one.budget.per, amounts(one)) == (0.5, "week", (0, USD, 0.122))
        with pytest.raises(BudgetExceeded):
            submit(one, 2)
    from ltxv_nb import Client

    with Client(backend="sandbox", home=client.home) as sandbox:
        assert sandbox.budget is None
        assert "play money" in str(sandbox.set_budget(3))
        assert client.budget.usd == 0.5


def test_the_stricter_of_the_homes_and_the_environments_budget_holds(desk, client, monkeypatch):
    client.set_budget(2, "day")
    monkeypatch.setenv("LTXV_BUDGET", "$1")
    assert (client.budget.usd, client.budget.from_environment) == (1, True)
    submit(client, 1)
    submit(client, 2)
    with pytest.raises(BudgetExceeded, match="set LTXV_BUDGET higher"):
        submit(client, 3)
    assert client.set_budget(None).usd == 1, "the environment's is not removed by this"
    monkeypatch.setenv("LTXV_BUDGET", "1.2/day")
    submit(client, 3)
    monkeypatch.setenv("LTXV_BUDGET", "1")
    with pytest.raises(BudgetExceeded):  # the same setting goes on as it was
        submit(client, 4)
    monkeypatch.setenv("LTXV_BUDGET", "off")
    assert client.budget is None
    submit(client, 4)


@pytest.mark.parametrize(
    "text", ["-1", "0", "0.0", "five", "5/", "5/fortnight", "5/day/2", "1e7", "nan", "inf", "1" * 5000]
)
def test_a_budget_that_cannot_be_read_is_one_sentence_and_nothing_is_sent(desk, client, monkeypatch, text):
    usd, _, per = text.partition("/")
    with pytest.raises(RequestError, match="A budget is") as refused:
        client.set_budget(usd, per if "/" in text else None)
    assert len(str(refused.value)) < 200
    if "/" not in text:
        with pytest.raises(RequestError, match="max_usd is"):
            submit(client, 1, max_usd=usd)
    monkeypatch.setenv("LTXV_BUDGET", text)
    for act in (lambda: client.budget, lambda: submit(client, 1)):
        with pytest.raises(ConfigurationError, match="LTXV_BUDGET is"):
            act()
    assert desk.posts == client.jobs() == []


@pytest.mark.parametrize("usd", [True, [5], object(), float("nan"), 10**400, -0.01])
def test_an_amount_that_is_none_is_refused(client, usd):
    with pytest.raises(RequestError, match="A budget is"):
        client.set_budget(usd)
    with pytest.raises(RequestError, match="for 5"):
        client.set_budget(5, 5)


def test_without_a_period_it_counts_from_now_on_and_with_one_what_was_spent_already(desk, client):
    submit(client, 1)
    client.set_budget(1)
    assert amounts(client) == (0, 0, 1)
    client.set_budget(1, "day")
    assert amounts(client) == (0, USD, 0.622)
    submit(client, 2)
    client.set_budget(1)
    assert amounts(client) == (0, 0, 1)
    desk.clock.jump(-5 * DAY)  # and a clock that is set back brings nothing back
    assert amounts(client) == (0, 0, 1)
    submit(client, 3)
    desk.clock.jump(5 * DAY)
    assert amounts(client) == (0, USD, 0.622)


# -- the clock ---------------------------------------------------------------------------------------------


@pytest.fixture
def zone(monkeypatch):
    """Set the time zone of this process."""

    def set_to(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    if not hasattr(time, "tzset"):
        pytest.skip("this system has no way to set the time zone of one process")
    yield set_to
    monkeypatch.undo()
    os.environ.pop("TZ", None)
    time.tzset()


def at(text):
    return time.mktime(time.strptime(text, "%Y-%m-%d %H:%M"))


def test_periods_begin_at_local_midnight_also_where_clocks_change(zone):
    zone("Europe/Berlin")
    for period, moment, begins in [
        ("day", "2026-11-21 00:00", "2026-11-21 00:00"),
        ("day", "2026-11-20 23:59", "2026-11-20 00:00"),
        ("week", "2026-11-22 23:59", "2026-11-16 00:00"),
        ("week", "2026-11-23 00:00", "2026-11-23 00:00"),
        ("month", "2026-11-01 00:00", "2026-11-01 00:00"),
        ("month", "2027-01-31 12:00", "2027-01-01 00:00"),
        ("week", "2027-01-01 12:00", "2026-12-28 00:00"),
    ]:
        assert beginning(period, at(moment)) == at(begins), (period, moment)
    for day, hours in [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-21", 24)]:
        begins = at(f"{day} 00:00")
        for hour in range(hours):
            assert beginning("day", begins + 3600 * hour) == begins
        assert beginning("day", begins + 3600 * hours) == begins + 3600 * hours
    zone("America/Santiago")  # where the clocks go forward at midnight: that day begins at 01:00
    begins = beginning("day", at("2026-09-06 12:00"))
    assert time.strftime("%d %H:%M", time.localtime(begins)) == "06 01:00"
    assert beginning("day", begins - 1) == begins - DAY
    zone("Asia/Kathmandu")
    assert beginning("day", at("2026-11-21 12:00")) % 900 == 0
    for absurd in (-1e12, 0.0, 1e15):
        assert beginning("month", absurd) >= 0


def test_a_period_turns_over_at_local_midnight(desk, client, zone):
    zone("Europe/Berlin")
    for period, last, first in [
        ("day", "2026-10-25 23:59", "2026-10-26 00:01"),  # a day of 25 hours
        ("week", "2026-11-15 23:59", "2026-11-16 00:01"),
        ("month", "2026-12-31 23:59", "2027-01-01 00:01"),
    ]:
        desk.clock.now = at(last)
        client.set_budget(0.5, period)
        submit(client, last)
        with pytest.raises(BudgetExceeded, match=f"wait for the next {period}"):
            submit(client, first)
        desk.clock.now = at(first)
        assert amounts(client) == (0, 0, 0.5)
        submit(client, first)
        assert amounts(client) == (0, USD, 0.122)
        desk.clock.jump(40 * DAY)


@pytest.mark.parametrize("days", [1, 400])
def test_a_clock_that_is_set_back_neither_frees_nor_blocks_money(desk, client, days):
    client.set_budget(1.2, "day")
    submit(client, 1)
    for number in (2, 3):
        desk.clock.jump(-days * DAY)
        assert amounts(client)[2] == round(1.2 - USD * (number - 1), 3)
        submit(client, number)
        desk.clock.jump(days * DAY)
    assert amounts(client) == (0, 3 * USD, 0.066)
    with pytest.raises(BudgetExceeded):
        submit(client, 4)
    desk.clock.jump(DAY)
    submit(client, 4)


def telling(desk, offset=0.0):
    """Let the service tell the right time, which the clock of this machine may not have."""
    right = desk.clock.now

    def answer(request):
        status, content, headers, reason = desk.service(request)
        now = right + desk.clock.steady - steady + offset
        return status, content, {**headers, "Date": formatdate(now, usegmt=True)}, reason

    steady = desk.clock.steady
    for _, rig in desk._made:
        rig.wire.answer = answer


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_a_wrong_clock_does_not_begin_a_new_period_where_the_service_tells_the_time(desk, client, days):
    telling(desk)
    client.set_budget(1.2, "day")
    submit(client, 1)
    submit(client, 2)
    other, _ = desk.another()  # another process, which has not heard the service yet
    telling(desk)
    desk.clock.jump(days * DAY)
    telling(desk, -days * DAY)
    submit(client, 3)
    for one in (client, other):
        with pytest.raises(BudgetExceeded):
            submit(one, "too much")
        assert amounts(one)[2] == 0.066
    desk.clock.jump(-days * DAY)
    telling(desk)
    with pytest.raises(BudgetExceeded):
        submit(client, "too much")
    desk.clock.advance(DAY)
    submit(client, "tomorrow")
    assert amounts(client) == (0, USD, 0.822), "and what was bought by the wrong clock is not counted again"


def test_what_a_wrong_clock_has_dated_in_the_future_counts_in_the_present_period_alone(desk, client):
    desk.clock.jump(400 * DAY)
    submit(client, "in a year, as the clock had it")
    desk.clock.jump(-400 * DAY)
    client.set_budget(1.2, "day")
    assert amounts(client) == (0, USD, 0.822)
    telling(desk)
    submit(client, "now, and the service tells the time")
    submit(client, "now")
    assert amounts(client) == (0, 3 * USD, 0.066)
    desk.clock.advance(DAY)
    submit(client, "tomorrow")
    assert amounts(client) == (0, USD, 0.822)


def test_a_day_costs_no_more_reads_than_one(desk, client):
    telling(desk)
    client.set_budget(5, "day")
    desk.clock.advance(DAY)
    for number in range(3):
        submit(client, number)
    reads = [sent.url for sent in desk.rig.wire.sent if sent.method == "GET" and "metrics" in sent.url]
    assert len(reads) <= 1
