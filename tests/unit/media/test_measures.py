"""Promises of `video.measure()`: what is measured of clips whose measures are known beforehand."""

from __future__ import annotations

import math

import pytest
from clips import write
from PIL import Image, ImageDraw, ImageFilter

from ltxv_nb.errors import DownloadError
from ltxv_nb.media import measures
from ltxv_nb.media.measures import MEASURES, Measures, measure, measure_here

NOISE = Image.effect_noise((400, 300), 90).convert("RGB")
STILL = NOISE.crop((0, 0, 160, 90))


def plain(level):
    return Image.new("RGB", (160, 90), (level, level, level))


def at_minus_23(at):
    """1 kHz at -23 dBFS in both channels is -23 LUFS (EBU Tech 3341, test signal 1)."""
    return 10 ** (-23 / 20) * math.sin(2 * math.pi * 1000 * at / 44_100)


def test_a_still_has_no_motion_no_flicker_and_no_cut_and_no_sound_track_no_loudness(tmp_path):
    found = measure_here(write(tmp_path / "still.mp4", lambda _: STILL, qp="1"))
    assert found.motion == pytest.approx(0, abs=0.05)
    assert found.flicker == pytest.approx(0, abs=0.02)
    assert found.cuts == 0
    assert found.loudness is None


@pytest.mark.parametrize(("level", "percent"), [(0, 0), (128, 50.2), (255, 100)])
def test_brightness_goes_from_black_to_white(tmp_path, level, percent):
    found = measure_here(write(tmp_path / "plain.mp4", lambda _: plain(level), frames=5))
    assert found.brightness == pytest.approx(percent, abs=0.6)
    assert found.sharpness == pytest.approx(0, abs=0.1)


def test_each_hard_cut_is_counted_and_is_neither_motion_nor_flicker(tmp_path):
    levels = (40, 200, 90)
    found = measure_here(write(tmp_path / "cuts.mp4", lambda number: plain(levels[number // 10]), frames=30))
    assert found.cuts == 2
    assert found.motion == pytest.approx(0, abs=0.1)
    assert found.flicker == pytest.approx(0, abs=0.1)


def test_a_fade_is_no_cut_and_no_flicker_but_what_goes_on_and_off_is_flicker(tmp_path):
    fade = measure_here(write(tmp_path / "fade.mp4", lambda number: plain(4 * number), qp="1"))
    assert fade.cuts == 0
    assert fade.flicker < 0.2  # half of one of the 219 levels that a file has
    blinks = measure_here(
        write(tmp_path / "blinks.mp4", lambda number: plain(120 + 10 * (number % 2)), qp="1")
    )
    assert blinks.cuts == 0
    assert blinks.flicker == pytest.approx(100 * 10 / 255, rel=0.1)


@pytest.mark.parametrize("fps", [10, 50])
def test_motion_is_that_of_a_tenth_of_a_second_whatever_the_frame_rate(tmp_path, fps):
    def bar(number):  # 40 pixels wide, 20 pixels further each tenth of a second
        picture = plain(0)
        left = round(number / fps * 200) % 120
        ImageDraw.Draw(picture).rectangle((left, 0, left + 39, 89), fill="white")
        return picture

    found = measure_here(write(tmp_path / "bar.mp4", bar, frames=fps // 2, fps=fps, qp="1"))
    assert found.motion == pytest.approx(100 * 2 * 20 / 160, rel=0.1)
    assert found.cuts == 0


def test_blur_takes_sharpness_away_and_a_size_above_640_pixels_does_not_matter(tmp_path):
    picture = Image.effect_noise((80, 45), 90).resize((1280, 720)).convert("RGB")
    options = {"frames": 3, "size": (1280, 720), "qp": "1"}
    sharp = measure_here(write(tmp_path / "sharp.mp4", lambda _: picture, **options)).sharpness
    blurred = picture.filter(ImageFilter.GaussianBlur(8))
    assert measure_here(write(tmp_path / "soft.mp4", lambda _: blurred, **options)).sharpness < sharp / 4
    half = picture.resize((640, 360), Image.Resampling.BOX)
    small = measure_here(write(tmp_path / "half.mp4", lambda _: half, frames=3, size=(640, 360), qp="1"))
    assert small.sharpness == pytest.approx(sharp, rel=0.05)


def test_loudness_is_that_of_the_ebus_test_signal_and_silence_is_at_the_end_of_the_scale(tmp_path):
    loud = write(tmp_path / "tone.mp4", lambda _: STILL, frames=100, sound=2, wave=at_minus_23)
    assert measure_here(loud).loudness == pytest.approx(-23, abs=0.1)
    silent = write(tmp_path / "silent.mp4", lambda _: STILL, sound=1, wave=lambda _: 0.0)
    assert measure_here(silent).loudness == -70


def test_a_clip_is_measured_in_the_process_for_files_from_outside(tmp_path):
    path = write(tmp_path / "one.mp4", lambda _: STILL, frames=1, size=(16, 16))
    found = measure(path)
    assert found == measure_here(path)
    assert type(found.cuts) is int
    for name, content in (("gone", None), ("empty", b""), ("no video", b"\0\0\0\x18ftypmp42" + bytes(500))):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(DownloadError, match=name):
            measure(tmp_path / name)


def test_an_answer_that_makes_no_sense_is_not_believed(tmp_path, monkeypatch):
    good = {"brightness": 1, "motion": 1.0, "flicker": 0, "cuts": 0, "sharpness": 3, "loudness": None}
    for bad in ({}, {**good, "motion": "<b>"}, {**good, "cuts": math.nan}, {**good, "loudness": [1]}):
        monkeypatch.setattr(measures, "of_video", lambda *_, said=bad: (said, b""))
        with pytest.raises(DownloadError, match="cannot be measured"):
            measure(tmp_path / "clip.mp4")


def test_what_is_kept_comes_back_and_what_other_formulas_gave_does_not():
    found = Measures(50.0, 1.5, 0.1, 2, 300.0, None)
    kept = measures.to_store(found)
    assert measures.of_stored(kept) == found
    assert measures.measure_columns(kept) == {
        "brightness": 50.0, "motion": 1.5, "flicker": 0.1, "cuts": 2, "sharpness": 300.0, "loudness": None,
    }  # fmt: skip
    for other in (None, {}, {**kept, "version": 0}, {"version": kept["version"]}):
        assert measures.of_stored(other) is None
        assert measures.measure_columns(other) == dict.fromkeys(MEASURES)
