"""Outside systems of payments: the gateway, behind one protocol."""

from payments.providers.breaker import BreakerState, GatewayDown, breaker
from payments.providers.gateway import Gateway
from payments.providers.razorpay import razorpay_gateway


def gateway() -> Gateway:
    """The gateway that the settings name."""
    return razorpay_gateway()


def gateway_state() -> BreakerState:
    """Whether this process asks the gateway (`closed`), rests (`open`), or tries with one call (`half_open`)."""
    return breaker.state


def require_gateway() -> None:
    """Before an attempt is written down that nobody would hear of. :raises GatewaySilent: the gateway is not asked."""
    if breaker.state == "open":
        raise GatewayDown
