"""Carrying notifications out of the house: one row at a time, claimed, handed over, written down."""

import random
import threading
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.template.loader import render_to_string
from django.utils.translation import override
from prometheus_client import Counter

from khidma.delivery import deliver
from khidma.delivery.errors import DeviceGone, NotDeliverable, NotTaken
from khidma.delivery.models import Channel
from khidma.kernel.clock import Now, now
from notifications import selectors
from notifications.kinds import ALWAYS, group_of
from notifications.models import PushToken, Sending, SendingStatus
from notifications.services.capping import take_sms
from notifications.services.planning import plan_sendings

log = structlog.get_logger(__name__)

sendings = Counter("khidma_sendings_total", "Notifications by what came of a try to send them.", ["channel", "outcome"])

LEASE = timedelta(seconds=60)
"""How long a provider may take before somebody else tries again: more than two of them take to fall silent."""

ATTEMPTS = 12
"""After so many tries (about seven hours with the pauses) a sending is dead and waits for an operator."""

KEPT_FOR = timedelta(days=30)

lanes = {channel: threading.BoundedSemaphore(2) for channel in Channel}
"""So many threads of a process send by one channel at once: providers that hang leave the others to other work."""


def send_due(*, channel: Channel, limit: int = 1000) -> int:
    """Send what is due by one channel, until nothing is left or nobody takes anything; how many were tried.

    Where all lanes of the channel are taken it does nothing: those in them go on until nothing is left.
    """
    if not lanes[channel].acquire(blocking=False):
        return 0
    try:
        tried = 0
        while tried < limit:
            taken = send_next(channel=channel)
            tried += taken is not None
            if not taken:
                break
        return tried
    finally:
        lanes[channel].release()


def send_next(*, channel: Channel) -> bool | None:
    """Send the one that is due first. None: there is none; False: nobody takes messages at the moment."""
    with transaction.atomic():
        sending = _next_due(channel)
        if sending is None:
            return None
        address = _prepare(sending)
        if address is None:
            return True
        Sending.objects.filter(pk=sending.pk).update(due_at=Now() + LEASE, attempts=F("attempts") + 1)
    try:
        provider = _hand_over(sending, address)
    except NotTaken as error:
        _not_taken(sending, error.reason, error.pause)
        return False
    except NotDeliverable as error:
        _refused(sending, error, address)
    except Exception as error:
        log.error("sending_failed", sending_id=str(sending.pk), channel=channel, exc_info=error)
        _not_taken(sending, type(error).__name__, None)
    else:
        _sent(sending, provider)
    return True


def _next_due(channel: Channel) -> Sending | None:
    return (
        Sending.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        .select_related("notification__user")
        .filter(channel=channel, status=SendingStatus.WAITING, due_at__lte=Now())
        .order_by("due_at", "id")
        .first()
    )


def _prepare(sending: Sending) -> str | None:
    """Where to send it; None where it must wait, or need not go any more."""
    told = sending.notification
    preferences = selectors.get_preferences_of(told.user_id)
    if until := preferences.quiet_until(told.kind, Channel(sending.channel), now()):
        Sending.objects.filter(pk=sending.pk).update(due_at=until)
        return None
    address = _address(sending)
    reason = _needless(sending, address)
    if reason:
        sendings.labels(sending.channel, reason).inc()
        Sending.objects.waiting(sending.pk).update(status=SendingStatus.DROPPED, last_error=reason)
        return None
    return address


def _needless(sending: Sending, address: str | None) -> str:
    """Why it need not, or may not, go; empty where it may. A text over the cap goes by the other channels instead."""
    told = sending.notification
    if not told.user.is_active or not address:
        return "no_address"
    if told.read and sending.channel != Channel.EMAIL and group_of(told.kind) not in ALWAYS:
        return "read_meanwhile"
    if sending.channel == Channel.SMS and not sending.attempts and not take_sms(user=told.user):
        plan_sendings(notification_id=told.pk, channels=[Channel.EMAIL, Channel.PUSH])
        return "over_cap"
    return ""


def _address(sending: Sending) -> str | None:
    user = sending.notification.user
    if sending.channel == Channel.PUSH:  # a device may have gone to somebody else since, or have signed out
        device = selectors.list_devices_of(user.pk).filter(pk=str(sending.device_id))
        return device.values_list("token", flat=True).first()
    return user.phone if sending.channel == Channel.SMS else user.email


def _hand_over(sending: Sending, address: str) -> str:
    told = sending.notification
    if sending.channel == Channel.SMS:
        return deliver.send_sms(
            to=address,
            body=sending.text,
            key=sending.key,
            template=told.kind,
            values=sending.values,
            language=told.language,
        )
    if sending.channel == Channel.EMAIL:
        link = f"{settings.PUBLIC_URL}{told.action_url}" if told.action_url else ""
        with override(told.language):
            html = render_to_string("notifications/email.html", {"told": told, "link": link})
        body = f"{told.body}\n\n{link}".rstrip()
        return deliver.send_email(to=address, subject=told.title, body=body, html=html, key=sending.key)
    data = {**told.data, "type": told.kind, "notificationId": str(told.pk)}
    return deliver.send_push(token=address, title=told.title, body=told.body, data=data, key=sending.key)


def _sent(sending: Sending, provider: str) -> None:
    sendings.labels(sending.channel, "sent").inc()
    Sending.objects.waiting(sending.pk).update(
        status=SendingStatus.SENT, sent_at=Now(), provider=provider, last_error=""
    )


def _not_taken(sending: Sending, reason: str, pause: int | None) -> None:
    """Put it back with a growing pause, or the one that the provider asked for; or give it up."""
    attempts = sending.attempts + 1
    seconds = pause or min(10 * 2**attempts, 7200) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
    is_dead = attempts >= ATTEMPTS
    sendings.labels(sending.channel, "dead" if is_dead else "not_taken").inc()
    Sending.objects.waiting(sending.pk).update(
        status=SendingStatus.DEAD if is_dead else SendingStatus.WAITING,
        due_at=Now() + timedelta(seconds=seconds),
        last_error=reason[:500],
    )


def _refused(sending: Sending, error: NotDeliverable, address: str) -> None:
    sendings.labels(sending.channel, "refused").inc()
    with transaction.atomic():
        if isinstance(error, DeviceGone):
            PushToken.objects.filter(pk=str(sending.device_id), token=address).delete()
        Sending.objects.waiting(sending.pk).update(status=SendingStatus.REFUSED, last_error=error.reason[:500])


def revive(*, sending_ids: list[UUID]) -> int:
    """Try dead ones again (the operators' button); how many."""
    dead = Sending.objects.filter(pk__in=sending_ids, status=SendingStatus.DEAD)
    return dead.update(status=SendingStatus.WAITING, attempts=0, due_at=Now())


def forget_sendings() -> int:
    """Delete what is over and a month old, at most 5 000 rows; how many."""
    over = [SendingStatus.SENT, SendingStatus.REFUSED, SendingStatus.DROPPED]
    old = Sending.objects.filter(created_at__lt=Now() - KEPT_FOR, status__in=over).order_by("created_at")
    return Sending.objects.filter(pk__in=old.values("pk")[:5000]).delete()[0]
