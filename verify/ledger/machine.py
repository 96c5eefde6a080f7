"""The state machine: what clients, doers, operators, banks and the clock may do, in any order, dying anywhere."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis.stateful import rule

from accounts.models import User
from gigs import services as gigs
from gigs.models import Gig
from gigs.tests.factories import make_gig
from khidma.kernel import clock
from khidma.kernel.outbox import deliver_due
from orders import services as orders
from payments import services as payments
from payments.models import BankAccount, Payout, Refund
from verify.ledger.model import HOUR
from verify.ledger.undoing import Undoings
from verify.ledger.world import BOOSTS, CRASH, KINDS, MOST_ALONE, MOST_BOOSTS, MOST_LIVE, NUMBER, ROUNDS_TO_REST, SHIFTS


class Books(Undoings):
    """One small world, with a database of its own."""

    def _possible(self, number: int, crash: int) -> list[Callable[[], object]]:
        """Steps for which there is something now."""
        live = self._live()
        payments_open = {row[2] for row in self.rows if row[0] == "payment" and row[3]}
        rich = any(self.model.wallet(str(doer.pk)) >= 1_000 for doer in self.doers)
        under_way = (*self.bank.refunds.values(), *self.bank.payouts.values(), *self.bank.validations.values())
        ways: list[tuple[object, Callable[[], object]]] = [
            (not live or crash % 8 == 0, lambda: self.act("outbox", deliver_due, crash)),
            (
                len(live) < MOST_LIVE,
                lambda: self.make_deal(KINDS[crash % 4], 1_000 + crash * 31, crash // 7 % 256, crash),
            ),
            (any(deal.status == "pending_payment" for deal in live), lambda: self.checkout(number, crash // 3, crash)),
            (payments_open & {"created", "failed"}, lambda: self.paying(number, crash // 3 % 256, crash)),
            (self._workable(), lambda: self.work(number, crash, crash // 3)),
            (self._with_work(0), lambda: self.approval(number, crash // 3, crash)),
            (rich, lambda: self.payday(number, crash // 3 % 256, crash)),
            (self._queued(), lambda: self.payout(number, crash)),
            (
                any(one["status"] in {"pending", "processing", "created"} for one in under_way),
                lambda: self.banks(number, crash // 3, crash),
            ),
        ]
        return [way for is_possible, way in ways if is_possible]

    @rule(who=NUMBER, crash=CRASH)
    def add_bank_account(self, who: int, crash: int) -> None:
        self.add_account(who, crash)

    def add_account(self, who: int, crash: int) -> None:
        """A bank account is added, and checked by a penny drop."""
        doer = self.doers[who % 3]
        number = f"{next(self.numbers):012d}"

        def add() -> None:
            account = payments.add_bank_account(
                user=doer, holder_name="Ravi Kumar", account_number=number, ifsc="HDFC0000053"
            )
            validation = payments.start_validation(account=account, user=doer)
            payments.send_validation(validation_id=validation.pk)

        if BankAccount.objects.filter(user=doer).count() > 3:
            return self.otherwise(crash)
        self.act("penny drop", add, crash, again=lambda: not BankAccount.objects.filter(user=doer).exists())
        return None

    @rule(who=NUMBER, share_of=NUMBER, crash=CRASH)
    def withdraw(self, who: int, share_of: int, crash: int) -> None:
        self.payday(who, share_of, crash)

    def payday(self, who: int, share_of: int, crash: int) -> None:
        """A doer withdraws; whoever has no bank account yet adds one."""
        doer = self.doers[who % 3]
        if not BankAccount.objects.filter(user=doer).exists():
            return self.add_account(who, crash)
        wallet = self.model.wallet(str(doer.pk))
        account = BankAccount.objects.filter(user=doer, status="verified").first()
        if wallet < 100 or account is None:
            return self.otherwise(crash)
        amount = min(wallet if share_of % 4 == 0 else max(10_000, wallet * share_of // 256), wallet, MOST_ALONE)
        asked = str(doer.pk), amount
        self.model.intended_payouts.append(asked)
        made = Payout.objects.filter(user=doer)
        before = made.count()
        self.act(
            "withdraw",
            lambda: payments.request_payout(user=doer, amount=amount, bank_account_id=account.pk),
            crash,
            again=lambda: made.count() == before,
        )
        if asked in self.model.intended_payouts:
            self.model.intended_payouts.remove(asked)
        return None

    def _queued(self) -> list[Any]:
        """Payouts that were asked for, and that no sweep has sent yet."""
        return [row for row in self.rows if row[0] == "payout" and row[2] == "queued"]

    @rule(number=NUMBER, crash=CRASH)
    def send_payout(self, number: int, crash: int) -> None:
        self.payout(number, crash)

    def payout(self, number: int, crash: int) -> None:
        """A payout is sent, or called back before it is."""
        payout = self.pick(number, self._queued())
        if payout is None:
            return self.otherwise(crash)
        if number % 8 == 0:
            found = Payout.objects.select_related("user").get(pk=payout[1])
            self.act("cancel payout", lambda: payments.cancel_payout(payout=found, user=found.user), crash)
        else:
            self.act("send payout", lambda: payments.send_payout(payout_id=UUID(payout[1])), crash)
        return None

    @rule(number=NUMBER, crash=CRASH)
    def send_refund(self, number: int, crash: int) -> None:
        self.sending_back(number, crash)

    def sending_back(self, number: int, crash: int) -> None:
        """A refund is sent, or tried anew."""
        refund = self.pick(number, [row for row in self.rows if row[0] == "refund" and row[2] != "processed"])
        if refund is None:
            return self.otherwise(crash)
        if refund[2] == "failed":
            found = Refund.objects.get(pk=refund[1])
            self.act(
                "retry refund",
                lambda: payments.retry_refund(refund=found, operator=self.operator, reason="Again"),
                crash,
            )
        else:
            self.act("send refund", lambda: payments.send_refund(refund_id=UUID(refund[1])), crash)
        return None

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def banks_move(self, number: int, how: int, crash: int) -> None:
        self.banks(number, how, crash)

    def banks(self, number: int, how: int, crash: int) -> None:
        """Something under way arrives, fails, or comes back later; we hear of it by an event or by looking."""
        moves: list[Callable[[], None]] = []
        for refund in self.bank.refunds.values():
            if refund["status"] == "pending":
                moves.append(partial(self.bank.settle_refund, refund, "failed" if how % 5 == 0 else "processed"))
            elif refund["status"] == "processed" and how % 16 == 1:
                moves.append(partial(self.bank.settle_refund, refund, "failed"))
        for payout in self.bank.payouts.values():
            if payout["status"] == "processing":
                outcome = ("processed", "processed", "processed", "failed", "reversed")[how % 5]
                moves.append(partial(self.bank.settle_payout, payout, outcome))
            elif payout["status"] == "processed" and how % 8 == 1:
                moves.append(partial(self.bank.settle_payout, payout, "reversed"))
        for validation in self.bank.validations.values():
            if validation["status"] == "created":
                moves.append(partial(self.bank.settle_validation, validation))
        move = self.pick(number, moves)
        if move is None:
            return self.otherwise(crash)
        move()
        return self._deliver(len(self.bank.letters) - 1, crash)

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def boost(self, number: int, how: int, crash: int) -> None:
        """A client asks for a boost; some give the gig up before it is paid, and the money goes back."""
        client = self.clients[number % 2]
        if len(self.boosted) >= MOST_BOOSTS:
            gig = self.boosted.pop(0)
            self.act("close gig", lambda: gigs.close_gig(gig=gig, client=gig.client), crash)
            return
        self.boosted.append(self.order_boost(client, (1, 3, 7)[how % 3], crash))

    def order_boost(self, client: User, days: int, crash: int) -> Gig:
        """A gig is posted, and is to be shown first."""
        gig = make_gig(client=client)

        def order_it() -> None:
            payment = orders.prepare_boost(gig=gig, client=client, days=days)
            payments.open_gateway_order(payment_id=payment.pk)

        self.model.intended_boosts.append(BOOSTS[days])
        self.act("boost", order_it, crash)
        self.model.intended_boosts.clear()
        return gig

    # What time does

    @rule(crash=CRASH)
    def outbox(self, crash: int) -> None:
        self.act("outbox", deliver_due, crash)

    @rule(crash=CRASH)
    def sweep(self, crash: int) -> None:
        self.act("sweeps", self._sweep, crash)

    @rule(number=NUMBER, crash=CRASH)
    def time_passes(self, number: int, crash: int) -> None:
        self._pass(SHIFTS[min(number % 12, len(SHIFTS) - 1) if number % 3 == 0 else number % 3])
        self.act("clock", self._sweep, crash)

    def _pass(self, seconds: float) -> None:
        clock.shift(timedelta(seconds=seconds))
        self.model.shift += seconds

    def teardown(self) -> None:
        """Everything comes to rest, without another crash: then nothing may be missing."""
        self.is_silent = False
        for _ in range(ROUNDS_TO_REST):
            self._work_off()
            self.look()
            if self._is_at_rest():
                break
            self._pass(7 * HOUR)
        self.model.at_rest()
        self.witness.close()
        self.tally.moved += self.model.moved

    def _work_off(self) -> None:
        for refund in Refund.objects.filter(status="failed"):
            payments.retry_refund(refund=refund, operator=self.operator, reason="Again")
        self._sweep()
        deliver_due()
        self.bank.settle_all()
        for letter in self.bank.letters:
            event = payments.store_event(raw=letter.raw, event_id=letter.event_id, signature="signed")
            payments.work_through(gateway_event_id=event.pk)
        self.bank.letters.clear()

    def _is_at_rest(self) -> bool:
        open_states = {"refund": {"processed"}, "payout": {"processed", "failed", "reversed", "cancelled", "rejected"}}
        return all(row[2] in open_states[row[0]] for row in self.rows if row[0] in open_states)
