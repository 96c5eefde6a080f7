"""The book: it balances whatever happens, and settlements and disputes can be followed line by line."""

import datetime
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from razorpay.errors import BadRequestError

from sandbox import book, contacts, control, disputes, orders, payments, payouts, refunds, settlements, work
from sandbox.calls import Call
from sandbox.configuration import from_environment
from sandbox.errors import Rejected
from sandbox.ledger import show
from sandbox.settlements import INDIA
from sandbox.state import Store
from sandbox.tests.driver import Gateway
from sandbox.tests.receiver import wait_until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(from_environment({"KHIDMA_HOME": str(tmp_path)}))
    book.open_book(opened)
    yield opened
    opened.close()


def test_a_move_of_less_than_nothing_or_to_itself_cannot_be_written(store: Store) -> None:
    for move in (("gateway", "customers", -5), ("gateway", "gateway", 5)):
        with pytest.raises(sqlite3.IntegrityError), store.transaction():
            book.record(store, "nonsense", "x", [move])
    assert book.balances(store) == {"owner": -book.OPENING_FLOAT, "payout": book.OPENING_FLOAT}
    assert [line["kind"] for line in book.entries(store, "payout")] == ["float"]


def test_the_float_is_given_once(store: Store) -> None:
    book.open_book(store)
    assert book.balance(store, "payout") == book.OPENING_FLOAT


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "pay",
                "fail",
                "pending",
                "refund",
                "refund_failed",
                "payout",
                "reverse",
                "dispute",
                "lose",
                "win",
                "settle",
                "top_up",
                "work",
                "later",
            ]
        ),
        st.integers(min_value=100, max_value=90_000),
        st.integers(min_value=0, max_value=99),
    ),
    min_size=15,
    max_size=40,
)


EVERYTHING = (
    "pay pay fail pending top_up payout reverse payout work refund refund_failed refund dispute win dispute lose settle"
    " payout later refund_failed reverse settle"
)


@given(steps=STEPS)
@example(steps=[(step, 1_000, 0) for step in EVERYTHING.split()])
@example(steps=[(step, 1_000, 1) for step in EVERYTHING.split()])
@settings(max_examples=40, deadline=None)
def test_the_book_balances_after_any_walk(tmp_path_factory: pytest.TempPathFactory, steps: list[Any]) -> None:
    opened = Store(from_environment({"KHIDMA_HOME": str(tmp_path_factory.mktemp("walk"))}))
    try:
        with opened.transaction():
            book.open_book(opened)
        for step, amount, pick in steps:
            _try_step(opened, step, amount, pick)
            seen = show(opened, Call())
            assert seen["balanced"]
            _assert_totals_follow_from_the_lists(seen)
    finally:
        opened.close()


def _try_step(store: Store, step: str, amount: int, pick: int) -> None:
    """One step of the walk; what the gateway refuses is refused whole."""
    before = book.balances(store)
    try:
        with store.transaction():
            _step(store, step, amount, pick)
    except Rejected:
        assert book.balances(store) == before


def _step(store: Store, step: str, amount: int, pick: int) -> None:
    if step in ("pay", "fail", "pending"):
        order = orders.create(store, Call(body={"amount": amount, "currency": "INR"}))
        outcome = {"pay": "success", "fail": "failure", "pending": "pending"}[step]
        payments.pay(store, order["id"], {"outcome": outcome})
    elif step == "payout":
        _pay_out(store, amount)
    elif step == "settle":
        settlements.run(store, Call())
    elif step == "top_up":
        control.set_balances(store, Call(body={"gateway": amount, "payout": amount * 10}))
    elif step == "work":
        work.do_due(store)
    elif step == "later":
        control.shift_clock(store, Call(body={"shiftSeconds": amount}))
        work.do_due(store)
    else:
        _step_on_something(store, step, amount, pick)


def _step_on_something(store: Store, step: str, amount: int, pick: int) -> None:
    kinds = {"refund_failed": "refund", "reverse": "payout", "lose": "dispute", "win": "dispute"}
    found = store.find(kinds.get(step, "payment"))
    if not found:
        return
    path = {"id": found[pick % len(found)]["id"]}
    if step == "refund":
        refunds.create(store, Call(path=path, body={"amount": amount}))
    elif step == "refund_failed":
        refunds.settle_by_hand(store, Call(path=path, body={"outcome": "failed"}))
    elif step == "reverse":
        payouts.settle_by_hand(store, Call(path=path, body={"outcome": "reversed"}))
    elif step == "dispute":
        disputes.open_by_hand(store, Call(path=path, body={"amount": amount, "deductAtOnset": bool(pick % 2)}))
    else:
        outcome = {"lose": "lost", "win": "won"}[step]
        disputes.close_by_hand(store, Call(path=path, body={"outcome": outcome}))


def _pay_out(store: Store, amount: int) -> None:
    contact = contacts.create_contact(store, Call(body={"name": "Asha Rao"}))
    bank_account = {"name": "Asha Rao", "ifsc": "HDFC0000053", "account_number": "123456789"}
    details = {"contact_id": contact["id"], "account_type": "bank_account", "bank_account": bank_account}
    body = {
        "account_number": store.configuration.account_number,
        "fund_account_id": contacts.create_fund_account(store, Call(body=details))["id"],
        "amount": amount,
        "currency": "INR",
        "mode": "NEFT",
        "purpose": "payout",
        "queue_if_low_balance": True,
    }
    payouts.create(store, Call(body=body))


def _assert_totals_follow_from_the_lists(seen: dict[str, Any]) -> None:
    totals, balances = seen["totals"], seen["balances"]
    captured = [payment for payment in seen["payments"] if payment["captured"]]
    assert totals["captured"] == sum(payment["amount"] for payment in captured)
    assert totals["gateway_fees"] == sum(payment["fee"] for payment in captured)
    assert totals["gateway_tax"] == sum(payment["tax"] for payment in captured)
    kept = [refund["amount"] for refund in seen["refunds"] if refund["captured"] and refund["status"] != "failed"]
    assert totals["refunded"] == sum(kept)
    assert totals["settled"] == sum(settlement["amount"] for settlement in seen["settlements"])
    assert totals["disputed"] + totals["lost_in_disputes"] == sum(one["amount_deducted"] for one in seen["disputes"])
    sent = [payout for payout in seen["payouts"] if payout["status"] in ("processing", "processed")]
    assert totals["payouts_processed"] + totals["payouts_in_flight"] == sum(payout["amount"] for payout in sent)
    assert totals["payout_fees"] == sum(payout["fees"] for payout in sent)
    assert balances["gateway"] == (
        totals["captured"]
        - totals["gateway_fees"]
        - totals["refunded"]
        - totals["disputed"]
        - totals["lost_in_disputes"]
        - totals["settled"]
        + totals["gateway_adjustments"]
    )
    assert balances["payout"] == (
        totals["payout_adjustments"]
        - totals["payouts_processed"]
        - totals["payouts_in_flight"]
        - totals["payout_fees"]
        - totals["validations"]
    )


def test_a_settlement_is_the_sum_of_its_lines(gateway: Gateway) -> None:
    gateway.control("/balances", {"gateway": 10_000})
    kept, refunded = gateway.captured(150_000), gateway.captured(50_000)
    refund = gateway.sdk.payment.refund(refunded, {"amount": 20_000, "receipt": "rf-1"})
    dispute = gateway.control(f"/payments/{kept}/dispute", {"amount": 5_000, "deductAtOnset": True})
    expected = gateway.ledger()["balances"]["gateway"]

    settlement = gateway.control("/settlements/run")["items"][0]
    assert settlement["amount"] == expected
    assert gateway.ledger()["balances"]["gateway"] == 0
    assert gateway.receiver.wait_for("settlement.processed")[0].json["payload"]["settlement"]["entity"] == settlement

    today = datetime.datetime.now(INDIA)
    query = {"year": today.year, "month": today.month, "day": today.day, "count": 1000}
    lines = gateway.sdk.settlement.report(query)["items"]
    assert {line["settlement_id"] for line in lines} == {settlement["id"]}
    assert sum(line["credit"] - line["debit"] for line in lines) == settlement["amount"]
    by_id = {line["entity_id"]: line for line in lines}
    assert by_id[kept]["credit"] == by_id[kept]["amount"] - by_id[kept]["fee"] == 150_000 - 3_540
    assert (by_id[refund["id"]]["type"], by_id[refund["id"]]["debit"]) == ("refund", 20_000)
    assert by_id[refund["id"]]["payment_id"] == refunded
    adjustments = {line["dispute_id"]: line["credit"] - line["debit"] for line in lines if line["type"] == "adjustment"}
    assert adjustments == {None: 10_000, dispute["id"]: -5_000}

    assert gateway.control("/settlements/run")["items"] == []
    assert gateway.sdk.settlement.all()["items"] == [settlement]
    assert gateway.sdk.settlement.fetch(settlement["id"]) == settlement
    assert gateway.sdk.settlement.report({"year": today.year - 1, "month": 1})["items"] == []


def test_a_dispute_takes_gives_back_and_keeps(gateway: Gateway) -> None:
    first, second = gateway.captured(), gateway.captured()
    start = gateway.ledger()["balances"]["gateway"]
    won = gateway.control(f"/payments/{first}/dispute", {"phase": "fraud", "amount": 30_000, "deductAtOnset": True})
    lost = gateway.control(f"/payments/{second}/dispute", {"phase": "chargeback"})
    assert (won["amount_deducted"], lost["amount_deducted"], lost["amount"]) == (30_000, 0, 50_000)
    assert gateway.ledger()["balances"]["gateway"] == start - 30_000
    evidence = {"summary": "Delivered on time", "others": [{"type": "receipt", "document_ids": ["doc_1"]}]}
    assert gateway.sdk.dispute.contest(won["id"], {**evidence, "action": "submit"})["status"] == "under_review"
    assert gateway.control(f"/disputes/{won['id']}/close", {"outcome": "won"})["amount_deducted"] == 0
    assert gateway.ledger()["balances"]["gateway"] == start
    assert gateway.sdk.dispute.accept(lost["id"])["status"] == "lost"
    assert gateway.ledger()["balances"]["gateway"] == start - 50_000
    with pytest.raises(BadRequestError, match="The dispute is lost"):
        gateway.sdk.dispute.accept(lost["id"])
    assert gateway.ledger()["totals"]["lost_in_disputes"] == 50_000
    for event in ("created", "under_review", "won", "lost"):
        gateway.receiver.wait_for(f"payment.dispute.{event}")
    assert {dispute["id"] for dispute in gateway.sdk.dispute.all()["items"]} == {won["id"], lost["id"]}


def test_a_negative_balance_is_not_settled(gateway: Gateway) -> None:
    payment_id = gateway.captured()
    gateway.control("/settlements/run")
    gateway.control(f"/payments/{payment_id}/dispute", {"deductAtOnset": True})
    assert gateway.ledger()["balances"]["gateway"] == -50_000
    assert gateway.control("/settlements/run")["items"] == []
    wait_until(lambda: gateway.receiver.of("payment.dispute.created"))
    assert gateway.ledger()["balanced"]
