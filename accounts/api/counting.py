"""How often codes may be asked for: per phone or e-mail, device and address, and in all."""

from rest_framework.request import Request

from khidma.http.addresses import client_address, limited_address
from khidma.http.limits import Counted, hit
from khidma.http.runtime import SecuritySettings

TEN_MINUTES, HOUR, DAY = 600, 3600, 86_400
MOST_OF_A_DEVICE_ID = 100


def count_code(request: Request, *, target: str) -> Counted | None:
    """Count one code for a canonical phone or e-mail; the narrowest limit first, so that a refusal uses little up.

    A device is known where the app names it in `X-Device-ID`.
    :raises TooMany, Unavailable: see `hit`.
    """
    numbers = SecuritySettings.load()
    hit("otp-pause", target, amount=1, seconds=numbers.otp_pause_seconds)
    counted = hit("otp-target", target, amount=numbers.otp_per_phone, seconds=TEN_MINUTES)
    if device := request.headers.get("X-Device-ID", "")[:MOST_OF_A_DEVICE_ID]:
        hit("otp-device", device, amount=numbers.otp_per_device, seconds=DAY)
    address = limited_address(client_address(request._request))
    hit("otp-address", address, amount=numbers.otp_per_address, seconds=HOUR)
    hit("otp-all", "all", amount=numbers.otp_in_all, seconds=HOUR)
    return counted
