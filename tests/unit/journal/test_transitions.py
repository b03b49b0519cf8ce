"""The table of state changes: each event leads where it should, and nowhere else."""

from __future__ import annotations

import itertools

import pytest

from ltxv_nb.journal import OPEN, State
from ltxv_nb.journal.transitions import (
    TRANSITIONS,
    Change,
    Event,
    accepted,
    answer_lost,
    completed,
    disowned,
    failed,
    found_in_log,
    known_as,
    lost,
    progressed,
    refused,
    released,
    reopened,
    saved,
)

ENDED = set(State) - set(OPEN)


def test_every_event_is_in_the_table():
    assert set(TRANSITIONS) == set(Event)


@pytest.mark.parametrize("event", Event)
def test_what_has_ended_stays_ended_unless_it_was_paid_for_or_the_user_asks_for_it(event):
    reopening = {
        Event.ACCEPTED: {State.LOST},
        Event.REOPENED: {State.LOST},
        Event.SOUGHT_AGAIN: {State.LOST},
        Event.FETCHED_AGAIN: {State.SAVED},
        Event.TRIED_AGAIN: {State.REFUSED},
    }
    assert set(TRANSITIONS[event]) & ENDED == reopening.get(event, set())


def test_a_generation_that_was_accepted_is_never_refused_and_unknown_only_by_an_id_that_was_never_confirmed():
    for event, (before, after) in (
        (event, step) for event, steps in TRANSITIONS.items() for step in steps.items()
    ):
        if before in {State.RUNNING, State.FINISHED, State.SAVED}:
            assert after not in {State.SUBMITTING, State.UNKNOWN, State.REFUSED} or event is Event.DISOWNED


def test_every_state_but_the_first_can_be_reached():
    reached = {after for steps in TRANSITIONS.values() for after in steps.values()}
    assert reached >= set(State) - {State.SUBMITTING}


CHANGES = [
    accepted("g", "queued", at=1.0, billed=None),
    refused("no"),
    answer_lost("reset"),
    found_in_log("g", at=1.0, billed=None),
    known_as("g"),
    disowned("g", "it knows no such generation"),
    progressed("generating", billed=None),
    completed("https://cdn.example.test/a.mp4", asked_at=None, finished_at=1.0, billed=None),
    failed("no"),
    lost("gone"),
    saved("a.mp4", {}, at=1.0),
    released(wanted=True),
]


@pytest.mark.parametrize("state", State)
def test_a_change_is_made_in_the_journal_exactly_where_the_table_has_it(rig, state):
    for change in CHANGES:
        record = rig.record(state=state, generation_id=None)
        rig.journal.reserve(record)
        expected = TRANSITIONS[change.event].get(state)
        advanced = rig.journal.advance(
            record.id, None, Change(change.event, {**change.columns, **_free(change)})
        )
        assert advanced.done == (expected is not None)
        assert advanced.record.state == (expected or state)
        assert rig.journal.get(record.id) == advanced.record
        assert rig.journal.get(record.id).revision == int(advanced.done)


_numbers = itertools.count()


def _free(change):
    """Return an id that no other row has."""
    return {"generation_id": f"g{next(_numbers)}"} if "generation_id" in change.columns else {}


def test_a_lost_job_is_asked_for_by_its_id_and_without_one_in_the_log(rig):
    assert reopened(rig.record(generation_id="g"), "me").event is Event.REOPENED
    assert reopened(rig.record(generation_id=None), "me").event is Event.SOUGHT_AGAIN
