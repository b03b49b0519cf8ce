"""Clips are ranked by votes between two at a time."""

from __future__ import annotations

import math
import sys
from itertools import combinations
from typing import NamedTuple

import pytest

from ltxv_nb.errors import ConfigurationError, RequestError
from ltxv_nb.ranking import next_pair, ranking


class Vote(NamedTuple):
    winner: str
    loser: str


def test_the_best_comes_first_and_its_strength_tells_how_often_it_wins():
    pytest.importorskip("choix")
    votes = (
        [Vote("b", "a")] * 30
        + [Vote("a", "b")] * 10
        + [Vote("b", "c")] * 20
        + [Vote("c", "gone"), Vote("a", "a")]
    )
    first, second, third = ranking(["a", "b", "c"], votes)
    assert (first.job_id, first.wins, first.losses) == ("b", 50, 10)
    assert (second.job_id, second.wins, second.losses) == ("a", 10, 30)
    assert third == ("c", 0, 20, third.strength)  # votes on other clips do not count
    assert 1 / (1 + math.exp(second.strength - first.strength)) == pytest.approx(0.75, abs=0.01)
    assert sum(row.strength for row in (first, second, third)) == pytest.approx(0, abs=1e-6)


def test_who_beats_the_strong_is_stronger_than_who_beats_the_weak():
    pytest.importorskip("choix")
    votes = [Vote("strong", "weak")] * 5 + [Vote("x", "strong"), Vote("y", "weak")]
    assert ranking(["y", "x", "weak", "strong"], votes)[0].job_id == "x"
    by_wins = {row.job_id: row.strength for row in ranking(["y", "x"], [], "wins")}
    assert by_wins == {"y": 0.5, "x": 0.5}


def test_without_votes_all_are_equal_and_stay_in_their_order():
    for method in (None, "wins"):
        rows = ranking(["c", "a", "b", "a"], [], method)
        assert [row.job_id for row in rows] == ["c", "a", "b"]
        assert len({row.strength for row in rows}) == 1
    assert ranking([], []) == []
    assert [row.wins for row in ranking(["a"], [Vote("a", "b")])] == [0]


def test_without_choix_wins_decide_unless_the_other_method_was_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "choix", None)
    votes = [Vote("b", "a"), Vote("b", "a"), Vote("a", "c")]
    assert [(row.job_id, row.strength) for row in ranking("abc", votes)] == [("b", 1), ("a", 1 / 3), ("c", 0)]
    with pytest.raises(ConfigurationError, match=r"ltxv-nb\[grid\]"):
        ranking("abc", votes, "bradley-terry")
    with pytest.raises(RequestError, match="bradley-terry or wins"):
        ranking("abc", votes, "elo")


def test_every_clip_is_asked_for_before_any_twice_and_every_pair_only_once():
    ids, votes = list("abcdef"), []
    while pair := next_pair(ids, votes):
        votes.append(Vote(*pair))
        if len(votes) == 3:
            assert {job for vote in votes for job in vote} == set(ids)
    assert {frozenset(vote) for vote in votes} == {frozenset(pair) for pair in combinations(ids, 2)}
    assert len(votes) == 15
    assert next_pair(["a"], []) is None


def test_clips_of_like_strength_are_asked_for_next():
    votes = [Vote("a", "b"), Vote("c", "d")]
    assert next_pair("abcd", votes) == ("a", "c")
