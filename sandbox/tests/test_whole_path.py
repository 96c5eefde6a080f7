"""The two journeys of money: from a customer to the gateway, and from the payout account to a person."""

from sandbox.tests.driver import ACCOUNT, WEBHOOK_SECRET, Gateway
from sandbox.tests.receiver import wait_until


def test_an_order_is_paid_fetched_and_told_by_signed_webhooks(gateway: Gateway) -> None:
    order = gateway.order(150_000, receipt="0198-receipt", notes={"booking": "B42"})
    assert (order["status"], order["amount_due"], order["notes"]) == ("created", 150_000, {"booking": "B42"})

    fields = gateway.pay(order["id"])
    assert gateway.sdk.utility.verify_payment_signature(fields)

    payment = gateway.sdk.payment.fetch(fields["razorpay_payment_id"])
    assert (payment["status"], payment["captured"], payment["order_id"]) == ("captured", True, order["id"])
    assert (payment["amount"], payment["fee"], payment["tax"]) == (150_000, 3_540, 540)
    paid = gateway.sdk.order.fetch(order["id"])
    assert (paid["status"], paid["amount_paid"], paid["amount_due"], paid["attempts"]) == ("paid", 150_000, 0, 1)
    assert gateway.sdk.order.payments(order["id"])["items"] == [payment]

    for event in ("payment.authorized", "payment.captured", "order.paid"):
        delivery = gateway.receiver.wait_for(event)[0]
        assert gateway.sdk.utility.verify_webhook_signature(delivery.body.decode(), delivery.signature, WEBHOOK_SECRET)
    ledger = gateway.ledger()
    assert ledger["balanced"]
    assert ledger["balances"] == {"gateway": 146_460, "payout": 100_000_000}


def test_a_person_is_validated_and_paid_out(gateway: Gateway) -> None:
    fund_account = gateway.fund_account()
    validation = gateway.sdk.post(
        "/v1/fund_accounts/validations",
        {"account_number": ACCOUNT, "fund_account": {"id": fund_account["id"]}, "amount": 100, "currency": "INR"},
    )
    assert (validation["status"], validation["results"]["account_status"]) == ("created", None)
    told = gateway.receiver.wait_for("fund_account.validation.completed")[0].json
    entity = told["payload"]["fund_account.validation"]["entity"]
    assert (entity["id"], entity["status"]) == (validation["id"], "completed")
    assert entity["results"] == {
        "account_status": "active",
        "registered_name": "Gaurav Kumar",
        "details": None,
        "name_match_score": 100,
    }

    payout = gateway.payout("53cda91c-8f81-4e77", fund_account_id=fund_account["id"], reference_id="settle-1")
    assert (payout["status"], payout["fees"], payout["tax"], payout["utr"]) == ("processing", 590, 90, None)
    gateway.receiver.wait_for("payout.initiated")
    processed = gateway.receiver.wait_for("payout.processed")[0].json["payload"]["payout"]["entity"]
    assert (processed["id"], processed["status"], processed["reference_id"]) == (payout["id"], "processed", "settle-1")
    assert processed["utr"]
    assert processed["fund_account"]["id"] == fund_account["id"]
    assert gateway.sdk.get(f"/v1/payouts/{payout['id']}", {})["status"] == "processed"

    wait_until(lambda: len(gateway.receiver.of("transaction.created")) == 2, what="the statement's lines")
    ledger = gateway.ledger()
    assert ledger["balanced"]
    assert ledger["balances"]["payout"] == 100_000_000 - 100 - 100_000 - 590
    assert ledger["payouts"][0]["status"] == "processed"
