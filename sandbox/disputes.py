"""Disputes: a bank asks for a payment's money back, takes it at once or when lost, and gives it back when won."""

from sandbox import book, webhooks
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, Reader, amount, choice, flag, read, text
from sandbox.state import Store, new_id

DAYS_TO_RESPOND = 7
PHASES = ("fraud", "retrieval", "chargeback", "pre_arbitration", "arbitration")
LIVE = ("open", "under_review")


def _evidence_list(name: str, value: object) -> object:
    if not isinstance(value, list):
        raise Rejected(f"The {name} must be a list.", field=name)
    return value


EVIDENCE_READERS: dict[str, Reader] = {
    "amount": amount,
    "summary": text(1000),
    **dict.fromkeys(
        (
            "shipping_proof",
            "billing_proof",
            "cancellation_proof",
            "customer_communication",
            "proof_of_service",
            "explanation_letter",
            "refund_confirmation",
            "access_activity_log",
            "refund_cancellation_policy",
            "term_and_conditions",
            "others",
        ),
        _evidence_list,
    ),
}


def open_by_hand(store: Store, call: Call) -> Body:
    """A customer disputes a captured payment; `deductAtOnset` takes the amount from the gateway balance now."""
    readers = {"phase": choice(*PHASES), "amount": amount, "deductAtOnset": flag}
    wanted = read(call.body or {}, readers)
    payment = store.get("payment", call.path["id"])
    if not payment["captured"]:
        raise Rejected("Only captured payments can be disputed.")
    paise = wanted.get("amount", payment["amount"])
    if paise > payment["amount"]:
        raise Rejected("The dispute amount is greater than the payment.", field="amount")
    dispute = {
        "id": new_id("disp"),
        "entity": "dispute",
        "payment_id": payment["id"],
        "amount": paise,
        "currency": payment["currency"],
        "amount_deducted": 0,
        "reason_code": "goods_or_services_not_received_or_partially_received",
        "respond_by": store.moment() + DAYS_TO_RESPOND * 86400,
        "status": "open",
        "phase": wanted.get("phase", "chargeback"),
        "evidence": dict.fromkeys((*EVIDENCE_READERS, "submitted_at")),
        "created_at": store.moment(),
    }
    store.add("dispute", dispute)
    if wanted.get("deductAtOnset"):
        _deduct(store, dispute)
    _announce(store, "created", dispute)
    return dispute


def _deduct(store: Store, dispute: Body) -> None:
    dispute["amount_deducted"] = dispute["amount"]
    store.save(dispute)
    facts = {"dispute_id": dispute["id"], "payment_id": dispute["payment_id"]}
    book.record(store, "dispute_deducted", dispute["id"], [("gateway", "disputed", dispute["amount"])], **facts)


def _announce(store: Store, what: str, dispute: Body) -> None:
    payment = store.get("payment", dispute["payment_id"])
    webhooks.emit(store, f"payment.dispute.{what}", {"payment": payment, "dispute": dispute})


def close_by_hand(store: Store, call: Call) -> Body:
    wanted = read(call.body, {"outcome": choice("won", "lost", "closed")}, required=("outcome",))
    return _close(store, _live(store, call), wanted["outcome"])


def _live(store: Store, call: Call) -> Body:
    dispute = store.get("dispute", call.path["id"])
    if dispute["status"] not in LIVE:
        raise Rejected(f"The dispute is {dispute['status']}.")
    return dispute


def _close(store: Store, dispute: Body, outcome: str) -> Body:
    """Won or closed: what was taken comes back. Lost: it is the customer's."""
    if outcome == "lost" and not dispute["amount_deducted"]:
        _deduct(store, dispute)
    dispute["status"] = outcome
    target = "customers" if outcome == "lost" else "gateway"
    facts = {"dispute_id": dispute["id"], "payment_id": dispute["payment_id"]}
    moves = [("disputed", target, dispute["amount_deducted"])]
    book.record(store, f"dispute_{outcome}", dispute["id"], moves, **facts)
    if outcome != "lost":
        dispute["amount_deducted"] = 0
    store.save(dispute)
    _announce(store, outcome, dispute)
    return dispute


def accept(store: Store, call: Call) -> Body:
    """The merchant gives in: lost."""
    return _close(store, _live(store, call), "lost")


def contest(store: Store, call: Call) -> Body:
    """Keep evidence as a draft, or submit it: then the bank looks at it."""
    wanted = read(call.body, {**EVIDENCE_READERS, "action": choice("draft", "submit")})
    dispute = _live(store, call)
    action = wanted.pop("action", "draft")
    dispute["evidence"].update(wanted)
    if action == "submit":
        dispute["status"] = "under_review"
        dispute["evidence"]["submitted_at"] = store.moment()
    store.save(dispute)
    if action == "submit":
        _announce(store, "under_review", dispute)
    return dispute


def fetch(store: Store, call: Call) -> Body:
    return store.get("dispute", call.path["id"])


def listing(store: Store, call: Call) -> Body:
    return collection(store.find("dispute", **filters(call.query)))


OPERATIONS = [
    Operation("GET", "/v1/disputes", listing),
    Operation("GET", "/v1/disputes/{id}", fetch),
    Operation("POST", "/v1/disputes/{id}/accept", accept),
    Operation("PATCH", "/v1/disputes/{id}/contest", contest),
]
