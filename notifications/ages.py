"""Maximum ages of notifications: webhooks on their way, and what waits to go out."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest

from khidma.delivery.models import Channel
from khidma.kernel.aging import may_last
from notifications.models import Sending, SendingStatus, WebhookDelivery, WebhookDeliveryStatus, WebhookSubscription
from notifications.runtime import WebhookSettings

may_last(
    WebhookDelivery,
    {WebhookDeliveryStatus.PENDING},
    since="give_up_at",
    within=timedelta(minutes=5),
    sweep="notifications.tasks.give_up_webhooks",
)
may_last(
    WebhookSubscription,
    name="ready, not served",
    where=Q(active=True, due_at__isnull=False, failure_count=0),
    since=Greatest(F("due_at"), F("not_before")),
    within=timedelta(minutes=2),
    sweep="notifications.tasks.send_webhooks",
)
for channel in Channel:
    may_last(
        Sending,
        name=f"{channel} waiting, due",
        where=Q(status=SendingStatus.WAITING, channel=channel),
        since="due_at",
        within=timedelta(minutes=2),
        sweep=f"notifications.tasks.send_{channel}",
    )
    may_last(
        Sending,
        name=f"{channel} waiting, tried again and again",
        where=Q(status=SendingStatus.WAITING, channel=channel),
        since="created_at",
        within=timedelta(days=2),
        sweep=f"notifications.tasks.send_{channel}",
    )
may_last(
    Sending,
    name="dead",
    where=Q(status=SendingStatus.DEAD),
    since="created_at",
    within=timedelta(0),
    people="operators: try again in the admin",
)
may_last(
    WebhookSubscription,
    name="failing",
    where=Q(active=True, failure_count__gt=0),
    since="failing_since",
    within=lambda: timedelta(days=WebhookSettings.load().disable_days, minutes=5),
    sweep="notifications.tasks.disable_failing_webhooks",
)
