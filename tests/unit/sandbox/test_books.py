"""Promises of the sandbox's books, with a clock and a renderer that the tests control."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from ltxv_nb.sandbox.jobs import books
from ltxv_nb.sandbox.jobs.books import OutOfCredits
from ltxv_nb.sandbox.jobs.generations import Generations
from ltxv_nb.sandbox.jobs.store import Store
from ltxv_nb.sandbox.server import billing
from ltxv_nb.sandbox.server.validation import Refused

sys.path.insert(0, str(Path(__file__).resolve().parent))
from test_generations import Clock, Renderer

USUAL, FAST = 756_000, 504_000  # credits of 6 s of 1080p


@pytest.fixture
def sandbox(tmp_path):
    class Sandbox:
        clock, renderer = Clock(), Renderer()

        def __init__(self):
            self.begin()

        def begin(self, balance=None):
            self.store = Store(tmp_path / "s.sqlite3", self.clock(), balance)
            self.generations = Generations(
                self.store, self.renderer, 10.0, fast=False, clock=self.clock, models=None
            )
            self.books = self.store.books

        def submit(self, prompt="A boat", model="ltxv/ltxv-2", **more):
            return self.generations.submit({"model": model, "prompt": prompt, **more}, "mine", "req")

        def pass_time(self, seconds):
            self.clock.now += seconds
            self.renderer.finish()
            self.generations.settle()

        def pay(self):
            """Let everything end, and be charged."""
            self.pass_time(100)
            self.pass_time(100)

        def charges(self, **query):
            asked = {"direction": ["CHARGE"], "type": ["MODEL_USAGE"], **query}
            return billing.transactions(asked, self.books, self.clock())["data"]

        def balance(self):
            return billing.balance(self.books, self.clock())["current_balance"]

    setup = Sandbox()
    yield setup
    setup.store.close()


def test_a_clip_is_charged_once_a_while_after_it_is_completed_and_a_failed_one_never(sandbox):
    accepted, failed = sandbox.submit(), sandbox.submit("A boat [fail]")
    sandbox.pass_time(12)
    assert sandbox.generations.status(accepted) == "completed"
    assert (sandbox.charges(), sandbox.balance()) == ([], 100)
    sandbox.pass_time(6)
    (charge,) = sandbox.charges()
    assert (charge["reference_id"], charge["model"]) == (accepted.id, "ltxv/ltxv-2")
    assert charge["amount"] == {"usd": 0.378, "credits": USUAL}
    assert sandbox.balance() == pytest.approx(100 - 0.378)
    sandbox.store.complete(accepted, sandbox.clock())  # told again, as after a crash
    sandbox.renderer.files.clear()  # and rendered again
    for _ in range(3):
        sandbox.pass_time(20)
        sandbox.generations.status(accepted)
    assert [one["reference_id"] for one in sandbox.charges()] == [accepted.id]
    assert failed.id not in str(sandbox.charges())


def test_the_account_lasts_for_ever_unless_it_is_asked_to_run_out(sandbox):
    # 300 clips cost more than the account begins with: it was topped up, and says so.
    for number in range(300):
        sandbox.submit(f"Boat {number}")
    sandbox.pay()
    paid = billing.transactions({"type": ["PAYMENT"]}, sandbox.books, sandbox.clock())["data"]
    assert [one["direction"] for one in paid] == ["TOPUP"]
    assert sandbox.balance() == pytest.approx(100 + 100 * len(paid) - 300 * 0.378)
    detail = billing.balance_detail(sandbox.books, sandbox.clock())["autotopup_settings"]
    assert detail == {"is_enabled": True, "threshold": 10, "amount": 100, "currency": "USD"}


def test_an_account_that_runs_out_never_takes_more_than_it_holds(sandbox):
    sandbox.store.close()
    sandbox.begin(balance=2 * USUAL + FAST)
    first = [sandbox.submit(), sandbox.submit("Other")]
    with pytest.raises(OutOfCredits):
        sandbox.submit("A third one")
    assert sandbox.submit("Cheaper", "ltxv/ltxv-2-fast")
    sandbox.pass_time(11.5)  # completed, and not charged yet: it is owed all the same
    for _ in range(2):
        with pytest.raises(OutOfCredits):
            sandbox.submit("More", "ltxv/ltxv-2-fast")
        sandbox.pay()
    assert sandbox.balance() == 0
    assert len(sandbox.charges()) == len(first) + 1
    # One that fails gives back what was kept for it.
    sandbox.store.close()
    sandbox.begin(balance=USUAL)
    sandbox.submit("A boat [fail]")
    sandbox.pay()
    assert sandbox.submit("A boat")


def test_an_account_goes_on_after_a_restart_and_is_opened_anew_with_another_amount(sandbox):
    for balance, expected in ((None, 100 - 0.378), (1_000_000, 0.5), (1_000_000, 0.5), (0, 0), (None, 100)):
        sandbox.submit() if balance is None and expected < 100 else None
        sandbox.pay()
        sandbox.store.close()
        sandbox.begin(balance)
        assert sandbox.balance() == pytest.approx(expected)


def test_the_words_no_credits_refuse_a_submission_and_nothing_is_taken(sandbox):
    with pytest.raises(OutOfCredits):
        sandbox.submit("A boat [no-credits]")
    assert not sandbox.generations.busy()
    assert sandbox.balance() == 100


def test_pages_go_on_where_the_last_one_ended_whatever_is_charged_meanwhile(sandbox):
    ids = [sandbox.submit(f"Boat {number}").id for number in range(7)]
    sandbox.pay()
    query, seen = {"limit": ["3"], "type": ["MODEL_USAGE"]}, []
    for number in range(3):
        answer = billing.transactions(query, sandbox.books, sandbox.clock())
        seen += [one["reference_id"] for one in answer["data"]]
        assert answer["pagination"]["has_more"] == (answer["pagination"]["next_cursor"] is not None)
        assert answer["pagination"]["has_more"] == (number < 2)
        query["cursor"] = [answer["pagination"]["next_cursor"]]
        sandbox.submit(f"Late {number}")
        sandbox.pay()
    assert (sorted(seen), len(seen)) == (sorted(ids), 7)
    future = billing.timestamp(sandbox.clock() + 1)
    assert billing.transactions({"from": [future]}, sandbox.books, sandbox.clock())["data"] == []
    old = billing.transactions(
        {"to": [billing.timestamp(sandbox.clock() - 3600)]}, sandbox.books, sandbox.clock()
    )
    assert old["data"] == []


def test_usage_is_what_was_charged_by_model_and_by_day(sandbox):
    sandbox.submit()
    sandbox.submit("Other", "ltxv/ltxv-2-fast")
    sandbox.submit("A boat [fail]")
    sandbox.generations.refuse("ltxv/ltxv-2", None, "req")
    sandbox.pay()
    sandbox.submit("Not charged yet")
    ask = {"period": ["24h"], "group_by": ["day,model"], "tz": ["UTC"]}
    answer = billing.usage_detail(ask, sandbox.books, "token", sandbox.clock())
    assert (answer["spend"], answer["requests"]) == ((USUAL + FAST) / 2_000_000, 2)
    assert [row["model"] for row in answer["models"]] == ["ltxv/ltxv-2", "ltxv/ltxv-2-fast"]
    usual, fast = answer["groups"]
    assert usual["requests"] == {"total": 4, "charged": 1, "succeeded": 2, "failed": 2}
    assert (fast["day"], fast["spend"]) == ("2027-01-15", 0.252)
    # 08:00 UTC on the 15th is the day before west of the date line.
    ask["tz"] = ["Pacific/Pago_Pago"]
    sandbox.clock.now += 1
    west = billing.usage_detail(ask, sandbox.books, "token", sandbox.clock())["groups"]
    assert {row["day"] for row in west} == {"2027-01-14"}
    assert billing.usage({}, sandbox.books, "token", sandbox.clock())["spend"] == answer["spend"]


@pytest.mark.parametrize(
    ("answer", "query"),
    [
        ("transactions", {"limit": ["0"]}), ("transactions", {"limit": ["101"]}),
        ("transactions", {"direction": ["charge"]}), ("transactions", {"type": ["MODEL_USAGE,BONUS"]}),
        ("transactions", {"cursor": ["x"]}), ("transactions", {"cursor": ["e30="]}),
        ("transactions", {"from": ["yesterday"]}),
        ("transactions", {"from": ["2026-02-01"], "to": ["2026-02-01"]}),
        ("usage", {"group_by": ["day"]}), ("usage", {"period": ["93d"]}),
        ("usage", {"start": ["2026-01-01"], "end": ["2026-04-04"]}), ("usage", {"key_prefix": ["other"]}),
        ("usage_detail", {"group_by": ["model,day"]}), ("usage_detail", {"tz": ["+05:00"]}),
        ("usage_detail", {"tz": ["utc"]}), ("usage_detail", {"tz": ["europe/berlin"]}),
    ],
)  # fmt: skip
def test_a_query_that_breaks_the_rules_is_refused(sandbox, answer, query):
    rest = () if answer == "transactions" else ("token",)
    with pytest.raises(Refused) as caught:
        getattr(billing, answer)(query, sandbox.books, *rest, sandbox.clock())
    assert caught.value.status == (403 if "key_prefix" in query else 400)


def test_an_old_sandboxs_file_gets_books_and_owes_nothing(tmp_path):
    store = Store(tmp_path / "s.sqlite3", 1000.0)
    store.close()
    with sqlite3.connect(tmp_path / "s.sqlite3") as connection:
        connection.execute("DROP TABLE entries")
    connection.close()
    store = Store(tmp_path / "s.sqlite3", 2000.0)
    assert store.books.balance(2000.0) == books.START
    store.close()
