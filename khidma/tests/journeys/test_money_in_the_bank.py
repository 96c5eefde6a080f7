"""From a phone number to money in the bank, over HTTP, with the gateway's stand-in and its real webhooks."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts import services as accounts
from khidma.delivery.models import OutboxMessage
from khidma.kernel.clock import now
from khidma.kernel.outbox import deliver_due
from khidma.tests.client import JsonClient
from payments.models import Account, Entry, Transfer
from payments.tasks import look_at_validations, send_payouts, work_through_events
from sandbox.testing import StandIn

Step = Callable[[], Any]


class Webhooks:
    """Carries the stand-in's webhooks to the server, signed as the gateway signs, each once."""

    def __init__(self, gateway: StandIn) -> None:
        self.gateway = gateway
        self._carried: set[str] = set()

    def carry(self) -> list[str]:
        """Deliver what is new, then let the workers work; the names of the events."""
        new = [hook for hook in reversed(self.gateway.webhooks()) if hook["event_id"] not in self._carried]
        for hook in new:
            self._carried.add(hook["event_id"])
            body = json.dumps(hook["body"], separators=(",", ":")).encode()
            signature = hmac.new(settings.RAZORPAY_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
            headers = {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": hook["event_id"]}
            answer = Client().post("/api/webhooks/payment", body, "application/json", headers=headers)
            assert answer.status_code == 200, answer.content
        work_through_events()
        deliver_due()
        return [hook["event"] for hook in new]

    def until(self, event: str) -> None:
        """Carry until this event has come, at most ten seconds."""
        for _ in range(100):
            if event in self.carry():
                return
            time.sleep(0.1)
        pytest.fail(f"The stand-in never sent {event}.")


def log_in(phone: str) -> JsonClient:
    stranger = JsonClient()
    assert stranger.post("/api/auth/send-otp", {"phone": phone}).status_code == 200
    sms = OutboxMessage.objects.filter(to=phone).latest("id")
    code = re.search(r"\b\d{6}\b", sms.body)
    assert code is not None
    answer = stranger.post("/api/auth/verify-otp", {"phone": phone, "otp": code.group()})
    assert answer.status_code == 200, answer.content
    return JsonClient(token=answer.json()["token"])


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()["data"]


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("confirmed_by", ["client", "webhook"])
def test_from_a_phone_number_to_money_in_the_bank(gateway: StandIn, confirmed_by: str) -> None:
    accounts.seed_categories()
    webhooks = Webhooks(gateway)
    client, doer = log_in("+919876500001"), log_in("+919876500002")
    data(client.patch("/api/users/me", {"name": "Asha Rao", "email": "asha@example.in", "roles": ["client"]}))
    profile = {"university": "Delhi University", "course": "B.Com", "year": 2, "graduationYear": 2028}
    data(doer.patch("/api/users/me", {"name": "Ravi", "email": "ravi@example.in", "roles": ["doer"], **profile}))

    gig = {
        "kind": "remote",
        "title": "Logo for a tea stall",
        "description": "A simple logo in two colours, as SVG and PNG.",
        "category": "design",
        "budgetType": "fixed",
        "budgetMin": 200_000,
        "budgetMax": 300_000,
        "deadline": int(now().timestamp() * 1000) + 7 * 86_400_000,
    }
    gig = data(client.post("/api/gigs", gig), 201)
    bid = {"coverLetter": "I have drawn three logos before.", "proposedAmount": 250_000, "estimatedDays": 4}
    application = data(doer.post(f"/api/gigs/{gig['id']}/applications", bid), 201)
    order = data(client.post(f"/api/applications/{application['id']}/accept"), 201)
    assert (order["status"], order["payment"]["amount"]) == ("pending_payment", 250_000)

    paid = gateway.pay(order["payment"]["razorpayOrderId"])
    signed = {name: paid[name] for name in ("razorpay_order_id", "razorpay_payment_id", "razorpay_signature")}
    if confirmed_by == "client":
        assert data(client.post("/api/payments/verify", signed))["order"]["status"] == "in_progress"
    webhooks.until("order.paid")
    funded = data(doer.get(f"/api/orders/{order['id']}"))
    assert (funded["status"], funded["escrowState"]) == ("in_progress", "funded")
    assert data(client.post("/api/payments/verify", signed))["payment"]["status"] == "captured"

    data(doer.post(f"/api/orders/{order['id']}/submit", {"message": "Here it is."}))
    completed = data(client.post(f"/api/orders/{order['id']}/approve"))
    assert (completed["status"], completed["escrowState"], completed["doerPayout"]) == (
        "completed",
        "released",
        220_500,
    )
    wallet = data(doer.get("/api/wallet/balance"))
    assert (wallet["available"], wallet["totalEarnings"]) == (220_500, 220_500)

    account = {"holderName": "Ravi Kumar", "accountNumber": "12345678901", "ifsc": "HDFC0000053"}
    account = data(doer.post("/api/bank-accounts", account), 201)
    data(doer.post(f"/api/bank-accounts/{account['id']}/verify"))
    look_at_validations()
    webhooks.until("fund_account.validation.completed")
    payout = data(doer.post("/api/wallet/withdraw", {"amount": 220_500}), 201)
    send_payouts()
    webhooks.until("payout.processed")
    assert data(doer.get(f"/api/wallet/payouts/{payout['id']}"))["status"] == "processed"
    wallet = data(doer.get("/api/wallet/balance"))
    assert (wallet["available"], wallet["totalWithdrawn"]) == (0, 220_500)

    check_books(gateway)
    told = [row["type"] for row in data(doer.get("/api/notifications"))]
    assert told.count("order_funded") == told.count("order_completed") == told.count("payout_processed") == 1


def check_books(gateway: StandIn) -> None:
    """Every transfer sums to zero, every balance is its entries' sum, and the gateway's book says the same."""
    totals: dict[Any, int] = {}
    sums: dict[Any, int] = {}
    for entry in Entry.objects.select_related("account"):
        totals[entry.transfer_id] = totals.get(entry.transfer_id, 0) + entry.amount
        sign = 1 if entry.account.normal_side == "debit" else -1
        sums[entry.account_id] = sums.get(entry.account_id, 0) + sign * entry.amount
    assert len(totals) == Transfer.objects.count()
    assert set(totals.values()) == {0}
    assert {account.pk: account.balance for account in Account.objects.exclude(balance=0)} == {
        account: amount for account, amount in sums.items() if amount
    }
    theirs = gateway.ledger()
    ours = Account.objects.get(kind="gateway").balance
    assert ours == theirs["balances"]["gateway"]
