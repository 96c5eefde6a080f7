"""Shapes of notifications on the wire, by noun."""

from notifications.api.serializers.devices import PushTokenBody, PushTokenSerializer
from notifications.api.serializers.notifications import (
    NotificationQuery,
    NotificationSerializer,
    NotificationSummary,
    ReadAllResult,
)

__all__ = [
    "NotificationQuery",
    "NotificationSerializer",
    "NotificationSummary",
    "PushTokenBody",
    "PushTokenSerializer",
    "ReadAllResult",
]
