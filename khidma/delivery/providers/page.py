"""The outbox page: keeps every message in the database instead of sending it. For local and test runs."""

from khidma.delivery.models import Channel, OutboxMessage
from khidma.delivery.providers import Email, Push, Sms


def keep(channel: Channel, *, to: str, subject: str = "", body: str, key: str) -> str:
    """Keep it once: the same key again changes nothing."""
    key = f"{channel}:{key}"
    OutboxMessage.objects.bulk_create(
        [OutboxMessage(channel=channel, to=to, subject=subject, body=body, key=key)], ignore_conflicts=True
    )
    return key


class SmsPage:
    name = "page"

    def send(self, sms: Sms) -> str:
        return keep(Channel.SMS, to=sms.to, body=sms.body, key=sms.key)


class EmailPage:
    name = "page"

    def send(self, email: Email) -> str:
        return keep(Channel.EMAIL, to=email.to, subject=email.subject, body=email.body, key=email.key)


class PushPage:
    name = "page"

    def send(self, push: Push) -> str:
        return keep(Channel.PUSH, to=push.token, subject=push.title, body=push.body, key=push.key)
