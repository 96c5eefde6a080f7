"""Which addresses we send to: public ones of others, on ports that servers use, and nothing of our own network.

An address in words is read once (`receiver_of`), so that what was checked is what is connected to. Its name is asked
for at every connection (`resolve`), and one forbidden answer among several refuses them all.
"""

import asyncio
import errno
import ipaddress
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 2000
HTTPS = 443
FIRST_FREE_PORT = 1024
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
LIKE_A_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
OUTSIDE_OF_THE_DNS = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa")

GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
"""The only part of IPv6 that is given out; everything else is local, translated, mapped or reserved."""
NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        # Python's `is_global` lets these through, or did so in some version.
        "192.0.0.0/24",  # protocol assignments, with NAT64 discovery and the dummy address
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # the relays of 6to4
        "192.175.48.0/24",  # AS112
        "100.64.0.0/10",  # CGNAT
        "168.63.129.16/32",  # a cloud's own service under a public address
        "2001::/23",  # Teredo, ORCHID, benchmarking and other protocols
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)

_resolvers = ThreadPoolExecutor(max_workers=64, thread_name_prefix="resolver")
"""Names are asked for here, so that servers of names that do not answer hold up nobody else's threads."""


class AddressRefused(ValueError):
    """We do not send there; `reason` is a sentence for the owner of the subscription."""

    def __init__(self, reason: str | Promise) -> None:
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True)
class Receiver:
    """An address as it was read: `host` in ASCII, `target` the path with its query, `is_near` one of our own tests."""

    scheme: str
    host: str
    port: int
    target: str
    is_near: bool

    @property
    def url(self) -> str:
        """The one spelling of it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS if self.scheme == "https" else 80
        return f"{self.scheme}://{host}{'' if self.port == usual else f':{self.port}'}{self.target}"


def receiver_of(url: str) -> Receiver:
    """Read an address, without asking anybody. :raises AddressRefused: it cannot be one of a receiver."""
    parsed = _parsed(url)
    host = parsed.raw_host.decode("ascii")
    port = parsed.port if parsed.port is not None else {"https": HTTPS, "http": 80}.get(parsed.scheme, 0)
    receiver = Receiver(
        scheme=parsed.scheme,
        host=host,
        port=port,
        target=parsed.raw_path.decode("ascii"),
        is_near=f"{host}:{port}" in settings.KHIDMA_NEAR_RECEIVERS,
    )
    if receiver.is_near:
        return receiver
    if parsed.scheme != "https":
        raise AddressRefused(_("Must be an https address."))
    if port != HTTPS and not FIRST_FREE_PORT <= port <= 65_535:
        raise AddressRefused(_("The port must be 443, or from 1024 to 65535."))
    _require_foreign_host(host)
    return receiver


def _parsed(url: str) -> httpx.URL:
    """:raises AddressRefused: it is no address, or parsers could disagree about whose it is."""
    if len(url) > LONGEST or "\\" in url or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in url):
        raise AddressRefused(_("Must be an https address."))
    try:
        parsed = httpx.URL(url)
        authority = urlsplit(url).netloc
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(_("Must be an https address.")) from error
    if any(letter.isdigit() and not letter.isascii() for letter in authority):
        raise AddressRefused(_("Must be an https address."))
    if "@" in authority or parsed.userinfo:
        raise AddressRefused(_("Must not hold a user name or password."))
    if parsed.fragment or "#" in url:
        raise AddressRefused(_("Must not hold a fragment."))
    return parsed


def _require_foreign_host(host: str) -> None:
    """:raises AddressRefused: the host is ours, has no public name, or is an address in a spelling of its own."""
    if (literal := _literal(host)) is not None:
        require_public(literal)
        return
    *others, last = host.split(".")
    if not others or not all(LABEL.fullmatch(label) for label in (*others, last)) or len(host) > 253:
        raise AddressRefused(_("The host must be a public name such as hooks.example.com."))
    if LIKE_A_NUMBER.fullmatch(last) or last in OUTSIDE_OF_THE_DNS:
        raise AddressRefused(_("The host must be a public name such as hooks.example.com."))
    if host in _own_names():
        raise AddressRefused(_("This is our own address."))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if ":" in host:
            raise AddressRefused(_("The host must be a public name such as hooks.example.com.")) from None
        return None


def _own_names() -> set[str]:
    return {urlsplit(settings.PUBLIC_URL).hostname or "", *(name.lstrip(".") for name in settings.ALLOWED_HOSTS)}


async def resolve(receiver: Receiver) -> list[Address]:
    """The addresses behind a receiver, each of them public, in the order to try them.

    :raises AddressRefused: one of them is not. :raises OSError: the name has none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_resolvers, look_up, receiver.host, receiver.port)
    if not receiver.is_near:
        for address in found:
            require_public(address)
    return found


def look_up(host: str, port: int) -> list[Address]:
    """Ask the system for the addresses of a name. :raises OSError: it has none."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(answer[4][0]) for answer in answers))


def require_public(address: Address) -> None:
    """:raises AddressRefused: the address is not of the public internet, or it is our own."""
    if not _is_public(address) or _is_own(address):
        raise AddressRefused(_("The address leads into a network that we do not send to."))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and (address not in GLOBAL_IPV6 or address.scope_id):
        return False
    is_ordinary = address.is_global and not (address.is_multicast or address.is_reserved or address.is_private)
    return is_ordinary and not any(address in network for network in NEVER)


def _is_own(address: Address) -> bool:
    """Whether this machine, or what stands before it, has this address."""
    if any(address in ipaddress.ip_network(own) for own in settings.KHIDMA_OWN_ADDRESSES):
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        # Sends nothing: the system only chooses the address that it would send from, which for its own is the same.
        if asking.connect_ex((str(address), HTTPS)) in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL):
            return False
        return ipaddress.ip_address(asking.getsockname()[0]) == address
