"""Payouts: queued | processing -> processed | failed | reversed, and the edges back that a bank can cause."""

import re

from sandbox import banking, book, contacts, webhooks
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, amount, choice, currency, flag, identifier, notes, read, text
from sandbox.state import Store, new_id

FEES, TAX = 590, 90
DEFAULT_AFTER_MS = 2000
LAKH = 1_00_000_00
KEY_HEADER = "X-Payout-Idempotency"
LOW_BALANCE = "Your account does not have enough balance to carry out the payout operation."
READERS = {
    "account_number": text(40),
    "fund_account_id": identifier("fa"),
    "amount": amount,
    "currency": currency,
    "mode": choice("IMPS", "NEFT", "RTGS", "UPI"),
    "purpose": choice("refund", "cashback", "payout", "salary", "utility bill", "vendor bill"),
    "queue_if_low_balance": flag,
    "reference_id": text(40),
    "narration": text(30, pattern=r"[A-Za-z0-9 ]*"),
    "notes": notes,
    "fee_type": text(20),
}
REQUIRED = ("fund_account_id", "amount", "currency", "mode", "purpose")
TRANSITIONS = {
    "processing": ("processed", "failed", "reversed"),
    "processed": ("reversed",),
    "failed": ("reversed",),
    "reversed": ("failed",),
}
DESCRIPTIONS = {
    "payout_bank_processing": "Payout is being processed by our partner bank.",
    "low_balance": "Payout is queued as there is insufficient balance in your account to process the payout.",
    "payout_processed": "Payout is processed and the money has been credited into the beneficiary's account.",
    "beneficiary_account_invalid": "The beneficiary account is invalid. Please check the account details.",
    "beneficiary_bank_rejected": "The payout was rejected by the beneficiary bank.",
    "gateway_technical_error": "The payout failed due to a technical error at our partner bank.",
}


def check_key(key: str | None) -> None:
    """:raises Rejected: every payout needs a key, 4 to 36 of letters, digits, `-`, `_` and space."""
    if key is None:
        raise Rejected(
            "Idempotency key is missing. Include idempotency header and key in the request.",
            field=KEY_HEADER,
            source="NA",
            step="NA",
            reason="NA",
        )
    if not re.fullmatch(r"[A-Za-z0-9_ -]{4,36}", key):
        raise Rejected(f"The {KEY_HEADER} format is invalid.", field=KEY_HEADER, source="NA", step="NA", reason="NA")


def create(store: Store, call: Call) -> Body:
    """:raises Rejected: a mode that cannot carry it, or a balance too small without `queue_if_low_balance`."""
    banking.require_account(store, (call.body or {}).get("account_number") if isinstance(call.body, dict) else None)
    wanted = read(call.body, READERS, required=REQUIRED)
    fund_account = contacts.active_fund_account(store, wanted["fund_account_id"])
    _check_mode(wanted["mode"], wanted["amount"], fund_account["account_type"])
    payout = {
        "id": new_id("pout"),
        "entity": "payout",
        "fund_account_id": fund_account["id"],
        "amount": wanted["amount"],
        "currency": "INR",
        "notes": wanted.get("notes", []),
        "fees": 0,
        "tax": 0,
        "status": "queued",
        "purpose": wanted["purpose"],
        "utr": None,
        "mode": wanted["mode"],
        "reference_id": wanted.get("reference_id"),
        "narration": wanted.get("narration", "Khidma Payout"),
        "batch_id": None,
        "failure_reason": None,
        "status_details": _details("low_balance", "business"),
        "created_at": store.moment(),
        "fee_type": None,
        "_contact_id": fund_account["contact_id"],
    }
    if _affordable(store, payout):
        store.add("payout", payout)
        begin(store, payout)
    elif wanted.get("queue_if_low_balance"):
        store.add("payout", payout)
        webhooks.emit(store, "payout.queued", {"payout": payout})
    else:
        raise Rejected(LOW_BALANCE, step=None, reason="insufficient_funds")
    return payout


def _check_mode(mode: str, paise: int, account_type: str) -> None:
    if (mode == "UPI") != (account_type == "vpa"):
        raise Rejected(f"{mode} mode is not supported for the fund account type {account_type}", field="mode")
    if mode == "IMPS" and paise > 5 * LAKH:
        raise Rejected("IMPS payouts cannot be above INR 5 lakh", field="amount")
    if mode == "UPI" and paise > LAKH:
        raise Rejected("UPI payouts cannot be above INR 1 lakh", field="amount")
    if mode == "RTGS" and paise < 2 * LAKH:
        raise Rejected("RTGS payouts cannot be below INR 2 lakh", field="amount")


def _affordable(store: Store, payout: Body) -> bool:
    return book.balance(store, "payout") >= int(payout["amount"]) + FEES


def _details(reason: str, source: str) -> Body:
    return {"reason": reason, "description": DESCRIPTIONS.get(reason, reason), "source": source}


def begin(store: Store, payout: Body) -> None:
    """Take amount and fees from the balance and hand the payout to the bank."""
    payout.update(status="processing", fees=FEES, tax=TAX, status_details=_details("payout_bank_processing", "gateway"))
    store.save(payout)
    moves = [
        ("payout", "payouts_in_flight", payout["amount"]),
        ("payout", "payout_fees", FEES - TAX),
        ("payout", "payout_tax", TAX),
    ]
    banking.post(store, "payout", payout["id"], moves, entity="payout", amount=payout["amount"], fees=FEES, tax=TAX)
    webhooks.emit(store, "payout.initiated", {"payout": payout})
    after = store.setting("payout_after_ms", DEFAULT_AFTER_MS)
    if after is not None:
        store.schedule("process_payout", payout["id"], at=store.now() + after / 1000)


def begin_queued(store: Store) -> None:
    """Start every queued payout that the balance now carries, first come first served; a too large one waits aside."""
    for payout in store.find("payout", {"status": "queued"}, oldest_first=True):
        if _affordable(store, payout):
            begin(store, payout)


def process_due(store: Store, payout_id: str) -> None:
    """What becomes of it by itself: processed, or failed where the account does not exist."""
    payout = store.get("payout", payout_id)
    if payout["status"] != "processing":
        return
    invalid = contacts.is_invalid(store.get("fund_account", payout["fund_account_id"]))
    settle(store, payout, "failed" if invalid else "processed", "beneficiary_account_invalid" if invalid else None)


def settle(store: Store, payout: Body, outcome: str, reason: str | None = None) -> Body:
    """:raises Rejected: there is no way from its status to that outcome."""
    if outcome == payout["status"]:
        return payout
    before = payout["status"]
    if outcome not in TRANSITIONS.get(before, ()):
        raise Rejected(f"A payout cannot go from {before} to {outcome}.", step=None)
    store.unschedule("process_payout", payout["id"])
    payout["status"] = outcome
    if outcome == "processed":
        payout.update(utr=new_id(), status_details=_details("payout_processed", "beneficiary_bank"))
        moves = [("payouts_in_flight", "beneficiaries", payout["amount"])]
    else:
        default = "beneficiary_bank_rejected" if outcome == "reversed" else "gateway_technical_error"
        details = _details(reason or default, "beneficiary_bank" if outcome == "reversed" else "gateway")
        payout.update(status_details=details, failure_reason=details["description"])
        moves = _return_of(payout, before)
    store.save(payout)
    banking.post(store, f"payout_{outcome}", payout["id"], moves, entity="payout", amount=payout["amount"])
    fund_account = store.get("fund_account", payout["fund_account_id"])
    shown = {**payout, "fund_account": fund_account} if outcome == "processed" else payout
    webhooks.emit(store, f"payout.{outcome}", {"payout": shown})
    begin_queued(store)
    return payout


def _return_of(payout: Body, before: str) -> list[book.Move]:
    """Amount and fees come back to the balance once, from where they were; between failed and reversed nothing."""
    origin = {"processing": "payouts_in_flight", "processed": "beneficiaries"}.get(before)
    if origin is None:
        return []
    return [(origin, "payout", payout["amount"]), ("payout_fees", "payout", FEES - TAX), ("payout_tax", "payout", TAX)]


def settle_by_hand(store: Store, call: Call) -> Body:
    readers = {"outcome": choice("processed", "reversed", "failed"), "reason": text(60)}
    wanted = read(call.body, readers, required=("outcome",))
    return settle(store, store.get("payout", call.path["id"]), wanted["outcome"], wanted.get("reason"))


def cancel(store: Store, call: Call) -> Body:
    """:raises Rejected: it has left the queue. No webhook tells of it."""
    read(call.body or {}, {})
    payout = store.get("payout", call.path["id"])
    if payout["status"] != "queued":
        raise Rejected("Only queued payouts can be cancelled", step=None)
    payout.update(status="cancelled", status_details=None)
    return store.save(payout)


def fetch(store: Store, call: Call) -> Body:
    return store.get("payout", call.path["id"])


def listing(store: Store, call: Call) -> Body:
    banking.require_account(store, call.query.get("account_number"))
    fields = ("fund_account_id", "mode", "reference_id", "status")
    wanted = filters(call.query, fields, ignored=("account_number", "contact_id"))
    if call.query.get("contact_id"):
        wanted["where"]["_contact_id"] = call.query["contact_id"]
    return collection(store.find("payout", **wanted))


OPERATIONS = [
    Operation(
        "POST",
        "/v1/payouts",
        create,
        key_header=KEY_HEADER,
        check_key=check_key,
        key_kind="payout",
        key_days=7,
        key_mismatch="Different request body sent for the same Idempotency Header",
    ),
    Operation("GET", "/v1/payouts", listing),
    Operation("GET", "/v1/payouts/{id}", fetch),
    Operation("POST", "/v1/payouts/{id}/cancel", cancel),
    Operation("PATCH", "/v1/payouts/{id}/cancel", cancel),
]
