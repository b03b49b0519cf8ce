"""The key shows itself nowhere."""

from __future__ import annotations

import copy
import gc
import io
import logging
import pickle
import re
import threading
import weakref
from pathlib import Path

import pytest
from fakes import KEY

import ltxv_nb
from ltxv_nb.errors import ConfigurationError
from ltxv_nb.key import ApiKey, Scrubbing, ScrubFilter, scrubbing


def test_a_key_never_shows_in_repr_str_or_format():
    key = ApiKey(KEY)
    for text in (repr(key), str(key), f"{key}", f"{key!r}", f"{[key]}", "%s" % key):  # noqa: UP031
        assert KEY not in text
    assert repr(key) == f"…{KEY[-4:]}"


def test_a_short_key_shows_nothing_at_all():
    assert repr(ApiKey("short-key")) == "…"


def test_a_key_is_not_written_into_a_pickle_or_copied_by_one():
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(ApiKey(KEY))
    with pytest.raises(TypeError):
        copy.deepcopy({"key": ApiKey(KEY)})


def test_a_key_has_no_dict_that_a_debugger_would_print():
    assert not hasattr(ApiKey(KEY), "__dict__")


@pytest.mark.parametrize("value", ["", "  ", "two words", "with\nnewline", "naïve-key", "ctrl\x07key"])
def test_a_key_that_no_header_can_carry_is_refused_without_repeating_it(value):
    with pytest.raises(ConfigurationError) as caught:
        ApiKey(value)
    assert not value.strip() or value not in str(caught.value)


def test_white_space_around_a_pasted_key_does_not_matter():
    assert ApiKey(f" {KEY}\n").reveal() == KEY
    assert ApiKey(f" {KEY}\n") == ApiKey(KEY)
    assert len({ApiKey(KEY), ApiKey(f" {KEY}")}) == 1
    assert ApiKey(KEY) != KEY


@pytest.fixture
def log():
    logger = logging.getLogger("ltxv_nb.test_secret")
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.propagate = False
    filters = scrubbing(ApiKey(KEY), logger.name)
    yield logger, stream
    logger.removeHandler(handler)
    filters.remove()
    assert not logger.filters


def test_log_records_are_scrubbed_in_message_arguments_and_traceback(log):
    logger, stream = log
    logger.warning("sent with %s", KEY)
    logger.warning("sent with %s" % KEY)  # noqa: UP031, G002
    try:
        int(f"Bearer {KEY}")
    except ValueError:
        logger.exception("it broke")
    assert KEY not in stream.getvalue()
    assert stream.getvalue().count("[key]") == 3
    assert "Traceback" in stream.getvalue()


def test_log_records_without_the_key_pass_untouched(log):
    logger, stream = log
    logger.warning("%d of %d", 3, 4)
    assert stream.getvalue() == "3 of 4\n"


def test_a_malformed_log_call_does_not_break_the_one_who_makes_it(log):
    logger, stream = log
    logger.warning(f"{KEY} %d", "three")  # noqa: G004
    assert KEY not in stream.getvalue()


def test_without_a_key_nothing_is_filtered():
    nothing = scrubbing(None, "ltxv_nb.test_secret")
    assert logging.getLogger("ltxv_nb.test_secret").filters == []
    nothing.remove()


def test_two_of_one_key_share_a_filter_that_stays_until_both_are_removed(log):
    logger, stream = log
    again, other = scrubbing(ApiKey(KEY), logger.name), scrubbing(ApiKey("another-key"), logger.name)
    assert len(logger.filters) == 2
    again.remove()
    again.remove()
    logger.warning("sent with %s and another-key", KEY)
    assert stream.getvalue() == "sent with [key] and [key]\n"
    other.remove()
    logger.warning("sent with %s and another-key", KEY)
    assert stream.getvalue().endswith("sent with [key] and another-key\n")


def test_an_owner_that_is_dropped_without_closing_leaves_no_filter_and_no_key_behind():
    class Owner:
        pass

    logger = logging.getLogger("ltxv_nb.test_secret")
    key = ApiKey("dropped-" + KEY)
    owner = Owner()
    weakref.finalize(owner, scrubbing(key, logger.name).remove)
    assert len(logger.filters) == 1
    del owner
    gc.collect()
    assert logger.filters == []
    assert [
        held for held in gc.get_objects() if isinstance(held, (Scrubbing, ScrubFilter)) and held.key == key
    ] == []


def test_filters_of_many_threads_and_a_collection_in_between_leave_none_behind():
    logger = logging.getLogger("ltxv_nb.test_secret")

    def come_and_go():
        for _ in range(200):
            scrubbing(ApiKey(KEY), logger.name).remove()

    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logger.filters == []


def test_no_module_writes_to_a_log_that_the_filter_does_not_cover():
    package = Path(ltxv_nb.__file__).parent
    uncovered = re.compile(r"""getLogger\(\s*(__name__|["']ltxv_nb\.)""")
    found = [
        module.relative_to(package).as_posix()
        for module in sorted(package.rglob("*.py"))
        if uncovered.search(module.read_text(encoding="utf-8"))
    ]
    # A logger's filters do not see what its children log. The sandbox's process is never given a key.
    assert [name for name in found if not name.startswith("sandbox/")] == []
