"""RazorpayX's address book: contacts and the fund accounts that payouts go to."""

from sandbox.calls import Call, Operation, collection, filters
from sandbox.errors import Rejected
from sandbox.fields import Body, Reader, choice, flag, identifier, nested, notes, read, text
from sandbox.state import Store, new_id

CONTACT_READERS: dict[str, Reader] = {
    "name": text(50, 3),
    "email": text(254, pattern=r"[^@\s]+@[^@\s]+"),
    "contact": text(15, 8, r"[0-9 +()-]+"),
    "type": choice("vendor", "customer", "employee", "self"),
    "reference_id": text(40),
    "notes": notes,
}
BANK_READERS: dict[str, Reader] = {
    "name": text(120, 3),
    "ifsc": text(11, 11, r"[A-Za-z]{4}0[A-Za-z0-9]{6}"),
    "account_number": text(35, 5, r"[A-Za-z0-9]+"),
}
FUND_ACCOUNT_READERS: dict[str, Reader] = {
    "contact_id": identifier("cont"),
    "account_type": choice("bank_account", "vpa"),
    "bank_account": nested(BANK_READERS, tuple(BANK_READERS)),
    "vpa": nested({"address": text(100, 3, r"[A-Za-z0-9._-]{2,}@[A-Za-z0-9]{2,}")}, ("address",)),
}
BANKS = {"HDFC": "HDFC Bank", "ICIC": "ICICI Bank", "SBIN": "State Bank of India", "UTIB": "Axis Bank"}


def create_contact(store: Store, call: Call) -> Body:
    """A new contact, or the existing one with exactly these details."""
    wanted = read(call.body, CONTACT_READERS, required=("name",))
    details = {name: wanted.get(name) for name in CONTACT_READERS} | {"notes": wanted.get("notes", [])}
    return _known(
        store, "contact", {"reference_id": details["reference_id"], "name": details["name"]}, details
    ) or store.add(
        "contact",
        {
            "id": new_id("cont"),
            "entity": "contact",
            **details,
            "batch_id": None,
            "active": True,
            "created_at": store.moment(),
        },
    )


def _known(store: Store, kind: str, where: Body, details: Body) -> Body | None:
    """The document that says the same in every detail."""
    where = {name: value for name, value in where.items() if value is not None}
    for document in store.find(kind, where):
        if all(document[name] == value for name, value in details.items()):
            return document
    return None


def fetch_contact(store: Store, call: Call) -> Body:
    return store.get("contact", call.path["id"])


def list_contacts(store: Store, call: Call) -> Body:
    return collection(_listed(store, "contact", call, ("name", "email", "contact", "reference_id", "type")))


def _listed(store: Store, kind: str, call: Call, fields: tuple[str, ...]) -> list[Body]:
    wanted = filters(call.query, fields, ignored=("active",))
    if "active" in call.query:
        wanted["where"]["active"] = call.query["active"] in ("1", "true")
    return store.find(kind, **wanted)


def edit_contact(store: Store, call: Call) -> Body:
    contact = store.get("contact", call.path["id"])
    return store.save({**contact, **read(call.body, {**CONTACT_READERS, "active": flag})})


def create_fund_account(store: Store, call: Call) -> Body:
    """A new fund account of a contact, or the existing one with exactly these details. Answers show the full number."""
    wanted = read(call.body, FUND_ACCOUNT_READERS, required=("contact_id", "account_type"))
    kind = wanted["account_type"]
    if kind not in wanted:
        raise Rejected(f"The {kind.replace('_', ' ')} field is required.", field=kind)
    store.get("contact", wanted["contact_id"])
    details = {"contact_id": wanted["contact_id"], "account_type": kind, kind: _account(kind, wanted[kind])}
    known = _known(store, "fund_account", {"contact_id": wanted["contact_id"], "account_type": kind}, details)
    return known or store.add(
        "fund_account",
        {
            "id": new_id("fa"),
            "entity": "fund_account",
            **details,
            "active": True,
            "batch_id": None,
            "created_at": store.moment(),
        },
    )


def _account(kind: str, given: Body) -> Body:
    if kind == "vpa":
        username, _, handle = given["address"].partition("@")
        return {"username": username, "handle": handle, "address": given["address"]}
    ifsc = given["ifsc"].upper()
    return {**given, "ifsc": ifsc, "bank_name": BANKS.get(ifsc[:4], f"{ifsc[:4]} Bank"), "notes": []}


def fetch_fund_account(store: Store, call: Call) -> Body:
    return store.get("fund_account", call.path["id"])


def list_fund_accounts(store: Store, call: Call) -> Body:
    return collection(_listed(store, "fund_account", call, ("contact_id", "account_type")))


def edit_fund_account(store: Store, call: Call) -> Body:
    fund_account = store.get("fund_account", call.path["id"])
    return store.save({**fund_account, **read(call.body, {"active": flag}, required=())})


def active_fund_account(store: Store, fund_account_id: str) -> Body:
    """:raises Rejected: unknown, or switched off."""
    fund_account = store.get("fund_account", fund_account_id)
    if not fund_account["active"]:
        raise Rejected("Payouts cannot be created on an inactive fund account", field="fund_account_id", step=None)
    return fund_account


def is_invalid(fund_account: Body) -> bool:
    """Account numbers that end in 0000 do not exist at the bank."""
    bank_account = fund_account.get("bank_account") or {}
    return str(bank_account.get("account_number", "")).endswith("0000")


def holder(store: Store, fund_account: Body) -> str:
    """The name its owner gave for the account."""
    if fund_account["account_type"] == "bank_account":
        return str(fund_account["bank_account"]["name"])
    return str(store.get("contact", fund_account["contact_id"])["name"])


OPERATIONS = [
    Operation("POST", "/v1/contacts", create_contact),
    Operation("GET", "/v1/contacts", list_contacts),
    Operation("GET", "/v1/contacts/{id}", fetch_contact),
    Operation("PATCH", "/v1/contacts/{id}", edit_contact),
    Operation("POST", "/v1/fund_accounts", create_fund_account),
    Operation("GET", "/v1/fund_accounts", list_fund_accounts),
    Operation("GET", "/v1/fund_accounts/{id}", fetch_fund_account),
    Operation("PATCH", "/v1/fund_accounts/{id}", edit_fund_account),
]
