"""The account as the service tells it: read with tolerance, within limits, and nothing twice."""

from __future__ import annotations

import pytest
from fakes import KEY, FakeTransport, Place, reply

from ltxv_nb.errors import APIError, AuthenticationError
from ltxv_nb.service.api import Api
from ltxv_nb.service.ledger import Charge

MODEL = "ltxv/ltxv-2"


def ledger(*answers):
    """A ledger whose pages come one after another; the last one is repeated."""
    waiting = list(answers)
    wire = FakeTransport(lambda _request: waiting.pop(0) if len(waiting) > 1 else waiting[0])
    return Api(Place(), session_factory=wire.session_factory).ledger, wire


def entry(reference, credits_=756_000, **changes):
    usual = {
        "created_at": "2026-08-17T10:00:00.000Z",
        "direction": "CHARGE",
        "type": "MODEL_USAGE",
        "amount": {"usd": credits_ / 2_000_000, "credits": credits_},
        "model": MODEL,
        "reference_id": reference,
    }
    return {**usual, **changes}


def page(*rows, cursor=None, **more):
    return reply(
        200, {"data": list(rows), "pagination": {"next_cursor": cursor, "has_more": bool(cursor), **more}}
    )


def refused(status, **options):
    return reply(status, {"message": "No", "requestId": "r-1"}, **options)


def test_the_ledger_is_read_page_by_page_to_its_end():
    account, wire = ledger(
        page(entry("a"), entry("b"), cursor="one/+="), page(entry("c", 504_000), entry(None, model=None))
    )
    found = account.charges(1_780_000_000.9)
    assert [(row.inference_id, row.credits) for row in found.rows] == [
        ("a", 756_000), ("b", 756_000), ("c", 504_000), (None, 756_000),
    ]  # fmt: skip
    assert found.rows[0] == Charge("a", MODEL, 756_000, 1786960800.0)
    assert found.notes == []
    assert "from=2026-05-28T20%3A26%3A40Z" in wire.sent[0].url
    assert "cursor=one%2F%2B%3D" in wire.sent[1].url


def test_nothing_is_counted_twice_when_pages_or_cursors_repeat():
    looping = page(entry("a"), entry("b"), cursor="same")
    for answers in (
        [looping],  # one page for ever
        [page(entry("a"), cursor="1"), page(entry("b"), cursor="2"), page(entry("a"), cursor="1")],  # a loop
        [page(entry("a"), entry("b"), cursor=str(number)) for number in range(5)],  # new cursors, old entries
    ):
        account, wire = ledger(*answers)
        found = account.charges(0)
        assert sorted(row.inference_id for row in found.rows) == ["a", "b"]
        assert found.notes == ["The service's ledger repeats itself, so older entries may be missing here."]
        assert len(wire.sent) <= 3
    # An entry that moved to the next page while it was read, and one that stands twice on a page.
    account, _ = ledger(page(entry("a"), entry("b"), cursor="1"), page(entry("b"), entry("c"), entry("c")))
    found = account.charges(0)
    assert ([row.inference_id for row in found.rows], found.notes) == (["a", "b", "c"], [])


def test_charges_that_are_alike_are_two_only_where_that_can_be_told():
    # Without an id, two on one page; with one, two moments.
    account, _ = ledger(
        page(entry(None), entry(None), entry("a"), entry("a", created_at="2026-08-17T10:00:01Z"))
    )
    assert len(account.charges(0).rows) == 4


def test_what_cannot_be_read_is_left_out_and_said():
    rows = [
        entry("a"), "x", None, entry("b", amount=None), entry("c", amount={"credits": -1}),
        entry("d", amount={"credits": 10**40}), entry("e", amount={"usd": "1 EUR"}),
        entry("f", amount={"credits": True}), entry(KEY),
        entry("topped up", direction="TOPUP"), entry("expired", type="CREDITS_EXPIRED"),
        entry("g", amount={"usd": 0.5}), entry("h\x00"),
        entry("i", created_at="yesterday", model={"id": 3}), entry("j", model=f"<b>{KEY}</b>\n" + "x" * 900),
    ]  # fmt: skip
    account, _ = ledger(page(*rows))
    found = account.charges(0)
    assert [row.inference_id for row in found.rows] == ["a", "g", None, "i", "j"]
    assert found.rows[1].credits == 1_000_000
    assert (found.rows[3].created, found.rows[3].model) == (None, None)
    assert KEY not in str(found)
    assert len(found.rows[4].model) <= 200
    assert found.notes == ["8 entries of the ledger could not be read, and are left out."]


def test_amounts_in_another_currency_are_never_added_to_dollars():
    euros = entry("a", amount={"usd": 1, "credits": 2_000_000, "currency": "EUR"})
    account, _ = ledger(page(euros, entry("b", currency="usd"), entry("c", currency="EUR")))
    found = account.charges(0)
    assert [row.inference_id for row in found.rows] == ["b"]
    assert found.notes == ["2 entries of the ledger are in EUR, and left out: only US dollars are added up."]
    for ask, document in (
        (lambda one: one.balance(), {"current_balance": 5, "currency": "EUR"}),
        (lambda one: one.usage(0, 1), {"spend": 5, "currency": "EUR"}),
    ):
        with pytest.raises(APIError, match="in EUR, and only US dollars can be counted here"):
            ask(ledger(reply(200, document))[0])


def test_a_page_that_says_there_is_more_and_not_where_is_said_to_be_short():
    account, wire = ledger(page(entry("a"), has_more=True))
    found = account.charges(0)
    assert (len(found.rows), len(wire.sent)) == (1, 1)
    assert "does not say how to read them" in found.notes[0]
    # Without any pagination it is the whole ledger.
    assert ledger(reply(200, {"data": [entry("a")]}))[0].charges(0).notes == []


ASKED = {
    "balance": lambda one: one.balance(),
    "ledger": lambda one: one.charges(0),
    "usage": lambda one: one.usage(0, 86400),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_refusal_or_no_proper_answer_is_one_clear_sentence(ask):
    html = reply(200, body=b"<html><title>Welcome</title></html>", headers={"Content-Type": "text/html"})
    for answer, words in (
        (
            refused(403),
            r"does not let this key read .* \(HTTP 403; request r-1\). Use a regular key of the account",
        ),
        (html, "not JSON, or was cut off"),
        (reply(200, body=b""), "not JSON, or was cut off"),
        (reply(200, []), "holds no|cannot be read"),
        (reply(200, {}), "holds no|cannot be read"),
        (reply(200, {"current_balance": "NaN", "spend": -1, "data": {}}), "holds no|cannot be read"),
        (reply(200, {"current_balance": 1e300, "spend": None, "data": "x"}), "holds no|cannot be read"),
        (refused(404), "HTTP 404"),
    ):
        account, wire = ledger(answer)
        with pytest.raises(APIError, match=words) as caught:
            ask(account)
        assert type(caught.value).__name__ != "InsufficientCreditsError", "reading the books costs nothing"
        assert "\n" not in str(caught.value)
        assert len(wire.sent) == 1
    with pytest.raises(AuthenticationError, match="AIMLAPI_API_KEY"):
        ask(ledger(refused(401))[0])


def test_a_balance_is_exact_and_can_be_below_zero():
    for told, expected in (
        (123.45, 246_900_000),
        (0, 0),
        (-0.378, -756_000),
        ("12.5", 25_000_000),
        (0.1 + 0.2, 600_000),
    ):
        assert ledger(reply(200, {"current_balance": told, "currency": "USD"}))[0].balance() == expected


def test_usage_is_asked_for_by_day_and_model_and_read_once():
    rows = [
        {"model": MODEL, "spend": 0.378, "requests": 1}, {"model": MODEL, "spend": 0.378, "requests": 1},
        {"model": "<b>", "spend": "x", "requests": None}, None, {"spend": 3},
    ]  # fmt: skip
    account, wire = ledger(reply(200, {"spend": 1.5, "currency": "USD", "requests": 4, "models": rows}))
    usage = account.usage(1_780_000_000, 1_780_086_400)
    assert (usage.credits, usage.requests) == (3_000_000, 4)
    assert usage.models == {MODEL: (756_000, 1), "<b>": (0, 0)}
    assert "group_by=day%2Cmodel" in wire.sent[0].url
