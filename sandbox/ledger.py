"""The whole book for somebody else's reconciliation: per object and in sum, every rupee in and out."""

from sandbox import book
from sandbox.calls import Call
from sandbox.fields import Body
from sandbox.state import Store


def show(store: Store, call: Call) -> Body:
    """Lists are oldest first; totals are added up from the journal, not from the lists."""
    payments = store.find("payment", oldest_first=True)
    receipts = {order["id"]: order["receipt"] for order in store.find("order")}
    refunds = store.find("refund", oldest_first=True)
    disputes = store.find("dispute", oldest_first=True)
    return {
        "balances": {"gateway": book.balance(store, "gateway"), "payout": book.balance(store, "payout")},
        "accounts": book.balances(store),
        "balanced": _is_balanced(store),
        "totals": _totals(store),
        "payments": [{**_payment(payment), "receipt": receipts[payment["order_id"]]} for payment in payments],
        "refunds": [{**_only(refund, REFUND), "captured": refund["_captured"]} for refund in refunds],
        "payouts": [_only(payout, PAYOUT) for payout in store.find("payout", oldest_first=True)],
        "validations": [_validation(validation) for validation in store.find("validation", oldest_first=True)],
        "settlements": [_only(settlement, SETTLEMENT) for settlement in store.find("settlement", oldest_first=True)],
        "disputes": [_only(dispute, DISPUTE) for dispute in disputes],
        "adjustments": [*_adjustments(store, "gateway"), *_adjustments(store, "payout")],
    }


REFUND = ("id", "payment_id", "receipt", "amount", "status")
PAYOUT = ("id", "reference_id", "amount", "fees", "tax", "status", "utr")
SETTLEMENT = ("id", "amount", "utr", "status")
DISPUTE = ("id", "payment_id", "phase", "amount", "amount_deducted", "status")


def _only(document: Body, names: tuple[str, ...]) -> Body:
    return {name: document[name] for name in names}


def _payment(payment: Body) -> Body:
    names = ("id", "order_id", "amount", "amount_refunded", "fee", "tax", "captured", "status")
    return {**_only(payment, names), "fee": payment["fee"] or 0, "tax": payment["tax"] or 0}


def _validation(validation: Body) -> Body:
    return {
        "id": validation["id"],
        "fund_account_id": validation["fund_account"]["id"],
        "amount": 0 if validation["status"] == "failed" else validation["amount"] or 0,
        "status": validation["status"],
        "account_status": validation["results"]["account_status"],
    }


def _adjustments(store: Store, account: str) -> list[Body]:
    """Top-ups and withdrawals by the owner, the opening float among them."""
    lines = [line for line in book.entries(store, account) if line["kind"] in ("float", "adjustment")]
    return [{"id": line["document"], "account": account, "amount": line["net"], "kind": line["kind"]} for line in lines]


def _is_balanced(store: Store) -> bool:
    running = {account: amount for account, amount in book.balances(store).items() if amount}
    journal = {account: amount for account, amount in book.balances_from_journal(store).items() if amount}
    return running == journal and sum(journal.values()) == 0


def _totals(store: Store) -> Body:
    """What passed through the merchant's two accounts, by kind of entry; payout figures are net of what came back."""
    gateway, payout = _by_kind(store, "gateway"), _by_kind(store, "payout")
    accounts = book.balances(store)
    tax, fees = accounts.get("gateway_tax", 0), accounts.get("gateway_fees", 0)
    return {
        "captured": gateway.get("capture", 0) + tax + fees,
        "gateway_fees": fees + tax,
        "gateway_tax": tax,
        "refunded": -gateway.get("refund", 0) - gateway.get("refund_failed", 0),
        "refunds_in_flight": accounts.get("refunds_in_flight", 0),
        "disputed": accounts.get("disputed", 0),
        "lost_in_disputes": -sum(amount for kind, amount in gateway.items() if kind.startswith("dispute"))
        - accounts.get("disputed", 0),
        "settled": -gateway.get("settlement", 0),
        "gateway_adjustments": gateway.get("adjustment", 0),
        "payouts_processed": _processed(store),
        "payouts_in_flight": accounts.get("payouts_in_flight", 0),
        "payout_fees": accounts.get("payout_fees", 0) + accounts.get("payout_tax", 0),
        "payout_tax": accounts.get("payout_tax", 0),
        "validations": -payout.get("validation", 0) - payout.get("validation_failed", 0),
        "payout_adjustments": payout.get("adjustment", 0) + payout.get("float", 0),
    }


def _by_kind(store: Store, account: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in book.entries(store, account):
        sums[line["kind"]] = sums.get(line["kind"], 0) + line["net"]
    return sums


def _processed(store: Store) -> int:
    """Paid to beneficiaries and not returned, without the rupees of validations."""
    validated: int = sum(
        line["net"] for line in book.entries(store, "beneficiaries") if line["kind"].startswith("validation")
    )
    return book.balance(store, "beneficiaries") - validated
