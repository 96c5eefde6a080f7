"""What came of an attempt: the delivery's own schedule, and the pace of its subscription."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F

from khidma.kernel.clock import Now, now
from khidma.kernel.states import lock
from notifications.models import DisabledBecause, WebhookDelivery, WebhookDeliveryStatus, WebhookSubscription
from notifications.providers.receivers import Outcome
from notifications.runtime import WebhookSettings
from notifications.services.webhooks.ending import disable

PENDING = WebhookDeliveryStatus.PENDING
GONE = 410
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 7_200, 21_600, 43_200, 86_400, 86_400))
"""After the first attempt, the second, …: the last comes 2 days and 21 hours after the first, a fifth more or less."""
SHORTEST_REST = timedelta(seconds=2)
LONGEST_REST = timedelta(minutes=5)


def _jittered(pause: timedelta) -> timedelta:
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret


def record(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Write an attempt down."""
    if outcome.is_success:
        _write(delivery, outcome, status=WebhookDeliveryStatus.DELIVERED)
    else:
        _failed(delivery, outcome)


def _write(delivery: WebhookDelivery, outcome: Outcome, *, status: str, due_at: datetime | None = None) -> None:
    WebhookDelivery.objects.filter(pk=delivery.pk, status=PENDING).update(
        status=status,
        attempts=F("attempts") + 1,
        attempted_at=Now(),
        response_status=outcome.status,
        response_ms=outcome.milliseconds,
        failure=outcome.failure,
        **({"due_at": due_at} if due_at else {}),
    )


@transaction.atomic
def _failed(delivery: WebhookDelivery, outcome: Outcome) -> None:
    subscription = WebhookSubscription.objects.filter(pk=delivery.subscription_id).first()
    if subscription is None:  # deleted meanwhile, and its deliveries with it
        return
    subscription = lock(subscription)
    moment = now()
    due_at = moment + _jittered(PAUSES[min(delivery.attempts, len(PAUSES) - 1)])
    is_over = due_at >= delivery.give_up_at
    _write(delivery, outcome, status=WebhookDeliveryStatus.FAILED if is_over else PENDING, due_at=due_at)
    subscription.failure_count += 1
    subscription.failing_since = subscription.failing_since or moment
    subscription.not_before = moment + _rest(subscription.failure_count)
    subscription.save(update_fields=["failure_count", "failing_since", "not_before"])
    if outcome.status == GONE:
        disable(subscription=subscription, because=DisabledBecause.GONE)
    elif moment - subscription.failing_since >= timedelta(days=WebhookSettings.load().disable_days):
        disable(subscription=subscription, because=DisabledBecause.FAILING)


def _rest(failures: int) -> timedelta:
    """How long a subscription is left alone after so many failures in a row."""
    return _jittered(min(SHORTEST_REST * 2 ** min(failures - 1, 20), LONGEST_REST))


@transaction.atomic
def end_turn(subscription_id: UUID, *, succeeded: bool, failed: bool) -> None:
    """Say when a subscription is ready next: for what is due after those who wait already, or after its rest."""
    subscription = WebhookSubscription.objects.select_for_update(no_key=True).filter(pk=subscription_id).first()
    if subscription is None:
        return
    waiting = WebhookDelivery.objects.filter(subscription=subscription, status=PENDING).order_by("due_at")
    subscription.due_at = waiting.values_list("due_at", flat=True).first()
    moment = now()
    if succeeded:
        subscription.last_success_at = moment
    if not failed:
        subscription.not_before = moment
    if succeeded and not failed:
        subscription.failure_count, subscription.failing_since = 0, None
    subscription.save(
        update_fields=["due_at", "not_before", "last_success_at", "failure_count", "failing_since"],
    )
