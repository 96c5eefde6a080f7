"""Booking what the gateway captured: into escrow, back to its source, or aside."""

from collections.abc import Sequence

import structlog
from django.db import transaction

from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance
from payments.events import PaymentCaptured, PaymentFailed
from payments.models import AccountKind, Capture, CaptureUse, Escrow, Payment, RefundReason, Sale, TransferKind
from payments.providers.gateway import Sighting
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import promise_refund
from payments.services.selling import complete_sale, gst_inside, income_lines
from payments.services.suspense_items import open_item
from payments.states import EscrowStatus, PaymentStatus, SaleStatus

log = structlog.get_logger(__name__)

MISMATCH = "amount_mismatch"
UNPAID = {PaymentStatus.CREATED, PaymentStatus.FAILED}


def differs(payment: Payment, sighting: Sighting) -> bool:
    """Whether this is other money than we asked for: another order, amount or currency."""
    asked = (payment.gateway_order_id, payment.amount, payment.currency)
    return (sighting.order_id, sighting.amount, sighting.currency) != asked


def book_sighting(
    payment: Payment, escrows: Sequence[Escrow], sighting: Sighting, *, sale: Sale | None = None
) -> Payment:
    """Merge one sighting. The caller holds the locks of the escrows, or of the sale, and then of the payment."""
    if sighting.is_captured:
        capture = Capture.objects.filter(gateway_payment_id=sighting.payment_id).first()
        if capture is None:
            _book_capture(payment, escrows, sale, sighting)
        else:
            _book_fee(capture, sighting)
    elif sighting.status == "failed" and payment.status == PaymentStatus.CREATED:
        _note_failure(payment, sighting.reason)
    return payment


@transaction.atomic
def set_aside(*, sighting: Sighting, payment: Payment | None = None) -> Capture:
    """Money that matches nothing of ours waits in suspense for the finance operators, once."""
    known = Capture.objects.filter(gateway_payment_id=sighting.payment_id).first()
    if known is not None:
        return known
    log.critical("money_in_suspense", gateway_payment_id=sighting.payment_id, amount=sighting.amount)
    capture = _capture(payment, sighting, CaptureUse.SUSPENSE)
    open_item(amount=capture.amount, capture=capture, item_id=capture.pk)
    _post_capture(capture, [credit(AccountKind.SUSPENSE, capture.amount, capture.pk)])
    _book_fee(capture, sighting)
    return capture


def _book_capture(payment: Payment, escrows: Sequence[Escrow], sale: Sale | None, sighting: Sighting) -> None:
    if differs(payment, sighting):
        set_aside(sighting=sighting, payment=payment)
        if payment.status == PaymentStatus.CREATED:
            _note_failure(payment, MISMATCH)
        return
    if sale is not None and sale.status == SaleStatus.AWAITING:
        _book_sale(payment, sale, sighting)
        return
    awaiting = [escrow for escrow in escrows if escrow.status == EscrowStatus.AWAITING]
    surplus = sighting.amount - sum(escrow.amount for escrow in awaiting)
    capture = _capture(payment, sighting, CaptureUse.FUNDED if awaiting else CaptureUse.REFUNDED)
    lines = [credit(AccountKind.ESCROW, escrow.amount, escrow.pk) for escrow in awaiting]
    _post_capture(capture, [*lines, credit(AccountKind.REFUND_PENDING, surplus, payment.pk)])
    _book_fee(capture, sighting)
    mark_captured(payment, capture)
    if awaiting:
        fund_escrows(awaiting, payment, capture)
    if surplus:
        is_late = any(escrow.status == EscrowStatus.ABANDONED for escrow in escrows) or _is_given_up(sale)
        _send_back(capture, surplus, is_late=is_late)


def _book_sale(payment: Payment, sale: Sale, sighting: Sighting) -> None:
    gst = gst_inside(sale.amount)
    capture = _capture(payment, sighting, CaptureUse.FUNDED)
    _post_capture(capture, income_lines(sale, gst=gst))
    _book_fee(capture, sighting)
    mark_captured(payment, capture)
    complete_sale(sale, payment, capture, gst=gst)


def _is_given_up(sale: Sale | None) -> bool:
    return sale is not None and sale.status == SaleStatus.ABANDONED


def _capture(payment: Payment | None, sighting: Sighting, use: CaptureUse) -> Capture:
    return Capture.objects.create(
        payment=payment,
        gateway_payment_id=sighting.payment_id,
        gateway_order_id=sighting.order_id,
        amount=sighting.amount,
        currency=sighting.currency[:3],
        use=use,
        method=sighting.method,
    )


def _post_capture(capture: Capture, lines: list[Line]) -> None:
    post(
        key=f"capture:{capture.gateway_payment_id}",
        kind=TransferKind.CAPTURE,
        reference=capture.pk,
        entries=[debit(AccountKind.GATEWAY, capture.amount), *lines],
    )


def _book_fee(capture: Capture, sighting: Sighting) -> None:
    if sighting.fee:
        book_fee(capture, fee=sighting.fee, tax=sighting.fee_tax or 0)


def book_fee(capture: Capture, *, fee: int, tax: int) -> None:
    """What the gateway keeps, as soon as it says so, once; its fee includes the tax on it."""
    if capture.fee is not None:
        return
    capture.fee, capture.fee_tax = fee, tax
    capture.save(update_fields=["fee", "fee_tax"])
    post(
        key=f"fee:{capture.gateway_payment_id}",
        kind=TransferKind.GATEWAY_FEE,
        reference=capture.pk,
        entries=[
            debit(AccountKind.GATEWAY_FEE, capture.fee - capture.fee_tax),
            debit(AccountKind.GST_INPUT, capture.fee_tax),
            credit(AccountKind.GATEWAY, capture.fee),
        ],
    )


def mark_captured(payment: Payment, capture: Capture) -> None:
    """The payment has its money; one that had it before stays as it is. The caller holds its lock."""
    if payment.status not in UNPAID:
        return
    changes = {
        "captured_at": now(),
        "gateway_payment_id": capture.gateway_payment_id,
        "method": capture.method,
        "failure_reason": "",
        "look_at": None,
    }
    advance(payment, "capture", by=None, role="system", changes=changes)


def fund_escrows(awaiting: Sequence[Escrow], payment: Payment, capture: Capture) -> None:
    """What awaited this money has it. The caller holds the escrows' locks, and posts it."""
    moment = now()
    for escrow in awaiting:
        advance(escrow, "fund", by=None, role="system", changes={"funded_by": capture, "funded_at": moment})
    publish(
        PaymentCaptured(
            payment_id=payment.pk,
            references=[escrow.reference for escrow in awaiting],
            payer_id=payment.payer_id,
            purpose=payment.purpose,
            amount=sum(escrow.amount for escrow in awaiting),
        )
    )


def _send_back(capture: Capture, amount: int, *, is_late: bool) -> None:
    """Nobody awaits this money: because its thing was given up, or because it was paid before."""
    payment = capture.payment
    promise_refund(
        capture=capture,
        amount=amount,
        reason=RefundReason.LATE if is_late else RefundReason.SURPLUS,
        references=payment.references if payment else [],
    )


def _note_failure(payment: Payment, reason: str) -> None:
    """This try failed; the customer may try again, and a bank may still change its mind."""
    advance(payment, "fail", by=None, role="system", changes={"failure_reason": reason[:200]})
    publish(
        PaymentFailed(
            payment_id=payment.pk,
            references=payment.references,
            payer_id=payment.payer_id,
            purpose=payment.purpose,
            amount=payment.amount,
            reason=reason[:200],
        )
    )
