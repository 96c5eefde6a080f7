"""One event for several subscriptions, as it is sent: numbered, with its body fixed for all attempts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F
from django.db.models.functions import Coalesce, Least

from khidma.kernel.clock import now
from notifications.models import WebhookDelivery, WebhookSubscription
from notifications.runtime import WebhookSettings
from notifications.services.webhooks.waking import wake_after_commit


@dataclass(frozen=True)
class Happening:
    """What is told: the same for all, but for the data."""

    event_type: str
    event_id: UUID
    at: datetime
    object_id: UUID | None = None


def write(happening: Happening, told: Sequence[tuple[WebhookSubscription, dict[str, Any]]]) -> list[WebhookDelivery]:
    """Give each locked subscription its next event, with its data. Sequences have no gaps, as the locks are held until
    the commit."""
    if not told:
        return []
    moment = now()
    give_up_at = moment + timedelta(days=WebhookSettings.load().give_up_days)
    deliveries = [
        WebhookDelivery(
            subscription=subscription,
            user_id=subscription.user_id,
            event_type=happening.event_type,
            event_id=happening.event_id,
            object_id=happening.object_id,
            sequence=subscription.last_sequence + 1,
            body=_body(happening, subscription.last_sequence + 1, data),
            created_at=moment,
            due_at=moment,
            give_up_at=give_up_at,
        )
        for subscription, data in told
    ]
    WebhookDelivery.objects.bulk_create(deliveries)
    WebhookSubscription.objects.filter(pk__in=[subscription.pk for subscription, _ in told]).update(
        last_sequence=F("last_sequence") + 1, due_at=Least(Coalesce("due_at", moment), moment)
    )
    wake_after_commit()
    return deliveries


def _body(happening: Happening, sequence: int, data: dict[str, Any]) -> str:
    payload = {
        "type": happening.event_type,
        "timestamp": happening.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sequence": sequence,
        "data": data,
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
