"""Clips stand where their axes put them, on a page and in what is saved."""

from __future__ import annotations

import pytest

from ltxv_nb.arrangement import arrange
from ltxv_nb.errors import RequestError
from ltxv_nb.tiles import Tile

HOURS, WEATHERS = ("dawn", "noon", "dusk"), ("rain", "fog")


def sweep(takes=1):
    return [
        Tile(None, f"{hour} {weather} {take}", {"hour": hour, "weather": weather})
        for hour in HOURS
        for weather in WEATHERS
        for take in range(takes)
    ]


def labels(arrangement):
    return [[tile and tile.label for tile in row] for row in arrangement.cells]


def test_the_axes_that_are_named_go_down_and_across():
    tiles = sweep()
    down = arrange(tiles, rows="weather", columns="hour")
    assert (down.rows, down.columns, down.size) == (WEATHERS, HOURS, (3, 2))
    assert labels(down)[1] == ["dawn fog 0", "noon fog 0", "dusk fog 0"]
    assert arrange(tiles, rows="weather") == arrange(tiles, columns="hour") == down
    assert arrange(tiles, axes={"hour": HOURS[::-1], "weather": WEATHERS}).rows == HOURS[::-1]
    assert [(row, column) for row, column, _ in down] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]


def test_takes_of_one_place_stand_beside_each_other_and_what_is_missing_stays_free():
    tiles = sweep(takes=2)[:-1]
    found = arrange(tiles, rows="hour", columns="weather")
    assert sum(tile is not None for row in found.cells for tile in row) == len(tiles)
    assert None in found.cells[-1]
    assert any("take 2" in label for label in found.rows)


def test_clips_without_axes_follow_one_another_and_the_last_row_is_filled_up():
    tiles = [Tile(None, str(number)) for number in range(7)]
    found = arrange(tiles, columns=3)
    assert labels(found) == [["0", "1", "2"], ["3", "4", "5"], ["6", None, None]]
    assert found.columns == ()
    assert arrange(tiles[:1]).size == (1, 1)
    assert arrange(tiles[:2], columns=10).size == (2, 1)


@pytest.mark.parametrize(
    ("tiles", "how", "words"),
    [
        ([], {}, "no clips"),
        (sweep(), {"rows": "colour"}, "the axes are hour, weather"),
        (sweep(), {"rows": "hour", "columns": "hour"}, "rows and for columns"),
        (sweep(), {"rows": ["hour", "hour"]}, "twice"),
        (sweep(), {"columns": 0}, "from 1 to"),
    ],
)
def test_what_cannot_be_arranged_is_said_in_one_sentence(tiles, how, words):
    with pytest.raises(RequestError, match=words):
        arrange(tiles, **how)
