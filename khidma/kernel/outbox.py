"""The outbox: carries every published event to every handler, once, whatever dies on the way."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import RedisError

from khidma.kernel.clock import Now
from khidma.kernel.context import event_id, request_id
from khidma.kernel.events import Event, Handler, handler_called
from khidma.kernel.models import DeliveryStatus, OutboxDelivery

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
"""How long an outbound handler may take before somebody else tries again."""

ATTEMPTS = 12
"""After so many failures (about a day with the back-off) a delivery is dead and waits for an operator."""

QUIET_AFTER_FAILURE = 1.0
"""Seconds in which no worker is woken after the broker did not answer, so that not every request waits for it."""

_quiet_until = 0.0


def wake_after_commit() -> None:
    """Ask the workers, once per transaction, to look at the outbox as soon as it commits."""
    pending = any(function is _wake for _, function, *_ in connection.run_on_commit)
    if not pending:
        transaction.on_commit(_wake)


def _wake() -> None:
    global _quiet_until
    from khidma.kernel.tasks import deliver_outbox

    if time.monotonic() < _quiet_until:
        return
    try:
        deliver_outbox.apply_async(retry=False)
    except (BrokerDown, RedisError, OSError) as error:  # the sweep makes up for it
        _quiet_until = time.monotonic() + QUIET_AFTER_FAILURE
        log.warning("outbox_wake_failed", error=type(error).__name__)


def deliver_due(limit: int = 10_000) -> int:
    """Deliver what is due, one row at a time, until nothing is left; how many were tried."""
    tried = 0
    while tried < limit and _deliver_one():
        tried += 1
    return tried


def _due() -> "OutboxDelivery | None":
    return (
        OutboxDelivery.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("event")
        .filter(status=DeliveryStatus.PENDING, due_at__lte=Now())
        .order_by("due_at", "id")
        .first()
    )


def _deliver_one() -> bool:
    with transaction.atomic():
        delivery = _due()
        if delivery is None:
            return False
        handler = handler_called(delivery.handler)
        if handler is not None and not handler.outbound:
            _deliver_inside(delivery, handler)
            return True
        OutboxDelivery.objects.filter(pk=delivery.pk).update(due_at=Now() + LEASE, attempts=F("attempts") + 1)
    _deliver_outside(delivery, handler)
    return True


def _deliver_inside(delivery: OutboxDelivery, handler: Handler) -> None:
    """Run the handler and write its receipt together; a failure undoes the handler alone."""
    token = request_id.set(delivery.event.request_id)
    try:
        with transaction.atomic(), _handling(delivery):
            handler.function(_restored(delivery, handler))
        _receipt(delivery)
    except Exception as error:
        OutboxDelivery.objects.filter(pk=delivery.pk).update(attempts=F("attempts") + 1)
        _failed(delivery, delivery.attempts + 1, error)
    finally:
        request_id.reset(token)


@contextmanager
def _handling(delivery: OutboxDelivery) -> Iterator[None]:
    """Let what the handler calls know which event it is about."""
    token = event_id.set(delivery.event_id)
    try:
        yield
    finally:
        event_id.reset(token)


def _deliver_outside(delivery: OutboxDelivery, handler: Handler | None) -> None:
    token = request_id.set(delivery.event.request_id)
    try:
        if handler is None:
            raise LookupError(f"No handler is called {delivery.handler}.")
        handler.function(_restored(delivery, handler), event_id=delivery.event_id)
        _receipt(delivery)
    except Exception as error:
        _failed(delivery, delivery.attempts + 1, error)
    finally:
        request_id.reset(token)


def _restored(delivery: OutboxDelivery, handler: Handler) -> Event:
    return handler.event.restore(delivery.event.payload)


def _receipt(delivery: OutboxDelivery) -> None:
    OutboxDelivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.DONE, done_at=Now(), last_error="")


def _failed(delivery: OutboxDelivery, attempts: int, error: Exception) -> None:
    """Put the delivery back with a growing pause, or lay it aside as dead."""
    log.error(
        "handler_failed",
        handler=delivery.handler,
        event_id=str(delivery.event_id),
        attempts=attempts,
        error=type(error).__name__,
        exc_info=error,
    )
    pause = timedelta(seconds=min(2**attempts, 3600) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, not a secret
    OutboxDelivery.objects.filter(pk=delivery.pk).update(
        status=DeliveryStatus.DEAD if attempts >= ATTEMPTS else DeliveryStatus.PENDING,
        due_at=Now() + pause,
        last_error=f"{type(error).__name__}: {error}"[:2000],
    )


def revive(deliveries: list[UUID]) -> int:
    """Try dead deliveries again (the operators' button); how many."""
    count = OutboxDelivery.objects.filter(pk__in=deliveries, status=DeliveryStatus.DEAD).update(
        status=DeliveryStatus.PENDING, attempts=0, due_at=Now()
    )
    wake_after_commit()
    return count


def forget(older_than: timedelta) -> int:
    """Delete events whose every delivery is done, once they are old enough; how many rows went."""
    from khidma.kernel.models import OutboxEvent

    old = OutboxEvent.objects.filter(created_at__lt=Now() - older_than).exclude(
        Q(deliveries__status=DeliveryStatus.PENDING) | Q(deliveries__status=DeliveryStatus.DEAD)
    )
    return OutboxEvent.objects.filter(pk__in=old.values("pk")[:5000]).delete()[0]
