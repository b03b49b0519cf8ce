"""The line after %%ltxv: read by the model's parameters, and never a traceback or an exit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.errors import RequestError
from ltxv_nb.models import request_parameters
from ltxv_nb.notebook.magic.options import all_flags, help_text, parse, split


def test_every_parameter_of_the_request_has_its_option_and_its_help():
    for parameter in request_parameters():
        assert set(parameter.flags) <= set(all_flags())
        assert all(flag in help_text() for flag in parameter.flags)


def test_what_is_not_said_is_not_set():
    assert parse([]).parameters == {}
    assert parse(["-d", "8", "--no-audio"]).parameters == {"duration": "8", "generate_audio": False}


def test_long_and_short_and_joined_forms_are_the_same():
    for words in (["-d", "8"], ["-d8"], ["--duration", "8"], ["--duration=8"]):
        assert parse(words).parameters == {"duration": "8"}


def test_a_windows_path_keeps_its_backslashes_and_spaces():
    assert split(r'-i "C:\my clips\new.png" -d 8') == ["-i", r"C:\my clips\new.png", "-d", "8"]


def test_a_hash_is_no_comment():
    assert split("-i shots#2.png") == ["-i", "shots#2.png"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("--duratoin", "--duration"), ("--audoi", "--audio"), ("--embde", "--embed")]
)
def test_a_mistyped_option_is_answered_with_the_one_that_was_meant(typed, meant):
    with pytest.raises(RequestError, match=f"Did you mean {meant}"):
        parse([typed])


@pytest.mark.parametrize("name", ["print", "id", "input", "max", "Exception", "__import__"])
def test_a_job_is_not_bound_to_a_name_of_pythons_own(name):
    with pytest.raises(RequestError, match=f"-o {name} would hide Python's own {name}.*Choose another name"):
        parse(["-o", name])
    assert parse(["-o", f"{name}_1"]).output == f"{name}_1"


def test_an_abbreviation_is_not_guessed():
    with pytest.raises(RequestError, match="no option --dur"):
        parse(["--dur", "8"])


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "inf", "nan"])
def test_a_timeout_is_a_number_of_seconds(seconds):
    with pytest.raises(RequestError, match="--timeout"):
        parse([f"--timeout={seconds}"])


@given(st.text())
def test_whatever_is_typed_either_reads_or_is_refused_in_words(line):
    try:
        parse(split(line))
    except RequestError as error:
        assert str(error).strip()  # noqa: PT017 - the point is that nothing else is raised
