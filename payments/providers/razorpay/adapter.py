"""The gateway's protocol spoken to Razorpay and RazorpayX with the unmodified SDK; it has no methods for RazorpayX."""

import hashlib
import hmac
from datetime import date
from typing import Any

import razorpay
from django.conf import settings

from payments.providers.gateway import (
    DisputeSighting,
    FundAccount,
    GatewaySilent,
    News,
    OrderSighting,
    PayoutSighting,
    RefundSighting,
    ReportLine,
    SettlementSighting,
    Sighting,
    StatementLine,
    ValidationSighting,
)
from payments.providers.razorpay import reading
from payments.providers.razorpay.session import Session

PAGE, REPORT_PAGE = 100, 1000
"""The most that Razorpay lists at once."""


class RazorpayGateway:
    """Razorpay under one key pair."""

    def __init__(self, *, base_url: str, key_id: str, key_secret: str) -> None:
        self.public_key = key_id
        self._secret = key_secret.encode()
        self._client = razorpay.Client(session=Session(), auth=(key_id, key_secret), base_url=base_url.rstrip("/"))

    # Payments

    def create_order(self, body: dict[str, Any], *, timeout: float | None = None) -> OrderSighting:
        return reading.read_order(self._client.order.create(dict(body), timeout=timeout))

    def find_order(self, receipt: str, *, timeout: float | None = None) -> OrderSighting | None:
        items = self._client.order.all({"receipt": receipt}, timeout=timeout)["items"]
        return next((reading.read_order(item) for item in items if item.get("receipt") == receipt), None)

    def fetch_order(self, order_id: str) -> OrderSighting:
        return reading.read_order(self._client.order.fetch(order_id))

    def fetch_payment(self, payment_id: str, *, timeout: float | None = None) -> Sighting:
        return reading.read_payment(self._client.payment.fetch(payment_id, timeout=timeout))

    def payments_of_order(self, order_id: str) -> list[Sighting]:
        return [reading.read_payment(item) for item in self._client.order.payments(order_id)["items"]]

    def capture(self, payment_id: str, body: dict[str, Any]) -> Sighting:
        # The SDK's own default for the body is shared between calls: always pass a fresh one.
        return reading.read_payment(self._client.payment.capture(payment_id, body["amount"], dict(body)))

    def refund(self, payment_id: str, body: dict[str, Any], *, key: str) -> RefundSighting:
        headers = {"X-Refund-Idempotency": key}
        return reading.read_refund(self._client.payment.refund(payment_id, dict(body), headers=headers))

    def find_refund(self, payment_id: str, *, receipt: str) -> RefundSighting | None:
        items = self._client.payment.fetch_multiple_refund(payment_id, {"count": 100})["items"]
        return next((reading.read_refund(item) for item in items if item.get("receipt") == receipt), None)

    def fetch_refund(self, refund_id: str) -> RefundSighting:
        return reading.read_refund(self._client.refund.fetch(refund_id))

    def fetch_dispute(self, dispute_id: str) -> DisputeSighting:
        return reading.read_dispute(self._client.dispute.fetch(dispute_id, {}))

    def recent_disputes(self, *, skip: int) -> list[DisputeSighting]:
        """A page of all disputes, the newest first."""
        items = self._client.dispute.all({"count": PAGE, "skip": skip})["items"]
        return [reading.read_dispute(item) for item in items]

    # RazorpayX

    def fund_account(self, *, contact: dict[str, Any], account: dict[str, Any]) -> FundAccount:
        """Contact and fund account; identical details answer the existing ones, so repeating is safe."""
        contact_id = self._client.post("/v1/contacts", dict(contact))["id"]
        made = self._client.post("/v1/fund_accounts", {"contact_id": contact_id, **account})
        bank = made.get("bank_account") or {}
        return FundAccount(
            contact_id=contact_id, fund_account_id=made["id"], bank_name=str(bank.get("bank_name") or "")[:100]
        )

    def validation_body(self, *, fund_account_id: str, amount: int, reference: str) -> dict[str, Any]:
        return {
            "account_number": settings.RAZORPAYX_ACCOUNT_NUMBER,
            "fund_account": {"id": fund_account_id},
            "amount": amount,
            "currency": "INR",
            "notes": {"validation_id": reference},
        }

    def validate(self, body: dict[str, Any]) -> ValidationSighting:
        return reading.read_validation(self._client.post("/v1/fund_accounts/validations", dict(body)))

    def find_validation(self, fund_account_id: str, reference: str) -> ValidationSighting | None:
        query = {"account_number": settings.RAZORPAYX_ACCOUNT_NUMBER, "count": 100}
        items = self._client.get("/v1/fund_accounts/validations", query)["items"]
        found = [reading.read_validation(item) for item in items if _is_of(item, fund_account_id)]
        return next((sighting for sighting in found if sighting.reference == reference), None)

    def fetch_validation(self, validation_id: str) -> ValidationSighting:
        return reading.read_validation(self._client.get(f"/v1/fund_accounts/validations/{validation_id}", {}))

    def pay_out(self, body: dict[str, Any], *, key: str) -> PayoutSighting:
        headers = {"X-Payout-Idempotency": key}
        return reading.read_payout(self._client.post("/v1/payouts", dict(body), headers=headers))

    def find_payout(self, reference: str) -> PayoutSighting | None:
        query = {"account_number": settings.RAZORPAYX_ACCOUNT_NUMBER, "reference_id": reference}
        items = self._client.get("/v1/payouts", query)["items"]
        return next((reading.read_payout(item) for item in items if item.get("reference_id") == reference), None)

    def fetch_payout(self, payout_id: str) -> PayoutSighting:
        return reading.read_payout(self._client.get(f"/v1/payouts/{payout_id}", {}))

    def cancel_payout(self, payout_id: str) -> PayoutSighting:
        return reading.read_payout(self._client.post(f"/v1/payouts/{payout_id}/cancel", {}))

    # Settlements and statements

    def settlements(self, *, since: int, skip: int) -> list[SettlementSighting]:
        """At most a page of them, the newest first."""
        items = self._client.settlement.all({"from": since, "count": PAGE, "skip": skip})["items"]
        return [reading.read_settlement(item) for item in items]

    def report_lines(self, day: date, *, skip: int) -> list[ReportLine]:
        """At most a page of the lines settled on a day of India."""
        query = {"year": day.year, "month": f"{day.month:02d}", "day": f"{day.day:02d}"}
        items = self._client.settlement.report({**query, "count": REPORT_PAGE, "skip": skip})["items"]
        return [reading.read_report_line(item) for item in items]

    def payout_statement(self, *, since: int, skip: int) -> list[StatementLine]:
        """At most a page of the payout account's moves, the newest first."""
        query = {"account_number": settings.RAZORPAYX_ACCOUNT_NUMBER, "from": since, "count": PAGE, "skip": skip}
        return [reading.read_statement_line(item) for item in self._client.get("/v1/transactions", query)["items"]]

    def payout_balance(self) -> int:
        """Paise on the payout account. :raises GatewaySilent: the answer does not name it."""
        for item in self._client.get("/v1/banking_balances", {})["items"]:
            if item.get("account_number") == settings.RAZORPAYX_ACCOUNT_NUMBER:
                return reading.read_balance(item)
        raise GatewaySilent("The payout account is not among the balances.")

    # Signatures

    def is_checkout_signed(self, *, order_id: str, payment_id: str, signature: str) -> bool:
        """Razorpay signs `order|payment` with the key's secret; `order_id` is the one we have stored."""
        return _is_signed(f"{order_id}|{payment_id}".encode(), signature, self._secret)

    def is_event_signed(self, raw: bytes, signature: str) -> bool:
        """Over the bytes as they came. While the secret is rotated the old one counts too; an empty one never does."""
        secrets = [settings.RAZORPAY_WEBHOOK_SECRET, settings.RAZORPAY_WEBHOOK_SECRET_OLD]
        return any(_is_signed(raw, signature, secret.encode()) for secret in secrets if secret)

    def read_event(self, raw: bytes) -> News:
        return reading.read_news(raw)


def _is_signed(message: bytes, signature: str, secret: bytes) -> bool:
    expected = hmac.new(secret, message, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape"))


def _is_of(item: dict[str, Any], fund_account_id: str) -> bool:
    return bool((item.get("fund_account") or {}).get("id") == fund_account_id)
