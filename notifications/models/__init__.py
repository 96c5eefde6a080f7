"""The tables of notifications, by noun."""

from notifications.models.devices import Platform, PushToken
from notifications.models.notifications import Notification, NotificationQuerySet
from notifications.models.webhooks import (
    TEST_EVENT,
    DisabledBecause,
    Failure,
    WebhookDelivery,
    WebhookDeliveryStatus,
    WebhookEvent,
    WebhookSecret,
    WebhookSubscription,
)

__all__ = [
    "TEST_EVENT",
    "DisabledBecause",
    "Failure",
    "Notification",
    "NotificationQuerySet",
    "Platform",
    "PushToken",
    "WebhookDelivery",
    "WebhookDeliveryStatus",
    "WebhookEvent",
    "WebhookSecret",
    "WebhookSubscription",
]
