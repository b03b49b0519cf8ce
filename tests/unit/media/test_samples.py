"""Promises of `ltxv_nb.media.samples`: an index that leads outside is noticed, and none makes it stumble."""

from __future__ import annotations

import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.errors import DownloadError
from ltxv_nb.media.mp4 import check_whole
from ltxv_nb.media.samples import Box, Extent, measure


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full(kind, *numbers, flags=0):
    return box(kind, struct.pack(f">{1 + len(numbers)}I", flags, *numbers))


def movie(*tables, ticks=50, more=b""):
    """A movie of one picture track at 25 ticks a second, with the tables that say where its samples are."""
    media = [
        full(b"mdhd", 0, 0, 25, ticks, 0),
        box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"vide")),
        box(b"minf", box(b"stbl", *tables)),
    ]
    track = box(b"trak", full(b"tkhd", 0, 0, 1, 0, ticks), box(b"mdia", *media))
    return box(b"mvhd", struct.pack(">5I", 0, 0, 0, 1000, 0)) + track + more


STTS = full(b"stts", 1, 50, 1)
#: Fifty samples of 10 bytes in two chunks.
CHUNKS = [full(b"stsc", 1, 1, 25, 1), full(b"stco", 2, 1000, 1250)]
SIZES = [
    full(b"stsz", 10, 50),
    full(b"stsz", 0, 50, *[10] * 50),
    box(b"stz2", struct.pack(">IBBBBI", 0, 0, 0, 0, 8, 50), bytes([10] * 50)),
    box(b"stz2", struct.pack(">IBBBBI", 0, 0, 0, 0, 16, 50), struct.pack(">50H", *[10] * 50)),
    box(b"stz2", struct.pack(">IBBBBI", 0, 0, 0, 0, 4, 50), bytes([0xAA] * 25)),
]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("places", [CHUNKS[1], box(b"co64", struct.pack(">IIQQ", 0, 2, 1000, 1250))])
def test_every_way_to_say_where_samples_are_is_read(sizes, places):
    tables = (STTS, CHUNKS[0], sizes, places)
    extent = measure([Box(b"moov", 0, movie(*tables))], 1500)
    assert extent == Extent(2.0, 2.0, open_ended=False)
    with pytest.raises(DownloadError, match="its index leads to byte 1500, and 1499 are"):
        measure([Box(b"moov", 0, movie(*tables))], 1499)


@pytest.mark.parametrize(
    "tables",
    [
        (STTS, *CHUNKS, full(b"stsz", 0, 1 << 31)),
        (STTS, full(b"stsc", 1 << 31), full(b"stsz", 10, 50), CHUNKS[1]),
        (STTS, CHUNKS[0], full(b"stsz", 10, 50), full(b"stco", 1 << 31)),
        (full(b"stts", 1 << 31), *CHUNKS, full(b"stsz", 10, 50)),
        (STTS, CHUNKS[0], full(b"stsz", 10, 50)),
        (STTS, full(b"stsz", 10, 50), CHUNKS[1]),
        (STTS, full(b"stsc", 2, 2, 25, 1, 1, 25, 1), full(b"stsz", 10, 50), CHUNKS[1]),
        (STTS, full(b"stsc", 1, 1, 5, 1), full(b"stsz", 10, 50), CHUNKS[1]),
    ],
)
def test_an_index_that_makes_no_sense_is_told_at_once(tables):
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"damaged|cut short"):
        measure([Box(b"moov", 0, movie(*tables))], 1500)
    assert time.monotonic() - begun < 1


def test_a_header_that_promises_more_than_there_is_shows():
    extent = measure([Box(b"moov", 0, movie(STTS, *CHUNKS, SIZES[0], ticks=500))], 1500)
    assert (extent.seconds, extent.promised) == (2.0, 20.0)


def fragment(start, count=25, size=10):
    run = full(b"trun", count, 100, flags=1)
    return Box(b"moof", start, full(b"mfhd", 1) + box(b"traf", full(b"tfhd", 1, flags=0x20000), run))


MVEX = box(b"mvex", full(b"trex", 1, 1, 1, 10, 0))
HEAD = Box(b"moov", 0, movie(more=MVEX, ticks=0))


def test_fragments_add_up_and_their_samples_lie_within_the_file():
    boxes = [HEAD, fragment(1000), fragment(1400)]
    assert measure(boxes, 1750) == Extent(2.0, None, open_ended=True)
    with pytest.raises(DownloadError, match="cut short"):
        measure(boxes, 1749)


def test_what_tells_where_fragments_end_is_noticed():
    fragments = [fragment(1000), fragment(1400)]
    assert not measure([HEAD, *fragments, Box(b"mfra", 1750, b"")], 1800).open_ended
    promised = Box(b"moov", 0, movie(more=box(b"mvex", full(b"mehd", 4000), MVEX[8:]), ticks=0))
    assert measure([promised, *fragments], 1750) == Extent(2.0, 4.0, open_ended=False)
    segments = struct.pack(">5IHH6I", 0, 1, 25, 0, 0, 0, 2, 400, 25, 0, 350, 25, 0)
    index = Box(b"sidx", 948, segments)
    assert measure([HEAD, index, *fragments], 1756) == Extent(2.0, 2.0, open_ended=False)
    with pytest.raises(DownloadError, match="cut short"):
        measure([HEAD, index, fragments[0]], 1400)
    # One before each fragment says nothing about the fragments after it.
    alone = struct.pack(">5IHH3I", 0, 1, 25, 0, 0, 0, 1, 350, 25, 0)
    several = [HEAD, Box(b"sidx", 900, alone), fragments[0], Box(b"sidx", 1300, alone), fragments[1]]
    assert measure(several, 1750).open_ended


WHOLE = (
    box(b"ftyp", b"isom\0\0\0\0isom")
    + box(b"moov", movie(STTS, full(b"stsc", 1, 1, 25, 1), full(b"stco", 2, 40, 290), SIZES[1], more=MVEX))
    + box(b"moof", full(b"mfhd", 1), box(b"traf", full(b"tfhd", 1, flags=0x20038), full(b"trun", 5, 1, 2, 3)))
    + box(b"mdat", bytes(600))
)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 601), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_index_is_a_download_error_and_nothing_else(tmp_path_factory, changes):
    data = bytearray(WHOLE)
    for place, value in changes:
        data[place] = value
    path = tmp_path_factory.getbasetemp() / "damaged.mp4"
    path.write_bytes(data)
    try:
        extent = check_whole(path)
    except DownloadError:
        return
    assert extent.seconds >= 0
