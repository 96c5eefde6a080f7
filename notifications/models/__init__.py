"""The tables of notifications, by noun."""

from notifications.models.devices import Platform, PushToken
from notifications.models.notifications import Notification, NotificationQuerySet

__all__ = ["Notification", "NotificationQuerySet", "Platform", "PushToken"]
