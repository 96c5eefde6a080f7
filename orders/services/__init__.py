"""Every write of orders, one function per use case."""

from orders.services.deciding import approve_by_clock, approve_work
from orders.services.ending import cancel_order, expire_unpaid
from orders.services.paying import confirm_payment, prepare_payment, take_up_payment, verify_payment
from orders.services.placing import accept_application
from orders.services.working import request_revision, start_work, submit_work

__all__ = [
    "accept_application",
    "approve_by_clock",
    "approve_work",
    "cancel_order",
    "confirm_payment",
    "expire_unpaid",
    "prepare_payment",
    "request_revision",
    "start_work",
    "submit_work",
    "take_up_payment",
    "verify_payment",
]
