"""Requests that go wrong on demand: what the caller sees, and what was done all the same."""

import threading
import time
from typing import Any

import pytest
import requests
from razorpay.errors import BadRequestError, ServerError

from sandbox.tests.driver import Gateway
from sandbox.tests.receiver import wait_until


def strike(gateway: Gateway, fault: str, match: str = "POST /v1/orders", **details: Any) -> None:
    gateway.control("/faults", [{"match": match, "times": 1, "fault": fault, **details}])


def orders(gateway: Gateway) -> int:
    return int(gateway.sdk.order.all()["count"])


@pytest.mark.parametrize(
    ("fault", "error", "status"),
    [
        ("error_500", ServerError, 500),
        ("error_502_html", requests.exceptions.JSONDecodeError, 502),
        ("error_409", BadRequestError, 409),
        ("error_429", BadRequestError, 429),
    ],
)
def test_an_error_is_answered_and_nothing_done(
    gateway: Gateway, fault: str, error: type[Exception], status: int
) -> None:
    strike(gateway, fault)
    with pytest.raises(error):
        gateway.order()
    assert gateway.session.last.status_code == status
    assert orders(gateway) == 0
    assert gateway.order()["status"] == "created"


def test_an_error_can_hide_what_was_done(gateway: Gateway) -> None:
    strike(gateway, "error_500", afterDoing=True)
    with pytest.raises(ServerError):
        gateway.order()
    assert orders(gateway) == 1


@pytest.mark.parametrize(("fault", "done"), [("timeout_after_doing", 1), ("timeout_before_doing", 0)])
def test_a_timeout_hangs_with_or_without_the_deed(gateway: Gateway, fault: str, done: int) -> None:
    strike(gateway, fault)
    with pytest.raises(requests.exceptions.ReadTimeout):
        gateway.sdk.order.create({"amount": 100, "currency": "INR"}, timeout=0.4)
    assert orders(gateway) == done


def test_a_hanging_request_is_dropped_in_the_end(gateway: Gateway) -> None:
    strike(gateway, "timeout_before_doing", ms=200)
    with pytest.raises(requests.exceptions.ConnectionError):
        gateway.order()
    assert orders(gateway) == 0


@pytest.mark.parametrize(("after", "done"), [(False, 0), (True, 1)])
def test_a_connection_is_reset(gateway: Gateway, after: bool, done: int) -> None:
    strike(gateway, "connection_reset", afterDoing=after)
    with pytest.raises(requests.exceptions.ConnectionError):
        gateway.order()
    assert orders(gateway) == done


def test_a_slow_answer_is_an_answer(gateway: Gateway) -> None:
    strike(gateway, "slow", ms=300)
    started = time.monotonic()
    assert gateway.order()["status"] == "created"
    assert time.monotonic() - started >= 0.3


def test_a_payout_after_a_lost_answer_is_the_same_payout(gateway: Gateway) -> None:
    fund_account_id = gateway.fund_account()["id"]
    strike(gateway, "timeout_after_doing", "POST /v1/payouts", ms=100)
    with pytest.raises(requests.exceptions.ConnectionError):
        gateway.payout("key-0001", fund_account_id=fund_account_id)
    made = gateway.ledger()["payouts"]
    assert gateway.payout("key-0001", fund_account_id=fund_account_id)["id"] == made[0]["id"]
    assert len(gateway.ledger()["payouts"]) == 1


def test_a_second_request_while_the_first_is_under_way_gets_409(gateway: Gateway) -> None:
    fund_account_id = gateway.fund_account()["id"]
    strike(gateway, "slow", "POST /v1/payouts", ms=600)
    first = threading.Thread(target=gateway.payout, args=("key-0001",), kwargs={"fund_account_id": fund_account_id})
    first.start()
    wait_until(lambda: gateway.http.get("/_sandbox/faults").json()["count"] == 0)
    with Gateway(gateway.url, gateway.receiver) as other:
        with pytest.raises(BadRequestError, match="in progress"):
            other.payout("key-0001", fund_account_id=fund_account_id)
        assert other.session.last.status_code == 409
        first.join()
        assert other.payout("key-0001", fund_account_id=fund_account_id)["id"] == gateway.ledger()["payouts"][0]["id"]
    assert len(gateway.ledger()["payouts"]) == 1


def test_faults_strike_in_turn_as_often_as_told_and_only_what_they_match(gateway: Gateway) -> None:
    order_id = gateway.order()["id"]
    gateway.control(
        "/faults",
        [
            {"match": "GET /v1/orders/{id}", "times": 2, "fault": "error_500"},
            {"match": "* /v1/orders$", "times": 1, "fault": "error_429"},
        ],
    )
    for _ in range(2):
        with pytest.raises(ServerError):
            gateway.sdk.order.fetch(order_id)
    assert gateway.sdk.order.fetch(order_id)["id"] == order_id
    with pytest.raises(BadRequestError, match="Throttling"):
        gateway.order()
    assert orders(gateway) == 1


def test_faults_can_be_cleared(gateway: Gateway) -> None:
    strike(gateway, "error_500", times=9)
    gateway.http.delete("/_sandbox/faults")
    assert gateway.order()["status"] == "created"


@pytest.mark.parametrize(
    "fault",
    [
        {"match": "POST /v1/orders", "fault": "drop"},
        {"match": "webhook payment.captured", "fault": "error_500"},
        {"match": "POST /v1/orders", "fault": "earthquake"},
        {"fault": "slow"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(gateway: Gateway, fault: dict[str, Any]) -> None:
    assert gateway.http.post("/_sandbox/faults", json=[fault]).status_code == 400
    assert gateway.http.get("/_sandbox/faults").json()["items"] == []
