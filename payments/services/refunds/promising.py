"""Promising a refund with the booking that causes it, and what a payment shows of its refunds."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Sum

from khidma.kernel.events import publish
from khidma.kernel.states import advance, record_change
from payments.events import RefundPromised
from payments.models import Capture, Escrow, ForeignRefund, Payment, Refund
from payments.states import PaymentStatus, RefundStatus


def promise_refund(
    *, capture: Capture, amount: int, reason: str, references: Sequence[UUID], escrow: Escrow | None = None
) -> Refund:
    """Write down that this much goes back to its source. The caller posts it to `refund_pending` as well."""
    if capture.payment is None:
        raise RuntimeError("Money that matches no payment of ours goes to suspense, not back.")
    refund = Refund.objects.create(
        capture=capture, payment=capture.payment, escrow=escrow, amount=amount, reason=reason
    )
    record_change(refund, action="promise", by=None, role="system", reason=reason)
    publish(
        RefundPromised(
            refund_id=refund.pk,
            payment_id=capture.payment.pk,
            references=list(references),
            payer_id=capture.payment.payer_id,
            amount=amount,
            reason=reason,
        )
    )
    return refund


def show_refunds_on(payment: Payment) -> None:
    """The payment's status says how much of what was captured has gone back."""
    captured = payment.captures.aggregate(total=Sum("amount"))["total"] or 0
    returned = payment.refunds.filter(status=RefundStatus.PROCESSED).aggregate(total=Sum("amount"))["total"] or 0
    foreign = ForeignRefund.objects.filter(capture__payment=payment, returned_at=None)
    returned += foreign.aggregate(total=Sum("amount"))["total"] or 0
    wanted = PaymentStatus.CAPTURED
    if returned:
        wanted = PaymentStatus.REFUNDED if returned >= captured else PaymentStatus.PARTIALLY_REFUNDED
    steps = {
        PaymentStatus.CAPTURED: "take_refund_back",
        PaymentStatus.PARTIALLY_REFUNDED: "refund_part",
        PaymentStatus.REFUNDED: "refund_all",
    }
    if payment.status != wanted:
        advance(payment, steps[wanted], by=None, role="system")
