"""First frames are stored as files under their hash, before anything is sent."""

from __future__ import annotations

import hashlib

import pytest

from ltxv_nb.errors import JournalError
from ltxv_nb.journal import first_frames as images
from ltxv_nb.media.image import FirstFrame


def frame(data=b"picture"):
    return FirstFrame("data:image/png;base64,…", hashlib.sha256(data).hexdigest(), data, "image/png")


def test_a_local_image_is_stored_under_its_hash_once(tmp_path):
    kept = images.store(frame(), tmp_path)
    again = images.store(frame(), tmp_path)
    assert kept == again
    assert kept["media_type"] == "image/png"
    assert (tmp_path / kept["file"]).read_bytes() == b"picture"
    assert kept["file"] == f"images/{kept['sha256']}.png"
    assert len(list((tmp_path / "images").iterdir())) == 1
    assert images.source(kept, tmp_path) == tmp_path / kept["file"]


def test_an_address_is_stored_as_it_is(tmp_path):
    kept = images.store(FirstFrame("https://example.test/a.png"), tmp_path)
    assert kept == {"url": "https://example.test/a.png"}
    assert images.source(kept, tmp_path) == "https://example.test/a.png"
    assert list(tmp_path.iterdir()) == []


def test_no_image_is_no_image(tmp_path):
    assert images.source(None, tmp_path) is None


def test_an_image_that_cannot_be_stored_stops_the_submission(tmp_path):
    (tmp_path / "images").write_text("a file")
    with pytest.raises(JournalError, match=r"cannot be stored .*LTXV_HOME.*Nothing was sent"):
        images.store(frame(), tmp_path)
