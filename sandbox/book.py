"""The stand-in's own book: a journal whose every move takes from one account what it gives to another.

A balance is what came in less what went out, so all balances add up to nothing, whatever happens.
Accounts of the merchant are `gateway` and `payout`; `authorised`, `refunds_in_flight`, `payouts_in_flight` and
`disputed` are on their way; `customers`, `beneficiaries`, `merchant_bank`, `owner`, the fees and the taxes are outside.
"""

import json
from collections.abc import Sequence
from typing import Any

from sandbox.errors import Rejected
from sandbox.fields import Body
from sandbox.state import Store, new_id

Move = tuple[str, str, int]
OPENING_FLOAT = 10_00_000_00


def record(store: Store, kind: str, document_id: str, moves: Sequence[Move], **facts: Any) -> Body | None:
    """Write one entry of the journal; `moves` are (from, to, paise), those of nothing are left out.

    An entry that touches the payout account also leaves a line in that account's statement, which is returned.
    """
    kept = [move for move in moves if move[2]]
    if not kept:
        return None
    cursor = store.connection.execute(
        "INSERT INTO entries (made_at, kind, document, facts) VALUES (?, ?, ?, ?)",
        (store.moment(), kind, document_id, json.dumps(facts)),
    )
    for source, target, amount in kept:
        store.connection.execute(
            "INSERT INTO moves (entry, source, target, amount) VALUES (?, ?, ?, ?)",
            (cursor.lastrowid, source, target, amount),
        )
        _add(store, source, -amount)
        _add(store, target, amount)
    return _state_line(store, document_id, net("payout", kept), facts)


def net(account: str, moves: Sequence[Move]) -> int:
    """What the moves add to the account."""
    return sum(amount for _, target, amount in moves if target == account) - sum(
        amount for source, _, amount in moves if source == account
    )


def balance(store: Store, account: str) -> int:
    """Paise in the account."""
    row = store.connection.execute("SELECT amount FROM balances WHERE account = ?", (account,)).fetchone()
    return 0 if row is None else int(row["amount"])


def open_book(store: Store) -> None:
    """Give a new state file its float on the payout account, once."""
    if store.setting("opened", False):
        return
    store.set("opened", True)
    record(store, "float", new_id("bt"), [("owner", "payout", OPENING_FLOAT)])


def set_balance(store: Store, account: str, amount: int) -> None:
    """Bring `gateway` or `payout` to this amount; the owner gives or takes the difference."""
    difference = amount - balance(store, account)
    moves = [("owner", account, difference)] if difference > 0 else [(account, "owner", -difference)]
    record(store, "adjustment", new_id("bt" if account == "payout" else "adj"), moves, account=account)


def require(store: Store, account: str, amount: int, refusal: str) -> None:
    """:raises Rejected: the account holds less."""
    if balance(store, account) < amount:
        raise Rejected(refusal, reason="insufficient_funds")


def entries(store: Store, account: str, *, unsettled_only: bool = False) -> list[Body]:
    """The journal as this account saw it: kind, document, facts and the net amount of each entry, oldest first."""
    condition = "AND entries.settlement IS NULL" if unsettled_only else ""
    rows = store.connection.execute(
        "SELECT entries.*, sum(CASE WHEN moves.target = ? THEN moves.amount ELSE -moves.amount END) AS net"
        " FROM entries JOIN moves ON moves.entry = entries.number"
        f" WHERE ? IN (moves.source, moves.target) {condition} GROUP BY entries.number ORDER BY entries.number",
        (account, account),
    )
    return [{**dict(row), "facts": json.loads(row["facts"])} for row in rows]


def balances(store: Store) -> dict[str, int]:
    """Every account with its balance, from the running figures."""
    rows = store.connection.execute("SELECT account, amount FROM balances ORDER BY account")
    return {row["account"]: row["amount"] for row in rows}


def balances_from_journal(store: Store) -> dict[str, int]:
    """The same figures added up from the moves: what the running ones must equal."""
    rows = store.connection.execute(
        "SELECT account, sum(amount) AS amount FROM (SELECT target AS account, amount FROM moves UNION ALL"
        " SELECT source, -amount FROM moves) GROUP BY account ORDER BY account"
    )
    return {row["account"]: row["amount"] for row in rows}


def _add(store: Store, account: str, amount: int) -> None:
    store.connection.execute(
        "INSERT INTO balances VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET amount = amount + excluded.amount",
        (account, amount),
    )


def _state_line(store: Store, document_id: str, amount: int, facts: dict[str, object]) -> Body | None:
    if not amount:
        return None
    return store.add(
        "transaction",
        {
            "id": new_id("txn"),
            "entity": "transaction",
            "account_number": store.configuration.account_number,
            "amount": abs(amount),
            "currency": "INR",
            "credit": max(amount, 0),
            "debit": max(-amount, 0),
            "balance": balance(store, "payout"),
            "source": {"id": document_id, **facts},
            "created_at": store.moment(),
        },
    )
