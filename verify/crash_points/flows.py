"""The flows in which a process dies: what is there before, what is done, and what must be true in the end."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from accounts.models import User
from accounts.tests.factories import make_client, make_doer, make_operator
from gigs.tests.factories import make_gig
from khidma.kernel import clock
from khidma.kernel.outbox import deliver_due
from khidma.tests.client import JsonClient
from orders import services as orders
from orders import tasks as order_clocks
from orders.models import Boost, Order
from orders.tests import factories as orders_made
from payments import services as payments
from payments.models import Account, BankAccount, Chargeback, Escrow, Payment, Payout, Refund
from sandbox.testing import StandIn
from sandbox.webhooks import sign
from verify.ledger.arithmetic import GST_BP, half_up, share
from verify.proof import CannotRun

AMOUNT, COMMISSION_BP = 300_000, 1_000
_numbers = itertools.count(1)


@dataclass
class Case:
    """One case of a flow. `act` is what dies, and what is repeated after it; `wrong` says what is not as it must be."""

    act: Callable[[], None]
    wrong: Callable[[], list[str]]


@dataclass
class World:
    """What the flows share: the stand-in, and callers with one key for each thing they want."""

    gateway: StandIn
    heard: set[str] = field(default_factory=set)

    def forget_news(self) -> None:
        """What the gateway has told so far is none of the next case's."""
        self.heard = {letter["event_id"] for letter in self.gateway.webhooks()}

    def call(self, user: User, path: str, body: dict[str, Any] | None = None, *, key: str, expect: int = 200) -> Any:
        """One request with its Idempotency-Key. :raises NotAnswered: it is to be sent again."""
        answer = JsonClient(user).post(path, body or {}, key=key)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise NotAnswered(f"{path}: {answer.status_code} {answer.content.decode()[:300]}")
        if answer.status_code != expect:
            raise Refusal(f"{path}: {answer.status_code} {answer.content.decode()[:300]}")
        return answer.json().get("data")

    def bring_news(self, *names: str) -> None:
        """Deliver the gateway's events of these kinds, as its courier would, and do what they ask for."""
        for letter in self.gateway.webhooks():
            if letter["event"] in names and letter["event_id"] not in self.heard:
                raw = json.dumps(letter["body"], separators=(",", ":")).encode()
                answer = JsonClient()._client.generic(
                    "POST",
                    "/api/webhooks/payment",
                    raw,
                    "application/json",
                    headers={
                        "x-razorpay-signature": sign(self.gateway.webhook_secret, raw.decode()),
                        "x-razorpay-event-id": letter["event_id"],
                    },
                )
                if answer.status_code != 200:
                    raise NotAnswered(f"webhook: {answer.status_code} {answer.content.decode()[:300]}")
        deliver_due()


class NotAnswered(Exception):
    """Nobody knows whether it was done: the caller repeats it."""


class Refusal(Exception):
    """It was refused: that is no answer of ours to a repeated request."""


def paid(world: World, payment: Payment) -> dict[str, str]:
    """A customer pays at the gateway; what the checkout hands over."""
    payment = payments.open_gateway_order(payment_id=payment.pk)
    handed = world.gateway.pay(str(payment.gateway_order_id), outcome="success", method="upi")
    return {name: value for name, value in handed.items() if name.startswith("razorpay_")}


def net(gross: int, commission: int | None = None) -> int:
    """What a doer gets of a gross part."""
    fee = share(gross, COMMISSION_BP) if commission is None else commission
    return gross - fee - share(fee, GST_BP)


def balance(kind: str, owner: UUID | None = None) -> int:
    """What an account holds."""
    return Account.objects.filter(kind=kind, owner_id=owner).values_list("balance", flat=True).first() or 0


def say(**holds: bool) -> list[str]:
    """The names of what does not hold."""
    return [name.replace("_", " ") for name, is_so in holds.items() if not is_so]


def order_paid(world: World) -> Order:
    """A funded order whose money really is at the stand-in."""
    order = orders_made.make_order(amount=AMOUNT)
    payment = Payment.objects.get(items__escrow__reference=order.pk)
    handed = paid(world, payment)
    orders.verify_payment(
        payment=Payment.objects.get(pk=payment.pk),
        client=order.client,
        gateway_payment_id=handed["razorpay_payment_id"],
        signature=handed["razorpay_signature"],
    )
    order.refresh_from_db()
    return order


def order_submitted(world: World) -> Order:
    """The same with work handed in."""
    order = order_paid(world)
    return orders.submit_work(order=order, doer=order.doer, message="Done.")


def earner(world: World) -> User:
    """A doer with a verified bank account and an approved order's money."""
    order = order_submitted(world)
    orders.approve_work(order=order, client=order.client)
    add_account(order.doer, world)
    return order.doer


def add_account(doer: User, world: World) -> BankAccount:
    account = new_account(doer)
    validation = payments.start_validation(account=account, user=doer)
    for _ in range(100):
        payments.send_validation(validation_id=validation.pk)
        account.refresh_from_db()
        if account.status == "verified":
            return account
        time.sleep(0.05)
    raise CannotRun("The stand-in does not check accounts.")


def new_account(doer: User) -> BankAccount:
    number = f"{next(_numbers):011d}7"
    return payments.add_bank_account(user=doer, holder_name="Ravi Kumar", account_number=number, ifsc="HDFC0000053")


# The flows


def checkout(world: World) -> Case:
    """The client asks for the gateway's order."""
    order, key = orders_made.make_order(amount=AMOUNT), str(uuid4())
    body = {"orderId": str(order.pk)}
    return Case(
        lambda: world.call(order.client, "/api/payments/create-order", body, key=key),
        lambda: say(
            the_payment_has_its_order_at_the_gateway=Payment.objects.filter(
                items__escrow__reference=order.pk, gateway_order_id__startswith="order_"
            ).count()
            == 1
        ),
    )


def pay(world: World) -> Case:
    """The client hands in what the checkout gave."""
    order, key = orders_made.make_order(amount=AMOUNT), str(uuid4())
    handed = paid(world, Payment.objects.get(items__escrow__reference=order.pk))
    return Case(lambda: world.call(order.client, "/api/payments/verify", handed, key=key), lambda: begun(order, AMOUNT))


def begun(order: Order, held: int) -> list[str]:
    """What of a paid order is not so."""
    order.refresh_from_db()
    total = sum(
        Account.objects.filter(kind="escrow", owner_id__in=list(_escrow_ids(order))).values_list("balance", flat=True)
    )
    return say(the_order_is_in_progress=order.status == "in_progress", the_escrow_holds_it=total == held)


def _escrow_ids(order: Order) -> list[UUID]:
    references = [order.pk, *order.milestones.values_list("pk", flat=True)]
    return list(Escrow.objects.filter(reference__in=references).values_list("pk", flat=True))


def pay_milestones(world: World) -> Case:
    """The same for all milestones at once."""
    order, key = orders_made.make_milestone_order(100_000, 150_000), str(uuid4())
    payment = orders.prepare_payment(order=order, client=order.client)
    handed = paid(world, payment)
    return Case(
        lambda: world.call(order.client, "/api/payments/verify", handed, key=key), lambda: begun(order, 250_000)
    )


def webhook_of_payment(world: World) -> Case:
    """The gateway says that it has captured the money; the client never comes back."""
    order = orders_made.make_order(amount=AMOUNT)
    paid(world, Payment.objects.get(items__escrow__reference=order.pk))
    return Case(lambda: world.bring_news("payment.captured", "order.paid"), lambda: begun(order, AMOUNT))


def approve(world: World) -> Case:
    """The client approves, and the doer is paid."""
    order, key = order_submitted(world), str(uuid4())
    return Case(
        lambda: world.call(order.client, f"/api/orders/{order.pk}/approve", key=key),
        lambda: ended(order, "completed", doer=net(AMOUNT)),
    )


def ended(order: Order, status: str, *, doer: int, back: int = 0) -> list[str]:
    """What of an ended order is not so."""
    order.refresh_from_db()
    returned = Refund.objects.filter(payment__items__escrow__reference=order.pk, status="processed")
    return say(
        **{f"the_order_is_{status}": order.status == status},
        the_wallet_holds_the_doers_part=balance("wallet", order.doer_id) == doer,
        the_rest_went_back_once=sum(returned.values_list("amount", flat=True)) == back,
        the_escrow_is_empty=all(balance("escrow", key) == 0 for key in _escrow_ids(order)),
    )


def approve_milestone(world: World) -> Case:
    """The client approves one of two milestones."""
    order, key = orders_made.make_milestone_order(100_000, 150_000), str(uuid4())
    handed = paid(world, orders.prepare_payment(order=order, client=order.client))
    payment = Payment.objects.get(gateway_order_id=handed["razorpay_order_id"])
    orders.verify_payment(
        payment=payment,
        client=order.client,
        gateway_payment_id=handed["razorpay_payment_id"],
        signature=handed["razorpay_signature"],
    )
    order.refresh_from_db()
    orders.submit_milestones(order=order, doer=order.doer, message="Done.")
    first = order.milestones.order_by("position").first()
    path = f"/api/orders/{order.pk}/milestones/{first.pk if first else ''}/approve"
    return Case(
        lambda: world.call(order.client, path, key=key),
        lambda: [
            *begun(order, 150_000),
            *say(the_wallet_holds_the_first_part=balance("wallet", order.doer_id) == net(100_000)),
        ],
    )


def approve_by_clock(world: World) -> Case:
    """Nobody answers for three days."""
    order = order_submitted(world)
    clock.shift(timedelta(days=3, minutes=1))
    return Case(order_clocks.approve_unanswered_work, lambda: ended(order, "completed", doer=net(AMOUNT)))


def cancel(world: World) -> Case:
    """The client cancels work that has begun: a quarter for the doer, the rest goes back."""
    order, key = order_paid(world), str(uuid4())
    clock.shift(timedelta(hours=3))
    part = half_up(AMOUNT * 25, 100)

    def act() -> None:
        world.call(order.client, f"/api/orders/{order.pk}/cancel", {"reason": "changed_mind"}, key=key)
        deliver_due()

    return Case(act, lambda: ended(order, "cancelled", doer=net(part), back=AMOUNT - part))


def refund_part(world: World) -> Case:
    """An operator sends a part back."""
    order, operator, key = order_paid(world), make_operator("finance"), str(uuid4())
    body = {"amount": 100_000, "reason": "Agreed between both."}

    def act() -> None:
        world.call(operator, f"/api/admin/orders/{order.pk}/refund", body, key=key)
        deliver_due()

    def wrong() -> list[str]:
        returned = Refund.objects.filter(payment__items__escrow__reference=order.pk)
        amounts = list(returned.values_list("amount", "status"))
        return [*begun(order, AMOUNT - 100_000), *say(one_part_went_back=amounts == [(100_000, "processed")])]

    return Case(act, wrong)


def late_capture(world: World) -> Case:
    """Money comes for an order that has ended, and goes back by itself."""
    order = orders_made.make_order(amount=AMOUNT)
    payment = payments.open_gateway_order(payment_id=Payment.objects.get(items__escrow__reference=order.pk).pk)
    orders.cancel_order(order=order, actor=order.client, reason="changed_mind")
    world.gateway.pay(str(payment.gateway_order_id), outcome="success", method="upi")
    return Case(
        lambda: world.bring_news("payment.captured", "order.paid"),
        lambda: ended(order, "cancelled", doer=0, back=AMOUNT),
    )


def withdraw(world: World) -> Case:
    """A doer withdraws everything."""
    doer, key = earner(world), str(uuid4())
    amount = net(AMOUNT)

    def act() -> None:
        world.call(doer, "/api/wallet/withdraw", {"amount": amount}, key=key, expect=201)
        deliver_due()

    return Case(act, lambda: withdrawn(doer, amount))


def withdrawn(doer: User, amount: int) -> list[str]:
    """What of a withdrawal is not so."""
    made = list(Payout.objects.filter(user=doer).values_list("amount", "status"))
    return say(one_payout_arrived=made == [(amount, "processed")], the_wallet_is_empty=balance("wallet", doer.pk) == 0)


def news_of_payout(world: World) -> Case:
    """The gateway says that a payout has arrived."""
    doer = earner(world)
    payout = payments.request_payout(user=doer, amount=net(AMOUNT))
    payments.send_payout(payout_id=payout.pk)
    for _ in range(100):
        if any(one["status"] == "processed" for one in payouts_of(world, payout)):
            break
        time.sleep(0.05)
    return Case(lambda: world.bring_news("payout.processed"), lambda: withdrawn(doer, net(AMOUNT)))


def payouts_of(world: World, payout: Payout) -> list[dict[str, Any]]:
    """What the stand-in has paid out for this withdrawal."""
    return [one for one in world.gateway.ledger()["payouts"] if one["reference_id"] == str(payout.pk)]


def payout_that_failed(world: World) -> Case:
    """The bank refuses a payout: the money is in the wallet again."""
    doer = earner(world)
    payout = payments.request_payout(user=doer, amount=net(AMOUNT))
    world.gateway.set_pace(payoutAfterMs="by_hand")
    payments.send_payout(payout_id=payout.pk)
    payout.refresh_from_db()
    world.gateway.settle_payout(str(payout.gateway_payout_id), "failed")
    world.gateway.set_pace(payoutAfterMs=0)

    def wrong() -> list[str]:
        made = list(Payout.objects.filter(user=doer).values_list("status", flat=True))
        return say(the_payout_failed=made == ["failed"], the_wallet_is_full=balance("wallet", doer.pk) == net(AMOUNT))

    return Case(lambda: world.bring_news("payout.failed", "payout.reversed"), wrong)


def penny_drop(world: World) -> Case:
    """A doer has a bank account checked."""
    doer, key = make_doer(), str(uuid4())
    account = new_account(doer)

    def act() -> None:
        world.call(doer, f"/api/bank-accounts/{account.pk}/verify", key=key)
        deliver_due()

    def wrong() -> list[str]:
        account.refresh_from_db()
        return say(the_account_is_verified=account.status == "verified")

    return Case(act, wrong)


def expire(world: World) -> Case:
    """Nobody pays for a day."""
    order = orders_made.make_order(amount=AMOUNT, client=make_client())
    clock.shift(timedelta(days=1, minutes=1))
    return Case(order_clocks.expire_unpaid_orders, lambda: ended(order, "cancelled", doer=0))


def return_after_release(world: World) -> Case:
    """An operator sends back a part of what the doer was paid."""
    order = order_submitted(world)
    orders.approve_work(order=order, client=order.client)
    operator, key = make_operator("finance"), str(uuid4())
    body = {"amount": AMOUNT // 3, "reason": "It was agreed afterwards."}

    def act() -> None:
        world.call(operator, f"/api/admin/orders/{order.pk}/refund", body, key=key)
        deliver_due()

    return Case(act, lambda: ended(order, "completed", doer=net(AMOUNT) - net(AMOUNT // 3), back=AMOUNT // 3))


def disputed(world: World) -> tuple[Order, str]:
    """A completed order whose payment a bank disputes, and has taken back; with the dispute's id."""
    order = order_submitted(world)
    orders.approve_work(order=order, client=order.client)
    paid_by = Payment.objects.get(items__escrow__reference=order.pk).gateway_payment_id
    dispute = world.gateway.control("POST", f"/payments/{paid_by}/dispute", {"deductAtOnset": True})
    return order, str(dispute["id"])


def dispute_opened(world: World) -> Case:
    """A bank takes a payment back until it is decided."""
    order, dispute = disputed(world)

    def wrong() -> list[str]:
        found = Chargeback.objects.filter(gateway_dispute_id=dispute)
        taken = sum(balance("chargeback", one.pk) for one in found)
        return say(
            it_is_taken_once=taken == AMOUNT, the_wallet_is_untouched=balance("wallet", order.doer_id) == net(AMOUNT)
        )

    return Case(lambda: world.bring_news("payment.dispute.created"), wrong)


def dispute_lost(world: World) -> Case:
    """And keeps it: nobody has answered it with evidence, so the house bears it."""
    order, dispute = disputed(world)
    world.bring_news("payment.dispute.created")
    world.gateway.control("POST", f"/disputes/{dispute}/close", {"outcome": "lost"})
    before = balance("loss")

    def wrong() -> list[str]:
        found = Chargeback.objects.get(gateway_dispute_id=dispute)
        return say(
            it_is_lost=found.status == "lost",
            nothing_is_open=balance("chargeback", found.pk) == 0,
            the_house_bears_it_once=balance("loss") == before + AMOUNT,
            the_wallet_is_untouched=balance("wallet", order.doer_id) == net(AMOUNT),
        )

    return Case(lambda: world.bring_news("payment.dispute.lost"), wrong)


def boost(world: World) -> Case:
    """A client pays for a boost."""
    client, key = make_client(), str(uuid4())
    gig = make_gig(client=client)
    handed = paid(world, orders.prepare_boost(gig=gig, client=client, days=3))
    before = balance("boost_income")

    def act() -> None:
        world.call(client, "/api/payments/verify", handed, key=key)
        deliver_due()

    def wrong() -> list[str]:
        bought = Boost.objects.get(gig=gig)
        price = half_up(bought.amount * 10_000, 10_000 + GST_BP)
        return say(it_is_shown=bought.status == "shown", it_is_earned_once=balance("boost_income") == before + price)

    return Case(act, wrong)


FLOWS: dict[str, Callable[[World], Case]] = {
    "checkout": checkout,
    "pay": pay,
    "pay milestones": pay_milestones,
    "webhook of a payment": webhook_of_payment,
    "approve": approve,
    "approve a milestone": approve_milestone,
    "approve by the clock": approve_by_clock,
    "expire": expire,
    "return after a release": return_after_release,
    "dispute opened": dispute_opened,
    "dispute lost": dispute_lost,
    "boost": boost,
    "cancel with refund": cancel,
    "refund in part": refund_part,
    "late capture": late_capture,
    "withdraw": withdraw,
    "news of a payout": news_of_payout,
    "payout that failed": payout_that_failed,
    "penny drop": penny_drop,
}
