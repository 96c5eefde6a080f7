"""What the gateway, or the payer's own bank, says of a refund, merged into ours: processed, failed, given back."""

from uuid import UUID

import structlog
from django.db import transaction

from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from payments.events import RefundFailed, RefundProcessed
from payments.models import AccountKind, GatewayAttempt, Payment, Refund, RefundWay, TransferKind
from payments.models.gateway import AttemptStatus, Operation
from payments.providers.gateway import RefundSighting
from payments.services.attempts import close_attempt
from payments.services.posting import credit, debit, post
from payments.services.refunds.promising import show_refunds_on
from payments.services.watching import note_look
from payments.states import RefundStatus

UNDER_WAY = {RefundStatus.SENT, RefundStatus.WAITING_FUNDS}

log = structlog.get_logger(__name__)


@transaction.atomic
def record_refund(*, sighting: RefundSighting) -> Refund | None:
    """Merge what the gateway says about a refund into ours; none, if it is not one of ours."""
    refund = _find(sighting)
    if refund is None:
        return None
    payment = lock(Payment, refund.payment_id)
    refund = lock(refund)
    if refund.way != RefundWay.SOURCE:
        if sighting.status != "failed":
            log.critical("refund_made_twice", refund_id=str(refund.pk), theirs=sighting.status)
        return refund
    if refund.status in UNDER_WAY:
        _keep(refund, sighting)
    if sighting.amount != refund.amount:
        log.critical("refund_amount_differs", refund_id=str(refund.pk), theirs=sighting.amount)
    elif sighting.status == "processed" and refund.status in UNDER_WAY:
        _process(refund, payment)
    elif sighting.status == "failed" and refund.status in {*UNDER_WAY, RefundStatus.PROCESSED}:
        _bring_back(refund, payment)
        fail_refund(refund, payment, reason="The bank could not take the refund.")
    return refund


def is_ours(sighting: RefundSighting) -> bool:
    """Whether we have asked for this refund, now or in an attempt that failed."""
    return Refund.objects.filter(gateway_refund_id=sighting.refund_id).exists() or bool(_attempt(sighting.receipt))


def _find(sighting: RefundSighting) -> Refund | None:
    """Our refund: by the gateway's id, or by its receipt where the event overtook the answer with that id."""
    refund = Refund.objects.filter(gateway_refund_id=sighting.refund_id).first()
    attempt = None if refund else _attempt(sighting.receipt)
    if attempt is not None:
        return _find_by_attempt(sighting, attempt)
    if refund is None:  # refunded by hand: our books and the gateway's differ by it
        log.critical("refund_not_ours", gateway_refund_id=sighting.refund_id, amount=sighting.amount)
    return refund


def _find_by_attempt(sighting: RefundSighting, attempt: GatewayAttempt) -> Refund | None:
    """The refund, if this is about its last attempt: old news of an attempt that failed must not undo a later one."""
    if attempt.status == AttemptStatus.REFUSED and sighting.status != "failed":
        log.critical("refund_contradicted", refund_id=str(attempt.subject_id), theirs=sighting.status)
    refund = Refund.objects.filter(
        pk=attempt.subject_id, gateway_refund_id=None, capture__gateway_payment_id=sighting.payment_id
    ).first()
    if refund is None or attempt.status == AttemptStatus.REFUSED or attempt != _last_attempt(refund.pk):
        return None
    close_attempt(attempt, gateway_id=sighting.refund_id)
    return refund


def _attempt(receipt: str) -> GatewayAttempt | None:
    try:
        return GatewayAttempt.objects.filter(key=UUID(receipt), operation=Operation.REFUND).first()
    except ValueError:
        return None


def _last_attempt(refund_id: UUID) -> GatewayAttempt:
    return GatewayAttempt.objects.filter(subject_id=refund_id, operation=Operation.REFUND).latest("created_at")


def _keep(refund: Refund, sighting: RefundSighting) -> None:
    """From the first word about it, whatever it says, the refund is looked at under its own id and not asked again."""
    refund.gateway_refund_id = sighting.refund_id
    note_look(refund)
    refund.save(update_fields=["gateway_refund_id", "look_at", "looks"])


def _process(refund: Refund, payment: Payment) -> None:
    advance(refund, "process", by=None, role="system", changes={"processed_at": now(), "look_at": None})
    post(
        key=f"refund:{_last_attempt(refund.pk).key}:done",
        kind=TransferKind.REFUND_DONE,
        reference=refund.pk,
        entries=[
            debit(AccountKind.REFUND_PENDING, refund.amount, payment.pk),
            credit(AccountKind.GATEWAY, refund.amount),
        ],
    )
    show_refunds_on(payment)
    _tell_processed(refund, payment)


def _tell_processed(refund: Refund, payment: Payment) -> None:
    publish(
        RefundProcessed(
            refund_id=refund.pk,
            payment_id=payment.pk,
            references=payment.references,
            payer_id=payment.payer_id,
            amount=refund.amount,
        )
    )


def _bring_back(refund: Refund, payment: Payment) -> None:
    """A processed refund that the bank gave back is promised again."""
    if refund.status != RefundStatus.PROCESSED:
        return
    post(
        key=f"refund:{_last_attempt(refund.pk).key}:back",
        kind=TransferKind.REFUND_BACK,
        reference=refund.pk,
        entries=[
            debit(AccountKind.GATEWAY, refund.amount),
            credit(AccountKind.REFUND_PENDING, refund.amount, payment.pk),
        ],
    )


def fail_refund(refund: Refund, payment: Payment, *, reason: str) -> None:
    """The money stays promised; an operator sends it again or pays it another way."""
    changes = {"failure_reason": reason[:200], "look_at": None, "processed_at": None, "gateway_refund_id": None}
    advance(refund, "fail", by=None, role="system", reason=reason[:2000], changes=changes)
    show_refunds_on(payment)
    publish(
        RefundFailed(
            refund_id=refund.pk,
            payment_id=payment.pk,
            references=payment.references,
            payer_id=payment.payer_id,
            amount=refund.amount,
            reason=reason[:200],
        )
    )


def finish_refund_by_bank(refund_id: UUID) -> None:
    """The payer's bank account has the money. The caller has posted it, in the same transaction."""
    payment = lock(Payment, Refund.objects.get(pk=refund_id).payment_id)
    refund = lock(Refund, refund_id)
    advance(refund, "process", by=None, role="system", changes={"processed_at": now()})
    show_refunds_on(payment)
    _tell_processed(refund, payment)


def fail_refund_by_bank(refund_id: UUID, *, reason: str) -> Payment:
    """The bank account did not take it, or gave it back: it is promised again. The payment that it is of."""
    payment = lock(Payment, Refund.objects.get(pk=refund_id).payment_id)
    fail_refund(lock(Refund, refund_id), payment, reason=reason or "The payout was called back.")
    return payment
