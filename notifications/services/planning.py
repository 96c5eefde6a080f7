"""Deciding by which channels and to which devices a notification goes out, and when."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from khidma.delivery.models import Channel
from khidma.kernel.clock import now
from notifications import selectors
from notifications.models import Notification, Sending


@transaction.atomic
def plan_sendings(
    *, notification_id: UUID, channels: Iterable[str], text: str = "", values: Mapping[str, Any] | None = None
) -> list[Channel]:
    """Write a row for each channel that it deserves and its receiver wants, and for each device; the channels that now
    have something waiting. What is planned already stays as it is.
    """
    told = Notification.objects.select_related("user").get(pk=notification_id)
    preferences = selectors.get_preferences_of(told.user_id)
    moment = now()
    rows = []
    for channel in sorted(Channel(name) for name in set(channels)):
        if preferences.wants(told.kind, channel):
            due_at = preferences.quiet_until(told.kind, channel, moment) or moment
            for device_id in _devices(told, channel):
                row = Sending(notification=told, channel=channel, device_id=device_id, due_at=due_at)
                if channel == Channel.SMS:
                    row.text, row.values = text or f"{told.title}. {told.body}", dict(values or {})
                rows.append(row)
    Sending.objects.bulk_create(rows, ignore_conflicts=True)
    return sorted({Channel(row.channel) for row in rows if row.due_at <= moment})


def _devices(told: Notification, channel: Channel) -> list[UUID | None]:
    """One row for each; for SMS and e-mail the address is the user's own, where there is one."""
    if channel == Channel.PUSH:
        return list(selectors.list_devices_of(told.user_id).values_list("pk", flat=True))
    address = told.user.phone if channel == Channel.SMS else told.user.email
    return [None] if address else []
