"""The headers of Standard Webhooks: the id of the message, the moment of this attempt, a signature by each secret."""

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook

from notifications.models import WebhookDelivery


def headers_of(delivery: WebhookDelivery, secrets: Iterable[str], *, at: datetime | None = None) -> dict[str, str]:
    """For one attempt of now; the id is the same for all attempts. The clock is the machine's, which receivers compare
    with theirs."""
    at = at or datetime.now(UTC)
    message_id = str(delivery.pk)
    signatures = [Webhook(secret).sign(message_id, at, delivery.body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Khidma-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
