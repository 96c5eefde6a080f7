"""Sends an SMS, e-mail or push: to the outbox page in local and test runs, through a provider in production."""

from typing import Any, Protocol

from django.conf import settings

from khidma.delivery.models import Channel, OutboxMessage
from khidma.kernel.errors import Unavailable
from khidma.kernel.network import forbid_in_transaction


class Sender(Protocol):
    """Whoever carries a message out; `key` makes a repeated call one message."""

    def send(self, *, channel: Channel, to: str, subject: str, body: str, data: dict[str, Any], key: str) -> None: ...


class OutboxSender:
    """Keeps the message in the database, for the outbox page."""

    def send(self, *, channel: Channel, to: str, subject: str, body: str, data: dict[str, Any], key: str) -> None:
        """Keep it once: the same key again changes nothing."""
        OutboxMessage.objects.bulk_create(
            [OutboxMessage(channel=channel, to=to, subject=subject, body=body, key=key)], ignore_conflicts=True
        )


class NoSender:
    """Stands where production has no provider yet: says so instead of losing messages."""

    def send(self, *, channel: Channel, to: str, subject: str, body: str, data: dict[str, Any], key: str) -> None:
        """:raises Unavailable: always."""
        raise Unavailable


def sender() -> Sender:
    """The sender of this environment."""
    return NoSender() if settings.KHIDMA_ENV == "production" else OutboxSender()


def _send(
    channel: Channel, *, to: str, subject: str = "", body: str, data: dict[str, Any] | None = None, key: str
) -> None:
    forbid_in_transaction()
    sender().send(channel=channel, to=to, subject=subject, body=body, data=data or {}, key=f"{channel}:{key}")


def send_sms(*, to: str, body: str, key: str) -> None:
    """Send an SMS to an E.164 number. :raises Unavailable: no provider took it; nothing was sent."""
    _send(Channel.SMS, to=to, body=body, key=key)


def send_email(*, to: str, subject: str, body: str, key: str) -> None:
    """Send a plain e-mail. :raises Unavailable: no provider took it."""
    _send(Channel.EMAIL, to=to, subject=subject, body=body, key=key)


def send_push(*, token: str, title: str, body: str, data: dict[str, Any], key: str) -> None:
    """Send a push message to one device. :raises Unavailable: no provider took it."""
    _send(Channel.PUSH, to=token, subject=title, body=body, data=data, key=key)
