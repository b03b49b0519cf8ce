"""The words of a caption are drawn as they were typed, in every script that a font here has."""

from __future__ import annotations

import pytest
from PIL import Image

from ltxv_nb.fonts import glyphs
from ltxv_nb.fonts.rtl import in_visual_order, is_rtl


@pytest.fixture
def bare(monkeypatch):
    """A machine without fonts of its own, and without what sets right-to-left text."""
    caches = [glyphs._font_of, glyphs._has, glyphs._open, glyphs._missing]
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setattr(glyphs, "_TEXT_FONTS", ())
    monkeypatch.setattr(glyphs, "_EMOJI_FONTS", ())
    monkeypatch.setattr(glyphs, "_has_raqm", lambda: False)
    yield
    for cache in caches:
        cache.cache_clear()


def drawn(text, width=1200):
    image = Image.new("L", (width, 60))
    glyphs.draw(image, (2, 4), text, 38, 255)
    return image


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    "text",
    [
        "It costs $5, or $6 & <more>",
        "Déjà vu in Ærøskøbing, Łódź and Ελλάδα",
        "Москва",
        "ספינה יוצאת מהנמל",
        "قارب يغادر الميناء",
        "in love ❤ ☕ → ∞",
    ],
)
def test_a_machine_without_fonts_draws_these_as_they_were_typed(text):
    assert glyphs.drawable(text) == text
    box = drawn(text).getbbox()
    assert box is not None
    assert box[2] == pytest.approx(2 + glyphs.length(text, 38), abs=6)


@pytest.mark.usefixtures("bare")
def test_an_emoji_without_a_font_is_named_and_nothing_is_an_empty_box():
    assert glyphs.drawable("A fox 🦊 runs") == "A fox [fox face] runs"
    assert glyphs.drawable("हिन्दी and 中文") == "and"
    assert glyphs.drawable("中文") == ""


@pytest.mark.usefixtures("bare")
def test_what_only_says_how_an_emoji_is_drawn_is_no_glyph():
    assert glyphs.drawable("❤\ufe0f") == "❤"
    assert glyphs.drawable("\u200d") == ""


def test_an_emoji_is_drawn_where_the_machine_has_a_font_for_it():
    name = glyphs._font_of("🦊")
    if name is None:
        pytest.skip("this machine has no font with emoji")
    mask = glyphs._emoji("🦊", 38)
    low, high = mask.getextrema()
    assert low == 0
    assert high > 150
    assert len(set(mask.tobytes())) > 20  # a picture, and no box
    assert glyphs.drawable("A fox 🦊 runs") == "A fox 🦊 runs"


def test_the_order_of_right_to_left_text_is_that_of_the_eye():
    assert in_visual_order("plain (text)") == "plain (text)"
    assert in_visual_order("אבג") == "גבא"
    assert in_visual_order("אב (12) גד") == "דג (12) בא"
    assert in_visual_order("a אב b") == "a בא b"
    assert is_rtl("12 אב")
    assert not is_rtl("a אב")


def test_arabic_letters_are_joined_as_unicode_has_them():
    # beh, alef, beh: initial, final; alef joins nothing after it, so the last one stands alone.
    assert in_visual_order("باب") == "\ufe8f\ufe8e\ufe91"
    # three beh: initial, medial, final; drawn from the last to the first
    assert in_visual_order("ببب") == "\ufe90\ufe92\ufe91"


def test_a_mark_stays_with_its_letter():
    assert in_visual_order("שָׁב") == "ב" + "שָׁ"
