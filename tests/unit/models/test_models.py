"""What the built-in models say of themselves, and how they are found."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from ltxv_nb.models import (
    Model,
    Parameter,
    builtin_models,
    default_model,
    find_model,
    request_parameters,
)


@pytest.mark.parametrize("model", builtin_models(), ids=lambda model: model.short_name)
def test_a_model_is_found_by_its_id_and_by_every_alias(model):
    for name in (model.id, *model.aliases):
        assert find_model(name) is find_model(name.upper()) is find_model(f" {name} ") is model


@pytest.mark.parametrize("name", ["", None, 7, ["ltxv-2"], "someone/else", "ltxv-3"])
def test_what_is_no_model_here_is_no_error(name):
    assert find_model(name) is None


def test_no_name_means_two_models():
    names = [name for model in builtin_models() for name in (model.id, *model.aliases)]
    assert len(set(names)) == len(names)


def test_no_name_and_no_option_means_two_parameters():
    for model in builtin_models():
        parameters = request_parameters(model)
        for names in (
            [known.name for known in parameters],
            [known.key for known in parameters],
            [flag for known in parameters for flag in known.flags],
            [known.role for known in parameters if known.role],
        ):
            assert len(set(names)) == len(names)


def test_both_built_in_models_have_the_same_parameters():
    first, second = builtin_models()
    assert first.parameters is second.parameters


def test_a_parameter_is_found_by_its_published_name_and_by_its_role():
    tail = Parameter("tail_image_url", "string", "the last frame", role="last_image")
    model = Model("a/b", "B", "A", parameters=(tail,))
    assert {model.parameter(name) for name in ("last_image", "tail_image_url")} == {tail}
    assert model.parameter("image") is None


def test_its_own_name_comes_before_what_another_parameter_is_for():
    first = Parameter("video_url", "string", "the clip to change", role="video")
    second = Parameter("video", "string", "something else")
    assert Model("a/b", "B", "A", parameters=(first, second)).parameter("video") is second


def test_a_model_is_plain_data():
    for model in builtin_models():
        assert pickle.loads(pickle.dumps(model)) == model
        assert hash(model) == hash(pickle.loads(pickle.dumps(model)))


def test_a_model_without_an_alias_goes_by_its_id():
    assert Model("a/b", "B", "A").short_name == "a/b"
    assert default_model().short_name == "ltxv-2"


@pytest.mark.parametrize(
    ("resolution", "size"), [("1080p", (1920, 1080)), ("1440p", (2560, 1440)), ("2160p", (3840, 2160))]
)
def test_the_frame_size_follows_from_the_short_side_and_the_ratio(resolution, size):
    assert default_model().frame_size(resolution) == size
    assert default_model().frame_size(resolution, "16:9") == size


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("16:9", (854, 480)), ("9:16", (480, 854)), ("1:1", (480, 480)), ("21:9", (1120, 480))],
)
def test_the_ratio_says_which_side_is_the_short_one_and_sides_are_even(ratio, size):
    model = Model(
        "a/b",
        "B",
        "A",
        parameters=(
            Parameter("size", "string", "frame", values=("480P",), default="480P", role="resolution"),
            Parameter("ratio", "string", "ratio", values=(ratio,), role="aspect_ratio"),
        ),
    )
    assert model.frame_size(None, ratio) == size


@pytest.mark.parametrize(
    ("resolution", "ratio", "size"),
    [
        ("4k", "9:16", (2160, 3840)),
        ("hd", "16:9", (1280, 720)),
        ("768P", "16:9", (1366, 768)),
        ("1280x720", "9:16", (1280, 720)),
        ("720p", "1280:720", (1280, 720)),
        ("720p", "9999:1", (1280, 720)),
        ("2K", "adaptive", (2560, 1440)),
    ],
)
def test_published_names_of_sizes_are_understood(resolution, ratio, size):
    parameters = (
        Parameter("resolution", "string", "size", values=(resolution,), role="resolution"),
        Parameter("ratio", "string", "shape", values=(ratio,), role="aspect_ratio"),
    )
    assert Model("a/b", "B", "A", parameters=parameters).frame_size(resolution, ratio) == size


@pytest.mark.parametrize("value", [None, "", "99999p", "720p", 1080, ["1080p"], "p"])
def test_what_is_no_value_of_the_model_counts_as_not_set(value):
    assert default_model().frame_size(value, value) == (1920, 1080)
    assert Model("a/b", "B", "A").frame_size(value, value) == (1920, 1080)


def test_the_models_are_light_to_import():
    heavy = "{'jsonschema', 'fractions', 'ltxv_nb.models.schema', 'ltxv_nb.models.catalogue', 'requests', 'urllib3', 'PIL', 'av', 'IPython', 'traitlets', 'ipywidgets', 'sqlite3'}"
    code = f"import sys, ltxv_nb.models; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
