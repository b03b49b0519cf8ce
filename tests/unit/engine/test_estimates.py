"""How long it takes: asked for seldom, learned from the journal, never in the way."""

from __future__ import annotations

import pytest
import requests
from fakes import reply

MODEL = "ltxv/ltxv-2"


def figures(p50):
    duration = {"p50": p50, "p75": p50 * 1.1, "p90": p50 * 1.2, "p99": p50 * 1.5}
    return {"models": [{"alias": MODEL, "endpoint": "/v2", "metrics": {"duration_ms": duration}}]}


def past(rig, seconds, number=8, **changes):
    for _ in range(number):
        rig.clock.advance(1000)
        accepted = rig.clock.time() - seconds
        rig.journal.reserve(
            rig.record(
                state="saved",
                accepted_at=accepted,
                asked_at=accepted + seconds * 0.98,
                finished_at=accepted + seconds,
                **changes,
            )
        )


def test_the_service_is_asked_at_most_once_in_five_minutes(rig):
    assert rig.estimates.stale(MODEL)
    assert not rig.estimates.stale(MODEL)
    assert rig.estimates.stale("other/model")
    rig.clock.advance(299)
    assert not rig.estimates.stale(MODEL)
    rig.clock.advance(2)
    assert rig.estimates.stale(MODEL)


def test_a_clock_that_was_set_back_does_not_silence_the_question_for_ever(rig):
    assert rig.estimates.stale(MODEL)
    rig.clock.jump(-86_400)
    assert rig.estimates.stale(MODEL)


def test_the_services_figures_move_the_belief(rig):
    record = rig.record()
    before = rig.estimates.belief(record).median
    rig.service.metrics = figures(30_000)
    rig.estimates.refresh(MODEL)
    assert rig.estimates.belief(record).median < before
    assert rig.estimates.belief(record).median == pytest.approx(30, rel=0.2)


@pytest.mark.parametrize(
    "answer", [reply(500, {}), reply(200, body=b"<html>"), requests.ConnectionError("gone")], ids=repr
)
def test_a_failed_question_leaves_what_was_known(rig, answer):
    rig.service.metrics = figures(30_000)
    rig.estimates.refresh(MODEL)
    known = rig.estimates.belief(rig.record())
    rig.wire.answer = lambda _request: answer
    rig.estimates.refresh(MODEL)
    assert rig.estimates.belief(rig.record()) == known


def test_ones_own_clips_move_the_belief(rig):
    past(rig, 25.0)
    assert rig.estimates.belief(rig.record()).median == pytest.approx(25, rel=0.2)


def test_clips_of_another_service_do_not(rig):
    record = rig.record()
    before = rig.estimates.belief(record)
    past(rig, 2.0, origin="sandbox", backend="sandbox")
    rig.clock.advance(60)
    assert rig.estimates.belief(record) == before


def test_a_belief_is_kept_for_a_while_and_then_made_anew(rig):
    record = rig.record()
    before = rig.estimates.belief(record)
    past(rig, 25.0)
    rig.clock.jump(-8000)
    assert rig.estimates.belief(record) is before
    rig.clock.advance(60)
    assert rig.estimates.belief(record) != before


def test_a_broken_journal_is_no_reason_not_to_have_a_belief(rig):
    rig.journal.path.parent.mkdir(parents=True)
    rig.journal.path.write_bytes(b"no database" * 500)
    assert rig.estimates.belief(rig.record()).median > 0


def test_a_first_clip_is_expected_to_take_what_the_vendor_measured_for_its_model(rig):
    assert rig.estimates.belief(rig.record()).median == pytest.approx(70, rel=0.02)
    assert rig.estimates.belief(rig.record(model="ltxv/ltxv-2-fast")).median == pytest.approx(58.9, rel=0.02)
    assert "guess" in rig.estimates.belief(rig.record(model="someone/else")).source


def test_a_larger_clip_is_expected_to_take_longer(rig):
    medians = [
        rig.estimates.belief(rig.record(request={"resolution": resolution})).median
        for resolution in ("1080p", "1440p", "2160p")
    ]
    assert medians == sorted(set(medians))


@pytest.mark.parametrize(
    "settings",
    [
        {"resolution": "99999p", "aspect_ratio": "1:0"},
        {"resolution": 4, "aspect_ratio": ["16:9"]},
        {"duration": "long", "fps": 1e300},
    ],
)
def test_settings_of_another_model_that_mean_nothing_here_do_not_spoil_the_estimate(rig, settings):
    plain = rig.estimates.belief(rig.record(model="someone/else"))
    assert rig.estimates.belief(rig.record(model="someone/else", request=settings)) == plain
