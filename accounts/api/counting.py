"""How often codes may be asked for: per phone or e-mail, device and address, and in all."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.request import Request

from khidma.http.addresses import client_address, limited_address
from khidma.http.limits import Counted, give_back, hit
from khidma.http.runtime import SecuritySettings

TEN_MINUTES, HOUR, DAY = 600, 3600, 86_400
MOST_OF_A_DEVICE_ID = 100
SHOWN_TO_THE_CALLER = "otp-target"

Rule = tuple[str, str, int, int]


@contextmanager
def counted_code(request: Request, *, target: str) -> Iterator[Counted | None]:
    """Count one code for a canonical phone or e-mail; a refusal, and a code that could not be sent, use no limit up.

    :raises TooMany, Unavailable: see `hit`.
    """
    taken: list[Rule] = []
    shown = None
    try:
        for rule in _rules(request, target):
            name, key, amount, seconds = rule
            counted = hit(name, key, amount=amount, seconds=seconds)
            taken.append(rule)
            shown = counted if name == SHOWN_TO_THE_CALLER else shown
        yield shown
    except Exception:
        for name, key, amount, seconds in taken:
            give_back(name, key, amount=amount, seconds=seconds)
        raise


def _rules(request: Request, target: str) -> list[Rule]:
    """A device is known where the app names it in `X-Device-ID`."""
    numbers = SecuritySettings.load()
    address = limited_address(client_address(request._request))
    rules = [
        ("otp-pause", target, 1, numbers.otp_pause_seconds),
        (SHOWN_TO_THE_CALLER, target, numbers.otp_per_phone, TEN_MINUTES),
        ("otp-address", address, numbers.otp_per_address, HOUR),
        ("otp-all", "all", numbers.otp_in_all, HOUR),
    ]
    if device := request.headers.get("X-Device-ID", "")[:MOST_OF_A_DEVICE_ID]:
        rules.append(("otp-device", device, numbers.otp_per_device, DAY))
    return rules
