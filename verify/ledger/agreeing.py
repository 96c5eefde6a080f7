"""What clients and doers do with each other, and what the gateway tells of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import rule

from gigs.tests.factories import make_application, make_gig
from khidma.kernel import clock
from orders import services as orders
from orders.models import Milestone, Order
from payments import services as payments
from payments.models import Payment
from verify.ledger.arithmetic import COMMISSION_BP, parts_of, share
from verify.ledger.model import Deal, Thing
from verify.ledger.world import AMOUNT, CRASH, MOST_LIVE, NUMBER, World


class Agreements(World):
    """From a posted gig to approved work."""

    @rule(kind=st.sampled_from(["fixed", "fixed", "hourly", "milestone"]), amount=AMOUNT, who=NUMBER, crash=CRASH)
    def place(self, kind: str, amount: int, who: int, crash: int) -> None:
        if len(self._live()) >= MOST_LIVE:
            return self.otherwise(crash)
        return self.make_deal(kind, amount, who, crash)

    def make_deal(self, kind: str, amount: int, who: int, crash: int) -> None:
        """A gig is posted, somebody applies, and is accepted."""
        client, doer = self.clients[who % 2], self.doers[who // 2 % 3]
        amounts, gig = [amount], {"budget_type": kind}
        bid: dict[str, Any] = {"proposed_amount": amount}
        if kind == "hourly":
            bid["agreed_hours"] = 1 + who % 9
            amounts = [amount * bid["agreed_hours"]]
        if kind == "milestone":
            amounts = [amount, 1_000 + who * 37, amount // 3 + 1_000][: 1 + who // 6 % 3]
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
        if not self.bank.letters:  # the bank says nothing of what is only authorised
            return
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
        self.revision(number, crash)

    def revision(self, number: int, crash: int) -> None:
        """The client wants more."""
        deal = self._with_work(number)
        if deal is None or number % 2:
            return self.otherwise(crash)
        order = self._order(deal)
        self.act("revise", lambda: orders.request_revision(order=order, client=order.client, message="More."), crash)
        return None

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
