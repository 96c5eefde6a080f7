"""Payments: created -> authorized -> captured -> refunded, or failed, from where a late yes brings them back."""

import hashlib
import hmac
from decimal import ROUND_HALF_UP, Decimal

from sandbox import book, orders, webhooks
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, amount, choice, currency, flag, integer, notes, read, text
from sandbox.state import Store, new_id

MINUTES_TO_LAPSE = 10
FEE_PERCENT, TAX_PERCENT = Decimal(2), Decimal(18)
CANCELLED_BY_CUSTOMER = {
    "error_code": "BAD_REQUEST_ERROR",
    "error_description": "Your payment has been cancelled. Try again or complete the payment later.",
    "error_source": "customer",
    "error_step": "payment_authentication",
    "error_reason": "payment_cancelled",
}
NO_ANSWER_FROM_BANK = {
    "error_code": "GATEWAY_ERROR",
    "error_description": "Payment was unsuccessful as the bank did not answer in time.",
    "error_source": "issuer_bank",
    "error_step": "payment_authorization",
    "error_reason": "payment_timed_out",
}
NO_ERROR = dict.fromkeys(CANCELLED_BY_CUSTOMER)
CARD = {
    "entity": "card",
    "name": "Asha Rao",
    "last4": "1007",
    "network": "Visa",
    "type": "debit",
    "issuer": "KARB",
    "international": False,
    "emi": False,
    "sub_type": "consumer",
    "token_iin": None,
}
PAY_READERS = {
    "outcome": choice("success", "failure", "pending"),
    "method": choice("upi", "card", "netbanking"),
    "webhook": flag,
    "delayMs": integer(0),
    "amount": integer(1),
    "currency": text(3, 3),
    "authoriseAfterMs": integer(0),
    "capture": flag,
}


def signature(store: Store, order_id: str, payment_id: str) -> str:
    """What Checkout proves a payment with: hex HMAC-SHA256 of `order|payment` under the key secret."""
    secret = store.configuration.key_secret.encode()
    return hmac.new(secret, f"{order_id}|{payment_id}".encode(), hashlib.sha256).hexdigest()


def fee_and_tax(paid: int) -> tuple[int, int]:
    """The gateway's price for a payment, tax included, and the tax inside it: 2 % and 18 % GST on it, half up."""
    fee = _half_up(Decimal(paid) * FEE_PERCENT / 100)
    tax = _half_up(Decimal(paid) * FEE_PERCENT / 100 * TAX_PERCENT / 100)
    return fee + tax, tax


def _half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def pay(store: Store, order_id: str, body: object) -> Body:
    """A customer's try at Checkout: the three fields that Checkout hands the page, or its error.

    `pending` leaves the payment `created` until it is authorised, by `authoriseAfterMs` or by hand, or lapses after ten
    minutes; its fields carry a true signature, which proves authenticity and nothing more.
    :raises Rejected: unknown order, or one that is paid.
    """
    options = read(body or {}, PAY_READERS)
    order = store.get("order", order_id)
    if order["status"] == "paid":
        raise Rejected("This order has already been paid.", metadata={"order_id": order_id})
    orders.count_attempt(store, order)
    payment = store.add("payment", _new_payment(store, order, options))
    outcome, authorise_after = options.get("outcome", "success"), options.get("authoriseAfterMs")
    if outcome == "failure":
        fail(store, payment, CANCELLED_BY_CUSTOMER)
    if authorise_after is not None:
        store.schedule("authorise_payment", payment["id"], at=store.now() + authorise_after / 1000)
    elif outcome == "success":
        authorise(store, payment)
    if outcome == "pending" or (outcome == "success" and authorise_after is not None):
        store.schedule("lapse_payment", payment["id"], at=store.now() + MINUTES_TO_LAPSE * 60)
    return _checkout_answer(store, payment)


def _new_payment(store: Store, order: Body, options: Body) -> Body:
    method = options.get("method", "upi")
    return {
        "id": new_id("pay"),
        "entity": "payment",
        "amount": options.get("amount", order["amount"]),
        "currency": options.get("currency", order["currency"]),
        "status": "created",
        "order_id": order["id"],
        "invoice_id": None,
        "international": False,
        "method": method,
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": None,
        "card_id": new_id("card") if method == "card" else None,
        "bank": "HDFC" if method == "netbanking" else None,
        "wallet": None,
        "vpa": "success@razorpay" if method == "upi" else None,
        "email": "customer@example.com",
        "contact": "+919000090000",
        "notes": order["notes"],
        "fee": None,
        "tax": None,
        **NO_ERROR,
        "acquirer_data": {},
        "created_at": store.moment(),
        "_webhook": options.get("webhook", True),
        "_delay": options.get("delayMs", 0) / 1000,
        "_capture": options.get("capture"),
        **({"upi": {"vpa": "success@razorpay", "flow": "intent"}} if method == "upi" else {}),
    }


def _checkout_answer(store: Store, payment: Body) -> Body:
    answer = {"razorpay_order_id": payment["order_id"], "razorpay_payment_id": payment["id"]}
    if payment["status"] != "failed":
        return {**answer, "razorpay_signature": signature(store, payment["order_id"], payment["id"])}
    error = {name.removeprefix("error_"): payment[name] for name in NO_ERROR}
    metadata = {"order_id": payment["order_id"], "payment_id": payment["id"]}
    return {**answer, "razorpay_signature": None, "error": {**error, "metadata": metadata}}


def authorise(store: Store, payment: Body) -> None:
    """The bank says yes, perhaps after we had called it failed; the money is captured, kept waiting or sent back."""
    if payment["status"] not in ("created", "failed"):
        return
    store.unschedule("lapse_payment", payment["id"])
    payment.update(NO_ERROR, status="authorized", acquirer_data=_acquirer_data(payment["method"]))
    store.save(payment)
    book.record(store, "authorisation", payment["id"], [("customers", "authorised", payment["amount"])])
    order = store.get("order", payment["order_id"])
    orders.note_authorised(store, order)
    _announce(store, "payment.authorized", payment)
    if order["status"] == "paid":
        give_back(store, payment)
    elif _captured_by_itself(store, payment, order):
        settle_capture(store, payment, order)
    else:
        minutes = order["_capture"]["manual_minutes"]
        store.schedule("expire_payment", payment["id"], at=payment["created_at"] + minutes * 60)


def _captured_by_itself(store: Store, payment: Body, order: Body) -> bool:
    if payment["_capture"] is not None:
        return bool(payment["_capture"])
    settings = order["_capture"]
    in_time = store.now() <= payment["created_at"] + settings["automatic_minutes"] * 60
    return bool(settings["automatic"] and in_time)


def _acquirer_data(method: str) -> Body:
    if method == "card":
        return {"auth_code": new_id()[:6]}
    if method == "netbanking":
        return {"bank_transaction_id": new_id()}
    return {"rrn": new_id(), "upi_transaction_id": new_id()}


def settle_capture(store: Store, payment: Body, order: Body) -> None:
    """Take the authorised money into the merchant's balance, less the gateway's price."""
    fee, tax = fee_and_tax(payment["amount"])
    store.unschedule("expire_payment", payment["id"])
    payment.update(status="captured", captured=True, fee=fee, tax=tax, base_amount=payment["amount"], reward=None)
    store.save(payment)
    moves = [
        ("authorised", "gateway", payment["amount"]),
        ("gateway", "gateway_fees", fee - tax),
        ("gateway", "gateway_tax", tax),
    ]
    book.record(store, "capture", payment["id"], moves)
    orders.note_paid(store, order, payment["amount"])
    _announce(store, "payment.captured", payment)
    if payment["_webhook"]:
        webhooks.emit(store, "order.paid", {"payment": payment, "order": order}, after=payment["_delay"])


def fail(store: Store, payment: Body, error: dict[str, str]) -> None:
    """The customer or the bank says no."""
    if payment["status"] != "created":
        return
    store.unschedule("lapse_payment", payment["id"])
    payment.update(error, status="failed")
    store.save(payment)
    _announce(store, "payment.failed", payment)


def give_back(store: Store, payment: Body) -> None:
    """Authorised money that is not to be captured returns to the customer, as a refund of an uncaptured payment."""
    if payment["status"] != "authorized":
        return
    store.unschedule("expire_payment", payment["id"])
    payment.update(status="refunded", refund_status="full", amount_refunded=payment["amount"])
    store.save(payment)
    refund = {
        "id": new_id("rfnd"),
        "entity": "refund",
        "amount": payment["amount"],
        "currency": payment["currency"],
        "payment_id": payment["id"],
        "notes": [],
        "receipt": None,
        "acquirer_data": {"arn": None},
        "created_at": store.moment(),
        "batch_id": None,
        "status": "processed",
        "speed_processed": "normal",
        "speed_requested": "normal",
        "_captured": False,
    }
    store.add("refund", refund)
    book.record(store, "give_back", refund["id"], [("authorised", "customers", payment["amount"])])
    for event in ("refund.created", "refund.processed"):
        webhooks.emit(store, event, {"refund": refund, "payment": payment})


def _announce(store: Store, event: str, payment: Body) -> None:
    if payment["_webhook"]:
        webhooks.emit(store, event, {"payment": payment}, after=payment["_delay"])


def authorise_due(store: Store, payment_id: str) -> None:
    authorise(store, store.get("payment", payment_id))


def lapse_due(store: Store, payment_id: str) -> None:
    fail(store, store.get("payment", payment_id), NO_ANSWER_FROM_BANK)


def expire_due(store: Store, payment_id: str) -> None:
    give_back(store, store.get("payment", payment_id))


def capture(store: Store, call: Call) -> Body:
    """:raises Rejected: not authorised, captured before, another amount, or the order paid by another payment."""
    wanted = read(call.body, {"amount": amount, "currency": currency}, required=("amount",))
    payment = store.get("payment", call.path["id"])
    if payment["captured"]:
        raise Rejected("This payment has already been captured", reason="payment_already_captured")
    if payment["status"] != "authorized":
        raise Rejected("Only payments which have been authorized and not yet captured can be captured")
    if wanted["amount"] != payment["amount"]:
        raise Rejected("Capture amount must be equal to the amount authorized.", field="amount")
    settle_capture(store, payment, store.get("order", payment["order_id"]))
    return payment


def fetch(store: Store, call: Call) -> Body:
    return _expanded(store.get("payment", call.path["id"]), call)


def _expanded(payment: Body, call: Call) -> Body:
    if payment["card_id"] and "card" in call.expand:
        return {**payment, "card": {"id": payment["card_id"], **CARD}}
    return payment


def listing(store: Store, call: Call) -> Body:
    return collection([_expanded(payment, call) for payment in store.find("payment", **filters(call.query))])


def fetch_card(store: Store, call: Call) -> Body:
    payment = store.get("payment", call.path["id"])
    if not payment["card_id"]:
        raise Rejected("The id provided does not exist")
    return {"id": payment["card_id"], **CARD}


def edit(store: Store, call: Call) -> Body:
    payment = store.get("payment", call.path["id"])
    return store.save({**payment, **read(call.body, {"notes": notes}, required=("notes",))})


OPERATIONS = [
    Operation("GET", "/v1/payments", listing),
    Operation("GET", "/v1/payments/{id}", fetch),
    Operation("PATCH", "/v1/payments/{id}", edit),
    Operation("GET", "/v1/payments/{id}/card", fetch_card),
    Operation("POST", "/v1/payments/{id}/capture", capture),
]
