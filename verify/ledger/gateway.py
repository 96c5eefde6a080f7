"""A gateway in memory, at the adapter's boundary: what it has done is its own book, and nobody else's arithmetic."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from payments.providers.gateway import (
    DisputeSighting,
    FundAccount,
    GatewaySaidNo,
    GatewaySilent,
    News,
    OrderSighting,
    PayoutSighting,
    RefundSighting,
    Sighting,
    ValidationSighting,
)
from payments.providers.razorpay import reading
from verify.crashing import operation
from verify.ledger.arithmetic import half_up

FLOAT = 10_000_000_00
"""What the payout account opens with, in paise."""
PAYOUT_FEE, PAYOUT_TAX = 590, 90
PENNY = 100


@dataclass
class Letter:
    """An event on its way to us."""

    event_id: str
    raw: bytes


@dataclass
class Bank:
    """Everything the gateway knows. Entities are shaped as Razorpay's, since the product reads them."""

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    payouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    validations: dict[str, dict[str, Any]] = field(default_factory=dict)
    disputes: dict[str, dict[str, Any]] = field(default_factory=dict)
    fund_accounts: dict[str, str] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    made: int = 0

    def new_id(self, prefix: str) -> str:
        """The next id, in Razorpay's shape."""
        self.made += 1
        return f"{prefix}_{self.made:014d}"

    def tell(self, name: str, **entities: dict[str, Any]) -> None:
        """Put an event on its way: what it says is the state of now, whenever it arrives."""
        payload = {kind.replace("__", "."): {"entity": dict(entity)} for kind, entity in entities.items()}
        raw = json.dumps({"event": name, "payload": payload}).encode()
        self.letters.append(Letter(self.new_id("evt"), raw))

    # What customers, banks and time do

    def pay(self, order_id: str, *, amount: int, currency: str = "INR", outcome: str = "captured") -> dict[str, Any]:
        """A customer pays: `captured`, `failed`, or `authorized`, when our word is needed to take the money."""
        payment: dict[str, Any] = {
            "id": self.new_id("pay"),
            "order_id": order_id,
            "status": outcome,
            "amount": amount,
            "currency": currency,
            "method": "upi",
        }
        self.payments[payment["id"]] = payment
        if outcome == "captured":
            self._take(payment)
        elif outcome == "failed":
            self.tell("payment.failed", payment=payment)
        return payment

    def _take(self, payment: dict[str, Any]) -> None:
        fee = half_up(payment["amount"] * 2, 100)
        tax = half_up(fee * 18, 100)
        payment.update(status="captured", fee=fee + tax, tax=tax)
        self.tell("payment.captured", payment=payment)
        self.tell("order.paid", payment=payment, order=self.orders.get(payment["order_id"], {}))

    def settle_refund(self, refund: dict[str, Any], outcome: str) -> None:
        """A bank takes a refund, or gives it back."""
        refund["status"] = outcome
        payment = self.payments[refund["payment_id"]]
        self.tell(f"refund.{outcome}", refund=refund, payment={**payment, "captured": True})

    def settle_payout(self, payout: dict[str, Any], outcome: str) -> None:
        """A bank takes a payout, refuses it, or gives it back."""
        payout["status"] = outcome
        if outcome == "processed":
            payout.update(fees=PAYOUT_FEE, tax=PAYOUT_TAX, utr=payout["id"][-12:])
        self.tell(f"payout.{outcome}", payout=payout)

    def settle_validation(self, validation: dict[str, Any]) -> None:
        """A penny has arrived where it should."""
        results = {"account_status": "active", "registered_name": "RAVI KUMAR", "name_match_score": 100}
        validation.update(status="completed", results=results)
        self.tell("fund_account.validation.completed", fund_account__validation=validation)

    def dispute(self, payment: dict[str, Any], *, phase: str, reason: str, takes: bool, answered: bool) -> None:
        """A bank disputes all of a payment, and perhaps takes the money at once; perhaps we have answered it."""
        dispute = {
            "id": self.new_id("disp"),
            "payment_id": payment["id"],
            "amount": payment["amount"],
            "amount_deducted": payment["amount"] if takes else 0,
            "status": "open",
            "phase": phase,
            "reason_code": reason,
            "evidence": {"submitted_at": 1} if answered else {},
        }
        self.disputes[dispute["id"]] = dispute
        self.tell("payment.dispute.created", payment=payment, dispute=dispute)

    def close_dispute(self, dispute: dict[str, Any], outcome: str) -> None:
        """The bank decides."""
        moves = dispute["phase"] not in {"fraud", "retrieval"}
        dispute.update(status=outcome, amount_deducted=dispute["amount"] if outcome == "lost" and moves else 0)
        self.tell(f"payment.dispute.{outcome}", payment=self.payments[dispute["payment_id"]], dispute=dispute)

    def settle_all(self) -> None:
        """Whatever is under way arrives."""
        for refund in self.refunds.values():
            if refund["status"] == "pending":
                self.settle_refund(refund, "processed")
        for payout in self.payouts.values():
            if payout["status"] == "processing":
                self.settle_payout(payout, "processed")
        for validation in self.validations.values():
            if validation["status"] == "created":
                self.settle_validation(validation)
        for dispute in self.disputes.values():
            if dispute["status"] in {"open", "under_review"}:
                self.close_dispute(dispute, "won")

    # Its book

    def gateway_balance(self) -> int:
        """What it holds of ours: captures less fees, less refunds that arrived."""
        taken: int = sum(one["amount"] - one["fee"] for one in self.payments.values() if one["status"] == "captured")
        gone: int = sum(one["amount"] for one in self.refunds.values() if one["status"] == "processed")
        disputed: int = sum(one["amount_deducted"] for one in self.disputes.values())
        return taken - gone - disputed

    def payout_balance(self) -> int:
        """The payout account: its float, less payouts that arrived with their fees, less pennies."""
        gone: int = sum(one["amount"] + one["fees"] for one in self.payouts.values() if one["status"] == "processed")
        checks = [one for one in self.validations.values() if one["status"] == "completed"]
        return FLOAT - gone - PENNY * len(checks)


class FakeGateway:
    """The protocol of payments over one bank. `at` is told of both sides of each call; `silence` draws faults."""

    public_key = "rzp_proof"

    def __init__(self, bank: Bank, *, at: Callable[[str], None], silence: Callable[[], str]) -> None:
        self.bank = bank
        self._at = at
        self._silence = silence

    @contextmanager
    def _call(self, name: str) -> Iterator[None]:
        """One call that leaves the process; it may stay without an answer, before or after it was heard."""
        from khidma.kernel.network import forbid_in_transaction

        forbid_in_transaction()
        where, fault = operation(), self._silence()
        self._at(f"{where}: before call {name}")
        if fault == "before":
            raise GatewaySilent("connection reset")
        yield
        self._at(f"{where}: after call {name}")
        if fault == "after":
            raise GatewaySilent("timed out")

    def create_order(self, body: dict[str, Any], *, timeout: float | None = None) -> OrderSighting:
        with self._call("create_order"):
            order = {"id": self.bank.new_id("order"), "status": "created", **body}
            self.bank.orders[order["id"]] = order
        return reading.read_order(order)

    def find_order(self, receipt: str, *, timeout: float | None = None) -> OrderSighting | None:
        with self._call("find_order"):
            found = [one for one in self.bank.orders.values() if one["receipt"] == receipt]
        return reading.read_order(found[0]) if found else None

    def fetch_order(self, order_id: str) -> OrderSighting:
        with self._call("fetch_order"):
            order = self._known(self.bank.orders, order_id)
        return reading.read_order(order)

    def fetch_payment(self, payment_id: str, *, timeout: float | None = None) -> Sighting:
        with self._call("fetch_payment"):
            payment = self._known(self.bank.payments, payment_id)
        return reading.read_payment(payment)

    def payments_of_order(self, order_id: str) -> list[Sighting]:
        with self._call("payments_of_order"):
            found = [dict(one) for one in self.bank.payments.values() if one["order_id"] == order_id]
        return [reading.read_payment(one) for one in found]

    def capture(self, payment_id: str, body: dict[str, Any]) -> Sighting:
        with self._call("capture"):
            payment = self._known(self.bank.payments, payment_id)
            if payment["status"] != "authorized":
                raise GatewaySaidNo(http_status=400, code="BAD_REQUEST_ERROR", description="Already captured")
            self.bank._take(payment)
        return reading.read_payment(payment)

    def refund(self, payment_id: str, body: dict[str, Any], *, key: str) -> RefundSighting:
        with self._call("refund"):
            refund = self._under_key(key, self.bank.refunds) or self._new_refund(payment_id, body, key)
        return reading.read_refund(refund)

    def _new_refund(self, payment_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        payment = self._known(self.bank.payments, payment_id)
        given = [one for one in self.bank.refunds.values() if one["payment_id"] == payment_id]
        reserved = sum(one["amount"] for one in given if one["status"] != "failed")
        if reserved + body["amount"] > payment["amount"]:
            raise GatewaySaidNo(http_status=400, code="BAD_REQUEST_ERROR", description="More than was captured")
        refund = {"id": self.bank.new_id("rfnd"), "payment_id": payment_id, "status": "pending", **body}
        self.bank.refunds[refund["id"]] = refund
        self.bank.keys[key] = refund["id"]
        return refund

    def find_refund(self, payment_id: str, *, receipt: str) -> RefundSighting | None:
        with self._call("find_refund"):
            found = [one for one in self.bank.refunds.values() if one["receipt"] == receipt]
        return reading.read_refund(found[0]) if found else None

    def fetch_refund(self, refund_id: str) -> RefundSighting:
        with self._call("fetch_refund"):
            refund = self._known(self.bank.refunds, refund_id)
        return reading.read_refund(refund)

    def fetch_dispute(self, dispute_id: str) -> DisputeSighting:
        with self._call("fetch_dispute"):
            dispute = self._known(self.bank.disputes, dispute_id)
        return reading.read_dispute(dispute)

    def recent_disputes(self, *, skip: int) -> list[DisputeSighting]:
        with self._call("recent_disputes"):
            known = list(self.bank.disputes.values())[::-1][skip:]
        return [reading.read_dispute(one) for one in known]

    def fund_account(self, *, contact: dict[str, Any], account: dict[str, Any]) -> FundAccount:
        with self._call("fund_account"):
            details = json.dumps([contact, account], sort_keys=True)
            known = self.bank.fund_accounts.setdefault(details, self.bank.new_id("fa"))
        return FundAccount(contact_id=known.replace("fa_", "cont_"), fund_account_id=known, bank_name="Proof Bank")

    def validation_body(self, *, fund_account_id: str, amount: int, reference: str) -> dict[str, Any]:
        notes = {"validation_id": reference}
        return {"fund_account": {"id": fund_account_id}, "amount": amount, "currency": "INR", "notes": notes}

    def validate(self, body: dict[str, Any]) -> ValidationSighting:
        with self._call("validate"):
            validation = {"id": self.bank.new_id("fav"), "status": "created", **body}
            self.bank.validations[validation["id"]] = validation
        return reading.read_validation(validation)

    def find_validation(self, fund_account_id: str, reference: str) -> ValidationSighting | None:
        with self._call("find_validation"):
            found = [one for one in self.bank.validations.values() if one["notes"]["validation_id"] == reference]
        return reading.read_validation(found[0]) if found else None

    def fetch_validation(self, validation_id: str) -> ValidationSighting:
        with self._call("fetch_validation"):
            validation = self._known(self.bank.validations, validation_id)
        return reading.read_validation(validation)

    def pay_out(self, body: dict[str, Any], *, key: str) -> PayoutSighting:
        with self._call("pay_out"):
            payout = self._under_key(key, self.bank.payouts)
            if payout is None:
                payout = {"id": self.bank.new_id("pout"), "status": "processing", "fees": 0, "tax": 0, **body}
                self.bank.payouts[payout["id"]] = payout
                self.bank.keys[key] = payout["id"]
        return reading.read_payout(payout)

    def find_payout(self, reference: str) -> PayoutSighting | None:
        with self._call("find_payout"):
            found = [one for one in self.bank.payouts.values() if one["reference_id"] == reference]
        return reading.read_payout(found[0]) if found else None

    def fetch_payout(self, payout_id: str) -> PayoutSighting:
        with self._call("fetch_payout"):
            payout = self._known(self.bank.payouts, payout_id)
        return reading.read_payout(payout)

    def cancel_payout(self, payout_id: str) -> PayoutSighting:
        raise GatewaySaidNo(http_status=400, code="BAD_REQUEST_ERROR", description="It is under way")

    def is_checkout_signed(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        return signature == f"{order_id}|{payment_id}"

    def is_event_signed(self, raw: bytes, signature: str) -> bool:
        return signature == "signed"

    def read_event(self, raw: bytes) -> News:
        return reading.read_news(raw)

    def _under_key(self, key: str, things: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        return things.get(self.bank.keys.get(key, ""))

    def _known(self, things: dict[str, dict[str, Any]], key: str) -> dict[str, Any]:
        if key not in things:
            raise GatewaySaidNo(http_status=400, code="BAD_REQUEST_ERROR", description="The id provided does not exist")
        return things[key]
