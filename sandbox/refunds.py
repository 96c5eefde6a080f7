"""Refunds of captured payments: pending | processed -> failed, paid out of the gateway balance."""

import re
from dataclasses import replace

from sandbox import book, webhooks
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, amount, choice, flag, identifier, notes, read, text
from sandbox.state import Store, new_id

KEY_HEADER = "X-Refund-Idempotency"
MONTHS_6 = 183 * 86400
FAILING_AMOUNT = 2468
FAILING_AFTER = 2.0
LOW_BALANCE = (
    "Your account does not have enough balance to carry out the refund operation. You can add funds to your account"
    " from your Razorpay dashboard or capture new payments."
)
READERS = {
    "amount": amount,
    "speed": choice("normal", "optimum"),
    "receipt": text(40),
    "notes": notes,
    "reverse_all": flag,
}


def check_key(key: str | None) -> None:
    """:raises Rejected: a key is optional, but at least 10 of letters, digits, `-` and `_`."""
    if key is not None and not re.fullmatch(r"[A-Za-z0-9_-]{10,255}", key):
        raise Rejected(f"The {KEY_HEADER} format is invalid.", field=KEY_HEADER)


def create(store: Store, call: Call) -> Body:
    """`POST /v1/payments/{id}/refund`; without an amount everything that is left.

    Answers `processed` at once. 2468 paise stay `pending` and fail, as in the gateway's test mode.
    :raises Rejected: not captured, more than is left, older than six months, or the balance is too small.
    """
    wanted = read(call.body or {}, READERS)
    payment = store.get("payment", call.path["id"])
    paise = _refundable(store, payment, wanted.get("amount"))
    book.require(store, "gateway", paise, LOW_BALANCE)
    refund = store.add("refund", _new_refund(store, payment, paise, wanted))
    book.record(store, "refund", refund["id"], [("gateway", "refunds_in_flight", paise)], payment_id=payment["id"])
    _count(store, payment, paise)
    webhooks.emit(store, "refund.created", {"refund": refund, "payment": payment})
    if refund["status"] == "processed":
        _hand_over(store, refund, payment)
    elif paise == FAILING_AMOUNT:
        store.schedule("fail_refund", refund["id"], at=store.now() + FAILING_AFTER)
    else:
        store.schedule("process_refund", refund["id"], at=store.now() + store.setting("refund_after_ms", 0) / 1000)
    return refund


def _refundable(store: Store, payment: Body, asked: int | None) -> int:
    if payment["status"] == "refunded":
        raise Rejected("The payment has been fully refunded already")
    if payment["status"] != "captured":
        raise Rejected("The payment status should be captured for action to be taken")
    if payment["created_at"] < store.moment() - MONTHS_6:
        raise Rejected("Refund is not supported by the bank because the payment is more than 6 months old")
    left = payment["amount"] - payment["amount_refunded"]
    if asked is not None and asked > left:
        raise Rejected("The refund amount provided is greater than amount captured.", field="amount")
    return left if asked is None else asked


def _new_refund(store: Store, payment: Body, paise: int, wanted: Body) -> Body:
    speed = wanted.get("speed", "normal")
    waits = paise == FAILING_AMOUNT or store.setting("refund_after_ms", 0) != 0
    return {
        "id": new_id("rfnd"),
        "entity": "refund",
        "amount": paise,
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": wanted.get("notes", []),
        "receipt": wanted.get("receipt"),
        "acquirer_data": {"arn": None},
        "created_at": store.moment(),
        "batch_id": None,
        "status": "pending" if waits else "processed",
        "speed_processed": "instant" if speed == "optimum" else "normal",
        "speed_requested": speed,
        "_captured": True,
    }


def _count(store: Store, payment: Body, paise: int) -> None:
    """Add to what the payment has given back; its order stays paid."""
    payment["amount_refunded"] += paise
    full = payment["amount_refunded"] == payment["amount"]
    partial = "partial" if payment["amount_refunded"] else None
    payment.update(status="refunded" if full else "captured", refund_status="full" if full else partial)
    store.save(payment)


def _hand_over(store: Store, refund: Body, payment: Body) -> None:
    moves = [("refunds_in_flight", "customers", refund["amount"])]
    book.record(store, "refund_processed", refund["id"], moves, payment_id=payment["id"])
    webhooks.emit(store, "refund.processed", {"refund": refund, "payment": payment})


def settle(store: Store, refund: Body, outcome: str) -> Body:
    """pending -> processed | failed, processed -> failed; a failed one puts its money back on the gateway balance.

    :raises Rejected: any other way.
    """
    before = refund["status"]
    if outcome == before:
        return refund
    if before == "failed" or outcome == "pending" or not refund["_captured"]:
        raise Rejected(f"A refund cannot go from {before} to {outcome}.")
    payment = store.get("payment", refund["payment_id"])
    refund["status"] = outcome
    store.save(refund)
    if outcome == "processed":
        _hand_over(store, refund, payment)
        return refund
    origin = "customers" if before == "processed" else "refunds_in_flight"
    moves = [(origin, "gateway", refund["amount"])]
    book.record(store, "refund_failed", refund["id"], moves, payment_id=payment["id"])
    _count(store, payment, -refund["amount"])
    webhooks.emit(store, "refund.failed", {"refund": refund, "payment": payment})
    return refund


def process_due(store: Store, refund_id: str) -> None:
    refund = store.get("refund", refund_id)
    if refund["status"] == "pending":
        settle(store, refund, "processed")


def fail_due(store: Store, refund_id: str) -> None:
    refund = store.get("refund", refund_id)
    if refund["status"] == "pending":
        settle(store, refund, "failed")


def settle_by_hand(store: Store, call: Call) -> Body:
    wanted = read(call.body, {"outcome": choice("processed", "failed")}, required=("outcome",))
    return settle(store, store.get("refund", call.path["id"]), wanted["outcome"])


def create_by_payment_id(store: Store, call: Call) -> Body:
    """`POST /v1/refunds`, where the body names the payment."""
    wanted = read(call.body, {**READERS, "payment_id": identifier("pay")}, required=("payment_id",))
    return create(store, replace(call, path={"id": wanted.pop("payment_id")}, body=wanted))


def fetch(store: Store, call: Call) -> Body:
    return store.get("refund", call.path["id"])


def listing(store: Store, call: Call) -> Body:
    return collection(store.find("refund", **filters(call.query)))


def list_of_payment(store: Store, call: Call) -> Body:
    wanted = filters(call.query)
    wanted["where"]["payment_id"] = store.get("payment", call.path["id"])["id"]
    return collection(store.find("refund", **wanted))


def fetch_of_payment(store: Store, call: Call) -> Body:
    refund = store.get("refund", call.path["refund_id"])
    if refund["payment_id"] != call.path["id"]:
        raise Rejected("The id provided does not exist")
    return refund


def edit(store: Store, call: Call) -> Body:
    refund = store.get("refund", call.path["id"])
    return store.save({**refund, **read(call.body, {"notes": notes}, required=("notes",))})


KEY_MISMATCH = "Different request with the same idempotency key has already been processed."
OPERATIONS = [
    Operation(
        "POST",
        "/v1/payments/{id}/refund",
        create,
        key_header=KEY_HEADER,
        check_key=check_key,
        key_kind="refund",
        key_mismatch=KEY_MISMATCH,
    ),
    Operation(
        "POST",
        "/v1/refunds",
        create_by_payment_id,
        key_header=KEY_HEADER,
        check_key=check_key,
        key_kind="refund",
        key_mismatch=KEY_MISMATCH,
    ),
    Operation("GET", "/v1/payments/{id}/refunds", list_of_payment),
    Operation("GET", "/v1/payments/{id}/refunds/{refund_id}", fetch_of_payment),
    Operation("GET", "/v1/refunds", listing),
    Operation("GET", "/v1/refunds/{id}", fetch),
    Operation("PATCH", "/v1/refunds/{id}", edit),
]
