"""Behind a proxy the number of a host is never seen here: no spelling of an inside one may get through."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.media.address import AddressRefused, check_address, host_number, means_this_machine


def wide(text):
    """Write a text in the full-width characters of East Asian scripts, which become the plain ones on the wire."""
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


THIS_MACHINE = [
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F000001", "017700000001", "0177.0.0.1",
    "0x7f.0.0.1", "0x7f.1", "0177.1", "127.0x0.0.1", "00000177.0.0.01", "127.0.0.1.", "127.1.", "2130706433.", "0", "0x0",
    "0x", "0.0.0.0", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]",
    wide("127.0.0.1"), "127。0。0。1", f"127{wide('.')}1", "①②⑦.0.0.1", "127.0.0.\u00ad1", wide("127.1"), wide("2130706433"),
    "localhost", "LOCALHOST.", wide("localhost"), "a.localhost",
]  # fmt: skip

INSIDE = [
    "10.1", "0xa000001", "167772161", "012.0.0.1", "192.168.257", "0xc0a80101", "3232235777", "169.254.43518",
    "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[::ffff:a9fe:a9fe]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]",
    "[::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1%25eth0]", "0xffffffff", "172.16.1",
]  # fmt: skip

NO_HOST = [
    "4294967297", "127.0.0.256", "127.0.0.0.1", "127.0.0.1.1", "256.1", "0x100000000", "1.2.3.08", "foo.127", "foo.0x7f",
    "127..1", "%31%32%37.0.0.1", "127%2e0.0.1", "127.0.0.1%00.example",
]  # fmt: skip


@pytest.mark.parametrize("host", [*THIS_MACHINE, *INSIDE, *NO_HOST])
def test_no_spelling_of_an_inside_address_is_followed_through_a_proxy(host):
    with pytest.raises(AddressRefused):
        check_address(f"http://{host}:8080/a.mp4", api_is_public=True, resolve=None)


@pytest.mark.parametrize("host", THIS_MACHINE)
def test_every_spelling_of_this_machine_is_known_as_such(host):
    assert means_this_machine(host.strip("[]"))


@given(st.ip_addresses(v=4), st.integers(0, 7), st.sampled_from(["", "."]))
def test_a_number_is_the_same_in_every_spelling(number, way, end):
    value, (a, b, c, d) = int(number), number.packed
    spelled = [
        str(number), str(value), hex(value), f"0{value:o}", f"{a}.{value & 0xFFFFFF}", f"0x{a:x}.0{b:o}.{c << 8 | d}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"0x{a:X}.0x{b:x}.0x{c:x}.0x{d:x}",
    ][way]  # fmt: skip
    assert host_number(spelled + end) == number


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "134744072", "0x08080808", "v.example", "9gag.com", "7f.example", "[2606:2800:21f:cb07::1]", "bücher.example"]
)  # fmt: skip
def test_what_is_outside_passes_however_it_is_spelled(host):
    check_address(f"https://{host}/a.mp4", api_is_public=True, resolve=None)


def test_a_name_is_no_number():
    assert host_number("v.example") is None
    assert host_number("0xample") is None
    assert host_number("::1") == ipaddress.ip_address("::1")
