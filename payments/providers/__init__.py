"""Outside systems of payments: the gateway, behind one protocol."""

from payments.providers.gateway import Gateway
from payments.providers.razorpay import razorpay_gateway


def gateway() -> Gateway:
    """The gateway that the settings name."""
    return razorpay_gateway()
