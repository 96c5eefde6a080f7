"""The play: which stories, in which order their events come, what is dropped, and what forgers add."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from payments.models import Capture, GatewayEvent, Payment
from verify.market import Stage
from verify.proof import CannotRun, Run
from verify.webhooks import traffic
from verify.webhooks.stories import (
    FILLING,
    PAYOUT,
    WHOLE,
    Sent,
    Story,
    baits,
    silence,
    told_by_the_gateway,
)
from verify.webhooks.traffic import Delivery, Forger, Postman

DROPPED = 0.1
"""The share of the stories that a poller can make up for, of which some events never come."""


@dataclass
class Part:
    """One story of the play and the order in which its events come: positions in the right order; some may not."""

    kind: type[Story]
    order: tuple[int, ...]
    dropped: int = 0


class Play:
    """Everything that is played in one run."""

    def __init__(self, run: Run, stage: Stage) -> None:
        self.run, self.stage, self.random = run, stage, run.random
        self.postman = Postman(run, stage.khidma.port)
        self.forger = Forger(run.random, settings.RAZORPAY_WEBHOOK_SECRET, settings.RAZORPAY_KEY_SECRET)
        self.stories: list[Story] = []
        self.unsettled: list[Story] = []
        self.orders: set[tuple[str, tuple[int, ...]]] = set()
        self.ids: set[str] = set()
        self.dropped = 0
        self.baits = baits(stage, 5)

    def play(self, batch: int) -> None:
        """All stories, in batches."""
        parts = list(self._parts())
        self.random.shuffle(parts)
        self._fill_the_wallet(sum(issubclass(part.kind, Sent) for part in parts))
        self.stage.wait_for(self.stage.is_at_rest, "the preparations are delivered")
        silence(self.stage)
        self.ids |= set(GatewayEvent.objects.values_list("event_id", flat=True))
        forged = int(self.run.size["forged"])
        for start in range(0, len(parts), batch):
            chosen = parts[start : start + batch]
            self._play(chosen, forged * min(start + batch, len(parts)) // len(parts) - self.postman.forged)
            self.run.progress(self.postman.true + self.postman.forged, int(self.run.size["deliveries"]))
            if self.run.until_violation and self.run.violations:
                return

    def _parts(self) -> Iterator[Part]:
        """Every order of every story, if all are wanted; and more until there are as many deliveries as asked for."""
        left = int(self.run.size["deliveries"]) - int(self.run.size["forged"])
        if self.run.size["whole"]:
            for kind in WHOLE:
                for order in itertools.permutations(range(kind.events)):
                    left -= 3 * kind.events
                    yield Part(kind, order)
        kinds = itertools.cycle(FILLING if self.run.size["whole"] else [*WHOLE, *FILLING])
        while left > 0:
            kind = next(kinds)
            is_cut = kind.made_up_by_the_poller and self.random.random() < DROPPED
            kept = self.random.randint(0, kind.events - 1) if is_cut else kind.events
            left -= 3 * kept
            yield Part(kind, tuple(self.random.sample(range(kind.events), kept)), dropped=kind.events - kept)

    def _fill_the_wallet(self, payouts: int) -> None:
        """Let the doer earn enough for every withdrawal, and have the account checked while the gateway still talks."""
        doer = self.stage.doer_with_account()
        if payouts:
            self.stage.completed(doer=doer, amount=max(20_000, payouts * PAYOUT * 5 // 4))

    def _play(self, parts: Sequence[Part], forged: int) -> None:
        stories = [part.kind(self.stage) for part in parts]
        for story in stories:
            story.begin()
        self.stage.wait_for(lambda: all(story.is_ready() for story in stories), "Khidma has sent what it promised")
        for story in stories:
            story.finish()
        told = told_by_the_gateway(self.stage)
        sequences = [self._sequence(story, part, told) for story, part in zip(stories, parts, strict=True)]
        captures = [body for _, body in told if body["event"] == "payment.captured"]
        for _ in range(forged if captures else 0):
            bait = self.random.choice(self.baits)
            false = self.forger.forge(self.random.choice(captures), str(bait.gateway_order_id), bait.amount)
            sequence = self.random.choice(sequences)
            sequence.insert(self.random.randint(0, len(sequence)), false)
        self.stories += stories
        self.unsettled += stories
        self.postman.bring(sequences)

    def _sequence(self, story: Story, part: Part, told: list[tuple[str, dict[str, Any]]]) -> list[Delivery]:
        """The deliveries of one story in the part's order, each three times, without what is dropped."""
        mine = [(event_id, body) for event_id, body in told if story.is_about(body["payload"])]
        if len(mine) != story.events:
            raise CannotRun(f"{story.name}: the gateway told {[body['event'] for _, body in mine]}")
        events = [(mine[place][0], traffic.encoded(mine[place][1])) for place in part.order]
        self.dropped += part.dropped
        self.orders |= {(story.name, part.order)} if not part.dropped else set()
        secret = settings.RAZORPAY_WEBHOOK_SECRET
        made = [traffic.true(event_id, raw, secret) for event_id, raw in traffic.three_times(events, self.random)]
        self.ids |= {delivery.event_id for delivery in made}
        return made

    def wrong_ends(self) -> list[str]:
        """Every story that has not ended as it must, one sentence each."""
        found = []
        for story in list(self.unsettled):
            end, right = story.end(), story.right_end
            if end == right:
                self.unsettled.remove(story)
            else:
                different = {name: (end[name], right[name]) for name in right if end[name] != right[name]}
                found.append(f"{story.name}: ended, and should have ended: {different}")
        return found

    def is_hopeless(self) -> bool:
        """Whether an event fails again and again."""
        return GatewayEvent.objects.filter(attempts__gte=4).exists()

    def forgeries_taken(self) -> Iterator[str]:
        """Whether anything is stored that the gateway never said, or a bait was paid."""
        stored = set(GatewayEvent.objects.values_list("event_id", flat=True))
        if odd := stored - self.ids:
            yield f"{len(odd)} events are stored that the gateway never sent: {sorted(odd)[:3]}"
        if lost := self.ids - stored:
            yield f"{len(lost)} events of the gateway are not stored: {sorted(lost)[:3]}"
        keys = [bait.pk for bait in self.baits]
        if Capture.objects.filter(payment__in=keys).exists():
            yield "money was booked that nobody paid"
        for bait in Payment.objects.filter(pk__in=keys).exclude(status="created"):
            yield f"an unpaid payment is {bait.status}"
