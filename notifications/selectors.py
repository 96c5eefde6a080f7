"""Reads of notifications by the person they belong to."""

from uuid import UUID

from accounts.models import User
from notifications.errors import NotificationUnknown, PushTokenUnknown
from notifications.models import Notification, NotificationQuerySet, PushToken

COUNTED = 1000
"""Unread notifications are counted up to here."""


def list_notifications_for(user: User) -> NotificationQuerySet:
    """All that this person was told."""
    return Notification.objects.filter(user=user)


def count_unread_for(user: User) -> int:
    """How many they have not seen, at most `COUNTED`."""
    return list_notifications_for(user).unread()[:COUNTED].count()


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
