"""What may be asked for, and how a slip is answered."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Parameter, builtin, builtin_models, find_model
from ltxv_nb.request import GenerationRequest


def test_what_was_not_set_stays_out_of_the_body():
    assert GenerationRequest("A lighthouse").body() == {"model": "ltxv/ltxv-2", "prompt": "A lighthouse"}


def test_what_was_set_goes_into_the_body_even_when_it_is_false():
    request = GenerationRequest(
        "A lighthouse",
        "ltxv-2-fast",
        image="https://example.test/a.png",
        duration=8,
        resolution="1440p",
        aspect_ratio="16:9",
        fps=50,
        generate_audio=False,
    )
    assert request.body() == {
        "model": "ltxv/ltxv-2-fast",
        "prompt": "A lighthouse",
        "image_url": "https://example.test/a.png",
        "duration": 8,
        "resolution": "1440p",
        "aspect_ratio": "16:9",
        "fps": 50,
        "generate_audio": False,
    }


@pytest.mark.parametrize("model", builtin_models(), ids=lambda model: model.short_name)
def test_short_names_and_full_ids_name_the_same_model(model):
    for name in (model.id, *model.aliases):
        assert GenerationRequest("A lighthouse", name).body()["model"] == model.id
        assert GenerationRequest("A lighthouse", f" {name} ").model == model.id


def test_an_unknown_model_passes_unchecked_with_fields_of_its_own():
    request = GenerationRequest(
        "A lighthouse", "other/model-9", duration=7, extra={"seed": 3, "style": "ink"}
    )
    assert find_model(request.model) is None
    assert request.body() == {
        "model": "other/model-9",
        "prompt": "A lighthouse",
        "duration": 7,
        "seed": 3,
        "style": "ink",
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("duration", 7, "duration is 7, but it can be 6, 8 or 10 seconds."),
        ("duration", True, "6, 8 or 10 seconds"),
        ("duration", 6.5, "6, 8 or 10 seconds"),
        ("duration", float("nan"), "6, 8 or 10 seconds"),
        ("duration", float("inf"), "6, 8 or 10 seconds"),
        ("duration", "six", "6, 8 or 10 seconds"),
        ("duration", [6], "6, 8 or 10 seconds"),
        ("resolution", "1081p", "1080p, 1440p or 2160p. Did you mean 1080p?"),
        ("resolution", 4, "1080p, 1440p or 2160p"),
        ("aspect_ratio", "9:16", "it can be 16:9"),
        ("fps", 30, "25 or 50 frames per second"),
        ("generate_audio", "perhaps", "True or False"),
        ("generate_audio", 1, "True or False"),
    ],
)
def test_a_value_that_is_not_allowed_is_named_with_those_that_are(name, value, words):
    with pytest.raises(RequestError) as caught:
        GenerationRequest("A lighthouse", **{name: value})
    assert words in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", ["720p", "540p", "4k", "p", "3840x2160"])
def test_no_resolution_is_suggested_that_nobody_meant(value):
    with pytest.raises(RequestError, match=r"it can be 1080p, 1440p or 2160p\.$"):
        GenerationRequest("A lighthouse", resolution=value)


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("duration", "8", 8),
        ("duration", 8.0, 8),
        ("resolution", 1080, "1080p"),
        ("resolution", "2160P", "2160p"),
        ("generate_audio", "no", False),
        ("generate_audio", "True", True),
    ],
)
def test_a_value_in_another_notation_is_understood(name, given, sent):
    value = GenerationRequest("A lighthouse", **{name: given}).body()[name]
    assert value == sent
    assert type(value) is type(sent)


@pytest.mark.parametrize("prompt", ["", "   \n\t", None, 7, b"A lighthouse"])
def test_a_prompt_without_a_visible_character_is_refused(prompt):
    with pytest.raises(RequestError, match="The prompt is empty"):
        GenerationRequest(prompt)


def test_half_a_character_in_a_prompt_is_refused_before_it_can_break_the_journal():
    with pytest.raises(RequestError, match="half a character"):
        GenerationRequest("A lighthouse \ud83c")


@pytest.mark.parametrize("model", ["", "  ", None, 2])
def test_a_model_that_is_no_name_is_refused(model):
    with pytest.raises(RequestError, match="ltxv-2 or ltxv-2-fast"):
        GenerationRequest("A lighthouse", model)


def test_a_mistyped_parameter_brings_the_nearest_that_exists():
    with pytest.raises(RequestError, match=r"no parameter 'duraton'\. Did you mean duration\?"):
        GenerationRequest("A lighthouse", extra={"duraton": 6})
    with pytest.raises(RequestError, match=r"Did you mean resolution\?"):
        GenerationRequest("A lighthouse").replace(resolutoin="1080p")


def test_a_parameter_that_resembles_none_brings_the_list():
    with pytest.raises(RequestError, match=r"There are: .*prompt.*generate_audio"):
        GenerationRequest("A lighthouse", extra={"zzz": 6})


def test_a_changed_request_is_checked_anew():
    request = GenerationRequest("A lighthouse", duration=6)
    assert request.replace(duration=10).body()["duration"] == 10
    with pytest.raises(RequestError):
        request.replace(duration=7)
    assert request.duration == 6


def test_requests_with_arrays_as_first_frames_are_compared_by_what_the_arrays_hold():
    grey, white = np.full((9, 16, 3), 128, dtype=np.uint8), np.full((9, 16, 3), 255, dtype=np.uint8)
    request = GenerationRequest("A lighthouse", image=grey)
    assert request == request.replace(prompt=" A lighthouse ")
    assert request == GenerationRequest("A lighthouse", image=grey.copy())
    for other in (white, grey[:8], grey[..., 0], grey[:1, :1], "first.png", None):
        assert request != GenerationRequest("A lighthouse", image=other)
        assert GenerationRequest("A lighthouse", image=other) != request
    assert request != "A lighthouse"


def test_requests_with_arrays_among_further_fields_are_compared_too():
    def request(*images):
        return GenerationRequest("A lighthouse", "other/model-9", extra={"images": list(images)})

    grey, white = np.full((9, 16), 128), np.full((9, 16), 255)
    assert request(grey, white) == request(grey.copy(), white.copy())
    for other in (request(white, grey), request(grey), request(grey, white).replace(extra={"seed": 1})):
        assert request(grey, white) != other


def test_a_first_frame_that_cannot_be_compared_is_another_one():
    class Freed:
        def __eq__(self, other):
            raise RuntimeError("the tensor is gone")

        __hash__ = None

    frame = Freed()
    assert GenerationRequest("A lighthouse", image=frame) == GenerationRequest("A lighthouse", image=frame)
    assert GenerationRequest("A lighthouse", image=frame) != GenerationRequest("A lighthouse", image=Freed())


def test_a_request_can_be_rebuilt_from_its_settings():
    request = GenerationRequest("A lighthouse", "ltxv-2-fast", duration=8, fps=50, generate_audio=False)
    assert GenerationRequest(request.prompt, **request.settings()) == request


def test_the_frame_size_is_that_of_the_resolution_and_1080p_where_none_was_chosen():
    assert GenerationRequest("A lighthouse").frame_size == (1920, 1080)
    assert GenerationRequest("A lighthouse", resolution="2160p").frame_size == (3840, 2160)


def test_a_parameter_that_another_name_means_arrives_at_its_place():
    request = GenerationRequest(
        "A lighthouse", extra={"image_url": "https://example.test/a.png", "fps": "50"}
    )
    assert request == GenerationRequest("A lighthouse", image="https://example.test/a.png", fps=50)


def test_a_parameter_that_is_set_by_two_names_is_refused():
    with pytest.raises(RequestError, match="image is set twice: set it once, without image_url"):
        GenerationRequest("A lighthouse", image="a.png", extra={"image_url": "https://example.test/a.png"})
    with pytest.raises(RequestError, match="prompt is set twice"):
        GenerationRequest("A lighthouse", extra={"prompt": "A boat"})


def test_a_request_is_made_from_parameters_by_name_whether_they_have_a_field_or_not():
    values = {"prompt": "A lighthouse", "model": "other/model-9", "duration": 7, "seed": 3}
    assert GenerationRequest.of(values) == GenerationRequest(
        "A lighthouse", "other/model-9", duration=7, extra={"seed": 3}
    )
    assert GenerationRequest.of({**values, "extra": {"seed": 1, "style": "ink"}}).extra == {
        "seed": 3,
        "style": "ink",
    }
    with pytest.raises(RequestError, match="The prompt is empty"):
        GenerationRequest.of({"duration": 6})


@pytest.fixture
def other_parameters(monkeypatch):
    """A default model without a frame rate, which wants a seed."""
    usual = builtin.default_model()
    seed = Parameter("seed", "integer", "the same number gives the same clip", required=True, minimum=0)
    left = [parameter for parameter in usual.parameters if parameter.name != "fps"]
    changed = dataclasses.replace(usual, parameters=(*left, seed))
    monkeypatch.setattr(builtin, "BUILTIN_MODELS", (changed,))


@pytest.mark.usefixtures("other_parameters")
def test_what_a_model_requires_must_be_set():
    with pytest.raises(RequestError, match="ltxv-2 needs seed: the same number gives the same clip"):
        GenerationRequest("A lighthouse")
    with pytest.raises(RequestError, match="ltxv-2 needs seed"):
        GenerationRequest("A lighthouse", extra={"seed": None})
    assert GenerationRequest("A lighthouse", extra={"seed": 0}).body()["seed"] == 0


@pytest.mark.usefixtures("other_parameters")
def test_a_parameter_that_the_model_does_not_have_is_refused_even_if_requests_have_a_field_for_it():
    with pytest.raises(RequestError, match="no parameter 'fps'"):
        GenerationRequest("A lighthouse", fps=50, extra={"seed": 1})


@pytest.mark.usefixtures("other_parameters")
def test_a_parameter_without_a_field_can_be_changed_by_name():
    request = GenerationRequest("A lighthouse", extra={"seed": 1})
    assert request.replace(seed="2", duration=6).body()["seed"] == 2
    with pytest.raises(RequestError, match="seed is -1, but it can be a whole number of at least 0"):
        request.replace(seed=-1)
    with pytest.raises(RequestError, match=r"no parameter 'sead'\. Did you mean seed\?"):
        request.replace(sead=2)


def test_changing_what_no_request_has_is_refused_for_a_model_that_is_not_known_too():
    with pytest.raises(RequestError, match=r"Did you mean resolution\?"):
        GenerationRequest("A lighthouse", "other/model-9").replace(resolutoin="1080p")
