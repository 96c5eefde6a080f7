"""Reads of notifications by the person they belong to."""

from uuid import UUID

from accounts.models import User
from notifications.errors import NotificationUnknown, PushTokenUnknown
from notifications.models import Notification, NotificationQuerySet, PushToken

COUNTED = 10_000
"""Notifications are counted up to here."""


def list_notifications_for(user: User) -> NotificationQuerySet:
    """All that this person was told."""
    return Notification.objects.filter(user=user)


def count_for(user: User) -> dict[str, int]:
    """How many there are and how many they have not seen, each at most `COUNTED`."""
    told = list_notifications_for(user)
    return {"total": told[:COUNTED].count(), "unread": told.unread()[:COUNTED].count()}


def get_notification_for(user: User, notification_id: UUID) -> Notification:
    """One of theirs. :raises NotificationUnknown: it is not."""
    found = list_notifications_for(user).filter(pk=notification_id).first()
    if found is None:
        raise NotificationUnknown
    return found


def get_push_token_for(user: User, token_id: UUID) -> PushToken:
    """One of their devices. :raises PushTokenUnknown: it is not."""
    found = PushToken.objects.filter(user=user, pk=token_id).first()
    if found is None:
        raise PushTokenUnknown
    return found
