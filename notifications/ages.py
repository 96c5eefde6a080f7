"""Maximum ages of notifications: webhooks on their way."""

from datetime import timedelta

from django.db.models import F, Q
from django.db.models.functions import Greatest

from khidma.kernel.aging import may_last
from notifications.models import WebhookDelivery, WebhookDeliveryStatus, WebhookSubscription

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
