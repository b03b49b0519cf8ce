"""A file is there whole or not at all; a text from outside is one line."""

from __future__ import annotations

import os
import sys

import pytest

from ltxv_nb.files import write_whole
from ltxv_nb.text import data_uri, one_line


def test_a_file_is_written_with_its_folder_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "new" / "note.json"
    write_whole(path, "Möwe", durable=True)
    assert path.read_text(encoding="utf-8") == "Möwe"
    write_whole(path, b"again")
    assert path.read_bytes() == b"again"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_no_half_one(tmp_path, monkeypatch):
    path = tmp_path / "note.json"
    path.write_text("old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, "new", durable=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_of_a_file_is_replaced_by_its_only_writer(tmp_path):
    path = tmp_path / "note.json"
    path.with_name("note.json.part").write_text("half")
    write_whole(path, "whole", alone=True)
    assert path.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_private_file_is_private_from_the_first_byte_on(tmp_path):
    path = tmp_path / "token.json"
    write_whole(path, "secret", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_text_is_one_printable_line_of_bounded_length():
    assert one_line("  two\nlines\x1b[31m  ") == "two lines␛[31m"
    assert one_line("a" * 20, 10) == "aaaaaaaaa…"
    assert one_line("words here", 7) == "words…"


def test_bytes_become_a_data_uri():
    assert data_uri(b"abc", "image/png") == "data:image/png;base64,YWJj"
