"""When the next clip may be sent: as the service asks, and never given up."""

from __future__ import annotations

from ltxv_nb.batch.sending import AT_ONCE, FIRST_PAUSE, LONGEST_ASKED, LONGEST_PAUSE, Gate


def begun(number):
    gate = Gate()
    for _ in range(number):
        gate.begin()
    return gate


def test_a_few_are_under_way_at_once():
    gate = begun(AT_ONCE - 1)
    assert gate.opens_at() <= 0
    gate.begin()
    assert gate.opens_at() == float("inf")
    gate.answered(0.0, None)
    assert gate.opens_at() <= 0


def test_after_a_429_it_waits_as_long_as_the_service_asks_and_tries_with_one():
    gate = begun(2)
    gate.busy(100.0, 30.0)
    gate.busy(101.0, 2.0)  # the later of two answers does not cut the wait short
    assert gate.opens_at() == 130.0
    gate.ended(110.0, "job")
    assert gate.opens_at() == 130.0
    gate.begin()
    assert gate.opens_at() == float("inf")
    gate.answered(0.0, None)
    gate.begin()
    assert gate.opens_at() <= 130.0
    gate.busy(200.0, 1e9)
    gate.answered(0.0, None)
    assert gate.opens_at() == 200.0 + LONGEST_ASKED


def test_without_a_word_on_when_it_tries_again_less_and_less_often_until_a_place_is_free():
    gate, now, pauses = Gate(), 0.0, []
    for _ in range(60):
        gate.begin()
        gate.busy(now, None)
        pauses.append(round(gate.opens_at() - now, 6))
        now = gate.opens_at()
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    assert pauses == sorted(pauses)
    gate.ended(now - 4.0, "job")
    assert gate.opens_at() == now - 4.0


def test_once_it_is_known_how_long_clips_take_it_tries_often_only_when_one_of_them_may_end():
    gate = Gate()
    for name, at in (("first", 0.0), ("second", 30.0)):
        gate.begin()
        gate.answered(at, name)
    gate.ended(60.0, "first")

    def pause(now):
        gate._again_at = float("-inf")
        gate.begin()
        gate.busy(now, None)
        return round(gate.opens_at() - now, 6)

    assert pause(61.0) == LONGEST_PAUSE
    assert pause(86.2) == 2.0  # the second one may end from its 58th second on
    assert pause(88.3) == pause(91.0) == 0.3
    assert pause(108.2) == 2.0
    assert pause(999.0) == LONGEST_PAUSE


def test_a_place_that_was_needed_tells_that_the_oldest_clip_has_ended_and_how_long_it_took():
    gate = Gate()
    for name, at in (("first", 0.0), ("second", 1.0)):
        gate.begin()
        assert gate.answered(at, name) is None
    gate.begin()
    gate.busy(2.0, None)
    gate.begin()
    assert gate.answered(10.0, "third") == "first"
    gate.ended(12.0, "first")  # heard of later, which changes nothing
    gate.begin()
    gate.busy(10.5, None)
    assert round(gate.opens_at() - 10.5, 6) == 0.2  # the second one may have ended, too
