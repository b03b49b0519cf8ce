"""A cell of a batch is one generation, whoever else wants it at the same moment."""

from __future__ import annotations

import pytest

from ltxv_nb.errors import BudgetExceeded
from ltxv_nb.journal import State
from ltxv_nb.journal import transitions as change
from ltxv_nb.journal.guards import Occupied, cell_is_free
from ltxv_nb.journal.record import Batch
from ltxv_nb.money.budget import batch_limit


@pytest.fixture
def journal(rig):
    return rig.journal


def cell(rig, take=1, **changes):
    place = {
        "batch_id": "batch222",
        "cell": {"values": {"hour": "dawn"}, "take": take},
        "cell_key": f"key {take}",
    }
    return rig.record(**{**place, "fingerprint": "same", **changes})


TAKEN = [State.SUBMITTING, State.UNKNOWN, State.RUNNING, State.FINISHED, State.SAVED]


@pytest.mark.parametrize("state", State)
def test_a_cell_is_made_again_only_if_nothing_came_of_it(rig, journal, state):
    first, second = cell(rig, state=state), cell(rig)
    journal.reserve(first)
    if state in TAKEN:
        with pytest.raises(Occupied) as occupied:
            journal.reserve(second, [cell_is_free(["same"])])
        assert occupied.value.record.id == first.id
    else:
        assert journal.reserve(second, [cell_is_free(["same"])]) == second


def test_takes_of_one_request_do_not_disturb_each_other_and_what_is_outside_does(rig, journal):
    journal.reserve(cell(rig, take=1), [cell_is_free(["same"])])
    journal.reserve(cell(rig, take=2), [cell_is_free(["same"])])
    outside = rig.record(fingerprint="other")
    journal.reserve(outside)
    with pytest.raises(Occupied) as occupied:
        journal.reserve(cell(rig, take=3, fingerprint="other"), [cell_is_free(["other"])])
    assert occupied.value.record.id == outside.id


def test_another_try_takes_the_row_of_the_one_that_was_refused(rig, journal):
    from dataclasses import replace

    first = cell(rig, reserved_credits=500, stars=None)
    journal.reserve(first)
    refused = journal.advance(first.id, first, change.refused("busy")).record
    again = replace(cell(rig, reserved_credits=700), id=first.id, revision=refused.revision + 1)
    written = journal.reserve(again, [cell_is_free(["same"])])
    assert journal.get(first.id) == written == again
    assert journal.counted_of_batch("batch222") == 700
    assert [step[1] for step in journal.events(first.id)] == ["submitting", "refused", "submitting"]
    with pytest.raises(Occupied):  # another process wanted the same
        journal.reserve(again)
    stale = replace(again, revision=refused.revision + 9)
    journal.advance(first.id, None, change.refused("busy"))
    with pytest.raises(Occupied):
        journal.reserve(stale)


def test_a_batch_stays_within_its_own_limit(rig, journal):
    for take in (1, 2):
        journal.reserve(cell(rig, take, reserved_credits=400), [batch_limit(1000)])
    with pytest.raises(BudgetExceeded, match="this batch may cost"):
        journal.reserve(cell(rig, 3, reserved_credits=400), [batch_limit(1000)])
    with pytest.raises(BudgetExceeded):
        journal.reserve(cell(rig, 3, reserved_credits=None), [batch_limit(1000)])
    journal.reserve(cell(rig, 3, reserved_credits=200), [batch_limit(1000)])
    assert journal.counted_of_batch("batch222") == 1000


def test_a_batch_comes_back_as_it_was_written(rig, journal):
    assert (journal.batches("aimlapi"), journal.plan_of("batch222"), journal.of_batch("batch222")) == (
        [],
        [],
        [],
    )
    batch = Batch("batch222", "hours", "digest", 5.0, "aimlapi", "o", 1, {"hour": ["dawn"]})
    plan = [{"key": "key 1", "values": {"hour": "dawn"}, "take": 1, "request": {"prompt": "p"}}]
    journal.transact(lambda rows: rows.put_batch(batch, plan))
    newer = batch._replace(id="newer222", name=None, created_at=6.0)
    journal.transact(lambda rows: rows.put_batch(newer, []))
    journal.transact(lambda rows: rows.put_batch(batch._replace(total=2), plan))
    assert journal.batches("aimlapi") == journal.batches_of("digest") == [newer, batch._replace(total=2)]
    assert journal.batches("sandbox") == []
    assert journal.plan_of("batch222") == plan
    record = cell(rig, state="saved", billed_credits=7)
    journal.reserve(record)
    assert journal.of_batch("batch222") == [record]
    assert journal.made_of_batches() == {"batch222": (1, 7)}
