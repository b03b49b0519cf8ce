"""What a request costs, from every kind of price list, and what is not quoted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.models import Model, Parameter, builtin_models, price_list

PARAMETERS = (
    Parameter("prompt", "string", "words", role="prompt"),
    Parameter("image_url", "string", "first frame", role="image"),
    Parameter("duration", "integer", "seconds", values=(5, 10), default=5, role="duration"),
    Parameter("quality", "string", "size", values=("720p", "1080p"), default="720p", role="resolution"),
    Parameter("generate_audio", "boolean", "sound", role="generate_audio"),
    Parameter("mode", "string", "speed", values=("std", "pro")),
)


def model(pricing, parameters=PARAMETERS):
    return Model("a/b", "B", "A", parameters=parameters, prices=price_list.read(pricing))


def fixed(*units, **more):
    return {"kind": "fixed", "currency": "USD", "units": list(units), **more}


def variants(*rows, **more):
    return {"kind": "variants", "currency": "USD", "dimensions": [], "variants": list(rows), **more}


def row(when, usd, unit="second", per=1):
    return {"when": when, "price": usd, "unit": unit, "per": per}


@pytest.mark.parametrize(
    ("unit", "values", "credits"),
    [
        ({"name": "video", "measure": "second", "price": 0.063, "per": 1}, {}, 630_000),
        ({"name": "video", "measure": "second", "price": 0.063, "per": 1}, {"duration": 10}, 1_260_000),
        ({"name": "video", "measure": "seconds", "price": 63, "per": 1000}, {"duration": "10"}, 1_260_000),
        ({"name": "output video", "measure": "minute", "price": 6, "per": 1}, {}, 1_000_000),
        ({"name": "video", "measure": "generation", "price": 0.25, "per": 1}, {"duration": 10}, 500_000),
        ({"name": "video", "measure": "video", "price": "0.25", "per": "1"}, {}, 500_000),
        ({"name": "second", "price": 0.1}, {}, 1_000_000),
        ({"name": "video", "price": 0, "per": "second"}, {}, 0),
        ({"name": "clip", "price": 250_000, "per": 1_000_000}, {}, 500_000),
    ],
)
def test_a_fixed_price_is_that_of_its_units(unit, values, credits):  # noqa: A002
    found = model(fixed(unit)).price(**values)
    assert (found.credits, found.exact, found.usd) == (credits, True, credits / 2_000_000)


def test_several_units_are_added_up():
    per_second, per_clip = {"measure": "second", "price": 0.1}, {"measure": "request", "price": 0.02}
    assert model(fixed(per_second, per_clip)).price(duration=10).usd == 1.02


ROWS = (
    row({"resolution": "720p", "mode": "std"}, 0.05),
    row({"resolution": "1080p", "mode": "std"}, 0.08),
    row({"resolution": "720p", "mode": "pro"}, 0.1),
    row({"resolution": "1080p", "mode": "pro"}, 0.2),
)


@pytest.mark.parametrize(
    ("values", "least", "most"),
    [
        ({"resolution": "1080p", "mode": "pro", "duration": 10}, 2.0, 2.0),
        ({"quality": "1080P", "mode": "PRO"}, 1.0, 1.0),
        ({"mode": "std"}, 0.25, 0.25),  # the resolution is the model's default
        ({"resolution": "1080p"}, 0.4, 1.0),  # the mode has no default: a range
    ],
)
def test_of_variants_the_one_for_the_values_counts_and_a_range_where_one_is_open(values, least, most):
    found = model(variants(*ROWS)).price(**values)
    assert (found.least_usd, found.usd, found.exact) == (least, most, least == most)


def test_a_variant_that_is_not_listed_has_no_price():
    quoted = model(variants(row({"resolution": "720p"}, 0.05)))
    assert quoted.price(resolution="720p").usd == 0.25
    assert quoted.price(resolution="1080p") is None


def test_the_variant_that_says_most_counts():
    quoted = model(variants(row({}, 0.1), row({"resolution": "1080p"}, 0.3)))
    assert (quoted.price().usd, quoted.price(resolution="1080p").usd) == (0.5, 1.5)


@pytest.mark.parametrize(
    ("when", "values", "quoted"),
    [
        ({"duration": [5, 10]}, {"duration": 10}, True),
        ({"duration": {"min": 6, "max": 10}}, {"duration": 10}, True),
        ({"duration": {"gt": 10}}, {"duration": 10}, False),
        ({"duration": "10"}, {"duration": 10}, True),
        ({"generate_audio": "true"}, {"generate_audio": True}, True),
        ({"generate_audio": False}, {"generate_audio": True}, False),
        ({"image_url": True}, {"image": "a.png"}, True),
        ({"image_url": True}, {}, False),
        ({"audio": True}, {"generate_audio": True}, True),
        ({"video_resolution": "1080p"}, {"quality": "1080p"}, True),
        ({"duration_seconds": 10}, {"duration": 10}, True),
        ({"duration_seconds": 10}, {"duration": 5}, False),
    ],
)
def test_a_row_says_in_several_ways_what_it_is_for(when, values, quoted):
    assert (model(variants(row(when, 0.3, "video"))).price(**values) is not None) == quoted


def test_a_length_without_a_default_is_a_range_and_an_unknown_length_has_no_price():
    open_end = Parameter("duration", "integer", "seconds", minimum=4, maximum=15, role="duration")
    quoted = model(fixed({"measure": "second", "price": 0.1}), (open_end,)).price()
    assert (quoted.least_usd, quoted.usd, quoted.exact) == (0.4, 1.5, False)
    assert model(fixed({"measure": "second", "price": 0.1}), ()).price() is None


@pytest.mark.parametrize(
    "pricing",
    [
        None, [], "free", {}, {"kind": "variable"}, {"kind": "auction", "units": [{"price": 1, "per": 1}]},
        fixed(), fixed({"measure": "second"}), fixed({"measure": "second", "price": -0.1}),
        fixed({"measure": "second", "price": "cheap"}), fixed({"measure": "second", "price": True}),
        fixed({"measure": "second", "price": float("nan")}), fixed({"measure": "second", "price": 1e30}),
        fixed({"measure": "second", "price": 0.1, "per": 0}), fixed({"measure": "second", "price": 0.1, "per": -1}),
        fixed({"measure": "second", "price": 0.1}, currency="EUR"), fixed({"measure": "token", "price": 0.1}),
        fixed({"measure": "hogshead", "price": 0.1}), fixed("second"), fixed({"measure": "second", "price": 0.1}, 7),
        variants(row("1080p", 0.1)), variants(row({"mode": {"about": 3}}, 0.1)), {"kind": "variants", "variants": {}},
    ],
)  # fmt: skip
def test_what_cannot_be_quoted_has_no_price(pricing):
    assert model(pricing).price(mode="std", generate_audio=True) is None


def test_the_built_in_models_cost_what_the_guides_show():
    usual, fast = builtin_models()
    assert (usual.price(duration=6).credits, fast.price(duration=6).credits) == (756_000, 504_000)
    assert usual.price(duration=6).words == "6 s of 1080p at $0.063 a second"
    assert usual.price(duration=10, resolution="1080p").usd == 0.63
    assert usual.price(duration=6, resolution="2160p") is None
    assert (usual.price().least_usd, usual.price().usd) == (0.378, 0.63)


def test_a_price_is_said_in_words():
    quoted = model(variants(*ROWS))
    assert str(quoted.price(mode="std", duration=10)) == "$0.50"
    assert str(quoted.price(duration=10)) == "$0.50 to $1.00"
    assert quoted.price(mode="std").words == "5 s of std, 720p at $0.05 a second"


@given(
    st.decimals(0, 5, places=4),
    st.sampled_from([1, 60, 1000, 1_000_000]),
    st.sampled_from([5, 10]),
)
def test_a_price_is_exact_to_the_credit(usd, per, seconds):
    found = model(fixed({"measure": "second", "price": float(usd), "per": per})).price(duration=seconds)
    exact = Fraction(str(float(usd))) * 2_000_000 * seconds / per
    assert abs(found.credits - exact) <= Fraction(1, 2)


def test_a_second_costs_the_same_whichever_way_it_is_listed():
    assert model(fixed({"measure": "second", "price": 0.05})).usd_per_second == (0.05, 0.05)
    assert model(fixed({"measure": "video", "price": 0.5})).usd_per_second == (0.05, 0.1)
    assert model(variants(*ROWS)).usd_per_second == (0.05, 0.2)
    by_length = variants(row({"duration": 5}, 0.25, "video"), row({"duration": 10}, 0.5, "video"))
    assert model(by_length, ()).usd_per_second == (0.05, 0.05)
    assert model(fixed({"measure": "video", "price": 0.5}), ()).usd_per_second is None
    assert model(None).usd_per_second is None
    assert model(variants(*ROWS)).price_per_second(mode="pro").usd == 0.1
