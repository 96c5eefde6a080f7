"""The facts that are announced, the worker that is killed, and what everybody must have got in the end."""

import json
import time
from collections.abc import Callable
from uuid import UUID

from django.db import connection, transaction

from accounts.tests.factories import make_client
from gigs.events import GigPosted
from gigs.tests.factories import make_gig
from khidma.kernel.events import publish
from khidma.kernel.models import OutboxEvent
from khidma.kernel.runtime import change
from notifications.models import Notification, WebhookDelivery, WebhookSubscription
from notifications.runtime import WebhookSettings
from notifications.services import webhooks
from verify.proof import Run
from verify.running import Khidma
from verify.webhook_delivery.receivers import LATE_SECONDS, Receivers

GIGS = 20
BEHIND, BEHIND_SINCE_SECONDS = 10, 1.0
"""So many facts at most, and for so long, are on their way to a healthy receiver before who announces waits for them.
More would measure how much this machine can carry, and not who waits for whom."""
BEHIND_SECONDS = 60.0
REST_SECONDS = 120.0
LOOK_EVERY = 50


class Play:
    """One client with a subscription for every receiver."""

    def __init__(self, run: Run, khidma: Khidma, receivers: Receivers) -> None:
        self.run, self.khidma, self.receivers = run, khidma, receivers
        self.subscriptions: dict[str, UUID] = {}
        self.announced: dict[UUID, float] = {}

    def set_up(self) -> None:
        """Subscriptions, and gigs to announce."""
        with transaction.atomic():
            change(WebhookSettings, {"subscriptions_per_user": 100})
        self.client = make_client()
        self.gigs = [make_gig(self.client) for _ in range(GIGS)]
        self._until(lambda: not _waiting(), "the gigs' own events")
        for name in self.receivers.names:
            url = f"http://{self.receivers.place(name)}/{name}"
            subscription, secret = webhooks.subscribe(user=self.client, url=url, events=["gig.created"])
            self.receivers.secrets[name], self.subscriptions[name] = secret, subscription.pk

    def announce(self) -> None:
        """Publish facts as services do; kill the worker at moments drawn by the seed."""
        events, began = self.run.size["events"], time.monotonic()
        kills = set(self.run.random.sample(range(events // 10, events * 9 // 10), self.run.size["kills"]))
        for number in range(events):
            gig = self.gigs[number % GIGS]
            with transaction.atomic():
                publish(GigPosted(gig_id=gig.pk, client_id=self.client.pk, title=gig.title))
                event_id = (
                    OutboxEvent.objects.filter(name=GigPosted.name()).order_by("-id").values_list("pk", flat=True)[0]
                )
            self.announced[event_id] = time.time()
            if number in kills:
                self.khidma.kill("worker")
            if not self._until(self._is_near, "too far behind", BEHIND_SECONDS) or (
                number % LOOK_EVERY == 0 and self._is_lost()
            ):
                break
            self.run.progress(number + 1, events)
        seconds = time.monotonic() - began
        self.run.figure("events", len(self.announced))
        self.run.figure("worker killed", len(kills))
        self.run.figure("events a second", round(len(self.announced) / seconds, 1))

    def _is_near(self) -> bool:
        moments = list(self.announced.values())
        arrived = min(len(self.receivers.got[name]) for name in self.receivers.healthy)
        on_their_way = moments[arrived:]
        return not on_their_way or (
            len(on_their_way) <= BEHIND and time.time() - on_their_way[0] < BEHIND_SINCE_SECONDS
        )

    def _is_lost(self) -> bool:
        """Whether something can end well no more; that is a violation."""
        lost = self.receivers.wrong[:1]
        late, of = sum(self.receivers.late[name] for name in self.receivers.healthy), len(self.receivers.healthy)
        if late > 0.05 * of * self.run.size["events"]:
            lost.append(f"{late} facts came to healthy receivers later than {LATE_SECONDS} s: no p95 can be under it")
        if any(self.receivers.calls[name] > 1 for name in self._those("gone")):
            lost.append("the one that is gone was called again")
        if WebhookDelivery.objects.filter(subscription__in=self._awaited(), status="failed").exists():
            lost.append("a fact was given up that a receiver would have taken")
        for one in lost:
            self.run.violation(one)
        return bool(lost)

    def _awaited(self) -> list[UUID]:
        """The subscriptions of receivers that are well, or well most of the time."""
        return [self.subscriptions[name] for name in (*self.receivers.healthy, *self._those("flaky"))]

    def come_to_rest(self) -> None:
        """Nothing waits any more for those that take it."""
        began = time.monotonic()
        pending = WebhookDelivery.objects.filter(subscription__in=self._awaited(), status="pending")
        self._until(lambda: not _waiting() and not pending.exists(), "the end")
        self.run.figure("at rest after s", round(time.monotonic() - began, 1))

    def _until(self, is_so: Callable[[], bool], what: str, seconds: float = REST_SECONDS) -> bool:
        """Wait for it; False, and a violation, if it takes too long."""
        began = time.monotonic()
        while not is_so():
            if time.monotonic() - began > seconds:
                self.run.violation(f"{what}: still so after {seconds:.0f} s")
                return False
            time.sleep(0.02)
        return True

    def _those(self, *kinds: str) -> list[str]:
        return [name for name in self.receivers.names if name.startswith(kinds)]

    def judge(self) -> None:
        """Each healthy receiver has each fact, under one id, signed and in numbers without gaps, and soon."""
        latencies = [latency for name in self.receivers.healthy for latency in self._judge_healthy(name)]
        ordered = sorted(latencies) or [float("inf")]
        p95 = ordered[int(len(ordered) * 0.95)]
        if p95 > LATE_SECONDS:
            self.run.violation(f"p95 of the healthy receivers is {p95:.1f} s")
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            self.run.figure(f"{name} s", round(ordered[int(len(ordered) * share)], 2))
        self.run.figure("slowest s", round(ordered[-1], 1))
        self.run.figure(
            "attempts at those that hang", sum(self.receivers.calls[name] for name in self._those("silent", "dripping"))
        )
        self._judge_bad()

    def _judge_healthy(self, name: str) -> list[float]:
        """:returns: the seconds from each fact's commit until it was first here."""
        subscription = self.subscriptions[name]
        rows = WebhookDelivery.objects.filter(subscription=subscription).values_list("pk", "event_id", "sequence")
        event_of = {str(pk): event_id for pk, event_id, _ in rows}
        first: dict[UUID, float] = {}
        ids: dict[UUID, set[str]] = {}
        numbers = set()
        for moment, headers, body in self.receivers.got[name]:
            event_id = event_of.get(headers.get("webhook-id", ""))
            if event_id is None:
                self.run.violation(f"{name} got a message that nobody sent: {headers.get('webhook-id')}")
                continue
            first.setdefault(event_id, moment)
            ids.setdefault(event_id, set()).add(headers["webhook-id"])
            numbers.add(json.loads(body)["sequence"])
        if missing := self.announced.keys() - first.keys():
            self.run.violation(f"{name} never heard of {len(missing)} of {len(self.announced)} facts")
        if several := [one for one in ids.values() if len(one) > 1]:
            self.run.violation(f"{name} heard of {len(several)} facts under several ids")
        if numbers != set(range(1, len(self.announced) + 1)):
            self.run.violation(f"the numbers that {name} got have gaps")
        return [first[event_id] - at for event_id, at in self.announced.items() if event_id in first]

    def _judge_bad(self) -> None:
        (gone,), (flaky,) = self._those("gone"), self._those("flaky")
        off = WebhookSubscription.objects.get(pk=self.subscriptions[gone]).disabled_because == "gone"
        if not off or self.receivers.calls[gone] != 1:
            self.run.violation(f"the one that is gone was called {self.receivers.calls[gone]} times")
        if Notification.objects.filter(user=self.client, kind="webhook_disabled").count() != 1:
            self.run.violation("the owner was not told once that one is gone")
        for name in self._those("silent", "dripping", "moved", "lying"):
            if self.receivers.calls[name] < 2:
                self.run.violation(f"{name} was tried {self.receivers.calls[name]} times only")
        heard = {headers["webhook-id"] for _, headers, _ in self.receivers.got[flaky]}
        taken = WebhookDelivery.objects.filter(subscription=self.subscriptions[flaky], status="delivered").count()
        if not len(heard) == taken == len(self.announced):
            self.run.violation(f"the flaky one took {taken} of {len(self.announced)} facts, and heard of {len(heard)}")
        again = len(self.receivers.got[flaky]) - len(heard)
        self.run.figure("came again to the flaky one", again)
        if any("/moved" in headers[":line"] for _, headers, _ in self.receivers.got["healthy-0"]):
            self.run.violation("somebody followed the one that moved")
        for one in self.receivers.wrong[:5]:
            self.run.violation(one)


def _waiting() -> bool:
    """Whether a fact is still on its way to its handlers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM kernel_outbox_delivery WHERE status = 'pending')")
        found: bool = cursor.fetchone()[0]
        return found
