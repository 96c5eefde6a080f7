"""Telling people: a row in the app, an event on their stream, and what goes out by SMS, e-mail and push."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from khidma.delivery import deliver
from khidma.kernel.clock import now
from khidma.kernel.events import publish
from khidma.realtime import streams
from notifications.events import PersonTold
from notifications.models import Notification, PushToken


@transaction.atomic
def tell(
    *,
    user_id: UUID,
    kind: str,
    title: str,
    body: str,
    data: dict[str, Any],
    action_url: str = "",
    channels: Iterable[str] = (),
) -> Notification:
    """Tell one person one thing: stored, on their stream, and out by the channels (`sms`, `email`, `push`)."""
    notification = Notification.objects.create(
        user_id=user_id, kind=kind, title=title, body=body, data=data, action_url=action_url
    )
    streams.push(user_ids=[user_id], event="NOTIFICATION", data=notification.for_stream())
    if channels := list(channels):
        publish(PersonTold(notification_id=notification.id, channels=channels))
    return notification


def send_out(*, notification_id: UUID, channels: Iterable[str]) -> None:
    """Carry a notification out of the house; the keys make a repeated call one message each.

    :raises Unavailable: a provider did not take it; the outbox tries again.
    """
    notification = Notification.objects.select_related("user").get(pk=notification_id)
    user, key = notification.user, str(notification.id)
    if "sms" in channels and user.phone:
        body = f"{notification.title}. {notification.body}"
        deliver.send_sms(to=user.phone, body=body, key=key, template=notification.kind, values={})
    if "email" in channels and user.email:
        deliver.send_email(to=user.email, subject=notification.title, body=notification.body, key=key)
    if "push" in channels:
        for device in PushToken.objects.filter(user=user):
            deliver.send_push(
                token=device.token,
                title=notification.title,
                body=notification.body,
                data={**notification.data, "type": notification.kind},
                key=f"{key}:{device.id}",
            )


def mark_read(*, notification: Notification) -> Notification:
    """Remember that its receiver has seen it; a second time changes nothing."""
    Notification.objects.filter(pk=notification.pk, read_at__isnull=True).update(read_at=now())
    notification.refresh_from_db()
    return notification


def mark_all_read(*, user: User) -> int:
    """Everything the user has not seen is read now; how many that were."""
    return Notification.objects.filter(user=user).unread().update(read_at=now())
