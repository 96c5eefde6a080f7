"""The merchant's own bank, where settlements arrive: its statement, as a download would show it."""

import datetime

from sandbox.calls import Call, collection
from sandbox.fields import Body, integer, read, text
from sandbox.state import Store, new_id

INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))


def credit(store: Store, *, utr: str, amount: int, description: str) -> Body:
    """One line of the statement; a negative amount is a debit."""
    moment = store.moment()
    line = {
        "id": new_id("bank"),
        "date": datetime.datetime.fromtimestamp(moment, INDIA).date().isoformat(),
        "utr": utr,
        "amount": amount,
        "description": description,
        "created_at": moment,
    }
    return store.add("bank_line", line)


def add_by_hand(store: Store, call: Call) -> Body:
    """Money that came to the bank, or left it, without the gateway."""
    readers = {"utr": text(60), "amount": integer(-(10**12), 10**12), "description": text(200)}
    wanted = read(call.body, readers, required=("amount",))
    utr = wanted.get("utr") or new_id()
    return credit(store, utr=utr, amount=wanted["amount"], description=wanted.get("description", "NEFT"))


def statement(store: Store, call: Call) -> Body:
    """Every line, oldest first."""
    return collection(store.find("bank_line", oldest_first=True))
