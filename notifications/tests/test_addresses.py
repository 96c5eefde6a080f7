"""Which addresses webhooks may go to: the known ways in are shut, and honest receivers are reached."""

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from django.conf import LazySettings

from notifications.providers.receivers import AddressRefused, receiver_of, resolve
from notifications.providers.receivers.addresses import require_public

INSIDE = [
    *["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.9.10", "169.254.169.254"],  # noqa: S104
    *["172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.9", "192.0.0.170", "192.0.2.1", "192.88.99.1"],
    *["192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"],
    *["255.255.255.255", "168.63.129.16", "192.31.196.1", "192.52.193.1", "192.175.48.1"],
    *["::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:10.0.0.1"],
    *["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:7f00:1::"],
    *["2001:10::1", "2001:20::1", "2001:2::1", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2620:4f:8000::1"],
    *["3fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "ff0e::1"],
]
PUBLIC = ["8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::6810:84e5", "2400::1"]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        require_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_not(address: str) -> None:
    require_public(ipaddress.ip_address(address))


def test_an_address_with_a_zone_is_refused() -> None:
    with pytest.raises(AddressRefused):
        require_public(ipaddress.ip_address("2606:4700::1%eth0"))


def test_networks_that_are_named_as_ours_are_refused(settings: LazySettings) -> None:
    settings.KHIDMA_OWN_ADDRESSES = ["93.184.215.0/24", "2606:4700::/32"]
    for own in ("93.184.215.14", "2606:4700::6810:84e5"):
        with pytest.raises(AddressRefused):
            require_public(ipaddress.ip_address(own))
    require_public(ipaddress.ip_address("93.184.216.14"))


def test_an_address_of_this_machine_is_refused_even_if_it_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asking(socket.socket):
        def getsockname(self) -> Any:
            return ("93.184.215.14", 40_000)

    monkeypatch.setattr(socket, "socket", Asking)
    with pytest.raises(AddressRefused):
        require_public(ipaddress.ip_address("93.184.215.14"))
    require_public(ipaddress.ip_address("93.184.215.15"))


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM:443/A?b=C", "https://hooks.example.com/A?b=C"),
        ("https://hooks.example.com:8443/a b".replace(" ", "%20"), "https://hooks.example.com:8443/a%20b"),
        ("https://bücher.example.com/ü", "https://xn--bcher-kva.example.com/%C3%BC"),
        ("https://8.8.8.8/hook", "https://8.8.8.8/hook"),
        ("https://[2606:4700::6810:84e5]:8443/", "https://[2606:4700::6810:84e5]:8443/"),
    ],
)
def test_an_honest_address_is_read_one_way(url: str, spelled: str) -> None:
    assert receiver_of(url).url == spelled
    assert receiver_of(spelled).url == spelled


@pytest.mark.parametrize(
    "url",
    [
        *["", "hooks.example.com", "//hooks.example.com", "https:hooks.example.com", "https:///x", "https://"],
        *["http://hooks.example.com/", "ftp://hooks.example.com/", "gopher://hooks.example.com/", "file:///etc/passwd"],
        *["https://user@hooks.example.com/", "https://:@hooks.example.com/", "https://a:b@hooks.example.com/"],
        *["https://hooks.example.com@127.0.0.1/", "https://127.0.0.1\\@hooks.example.com/", "https://a.com#@b.com/"],
        *["https://hooks.example.com:22/", "https://hooks.example.com:80/", "https://hooks.example.com:0/"],
        *[
            "https://hooks.example.com:65536/",
            "https://hooks.example.com:-1/",
            "https://hooks.example.com:8a/",
            "https://hooks.example.com:４４３/",
        ],
        *["https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://db/"],
        *["https://printer.local/", "https://metadata.google.internal/", "https://1.0.0.127.in-addr.arpa/"],
        *["https://127.0.0.1/", "https://127.1/", "https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://2130706433/"],
        *["https://0x7f000001/", "https://017700000001/", "https://127.0.0.1./", "https://0/", "https://0.0.0.0/"],
        *["https://１２７.0.0.1/", "https://127。0。0。1/", "https://ⓛocalhost/", "https://①②⑦.①/", "https://a..com/"],
        *[
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[fe80::1%25eth0]/",
            "https://[::1/",
        ],
        *["https://127%2e0%2e0%2e1/", "https://a_b.example.com/", "https://-a.example.com/", "https://a-.example.com/"],
        *["https://hooks.example.com/\nHost: x", "https://hooks.example.com\t/", " https://hooks.example.com/"],
        *["https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/", "https://hooks.example.com/#x"],
    ],
)
def test_other_addresses_are_refused_before_anybody_is_asked(url: str) -> None:
    with pytest.raises(AddressRefused):
        receiver_of(url)


def test_our_own_name_is_refused(settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://api.khidma.example"
    settings.ALLOWED_HOSTS = [".khidma-app.example"]
    for own in ("https://api.khidma.example/", "https://khidma-app.example/"):
        with pytest.raises(AddressRefused):
            receiver_of(own)


def test_one_forbidden_address_among_several_refuses_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("8.8.8.8", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(AddressRefused):
        asyncio.run(resolve(receiver_of("https://hooks.example.com/")))


def test_a_near_receiver_is_one_by_its_name_and_port_alone(settings: LazySettings) -> None:
    settings.KHIDMA_NEAR_RECEIVERS = ["127.0.0.1:9001"]
    assert receiver_of("http://127.0.0.1:9001/hook").is_near
    for other in ("http://127.0.0.1:9002/", "http://127.0.0.2:9001/", "http://localhost:9001/", "http://127.1:9001/"):
        with pytest.raises(AddressRefused):
            receiver_of(other)
