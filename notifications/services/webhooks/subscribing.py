"""Who hears what, where, and signed with which secret."""

import asyncio
import base64
import os
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.db import transaction

from accounts.models import User
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import Invalid
from khidma.kernel.network import forbid_in_transaction
from khidma.kernel.sealing import seal
from khidma.kernel.states import lock
from notifications.errors import TooManySubscriptions
from notifications.models import WebhookDelivery, WebhookDeliveryStatus, WebhookSecret, WebhookSubscription
from notifications.providers.receivers import AddressRefused, receiver_of, resolve
from notifications.runtime import WebhookSettings

SECRET_BYTES = 32
OLD_SECRETS_KEPT = 4
"""However often somebody rotates within a day, a message carries at most one signature more than this."""
LOOK_UP_SECONDS = 2.0


def require_foreign(url: str) -> None:
    """Ask for the addresses of a receiver's name; call it outside any transaction. One without an answer is let
    through, as each delivery asks again. :raises Invalid: it leads where we do not send."""
    forbid_in_transaction()
    try:
        async_to_sync(_look_up)(url)
    except AddressRefused as refused:
        raise Invalid(details={"url": [str(refused.reason)]}) from refused
    except OSError:  # no answer, or none in time
        return


async def _look_up(url: str) -> None:
    async with asyncio.timeout(LOOK_UP_SECONDS):
        await resolve(receiver_of(url))


def _spelled(url: str) -> str:
    """:raises Invalid: it cannot be the address of a receiver."""
    try:
        return receiver_of(url).url
    except AddressRefused as refused:
        raise Invalid(details={"url": [str(refused.reason)]}) from refused


@transaction.atomic
def subscribe(*, user: User, url: str, events: Collection[str], active: bool = True) -> tuple[WebhookSubscription, str]:
    """Tell this address of these events from now on; with the secret, which nobody sees again.

    :raises Invalid: the address is none we send to. :raises TooManySubscriptions:
    """
    url = _spelled(url)
    user = lock(user)  # so that two at once count each other
    if WebhookSubscription.objects.filter(user=user).count() >= WebhookSettings.load().subscriptions_per_user:
        raise TooManySubscriptions
    subscription = WebhookSubscription.objects.create(
        user=user, url=url, events=sorted(events), active=active, hears_all=user.is_staff
    )
    return subscription, _draw_secret(subscription)


def _draw_secret(subscription: WebhookSubscription) -> str:
    secret = "whsec_" + base64.b64encode(os.urandom(SECRET_BYTES)).decode()
    row = WebhookSecret(subscription=subscription)
    row.sealed_secret = seal(secret, binding=row.binding)
    row.save(force_insert=True)
    return secret


@transaction.atomic
def change_subscription(*, subscription: WebhookSubscription, changes: dict[str, Any]) -> WebhookSubscription:
    """Change address, events, or pause (`active`). What waited goes on once it is active again, with a clean record.

    :raises Invalid: the address is none we send to.
    """
    subscription = lock(subscription)
    if "url" in changes:
        subscription.url, subscription.not_before = _spelled(changes["url"]), now()
    if "events" in changes:
        subscription.events = sorted(changes["events"])
    if "active" in changes and changes["active"] != subscription.active:
        _switch(subscription, on=changes["active"])
    subscription.save()
    return subscription


def _switch(subscription: WebhookSubscription, *, on: bool) -> None:
    subscription.active = on
    if on:
        subscription.disabled_at, subscription.disabled_because = None, ""
        subscription.failure_count, subscription.failing_since = 0, None
        subscription.not_before = now()
        waiting = WebhookDelivery.objects.filter(subscription=subscription, status=WebhookDeliveryStatus.PENDING)
        subscription.due_at = waiting.order_by("due_at").values_list("due_at", flat=True).first()


@transaction.atomic
def unsubscribe(*, subscription: WebhookSubscription) -> None:
    """Tell it nothing more, and forget what it was told."""
    rows = WebhookSubscription.objects.filter(pk=subscription.pk)
    if rows.select_for_update().first():  # before its deliveries, as everybody does
        rows.delete()


@transaction.atomic
def rotate_secret(*, subscription: WebhookSubscription) -> tuple[WebhookSubscription, str]:
    """A new secret, which nobody sees again; those before it sign too until their time is over."""
    subscription = lock(subscription)
    until = Now() + timedelta(hours=WebhookSettings.load().old_secret_hours)
    subscription.secrets.filter(signs_until=None).update(signs_until=until)
    kept = subscription.secrets.order_by("-id").values("pk")[:OLD_SECRETS_KEPT]
    subscription.secrets.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()
    return subscription, _draw_secret(subscription)
