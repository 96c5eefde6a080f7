"""Shapes of notifications on the wire, by noun."""

from notifications.api.serializers.devices import PushTokenBody, PushTokenSerializer
from notifications.api.serializers.notifications import (
    NotificationQuery,
    NotificationSerializer,
    NotificationSummary,
    ReadAllResult,
)
from notifications.api.serializers.preferences import PreferencesSerializer
from notifications.api.serializers.webhooks import (
    DeliveryQuery,
    DeliverySerializer,
    NewSubscriptionSerializer,
    SubscriptionBody,
    SubscriptionSerializer,
)

__all__ = [
    "DeliveryQuery",
    "DeliverySerializer",
    "NewSubscriptionSerializer",
    "NotificationQuery",
    "NotificationSerializer",
    "NotificationSummary",
    "PreferencesSerializer",
    "PushTokenBody",
    "PushTokenSerializer",
    "ReadAllResult",
    "SubscriptionBody",
    "SubscriptionSerializer",
]
