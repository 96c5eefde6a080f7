"""One event for one subscription, as it is sent: numbered, with its body fixed for all attempts."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from khidma.kernel.clock import now
from notifications.models import WebhookDelivery, WebhookSubscription
from notifications.runtime import WebhookSettings
from notifications.services.webhooks.waking import wake_after_commit


def write(
    subscription: WebhookSubscription,
    *,
    event_type: str,
    event_id: UUID,
    at: datetime,
    data: dict[str, Any],
    object_id: UUID | None = None,
) -> WebhookDelivery:
    """Give a locked subscription its next event. Sequences have no gaps, as the lock is held until the commit."""
    moment = now()
    subscription.last_sequence += 1
    subscription.due_at = min(subscription.due_at or moment, moment)
    subscription.save(update_fields=["last_sequence", "due_at"])
    payload = {
        "type": event_type,
        "timestamp": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sequence": subscription.last_sequence,
        "data": data,
    }
    delivery = WebhookDelivery.objects.create(
        subscription=subscription,
        user_id=subscription.user_id,
        event_type=event_type,
        event_id=event_id,
        object_id=object_id,
        sequence=subscription.last_sequence,
        body=json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str),
        due_at=moment,
        give_up_at=moment + timedelta(days=WebhookSettings.load().give_up_days),
    )
    wake_after_commit()
    return delivery
