"""The price that is said before is the one that is billed, and comes without asking anybody."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import pytest
from fakes import FakeCatalogue, catalogue_row

from ltxv_nb import Client, GenerationRequest
from ltxv_nb.errors import RequestError
from ltxv_nb.models import builtin_models
from ltxv_nb.models.cache import Cache
from ltxv_nb.money import words
from ltxv_nb.money.estimate import Prices
from ltxv_nb.sandbox.jobs.bill import bill
from ltxv_nb.sandbox.jobs.plan import plan_of
from ltxv_nb.sandbox.models.invented import usual_models

MODELS = usual_models()
URL = "https://example.test/a.png"
PICTURE, VIDEO, SOUND = {"image_url": URL}, {"video_url": URL}, {"audio_url": URL}

#: US dollars a second by the vendor's guides, and what the sandbox makes of the larger frames.
RATES = {
    "ltxv/ltxv-2": {"1080p": "0.063", "1440p": "0.126", "2160p": "0.252"},
    "ltxv/ltxv-2-fast": {"1080p": "0.042", "1440p": "0.084", "2160p": "0.168"},
}


def credits_of(usd):
    exact = Fraction(usd) * 2_000_000
    assert exact.denominator == 1
    return int(exact)


def billed(served, body):
    body = {"model": served.id, **body}
    return bill(served, body, plan_of(served.model, body, str))


def keep_catalogue(home):
    """Keep the sandbox's catalogue as if it had been read from it."""
    rows = [dict(one.row) for one in MODELS]
    content = {"etag": None, "checked_at": time.time(), "data": rows, "metrics": {}, "missing": {}}
    Cache(home / "models", "sandbox").write_catalogue(content, missing=False)


@pytest.fixture
def sandbox(tmp_path):
    with Client(backend="sandbox", home=tmp_path / "home") as client:
        yield client


@pytest.mark.parametrize("model", [model.id for model in builtin_models()])
@pytest.mark.parametrize("kept", [False, True], ids=["without a catalogue", "with one"])
def test_the_estimate_is_the_bill_for_every_clip_of_the_built_in_models(sandbox, model, kept):
    if kept:
        keep_catalogue(sandbox.home)
    served = MODELS.find(model)
    for resolution, seconds, fps in itertools.product(RATES[model], (6, 8, 10), (None, 25, 50)):
        body = {
            "prompt": "A heron",
            "resolution": resolution,
            "duration": seconds,
            **({"fps": fps} if fps else {}),
        }
        expected = credits_of(Fraction(RATES[model][resolution]) * seconds)
        price = sandbox.estimate(GenerationRequest.of({**body, "model": model}))
        assert (price.credits, price.exact) == (expected, True), body
        assert billed(served, body) == expected, body
        assert sandbox.estimate(model=model, resolution=resolution, duration=str(seconds)) == price
        assert ("by the price list of" in price.words) == kept
    left_open = sandbox.estimate("A heron", model=model)
    assert (
        left_open.least_credits
        == billed(served, {"prompt": "A heron"})
        == credits_of(Fraction(RATES[model]["1080p"]) * 6)
    )
    assert left_open.credits == credits_of(Fraction(RATES[model]["1080p"]) * 10)


#: What clips of the invented models cost, in USD, reckoned from the published lists by hand.
BY_HAND = [
    ("postcard", {"duration": 5}, "0.10"),
    ("postcard", {"duration": 10, "resolution": "720p", "aspect_ratio": "9:16"}, "0.20"),
    ("storyboard", {"duration": 2.5}, "0.075"),
    ("storyboard", {}, "0.12"),
    ("other-words", {"duration": "8"}, "0.40"),
    ("other-words", {"resolution": "4K"}, "0.25"),
    ("pixels", {}, "0.03"),
    ("pixels", {"duration": 7, "fps": 60, "width": 1280}, "0.07"),
    ("pixels", {"duration": 7, "generate_audio": True}, "0.105"),
    ("numbers", {"duration": 10}, "0.30"),
    ("numbers", {"duration": 11}, "0.264"),
    ("flipbook", PICTURE, "0.098"),
    ("flipbook", {**PICTURE, "num_frames": 161}, "0.322"),
    ("bridge", PICTURE, "0.10"),
    ("bridge", {**PICTURE, "duration": 8, "resolution": "720P"}, "0.36"),
    ("bridge", {**PICTURE, "duration": 8, "resolution": "480P"}, "0.18"),
    ("restyle", VIDEO, "0.25"),
    ("restyle", {**VIDEO, "reference_image_urls": [URL, URL]}, "0.25"),
    ("ensemble", {"image_urls": [URL]}, "0.06"),
    ("ensemble", {"image_urls": [URL] * 4, "duration": 10}, "0.09"),
    ("either", {"image": [URL, URL]}, "0.12"),
]


@pytest.mark.parametrize(("name", "body", "usd"), BY_HAND)
def test_the_estimate_is_the_bill_for_each_kind_of_price_list(sandbox, name, body, usd):
    keep_catalogue(sandbox.home)
    served = MODELS.find(f"sandbox/{name}")
    price = sandbox._engine.price(served.model, body)
    assert (price.credits, price.least_credits) == (credits_of(usd), credits_of(usd))
    assert billed(served, body) == credits_of(usd)


def test_of_what_cannot_be_quoted_no_price_is_said(sandbox):
    keep_catalogue(sandbox.home)
    for name, body in (("plain", {}), ("references", {}), ("talking-head", {**PICTURE, **SOUND})):
        assert sandbox._engine.price(MODELS.find(f"sandbox/{name}").model, body) is None


def test_a_price_is_told_with_how_it_comes_about_and_nothing_is_asked_for_it(desk):
    price = desk.client.estimate("A heron", duration=6)
    assert (price.usd, price.exact, price.text) == (0.378, True, "$0.378")
    assert price.words == "6 s of 1080p at $0.063 a second"
    wide = desk.client.estimate()
    assert (wide.usd, wide.least_usd, wide.exact, wide.text) == (0.63, 0.378, False, "$0.378 to $0.63")
    assert desk.client.estimate(resolution="2160p") is None, (
        "the guides do not say it, and no catalogue is kept"
    )
    for wrong in ({"duration": 7}, {"size": 3}, {"model": 5}, {"model": " "}):
        with pytest.raises(RequestError):
            desk.client.estimate(**wrong)
    assert desk.rig.wire.sent == []


def test_a_kept_price_list_says_of_what_day_it_is(desk):
    rates = [{"when": {"resolution": "2160p"}, "price": 0.3, "unit": "second", "per": 1}]
    pricing = {"kind": "variants", "currency": "USD", "variants": rates}
    desk.service.catalogue = FakeCatalogue([catalogue_row("ltxv/ltxv-2", pricing=pricing)])
    desk.client.models(refresh=True)
    day = datetime.fromtimestamp(desk.clock.now).date()  # noqa: DTZ006 - local time is meant
    desk.clock.advance(3 * 86_400)
    asked = len(desk.rig.wire.sent)
    price = desk.client.estimate(duration=6, resolution="2160p")
    assert (price.usd, price.words.rpartition(", ")[2]) == (
        1.8,
        f"by the price list of {day.day} {day:%b %Y}",
    )
    assert desk.client.estimate(duration=6, resolution="1440p") is None, (
        "the list lacks the variant asked for"
    )
    assert len(desk.rig.wire.sent) == asked


def test_bills_stand_in_where_no_price_is_quoted_and_say_so(desk):
    asked = {"prompt": "Any", "model": "inv/one", "duration": 6, "resolution": "2160p", "image": {"url": URL}}
    rows = [
        ({}, 700_000), ({"prompt": "Other words", "seed": 5}, 900_000), ({"duration": "6"}, 800_000),
        ({"duration": 8}, 1), ({"image": None}, 2), ({"resolution": "1080p"}, 3), ({}, None),
    ]  # fmt: skip
    for number, (changes, credits_) in enumerate(rows):
        request = {name: value for name, value in {**asked, **changes}.items() if value is not None}
        desk.client.journal.reserve(
            desk.rig.record(
                model="inv/one",
                request=request,
                state="saved",
                finished_at=1.0 + number,
                billed_credits=credits_,
            )
        )
    model = replace(builtin_models()[0], id="inv/one", prices=None)
    values = {"duration": 6, "resolution": "2160p", "image": "a.png"}
    price = desk.client._engine.price(model, values)
    assert (price.least_credits, price.credits) == (700_000, 900_000)
    day = datetime.fromtimestamp(desk.clock.now).date()  # noqa: DTZ006 - local time is meant
    assert price.words == f"billed for 3 like it, last on {day.day} {day:%b %Y}"
    assert desk.client._engine.price(model, {**values, "duration": 10}) is None
    prices = Prices(desk.client.journal, "https://other.test", lambda one: (one.prices, None))
    assert prices.of(model, values) is None, "another service's bills say nothing"


@pytest.mark.parametrize(
    "pricing",
    [
        {"kind": "fixed", "currency": "EUR", "units": [{"measure": "second", "price": 0.1, "per": 1}]},
        {"kind": "fixed", "units": [{"measure": "second", "price": 999_999, "per": 1e-30}]},
        {"kind": "fixed", "units": [{"measure": "second", "price": -1, "per": 1}]},
        {"kind": "fixed", "units": "free"},
        {"kind": "variants", "variants": [{"when": {"resolution": "8K"}, "price": 1, "unit": "second"}]},
    ],
)
def test_a_price_list_that_cannot_be_used_is_no_price(pricing):
    from ltxv_nb.models import price_list

    model = replace(builtin_models()[0], prices=price_list.read(json.loads(json.dumps(pricing))))

    class Nothing:
        def past(self, _model):
            return []

    prices = Prices(Nothing(), "o", lambda one: (one.prices, None))
    assert prices.of(model, {"duration": 6}) is None


def test_the_cost_of_a_job_is_about_before_the_bill_and_exact_after_it(rig):
    estimated = {"estimated_credits": 756_000, "estimated_least_credits": 756_000}
    assert words.cost(rig.record()) == ""
    assert words.cost(rig.record(**estimated)) == "about $0.38"
    assert (
        words.cost(rig.record(estimated_credits=1_260_000, estimated_least_credits=756_000))
        == "about $0.38 to $0.63"
    )
    assert words.cost(rig.record(estimated_credits=9_000, estimated_least_credits=9_000)) == "about $0.0045"
    assert words.cost(rig.record(**estimated, billed_credits=756_000)) == "$0.378"
    assert words.cost(rig.record(**estimated, backend="sandbox")) == "free; the real model costs about $0.38"
