"""Settlements: the whole gateway balance goes to the merchant's bank, and every line of it can be reconciled."""

import datetime

from sandbox import bank, book, webhooks
from sandbox.calls import Call, Operation, collection, filters, number
from sandbox.errors import Rejected
from sandbox.fields import Body, read
from sandbox.state import Store, new_id

INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
MOST_LINES = 1000


def run(store: Store, call: Call) -> Body:
    """Settle everything since the last time: the sum of the lines is the amount. With nothing to pay out, nothing."""
    read(call.body or {}, {})
    lines = book.entries(store, "gateway", unsettled_only=True)
    amount = book.balance(store, "gateway")
    if amount <= 0:
        return collection([])
    settlement: Body = {
        "id": new_id("setl"),
        "entity": "settlement",
        "amount": amount,
        "status": "processed",
        "fees": 0,
        "tax": 0,
        "utr": new_id(),
        "created_at": store.moment(),
    }
    store.add("settlement", settlement)
    for line in lines:
        store.connection.execute(
            "UPDATE entries SET settlement = ? WHERE number = ?", (settlement["id"], line["number"])
        )
        store.add("recon", _recon_line(store, line, settlement), at=settlement["created_at"])
    book.record(store, "settlement", settlement["id"], [("gateway", "merchant_bank", amount)])
    store.connection.execute(
        "UPDATE entries SET settlement = ? WHERE kind = 'settlement' AND document = ?",
        (settlement["id"], settlement["id"]),
    )
    bank.credit(store, utr=settlement["utr"], amount=amount, description="RAZORPAY SOFTWARE PVT LTD")
    webhooks.emit(store, "settlement.processed", {"settlement": settlement})
    return collection([settlement])


def _recon_line(store: Store, line: Body, settlement: Body) -> Body:
    """One line of the report; what is neither payment nor refund is an adjustment."""
    kind = {"capture": "payment", "refund": "refund"}.get(line["kind"], "adjustment")
    payment_id = line["document"] if kind == "payment" else line["facts"].get("payment_id")
    payment = store.get("payment", payment_id) if payment_id else {}
    order = store.get("order", payment["order_id"]) if payment else {}
    charged = kind == "payment"
    return {
        "id": new_id("line"),
        "entity_id": new_id("adj") if kind == "adjustment" else line["document"],
        "type": kind,
        "debit": max(-line["net"], 0),
        "credit": max(line["net"], 0),
        "amount": payment["amount"] if charged else abs(line["net"]),
        "currency": "INR",
        "fee": payment["fee"] if charged else 0,
        "tax": payment["tax"] if charged else 0,
        "on_hold": False,
        "settled": True,
        "created_at": line["made_at"],
        "settled_at": settlement["created_at"],
        "settlement_id": settlement["id"],
        "posted_at": None,
        "credit_type": "default",
        "description": None if kind != "adjustment" else line["kind"].replace("_", " ").capitalize(),
        "notes": None,
        "payment_id": None if charged else payment_id,
        "settlement_utr": settlement["utr"],
        "order_id": order.get("id"),
        "order_receipt": order.get("receipt"),
        "method": payment.get("method"),
        "card_network": None,
        "card_issuer": None,
        "card_type": None,
        "dispute_id": line["facts"].get("dispute_id"),
    }


def report(store: Store, call: Call) -> Body:
    """`recon/combined`: the lines settled on a day of India, or in a month. Its count goes to 1000."""
    known = ("year", "month", "day")
    wanted = filters({k: v for k, v in call.query.items() if k not in known}, most=MOST_LINES)
    year, month = number(call.query, "year", 2000, 9999), number(call.query, "month", 1, 12)
    if year is None or month is None:
        raise Rejected("The year and month fields are required.", field="year")
    day = number(call.query, "day", 1, 31)
    try:
        start = datetime.datetime(year, month, day or 1, tzinfo=INDIA)
    except ValueError as error:
        raise Rejected("The day is not a valid date.", field="day") from error
    end = start + datetime.timedelta(days=1) if day else (start + datetime.timedelta(days=32)).replace(day=1)
    count = wanted["count"] if "count" in call.query else MOST_LINES
    since, until = int(start.timestamp()), int(end.timestamp()) - 1
    lines = store.find("recon", since=since, until=until, count=count, skip=wanted["skip"])
    return collection([{name: value for name, value in line.items() if name != "id"} for line in lines])


def fetch(store: Store, call: Call) -> Body:
    return store.get("settlement", call.path["id"])


def listing(store: Store, call: Call) -> Body:
    return collection(store.find("settlement", **filters(call.query)))


OPERATIONS = [
    Operation("GET", "/v1/settlements", listing),
    Operation("GET", "/v1/settlements/recon/combined", report),
    Operation("GET", "/v1/settlements/{id}", fetch),
]
