"""What came of attempts: each delivery's own schedule and the pace of its subscription, for many at once.

Subscriptions are locked before their deliveries, and in the order of their ids, as everybody does who writes both.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, OuterRef, Subquery

from khidma.kernel.clock import Now, now
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

_TAKEN = """
    UPDATE notifications_webhookdelivery AS delivery
    SET status = 'delivered', attempts = delivery.attempts + 1, attempted_at = khidma_now(), failure = '',
        response_status = attempt.status, response_ms = attempt.milliseconds
    FROM unnest(%s::uuid[], %s::smallint[], %s::int[]) AS attempt (id, status, milliseconds)
    WHERE delivery.id = attempt.id AND delivery.status = 'pending'
"""


@dataclass(frozen=True)
class Attempt:
    """One delivery, and what its receiver made of it."""

    delivery: WebhookDelivery
    outcome: Outcome


@dataclass(frozen=True)
class Ended:
    """The end of a subscription's turn: whether anything was taken, and what was not and so ended it."""

    subscription_id: UUID
    succeeded: bool
    failed: Attempt | None


@transaction.atomic
def write_down(taken: Sequence[Attempt], ended: Sequence[Ended]) -> None:
    """Store what was taken, and of turns that ended what failed, and when their subscriptions are ready next: for what
    is due after those who wait already, or after a rest."""
    if not taken and not ended:
        return
    concerned = {attempt.delivery.subscription_id for attempt in taken} | {one.subscription_id for one in ended}
    subscriptions = _locked(concerned)
    _write_taken(taken)
    well: list[UUID] = []
    idle: list[UUID] = []
    moment = now()
    for one in ended:
        if one.failed is None:
            (well if one.succeeded else idle).append(one.subscription_id)
        elif subscription := subscriptions.get(one.subscription_id):
            _failed(subscription, one.failed, moment, succeeded=one.succeeded)
    _end(idle, not_before=moment)
    _end(well, not_before=moment, last_success_at=moment, failure_count=0, failing_since=None)


def _locked(ids: Collection[UUID]) -> dict[UUID, WebhookSubscription]:
    """Those that were not deleted meanwhile, and their deliveries with them."""
    rows = WebhookSubscription.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("id")
    return {one.pk: one for one in rows}


def _write_taken(attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    outcomes = [one.outcome for one in attempts]
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKEN,
            [
                [one.delivery.pk for one in attempts],
                [outcome.status for outcome in outcomes],
                [outcome.milliseconds for outcome in outcomes],
            ],
        )


def _failed(subscription: WebhookSubscription, attempt: Attempt, moment: datetime, *, succeeded: bool) -> None:
    delivery, outcome = attempt.delivery, attempt.outcome
    due_at = moment + _jittered(PAUSES[min(delivery.attempts, len(PAUSES) - 1)])
    is_over = due_at >= delivery.give_up_at
    WebhookDelivery.objects.filter(pk=delivery.pk, status=PENDING).update(
        status=WebhookDeliveryStatus.FAILED if is_over else PENDING,
        attempts=F("attempts") + 1,
        attempted_at=Now(),
        response_status=outcome.status,
        response_ms=outcome.milliseconds,
        failure=outcome.failure,
        due_at=due_at,
    )
    subscription.failure_count += 1
    subscription.failing_since = subscription.failing_since or moment
    not_before = moment + _rest(subscription.failure_count)
    _end(
        [subscription.pk],
        not_before=not_before,
        failure_count=subscription.failure_count,
        failing_since=subscription.failing_since,
        **({"last_success_at": moment} if succeeded else {}),
    )
    if outcome.status == GONE:
        disable(subscription=subscription, because=DisabledBecause.GONE)
    elif moment - subscription.failing_since >= timedelta(days=WebhookSettings.load().disable_days):
        disable(subscription=subscription, because=DisabledBecause.FAILING)


def _end(ids: Sequence[UUID], **changes: datetime | int | None) -> None:
    """Write this to locked subscriptions, with the moment at which the first of what waits for them is due by now."""
    if not ids:
        return
    waiting = WebhookDelivery.objects.filter(subscription=OuterRef("pk"), status=PENDING).order_by("due_at")
    WebhookSubscription.objects.filter(pk__in=ids).update(due_at=Subquery(waiting.values("due_at")[:1]), **changes)


def _rest(failures: int) -> timedelta:
    """How long a subscription is left alone after so many failures in a row."""
    return _jittered(min(SHORTEST_REST * 2 ** min(failures - 1, 20), LONGEST_REST))


def _jittered(pause: timedelta) -> timedelta:
    return pause * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
