"""What the owner of a subscription asks for: a test event, or an old one once more."""

from datetime import timedelta

from django.db import transaction

from khidma.kernel.clock import now
from khidma.kernel.ids import new_id
from khidma.kernel.states import lock
from notifications.errors import SubscriptionNotActive
from notifications.models import TEST_EVENT, WebhookDelivery, WebhookDeliveryStatus, WebhookSubscription
from notifications.runtime import WebhookSettings
from notifications.services.webhooks.waking import wake_after_commit
from notifications.services.webhooks.writing import Happening, write


@transaction.atomic
def send_test(*, subscription: WebhookSubscription) -> WebhookDelivery:
    """Send an event that is about nothing, at once. :raises SubscriptionNotActive:"""
    subscription = _require_active(subscription)
    data = {"object": {"subscriptionId": str(subscription.pk)}, "previous": {}}
    (delivery,) = write(Happening(TEST_EVENT, new_id(), now()), [(subscription, data)])
    return delivery


@transaction.atomic
def redeliver(*, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send it once more, at once and with its retries, under the id that it had. :raises SubscriptionNotActive:"""
    subscription = _require_active(delivery.subscription)
    delivery = lock(delivery)
    moment = now()
    delivery.status, delivery.due_at, delivery.attempts = WebhookDeliveryStatus.PENDING, moment, 0
    delivery.give_up_at = moment + timedelta(days=WebhookSettings.load().give_up_days)
    delivery.save(update_fields=["status", "due_at", "attempts", "give_up_at"])
    subscription.due_at = moment
    subscription.save(update_fields=["due_at"])
    wake_after_commit()
    return delivery


def _require_active(subscription: WebhookSubscription) -> WebhookSubscription:
    """The subscription under its lock, not resting any more: its owner looks at it now."""
    subscription = lock(subscription)
    if not subscription.active:
        raise SubscriptionNotActive
    if subscription.failure_count:
        subscription.not_before = now()
        subscription.save(update_fields=["not_before"])
    return subscription
