"""Notifications, devices and webhooks for tests, made through the services."""

import itertools
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.models import User
from khidma.delivery.models import Channel, OutboxMessage
from khidma.kernel.clock import Now
from khidma.kernel.models import DeliveryStatus, OutboxDelivery
from khidma.kernel.outbox import deliver_due
from notifications import services
from notifications.models import (
    Notification,
    PushToken,
    Sending,
    SendingStatus,
    WebhookDelivery,
    WebhookEvent,
    WebhookSubscription,
)
from notifications.sentences import sentence
from notifications.services import webhooks

_numbers = itertools.count(1)
_secrets: dict[UUID, str] = {}


def make_notification(user: User, **over: Any) -> Notification:
    """One thing that this person was told, in the app only."""
    said: dict[str, Any] = {
        "kind": "order_funded",
        "title": "You can begin",
        "body": f"₹3,000.00 for “Logo {next(_numbers)}” is in escrow.",
        "data": {"orderId": "0195f0a0-0000-7000-8000-000000000001"},
        "action_url": "/orders/0195f0a0-0000-7000-8000-000000000001",
    }
    return services.tell(user_id=user.pk, **{**said, **over})


def make_push_token(user: User) -> PushToken:
    """A phone of this user."""
    return services.register_push_token(user=user, token=f"device-{next(_numbers):08d}", platform="android")


def sent(notification: Notification) -> list[str]:
    """The channels by which a notification went out, one entry a message."""
    keys = OutboxMessage.objects.filter(key__contains=str(notification.pk))
    return sorted(keys.values_list("channel", flat=True))


def send_everything() -> None:
    """Deliver what the outbox holds, and send what is then due by every channel."""
    deliver_due()
    for channel in Channel:
        services.send_due(channel=channel)


def lose_receipts() -> None:
    """As after workers that died when they had sent everything and not yet written any of that down."""
    OutboxDelivery.objects.filter(event__name="notifications.PersonTold").update(
        status=DeliveryStatus.PENDING, due_at=Now()
    )
    Sending.objects.filter(status=SendingStatus.SENT).update(status=SendingStatus.WAITING, sent_at=None, due_at=Now())


def make_subscription(user: User, **over: Any) -> WebhookSubscription:
    """Where this person hears of everything; its secret is `secret_of` it."""
    said: dict[str, Any] = {"url": "https://hooks.example.com/khidma", "events": WebhookEvent.values}
    subscription, secret = webhooks.subscribe(user=user, **{**said, **over})
    _secrets[subscription.pk] = secret
    return subscription


def secret_of(subscription: WebhookSubscription) -> str:
    """The secret that was shown when the subscription was made."""
    return _secrets[subscription.pk]


def make_delivery(subscription: WebhookSubscription) -> WebhookDelivery:
    """A test event on its way."""
    return webhooks.send_test(subscription=subscription)


def told_everywhere(user: User, channels: Iterable[str] = ("sms", "email", "push"), number: int = 0) -> Notification:
    """A doer told that an order is funded, as its handler tells it."""
    body = sentence("%(amount)s for “%(title)s” is in escrow.", amount="₹3,000.00", title="Logo")
    data = {"orderId": str(number or next(_numbers))}
    return services.tell(
        user_id=user.pk,
        kind="order_funded",
        title=sentence("You can begin"),
        body=body,
        data=data,
        action_url="/orders",
        channels=channels,
    )
