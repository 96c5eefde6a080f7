"""Refunds: promised with the booking that causes them, sent by themselves, followed until the gateway has paid."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.ids import new_id
from khidma.kernel.states import advance, lock, record_change
from payments.events import RefundFailed, RefundProcessed, RefundPromised
from payments.models import (
    AccountKind,
    Capture,
    Escrow,
    ForeignRefund,
    GatewayAttempt,
    Payment,
    Refund,
    RefundWay,
    TransferKind,
)
from payments.models.gateway import AttemptStatus, Operation
from payments.providers import gateway, gateway_state
from payments.providers.gateway import GatewaySaidNo, GatewaySilent, RefundSighting
from payments.selectors.chargebacks import is_disputed, was_lost
from payments.services.attempts import begin_attempt, close_attempt, one_at_a_time, refuse_attempt
from payments.services.posting import credit, debit, post
from payments.services.watching import next_look, note_look
from payments.states import PaymentStatus, RefundStatus

log = structlog.get_logger(__name__)

LOW_BALANCE = "enough balance"
"""How Razorpay says that the gateway's balance does not carry a refund (it has no code of its own)."""

FUNDS_PAUSE = timedelta(minutes=10)

ABSENT_AFTER = timedelta(hours=1)
"""A refund that the gateway does not list by then was never made (its lists lag behind)."""

UNDER_WAY = {RefundStatus.SENT, RefundStatus.WAITING_FUNDS}


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


def send_refund(*, refund_id: UUID) -> None:
    """Ask the gateway for the refund, or for news of it; repeating is safe. Outside any transaction.

    While the gateway is not asked, it stays as it is and due.
    """
    if gateway_state() == "open":
        return
    with one_at_a_time(refund_id) as is_ours:
        if not is_ours:
            return
        refund = Refund.objects.select_related("capture").get(pk=refund_id)
        if refund.way != RefundWay.SOURCE:
            return
        if refund.gateway_refund_id:
            _look(refund)
        elif refund.status in {RefundStatus.PROMISED, RefundStatus.WAITING_FUNDS, RefundStatus.SENT}:
            _ask(refund)


def _look(refund: Refund) -> None:
    try:
        sighting = gateway().fetch_refund(str(refund.gateway_refund_id))
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("refund_look_failed", refund_id=str(refund.pk), error=str(error))
        _look_again(refund)
    else:
        record_refund(sighting=sighting)


def _ask(refund: Refund) -> None:
    attempt = _begin(refund)
    if attempt is None:
        return
    try:
        sighting = _known(refund, attempt)
        if sighting is None and attempt.calls > 1 and was_lost(refund.capture_id):
            _overtaken(refund, attempt)
            return
        sighting = sighting or gateway().refund(refund.capture.gateway_payment_id, attempt.body, key=str(attempt.key))
    except GatewaySilent as error:
        log.warning("refund_unknown", refund_id=str(refund.pk), error=str(error))
        _look_again(refund)
    except GatewaySaidNo as error:
        _refused(refund, attempt, error)
    else:
        record_refund(sighting=sighting)


def _known(refund: Refund, attempt: GatewayAttempt) -> RefundSighting | None:
    """What an earlier call without an answer has done. A look costs less than a gateway that has forgotten our key."""
    if attempt.calls == 1:
        return None
    return gateway().find_refund(refund.capture.gateway_payment_id, receipt=str(attempt.key))


@transaction.atomic
def _begin(refund: Refund) -> GatewayAttempt | None:
    """Commit the intention before the call. The first attempt has the refund's own id as key, a later one its own.

    None: the bank disputes the payment, and it is not asked for meanwhile; or it goes another way since a moment ago.
    """
    lock(Payment, refund.payment_id)
    refund = lock(refund)
    if refund.way != RefundWay.SOURCE:
        return None
    if is_disputed(refund.capture_id):
        _look_again(refund)
        return None
    if refund.status != RefundStatus.SENT:
        advance(refund, "send", by=None, role="system")
    is_first = not GatewayAttempt.objects.filter(key=refund.pk).exists()
    key = refund.pk if is_first else new_id()
    body = {"amount": refund.amount, "speed": "normal", "receipt": str(key)}
    return begin_attempt(subject_id=refund.pk, operation=Operation.REFUND, key=key, body=body)


@transaction.atomic
def _refused(refund: Refund, attempt: GatewayAttempt, error: GatewaySaidNo) -> None:
    payment, refund = lock(Payment, refund.payment_id), lock(refund)
    if refund.status != RefundStatus.SENT:
        return
    log.error("refund_refused", refund_id=str(refund.pk), description=error.description)
    if LOW_BALANCE in error.description:
        advance(refund, "wait_for_funds", by=None, role="system", changes={"look_at": now() + FUNDS_PAUSE})
        return
    if attempt.calls > 1 and now() - attempt.created_at < ABSENT_AFTER:  # an earlier call may have been heard
        _look_again(refund)
        return
    refuse_attempt(attempt, http_status=error.http_status, reason=error.description)
    _fail(refund, payment, reason=error.description)


@transaction.atomic
def _overtaken(refund: Refund, attempt: GatewayAttempt) -> None:
    """The bank has given the payment back since, so what was never heard is not asked for again: people decide."""
    payment, refund = lock(Payment, refund.payment_id), lock(refund)
    if refund.status != RefundStatus.SENT:
        return
    if now() - attempt.created_at < ABSENT_AFTER:
        _look_again(refund)
        return
    reason = "The payer's bank has given the payment back before this refund was heard."
    refuse_attempt(attempt, http_status=404, reason=reason)
    _fail(refund, payment, reason=reason)


def _look_again(refund: Refund) -> None:
    Refund.objects.filter(pk=refund.pk).update(looks=refund.looks + 1, look_at=Now() + next_look(refund.looks))


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
        _fail(refund, payment, reason="The bank could not take the refund.")
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


def _keep(refund: Refund, sighting: RefundSighting) -> None:
    """From the first word about it, whatever it says, the refund is looked at under its own id and not asked again."""
    refund.gateway_refund_id = sighting.refund_id
    note_look(refund)
    refund.save(update_fields=["gateway_refund_id", "look_at", "looks"])


def _last_attempt(refund_id: UUID) -> GatewayAttempt:
    return GatewayAttempt.objects.filter(subject_id=refund_id, operation=Operation.REFUND).latest("created_at")


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


def _fail(refund: Refund, payment: Payment, *, reason: str) -> None:
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
    _fail(lock(Refund, refund_id), payment, reason=reason or "The payout was called back.")
    return payment


@transaction.atomic
def retry_refund(*, refund: Refund, operator: User) -> Refund:
    """Send a failed refund again, as a new attempt; the sweep takes it up.

    :raises InvalidTransition: it has not failed.
    """
    refund = lock(refund)
    changes = {"failure_reason": "", "look_at": now(), "looks": 0, "way": RefundWay.SOURCE}
    advance(refund, "try_again", by=operator, role="operator", changes=changes)
    record_act(actor_id=operator.pk, action="retry_refund", target_type="refund", target_id=refund.pk)
    return refund


def take_up_refunds(capture: Capture) -> None:
    """What a dispute has held is asked for now."""
    waiting = [RefundStatus.PROMISED, RefundStatus.WAITING_FUNDS]
    capture.refunds.filter(status__in=waiting, way=RefundWay.SOURCE).update(look_at=Now(), looks=0)


def refunds_due() -> list[UUID]:
    """Refunds in flight whose time to look has come."""
    due = Refund.objects.filter(look_at__lte=Now(), way=RefundWay.SOURCE).exclude(status=RefundStatus.FAILED)
    return list(due.order_by("look_at").values_list("pk", flat=True)[:100])
