"""Promises of what is drawn for a body: what was asked for where it can be drawn, and the rest is named."""

from __future__ import annotations

import base64

import pytest

from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.models.invented import usual_models
from ltxv_nb.sandbox.models.served import ServedModel, document_of, row_of

MODELS = usual_models()
DATA = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()
URL = "https://example.test/a.png"


def stored(data):
    return f"sha256:{len(data)}"


def plan(name, **body):
    served = MODELS.find(name) or MODELS.find(f"sandbox/{name}")
    return plan_of(served.model, {"model": served.id, **body}, stored)


def plan_for(properties, **body):
    """The plan of a model that has certain parameters."""
    row = row_of("sandbox/test", name="t", developer="t", description="", pricing={"kind": "variable"})
    served = ServedModel(row, document_of({"type": "object", "properties": properties}))
    return plan_of(served.model, {"model": "sandbox/test", **body}, stored)


@pytest.mark.parametrize(
    ("name", "body", "size"),
    [
        ("ltxv/ltxv-2", {}, (1920, 1080)),
        ("ltxv/ltxv-2", {"resolution": "2160p"}, (3840, 2160)),
        ("postcard", {}, (960, 540)),
        ("postcard", {"resolution": "720p", "aspect_ratio": "9:16"}, (720, 1280)),
        ("postcard", {"resolution": "360p", "aspect_ratio": "21:9"}, (840, 360)),
        ("bridge", {"resolution": "720P"}, (1280, 720)),
        ("other-words", {"resolution": "4K", "ratio": "3:4"}, (2160, 2880)),
        ("other-words", {"ratio": "adaptive"}, (2560, 1440)),
        ("numbers", {"resolution": 480}, (854, 480)),
        ("pixels", {}, (640, 480)),
        ("pixels", {"width": 300, "height": 500}, (300, 500)),
    ],
)
def test_the_frame_has_the_size_that_was_asked_for(name, body, size):
    clip = plan(name, prompt="A boat", **body).clip
    assert (clip.width, clip.height) == size


@pytest.mark.parametrize("value", ["1280x720", "1280*720", "1280 x 720"])
def test_a_size_in_one_word_is_understood(value):
    done = plan_for({"prompt": {"type": "string"}, "size": {"type": "string"}}, size=value)
    assert (done.clip.width, done.clip.height, done.ignored) == (1280, 720, ())


@pytest.mark.parametrize(
    ("name", "body", "seconds", "fps"),
    [
        ("ltxv/ltxv-2", {}, 6, 25),
        ("ltxv/ltxv-2", {"duration": 10, "fps": 50}, 10, 50),
        ("postcard", {}, 5, 25),
        ("postcard", {"duration": 10}, 10, 25),
        ("other-words", {"duration": "8"}, 8, 25),
        ("storyboard", {"duration": 2.52}, 2.52, 25),
        ("flipbook", {}, 49 / 16, 16),
        ("flipbook", {"num_frames": 60, "frames_per_second": 30}, 2, 30),
        ("pixels", {"fps": 12}, 3, 12),
        ("plain", {}, 6, 25),
    ],
)
def test_the_clip_is_as_long_as_was_asked_for(name, body, seconds, fps):
    clip = plan(name, **body).clip
    assert (clip.duration, clip.fps) == (seconds, fps)
    assert clip.frames == pytest.approx(seconds * fps)


@pytest.mark.parametrize("value", ["auto", "-1", -1, "0"])
def test_a_length_that_is_left_to_the_model_is_the_usual_one(value):
    rule = {"enum": ["4", "auto", "-1", -1, "0"], "default": "4"}
    assert plan_for({"duration": rule}, duration=value).clip.duration == 4


def test_a_very_long_clip_is_drawn_for_a_minute_and_billed_whole():
    done = plan_for({"duration": {"type": "integer"}}, duration=600)
    assert (done.clip.duration, done.seconds) == (60, 600)


def test_a_frame_of_any_size_is_brought_into_what_can_be_encoded():
    sides = {"width": {"type": "integer"}, "height": {"type": "integer"}}
    for width, height in ((1, 1), (100_000, 10), (333, 777), (9000, 9000)):
        clip = plan_for(sides, width=width, height=height).clip
        assert clip.width % 2 == clip.height % 2 == 0
        assert 128 <= min(clip.width, clip.height) <= max(clip.width, clip.height) <= 3840


def test_first_and_last_image_are_stored_and_drawn():
    done = plan("bridge", image_url=DATA, tail_image_url=DATA)
    assert (done.clip.image, done.clip.last_image) == ("sha256:12", "sha256:12")
    assert (done.ignored, done.clip.note) == ((), "")
    assert plan("either", prompt="A", image=[DATA, DATA]).clip.image == "sha256:12"


def test_an_address_is_not_fetched():
    done = plan("bridge", image_url=URL, tail_image_url=URL)
    assert (done.clip.image, done.clip.last_image) == (URL, "")
    assert done.ignored == ("tail_image_url",)


def test_what_the_clip_does_not_show_is_named_on_it():
    done = plan("postcard", prompt="A boat", negative_prompt="blur", seed=7, unheard_of=1)
    assert done.ignored == ("negative_prompt", "unheard_of")
    assert done.clip.note == "not drawn: negative_prompt, unheard_of"
    assert plan("restyle", prompt="A", video_url=URL, keep_audio=True).ignored == ("video_url", "keep_audio")


def test_nothing_is_noted_where_everything_is_shown():
    clip = plan("ltxv/ltxv-2", prompt="A", image_url=DATA, duration=6, fps=25, generate_audio=False).clip
    assert (clip.note, clip.audio) == ("", False)


def test_another_seed_is_another_clip_and_the_same_seed_the_same():
    one, same, other = (plan("postcard", prompt="A boat", seed=seed).clip for seed in (1, 1, 2))
    assert one.key == same.key != other.key
    assert one.rng("x").random() == same.rng("x").random() != other.rng("x").random()


def test_the_words_of_a_list_of_shots_are_the_prompt():
    done = plan("storyboard", multi_prompt=[{"prompt": "A boat"}, {"prompt": "A storm [fail]"}])
    assert done.clip.prompt == "A boat / A storm [fail]"
    assert done.ignored == ()


def test_there_is_sound_where_the_model_makes_it_unless_it_was_declined():
    assert plan("ltxv/ltxv-2").clip.audio
    assert not plan("ltxv/ltxv-2", generate_audio=False).clip.audio
    assert not plan("pixels").clip.audio
    assert plan("pixels", generate_audio=True).clip.audio
    assert not plan("plain").clip.audio
