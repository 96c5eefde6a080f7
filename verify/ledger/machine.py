"""The state machine: what clients, doers, operators, banks and the clock may do, in any order, dying anywhere."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from accounts.tests.factories import make_client, make_doer, make_operator
from gigs import services as gigs
from gigs.models import Gig
from gigs.tests.factories import make_application, make_gig
from khidma.kernel import clock, sweeps
from khidma.kernel.errors import KhidmaError
from khidma.kernel.outbox import deliver_due
from orders import services as orders
from orders import tasks as order_clocks
from orders.models import Milestone, Order
from payments import services as payments
from payments import tasks as payment_clocks
from payments.models import BankAccount, Payment, Payout, Refund
from payments.providers import razorpay
from verify.crashing import Crashed, Crashes
from verify.ledger.arithmetic import CANCEL_BP, COMMISSION_BP, at_stake, kept_back, parts_of, share
from verify.ledger.gateway import FLOAT, Bank, FakeGateway
from verify.ledger.model import DAY, HOUR, Cancelling, Deal, Model, Thing
from verify.ledger.tally import Tally
from verify.proof import CannotRun, Run

NUMBER = st.integers(0, 255)
CRASH = st.integers(0, 65_535)
AMOUNT = st.integers(1_000, 3_000_000)

LOOK = """
SELECT 'order', id::text, status, '', '' FROM orders_order
UNION ALL SELECT 'milestone', id::text, status, '', '' FROM orders_milestone
UNION ALL SELECT 'escrow', reference::text, status, id::text, coalesce(decided_at::text, '')
  FROM payments_escrow
UNION ALL SELECT 'payment', payment.id::text, payment.status, coalesce(payment.gateway_order_id, ''),
       (SELECT string_agg(escrow.reference::text, ' ') FROM payments_paymentitem AS item
          JOIN payments_escrow AS escrow ON escrow.id = item.escrow_id WHERE item.payment_id = payment.id)
  FROM payments_payment AS payment
UNION ALL SELECT 'sale', payment_id::text, status, '', '' FROM payments_sale
UNION ALL SELECT 'capture', id::text, use, gateway_payment_id, '' FROM payments_capture
UNION ALL SELECT 'refund', id::text, status, payment_id::text || ' ' || coalesce(escrow_id::text, ''),
       reason || ' ' || amount || ' ' || way FROM payments_refund
UNION ALL SELECT 'return', id::text, escrow_id::text, amount::text, why FROM payments_return
UNION ALL SELECT 'chargeback', id::text, status, gateway_dispute_id,
       CASE WHEN taken > 0 THEN 'taken ' ELSE 'open ' END || coalesce(ended_at::text, '') FROM payments_chargeback
UNION ALL SELECT 'payout', id::text, status, user_id::text, amount::text FROM payments_payout
UNION ALL SELECT 'validation', id::text, status, '', '' FROM payments_validation
UNION ALL SELECT 'account', kind, coalesce(owner_id::text, ''), balance::text, '' FROM payments_account
 WHERE balance <> 0
"""
SHIFTS = (3.2 * HOUR, 7 * HOUR, 26 * HOUR, 50 * HOUR, 75 * HOUR, 8 * DAY, 18 * DAY)
NOT_PLAYED = (
    "reconcile_at_night",
    "look_for_settlements",
    "read_reports",
    "check_books",
    "pay_out_weekly",
    "lapse_acts",
)
DISPUTES = ("goods_not_received", "not_as_described", "duplicate", "unauthorised")
CANCEL_REASONS = ("changed_mind", "other", "doer_unreachable", "doer_no_show", "wrong_description", "emergency")
BLAMES = {
    "doer_unreachable": "doer",
    "doer_no_show": "doer",
    "wrong_description": "client",
    "emergency": "none",
}
KINDS = ("fixed", "hourly", "milestone", "fixed")
ROUNDS_TO_REST = 40
FEWEST_CLOCKS = 14
MOST_LIVE, MOST_BOOSTS = 8, 3
BOOSTS = {1: 4_900, 3: 9_900, 7: 19_900}
"""Prices of so many days, in paise with the tax inside."""
MOST_ALONE = 5_000_000
"""Withdrawals above it wait for two operators."""


def clocks() -> list[Callable[[], object]]:
    """Every sweep of orders and payments, but those that read reports."""
    found = [
        getattr(module, name)
        for module in (order_clocks, payment_clocks)
        for name in vars(module)
        if f"{module.__name__}.{name}" in sweeps._sweeps and name not in NOT_PLAYED
    ]
    if len(found) < FEWEST_CLOCKS:
        raise CannotRun(f"Only {len(found)} sweeps are known.")
    return found


class Books(RuleBasedStateMachine):
    """One small world, with a database of its own."""

    run: ClassVar[Run]
    tally: ClassVar[Tally]
    crashes: ClassVar[Crashes]
    renew: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.renew()
        self.run.progress(self.tally.steps, self.run.size["steps"])
        self.tally.write(self.run.scratch / "tally")
        self.bank = Bank()
        self.model = Model(self.bank, self._complain)
        self.story: list[str] = []
        self.faults = Random(0)
        self.is_silent = self.is_instead = False
        fake = FakeGateway(self.bank, at=self.crashes.at, silence=self._silence)
        vars(razorpay)["RazorpayGateway"] = lambda **_: fake
        razorpay._of_thread.__dict__.clear()
        payments.book_owner_funds(amount=FLOAT, key="float")
        self.clients = [make_client(), make_client()]
        self.doers = [make_doer(), make_doer(), make_doer()]
        self.operator = make_operator("finance")
        self.numbers = itertools.count(1)
        self.clocks = clocks()
        self.boosted: list[Gig] = []
        self.look()

    def _complain(self, evidence: str) -> None:
        self.run.violation(f"{evidence}\nafter: " + " | ".join(self.story[-12:]))

    def _silence(self) -> str:
        if not self.is_silent:
            return ""
        drawn = self.faults.random()
        return "before" if drawn < 0.1 else "after" if drawn < 0.25 else ""

    # How a step is made

    def act(self, name: str, do: Callable[[], object], crash: int, *, again: Callable[[], bool] | None = None) -> bool:
        """One step, with perhaps a crash in it and the recovery from that; whether it was done in the end.

        `again` says whether the doing may be repeated: by default always.
        """
        self.tally.steps += 1
        dice = Random(crash)
        self.faults, self.is_silent = Random(crash + 1), crash % 5 == 0
        self.story.append(f"{name} ({crash})")
        is_done = self._try(name, do, dice.random, is_eager=crash % 5 < 2)
        self.look()
        if is_done is None:
            self.tally.died += 1
            if crash % 3 == 0:
                self._try(f"{name}, sweeps", self._sweep, None)
            elif crash % 3 == 1 and (again is None or again()):
                self.story.append("again")
                is_done = self._try(name, do, None)
            self.look()
        self.tally.moved += self.model.moved
        self.model.moved = 0
        return bool(is_done)

    def _try(
        self, name: str, do: Callable[[], object], chance: Callable[[], float] | None, *, is_eager: bool = False
    ) -> bool | None:
        """Whether it was done; None: the process died over it."""
        try:
            with self.crashes.armed(chance, is_eager=is_eager):
                do()
        except Crashed as crashed:
            self.crashes.revive()
            self.story.append(f"died at {crashed}")
            return None
        except KhidmaError as refusal:
            self.tally.refused[f"{name}: {refusal.code}"] += 1
            self.story.append(f"refused: {refusal.code}")
            return False
        except Exception as error:
            self._complain(f"{name}: {type(error).__name__}: {error}")
            return False
        self.tally.done[name] += 1
        return True

    def look(self) -> None:
        """Compare all accounts with the model's."""
        with connection.cursor() as cursor:
            cursor.execute(LOOK)
            self.rows = cursor.fetchall()
        self.model.observe(self.rows)

    def _sweep(self) -> None:
        for run_clock in self.clocks:
            run_clock()

    def pick(self, number: int, things: list[Any]) -> Any:
        """One of these; none if there is none. The newest are picked most."""
        return things[-1 - number % min(len(things), 6)] if things else None

    def deal(self, number: int, *statuses: str) -> Deal | None:
        """A deal in one of these states."""
        found: Deal | None = self.pick(number, [deal for deal in self.model.deals.values() if deal.status in statuses])
        return found

    def otherwise(self, crash: int) -> None:
        """There was nothing to take that step on: another one that is possible is taken instead."""
        if not self.is_instead:
            self.is_instead = True
            try:
                Random(crash).choice(self._possible(crash % 256, crash))()
            finally:
                self.is_instead = False

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
            (
                any(one["status"] in {"pending", "processing", "created"} for one in under_way),
                lambda: self.banks(number, crash // 3, crash),
            ),
        ]
        return [way for is_possible, way in ways if is_possible]

    def _live(self) -> list[Deal]:
        return [deal for deal in self.model.deals.values() if deal.status not in {"completed", "cancelled"}]

    def _workable(self) -> list[Deal]:
        """Those that take work now."""
        return [
            deal for deal in self._live() if any(thing.status in {"in_progress", "funded"} for thing in deal.things)
        ]

    def must(self, holds: bool, words: str) -> None:
        """What was answered with success must have happened."""
        if not holds:
            self._complain(f"it was said to be done, and is not: {words}")

    # What people do

    @rule(kind=st.sampled_from(["fixed", "fixed", "hourly", "milestone"]), amount=AMOUNT, who=NUMBER, crash=CRASH)
    def place(self, kind: str, amount: int, who: int, crash: int) -> None:
        self.make_deal(kind, amount, who, crash)

    def make_deal(self, kind: str, amount: int, who: int, crash: int) -> None:
        """A gig is posted, somebody applies, and is accepted; not while many others are under way."""
        if len(self._live()) >= MOST_LIVE:
            return self.otherwise(crash)
        client, doer = self.clients[who % 2], self.doers[who // 2 % 3]
        amounts, gig = [amount], {"budget_type": kind}
        bid: dict[str, Any] = {"proposed_amount": amount}
        if kind == "hourly":
            bid["agreed_hours"] = 1 + who % 9
            amounts = [amount * bid["agreed_hours"]]
        if kind == "milestone":
            amounts = [amount, 1_000 + who * 37, amount // 3 + 1_000][: 1 + who % 3]
            due = clock.now() + timedelta(days=5)
            steps = [{"title": f"Part {at}", "amount": part, "due_at": due} for at, part in enumerate(amounts)]
            bid = {"proposed_amount": sum(amounts), "milestones": steps}
        bid.setdefault("estimated_days", 5)
        application = make_application(gig=make_gig(client=client, **gig), doer=doer, **bid)
        self.act(
            "accept",
            lambda: orders.accept_application(application=application, client=client),
            crash,
            again=lambda: not Order.objects.filter(application=application).exists(),
        )
        order = Order.objects.filter(application=application).first()
        if order is not None:
            self._remember(order, kind, amounts, rate=amount if kind == "hourly" else 0)
            self.look()
        return None

    def _remember(self, order: Order, kind: str, amounts: list[int], *, rate: int) -> None:
        things = [Thing(str(order.pk), amounts[0])]
        if kind == "milestone":
            commissions = parts_of(share(sum(amounts), COMMISSION_BP), amounts)
            keys = order.milestones.order_by("position").values_list("pk", flat=True)
            things = [Thing(str(k), a, c) for k, a, c in zip(keys, amounts, commissions, strict=True)]
        self.model.deals[str(order.pk)] = Deal(
            key=str(order.pk),
            client=str(order.client_id),
            doer=str(order.doer_id),
            kind=kind,
            commission_bp=COMMISSION_BP,
            things=things,
            placed_at=self.model.now(),
            days=5,
            rate=rate,
        )

    @rule(number=NUMBER, part=NUMBER, crash=CRASH)
    def open_checkout(self, number: int, part: int, crash: int) -> None:
        self.checkout(number, part, crash)

    def checkout(self, number: int, part: int, crash: int) -> None:
        deal = self.deal(number, "pending_payment", "in_progress")
        if deal is None:
            return self.otherwise(crash)
        order = self._order(deal)
        milestone = None
        if deal.kind == "milestone" and part % 3:
            milestone = Milestone.objects.get(pk=deal.things[part % len(deal.things)].key)

        def open_it() -> None:
            payment = orders.prepare_payment(order=order, client=order.client, milestone=milestone)
            payments.open_gateway_order(payment_id=payment.pk)

        self.act("checkout", open_it, crash)
        return None

    def _order(self, deal: Deal) -> Order:
        return Order.objects.select_related("client", "doer").get(pk=deal.key)

    @rule(number=NUMBER, way=NUMBER, crash=CRASH)
    def pay(self, number: int, way: int, crash: int) -> None:
        self.paying(number, way, crash)

    def paying(self, number: int, way: int, crash: int) -> None:
        """A customer pays at the gateway; some tell us at once, for others the events come."""
        opened = [row for row in self.rows if row[0] == "payment" and row[3]]
        unpaid = [row for row in opened if row[2] in {"created", "failed"}]
        row = self.pick(number, unpaid if unpaid and way % 8 else opened)
        if row is None:
            return self.otherwise(crash)
        amount, currency, outcome = self.bank.orders[row[3]]["amount"], "INR", "captured"
        if way % 16 == 1:
            amount += 1
        elif way % 16 == 2:
            currency = "USD"
        elif way % 16 == 3:
            outcome = "failed"
        elif way % 16 == 4:
            outcome = "authorized"
        paid = self.bank.pay(row[3], amount=amount, currency=currency, outcome=outcome)
        if way % 3:
            return self._verify(paid, crash)
        return self._deliver(len(self.bank.letters) - 1, crash)

    @rule(number=NUMBER, crash=CRASH)
    def verify(self, number: int, crash: int) -> None:
        paid = self.pick(number, list(self.bank.payments.values()))
        return self._verify(paid, crash) if paid else self.otherwise(crash)

    def _verify(self, paid: dict[str, Any], crash: int) -> None:
        payment = Payment.objects.select_related("payer").get(gateway_order_id=paid["order_id"])
        self.act(
            "verify",
            lambda: orders.verify_payment(
                payment=payment,
                client=payment.payer,
                gateway_payment_id=paid["id"],
                signature=f"{paid['order_id']}|{paid['id']}",
            ),
            crash,
        )

    @rule(number=NUMBER, times=st.integers(1, 3), crash=CRASH)
    def deliver(self, number: int, times: int, crash: int) -> None:
        """An event arrives, the oldest or a later one, once or several times."""
        for _ in range(times):
            if self.bank.letters:
                self._deliver(number % min(len(self.bank.letters), 5), crash)
            else:
                self.otherwise(crash)

    def _deliver(self, at: int, crash: int, name: str = "webhook") -> None:
        letter = self.bank.letters[at]

        def receive() -> None:
            event = payments.store_event(raw=letter.raw, event_id=letter.event_id, signature="signed")
            payments.work_through(gateway_event_id=event.pk)

        if self.act(name, receive, crash) and crash % 4:
            self.bank.letters.remove(letter)

    @rule(number=NUMBER, part=NUMBER, crash=CRASH)
    def submit(self, number: int, part: int, crash: int) -> None:
        self.work(number, crash, part)

    def work(self, number: int, crash: int, part: int = 0) -> None:
        """Work is handed in."""
        deal = self.pick(number, self._workable())
        if deal is None:
            return self.otherwise(crash)
        order = self._order(deal)
        if deal.kind == "hourly":
            deal.minutes = 1 + part * 7 % (60 * (order.agreed_hours or 1))
        minutes = deal.minutes if deal.kind == "hourly" else None
        if deal.kind == "milestone" and part % 2:
            thing = self.pick(part, [one for one in deal.things if one.status == "funded"])
            only = UUID(thing.key)
            self.act(
                "submit milestone",
                lambda: orders.submit_milestones(order=order, doer=order.doer, message="Done.", only=only),
                crash,
            )
        else:
            self.act(
                "submit",
                lambda: orders.submit_work(order=order, doer=order.doer, message="Done.", minutes_worked=minutes),
                crash,
            )
        return None

    @rule(number=NUMBER, crash=CRASH)
    def revise(self, number: int, crash: int) -> None:
        deal = self._with_work(number)
        if deal is None or number % 2:
            return self.otherwise(crash)
        order = self._order(deal)
        self.act("revise", lambda: orders.request_revision(order=order, client=order.client, message="More."), crash)
        return None

    def _with_work(self, number: int) -> Deal | None:
        """A deal with something to answer."""
        waiting = [
            deal
            for deal in self.model.deals.values()
            if deal.status == "submitted" or any(thing.status == "submitted" for thing in deal.things)
        ]
        found: Deal | None = self.pick(number, waiting)
        return found

    @rule(number=NUMBER, part=NUMBER, crash=CRASH)
    def approve(self, number: int, part: int, crash: int) -> None:
        self.approval(number, part, crash)

    def approval(self, number: int, part: int, crash: int) -> None:
        deal = self._with_work(number)
        if deal is None:
            return self.otherwise(crash)
        order = self._order(deal)
        if deal.kind == "milestone" and part % 2:
            thing = self.pick(part, [one for one in deal.things if one.status == "submitted"])
            only = UUID(thing.key)
            if self.act(
                "approve milestone",
                lambda: orders.approve_milestones(order=order, client=order.client, only=only),
                crash,
            ):
                self.must(thing.status == "approved", f"milestone {only} approved")
        elif self.act("approve", lambda: orders.approve_work(order=order, client=order.client), crash):
            self.must(
                deal.status in {"approved", "completed"} or deal.kind == "milestone", f"order {deal.key} approved"
            )
        return None

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def cancel(self, number: int, how: int, crash: int) -> None:
        paid = [deal for deal in self._live() if any(self._is_open(thing) for thing in deal.things)]
        deal = self.pick(number, paid) if how % 4 else self.deal(number, "pending_payment", "in_progress")
        if deal is None:
            return self.otherwise(crash)
        order = self._order(deal)
        side, reason = ("client", "doer")[how // 16 % 2], CANCEL_REASONS[how // 2 % len(CANCEL_REASONS)]
        actor = order.client if side == "client" else order.doer
        deal.is_given_up = True
        for thing in deal.things:
            if self._is_open(thing) or deal.status == "pending_payment":
                thing.asked_to_cancel = self._policy(deal, thing, side, reason)
        if self.act("cancel", lambda: orders.cancel_order(order=order, actor=actor, reason=reason), crash):
            self.must(not any(self._is_open(thing) for thing in deal.things), f"order {deal.key} cancelled")
        self._forget_intentions(deal)
        return None

    def _is_open(self, thing: Thing) -> bool:
        """Whether a cancellation can end it: its money is here, and nothing was ever handed in."""
        return thing.state == "funded" and not thing.was_submitted and thing.status in {"in_progress", "funded"}

    def _forget_intentions(self, deal: Deal) -> None:
        """What was intended and did not come about is intended no more."""
        deal.is_given_up = False
        for thing in deal.things:
            thing.asked_to_cancel = None
            thing.parts.clear()
            thing.returns.clear()

    def _policy(self, deal: Deal, thing: Thing, side: str, reason: str) -> Cancelling:
        """The table of the cancellation policy, for remote work, read once more."""
        held, now = thing.held, self.model.now()
        began_at = thing.began_at or now  # its money may have come, and nobody have looked yet
        due_at = (deal.placed_at if deal.kind == "milestone" else began_at) + deal.days * DAY
        blamed = BLAMES.get(reason, side)
        stake = 0 if now > due_at or now < began_at + 2 * HOUR else at_stake(held, CANCEL_BP)
        is_contestable = blamed != side and not (side == "doer" and blamed == "none")
        return Cancelling(
            gross=stake if blamed == "client" else 0, kept=kept_back(held, stake) if is_contestable else 0
        )

    @rule(number=NUMBER, share_of=NUMBER, crash=CRASH)
    def refund_part(self, number: int, share_of: int, crash: int) -> None:
        """An operator sends a part back, or everything."""
        deal = self.deal(number, "in_progress", "submitted")
        if deal is None or deal.kind == "milestone" or deal.held < 300:
            return self.otherwise(crash)
        order, thing = self._order(deal), deal.things[0]
        amount = deal.held if share_of > 240 else max(100, deal.held * share_of // 512)
        if amount == deal.held:
            thing.asked_to_cancel = Cancelling(gross=0, kept=0)
        else:
            thing.parts.append(amount)
        self._refund("refund", order, amount, crash)
        self._forget_intentions(deal)
        return None

    @rule(number=NUMBER, share_of=NUMBER, crash=CRASH)
    def take_back(self, number: int, share_of: int, crash: int) -> None:
        """An operator sends back what was released: out of our fee, and the doer's wallet or debt."""
        ended = [deal for deal in self.model.deals.values() if deal.status in {"completed", "cancelled"}]
        deal = self.pick(number, [one for one in ended if one.things[0].released - one.things[0].returned >= 200])
        if deal is None or deal.kind == "milestone":
            return self.otherwise(crash)
        thing = deal.things[0]
        left = thing.released - thing.returned
        amount = left if share_of > 200 else max(100, left * share_of // 512)
        thing.returns.append(amount)
        self._refund("return", self._order(deal), amount, crash)
        self._forget_intentions(deal)
        return None

    def _refund(self, name: str, order: Order, amount: int, crash: int) -> None:
        refunds = Refund.objects.filter(escrow__reference=order.pk)
        before = refunds.count()
        self.act(
            name,
            lambda: orders.refund_order(order=order, operator=self.operator, amount=amount, reason="Agreed"),
            crash,
            again=lambda: refunds.count() == before,
        )

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

    @rule(number=NUMBER, crash=CRASH)
    def send_payout(self, number: int, crash: int) -> None:
        payout = self.pick(number, [row for row in self.rows if row[0] == "payout" and row[2] in {"queued"}])
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
        refund = self.pick(number, [row for row in self.rows if row[0] == "refund" and row[2] != "processed"])
        if refund is None:
            return self.otherwise(crash)
        if refund[2] == "failed":
            found = Refund.objects.get(pk=refund[1])
            self.act("retry refund", lambda: payments.retry_refund(refund=found, operator=self.operator), crash)
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
        gig = make_gig(client=client)
        self.boosted.append(gig)
        days = (1, 3, 7)[how % 3]

        def order_it() -> None:
            payment = orders.prepare_boost(gig=gig, client=client, days=days)
            payments.open_gateway_order(payment_id=payment.pk)

        self.model.intended_boosts.append(BOOSTS[days])
        self.act("boost", order_it, crash)
        self.model.intended_boosts.clear()

    @rule(number=NUMBER, how=NUMBER, crash=CRASH)
    def dispute(self, number: int, how: int, crash: int) -> None:
        """A bank disputes a payment of which nothing went back, or decides about one that it disputes."""
        live = [one for one in self.bank.disputes.values() if one["status"] == "open"]
        disputed = {one["payment_id"] for one in self.bank.disputes.values()}
        given_back = {promise.payment for promise in self.model.promises.values()}
        payments_here = [
            one
            for one in self.bank.payments.values()
            if one["id"] in self.model.booked_payments - disputed
            and one["currency"] == "INR"
            and one["amount"] == self.bank.orders[one["order_id"]]["amount"]
            and self.bank.orders[one["order_id"]]["receipt"] not in given_back
            and self.model.payments[self.bank.orders[one["order_id"]]["receipt"]].things
        ]
        if live and (how % 2 or not payments_here):
            self.bank.close_dispute(self.pick(number, live), ("won", "lost", "lost", "closed")[how // 2 % 4])
        elif payments_here and how % 4 == 0:
            phase, reason = ("chargeback", "chargeback", "fraud")[how // 4 % 3], DISPUTES[how // 16 % len(DISPUTES)]
            moves = phase == "chargeback"
            self.bank.dispute(
                self.pick(number, payments_here),
                phase=phase,
                reason=reason,
                takes=moves and how // 64 % 2 == 0,
                answered=how // 128 % 2 == 0,
            )
        else:
            return self.otherwise(crash)
        self._deliver(len(self.bank.letters) - 1, crash, name="dispute")
        return None

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
        self.tally.moved += self.model.moved

    def _work_off(self) -> None:
        for refund in Refund.objects.filter(status="failed"):
            payments.retry_refund(refund=refund, operator=self.operator)
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
