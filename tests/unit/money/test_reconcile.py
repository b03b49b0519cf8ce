"""The journal beside the service's ledger: what agrees, and every kind of difference."""

from __future__ import annotations

import random
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path

import pytest
from fakes import START

sys.path.insert(0, str(Path(__file__).resolve().parent))
from spent import DAY, USUAL, cost

from ltxv_nb.errors import APIError, RequestError
from ltxv_nb.money.reconcile import compare, reconcile
from ltxv_nb.service.ledger import Charge, Ledger


def charge(number, credits_=USUAL, **changes):
    usual = {
        "inference_id": f"{uuid.UUID(int=number)}:ltxv/ltxv-2",
        "model": "ltxv/ltxv-2",
        "credits": credits_,
        "created": START - 60.0 * number + 90,
    }
    return Charge(**{**usual, **changes})


def compared(costs, charges, days=30):
    return compare(
        costs,
        charges,
        since=START - days * DAY,
        now=START,
        makes_video=lambda model: model.startswith("ltxv/"),
    )


class Books:
    """A ledger in memory behind the real reading of it, in pages; `usage` may fail."""

    def __init__(self, charges, usage=None):
        self.charges, self.usage, self.asked = charges, usage or {"spend": 3.0, "requests": 7}, []

    def __call__(self, path, query):
        self.asked.append((path, dict(query)))
        if path == "/v2/usage/detail":
            if isinstance(self.usage, Exception):
                raise self.usage
            return self.usage
        if isinstance(self.charges, Exception):
            raise self.charges
        at = int(query.get("cursor", 0))
        rows = [_entry(one) for one in self.charges[at : at + query["limit"]]]
        more = at + len(rows) < len(self.charges)
        return {
            "data": rows,
            "pagination": {"has_more": more, "next_cursor": str(at + len(rows)) if more else None},
        }


def _entry(one):
    return {
        "created_at": datetime.fromtimestamp(one.created, timezone.utc).isoformat(timespec="milliseconds"),
        "direction": "CHARGE",
        "type": "MODEL_USAGE",
        "amount": {"usd": one.credits / 2_000_000, "credits": one.credits},
        "model": one.model,
        "reference_id": one.inference_id,
    }


def reconciled(costs, books, **options):
    usual = {"days": 30, "now": START, "makes_video": lambda model: model.startswith("ltxv/")}
    return reconcile(costs, Ledger(books), **{**usual, **options})


def test_three_differences_among_five_thousand_transactions_are_found():
    draw = random.Random(11)
    numbers = list(range(5_000))
    costs = [cost(number, created_at=START - 300.0 * number) for number in numbers]
    charges = [charge(number, created=START - 300.0 * number + 90) for number in numbers]
    unbilled, dearer = draw.sample(range(400, 5_000), 2)
    charges[dearer] = charge(dearer, USUAL + 1, created=charges[dearer].created)
    charges[unbilled] = charge(
        999_999, created=charges[unbilled].created
    )  # unknown here, in place of a known one
    books = Books(charges)
    found = reconciled(costs, books)
    assert [line.job_id for line in found.different] == [f"job{dearer:05}"]
    assert [line.inference_id for line in found.unknown_here] == [charge(999_999).inference_id]
    assert [line.job_id for line in found.not_charged] == [f"job{unbilled:05}"]
    assert len(found.matched) == 4_998
    assert not found.agrees
    assert found.charged_usd == (4_999 * USUAL + USUAL + 1) / 2_000_000
    assert len([path for path, _ in books.asked if path.endswith("transactions")]) == 50
    text = repr(found)
    assert "charged 1 credits more" in text
    assert f"%ltxv attach {charge(999_999).inference_id}" in text
    assert "not charged in more than a day" in text
    assert "For this key the service counts $3.00 in 7 requests" in text


def test_an_id_matches_in_each_of_its_spellings():
    name = str(uuid.UUID(int=0xABCDEF))
    spellings = [name, name.upper(), name.replace("-", ""), f"{name}:ltxv/ltxv-2", f"{name}:ltxv/ltxv-2-fast"]
    for ours in spellings:
        for theirs in spellings:
            matched, *rest = compared([cost(0, generation_id=ours)], [charge(0, inference_id=theirs)])
            assert [line.job_id for line in matched] == ["job00000"]
            assert rest == [[], [], [], []]
    # Ids of other kinds are taken as they are; the one in the request log counts as well.
    matched, *_ = compared(
        [cost(0, generation_id="gen/1", inference_id="inf-1")], [charge(0, inference_id="inf-1")]
    )
    assert len(matched) == 1
    assert compared([cost(0, generation_id="gen/1")], [charge(0, inference_id="GEN/1")])[0] == []


@pytest.mark.parametrize(
    ("ours", "charges", "words"),
    [
        ({}, [{}], None),
        ({"billed": None}, [{}], None),  # the price was never told here: now it is known
        ({"billed": USUAL - 2}, [{}], "charged 2 credits more"),
        ({"billed": 2 * USUAL}, [{}], "charged $0.378 less"),
        ({}, [{}, {"created": START}], "charged 2 times"),
        ({"state": "failed", "billed": 0}, [{}], "charged although it failed"),
        ({"state": "failed", "billed": 0}, [{"credits": 0}], None),
        ({"state": "lost"}, [{}], None),  # given up here, and charged: that is known
    ],
)
def test_a_different_amount_is_named_and_nothing_else_is(ours, charges, words):
    matched, different, *rest = compared(
        [cost(0, **ours)],
        [charge(0, **{"credits_": one.pop("credits", USUAL), **one}) for one in map(dict, charges)],
    )
    assert rest == [[], [], []]
    assert [line.words for line in different] == ([words] if words else [])
    assert len(matched) == (0 if words else 1)


def test_what_is_here_and_not_charged_says_why_and_only_what_should_be_charged():
    costs = [
        cost(0), cost(1, created_at=START - 2 * DAY), cost(2, state="running"), cost(3, state="lost"),
        cost(4, state="failed", billed=0), cost(5, state="refused", generation_id=None, billed=None),
        cost(6, state="unknown", generation_id=None, billed=None), cost(7, billed=0),
        cost(8, created_at=START - 31 * DAY),
    ]  # fmt: skip
    *_, missing, other = compared(costs, [])
    assert {line.job_id: line.words for line in missing} == {
        "job00000": "not charged yet; charges can come late",
        "job00001": "not charged in more than a day",
        "job00002": "not finished",
        "job00003": "given up",
    }
    assert other == []
    late = reconciled([costs[0], costs[2]], Books([]))
    assert late.agrees, "a charge that is late is no difference"


def test_what_is_older_than_the_window_is_matched_but_not_missed():
    old = cost(0, created_at=START - 30.01 * DAY)  # submitted before, charged within
    matched, _, unknown, missing, _ = compared([old], [charge(0, created=START - 29.99 * DAY)])
    assert (len(matched), unknown, missing) == (1, [], [])
    *_, unknown, _, _ = compared([], [charge(0, created=START - 30.5 * DAY), charge(1, created=None)])
    assert [line.inference_id for line in unknown] == [charge(1).inference_id]


def test_charges_for_other_models_are_added_up_and_not_offered():
    others = [charge(1, model="openai/gpt-5"), charge(2, model="openai/gpt-5")]
    unresolved = charge(3, model=None)
    found = reconciled([], Books([*others, unresolved]))
    assert [line.inference_id for line in found.unknown_here] == [unresolved.inference_id]
    assert "2 charges ($0.756) are for models that are not known to make videos." in repr(found)


def test_a_hostile_id_is_shown_as_text_and_not_offered_as_a_command():
    evil = charge(1, inference_id="x; rm -rf / <script>alert(1)</script>", model="ltxv/<b>\x1b[31m")
    found = reconciled([], Books([evil]))
    assert "%ltxv attach x" not in repr(found)
    html = found._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "\x1b" not in html


def test_when_only_the_usage_cannot_be_read_the_rest_is_told():
    found = reconciled([cost(0)], Books([charge(0)], APIError("Sorry", status_code=500)))
    assert len(found.matched) == 1
    assert "could not be read: Sorry (HTTP 500)." in repr(found)
    with pytest.raises(APIError, match="does not let this key read the account's ledger"):
        reconciled([cost(0)], Books(APIError("no", status_code=403)))


@pytest.mark.parametrize("days", [0, 93, -1, 1.5, "30", None, True])
def test_days_that_the_service_could_not_tell_are_refused_before_anything_is_asked(days):
    books = Books([])
    with pytest.raises(RequestError, match="it can be a whole number from 1 to 92"):
        reconciled([], books, days=days)
    assert books.asked == []


def test_what_is_shown_says_that_play_money_is_none():
    found = reconciled([cost(0)], Books([charge(0)]), play_money=True)
    assert "1 clip of the last 30 days agrees with the ledger ($0.378 play money)." in repr(found)
    assert "billed" not in repr(found)
