"""Promises of `ltxv_nb.media.names`."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.media.names import MAX_WORD_BYTES, MAX_WORD_CHARS, file_stem

NOON = (
    1_760_000_000.0 - 1_760_000_000.0 % 86400 + 43200
)  # noon UTC, 9 October 2025: one day nearly everywhere


def words(prompt):
    return file_stem(prompt, "ab12cd34", NOON)[11:-9]


def test_a_name_tells_the_day_the_words_and_the_id():
    stem = file_stem("A lighthouse at dusk, waves breaking", "ab12cd34", NOON)
    assert re.fullmatch(r"2025-10-(09|10)-a-lighthouse-at-dusk-waves-breaking-ab12cd34", stem)


def test_a_long_prompt_ends_at_a_whole_word():
    assert words("A menacing evil dragon appears in a distance above the tallest mountain") == (
        "a-menacing-evil-dragon-appears-in-a-distance-above"
    )


def test_letters_of_every_script_are_kept():
    assert words("Дракон над горой") == "дракон-над-горой"
    assert words("夜の海、灯台") == "夜の海-灯台"
    assert words("हिमालय में सूर्योदय") == "हिमालय-में-सूर्योदय"
    assert words("Cafe\u0301 noir") == "caf\u00e9-noir"


def test_an_apostrophe_does_not_split_a_word():
    assert words("It's the dragon\u2019s lair") == "its-the-dragons-lair"


def test_a_prompt_without_words_still_gets_a_name():
    assert words("!!! … ???") == "clip"
    assert words("\u0301\u0300") == "clip"


def test_nobody_climbs_out_of_the_folder_by_a_prompt_or_an_id():
    stem = file_stem("../../etc/passwd C:\\x\0y", "../a:b/c", NOON)
    assert stem.endswith("-etc-passwd-c-x-y-abc")


@given(st.text(), st.floats(1e9, 3e9))
def test_any_prompt_gives_a_name_every_file_system_takes(prompt, when):
    stem = file_stem(prompt, "ab12cd34", when)
    middle = stem[11:-9]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-", stem[:11])
    assert stem.endswith("-ab12cd34")
    assert middle
    assert len(middle) <= MAX_WORD_CHARS
    assert len(middle.encode()) <= MAX_WORD_BYTES
    assert len(f"{stem}.mp4.part.json".encode()) <= 143
    assert all(char == "-" or unicodedata.category(char)[0] in "LNM" for char in stem)
    assert not middle.startswith("-")
    assert "--" not in middle


@given(st.text(alphabet="กขคงจาำิีึืุู่้๊๋็์", min_size=60, max_size=120))
def test_a_word_that_is_cut_loses_no_mark_of_its_last_letter(prompt):
    whole = unicodedata.normalize("NFC", prompt)
    kept = words(prompt)
    if "-" in kept or kept == "clip":
        return
    following = whole[whole.find(kept) + len(kept)] if len(kept) < len(whole.lstrip()) else "x"
    assert not unicodedata.category(following).startswith("M") or len(kept) == 1
