"""What is offered in place of a model that is gone, or of a name that was mistyped."""

from __future__ import annotations

import pytest

from ltxv_nb.models import Model, builtin_models, price_list, unlisted_model
from ltxv_nb.models.nearest import instead, missing_model_hint, nearest, similar_names


def model(name, usd=None, *can, **more):
    pricing = {"kind": "fixed", "units": [{"measure": "second", "price": usd, "per": 1}]}
    prices = price_list.read(pricing) if usd is not None else None
    return Model(name, name, name.partition("/")[0], capabilities=can, prices=prices, **more)


MODELS = (
    model("a/text-cheap", 0.01, "text_to_video"),
    model("a/text", 0.05, "text_to_video"),
    model("b/text", 0.05, "text_to_video"),
    model("b/both", 0.06, "text_to_video", "image_to_video"),
    model("b/image", 0.05, "image_to_video"),
    model("c/unpriced", None, "text_to_video"),
    model("c/gone", 0.05, "text_to_video", missing_since=1.0),
)


@pytest.mark.parametrize(
    ("gone", "expected"),
    [
        (model("a/old", 0.05, "text_to_video"), ["a/text", "b/text", "b/both"]),
        (model("a/old", 0.01, "text_to_video"), ["a/text-cheap"]),
        (model("b/old", 0.06, "text_to_video", "image_to_video"), ["b/both"]),
        (model("a/old", None, "image_to_video"), ["b/image", "b/both"]),
    ],
)
def test_what_a_model_can_do_counts_before_its_price_and_that_before_its_maker(gone, expected):
    assert [found.id for found in nearest(gone, MODELS)][: len(expected)] == expected


def test_a_model_that_is_gone_itself_is_never_offered_nor_the_one_that_is_asked_for():
    found = nearest(model("A/TEXT", 0.05, "text_to_video"), MODELS, 99)
    assert {"a/text", "c/gone"}.isdisjoint(one.id for one in found)


def test_of_an_id_that_nobody_knows_its_words_have_to_do():
    assert nearest(unlisted_model("x/some-image-to-video"), MODELS)[0].id in {"b/image", "b/both"}
    assert nearest(unlisted_model("x/some"), MODELS)[0].id != "b/image"


def test_the_sentence_names_three_with_prices_and_the_cell_to_run():
    words = instead(model("a/old", 0.05, "text_to_video"), MODELS)
    assert words == (
        "The nearest are a/text ($0.05 a second), b/text ($0.05 a second) or b/both ($0.06 a second): "
        "run the cell as `%%ltxv -m a/text`."
    )
    assert instead(model("a/old"), ()) == ""


def test_without_a_catalogue_the_built_in_models_are_offered():
    assert "ltxv-2-fast" in missing_model_hint("ltxv/ltxv-2")
    assert "-m ltxv-2`" not in missing_model_hint("ltxv/ltxv-2")
    assert "ltxv-2 ($0.063 a second)" in missing_model_hint("someone/else")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/txt", ["a/text", "b/text", "a/text-cheap"]),
        ("UNPRICED", ["c/unpriced"]),
        ("both", ["b/both"]),
        ("", []),
        ("zzzzzz", []),
    ],
)
def test_a_mistyped_name_brings_those_that_contain_it_or_look_like_it(name, expected):
    assert similar_names(name, MODELS) == expected


def test_the_name_of_a_built_in_model_is_found_by_its_short_name_too():
    assert "ltxv-2-fast" in similar_names("ltxv-2-fats", builtin_models())
