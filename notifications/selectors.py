"""Reads of notifications and webhooks by the person they belong to."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.models import User
from notifications.errors import NotificationUnknown, PushTokenUnknown, SubscriptionUnknown, WebhookDeliveryUnknown
from notifications.models import (
    Notification,
    NotificationQuerySet,
    Preferences,
    PushToken,
    WebhookDelivery,
    WebhookSubscription,
)

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


def get_preferences_of(user_id: UUID) -> Preferences:
    """What they chose; the defaults, not stored, where they chose nothing."""
    return Preferences.objects.filter(pk=user_id).first() or Preferences(user_id=user_id)


def language_chosen_by(people: QuerySet[User]) -> str | None:
    """The language in the preferences of the one person among these; None where there is nobody, or no choice."""
    return Preferences.objects.filter(user__in=people).values_list("language", flat=True).first()


def list_devices_of(user_id: UUID) -> QuerySet[PushToken]:
    """Those that pushes go to: not where the session that registered them has ended."""
    return PushToken.objects.filter(user=user_id).exclude(session__ended_at__isnull=False).order_by("id")


def get_push_token_for(user: User, token_id: UUID) -> PushToken:
    """One of their devices. :raises PushTokenUnknown: it is not."""
    found = PushToken.objects.filter(user=user, pk=token_id).first()
    if found is None:
        raise PushTokenUnknown
    return found


def list_subscriptions_for(user: User) -> QuerySet[WebhookSubscription]:
    """Where this person has webhooks sent, newest first."""
    return WebhookSubscription.objects.filter(user=user).order_by("-id")


def get_subscription_for(user: User, subscription_id: UUID) -> WebhookSubscription:
    """One of their subscriptions. :raises SubscriptionUnknown: it is not."""
    found = list_subscriptions_for(user).filter(pk=subscription_id).first()
    if found is None:
        raise SubscriptionUnknown
    return found


def list_deliveries_for(user: User, *, subscription_id: UUID | None = None) -> QuerySet[WebhookDelivery]:
    """What was sent, or is to be sent, to this person's subscriptions, or to one of them; without the bodies."""
    deliveries = WebhookDelivery.objects.filter(user=user).defer("body")
    return deliveries.filter(subscription=subscription_id) if subscription_id else deliveries


def get_delivery_for(user: User, delivery_id: UUID) -> WebhookDelivery:
    """One of them. :raises WebhookDeliveryUnknown: it is not, or it was forgotten."""
    found = list_deliveries_for(user).select_related("subscription").filter(pk=delivery_id).first()
    if found is None:
        raise WebhookDeliveryUnknown
    return found
