"""Promises of `ltxv_nb.media.address`."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ltxv_nb.media.address import AddressRefused, HostNotFound, check_address, is_global, means_this_machine


def resolver(*numbers):
    def resolve(host, port, **_kind):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    return resolve


PUBLIC = resolver("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")

INSIDE = [
    "127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "192.0.0.8", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "fec0::1", "ff02::1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("number", INSIDE)
def test_a_public_service_cannot_send_us_inside_by_name(number):
    with pytest.raises(AddressRefused, match="inside this machine or its network"):
        check_address("https://videos.example/a.mp4", api_is_public=True, resolve=resolver(number))


@pytest.mark.parametrize("number", INSIDE)
def test_a_public_service_cannot_send_us_inside_by_number(number):
    host = f"[{number}]" if ":" in number else number
    with pytest.raises(AddressRefused):
        check_address(f"http://{host}/a.mp4", api_is_public=True, resolve=PUBLIC)


def test_one_number_inside_among_public_ones_is_enough_to_refuse():
    with pytest.raises(AddressRefused):
        check_address("https://v.example/", api_is_public=True, resolve=resolver("93.184.215.14", "10.0.0.1"))


def test_a_name_without_any_number_is_refused():
    with pytest.raises(AddressRefused):
        check_address("https://v.example/", api_is_public=True, resolve=resolver())


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.1.1.1", "[::1]"])
def test_this_machine_is_refused_behind_a_proxy_too(host):
    with pytest.raises(AddressRefused):
        check_address(f"http://{host}:8000/a.mp4", api_is_public=True, resolve=None)


@pytest.mark.parametrize(
    "url", ["https://v.example/a.mp4?sig=x%2F", "http://v.example:8080/a.mp4", "https://8.8.8.8/"]
)
def test_a_public_address_passes(url):
    check_address(url, api_is_public=True, resolve=PUBLIC)


def test_behind_a_proxy_names_are_left_to_the_proxy():
    check_address("https://v.example/a.mp4", api_is_public=True, resolve=None)


def test_a_service_on_this_machine_may_serve_from_it():
    check_address("http://127.0.0.1:8123/files/a.mp4", api_is_public=False, resolve=None)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://v.example/a", "data:video/mp4;base64,AAAA", "javascript:alert(1)", "", "a.mp4",
        "//v.example/a.mp4", "https://", "https:///a.mp4", "https://user@v.example/", "https://u:p@v.example/",
        "https://v.example:99999/", "https://v.example:0/", "https://[::1/", "https://v.example/a b",
        "https://v.example\\@10.0.0.1/", "https://v.example/\n", "https://v.ex\tample/",
    ],
)  # fmt: skip
@pytest.mark.parametrize("api_is_public", [True, False])
def test_what_is_not_a_plain_http_address_is_refused(url, api_is_public):
    with pytest.raises(AddressRefused):
        check_address(url, api_is_public=api_is_public, resolve=PUBLIC)


def test_a_host_that_cannot_be_found_may_be_found_later():
    def resolve(*_args, **_kind):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(HostNotFound, match=r"v\.example cannot be found"):
        check_address("https://v.example/", api_is_public=True, resolve=resolve)


@given(st.ip_addresses(v=4))
def test_an_ipv4_number_is_judged_alike_in_each_of_its_disguises(number):
    assert is_global(ipaddress.IPv6Address(f"::ffff:{number}")) == is_global(number)
    assert is_global(ipaddress.IPv6Address((0x64FF9B << 96) | int(number))) == is_global(number)
    if number.is_private or number.is_loopback or number.is_multicast or number.is_reserved:
        assert not is_global(number)


@given(st.ip_addresses(network="127.0.0.0/8"))
def test_every_loopback_number_is_this_machine(number):
    assert means_this_machine(str(number))
    assert not is_global(number)
