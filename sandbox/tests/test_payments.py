"""Orders and payments: what a customer can do, what the gateway refuses, and payments that come late."""

from typing import Any

import pytest
from razorpay.errors import BadRequestError

from sandbox.tests.driver import Gateway
from sandbox.tests.receiver import wait_until


def test_the_checkout_signature_is_the_documented_one(gateway: Gateway) -> None:
    fields = {
        "razorpay_order_id": "order_9A33XWu170gUtm",
        "razorpay_payment_id": "pay_29QQoUBi66xm2f",
        "razorpay_signature": "cd286d0992b84e69b2eed783becafc6f9f265f1d1f9a5229fffdbff509449c8d",
    }
    assert gateway.sdk.utility.verify_payment_signature(fields)


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"currency": "INR"}, "The amount field is required."),
        ({"amount": 99, "currency": "INR"}, "The amount must be at least INR 1.00"),
        ({"amount": 100.5, "currency": "INR"}, "The amount must be an integer."),
        ({"amount": "100", "currency": "INR"}, "The amount must be an integer."),
        ({"amount": True, "currency": "INR"}, "The amount must be an integer."),
        ({"amount": 100, "currency": "USD"}, "Currency is not supported"),
        (
            {"amount": 100, "currency": "INR", "colour": "red"},
            "colour is/are not required and should not be sent",
        ),
        (
            {"amount": 100, "currency": "INR", "receipt": "r" * 41},
            "The receipt must be between 0 and 40 characters.",
        ),
        (
            {"amount": 100, "currency": "INR", "notes": {str(number): "" for number in range(16)}},
            "The notes must be an object of at most 15 pairs.",
        ),
        (
            {"amount": 100, "currency": "INR", "payment": {"capture": "automatic", "capture_options": {}, "x": 1}},
            "x is/are not required and should not be sent",
        ),
        ([], "The request body must be a JSON object."),
    ],
)
def test_a_bad_order_is_refused_and_leaves_nothing(gateway: Gateway, body: Any, description: str) -> None:
    with pytest.raises(BadRequestError) as refusal:
        gateway.sdk.order.create(body)
    assert str(refusal.value) == description
    assert gateway.session.last.status_code == 400
    assert gateway.sdk.order.all()["items"] == []


def test_wrong_keys_get_401_with_the_gateways_error_body(gateway: Gateway) -> None:
    gateway.sdk.auth = (gateway.sdk.auth[0], "wrong")
    with pytest.raises(BadRequestError, match="Authentication failed"):
        gateway.sdk.order.all()
    assert gateway.session.last.status_code == 401


@pytest.mark.parametrize(
    ("path", "description"),
    [
        ("/v1/orders/order_00000000000000", "The id provided does not exist"),
        ("/v1/nothing", "The requested URL was not found on the server."),
        ("/v1/orders?count=101", "The count must be an integer between 1 and 100."),
        ("/v1/payments?colour=red", "colour is/are not required and should not be sent"),
    ],
)
def test_what_is_not_there_is_a_400(gateway: Gateway, path: str, description: str) -> None:
    with pytest.raises(BadRequestError):
        gateway.sdk.get(path, {})
    assert gateway.refusal() == (400, description)


def test_orders_are_found_by_receipt_newest_first_and_take_only_notes(gateway: Gateway) -> None:
    first, second = gateway.order(receipt="same"), gateway.order(receipt="same")
    gateway.order(receipt="other")
    found = gateway.sdk.order.all({"receipt": "same"})
    assert (found["entity"], found["count"]) == ("collection", 2)
    assert [order["id"] for order in found["items"]] == [second["id"], first["id"]]
    assert first["notes"] == []
    assert gateway.sdk.order.edit(first["id"], {"notes": {"a": "b"}})["notes"] == {"a": "b"}
    with pytest.raises(BadRequestError):
        gateway.sdk.order.edit(first["id"], {"amount": 200})
    assert gateway.sdk.order.fetch(first["id"])["amount"] == 50_000


def test_a_unique_receipt_gives_the_same_order_again(gateway: Gateway) -> None:
    assert gateway.order(receipt="r", unique_receipt=True) == gateway.order(receipt="r", unique_receipt=True)


def test_pages_of_a_list(gateway: Gateway) -> None:
    made = [gateway.order()["id"] for _ in range(12)]
    assert gateway.sdk.order.all()["count"] == 10
    page = gateway.sdk.order.all({"count": 5, "skip": 10})
    assert [order["id"] for order in page["items"]] == [made[1], made[0]]
    assert gateway.sdk.order.all({"expand[]": ["payments", "transfers"]})["items"][0]["payments"]["count"] == 0


def test_a_failed_try_counts_and_the_next_one_pays(gateway: Gateway) -> None:
    order = gateway.order()
    failed = gateway.pay(order["id"], outcome="failure", method="card")
    assert failed["razorpay_signature"] is None
    assert failed["error"]["reason"] == "payment_cancelled"
    payment = gateway.sdk.payment.fetch(failed["razorpay_payment_id"])
    assert (payment["status"], payment["fee"], payment["error_code"]) == ("failed", None, "BAD_REQUEST_ERROR")
    assert gateway.sdk.order.fetch(order["id"])["status"] == "attempted"
    gateway.receiver.wait_for("payment.failed")

    gateway.pay(order["id"], method="netbanking")
    paid = gateway.sdk.order.fetch(order["id"])
    assert (paid["status"], paid["attempts"]) == ("paid", 2)
    refused = gateway.http.post(f"/_sandbox/orders/{order['id']}/pay", json={})
    assert refused.status_code == 400
    assert gateway.sdk.order.fetch(order["id"])["attempts"] == 2
    assert gateway.ledger()["totals"]["captured"] == 50_000


def test_a_payment_can_differ_from_its_order(gateway: Gateway) -> None:
    fields = gateway.pay(gateway.order()["id"], amount=40_000, currency="USD")
    payment = gateway.sdk.payment.fetch(fields["razorpay_payment_id"])
    assert (payment["amount"], payment["currency"], payment["status"]) == (40_000, "USD", "captured")


def test_a_pending_payment_is_signed_but_not_paid_and_lapses(gateway: Gateway) -> None:
    fields = gateway.pay(gateway.order()["id"], outcome="pending")
    assert gateway.sdk.utility.verify_payment_signature(fields)
    assert gateway.sdk.payment.fetch(fields["razorpay_payment_id"])["status"] == "created"
    gateway.control("/clock", {"shiftSeconds": 601})
    told = gateway.receiver.wait_for("payment.failed")[0].json["payload"]["payment"]["entity"]
    assert (told["id"], told["error_reason"]) == (fields["razorpay_payment_id"], "payment_timed_out")


def test_a_late_authorisation_brings_a_failed_payment_back(gateway: Gateway) -> None:
    fields = gateway.pay(gateway.order()["id"], outcome="failure", authoriseAfterMs=200)
    payment_id = fields["razorpay_payment_id"]
    assert gateway.sdk.payment.fetch(payment_id)["status"] == "failed"
    wait_until(lambda: gateway.sdk.payment.fetch(payment_id)["status"] == "captured")
    assert gateway.sdk.payment.fetch(payment_id)["error_code"] is None
    gateway.receiver.wait_for("payment.captured")


def test_a_second_payment_that_comes_late_goes_back_by_itself(gateway: Gateway) -> None:
    order = gateway.order()
    late = gateway.pay(order["id"], authoriseAfterMs=300)["razorpay_payment_id"]
    gateway.pay(order["id"])
    told = gateway.receiver.wait_for("refund.processed")[0].json["payload"]
    assert (told["payment"]["entity"]["id"], told["payment"]["entity"]["captured"]) == (late, False)
    assert gateway.sdk.payment.fetch(late)["refund_status"] == "full"
    ledger = gateway.ledger()
    assert (ledger["totals"]["captured"], ledger["accounts"]["authorised"]) == (50_000, 0)
    assert [refund["captured"] for refund in ledger["refunds"]] == [False]


def test_a_late_authorisation_waits_for_a_capture_and_goes_back_when_none_comes(gateway: Gateway) -> None:
    options = {"automatic_expiry_period": 12, "manual_expiry_period": 7200, "refund_speed": "normal"}
    order = gateway.order(payment={"capture": "automatic", "capture_options": options})
    payment_id = gateway.pay(order["id"], outcome="pending")["razorpay_payment_id"]
    gateway.control("/clock", {"shiftSeconds": 13 * 60})
    gateway.receiver.wait_for("payment.failed")
    assert gateway.control(f"/payments/{payment_id}/authorise")["status"] == "authorized"
    assert gateway.sdk.order.all({"authorized": 1})["items"][0]["id"] == order["id"]
    gateway.control("/clock", {"shiftSeconds": 7200 * 60})
    gateway.receiver.wait_for("refund.processed")
    assert gateway.sdk.payment.fetch(payment_id)["status"] == "refunded"
    assert gateway.ledger()["balances"]["gateway"] == 0


def test_an_authorised_payment_is_captured_once_and_exactly(gateway: Gateway) -> None:
    fields = gateway.pay(gateway.order(payment={"capture": "manual"})["id"])
    payment_id = fields["razorpay_payment_id"]
    assert gateway.sdk.payment.fetch(payment_id)["status"] == "authorized"
    with pytest.raises(BadRequestError, match="Capture amount must be equal to the amount authorized"):
        gateway.sdk.payment.capture(payment_id, 49_999, {"currency": "INR"})
    assert gateway.ledger()["balances"]["gateway"] == 0
    assert gateway.sdk.payment.capture(payment_id, 50_000, {"currency": "INR"})["status"] == "captured"
    with pytest.raises(BadRequestError, match="This payment has already been captured"):
        gateway.sdk.payment.capture(payment_id, 50_000, {"currency": "INR"})
    assert gateway.ledger()["totals"]["captured"] == 50_000


@pytest.mark.parametrize(("amount", "fee", "tax"), [(150_000, 3_540, 540), (5_500, 130, 20), (100, 2, 0)])
def test_the_fee_is_two_percent_and_gst(gateway: Gateway, amount: int, fee: int, tax: int) -> None:
    payment = gateway.sdk.payment.fetch(gateway.captured(amount))
    assert (payment["fee"], payment["tax"]) == (fee, tax)


def test_a_card_payment_shows_its_card_when_asked(gateway: Gateway) -> None:
    payment_id = gateway.pay(gateway.order()["id"], method="card")["razorpay_payment_id"]
    assert "card" not in gateway.sdk.payment.fetch(payment_id)
    assert gateway.sdk.payment.fetch(payment_id, {"expand[]": "card"})["card"]["network"] == "Visa"
    assert gateway.sdk.payment.fetchCardDetails(payment_id)["last4"] == "1007"


def test_private_facts_stay_private(gateway: Gateway) -> None:
    order = gateway.order()
    payment = gateway.sdk.payment.fetch(gateway.pay(order["id"])["razorpay_payment_id"])
    assert [name for name in {**order, **payment} if name.startswith("_")] == []
