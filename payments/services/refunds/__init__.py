"""Refunds: promised with the booking that causes them, sent by themselves, followed until the gateway has paid."""

from payments.services.refunds.merging import fail_refund_by_bank, finish_refund_by_bank, is_ours, record_refund
from payments.services.refunds.promising import promise_refund, show_refunds_on
from payments.services.refunds.sending import refunds_due, retry_refund, send_refund, take_up_refunds

__all__ = [
    "fail_refund_by_bank",
    "finish_refund_by_bank",
    "is_ours",
    "promise_refund",
    "record_refund",
    "refunds_due",
    "retry_refund",
    "send_refund",
    "show_refunds_on",
    "take_up_refunds",
]
