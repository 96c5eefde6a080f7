"""The lane: carries what is due to its receivers, many at once, so that no slow one keeps others waiting.

There is one lane at a time. It takes subscriptions, not deliveries: each is talked to in one place, in the order of
what is due, and goes to the end of the queue when it was served. One that failed rests longer each time, and those that
failed have places of their own, so that the others always find one. Waiting for a receiver costs no thread and no
connection to the database. When a lane dies the next one goes on; what it had sent may then come again, under its id.
"""

import asyncio
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.db.models.functions import Greatest

from khidma.kernel.clock import Now
from khidma.kernel.network import forbid_in_transaction
from khidma.kernel.sealing import unseal
from notifications.models import WebhookDelivery, WebhookDeliveryStatus, WebhookSecret, WebhookSubscription
from notifications.providers import receivers
from notifications.runtime import WebhookSettings
from notifications.services.webhooks import recording
from notifications.services.webhooks.signing import headers_of

LINGER_SECONDS = 1.0
"""A lane looks out for more for so long after it had nothing to do."""
LOOK_SECONDS = 0.1
BATCH = 20
BATCH_SECONDS = 4.0
"""One subscription is served for so long, and by so many deliveries, until it is the turn of others."""
GOODBYE_SECONDS = 1.0
LANE = 0x68_6F_6F_6B
"""The advisory lock that the lane holds on its connection."""

stopping = threading.Event()
"""Set when the process shall end: the lane leaves those that it still waits for."""


@dataclass(frozen=True)
class Turn:
    """A subscription, the secrets that sign for it, and what is due for it."""

    subscription: WebhookSubscription
    secrets: list[str]
    deliveries: list[WebhookDelivery]


def send_due() -> int:
    """Be the lane, unless there is one: send until nothing is left; how many attempts were made."""
    forbid_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LANE])
        if not cursor.fetchone()[0]:
            return 0
        try:
            return async_to_sync(_Lane().run)()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LANE])


class _Lane:
    """One run. Everything that touches the database happens in the thread that called `send_due`."""

    def __init__(self) -> None:
        self.attempts = 0
        self.well: dict[asyncio.Task[None], UUID] = {}
        self.failing: dict[asyncio.Task[None], UUID] = {}

    async def run(self) -> int:
        """:raises DatabaseError: nothing more can be written down."""
        busy_at = time.monotonic()
        try:
            while not stopping.is_set():
                if await self._take():
                    busy_at = time.monotonic()
                elif not (self.well or self.failing) and time.monotonic() - busy_at > LINGER_SECONDS:
                    break
                await self._wait()
        finally:
            await self._leave()
        return self.attempts

    async def _take(self) -> bool:
        """Give the free places to whoever waits longest; whether anybody did."""
        places = await sync_to_async(_places)()
        served = {*self.well.values(), *self.failing.values()}
        well = await sync_to_async(turns)(places - len(self.well), served, failing=False)
        failing = await sync_to_async(turns)(places - len(self.failing), served, failing=True)
        self.well |= {asyncio.create_task(self._serve(turn)): turn.subscription.pk for turn in well}
        self.failing |= {asyncio.create_task(self._serve(turn)): turn.subscription.pk for turn in failing}
        return bool(well or failing)

    async def _wait(self) -> None:
        waiting = [*self.well, *self.failing]
        if not waiting:
            await asyncio.sleep(LOOK_SECONDS)
            return
        done, _ = await asyncio.wait(waiting, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self.well.pop(task, None)
            self.failing.pop(task, None)
            task.result()

    async def _leave(self) -> None:
        """Whoever answers at once is still written down."""
        waiting = [*self.well, *self.failing]
        if waiting:
            await asyncio.wait(waiting, timeout=GOODBYE_SECONDS)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _serve(self, turn: Turn) -> None:
        """Send until one fails or the turn is over."""
        ends_at = time.monotonic() + BATCH_SECONDS
        succeeded = failed = False
        for delivery in turn.deliveries:
            outcome = await receivers.post(
                turn.subscription.url, body=delivery.body.encode(), headers=headers_of(delivery, turn.secrets)
            )
            self.attempts += 1
            await sync_to_async(recording.record)(delivery, outcome)
            succeeded, failed = succeeded or outcome.is_success, not outcome.is_success
            if failed or time.monotonic() > ends_at or stopping.is_set():
                break
        await sync_to_async(recording.end_turn)(turn.subscription.pk, succeeded=succeeded, failed=failed)


def _places() -> int:
    return WebhookSettings.load().at_once // 2


def turns(places: int, served: Collection[UUID], *, failing: bool) -> list[Turn]:
    """Up to so many subscriptions that are ready and are not being served, whoever waits longest first."""
    if places <= 0:
        return []
    active = WebhookSubscription.objects.filter(active=True, due_at__isnull=False, user__is_active=True)
    active = active.filter(failure_count__gt=0) if failing else active.filter(failure_count=0)
    ready = active.alias(ready_at=Greatest("due_at", "not_before")).filter(ready_at__lte=Now()).exclude(pk__in=served)
    found = list(ready.order_by("ready_at")[:places])
    secrets = _secrets_of(found)
    return [Turn(one, secrets[one.pk], _due_of(one, 1 if failing else BATCH)) for one in found]


def _secrets_of(subscriptions: Sequence[WebhookSubscription]) -> dict[UUID, list[str]]:
    """The secrets that sign now, the newest first."""
    secrets: dict[UUID, list[str]] = {one.pk: [] for one in subscriptions}
    for row in WebhookSecret.objects.signing().filter(subscription__in=subscriptions).order_by("-id"):
        secrets[row.subscription_id].append(unseal(row.sealed_secret, binding=row.binding))
    return secrets


def _due_of(subscription: WebhookSubscription, most: int) -> list[WebhookDelivery]:
    due = subscription.deliveries.filter(status=WebhookDeliveryStatus.PENDING, due_at__lte=Now())
    return list(due.order_by("due_at", "id")[:most])
