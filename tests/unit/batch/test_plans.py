"""A plan: what a sweep would make, what that costs, and one clear sentence for what it cannot be."""

from __future__ import annotations

import pytest
from fakes import FakeCatalogue
from PIL import Image

from ltxv_nb.errors import RequestError, UnknownModel
from ltxv_nb.request import GenerationRequest


@pytest.fixture
def client(desk):
    return desk.client


def planned(client, prompt, **given):
    return client.sweep(prompt, dry_run=True, **given)


def test_each_combination_is_a_request_and_the_last_axis_varies_fastest(client, desk):
    plan = planned(
        client,
        "A {animal} at {hour} {{x}}",
        hour=["dawn", "dusk"],
        animal="heron",
        duration=[6, "8"],
        takes=2,
    )
    assert [(cell.values["hour"], cell.values["duration"], cell.take) for cell in plan.cells] == [
        (hour, duration, take) for hour in ("dawn", "dusk") for duration in (6, 8) for take in (1, 2)
    ]
    assert plan.axes == {"hour": ["dawn", "dusk"], "duration": [6, 8]}
    assert plan.requests[0] == GenerationRequest("A heron at dawn {x}", duration=6)
    assert plan.missing == plan.requests
    assert [cell.label for cell in plan.cells[:2]] == ["dawn · 6 · take 1", "dawn · 6 · take 2"]
    text = repr(plan)
    for words in (
        "hour      dawn, dusk",
        "clips     8 (2 × 2 × 2)",
        "nothing is sent",
        "a clip, as many side by",
    ):
        assert words in text
    assert "<th" in plan._repr_html_()
    assert desk.posts == []
    assert not client.journal.path.exists()


def test_models_and_prompts_can_be_axes_and_the_price_is_the_sum(client):
    plan = planned(
        client, ["A {hour}", "The <b>{hour}</b>"], hour=["dawn"], model=["ltxv-2", "ltxv-2-fast"], duration=6,
        resolution="1080p", max_usd=0.6,
    )  # fmt: skip
    assert [request.prompt for request in plan.requests] == [
        "A dawn",
        "A dawn",
        "The <b>dawn</b>",
        "The <b>dawn</b>",
    ]
    assert plan.axes["model"] == ["ltxv-2", "ltxv-2-fast"]
    assert plan.price.exact
    assert plan.price.usd == pytest.approx(2 * 0.378 + 2 * 0.252)
    assert "2 × $0.378" in plan.price.words
    assert "max_usd leaves $0.60: enough for 1" in repr(plan)
    assert "<b>" not in plan._repr_html_().replace("<b>{", "")


def test_many_requests_are_a_plan_and_the_same_one_again_is_another_take(client):
    from ltxv_nb.batch.planning import plan_of_requests

    given = ["A heron", {"prompt": "A hill", "duration": 6}, GenerationRequest("A heron")]
    plan = plan_of_requests(client, given, name="three")
    assert [(cell.request.prompt, cell.take) for cell in plan.cells] == [
        ("A heron", 1),
        ("A hill", 1),
        ("A heron", 2),
    ]
    assert len({cell.key for cell in plan.cells}) == 3
    for odd, words in (
        ([], "There is no request"),
        ("A heron", "give a list"),
        (["A heron", 5], "Request 2: it is of type int"),
        (["A heron", {"prompt": "x", "duration": 7}], "Request 2: duration is 7"),
        (["x"] * 5001, "more than 5,000"),
    ):
        with pytest.raises(RequestError, match=words):
            client.submit_many(odd)
    assert not client.journal.path.exists()


def test_a_file_axis_is_told_apart_by_what_is_in_the_files(client, tmp_path):
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (64, 36), colour).save(tmp_path / f"{name}.png")
    paths = [tmp_path / "a.png", str(tmp_path / "b.png"), Image.new("RGB", (64, 36), "green")]
    plan = planned(client, "It moves", image=paths)
    assert plan.axes["image"] == ["a.png", "b.png", "image 3"]
    same = planned(client, "It moves", image=[Image.open(paths[0]).copy(), *paths[1:]])
    assert (same.digest, len({cell.key for cell in plan.cells})) == (plan.digest, 3)


def test_two_runs_are_the_same_sweep_whatever_the_order_of_its_axes_and_values(client):
    one = planned(client, "A {hour}", hour=["dawn", "dusk"], fps=[25, 50], duration=6)
    other = planned(
        client, "A {hour}", duration="6", fps=["50"], hour=("dusk",), takes=3, model="ltxv/ltxv-2"
    )
    assert one.digest == other.digest
    assert {cell.key for cell in other.cells if cell.take == 1} <= {cell.key for cell in one.cells}
    for changed in ({"duration": 8}, {"resolution": "1440p"}, {"model": "ltxv-2-fast"}):
        given = {"hour": ["dawn"], "fps": [25], "duration": 6, **changed}
        assert planned(client, "A {hour}", **given).digest != one.digest
    assert planned(client, "The {hour}", hour=["dawn"], fps=[25], duration=6).digest != one.digest


BAD = [
    ("A {hour}", {"hour": []}, "hour is an empty list"),
    ("A {hour}", {"hour": list(range(10_000))}, "hour has 10,000 values, but a batch can have at most 5,000"),
    ("A {a} {b}", {"a": list(range(100)), "b": list(range(100))}, "100 × 100 are 10,000 clips"),
    ("A {hour}", {"hour": ["dawn", "dawn"]}, "hour has 'dawn' twice"),
    ("A {hour}", {"hour": [1, "1"]}, "hour has '1' twice"),
    ("A", {"duration": [6, "6"]}, "the same request"),
    ("A", {"model": ["ltxv-2", "ltxv/ltxv-2"]}, "the same request"),
    ("A {hour}", {}, r"The prompt has \{hour\}, but there is no value for it"),
    ("A {hour}", {"hour": None}, r"The prompt has \{hour\}, but there is no value for it"),
    ("A {hour}", {"hour": [None]}, "hour fills a word of the prompt"),
    ("A {hour}", {"hour": [["dawn"]]}, "of type list"),
    ("A", {"seed": [None, 1]}, "seed has None among its values"),
    ("A", {"hour": ["dawn"]}, r"no parameter 'hour'.*write \{hour\} in it"),
    ("A {hour}", {"hour": ["dawn"], "seed": [1]}, "With hour=dawn, seed=1: ltxv-2 has no parameter 'seed'"),
    ("A", {"duration": [6, 7]}, "With duration=7: duration is 7, but it can be 6, 8 or 10"),
    ("A", {"image": ["nowhere.png"]}, "With image=nowhere.png: .*nowhere.png"),
    ("A } b", {}, "do not read as"),
    ("A {0}", {}, "one name, like"),
    ("A {x.y}", {"x": "1"}, "one name, like"),
    ("A {x:>9}", {"x": "1"}, "one name, like"),
    (5, {}, "The prompt is of type int"),
    (["A", 5], {}, "The prompt is of type int"),
    ("", {}, "The prompt is empty"),
    ("A", {"takes": 0}, "takes is 0, but it can be a whole number from 1 to 100"),
    ("A", {"takes": True}, "takes is True"),
    ("A", {"max_usd": -1}, "max_usd is -1"),
    ("A", {"name": " "}, "name is ' ', but it can be a text"),
]  # fmt: skip


@pytest.mark.parametrize(("prompt", "given", "words"), BAD, ids=[words for _, _, words in BAD])
def test_what_cannot_be_a_sweep_is_one_sentence_before_anything_is_sent(client, desk, prompt, given, words):
    with pytest.raises(RequestError, match=words) as error:
        client.sweep(prompt, **given)
    assert "\n" not in str(error.value)
    assert desk.posts == []
    assert not client.journal.path.exists()


def test_a_model_that_is_not_there_is_named_before_anything_is_sent(client, desk):
    desk.service.catalogue = FakeCatalogue.of("maker/known")
    with pytest.raises(UnknownModel, match="nope"):
        client.sweep("A", model=["ltxv-2", "nope"])
    assert desk.posts == []
