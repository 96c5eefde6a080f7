"""Account validation (penny drop, the classic shape): created -> completed | failed; `completed` says the check ran."""

from sandbox import banking, book, contacts, webhooks
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, amount, choice, currency, identifier, integer, nested, notes, read, text
from sandbox.state import Store, new_id, public

LOW_BALANCE = "Your account does not have enough balance to carry out the fund account validation."
DEFAULT_AFTER_MS = 500
READERS = {
    "account_number": text(40),
    "fund_account": nested({"id": identifier("fa")}, ("id",)),
    "amount": amount,
    "currency": currency,
    "notes": notes,
}
NO_RESULTS = {"account_status": None, "registered_name": None, "details": None, "name_match_score": None}
SETTLE_READERS = {
    "outcome": choice("active", "invalid", "failed"),
    "registeredName": text(120),
    "nameMatchScore": integer(0, 100),
}


def create(store: Store, call: Call) -> Body:
    """Start a check; the payout account pays the `amount` that the validation shows, and nothing on top."""
    wanted = read(call.body, READERS, required=("fund_account",))
    banking.require_account(store, wanted.get("account_number"))
    fund_account = contacts.active_fund_account(store, wanted["fund_account"]["id"])
    if fund_account["account_type"] == "bank_account" and "amount" not in wanted:
        raise Rejected("The amount field is required.", field="amount")
    cost = wanted.get("amount", 0)
    book.require(store, "payout", cost, LOW_BALANCE)
    validation = {
        "id": new_id("fav"),
        "entity": "fund_account.validation",
        "fund_account": public(fund_account),
        "status": "created",
        "amount": wanted.get("amount"),
        "currency": "INR",
        "notes": wanted.get("notes", []),
        "results": NO_RESULTS,
        "created_at": store.moment(),
        "utr": None,
    }
    store.add("validation", validation)
    moves = [("payout", "beneficiaries", cost)]
    banking.post(store, "validation", validation["id"], moves, entity="fund_account.validation", amount=cost)
    after = store.setting("validation_after_ms", DEFAULT_AFTER_MS)
    if after is not None:
        store.schedule("complete_validation", validation["id"], at=store.now() + after / 1000)
    return validation


def complete_due(store: Store, validation_id: str) -> None:
    """What the bank says by itself.

    Account numbers ending in 0000 are invalid; a name or VPA that starts with `mismatch` is registered to another
    person; everybody else is who they say.
    """
    validation = store.get("validation", validation_id)
    given = contacts.holder(store, validation["fund_account"])
    address = (validation["fund_account"].get("vpa") or {}).get("address", "")
    if contacts.is_invalid(validation["fund_account"]):
        settle(store, validation, {"outcome": "invalid"})
    elif given.lower().startswith("mismatch") or address.lower().startswith("mismatch"):
        settle(store, validation, {"outcome": "active", "registeredName": "Somebody Else", "nameMatchScore": 12})
    else:
        settle(store, validation, {"outcome": "active", "registeredName": given, "nameMatchScore": 100})


def settle(store: Store, validation: Body, options: Body) -> Body:
    """End the check with this outcome; a failed one costs nothing. What has ended stays."""
    if validation["status"] != "created":
        return validation
    store.unschedule("complete_validation", validation["id"])
    outcome = options.get("outcome", "active")
    if outcome == "failed":
        validation["status"] = "failed"
        moves = [("beneficiaries", "payout", validation["amount"] or 0)]
        banking.post(store, "validation_failed", validation["id"], moves, entity="fund_account.validation")
    else:
        validation.update(status="completed", utr=new_id(), results=_results(store, validation, outcome, options))
    store.save(validation)
    event = f"fund_account.validation.{validation['status']}"
    webhooks.emit(store, event, {"fund_account.validation": validation})
    return validation


def _results(store: Store, validation: Body, outcome: str, options: Body) -> Body:
    if outcome == "invalid":
        return {**NO_RESULTS, "account_status": "invalid"}
    return {
        "account_status": "active",
        "registered_name": options.get("registeredName", contacts.holder(store, validation["fund_account"])),
        "details": None,
        "name_match_score": options.get("nameMatchScore", 100),
    }


def settle_by_hand(store: Store, call: Call) -> Body:
    return settle(store, store.get("validation", call.path["id"]), read(call.body or {}, SETTLE_READERS))


def fetch(store: Store, call: Call) -> Body:
    return store.get("validation", call.path["id"])


def listing(store: Store, call: Call) -> Body:
    banking.require_account(store, call.query.get("account_number"))
    return collection(store.find("validation", **filters(call.query, ignored=("account_number",))))


OPERATIONS = [
    Operation("POST", "/v1/fund_accounts/validations", create),
    Operation("GET", "/v1/fund_accounts/validations", listing),
    Operation("GET", "/v1/fund_accounts/validations/{id}", fetch),
]
