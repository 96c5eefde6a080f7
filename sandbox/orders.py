"""Orders of the payment gateway: created -> attempted -> paid."""

from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import (
    Body,
    amount,
    choice,
    currency,
    flag,
    integer,
    nested,
    notes,
    read,
    text,
    zero_or_one,
)
from sandbox.state import Store, new_id, public

DAYS_TO_FETCH = 180
MANUAL_MINUTES = 7200
CAPTURE_OPTIONS = {
    "automatic_expiry_period": integer(12, MANUAL_MINUTES),
    "manual_expiry_period": integer(12, MANUAL_MINUTES),
    "refund_speed": choice("normal", "optimum"),
}
READERS = {
    "amount": amount,
    "currency": currency,
    "receipt": text(40),
    "notes": notes,
    "partial_payment": flag,
    "payment": nested(
        {"capture": choice("automatic", "manual"), "capture_options": nested(CAPTURE_OPTIONS)}, ("capture",)
    ),
    "payment_capture": zero_or_one,
    "unique_receipt": flag,
}


def create(store: Store, call: Call) -> Body:
    """A new order; the same one again for a known receipt only with `unique_receipt`."""
    wanted = read(call.body, READERS, required=("amount", "currency"))
    if wanted.get("partial_payment"):
        raise Rejected("Partial payments are not enabled on this account.", field="partial_payment")
    if wanted.get("unique_receipt"):
        known = store.find("order", {"receipt": wanted.get("receipt")}, count=1)
        if known:
            return known[0]
    order = {
        "id": new_id("order"),
        "entity": "order",
        "amount": wanted["amount"],
        "amount_paid": 0,
        "amount_due": wanted["amount"],
        "currency": "INR",
        "receipt": wanted.get("receipt"),
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": wanted.get("notes", []),
        "created_at": store.moment(),
        "_capture": _capture_settings(wanted),
    }
    return store.add("order", order)


def _capture_settings(wanted: Body) -> Body:
    """Whether and until when an authorised payment is captured by itself, and when it goes back."""
    payment = wanted.get("payment", {})
    options = payment.get("capture_options", {})
    automatic = payment.get("capture", "automatic") == "automatic" and wanted.get("payment_capture", True)
    if payment.get("capture") == "automatic" and options and "automatic_expiry_period" not in options:
        raise Rejected("The automatic expiry period field is required.", field="automatic_expiry_period")
    automatic_minutes = options.get("automatic_expiry_period", MANUAL_MINUTES)
    manual_minutes = options.get("manual_expiry_period", MANUAL_MINUTES)
    if options.get("automatic_expiry_period", 0) > manual_minutes:
        raise Rejected("The manual expiry period must not be before the automatic one.", field="manual_expiry_period")
    return {"automatic": automatic, "automatic_minutes": automatic_minutes, "manual_minutes": manual_minutes}


def fetch(store: Store, call: Call) -> Body:
    order = store.get("order", call.path["id"])
    if order["created_at"] < store.moment() - DAYS_TO_FETCH * 86400:
        raise Rejected("Order older than 180 days, please use reports.")
    return _expanded(store, order, call)


def listing(store: Store, call: Call) -> Body:
    wanted = filters(call.query, ("receipt",), ignored=("expand[]", "authorized"))
    if "authorized" in call.query:
        wanted["where"]["_authorized"] = call.query["authorized"] == "1"
    return collection([_expanded(store, order, call) for order in store.find("order", **wanted)])


def _expanded(store: Store, order: Body, call: Call) -> Body:
    if not {"payments", "payments.card"} & set(call.expand):
        return order
    return {**order, "payments": payments_of(store, order["id"])}


def payments_of(store: Store, order_id: str) -> Body:
    return collection([public(payment) for payment in store.find("payment", {"order_id": order_id})])


def list_payments(store: Store, call: Call) -> Body:
    return payments_of(store, store.get("order", call.path["id"])["id"])


def edit(store: Store, call: Call) -> Body:
    order = store.get("order", call.path["id"])
    return store.save({**order, **read(call.body, {"notes": notes}, required=("notes",))})


def count_attempt(store: Store, order: Body) -> None:
    """A customer tries to pay, whatever comes of it."""
    order["attempts"] += 1
    if order["status"] == "created":
        order["status"] = "attempted"
    store.save(order)


def note_authorised(store: Store, order: Body) -> None:
    order["_authorized"] = True
    store.save(order)


def note_paid(store: Store, order: Body, paid: int) -> None:
    """A payment was captured; the order takes no other."""
    order["amount_paid"] += paid
    order["amount_due"] = max(order["amount"] - order["amount_paid"], 0)
    order["status"] = "paid"
    store.save(order)


OPERATIONS = [
    Operation("POST", "/v1/orders", create),
    Operation("GET", "/v1/orders", listing),
    Operation("GET", "/v1/orders/{id}", fetch),
    Operation("PATCH", "/v1/orders/{id}", edit),
    Operation("GET", "/v1/orders/{id}/payments", list_payments),
]
