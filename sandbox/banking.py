"""RazorpayX's side of the money: moves on the payout account, its statement and its balance."""

from collections.abc import Sequence
from typing import Any

from sandbox import book, webhooks
from sandbox.book import Move
from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body
from sandbox.state import Store

ACCOUNT_MISSING = "The account number field is required"
ACCOUNT_INVALID = "The RazorpayX Account number is invalid."


def post(store: Store, kind: str, document_id: str, moves: Sequence[Move], **facts: Any) -> None:
    """Record moves of the payout account and announce the line they leave in its statement."""
    line = book.record(store, kind, document_id, moves, **facts)
    if line is not None:
        webhooks.emit(store, "transaction.created", {"transaction": line})


def require_account(store: Store, number: object) -> None:
    """:raises Rejected: this is not the merchant's own RazorpayX account."""
    if not number:
        raise Rejected(ACCOUNT_MISSING, field="account_number", step=None)
    if number != store.configuration.account_number:
        raise Rejected(ACCOUNT_INVALID, field="account_number", step=None)


def list_balances(store: Store, call: Call) -> Body:
    amount = book.balance(store, "payout")
    item = {
        "entity": "banking_balance",
        "currency": "INR",
        "account_number": store.configuration.account_number,
        "account_type": "nodal",
        "bank_name": "Yes Bank",
        "bank_code": "YESB",
        "amount": amount,
        "available_amount": amount,
        "refreshed_at": store.moment(),
    }
    return {"entity": "collection", "count": 1, "items": [item]}


def list_transactions(store: Store, call: Call) -> Body:
    require_account(store, call.query.get("account_number"))
    return collection(store.find("transaction", **filters(call.query, ("account_number",))))


def fetch_transaction(store: Store, call: Call) -> Body:
    return store.get("transaction", call.path["id"])


OPERATIONS = [
    Operation("GET", "/v1/banking_balances", list_balances),
    Operation("GET", "/v1/transactions", list_transactions),
    Operation("GET", "/v1/transactions/{id}", fetch_transaction),
]
