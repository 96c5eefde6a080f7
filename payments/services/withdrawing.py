"""Withdrawals under way: sent by themselves, followed until the bank is done, and given back if it cannot pay."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from khidma.kernel.clock import Now, now
from khidma.kernel.events import publish
from khidma.kernel.states import advance, lock
from payments.events import PayoutFailed, PayoutProcessed, PayoutReversed
from payments.models import AccountKind, GatewayAttempt, Payout, TransferKind
from payments.models.gateway import Operation
from payments.providers import gateway, require_gateway
from payments.providers.gateway import GatewaySaidNo, GatewaySilent, PayoutSighting
from payments.services.attempts import begin_attempt, close_open_attempts, one_at_a_time, refuse_attempt
from payments.services.posting import credit, debit, post
from payments.services.refunds import fail_refund_by_bank, finish_refund_by_bank
from payments.services.watching import ABSENT_AFTER, next_look, note_look
from payments.states import PayoutStatus

log = structlog.get_logger(__name__)

REPEATED_FOR = timedelta(days=7)
"""For so long RazorpayX recognises a payout's key; after that a repeat could pay twice."""

RETURNS_FOR = timedelta(days=5)
"""A bank gives a processed payout back within three working days."""

QUEUED, PROCESSING, PROCESSED = PayoutStatus.QUEUED, PayoutStatus.PROCESSING, PayoutStatus.PROCESSED
FAILED, REVERSED = PayoutStatus.FAILED, PayoutStatus.REVERSED


def send_payout(*, payout_id: UUID) -> None:
    """Send a queued withdrawal, or ask for news of it; repeating is safe. Outside any transaction."""
    with one_at_a_time(payout_id) as is_ours:
        payout = Payout.objects.select_related("bank_account").get(pk=payout_id)
        if not is_ours:
            return
        try:
            if payout.gateway_payout_id:
                record_payout(sighting=gateway().fetch_payout(payout.gateway_payout_id))
            elif payout.status == QUEUED:
                _send(payout)
        except GatewaySilent as error:
            log.warning("payout_unknown", payout_id=str(payout_id), error=str(error))
            _look_again(payout)


def _send(payout: Payout) -> None:
    """Ask with the payout's own key, for as long as the gateway recognises it; after that only look."""
    require_gateway()
    attempt = _begin(payout)
    if attempt is None:
        return
    if payout.sent_at and now() - payout.sent_at > REPEATED_FOR:
        _look_by_reference(payout, attempt)
        return
    try:
        sighting = gateway().pay_out(attempt.body, key=str(attempt.key))
    except GatewaySaidNo as error:
        if attempt.calls > 1:  # the first call may have been heard
            _look_by_reference(payout, attempt, error)
        else:
            _rejected(payout, attempt, error)
    else:
        record_payout(sighting=sighting)


@transaction.atomic
def _begin(payout: Payout) -> GatewayAttempt | None:
    """Commit the intention before the call; from here on it cannot be cancelled. None: it was, a moment ago."""
    locked = lock(payout)
    if locked.status != QUEUED:
        return None
    attempt = begin_attempt(subject_id=payout.pk, operation=Operation.PAYOUT, key=payout.pk, body=_body(payout))
    Payout.objects.filter(pk=payout.pk, sent_at=None).update(sent_at=Now())
    return attempt


def _body(payout: Payout) -> dict[str, Any]:
    return {
        "account_number": settings.RAZORPAYX_ACCOUNT_NUMBER,
        "fund_account_id": payout.bank_account.gateway_fund_account_id,
        "amount": payout.amount,
        "currency": "INR",
        "mode": payout.mode,
        "purpose": "refund" if payout.refund_id else "payout",
        "queue_if_low_balance": True,
        "reference_id": str(payout.pk),
        "narration": "Khidma refund" if payout.refund_id else "Khidma earnings",
    }


def _look_by_reference(payout: Payout, attempt: GatewayAttempt, refusal: GatewaySaidNo | None = None) -> None:
    sighting = gateway().find_payout(str(payout.pk))
    if sighting is not None:
        record_payout(sighting=sighting)
    elif payout.sent_at and now() - payout.sent_at > ABSENT_AFTER:
        _rejected(payout, attempt, refusal)
    else:
        _look_again(payout)


@transaction.atomic
def _rejected(payout: Payout, attempt: GatewayAttempt, refusal: GatewaySaidNo | None) -> None:
    """It was never made: the money goes back to the wallet."""
    reason = refusal.description if refusal else "The bank never received it."
    log.error("payout_rejected", payout_id=str(payout.pk), reason=reason)
    refuse_attempt(attempt, http_status=refusal.http_status if refusal else 404, reason=reason)
    payout = lock(payout)
    if payout.status == QUEUED:
        _step(payout, "reject", failure_reason=reason[:200], look_at=None)
        give_back(payout)
        _tell_failed(payout)


def _look_again(payout: Payout) -> None:
    Payout.objects.filter(pk=payout.pk).update(looks=payout.looks + 1, look_at=Now() + next_look(payout.looks))


@transaction.atomic
def record_payout(*, sighting: PayoutSighting) -> Payout | None:
    """Merge what the gateway says about a payout into ours; none, if it is not one of ours.

    It can only go on from what we know; the edges back are `processed → reversed` and `failed ↔ reversed`.
    """
    payout = _find(sighting)
    if payout is None:
        return None
    payout = lock(payout)
    if sighting.amount != payout.amount:
        log.critical("payout_amount_differs", payout_id=str(payout.pk), theirs=sighting.amount)
        return payout
    if payout.gateway_payout_id not in {None, sighting.payout_id}:
        log.critical("payout_made_twice", payout_id=str(payout.pk), second=sighting.payout_id)
        return payout
    _keep(payout, sighting)
    _follow(payout, sighting)
    return payout


def _find(sighting: PayoutSighting) -> Payout | None:
    known = Payout.objects.filter(gateway_payout_id=sighting.payout_id).first()
    if known is None and sighting.reference:
        try:
            return Payout.objects.filter(pk=UUID(sighting.reference), gateway_payout_id=None).first()
        except ValueError:
            return None
    return known


def _keep(payout: Payout, sighting: PayoutSighting) -> None:
    """Facts that may come with any sighting, early or late."""
    close_open_attempts(subject_id=payout.pk, operation=Operation.PAYOUT, gateway_id=sighting.payout_id)
    payout.gateway_payout_id = sighting.payout_id
    payout.utr = sighting.utr or payout.utr
    if payout.status in {QUEUED, PROCESSING}:
        note_look(payout)
    payout.save(update_fields=["gateway_payout_id", "utr", "look_at", "looks"])


def _follow(payout: Payout, sighting: PayoutSighting) -> None:
    said = sighting.status
    if said == "queued":
        log.critical("payout_account_low", payout_id=str(payout.pk), amount=payout.amount, reason=sighting.reason)
    if payout.status == QUEUED and said in {"rejected", "cancelled"}:
        _step(payout, "reject" if said == "rejected" else "cancel", failure_reason=sighting.reason, look_at=None)
        give_back(payout)
        _tell_failed(payout)
        return
    if payout.status == QUEUED and said in {"processing", "processed", "failed", "reversed"}:
        _step(payout, "process", looks=0, look_at=now() + next_look(0))
    if payout.status == PROCESSING and said == "processed":
        _complete(payout, sighting)
    elif said in {"failed", "reversed"}:
        _come_back(payout, sighting)
    elif payout.status == PROCESSED:
        _watch_processed(payout)
    elif said in {"processing", "processed"} and payout.status in {PayoutStatus.CANCELLED, PayoutStatus.REJECTED}:
        log.critical("payout_contradicted", payout_id=str(payout.pk), ours=payout.status, theirs=said)


def _step(payout: Payout, action: str, **changes: Any) -> None:
    advance(payout, action, by=None, role="system", changes=changes)


def _complete(payout: Payout, sighting: PayoutSighting) -> None:
    moment = now()
    _step(
        payout,
        "complete",
        processed_at=moment,
        fee=sighting.fee,
        fee_tax=sighting.fee_tax,
        look_at=moment + next_look(64),
    )
    post(
        key=f"payout:{payout.pk}:processed",
        kind=TransferKind.PAYOUT_DONE,
        reference=payout.pk,
        entries=[
            debit(AccountKind.PAYOUT_PENDING, payout.amount, payout.pk),
            credit(AccountKind.PAYOUT_BANK, payout.amount),
        ],
    )
    if sighting.fee:
        post(
            key=f"payout:{payout.pk}:fee",
            kind=TransferKind.PAYOUT_FEE,
            reference=payout.pk,
            entries=[
                debit(AccountKind.PAYOUT_FEE, sighting.fee - sighting.fee_tax),
                debit(AccountKind.GST_INPUT, sighting.fee_tax),
                credit(AccountKind.PAYOUT_BANK, sighting.fee),
            ],
        )
    if payout.refund_id is not None:
        finish_refund_by_bank(payout.refund_id)
        return
    last4 = payout.bank_account.number_last4
    publish(
        PayoutProcessed(
            payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount, bank_last4=last4, utr=payout.utr
        )
    )


def _watch_processed(payout: Payout) -> None:
    """Banks give money back days later, so a processed payout is looked at for some days more."""
    is_over = payout.processed_at is None or now() - payout.processed_at > RETURNS_FOR
    payout.look_at = None if is_over else now() + next_look(64)
    payout.save(update_fields=["look_at"])


def _come_back(payout: Payout, sighting: PayoutSighting) -> None:
    """The money returns to the wallet, once: under whichever of the two names the bank gives it first."""
    action, target = ("reverse", REVERSED) if sighting.status == "reversed" else ("fail", FAILED)
    before = payout.status
    if before == target:
        return
    if not payout.states.allows(action, before):
        log.critical("payout_contradicted", payout_id=str(payout.pk), ours=before, theirs=sighting.status)
        return
    _step(payout, action, failure_reason=sighting.reason, returned_at=now(), look_at=None)
    if before in {PROCESSING, PROCESSED}:
        give_back(payout, was_processed=before == PROCESSED)
        _tell_reversed(payout) if target == REVERSED else _tell_failed(payout)


def give_back(payout: Payout, *, was_processed: bool = False) -> None:
    """Book a withdrawal that did not arrive back into the wallet, once; a refund's is promised to the payer again."""
    fee, tax = (payout.fee or 0, payout.fee_tax or 0) if was_processed else (0, 0)
    source = (
        [debit(AccountKind.PAYOUT_BANK, payout.amount + fee)]
        if was_processed
        else [debit(AccountKind.PAYOUT_PENDING, payout.amount, payout.pk)]
    )
    target = credit(AccountKind.WALLET, payout.amount, payout.user_id)
    if payout.refund_id is not None:
        payment = fail_refund_by_bank(payout.refund_id, reason=payout.failure_reason)
        target = credit(AccountKind.REFUND_PENDING, payout.amount, payment.pk)
    post(
        key=f"payout:{payout.pk}:returned",
        kind=TransferKind.PAYOUT_RETURNED,
        reference=payout.pk,
        entries=[
            *source,
            target,
            credit(AccountKind.PAYOUT_FEE, fee - tax),
            credit(AccountKind.GST_INPUT, tax),
        ],
    )


def _tell_failed(payout: Payout) -> None:
    if payout.refund_id is not None:  # its payer hears of the refund
        return
    publish(
        PayoutFailed(payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount, reason=payout.failure_reason)
    )


def _tell_reversed(payout: Payout) -> None:
    if payout.refund_id is not None:
        return
    publish(
        PayoutReversed(payout_id=payout.pk, user_id=payout.user_id, amount=payout.amount, reason=payout.failure_reason)
    )


def payouts_due() -> list[UUID]:
    """Withdrawals whose time to be sent or looked at has come."""
    due = Payout.objects.filter(look_at__lte=Now(), status__in=[QUEUED, PROCESSING, PROCESSED])
    return list(due.order_by("look_at").values_list("pk", flat=True)[:100])
