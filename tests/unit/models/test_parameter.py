"""What a parameter derives from its entry, and how it checks a value."""

from __future__ import annotations

import pytest

from ltxv_nb.errors import RequestError
from ltxv_nb.models import Parameter, request_parameters
from ltxv_nb.models.parameter import options_table

SEED = Parameter("seed", "integer", "the same number gives the same clip", minimum=0, maximum=100)
GUIDANCE = Parameter("cfg_scale", "number", "how closely it follows the prompt", minimum=0, maximum=1.5)
STYLE = Parameter("visual_style", "string", "how it looks", values=("Ink", "oil"))
LOOP = Parameter("loop", "boolean", "whether it ends as it begins")


def test_name_type_and_help_are_enough():
    assert (SEED.key, SEED.label, SEED.flags, SEED.required, SEED.default) == (
        "seed",
        "Seed",
        ("--seed",),
        False,
        None,
    )
    assert (STYLE.label, STYLE.flags) == ("Visual style", ("--visual-style",))
    assert LOOP.flags == ("--loop", "--no-loop")
    assert Parameter("text", "string", "what happens", role="prompt").flags == ()


@pytest.mark.parametrize(
    ("parameter", "given", "parsed"),
    [
        (SEED, "0", 0),
        (SEED, 100.0, 100),
        (GUIDANCE, "0.5", 0.5),
        (GUIDANCE, 1, 1.0),
        (STYLE, "ink", "Ink"),
        (STYLE, " OIL ", "oil"),
        (LOOP, "yes", True),
        (LOOP, False, False),
    ],
)
def test_a_value_in_any_usual_notation_becomes_one_of_its_type(parameter, given, parsed):
    value = parameter.parse(given)
    assert value == parsed
    assert type(value) is type(parsed)


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        (SEED, -1, "seed is -1, but it can be a whole number from 0 to 100."),
        (SEED, 101, "a whole number from 0 to 100"),
        (SEED, 0.5, "a whole number from 0 to 100"),
        (SEED, True, "a whole number from 0 to 100"),
        (GUIDANCE, 1.6, "a number from 0 to 1.5"),
        (GUIDANCE, "nan", "a number from 0 to 1.5"),
        (GUIDANCE, "inf", "a number from 0 to 1.5"),
        (GUIDANCE, True, "a number from 0 to 1.5"),
        (STYLE, "Inkk", "Ink or oil. Did you mean Ink?"),
        (STYLE, True, "Ink or oil"),
        (LOOP, "perhaps", "True or False"),
        (Parameter("text", "string", "words"), True, "but it can be text."),
    ],
)
def test_a_value_that_is_not_allowed_is_answered_with_what_is(parameter, value, words):
    with pytest.raises(RequestError) as caught:
        parameter.parse(value)
    assert words in str(caught.value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, "a whole number"),
        ({"minimum": 1}, "a whole number of at least 1"),
        ({"maximum": 9}, "a whole number of at most 9"),
        ({"minimum": 1, "maximum": 9, "unit": "seconds"}, "a whole number from 1 to 9 (seconds)"),
        ({"values": (6, 8, 10), "unit": "seconds"}, "6, 8 or 10 seconds"),
        ({"values": (6,)}, "6"),
    ],
)
def test_what_is_allowed_is_said_in_words(limits, words):
    assert Parameter("n", "integer", "a number", **limits).allowed() == words


def test_a_value_is_shown_with_a_short_unit():
    assert Parameter("duration", "integer", "length", unit="seconds").text(6) == "6 s"
    assert Parameter("fps", "integer", "rate", unit="frames per second").text(25) == "25 fps"
    assert (LOOP.text(True), LOOP.text(False)) == ("On", "Off")
    assert STYLE.text("Ink") == "Ink"


def test_the_options_table_lists_every_parameter_and_value():
    parameters = [*request_parameters(), SEED, GUIDANCE, STYLE, LOOP]
    table = options_table(parameters)
    for parameter in parameters:
        assert f"`{parameter.key}`" in table
        assert all(f"`{choice}`" in table for choice in parameter.choices)
        assert all(f"`{flag}`" in table for flag in parameter.flags)
    assert "| a whole number from 0 to 100 |" in table
    assert len({line.count("|") for line in table.splitlines()}) == 1
