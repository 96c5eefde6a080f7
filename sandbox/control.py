"""The paths under `/_sandbox`: what a customer, a bank or the dashboard would do, and trouble on demand."""

from sandbox import bank, book, disputes, faults, ledger, payments, payouts, refunds, settlements, validations, webhooks
from sandbox.calls import Call, Operation, collection
from sandbox.errors import Rejected
from sandbox.fields import Body, Reader, flag, integer, read
from sandbox.state import Store


def pay(store: Store, call: Call) -> Body:
    return payments.pay(store, call.path["id"], call.body)


def authorise(store: Store, call: Call) -> Body:
    """The bank says yes now, late or not."""
    payment = store.get("payment", call.path["id"])
    payments.authorise(store, payment)
    return store.get("payment", payment["id"])


def fail(store: Store, call: Call) -> Body:
    payment = store.get("payment", call.path["id"])
    payments.fail(store, payment, payments.CANCELLED_BY_CUSTOMER)
    return store.get("payment", payment["id"])


def set_balances(store: Store, call: Call) -> Body:
    """Bring the balances to these amounts; the owner gives or takes the difference. Queued payouts may start."""
    wanted = read(call.body, {"gateway": integer(0), "payout": integer(0)})
    for account, amount in wanted.items():
        book.set_balance(store, account, amount)
    payouts.begin_queued(store)
    return show_balances(store, call)


def show_balances(store: Store, call: Call) -> Body:
    return {"gateway": book.balance(store, "gateway"), "payout": book.balance(store, "payout")}


def shift_clock(store: Store, call: Call) -> Body:
    """Move the clock forward by so many seconds (back, if negative), on top of earlier shifts."""
    wanted = read(call.body, {"shiftSeconds": integer(-(10**9), 10**9)}, required=())
    store.set("clock_shift", store.setting("clock_shift", 0) + wanted.get("shiftSeconds", 0))
    return {"shiftSeconds": store.setting("clock_shift", 0), "now": store.now()}


def add_faults(store: Store, call: Call) -> Body:
    return collection(faults.add(store, call.body))


def list_faults(store: Store, call: Call) -> Body:
    return collection(faults.pending(store))


def clear_faults(store: Store, call: Call) -> Body:
    faults.clear(store)
    return collection([])


def _milliseconds_or_never(name: str, value: object) -> object:
    if value == "by_hand":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Rejected(f"The {name} must be milliseconds or `by_hand`.", field=name)
    return value


PACE: dict[str, Reader] = {
    "payoutAfterMs": _milliseconds_or_never,
    "validationAfterMs": _milliseconds_or_never,
    "refundAfterMs": integer(0),
}


def set_pace(store: Store, call: Call) -> Body:
    """How soon payouts, validations and refunds end by themselves, from now on; `by_hand`: never."""
    names = {"payoutAfterMs": "payout_after_ms", "validationAfterMs": "validation_after_ms"}
    for name, value in read(call.body, PACE).items():
        store.set(names.get(name, "refund_after_ms"), value)
    return {
        "payoutAfterMs": store.setting("payout_after_ms", payouts.DEFAULT_AFTER_MS),
        "validationAfterMs": store.setting("validation_after_ms", validations.DEFAULT_AFTER_MS),
        "refundAfterMs": store.setting("refund_after_ms", 0),
    }


def reset(store: Store, call: Call) -> Body:
    """As on the first start: nothing but the float. For the next test."""
    store.wipe()
    book.open_book(store)
    return show_balances(store, call)


def list_webhooks(store: Store, call: Call) -> Body:
    return collection(webhooks.listing(store))


def enable_webhooks(store: Store, call: Call) -> Body:
    wanted = read(call.body or {}, {"replay": flag})
    webhooks.enable(store, replay=wanted.get("replay", False))
    return {"enabled": True}


def health(store: Store, call: Call) -> Body:
    return {"status": "ok", "webhooks_enabled": store.setting("webhook_enabled", True)}


OPERATIONS = [
    Operation("GET", "/_sandbox/health", health),
    Operation("POST", "/_sandbox/orders/{id}/pay", pay),
    Operation("POST", "/_sandbox/payments/{id}/authorise", authorise),
    Operation("POST", "/_sandbox/payments/{id}/fail", fail),
    Operation("POST", "/_sandbox/payments/{id}/refund", refunds.create),
    Operation("POST", "/_sandbox/payments/{id}/dispute", disputes.open_by_hand),
    Operation("POST", "/_sandbox/disputes/{id}/close", disputes.close_by_hand),
    Operation("POST", "/_sandbox/refunds/{id}/settle", refunds.settle_by_hand),
    Operation("POST", "/_sandbox/payouts/{id}/settle", payouts.settle_by_hand),
    Operation("POST", "/_sandbox/validations/{id}/settle", validations.settle_by_hand),
    Operation("POST", "/_sandbox/settlements/run", settlements.run),
    Operation("GET", "/_sandbox/bank", bank.statement),
    Operation("POST", "/_sandbox/bank", bank.add_by_hand),
    Operation("POST", "/_sandbox/balances", set_balances),
    Operation("GET", "/_sandbox/balances", show_balances),
    Operation("POST", "/_sandbox/clock", shift_clock),
    Operation("POST", "/_sandbox/pace", set_pace),
    Operation("POST", "/_sandbox/reset", reset),
    Operation("POST", "/_sandbox/faults", add_faults),
    Operation("GET", "/_sandbox/faults", list_faults),
    Operation("DELETE", "/_sandbox/faults", clear_faults),
    Operation("GET", "/_sandbox/webhooks", list_webhooks),
    Operation("POST", "/_sandbox/webhooks/enable", enable_webhooks),
    Operation("GET", "/_sandbox/ledger", ledger.show),
]
