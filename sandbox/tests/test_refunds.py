"""Refunds: whole and in parts, repeated under one key, refused, failing."""

import pytest
from razorpay.errors import BadRequestError

from sandbox.tests.driver import Gateway

KEY = "refund-key-0001"


def with_key(key: str = KEY) -> dict[str, dict[str, str]]:
    return {"headers": {"X-Refund-Idempotency": key}}


def rich(gateway: Gateway) -> None:
    gateway.control("/balances", {"gateway": 1_000_000})


def test_parts_add_up_to_a_full_refund_and_no_further(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    rich(gateway)
    refund = gateway.sdk.payment.refund(payment_id, {"amount": 20_000, "receipt": "rf-1", "speed": "optimum"})
    assert (refund["status"], refund["amount"], refund["speed_processed"]) == ("processed", 20_000, "instant")
    payment = gateway.sdk.payment.fetch(payment_id)
    assert (payment["status"], payment["refund_status"], payment["amount_refunded"]) == ("captured", "partial", 20_000)
    with pytest.raises(BadRequestError, match="greater than amount captured"):
        gateway.sdk.payment.refund(payment_id, {"amount": 30_001})
    gateway.sdk.payment.refund(payment_id, {})
    payment = gateway.sdk.payment.fetch(payment_id)
    assert (payment["status"], payment["refund_status"], payment["amount_refunded"]) == ("refunded", "full", 50_000)
    with pytest.raises(BadRequestError, match="fully refunded already"):
        gateway.sdk.payment.refund(payment_id, {"amount": 100})
    assert gateway.sdk.payment.fetch_multiple_refund(payment_id)["count"] == 2
    assert gateway.sdk.order.fetch(payment["order_id"])["status"] == "paid"
    assert gateway.ledger()["balances"]["gateway"] == 1_000_000 - 50_000
    assert len(gateway.receiver.wait_for("refund.processed", times=2)) == 2


def test_one_key_is_one_refund(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    rich(gateway)
    first = gateway.sdk.payment.refund(payment_id, {"amount": 20_000}, **with_key())
    assert gateway.sdk.payment.refund(payment_id, {"amount": 20_000}, **with_key()) == first
    with pytest.raises(BadRequestError, match="Different request with the same idempotency key"):
        gateway.sdk.payment.refund(payment_id, {"amount": 20_001}, **with_key())
    with pytest.raises(BadRequestError, match="format is invalid"):
        gateway.sdk.payment.refund(payment_id, {"amount": 20_000}, **with_key("short"))
    assert gateway.ledger()["totals"]["refunded"] == 20_000


def test_an_empty_balance_refuses_and_the_same_key_works_after_a_top_up(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    with pytest.raises(BadRequestError, match="does not have enough balance to carry out the refund operation"):
        gateway.sdk.payment.refund(payment_id, {}, **with_key())
    assert gateway.ledger()["refunds"] == []
    assert gateway.ledger()["balances"]["gateway"] == 50_000 - 1_180
    gateway.control("/balances", {"gateway": 50_000})
    assert gateway.sdk.payment.refund(payment_id, {}, **with_key())["status"] == "processed"
    assert gateway.ledger()["balances"]["gateway"] == 0


def test_a_processed_refund_can_fail_and_the_money_is_back(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    rich(gateway)
    refund = gateway.sdk.payment.refund(payment_id, {})
    assert gateway.control(f"/refunds/{refund['id']}/settle", {"outcome": "failed"})["status"] == "failed"
    payment = gateway.sdk.payment.fetch(payment_id)
    assert (payment["status"], payment["refund_status"], payment["amount_refunded"]) == ("captured", None, 0)
    assert gateway.ledger()["balances"]["gateway"] == 1_000_000
    gateway.receiver.wait_for("refund.failed")
    refused = gateway.http.post(f"/_sandbox/refunds/{refund['id']}/settle", json={"outcome": "processed"})
    assert refused.status_code == 400
    assert gateway.sdk.refund.fetch(refund["id"])["status"] == "failed"


def test_the_failing_amount_of_test_mode_fails_by_itself(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    refund = gateway.sdk.refund.create({"payment_id": payment_id, "amount": 2_468})
    assert refund["status"] == "pending"
    gateway.receiver.wait_for("refund.failed")
    assert gateway.sdk.refund.fetch(refund["id"])["status"] == "failed"
    assert gateway.ledger()["totals"]["refunded"] == 0


def test_a_refund_may_stay_pending_for_a_while(gateway: Gateway) -> None:
    gateway.control("/pace", {"refundAfterMs": 60_000})
    payment_id = gateway.captured()
    refund = gateway.sdk.payment.refund(payment_id, {"amount": 1_000})
    assert refund["status"] == "pending"
    assert gateway.ledger()["totals"]["refunds_in_flight"] == 1_000
    gateway.control("/clock", {"shiftSeconds": 61})
    gateway.receiver.wait_for("refund.processed")
    assert gateway.ledger()["totals"]["refunds_in_flight"] == 0


def test_what_is_too_old_or_not_captured_is_not_refunded(gateway: Gateway) -> None:
    failed = gateway.pay(gateway.order()["id"], outcome="failure")["razorpay_payment_id"]
    with pytest.raises(BadRequestError, match="should be captured"):
        gateway.sdk.payment.refund(failed, {})
    payment_id = gateway.captured()
    rich(gateway)
    gateway.control("/clock", {"shiftSeconds": 184 * 86_400})
    with pytest.raises(BadRequestError, match="more than 6 months old"):
        gateway.sdk.payment.refund(payment_id, {})
    assert gateway.ledger()["refunds"] == []


def test_the_dashboard_refunds_without_a_key(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    refund = gateway.control(f"/payments/{payment_id}/refund", {"amount": 10_000})
    assert gateway.sdk.payment.fetch_refund_id(payment_id, refund["id"])["amount"] == 10_000
    gateway.receiver.wait_for("refund.created")
