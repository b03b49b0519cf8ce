"""The balance, what was spent, and the comparison with the ledger, over real HTTP with faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

import ltxv_nb
from ltxv_nb.errors import APIError, LTXVError

from . import faults
from .fast import wait_until
from .ledger import USUAL
from .service import Fault

ELSEWHERE = "6f1c2a30-77aa-4b4e-9c55-0123456789ab:ltxv/ltxv-2"


def refuse(status, document):
    return Fault(str(status), lambda handler: handler.reply(status, document))


def test_the_ledger_is_compared_with_the_journal_whatever_happened_to_the_answers(client, service):
    service.account.page_rows = 2
    plain = client.submit("A lighthouse")
    service.meet("submit", faults.reset(bills=True))
    found = client.submit("A boat, its answer lost, and found in the request log")
    other, late = client.submit("A hill"), client.submit("A heron")
    for job in (plain, found, other, late):
        job.result(20)
    failed = client.submit("A storm")
    service.tasks[failed.generation_id].failed = "no"
    wait_until(failed.done)
    service.account.amounts[other.generation_id] = 2 * USUAL
    service.account.elsewhere = [(ELSEWHERE, "ltxv/ltxv-2", USUAL), ("chat-1", "openai/gpt-5", 12)]
    service.account.charged = lambda task: task.id != late.generation_id

    posts = len(service.requests("submit"))
    spending = client.spending()
    assert spending.total_credits == 4 * USUAL
    compared = spending.reconcile()
    assert sorted(line.job_id for line in compared.matched) == sorted([plain.id, found.id])
    assert [(line.job_id, line.words) for line in compared.different] == [(other.id, "charged $0.252 more")]
    assert [line.inference_id for line in compared.unknown_here] == [ELSEWHERE]
    assert [line.job_id for line in compared.not_charged] == [late.id]
    assert [line.inference_id for line in compared.other] == ["chat-1"]
    assert len(service.requests("ledger")) == 3
    assert len(service.requests("submit")) == posts
    assert client.balance() == pytest.approx(100 - 5 * 0.252 - 12 / 2_000_000)
    # The charge comes at last, and there is one difference less.
    service.account.charged = lambda _task: True
    assert client.spending().reconcile().not_charged == []


def test_whatever_the_account_answers_is_one_sentence_and_the_journal_stays_as_it_is(client, service):
    client.submit("A lighthouse").result(20)
    before = client.spending()
    bad = {
        "may not read it": refuse(403, {"message": "Forbidden resource", "requestId": "r"}),
        "not JSON": refuse(200, b"<html><title>Sign in</title></html>"),
        "not JSON|cut off": refuse(200, b""),
        "holds no": refuse(200, {"ok": True}),
        "HTTP 404": refuse(404, {"message": "Cannot GET"}),
        "HTTP 500": refuse(500, b"<html>oops</html>"),
        "cannot be reached": faults.reset(),
    }
    for words, fault in bad.items():
        for endpoint, ask in (("balance", client.balance), ("ledger", client.spending().reconcile)):
            service.always(endpoint, fault)
            with pytest.raises(LTXVError, match=words) as caught:
                ask()
            assert isinstance(caught.value, APIError)
            assert "\n" not in str(caught.value)
            service.heal()
    assert client.spending().rows == before.rows
    assert len(service.billed) == 1
    assert len(client.spending().reconcile().matched) == 1


def test_play_money_and_real_money_are_never_in_one_sum(client):
    client.submit("A lighthouse").result(20)
    with ltxv_nb.Client(backend="sandbox", home=client.home, output_dir=client.output_dir) as sandbox:
        nothing = sandbox.spending()
        assert (nothing.total_usd, len(nothing)) == (0, 0)
        assert "Not counted here: 1 job of the paid service." in repr(nothing)
        assert client.spending().total_credits == USUAL
        paid = client.jobs()[0].record
        played = replace(paid, id="play", client_request_id="play", backend="sandbox", origin="sandbox")
        client.journal.reserve(replace(played, billed_credits=700))  # as if the sandbox had made it as well
        assert sandbox.spending().total_credits == 700
    real = client.spending("model")
    assert real.total_credits == USUAL
    assert "Not counted here: 1 job of the sandbox, which cost play money." in repr(real)
