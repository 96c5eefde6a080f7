"""The lane: carries what is due to its receivers, many at once, so that no slow one keeps others waiting.

There is one lane at a time. It takes subscriptions, not deliveries: each is talked to in one place, in the order of
what is due, and goes to the end of the queue when it was served. One that failed rests longer each time, and those that
failed have places of their own, so that the others always find one. Waiting for a receiver costs no thread and no
connection to the database, and what came of all of them since it looked last is written down at once, so that the lane
carries more when there is more. When it dies the next one goes on; what it had not yet written down, of a tenth of a
second, then comes again under its id.
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
from notifications.models import WebhookDelivery, WebhookSecret, WebhookSubscription
from notifications.providers import receivers
from notifications.runtime import WebhookSettings
from notifications.services.webhooks import recording
from notifications.services.webhooks.recording import Attempt, Ended
from notifications.services.webhooks.signing import headers_of
from notifications.services.webhooks.waking import looking_out

LINGER_SECONDS = 1.0
"""A lane looks out for more for so long after it had nothing to do."""
LOOK_SECONDS = 0.1
"""It looks after what happened so often, or as soon as every turn is over."""
BATCH = 20
BATCH_SECONDS = 4.0
"""One subscription is served for so long, and by so many deliveries, until it is the turn of others."""
GOODBYE_SECONDS = 1.0
LANE = 0x68_6F_6F_6B
"""The advisory lock that the lane holds on its connection."""

_DUE = """
    SELECT delivery.*
    FROM unnest(%s::uuid[], %s::int[]) AS turn (subscription_id, most)
    CROSS JOIN LATERAL (
        SELECT * FROM notifications_webhookdelivery
        WHERE subscription_id = turn.subscription_id AND status = 'pending' AND due_at <= khidma_now()
        ORDER BY due_at, id
        LIMIT turn.most
    ) AS delivery
    ORDER BY delivery.subscription_id, delivery.due_at, delivery.id
"""

stopping = threading.Event()
"""Set when the process shall end: the lane leaves those that it still waits for."""


@dataclass(frozen=True)
class Turn:
    """A subscription, the secrets that sign for it, and what is due for it."""

    subscription: WebhookSubscription
    secrets: list[str]
    deliveries: list[WebhookDelivery]

    @property
    def is_failing(self) -> bool:
        return self.subscription.failure_count > 0


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
        self.taken: list[Attempt] = []
        self.turns: dict[asyncio.Task[Ended], Turn] = {}

    async def run(self) -> int:
        """:raises DatabaseError: nothing more can be written down."""
        busy_at = time.monotonic()
        try:
            while not stopping.is_set():
                if await self._look():
                    busy_at = time.monotonic()
                    looking_out.set()
                elif not self.turns and time.monotonic() - busy_at > LINGER_SECONDS:
                    if not looking_out.is_set():
                        break
                    looking_out.clear()  # whoever commits after this wakes the next; one more look finds the others
                    continue
                await self._wait()
        finally:
            looking_out.clear()
            await self._leave()
        return self.attempts

    async def _look(self) -> bool:
        """Write down what happened, and give the free places to whoever waits longest; whether anybody did."""
        taken, ended = self._gather()
        begun = await sync_to_async(_write_and_begin)(taken, ended, list(self.turns.values()))
        self.turns |= {asyncio.create_task(self._serve(turn)): turn for turn in begun}
        return bool(begun)

    def _gather(self) -> tuple[list[Attempt], list[Ended]]:
        """What was taken since it was asked last, and the turns that ended."""
        over = [task for task in self.turns if task.done()]
        for task in over:
            del self.turns[task]
        taken, self.taken = self.taken, []
        return taken, [task.result() for task in over if not task.cancelled()]

    async def _wait(self) -> None:
        if self.turns:
            await asyncio.wait(self.turns, timeout=LOOK_SECONDS)
        else:
            await asyncio.sleep(LOOK_SECONDS)

    async def _leave(self) -> None:
        """Whoever answers at once is still written down."""
        if self.turns:
            await asyncio.wait(self.turns, timeout=GOODBYE_SECONDS)
        for task in self.turns:
            task.cancel()
        await asyncio.gather(*self.turns, return_exceptions=True)
        await sync_to_async(recording.write_down)(*self._gather())

    async def _serve(self, turn: Turn) -> Ended:
        """Send until one fails or the turn is over."""
        ends_at = time.monotonic() + BATCH_SECONDS
        succeeded = False
        for delivery in turn.deliveries:
            outcome = await receivers.post(
                turn.subscription.url, body=delivery.body.encode(), headers=headers_of(delivery, turn.secrets)
            )
            self.attempts += 1
            attempt = Attempt(delivery, outcome)
            if not outcome.is_success:
                return Ended(turn.subscription.pk, succeeded, failed=attempt)
            self.taken.append(attempt)
            succeeded = True
            if time.monotonic() > ends_at or stopping.is_set():
                break
        return Ended(turn.subscription.pk, succeeded, failed=None)


def _write_and_begin(taken: Sequence[Attempt], ended: Sequence[Ended], going_on: Sequence[Turn]) -> list[Turn]:
    """Write down what happened; the turns that begin beside those that go on."""
    recording.write_down(taken, ended)
    places = WebhookSettings.load().at_once // 2
    failing = sum(turn.is_failing for turn in going_on)
    served = [turn.subscription.pk for turn in going_on]
    found = _ready(places - len(going_on) + failing, served, failing=False) + _ready(
        places - failing, served, failing=True
    )
    if not found:
        return []
    secrets, due = _secrets_of(found), _due_of(found)
    return [Turn(one, secrets[one.pk], due[one.pk]) for one in found]


def _ready(places: int, served: Collection[UUID], *, failing: bool) -> list[WebhookSubscription]:
    """Up to so many subscriptions that are ready and are not being served, whoever waits longest first."""
    if places <= 0:
        return []
    active = WebhookSubscription.objects.filter(active=True, due_at__isnull=False, user__is_active=True)
    active = active.filter(failure_count__gt=0) if failing else active.filter(failure_count=0)
    ready = active.alias(ready_at=Greatest("due_at", "not_before")).filter(ready_at__lte=Now()).exclude(pk__in=served)
    return list(ready.order_by("ready_at")[:places])


def _secrets_of(subscriptions: Sequence[WebhookSubscription]) -> dict[UUID, list[str]]:
    """The secrets that sign now, the newest first."""
    secrets: dict[UUID, list[str]] = {one.pk: [] for one in subscriptions}
    for row in WebhookSecret.objects.signing().filter(subscription__in=subscriptions).order_by("-id"):
        secrets[row.subscription_id].append(unseal(row.sealed_secret, binding=row.binding))
    return secrets


def _due_of(subscriptions: Sequence[WebhookSubscription]) -> dict[UUID, list[WebhookDelivery]]:
    """What is due for each, in its order: one for those that failed, to see whether it is well again."""
    due: dict[UUID, list[WebhookDelivery]] = {one.pk: [] for one in subscriptions}
    most = [1 if one.failure_count else BATCH for one in subscriptions]
    for delivery in WebhookDelivery.objects.raw(_DUE, [list(due), most]):
        due[delivery.subscription_id].append(delivery)
    return due
