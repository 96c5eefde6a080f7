"""Contests about money: paying, booking, releasing, giving back, withdrawing."""

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings

from khidma.kernel.ids import new_id
from khidma.kernel.models import StateChange
from orders.models import Boost as BoughtBoost
from orders.models import Deliverable
from payments.models import Capture, Payment, Payout, Refund, Return, Sale, Transfer
from payments.selectors import escrow_of
from verify.market import announced, balance, lost, payment_for
from verify.races.contest import Contest, all_same, equal, one_wins, only
from verify.volley import Reply, Shot


class Pay(Contest):
    """Many ask for the gateway's order of one order: all get the same, and the gateway has one."""

    name = "pay"

    def prepare(self) -> None:
        self.order = self.stage.new_order()

    def shots(self, callers: int) -> list[Shot]:
        token = self.stage.token(self.stage.client)
        return [Shot("POST", "/api/payments/create-order", {"orderId": str(self.order.pk)}, token)] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from only(replies, {(200, ""), (201, "")})
        yield from all_same(replies, "paymentId", "razorpayOrderId", "amount")
        payment = payment_for(self.order.pk)
        found = self.stage.gateway.get("/v1/orders", params={"receipt": str(payment.pk)}, auth=self.stage.keys).json()
        yield from equal("orders at the gateway", [one["id"] for one in found["items"]], [payment.gateway_order_id])


def signed(entity: dict[str, Any], name: str, event_id: str) -> Shot:
    """A message of the gateway about a payment."""
    event = {"entity": "event", "event": name, "contains": ["payment"], "payload": {"payment": {"entity": entity}}}
    raw = json.dumps(event).encode()
    signature = hmac.new(settings.RAZORPAY_WEBHOOK_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    headers = {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": event_id}
    return Shot("POST", "/api/webhooks/payment", raw, headers=headers)


class Verify(Contest):
    """A payment at the gateway is handed in by many."""

    name = "verify"

    def prepare(self) -> None:
        self.order = self.stage.new_order()
        self.handed = self.stage.check_out([self.order.pk], payer=self.stage.client)

    def shots(self, callers: int) -> list[Shot]:
        token = self.stage.token(self.stage.client)
        return [Shot("POST", "/api/payments/verify", self.handed, token)] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from only(replies, {(200, "")})
        self.stage.wait_for(self.stage.events_are_done, "the gateway's events are worked through")
        self.order.refresh_from_db()
        payment, escrow = payment_for(self.order.pk), escrow_of(self.order.pk)
        yield from equal("order", self.order.status, "in_progress")
        yield from equal("captures", Capture.objects.filter(payment=payment).count(), 1)
        into = {"entries__account__kind": "escrow", "entries__account__owner_id": escrow.pk}
        yield from equal("transfers", Transfer.objects.filter(kind="capture", **into).count(), 1)
        yield from equal("in escrow", balance("escrow", escrow.pk), self.order.amount)
        yield from equal("OrderFunded", announced("OrderFunded", order_id=self.order.pk), 1)
        yield from equal("steps", StateChange.objects.filter(subject_id=self.order.pk, action="pay").count(), 1)


class Webhook(Verify):
    """A payment is told of by many messages; in every other round the phone's verify comes between them."""

    name = "webhook"

    def prepare(self) -> None:
        super().prepare()
        self.entity = self.stage.payment_at_gateway(self.handed["razorpay_payment_id"])

    def shots(self, callers: int) -> list[Shot]:
        names, mark = ("payment.captured", "order.paid"), new_id().hex[-12:]
        told = [signed(self.entity, names[number % 2], f"{mark}-{number // 2}") for number in range(callers)]
        if self.number % 2:
            told[::2] = super().shots(len(told[::2]))
        return told


class Approve(Contest):
    """Submitted work is approved by many."""

    name = "approve"

    def prepare(self) -> None:
        self.order = self.stage.submitted()
        self.before = balance("wallet", self.order.doer_id)

    def shots(self, callers: int) -> list[Shot]:
        return [Shot("POST", f"/api/orders/{self.order.pk}/approve", {}, self.stage.token(self.stage.client))] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from one_wins(replies, 200, "order_not_submitted")
        escrow = escrow_of(self.order.pk)
        gained = balance("wallet", self.order.doer_id) - self.before
        yield from equal("the wallet gained", gained, escrow.payee_net)
        yield from equal("OrderCompleted", announced("OrderCompleted", order_id=self.order.pk), 1)
        yield from lost([self.order.pk], self.order.amount)


class Settle(Contest):
    """Release, refund and cancellation of one order with work handed in: one release; and one refund, before or after.

    Two thirds are asked back by each: from the escrow before the release, as a return after it, never twice.
    """

    name = "release ‖ refund ‖ cancel"

    def prepare(self) -> None:
        self.order = self.stage.submitted()
        self.before = balance("wallet", self.order.doer_id)

    def shots(self, callers: int) -> list[Shot]:
        path, part = f"/api/orders/{self.order.pk}", self.order.amount * 2 // 3
        client = self.stage.token(self.stage.client)
        three = [
            Shot("POST", f"{path}/approve", {}, client),
            Shot("POST", f"/api/admin{path[4:]}/refund", {"amount": part, "reason": "Goodwill."}, self.stage.finance),
            Shot("POST", f"{path}/cancel", {"reason": "other"}, self.stage.token(self.stage.doer)),
        ]
        return [three[(number + self.number) % 3] for number in range(callers)]

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        codes = ("order_not_submitted", "order_not_refundable", "part_too_large", "work_already_submitted")
        refused = {(409, code) for code in (*codes, "order_not_in_progress", "return_too_large")}
        yield from only(replies, {(200, ""), *refused})
        shots = self.shots(len(replies))
        won = [shot.path.rsplit("/", 1)[1] for shot, reply in zip(shots, replies, strict=True) if reply.status == 200]
        if sorted(won) != ["approve", "refund"]:
            yield f"these were answered 200: {won}"
        self.order.refresh_from_db()
        escrow = escrow_of(self.order.pk)
        yield from equal("order", self.order.status, "completed")
        returns = list(Return.objects.filter(escrow=escrow))
        refunds = list(Refund.objects.filter(payment=payment_for(self.order.pk)).values_list("amount", flat=True))
        yield from equal("given back", refunds, [self.order.amount * 2 // 3])
        yield from equal("returns", len(returns), 0 if escrow.refunded else 1)
        gained = balance("wallet", self.order.doer_id) - self.before
        taken = sum(one.taken for one in returns)
        yield from equal("the wallet gained", gained, (escrow.payee_net or 0) - taken)
        yield from lost([self.order.pk], self.order.amount)


class Cancel(Contest):
    """Cancellation, submission and an operator's whole refund of one paid order: one of them happens."""

    name = "cancel ‖ submit ‖ refund"

    def prepare(self) -> None:
        self.order = self.stage.funded()

    def shots(self, callers: int) -> list[Shot]:
        path = f"/api/orders/{self.order.pk}"
        client, doer = self.stage.token(self.stage.client), self.stage.token(self.stage.doer)
        whole = {"amount": self.order.amount, "reason": "Goodwill."}
        three = [
            Shot("POST", f"{path}/cancel", {"reason": "changed_mind"}, client),
            Shot("POST", f"{path}/submit", {"message": "Here is the work."}, doer),
            Shot("POST", f"/api/admin{path[4:]}/refund", whole, self.stage.finance),
        ]
        return [three[(number + self.number) % 3] for number in range(callers)]

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        codes = ("work_already_submitted", "order_not_in_progress", "order_not_refundable", "part_too_large")
        yield from one_wins(replies, 200, *codes)
        self.order.refresh_from_db()
        escrow, is_back = escrow_of(self.order.pk), self.order.status == "cancelled"
        if self.order.status not in {"submitted", "cancelled"}:
            yield f"the order is {self.order.status}"
        yield from equal("refunds", Refund.objects.filter(escrow=escrow).count(), int(is_back))
        yield from equal("handed in", Deliverable.objects.filter(order=self.order).count(), int(not is_back))
        yield from equal("OrderCancelled", announced("OrderCancelled", order_id=self.order.pk), int(is_back))
        yield from equal("in escrow", balance("escrow", escrow.pk), 0 if is_back else self.order.amount)
        yield from lost([self.order.pk], self.order.amount)


class Withdraw(Contest):
    """Many withdraw more than half of one wallet."""

    name = "withdraw"

    def prepare(self) -> None:
        self.doer = self.stage.doer_with_account()
        self.stage.completed(doer=self.doer)
        self.before = balance("wallet", self.doer.pk)
        self.payouts = Payout.objects.filter(user=self.doer).count()
        self.amount = self.before // 2 + 1

    def shots(self, callers: int) -> list[Shot]:
        return [Shot("POST", "/api/wallet/withdraw", {"amount": self.amount}, self.stage.token(self.doer))] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from one_wins(replies, 201, "insufficient_balance")
        yield from equal("left in the wallet", balance("wallet", self.doer.pk), self.before - self.amount)
        yield from equal("payouts", Payout.objects.filter(user=self.doer).count() - self.payouts, 1)
        rest = {"amount": self.before - self.amount}
        self.stage.call("POST", "/api/wallet/withdraw", rest, by=self.doer)


class MilestoneStep(Contest):
    """A milestone is handed in by many; in every other round it was, and is approved by many."""

    name = "milestone"

    def prepare(self) -> None:
        self.milestone = self.stage.funded_milestone()
        self.path = f"/api/orders/{self.milestone.order_id}/milestones/{self.milestone.pk}"
        self.is_approval = self.number % 2 == 0
        if self.is_approval:
            self.stage.call("POST", f"{self.path}/submit", {"message": "The first part."}, by=self.stage.doer)
        self.before = balance("wallet", self.stage.doer.pk)

    def shots(self, callers: int) -> list[Shot]:
        if self.is_approval:
            return [Shot("POST", f"{self.path}/approve", {}, self.stage.token(self.stage.client))] * callers
        body = {"message": "The first part."}
        return [Shot("POST", f"{self.path}/submit", body, self.stage.token(self.stage.doer))] * callers

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from one_wins(replies, 200, "milestone_not_submitted" if self.is_approval else "milestone_not_funded")
        escrow = escrow_of(self.milestone.pk)
        gained = balance("wallet", self.stage.doer.pk) - self.before
        yield from equal("the wallet gained", gained, escrow.payee_net if self.is_approval else 0)
        name = "MilestoneApproved" if self.is_approval else "MilestoneSubmitted"
        yield from equal(name, announced(name, milestone_id=self.milestone.pk), 1)
        yield from lost([self.milestone.pk], self.milestone.amount)


class Boost(Contest):
    """A boost is bought by many, then its payment handed in and told of by many."""

    name = "boost"

    def prepare(self) -> None:
        self.gig = self.stage.new_gig()
        self.handed: dict[str, str] | None = None
        if self.number % 2:
            bought = self.stage.call("POST", f"/api/gigs/{self.gig.pk}/boost", {"days": 3}, by=self.stage.client)
            self.handed = self.stage.pay_at_gateway(bought["razorpayOrderId"])
            self.income = balance("boost_income")

    def shots(self, callers: int) -> list[Shot]:
        token = self.stage.token(self.stage.client)
        if self.handed is None:
            return [Shot("POST", f"/api/gigs/{self.gig.pk}/boost", {"days": 3}, token)] * callers
        entity, mark = self.stage.payment_at_gateway(self.handed["razorpay_payment_id"]), new_id().hex[-12:]
        told = [signed(entity, "payment.captured", f"{mark}-{number // 2}") for number in range(callers)]
        told[::2] = [Shot("POST", "/api/payments/verify", self.handed, token)] * len(told[::2])
        return told

    def judge(self, replies: Sequence[Reply]) -> Iterator[str]:
        yield from only(replies, {(200, ""), (201, "")})
        payment = Payment.objects.get(sale__about=self.gig.pk)
        boosts = BoughtBoost.objects.filter(gig=self.gig)
        yield from equal("boosts", boosts.count(), 1)
        if self.handed is None:
            yield from all_same(replies, "paymentId", "razorpayOrderId", "amount")
            return
        self.stage.wait_for(self.stage.events_are_done, "the gateway's events are worked through")
        self.gig.refresh_from_db()
        yield from equal("captures", Capture.objects.filter(payment=payment).count(), 1)
        yield from equal("boost", [(boost.status, boost.days) for boost in boosts], [("shown", 3)])
        yield from equal("the gig is boosted", self.gig.is_boosted, True)
        yield from equal("BoostShown", announced("BoostShown", gig_id=self.gig.pk), 1)
        sale = Sale.objects.get(payment=payment)
        yield from equal("income", balance("boost_income") - self.income, sale.amount - (sale.gst or 0))


MONEY: list[type[Contest]] = [Pay, Verify, Webhook, Approve, Settle, Cancel, Withdraw, MilestoneStep, Boost]
