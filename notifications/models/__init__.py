"""The tables of notifications, by noun."""

from notifications.models.devices import Platform, PushToken
from notifications.models.digests import Digest
from notifications.models.notifications import Notification, NotificationQuerySet
from notifications.models.preferences import Language, Preferences
from notifications.models.sendings import Sending, SendingStatus, SmsCount
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
    "Digest",
    "DisabledBecause",
    "Failure",
    "Language",
    "Notification",
    "NotificationQuerySet",
    "Platform",
    "Preferences",
    "PushToken",
    "Sending",
    "SendingStatus",
    "SmsCount",
    "WebhookDelivery",
    "WebhookDeliveryStatus",
    "WebhookEvent",
    "WebhookSecret",
    "WebhookSubscription",
]
