"""The kinds of trouble that a withdrawal may meet, each played with its share of the withdrawals."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.models import F

from accounts.models import User
from accounts.tests.factories import make_doer
from khidma.kernel import clock
from khidma.kernel.clock import Now
from khidma.kernel.runtime import change
from payments import services
from payments.models import AccountKind, Payout, TransferKind
from payments.providers import gateway, gateway_state
from payments.providers.razorpay import session
from payments.runtime import PaymentSettings
from payments.services.posting import credit, debit, post
from payments.tasks import send_payouts
from payments.tests.factories import earn
from verify.inside import Inside
from verify.proof import CannotRun, Run

OPENING_FLOAT = 100_000_000
PLENTY = 5_000_000_000
EACH_EARNS = 500_000_000
SMALLEST, LARGEST = 100, 200_000
DAY = timedelta(days=1)
IMPATIENT = (0.5, 0.1)
"""Seconds that a call waits which is known to get no answer."""

PAID, RETURNED = "processed", "returned"


@dataclass
class Story:
    """One withdrawal: what it meets, and how it must end, as the outcome and the status that say so."""

    payout_id: UUID
    user_id: UUID
    amount: int
    kind: str
    ends: str = PAID
    status: str = "processed"
    is_made: bool = True

    def comes_back(self, status: str) -> None:
        """It must end in this status, with the money in the wallet."""
        self.ends, self.status = RETURNED, status


@dataclass
class Play:
    """All stories of one run, and what was done for them."""

    run: Run
    khidma: Inside
    users: list[User] = field(default_factory=list)
    stories: list[Story] = field(default_factory=list)
    troubles: int = 0
    moves: int = 0

    def set_up(self) -> None:
        """People with money and checked accounts, and a payout account that carries them."""
        with transaction.atomic():
            change(
                PaymentSettings,
                {
                    "minimum_withdrawal": SMALLEST,
                    "daily_payout_count": 1_000,
                    "daily_payout_amount": 1_000_000_000,
                    "payout_hold_above": 1_000_000_000,
                },
            )
        services.book_owner_funds(amount=OPENING_FLOAT, key="float")
        self.fill_up(PLENTY)
        self.khidma.gateway.set_pace(validationAfterMs=0, payoutAfterMs="by_hand")
        self.users = [self._person(number) for number in range(self.run.size["users"])]

    def _person(self, number: int) -> User:
        user = make_doer()
        earn(user, EACH_EARNS)
        account = services.add_bank_account(
            user=user, holder_name="Ravi Kumar", account_number=f"{5_123_456_111 + number}", ifsc="HDFC0000053"
        )
        validation = services.start_validation(account=account, user=user)
        for _ in range(2):
            services.send_validation(validation_id=validation.pk)
        account.refresh_from_db()
        if account.status != "verified":
            raise CannotRun(f"a bank account is {account.status}")
        return user

    def fill_up(self, amount: int) -> None:
        """Bring the payout account to this balance; the owner gives or takes the rest, in our books as well."""
        balance = self.khidma.gateway.control("GET", "/balances")["payout"]
        self.khidma.gateway.set_balances(payout=amount)
        self.moves += 1
        difference = amount - balance
        post(
            key=f"move:proof-{self.moves}",
            kind=TransferKind.MOVE,
            entries=[debit(AccountKind.PAYOUT_BANK, difference), credit(AccountKind.OWNER, difference)],
        )

    def play(self) -> None:
        """The long silence and the late reversals first: they move the clock, at which old ones are looked at again."""
        kinds: list[tuple[str, Callable[[list[Story]], None]]] = [
            ("ten days of silence", self.ten_days_of_silence),
            ("reversal on day 3", self.reversal_on_day_3),
            ("time-out, then success", self.time_out_then_success),
            ("time-out, then failure", self.time_out_then_failure),
            ("502 with HTML", self.html_then_success),
            ("409", self.conflict_then_success),
            ("the same reversal twice", self.same_reversal_twice),
            ("low balance", self.low_balance),
        ]
        total = self.run.size["payouts"]
        shares = [total // len(kinds) + (number < total % len(kinds)) for number in range(len(kinds))]
        for (kind, act), share in zip(kinds, shares, strict=True):
            group = [self.ask(kind) for _ in range(share)]
            act(group)
            self.run.figure(kind, share)
            self.run.progress(len(self.stories), total)
        connections["owner"].close()

    def ask(self, kind: str) -> Story:
        """Somebody withdraws."""
        user = self.run.random.choice(self.users)
        amount = self.run.random.randint(SMALLEST, LARGEST)
        payout = services.request_payout(user=user, amount=amount)
        story = Story(payout.pk, user.pk, amount, kind)
        self.stories.append(story)
        return story

    # What is done with one of them

    def send(self, story: Story) -> Payout:
        """The sweep's turn with this one."""
        services.send_payout(payout_id=story.payout_id)
        return Payout.objects.get(pk=story.payout_id)

    def send_until_known(self, story: Story) -> Payout:
        """Again and again, as the sweep would, until the gateway has told its id."""
        for number in range(20):
            payout = self.send(story)
            if payout.gateway_payout_id or payout.status != "queued":
                return payout
            time.sleep(0.02 * number)
        raise CannotRun(f"{story} is unknown to the gateway after twenty tries")

    def trouble(self, story: Story, fault: str, *, after_doing: bool) -> None:
        """One call without an answer: nothing is known, so nothing may have moved."""
        self.troubles += 1
        self.khidma.gateway.faults(
            [{"match": "POST /v1/payouts$", "times": 1, "fault": fault, "afterDoing": after_doing}]
        )
        with impatient() if fault.startswith("timeout") else patient():
            payout = self.send(story)
        if payout.status != "queued":
            self.run.violation(f"{story} is {payout.status} after {fault}")

    def settle(self, story: Story, outcome: str) -> Payout:
        """The bank decides, and we look."""
        payout = Payout.objects.get(pk=story.payout_id)
        if payout.gateway_payout_id is None:
            self.run.violation(f"{story} is {payout.status} and never reached the bank")
            return payout
        self.khidma.gateway.settle_payout(payout.gateway_payout_id, outcome)
        return self.send(story)

    def either(self) -> bool:
        return self.run.random.random() < 0.5

    # The kinds of trouble

    def time_out_then_success(self, group: list[Story]) -> None:
        for story in group:
            self._trouble_then(story, "timeout_after_doing" if self.either() else "timeout_before_doing", "processed")

    def time_out_then_failure(self, group: list[Story]) -> None:
        for story in group:
            outcome = "failed" if self.either() else "reversed"
            story.comes_back(outcome)
            self._trouble_then(story, "timeout_after_doing" if self.either() else "timeout_before_doing", outcome)

    def html_then_success(self, group: list[Story]) -> None:
        for story in group:
            self._trouble_then(story, "error_502_html", "processed")

    def conflict_then_success(self, group: list[Story]) -> None:
        for story in group:
            self._trouble_then(story, "error_409", "processed")

    def _trouble_then(self, story: Story, fault: str, outcome: str) -> None:
        after_doing = fault == "timeout_after_doing" or (not fault.startswith("timeout") and self.either())
        for _ in range(self.run.random.choice([1, 1, 1, 2])):
            self.trouble(story, fault, after_doing=after_doing)
        self.send_until_known(story)
        self.settle(story, outcome)
        self.run.progress(len(self.stories), self.run.size["payouts"])

    def reversal_on_day_3(self, group: list[Story]) -> None:
        for story in group:
            story.comes_back("reversed")
            self.send_until_known(story)
            self.settle(story, "processed")
        self.wait(3 * DAY)
        for story in group:
            self.settle(story, "reversed")

    def same_reversal_twice(self, group: list[Story]) -> None:
        """By the webhook and by looks, under new event ids, before and after each other."""
        for story in group:
            story.comes_back("reversed")
            gateway_id = self.send_until_known(story).gateway_payout_id
            if gateway_id is None:
                self.run.violation(f"{story} never reached the bank")
                continue
            if self.either():
                self.settle(story, "processed")
            self.khidma.gateway.settle_payout(gateway_id, "reversed")
            news = gateway().fetch_payout(gateway_id)
            turns: list[Callable[[], Any]] = [
                lambda: self.send(story),  # noqa: B023 - called within this turn of the loop
                lambda: services.record_payout(sighting=news),  # noqa: B023
            ] * 2
            self.run.random.shuffle(turns)
            for turn in turns:
                turn()

    def low_balance(self, group: list[Story]) -> None:
        """The payout account is empty; they wait in the gateway's queue and go on after a top-up."""
        self.fill_up(0)
        for story in group:
            payout = self.send_until_known(story)
            if payout.status != "queued":
                self.run.violation(f"{story} is {payout.status} without any balance")
        self.fill_up(PLENTY)
        for story in group:
            if self.send(story).status != "processing":
                self.run.violation(f"{story} did not go on after the top-up")
            self.settle(story, "processed")

    def ten_days_of_silence(self, group: list[Story]) -> None:
        """The gateway has heard some of them and forgets their keys; it is away for ten days, and comes back."""
        for story in group:
            self._fall_silent(story)
        self.khidma.gateway.kill()
        for days in (1, 2, 3, 2, 2):
            self.wait(days * DAY, also_there=False)
            for _ in range(2):
                send_payouts()
        self.khidma.gateway.start()
        self.khidma.gateway.shift_clock(int((10 * DAY).total_seconds()))
        self.wait(DAY)
        while gateway_state() == "open":
            time.sleep(0.2)
        for _ in range(len(group)):
            Payout.objects.filter(look_at__gt=Now()).update(look_at=Now(), looks=F("looks"))
            if not self._in_flight(group):
                break
            send_payouts()

    def _fall_silent(self, story: Story) -> None:
        story.is_made = self.either()
        fault = "timeout_after_doing" if story.is_made else "timeout_before_doing"
        self.trouble(story, fault, after_doing=story.is_made)
        made = None
        while story.is_made and made is None:  # it is still doing it, perhaps
            made = gateway().find_payout(str(story.payout_id))
        if made is None:
            gateway().find_payout(str(story.payout_id))
            story.comes_back("rejected")
        else:
            outcome = self.run.random.choice(["processed", "failed", "reversed"])
            self.khidma.gateway.settle_payout(made.payout_id, outcome)
            if outcome != "processed":
                story.comes_back(outcome)

    def _in_flight(self, group: list[Story]) -> int:
        ids = [story.payout_id for story in group]
        return Payout.objects.filter(pk__in=ids, status__in=["queued", "processing"]).count()

    def wait(self, by: timedelta, *, also_there: bool = True) -> None:
        """Let this time pass, here and (unless it is away) at the gateway."""
        clock.shift(by)
        if also_there:
            self.khidma.gateway.shift_clock(int(by.total_seconds()))


@contextmanager
def impatient() -> Iterator[None]:
    """Calls give up soon meanwhile."""
    before, session.TIMEOUT = session.TIMEOUT, IMPATIENT
    try:
        yield
    finally:
        session.TIMEOUT = before


@contextmanager
def patient() -> Iterator[None]:
    """Calls wait as they always do."""
    yield
