"""Asking the gateway for promised refunds, once each whatever is not heard, and again when people decide so."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now, now
from khidma.kernel.ids import new_id
from khidma.kernel.states import advance, lock
from payments.models import Capture, GatewayAttempt, Payment, Refund, RefundWay
from payments.models.gateway import Operation
from payments.providers import gateway, gateway_state
from payments.providers.gateway import GatewaySaidNo, GatewaySilent, RefundSighting
from payments.selectors.chargebacks import is_disputed, was_lost
from payments.services.attempts import begin_attempt, one_at_a_time, refuse_attempt
from payments.services.refunds.merging import fail_refund, record_refund
from payments.services.second_person import require_finance
from payments.services.watching import next_look
from payments.states import RefundStatus

LOW_BALANCE = "enough balance"
"""How Razorpay says that the gateway's balance does not carry a refund (it has no code of its own)."""

FUNDS_PAUSE = timedelta(minutes=10)

ABSENT_AFTER = timedelta(hours=1)
"""A refund that the gateway does not list by then was never made (its lists lag behind)."""

log = structlog.get_logger(__name__)


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
    fail_refund(refund, payment, reason=error.description)


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
    fail_refund(refund, payment, reason=reason)


def _look_again(refund: Refund) -> None:
    Refund.objects.filter(pk=refund.pk).update(looks=refund.looks + 1, look_at=Now() + next_look(refund.looks))


@transaction.atomic
def retry_refund(*, refund: Refund, operator: User, reason: str) -> Refund:
    """Send a failed refund again, as a new attempt; the sweep takes it up.

    :raises Forbidden: not an operator of finance.
    :raises InvalidTransition: it has not failed.
    """
    require_finance(operator)
    refund = lock(refund)
    changes = {"failure_reason": "", "look_at": now(), "looks": 0, "way": RefundWay.SOURCE}
    advance(refund, "try_again", by=operator, role="operator", reason=reason, changes=changes)
    record_act(actor_id=operator.pk, action="retry_refund", target_type="refund", target_id=refund.pk, reason=reason)
    return refund


def take_up_refunds(capture: Capture) -> None:
    """What a dispute has held is asked for now."""
    waiting = [RefundStatus.PROMISED, RefundStatus.WAITING_FUNDS]
    capture.refunds.filter(status__in=waiting, way=RefundWay.SOURCE).update(look_at=Now(), looks=0)


def refunds_due() -> list[UUID]:
    """Refunds in flight whose time to look has come."""
    due = Refund.objects.filter(look_at__lte=Now(), way=RefundWay.SOURCE).exclude(status=RefundStatus.FAILED)
    return list(due.order_by("look_at").values_list("pk", flat=True)[:100])
