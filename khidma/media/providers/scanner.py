"""The scanner for malware: clamd over its own protocol, where one is set."""

from enum import Enum
from typing import BinaryIO
from urllib.parse import urlsplit

from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings

from khidma.kernel.network import forbid_in_transaction

SECONDS = 60


class Verdict(Enum):
    """What the scanner says; `UNKNOWN` when it does not answer, or could not read the file."""

    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"


def is_set() -> bool:
    """Whether files are to be scanned before anybody sees them."""
    return bool(settings.KHIDMA_CLAMD)


def scan(content: BinaryIO) -> Verdict:
    """Ask about one file."""
    forbid_in_transaction()
    try:
        answers = list(_client().instream(content).values())
    except (ClamdError, OSError):
        return Verdict.UNKNOWN
    states = {state for state, _ in answers}
    if states == {"OK"}:
        return Verdict.CLEAN
    return Verdict.INFECTED if "FOUND" in states else Verdict.UNKNOWN


def _client() -> ClamdNetworkSocket:
    """`tcp://host:port` or `unix:/path`."""
    address = urlsplit(settings.KHIDMA_CLAMD)
    if address.scheme == "unix":
        return ClamdUnixSocket(path=address.path, timeout=SECONDS)
    return ClamdNetworkSocket(host=address.hostname or "127.0.0.1", port=address.port or 3310, timeout=SECONDS)
