"""What is in braces is filled in from the notebook, or stops the cell, or is left alone: never half done."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.errors import RequestError
from ltxv_nb.notebook.magic.template import fill, single_value, unfilled_names

NAMES = {
    "time_of_day": "dusk",
    "n": 3,
    "ratio": 2 / 3,
    "d": {"a:b": "key"},
    "words": ["red", "blue"],
    "math": math,
    "width": 6,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("A lighthouse at {time_of_day}, waves", "A lighthouse at dusk, waves"),
        ("{n + 1} boats", "4 boats"),
        ("{ratio:.2f}", "0.67"),
        ("{ratio:{width}.2f}|", "  0.67|"),
        ("{time_of_day!r}", "'dusk'"),
        ("{time_of_day!r:>8}", "  'dusk'"),
        ("{d['a:b']} {words[1]}", "key blue"),
        ("{', '.join(words)}", "red, blue"),
        ("{'many' if n != 1 else 'one'}", "many"),
        ("{[w for w in words][0]}", "red"),
        ("{{time_of_day}} and {{}}", "{time_of_day} and {}"),
        ("{{{time_of_day}}}", "{dusk}"),
        ("{ time_of_day }", "dusk"),
        ("{2+2}", "4"),
        ("no braces at all, 100 %, $HOME $n", "no braces at all, 100 %, $HOME $n"),
    ],
)
def test_braces_are_filled_like_an_f_string(text, filled):
    assert fill(text, NAMES) == filled


@pytest.mark.parametrize(
    "text",
    [
        '{"scene": "a cat", "shots": [{"n": 1}, {}]}',
        json.dumps({"a": {"b": {"c": [1, 2]}}, "d": "x}}"}, indent=2),
        "{}",
        "a smile :} here",
        "an open { brace",
        "{not python at all}",
        "{'text'}",
        "function f() { return 1; }",
    ],
)
def test_braces_that_are_no_expression_go_through_untouched(text):
    assert fill(text, NAMES) == text


@given(
    st.dictionaries(
        st.text(), st.recursive(st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner))
    )
)
def test_any_json_object_goes_through_untouched(value):
    text = json.dumps(value, ensure_ascii=False)
    assert fill(text, NAMES) == text


@given(st.text())
def test_text_without_braces_is_never_changed(text):
    plain = text.replace("{", "").replace("}", "")
    assert fill(plain, NAMES) == plain


def test_an_unknown_name_stops_and_is_named_with_the_near_ones():
    with pytest.raises(RequestError, match=r"\{tome_of_day\}.*nothing was sent.*Did you mean time_of_day\?"):
        fill("at {tome_of_day}", NAMES)


def test_an_unknown_name_inside_an_expression_is_named():
    with pytest.raises(RequestError, match=r"no variable 'wrds'.*words"):
        fill("{', '.join(wrds)}", NAMES)


def test_a_failing_expression_stops_with_its_reason():
    with pytest.raises(RequestError, match="ZeroDivisionError"):
        fill("{n / 0}", NAMES)


def test_a_wrong_format_stops_with_its_reason():
    with pytest.raises(RequestError, match="cannot be filled in"):
        fill("{n:zz}", NAMES)


class Unwilling:
    """A value that will not become text."""

    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


class Unformattable:
    def __format__(self, spec):
        raise KeyError("no words")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{time_of_day!r:.1f}", "{time_of_day!r:.1f} cannot be filled in: ValueError: "),
        ("{n:{time_of_day}}", "{n:{time_of_day}} cannot be filled in: ValueError: "),
        ("at {unwilling}", "{unwilling} cannot be filled in: RuntimeError: no words."),
        ("at {unwilling!r}", "{unwilling!r} cannot be filled in: RuntimeError: no words."),
        ("at {unformattable}", "{unformattable} cannot be filled in: KeyError: 'no words'."),
    ],
)
def test_a_value_that_will_not_become_text_stops_with_its_reason(text, named):
    with pytest.raises(RequestError) as caught:
        fill(text, {**NAMES, "unwilling": Unwilling(), "unformattable": Unformattable()})
    words = str(caught.value)
    assert words.startswith(named)
    assert words.endswith(". Nothing was sent.")


def test_an_unknown_name_in_a_format_is_named():
    with pytest.raises(RequestError, match=r"no variable 'wdth'.*Did you mean width\?"):
        fill("{ratio:{wdth}.2f}", NAMES)


@pytest.mark.parametrize(
    "text", ["{math}", "{object}", "{len}", "{print}", "{thing}", "{nothing}", "{words.append}"]
)
def test_a_value_that_is_no_text_is_not_paid_for(text):
    with pytest.raises(RequestError):
        fill(text, {**NAMES, "thing": object(), "nothing": None})


def test_a_text_unfilled_names_tells_which_known_names_it_holds():
    assert unfilled_names('{"a": 1} at {time_of_day}', NAMES) == ["time_of_day"]
    assert unfilled_names("at {time_of_day}", NAMES) == []


def test_a_single_expression_keeps_the_type_of_its_value():
    assert single_value("{words}", NAMES) == (True, ["red", "blue"])
    assert single_value("{words} x", NAMES) == (False, None)
    assert single_value("pic.png", NAMES) == (False, None)
