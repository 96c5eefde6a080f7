"""The gateway's events: stored once their signature holds, and worked through afterwards, as often as it takes."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from khidma.kernel.audit import record_act
from khidma.kernel.clock import Now
from khidma.kernel.events import publish
from payments.errors import InvalidSignature
from payments.events import GatewayEventStored
from payments.models import Capture, EventStatus, GatewayEvent, Payment
from payments.providers import gateway
from payments.providers.gateway import GatewaySaidNo, News, RefundSighting, Sighting
from payments.services.banking import record_validation
from payments.services.capturing import set_aside
from payments.services.chargebacks import record_dispute
from payments.services.foreign import record_foreign_refund
from payments.services.paying import adopt_order, record_sighting
from payments.services.refunds import is_ours, record_refund
from payments.services.second_person import require_finance
from payments.services.settling import record_settlement
from payments.services.withdrawing import record_payout

log = structlog.get_logger(__name__)

ENDPOINT = "payment"
ATTEMPTS = 20


@transaction.atomic
def store_event(*, raw: bytes, event_id: str, signature: str) -> GatewayEvent:
    """Keep a message of the gateway as it came, once. Nothing else is done with it here.

    :raises InvalidSignature: it is not the gateway's.
    """
    if not gateway().is_event_signed(raw, signature):
        raise InvalidSignature
    event, is_new = GatewayEvent.objects.get_or_create(
        endpoint=ENDPOINT,
        event_id=event_id[:64] or hashlib.sha256(raw).hexdigest(),
        defaults={"raw": raw, "name": gateway().read_event(raw).name},
    )
    if is_new:
        publish(GatewayEventStored(gateway_event_id=event.pk))
    return event


def work_through(*, gateway_event_id: UUID) -> None:
    """Do what one stored event asks for, if nobody else is at it; failures are tried again. Outside transactions."""
    event = GatewayEvent.objects.filter(pk=gateway_event_id, status=EventStatus.PENDING).first()
    if event is None:
        return
    try:
        book = _effect(gateway().read_event(bytes(event.raw)))
        with transaction.atomic():
            if _claim(event):
                book()
                _finish(event, EventStatus.IGNORED if book is _nothing else EventStatus.DONE)
    except Exception as error:
        _failed(event, error)


def _claim(event: GatewayEvent) -> bool:
    pending = GatewayEvent.objects.filter(pk=event.pk, status=EventStatus.PENDING)
    return pending.select_for_update(no_key=True, skip_locked=True).exists()


def _nothing() -> None:
    """Not about anything that we follow: the event is kept, and that is all."""


def _effect(news: News) -> Callable[[], object]:
    """What is to be booked, in one transaction with the event's receipt."""
    if news.payment is not None:
        return _payment_effect(news.payment)
    if (refund := news.refund) is not None and refund.is_of_captured:
        return _refund_effect(refund)
    if news.dispute is not None:
        dispute = gateway().fetch_dispute(news.dispute.dispute_id)  # its present state decides, not the event
        return lambda: record_dispute(sighting=dispute)
    if (payout := news.payout) is not None:
        return lambda: record_payout(sighting=payout)
    if (validation := news.validation) is not None:
        return lambda: record_validation(sighting=validation)
    if (settlement := news.settlement) is not None:
        return lambda: record_settlement(sighting=settlement)
    return _nothing


def _payment_effect(sighting: Sighting) -> Callable[[], object]:
    payment_id = _payment_of(sighting)
    if payment_id is not None:
        return lambda: record_sighting(payment_id=payment_id, sighting=sighting)
    return (lambda: set_aside(sighting=sighting)) if sighting.is_captured else _nothing


def _refund_effect(sighting: RefundSighting) -> Callable[[], object]:
    """Ours is followed. Another one is booked after the payment that it is of, which may have come without us too."""
    if is_ours(sighting):
        return lambda: record_refund(sighting=sighting)
    if not (sighting.refund_id and sighting.payment_id and sighting.amount > 0):
        return _nothing
    if Capture.objects.filter(gateway_payment_id=sighting.payment_id).exists():
        return lambda: record_foreign_refund(sighting=sighting)
    book_payment = _payment_effect(gateway().fetch_payment(sighting.payment_id))

    def book_both() -> None:
        book_payment()
        record_foreign_refund(sighting=sighting)

    return book_both


def _payment_of(sighting: Sighting) -> UUID | None:
    """Our payment: by the gateway's order, or by its receipt where the event overtook the answer with that id."""
    known = Payment.objects.filter(gateway_order_id=sighting.order_id).values_list("pk", flat=True).first()
    if known is not None or not sighting.order_id:
        return known
    try:
        order = gateway().fetch_order(sighting.order_id)
        payment = Payment.objects.filter(pk=UUID(order.receipt)).first()
    except (GatewaySaidNo, ValueError):  # no order of ours
        return None
    return adopt_order(payment_id=payment.pk, order=order).pk if payment else None


def _finish(event: GatewayEvent, status: EventStatus) -> None:
    GatewayEvent.objects.filter(pk=event.pk).update(status=status, done_at=Now(), last_error="")


def _failed(event: GatewayEvent, error: Exception) -> None:
    """Put it back with a growing pause, or lay it aside for an operator."""
    attempts = event.attempts + 1
    log.error("gateway_event_failed", event_id=event.event_id, name=event.name, attempts=attempts, exc_info=error)
    GatewayEvent.objects.filter(pk=event.pk, status=EventStatus.PENDING).update(
        attempts=attempts,
        status=EventStatus.DEAD if attempts >= ATTEMPTS else EventStatus.PENDING,
        due_at=Now() + timedelta(seconds=min(5 * 2**attempts, 3600)),
        last_error=f"{type(error).__name__}: {error}"[:500],
    )


@transaction.atomic
def revive_events(*, events: QuerySet[GatewayEvent], operator: User) -> int:
    """Try events again that were given up; how many there are. :raises Forbidden: not an operator of finance."""
    require_finance(operator)
    dead = list(events.filter(status=EventStatus.DEAD).select_for_update(no_key=True))
    for event in dead:
        record_act(actor_id=operator.pk, action="retry_event", target_type="gateway_event", target_id=event.pk)
        publish(GatewayEventStored(gateway_event_id=event.pk))
    found = GatewayEvent.objects.filter(pk__in=[event.pk for event in dead])
    return found.update(status=EventStatus.PENDING, attempts=0, due_at=Now())


def events_due() -> list[UUID]:
    """Events that wait to be worked through, the oldest first."""
    due = GatewayEvent.objects.filter(status=EventStatus.PENDING, due_at__lte=Now())
    return list(due.order_by("due_at", "id").values_list("pk", flat=True)[:500])
