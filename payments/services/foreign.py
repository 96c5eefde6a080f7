"""Refunds that somebody made at the gateway without us: the money is gone, and our books say so, once."""

import structlog
from django.db import transaction

from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock, record_change
from payments.events import RefundedOutside
from payments.models import (
    AccountKind,
    Capture,
    Escrow,
    ForeignRefund,
    Payment,
    SuspenseDecision,
    SuspenseItem,
    TransferKind,
)
from payments.providers.gateway import RefundSighting
from payments.services.posting import Line, credit, debit, post
from payments.services.refunds import show_refunds_on
from payments.services.suspense_items import close_item, open_item
from payments.states import EscrowStatus, PaymentStatus, SuspenseStatus

log = structlog.get_logger(__name__)

OUTSIDE = "refunded at the gateway"


@transaction.atomic
def record_foreign_refund(*, sighting: RefundSighting) -> ForeignRefund | None:
    """Book a processed refund that is not ours: out of the escrows of its payment that are undecided, the last one
    first, the rest out of suspense. One that comes back after all goes to suspense.
    """
    capture = Capture.objects.filter(gateway_payment_id=sighting.payment_id).first()
    escrows = _lock_escrows(capture)
    payment = lock(Payment, capture.payment_id) if capture and capture.payment_id else None
    known = ForeignRefund.objects.filter(gateway_refund_id=sighting.refund_id).first()
    if sighting.status == "failed":
        return _take_back(known) if known else None
    if known is not None or sighting.status != "processed":
        return known
    log.critical("refund_not_ours", gateway_refund_id=sighting.refund_id, amount=sighting.amount)
    refund = _book(sighting, capture, escrows)
    if payment is not None:
        _show_on(payment)
    return refund


def _show_on(payment: Payment) -> None:
    """A payment that has no money of its own (other money came, and was set aside) shows nothing that went back."""
    if payment.status not in {PaymentStatus.CREATED, PaymentStatus.FAILED}:
        show_refunds_on(payment)


def _lock_escrows(capture: Capture | None) -> list[Escrow]:
    if capture is None:
        return []
    funded = Escrow.objects.select_for_update(of=("self",), no_key=True).filter(funded_by=capture)
    return [escrow for escrow in funded.order_by("id") if escrow.status == EscrowStatus.FUNDED]


def _book(sighting: RefundSighting, capture: Capture | None, escrows: list[Escrow]) -> ForeignRefund:
    left, taken = sighting.amount, []
    for escrow in reversed(escrows):
        part = min(left, escrow.held)
        if part:
            taken.append((escrow, part))
            left -= part
    refund = ForeignRefund.objects.create(
        gateway_refund_id=sighting.refund_id,
        gateway_payment_id=sighting.payment_id,
        capture=capture,
        amount=sighting.amount,
        from_escrow=sighting.amount - left,
    )
    lines = [debit(AccountKind.ESCROW, part, escrow.pk) for escrow, part in taken]
    emptied = [escrow.reference for escrow, part in taken if _lower(escrow, part)]
    lines += _out_of_suspense(refund, capture, left)
    post(
        key=f"foreign:{refund.gateway_refund_id}",
        kind=TransferKind.FOREIGN_REFUND,
        reference=refund.pk,
        entries=[*lines, credit(AccountKind.GATEWAY, refund.amount)],
    )
    if capture is not None and capture.payment_id is not None and taken:
        publish(
            RefundedOutside(
                payment_id=capture.payment_id,
                references=[escrow.reference for escrow, _ in taken],
                emptied=emptied,
                amount=refund.from_escrow,
            )
        )
    return refund


def _lower(escrow: Escrow, part: int) -> bool:
    """The escrow holds so much less; whether it holds nothing more, and is decided by that."""
    is_empty = part == escrow.held
    back = (escrow.refunded or 0) + part
    if is_empty:
        nothing = dict.fromkeys(("payee_gross", "platform_fee", "gst", "tds", "supply_gst", "tcs", "payee_net"), 0)
        changes = {"decided_at": now(), "decision": OUTSIDE, "refunded": back, **nothing}
        advance(escrow, "decide", by=None, role="system", reason=OUTSIDE, changes=changes)
    else:
        escrow.refunded = back
        escrow.save(update_fields=["refunded"])
        record_change(escrow, action="refund_outside", source=escrow.status, by=None, role="system", reason=OUTSIDE)
    return is_empty


def _out_of_suspense(refund: ForeignRefund, capture: Capture | None, amount: int) -> list[Line]:
    """The item of the captured money itself, where it waits for exactly this; else a new one, to be explained."""
    if not amount:
        return []
    item = SuspenseItem.objects.filter(capture=capture, status=SuspenseStatus.OPEN).first() if capture else None
    if item is not None and item.amount == amount:
        close_item(lock(item), decision=SuspenseDecision.OUTSIDE, reason=OUTSIDE)
    else:
        item = open_item(amount=-amount, foreign_refund=refund, item_id=refund.pk)
    return [debit(AccountKind.SUSPENSE, amount, item.pk)]


def _take_back(refund: ForeignRefund) -> ForeignRefund:
    """It failed after all: the money is at the gateway again, and nobody has decided whose it is."""
    refund = lock(refund)
    if refund.returned_at is not None:
        return refund
    refund.returned_at = now()
    refund.save(update_fields=["returned_at"])
    if refund.capture is not None and refund.capture.payment is not None:
        _show_on(refund.capture.payment)
    item = SuspenseItem.objects.filter(foreign_refund=refund, status=SuspenseStatus.OPEN).first()
    amount = refund.amount
    if item is not None and item.amount == -amount:
        close_item(lock(item), decision=SuspenseDecision.OUTSIDE, reason="It came back")
    else:
        item = open_item(amount=amount)
    post(
        key=f"foreign:{refund.gateway_refund_id}:back",
        kind=TransferKind.FOREIGN_REFUND,
        reference=refund.pk,
        entries=[debit(AccountKind.GATEWAY, amount), credit(AccountKind.SUSPENSE, amount, item.pk)],
    )
    return refund
