"""Payments: begun, opened at the gateway, looked at, and booked once whoever brings the news."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import GatewayUnavailable, NotFound
from khidma.kernel.ids import new_id
from khidma.kernel.network import give_connections_back
from khidma.kernel.states import lock, record_change
from payments.errors import AlreadyPaid, AmountMismatch, EscrowNotAwaiting, InvalidSignature
from payments.models import Escrow, Payment, PaymentItem, Sale
from payments.models.gateway import Operation
from payments.providers import gateway
from payments.providers.gateway import GatewaySaidNo, GatewaySilent, OrderSighting, Sighting
from payments.runtime import PaymentSettings
from payments.services.attempts import begin_attempt, close_attempt, one_at_a_time, seated
from payments.services.capturing import book_sighting, differs
from payments.services.selling import lock_sale_of
from payments.services.watching import next_look
from payments.states import EscrowStatus, PaymentStatus, SaleStatus

log = structlog.get_logger(__name__)

CHECKOUT_SECONDS = 3.0
LATE_AUTHORISATION = timedelta(days=6)
"""A bank may still say yes three days later, and the gateway gives up after five."""

UNPAID = (PaymentStatus.CREATED, PaymentStatus.FAILED)


@transaction.atomic
def start_payment(*, payer: User, references: Sequence[UUID], purpose: str) -> Payment:
    """A payment for everything referred to; the live unpaid one for exactly that again, if there is one. A row only.

    :raises AlreadyPaid: one of them has its money.
    :raises EscrowNotAwaiting: one of them waits no more.
    :raises NotFound: one of them does not exist or is another's to pay.
    """
    escrows = _lock_escrows(Escrow.objects.filter(reference__in=references, payer=payer))
    if not escrows or len(escrows) != len(set(references)):
        raise NotFound
    for escrow in escrows:
        if escrow.status == EscrowStatus.ABANDONED:
            raise EscrowNotAwaiting(details={"status": escrow.status})
        if escrow.status != EscrowStatus.AWAITING:
            raise AlreadyPaid(details={"status": escrow.status})
    known = _live_payment(escrows)
    return watch_anew(known) if known else new_payment(payer, escrows, purpose)


def _lock_escrows(escrows: Any) -> list[Escrow]:
    return list(escrows.select_for_update(of=("self",), no_key=True).order_by("id"))


def _live_payment(escrows: list[Escrow]) -> Payment | None:
    """A payment for exactly these that can still be paid: no money has come for it yet."""
    candidates = Payment.objects.filter(items__escrow=escrows[0], status__in=UNPAID, captures=None).order_by("-id")
    wanted = {escrow.pk for escrow in escrows}
    for payment in candidates:
        if set(payment.items.values_list("escrow_id", flat=True)) == wanted:
            return payment
    return None


def watch_anew(payment: Payment) -> Payment:
    """Somebody is about to pay, or says that he has paid: look as often as at the beginning, and as long."""
    waiting = Payment.objects.filter(pk=payment.pk, status__in=UNPAID, gateway_order_id__isnull=False)
    waiting.update(looks=0, look_at=now() + next_look(0))
    return payment


def new_payment(payer: User, escrows: list[Escrow], purpose: str) -> Payment:
    payment = Payment.objects.create(
        payer=payer, purpose=purpose, amount=sum(escrow.amount for escrow in escrows), look_at=None
    )
    PaymentItem.objects.bulk_create(
        PaymentItem(payment=payment, escrow=escrow, amount=escrow.amount) for escrow in escrows
    )
    record_change(payment, action="start", by=payer, role="payer")
    return payment


def open_gateway_order(*, payment_id: UUID, timeout: float = CHECKOUT_SECONDS) -> Payment:
    """The payment with its order at the gateway, made if need be. Creating has no idempotency key at the gateway:
    whoever comes after a call without an answer looks for our receipt first. Outside any transaction.

    :raises GatewayUnavailable: no answer in time, or too many wait for one; the next call takes it up.
    """
    payment = Payment.objects.get(pk=payment_id)
    if payment.gateway_order_id:
        return payment
    with seated() as has_seat:
        if not has_seat:
            raise GatewayUnavailable
        return _open_alone(payment_id, timeout)


def _open_alone(payment_id: UUID, timeout: float) -> Payment:
    with one_at_a_time(payment_id, wait=True) as is_ours:
        if not is_ours:
            raise GatewayUnavailable
        payment = Payment.objects.get(pk=payment_id)
        if payment.gateway_order_id:
            return payment
        try:
            return _open_order(payment, timeout)
        except (GatewaySilent, GatewaySaidNo) as error:
            log.error("gateway_order_failed", payment_id=str(payment.pk), error=str(error))
            raise GatewayUnavailable from error


def _open_order(payment: Payment, timeout: float) -> Payment:
    attempt = begin_attempt(subject_id=payment.pk, operation=Operation.ORDER, key=payment.pk, body=_order_body(payment))
    known = None
    if attempt.calls > 1:  # the call before this one was perhaps heard; both looks share the caller's patience
        timeout /= 2
        known = gateway().find_order(str(payment.pk), timeout=timeout)
    order = known or gateway().create_order(attempt.body, timeout=timeout)
    close_attempt(attempt, gateway_id=order.order_id)
    return adopt_order(payment_id=payment.pk, order=order)


def _order_body(payment: Payment) -> dict[str, Any]:
    minutes = PaymentSettings.load().capture_expiry_minutes
    return {
        "amount": payment.amount,
        "currency": payment.currency,
        "receipt": str(payment.pk),
        "notes": {"payment_id": str(payment.pk)},
        "payment": {
            "capture": "automatic",
            "capture_options": {
                "automatic_expiry_period": minutes,
                "manual_expiry_period": 7200,
                "refund_speed": "normal",
            },
        },
    }


@transaction.atomic
def adopt_order(*, payment_id: UUID, order: OrderSighting) -> Payment:
    """Keep the gateway's order with our payment, if it is the order we asked for; the first one stays."""
    payment = lock(Payment, payment_id)
    if (order.receipt, order.amount, order.currency) != (str(payment.pk), payment.amount, payment.currency):
        log.critical("gateway_order_differs", payment_id=str(payment.pk), order_id=order.order_id)
        raise GatewayUnavailable
    if payment.gateway_order_id is None:
        payment.gateway_order_id = order.order_id
        payment.look_at = now() + next_look(0)
        payment.save(update_fields=["gateway_order_id", "look_at"])
    return payment


def look_at_checkout(*, payment_id: UUID, gateway_payment_id: str, signature: str) -> Sighting:
    """What the gateway says about a payment that a client claims to have made. A client's word alone moves nothing.

    A gateway that does not answer gives a sighting of status `unknown`, which changes nothing: the sweep looks again.
    :raises InvalidSignature: the signature is not the gateway's for our order and this payment.
    :raises AmountMismatch: other money came than was asked for; it is set aside.
    """
    payment = Payment.objects.get(pk=payment_id)
    order_id = payment.gateway_order_id
    if not order_id or not gateway().is_checkout_signed(
        order_id=order_id, payment_id=gateway_payment_id, signature=signature
    ):
        raise InvalidSignature
    give_connections_back()
    try:
        sighting = gateway().fetch_payment(gateway_payment_id, timeout=CHECKOUT_SECONDS)
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("checkout_unknown", payment_id=str(payment.pk), error=str(error))
        watch_anew(payment)
        return Sighting(gateway_payment_id, order_id, "unknown", payment.amount, payment.currency)
    if sighting.is_captured and differs(payment, sighting):
        record_sighting(payment_id=payment.pk, sighting=sighting)
        raise AmountMismatch(details={"expected": payment.amount, "paid": sighting.amount})
    return sighting


@transaction.atomic
def record_sighting(*, payment_id: UUID, sighting: Sighting) -> Payment:
    """Merge what the gateway says about a payment into ours: money is booked once, whoever says so how often."""
    escrows = _lock_escrows(Escrow.objects.filter(payment_items__payment_id=payment_id))
    sale = lock_sale_of(payment_id)
    payment = lock(Payment, payment_id)
    return book_sighting(payment, escrows, sighting, sale=sale)


def look_at_payment(*, payment_id: UUID) -> None:
    """Ask the gateway what became of a payment, and record it. Outside any transaction."""
    payment = Payment.objects.get(pk=payment_id)
    if not payment.gateway_order_id:
        _plan_look(payment)
        return
    try:
        sightings = gateway().payments_of_order(payment.gateway_order_id)
        sightings = [_captured(payment, sighting) for sighting in sightings]
    except (GatewaySilent, GatewaySaidNo) as error:
        log.warning("payment_look_failed", payment_id=str(payment.pk), error=str(error))
        sightings = []
    for sighting in sorted(sightings, key=lambda one: not one.is_captured):
        record_sighting(payment_id=payment.pk, sighting=sighting)
    _plan_look(payment)


def _captured(payment: Payment, sighting: Sighting) -> Sighting:
    """The sighting after we took the money, where the bank allowed it and we still wait for it."""
    is_awaited = (
        payment.items.filter(escrow__status=EscrowStatus.AWAITING).exists()
        or Sale.objects.filter(payment=payment, status=SaleStatus.AWAITING).exists()
    )
    if sighting.status != "authorized" or differs(payment, sighting) or not is_awaited:
        return sighting
    body = {"amount": sighting.amount, "currency": sighting.currency}
    attempt = begin_attempt(subject_id=payment.pk, operation=Operation.CAPTURE, key=new_id(), body=body)
    try:
        captured = gateway().capture(sighting.payment_id, body)
    except GatewaySaidNo:  # somebody was faster, perhaps the gateway itself: its present state decides
        captured = gateway().fetch_payment(sighting.payment_id)
    finally:  # capturing twice is refused, so the next look decides about a call without an answer
        close_attempt(attempt, gateway_id=sighting.payment_id)
    return captured


def _plan_look(payment: Payment) -> None:
    """Look again later, until nothing more can come."""
    is_over = sum(map(next_look, range(payment.looks)), timedelta()) > LATE_AUTHORISATION
    look_at = None if is_over or not payment.gateway_order_id else now() + next_look(payment.looks)
    Payment.objects.filter(pk=payment.pk, status__in=UNPAID).update(looks=payment.looks + 1, look_at=look_at)


def payments_due() -> list[UUID]:
    """Unpaid payments whose time to look has come."""
    return list(Payment.objects.filter(look_at__lte=Now()).order_by("look_at").values_list("pk", flat=True)[:100])
