"""What a contest is fought over, brought there through the services, the API and the gateway's stand-in."""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.models import User
from accounts.tests.factories import bearer, make_client, make_doer, make_operator
from gigs.models import Gig
from gigs.tests.factories import make_gig
from khidma.kernel import runtime
from khidma.kernel.models import OutboxDelivery, OutboxEvent
from orders.models import Milestone, Order
from orders.tests.factories import make_milestone_order, make_order
from payments.models import Account, Entry, GatewayEvent, Payment
from payments.models.gateway import EventStatus
from payments.runtime import PaymentSettings
from payments.selectors import escrow_of
from payments.services import book_owner_funds, open_gateway_order, start_payment
from verify.proof import CannotRun
from verify.running import Khidma

PATIENCE = 60.0
TOKEN_SECONDS = 300.0


class Stage:
    """People with tokens, a way to the API and one to the gateway."""

    def __init__(self, khidma: Khidma) -> None:
        self.khidma = khidma
        self.api = httpx.Client(base_url=khidma.url, timeout=30, trust_env=False)
        self.gateway = httpx.Client(base_url=khidma.gateway_url, timeout=30, trust_env=False)
        self.keys = (settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET)
        with transaction.atomic():
            runtime.change(PaymentSettings, {"daily_payout_count": 1000})
        float_there = self.gateway.get("/_sandbox/ledger").json()["balances"]["payout"]
        book_owner_funds(amount=float_there, key="float")
        self.client, self.doer, self.other_doer = make_client(), make_doer(), make_doer()
        self.tokens: dict[UUID, tuple[float, str]] = {}
        self.operator = make_operator("finance")
        self.numbers = itertools.count(1)
        self.with_account: User | None = None

    def close(self) -> None:
        self.api.close()
        self.gateway.close()

    @property
    def finance(self) -> str:
        """An access token of an operator of finance."""
        return self.token(self.operator)

    def token(self, user: User) -> str:
        """An access token of this user, made anew well before it expires."""
        made_at, token = self.tokens.get(user.pk, (0.0, ""))
        if not token or time.monotonic() - made_at > TOKEN_SECONDS:
            token = bearer(user)
            self.tokens[user.pk] = time.monotonic(), token
        return token

    def call(self, method: str, path: str, body: Any = None, *, by: User) -> Any:
        """One request that must go well. :raises CannotRun: it did not."""
        headers = {"Authorization": f"Bearer {self.token(by)}"}
        answer = self.api.request(method, path, json=body, headers=headers)
        if answer.status_code >= 300:
            raise CannotRun(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        return answer.json()["data"]

    def new_order(self, amount: int = 30_000, **over: Any) -> Order:
        """An order that waits for its payment."""
        people = {"client": self.client, "doer": self.doer}
        return make_order(amount=amount, budget_min=20_000, **{**people, **over})

    def new_gig(self) -> Gig:
        """An open gig of the client."""
        return make_gig(client=self.client)

    def doer_with_account(self) -> User:
        """A doer who may withdraw; always the same one."""
        if self.with_account is None:
            self.with_account = make_doer()
            self.verified_account(self.with_account)
        return self.with_account

    def check_out(self, references: Sequence[UUID], *, payer: User, purpose: str = "order") -> dict[str, Any]:
        """Pay for these at the gateway, unheard by Khidma; what the checkout hands to the phone."""
        payment = start_payment(payer=payer, references=references, purpose=purpose)
        opened = open_gateway_order(payment_id=payment.pk, timeout=10)
        return self.pay_at_gateway(str(opened.gateway_order_id))

    def pay_at_gateway(self, gateway_order: str) -> dict[str, Any]:
        """Pay this order of the gateway, without a webhook."""
        path = f"/_sandbox/orders/{gateway_order}/pay"
        answer = self.gateway.post(path, json={"outcome": "success", "method": "upi", "webhook": False})
        if answer.status_code != 200:
            raise CannotRun(f"The stand-in answered {answer.status_code}: {answer.text[:300]}")
        return {name: value for name, value in answer.json().items() if name.startswith("razorpay_")}

    def payment_at_gateway(self, gateway_payment: str) -> dict[str, Any]:
        """The gateway's own words about a payment."""
        found: dict[str, Any] = self.gateway.get(f"/v1/payments/{gateway_payment}", auth=self.keys).json()
        return found

    def funded(self, **over: Any) -> Order:
        """An order whose money is in escrow."""
        order = self.new_order(**over)
        self.call("POST", "/api/payments/verify", self.check_out([order.pk], payer=self.client), by=self.client)
        order.refresh_from_db()
        return order

    def submitted(self, **over: Any) -> Order:
        """An order with work handed in."""
        order = self.funded(**over)
        self.call("POST", f"/api/orders/{order.pk}/submit", {"message": "Here is the work."}, by=order.doer)
        order.refresh_from_db()
        return order

    def completed(self, **over: Any) -> Order:
        """An order that was approved and paid."""
        order = self.submitted(**over)
        self.call("POST", f"/api/orders/{order.pk}/approve", {}, by=self.client)
        order.refresh_from_db()
        return order

    def funded_milestone(self) -> Milestone:
        """The first milestone of an order of two, with its money here."""
        order = make_milestone_order(30_000, 20_000, client=self.client, doer=self.doer, budget_min=20_000)
        milestone = order.milestones.get(position=1)
        self.call("POST", "/api/payments/verify", self.check_out([milestone.pk], payer=self.client), by=self.client)
        milestone.refresh_from_db()
        return milestone

    def verified_account(self, doer: User) -> str:
        """A bank account of this doer, checked by a penny drop at the gateway."""
        account = self.call(
            "POST",
            "/api/bank-accounts",
            {"holderName": doer.name, "accountNumber": f"{next(self.numbers):012d}", "ifsc": "HDFC0000053"},
            by=doer,
        )
        self.call("POST", f"/api/bank-accounts/{account['id']}/verify", {}, by=doer)
        self.wait_for(lambda: self._is_verified(account["id"], doer), "the bank account is verified")
        return str(account["id"])

    def _is_verified(self, account_id: str, doer: User) -> bool:
        listed = self.call("GET", "/api/bank-accounts", by=doer)
        return any(one["id"] == account_id and one["status"] == "verified" for one in listed)

    def wait_for(self, holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """:raises CannotRun: it does not hold in time."""
        until = time.monotonic() + patience
        while not holds():
            if time.monotonic() > until:
                raise CannotRun(f"After {patience:.0f} s it does not hold that {what}.")
            time.sleep(0.05)

    def events_are_done(self) -> bool:
        """Whether every event of the gateway was worked through."""
        return not GatewayEvent.objects.filter(status=EventStatus.PENDING).exists()

    def is_at_rest(self) -> bool:
        """Whether nothing is on its way any more."""
        return self.events_are_done() and not OutboxDelivery.objects.filter(status="pending").exists()


def announced(name: str, **facts: object) -> int:
    """How many events of this name were published that say this."""
    wanted = {f"payload__{field}": str(value) for field, value in facts.items()}
    return OutboxEvent.objects.filter(name__endswith=name, **wanted).count()


def balance(kind: str, owner_id: UUID | None = None) -> int:
    """What an account holds, in paise."""
    found = Account.objects.filter(kind=kind, owner_id=owner_id).values_list("balance", flat=True).first()
    return found or 0


def payment_for(reference: UUID) -> Payment:
    """The one payment for this."""
    return Payment.objects.get(items__escrow__reference=reference)


def lost(references: Sequence[UUID], paid: int) -> list[str]:
    """Whether everything that was paid for these lies somewhere, by the entries of their own transfers."""
    escrows = [escrow_of(reference) for reference in references]
    held = sum(balance("escrow", escrow.pk) for escrow in escrows)
    decided = sum((escrow.payee_gross or 0) for escrow in escrows)
    refunded = sum((escrow.refunded or 0) for escrow in escrows)
    if held + decided + refunded != paid:
        return [f"{paid} paise were paid; {held} are held, {decided} went to the doer, {refunded} back"]
    return []


def unbalanced() -> list[str]:
    """Whether all entries together are zero."""
    total = Entry.objects.aggregate(total=Sum("amount"))["total"] or 0
    return [f"all entries add up to {total}"] if total else []


def as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
