"""Every write of payments, one function per use case."""

from payments.providers.gateway import Sighting
from payments.services.escrow import Settlement, Shares, abandon_escrow, open_escrow, quote_shares, settle_escrow
from payments.services.paying import (
    look_at_checkout,
    look_at_payment,
    open_gateway_order,
    record_sighting,
    start_payment,
)
from payments.services.refunds import record_refund, send_refund

__all__ = [
    "Settlement",
    "Shares",
    "Sighting",
    "abandon_escrow",
    "look_at_checkout",
    "look_at_payment",
    "open_escrow",
    "open_gateway_order",
    "quote_shares",
    "record_refund",
    "record_sighting",
    "send_refund",
    "settle_escrow",
    "start_payment",
]
