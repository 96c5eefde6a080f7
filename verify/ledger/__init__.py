"""Proof `ledger`: whatever people, banks and the clock do, and wherever a process dies, no paisa is made or lost.

A Hypothesis state machine plays the public services; a plain model of the books says what every account must hold.
"""

from verify.ledger.breaks import RENEWED_KEY
from verify.ledger.playing import play_inside
from verify.ledger.shards import play_shared
from verify.proof import Break, Proof, Run

OPERATIONS = (
    "accept",
    "checkout",
    "verify",
    "webhook",
    "submit",
    "submit milestone",
    "revise",
    "approve",
    "approve milestone",
    "cancel",
    "refund",
    "return",
    "dispute",
    "boost",
    "send refund",
    "retry refund",
    "penny drop",
    "withdraw",
    "send payout",
    "outbox",
    "sweeps",
    "clock",
)


def prove(run: Run) -> None:
    """Play, and judge what was met."""
    tally = play_shared(run) if run.size["processes"] > 1 else play_inside(run)
    tally.report(run)


PROOF = Proof(
    name="ledger",
    sizes={
        "ci": {
            "processes": 1,
            "steps": 3_000,
            "steps_each": 200,
            "crashes_each": 0,
            "crashes_share": 0.15,
            "operations": OPERATIONS,
        },
        "full": {
            "processes": 2,
            "steps": 100_000,
            "steps_each": 250,
            "crashes_each": 50,
            "crashes_share": 0.2,
            "operations": (*OPERATIONS, "cancel payout"),
        },
    },
    prove=prove,
    controls=[
        Break(
            path="khidma/kernel/money.py",
            old="    return (2 * numerator + denominator) // (2 * denominator)",
            new="    return numerator // denominator",
            because="shares are rounded down",
        ),
        Break(
            path="payments/migrations/0002_ledger_guards.py",
            old="                owed := least(coalesce(owed, 0), -line.amount);",
            new="                owed := 0;",
            because="what a doer gets does not pay his debt first",
        ),
        Break(
            path="payments/services/requesting.py",
            old="    _reserve(payout)\n    if amount",
            new="    transaction.on_commit(lambda: _reserve(payout))\n    if amount",
            because="a withdrawal is posted after the transaction that makes it",
        ),
        RENEWED_KEY,
    ],
)
