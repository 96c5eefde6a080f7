"""Reads Razorpay's entities, in answers and in events alike; what is missing or odd never raises a surprise."""

import json
from typing import Any

from payments.providers.gateway import (
    DisputeSighting,
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

PAYMENT_EVENTS = frozenset({"payment.authorized", "payment.captured", "payment.failed", "order.paid"})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def read_order(entity: dict[str, Any]) -> OrderSighting:
    return OrderSighting(
        order_id=_text(entity.get("id")),
        receipt=_text(entity.get("receipt")),
        amount=_number(entity.get("amount")) or 0,
        currency=_text(entity.get("currency")),
        status=_text(entity.get("status")),
    )


def read_payment(entity: dict[str, Any], order: dict[str, Any] | None = None) -> Sighting:
    """A payment; `order` is the gateway's order where the event brings it along."""
    notes = _object(entity.get("notes"))
    return Sighting(
        payment_id=_text(entity.get("id")),
        order_id=_text(entity.get("order_id")),
        status=_text(entity.get("status")),
        amount=_number(entity.get("amount")) or 0,
        currency=_text(entity.get("currency")),
        method=_text(entity.get("method"))[:20],
        fee=_number(entity.get("fee")),
        fee_tax=_number(entity.get("tax")),
        reason=(_text(entity.get("error_description")) or _text(entity.get("error_reason")))[:200],
        receipt=_text((order or {}).get("receipt")) or _text(notes.get("payment_id")),
    )


def read_refund(entity: dict[str, Any], payment: dict[str, Any] | None = None) -> RefundSighting:
    return RefundSighting(
        refund_id=_text(entity.get("id")),
        payment_id=_text(entity.get("payment_id")),
        receipt=_text(entity.get("receipt")),
        amount=_number(entity.get("amount")) or 0,
        status=_text(entity.get("status")),
        is_of_captured=payment is None or payment.get("captured") is not False,
    )


def read_validation(entity: dict[str, Any]) -> ValidationSighting:
    results = _object(entity.get("results")) or _object(entity.get("validation_results"))
    return ValidationSighting(
        validation_id=_text(entity.get("id")),
        reference=_text(_object(entity.get("notes")).get("validation_id")),
        status=_text(entity.get("status")),
        amount=_number(entity.get("amount")) or 0,
        account_status=_text(results.get("account_status")),
        registered_name=_text(results.get("registered_name"))[:120],
        name_match_score=_number(results.get("name_match_score")),
    )


def read_payout(entity: dict[str, Any]) -> PayoutSighting:
    details = _object(entity.get("status_details"))
    return PayoutSighting(
        payout_id=_text(entity.get("id")),
        reference=_text(entity.get("reference_id")),
        status=_text(entity.get("status")),
        amount=_number(entity.get("amount")) or 0,
        fee=_number(entity.get("fees")) or 0,
        fee_tax=_number(entity.get("tax")) or 0,
        utr=_text(entity.get("utr")),
        reason=(_text(details.get("description")) or _text(entity.get("failure_reason")))[:200],
    )


def read_settlement(entity: dict[str, Any]) -> SettlementSighting:
    return SettlementSighting(
        settlement_id=_text(entity.get("id")),
        amount=_number(entity.get("amount")) or 0,
        status=_text(entity.get("status")),
        utr=_text(entity.get("utr"))[:60],
        settled_at=_number(entity.get("created_at")) or 0,
    )


def read_report_line(item: dict[str, Any]) -> ReportLine:
    return ReportLine(
        settlement_id=_text(item.get("settlement_id")),
        kind=_text(item.get("type"))[:20],
        entity_id=_text(item.get("entity_id"))[:40],
        amount=_number(item.get("amount")) or 0,
        fee=_number(item.get("fee")) or 0,
        tax=_number(item.get("tax")) or 0,
        debit=_number(item.get("debit")) or 0,
        credit=_number(item.get("credit")) or 0,
        currency=_text(item.get("currency"))[:3],
        payment_id=_text(item.get("payment_id"))[:40],
        dispute_id=_text(item.get("dispute_id"))[:40],
    )


def read_statement_line(item: dict[str, Any]) -> StatementLine:
    return StatementLine(
        transaction_id=_text(item.get("id")),
        source_id=_text(_object(item.get("source")).get("id"))[:40],
        credit=_number(item.get("credit")) or 0,
        debit=_number(item.get("debit")) or 0,
        balance=_number(item.get("balance")) or 0,
        made_at=_number(item.get("created_at")) or 0,
    )


def read_balance(item: dict[str, Any]) -> int:
    """:raises GatewaySilent: there is no number in it."""
    amount = _number(item.get("amount"))
    if amount is None:
        raise GatewaySilent("The balance is no number.")
    return amount


def read_dispute(entity: dict[str, Any]) -> DisputeSighting:
    return DisputeSighting(
        dispute_id=_text(entity.get("id"))[:40],
        payment_id=_text(entity.get("payment_id")),
        amount=_number(entity.get("amount")) or 0,
        status=_text(entity.get("status")),
        phase=_text(entity.get("phase")),
        reason_code=_text(entity.get("reason_code"))[:100],
        amount_deducted=_number(entity.get("amount_deducted")) or 0,
        has_evidence=_number(_object(entity.get("evidence")).get("submitted_at")) is not None,
        respond_by=_number(entity.get("respond_by")),
    )


def read_news(raw: bytes) -> News:
    """An event. What it is about is empty where it is about nothing that we follow."""
    try:
        body = _object(json.loads(raw))
    except ValueError:
        return News(name="")
    name, payload = _text(body.get("event"))[:80], _object(body.get("payload"))
    found = {key: _object(_object(value).get("entity")) for key, value in payload.items()}
    payment, validation = found.get("payment"), found.get("fund_account.validation")
    if name.startswith("refund.") and "refund" in found:
        return News(name=name, refund=read_refund(found["refund"], payment))
    if name.startswith("payment.dispute.") and found.get("dispute"):
        return News(name=name, dispute=read_dispute(found["dispute"]))
    if name.startswith("payout.") and "payout" in found:
        return News(name=name, payout=read_payout(found["payout"]))
    if name.startswith("fund_account.validation.") and validation:
        return News(name=name, validation=read_validation(validation))
    if name.startswith("settlement.") and "settlement" in found:
        return News(name=name, settlement=read_settlement(found["settlement"]))
    if name in PAYMENT_EVENTS and payment:
        return News(name=name, payment=read_payment(payment, found.get("order")))
    return News(name=name)
