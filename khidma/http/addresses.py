"""From where a request came, trusting exactly as many proxies as there are."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the entry that the outermost of our own proxies wrote, never one the caller made up."""
    peer = _sane(request.META.get("REMOTE_ADDR", "")) or "0.0.0.0"  # noqa: S104
    count = settings.TRUSTED_PROXIES
    if count <= 0:
        return peer
    entries = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return (_sane(entries[-count]) if len(entries) >= count else "") or peer


def limited_address(address: str) -> str:
    """What limits are counted by: one IPv4 address, or the /64 that one IPv6 customer has."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"
    return address


def _sane(text: str) -> str:
    try:
        parsed = ip_address(text.strip())
    except ValueError:
        return ""
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
