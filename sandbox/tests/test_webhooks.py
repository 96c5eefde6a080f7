"""Webhooks: what they look like, how they are repeated, and what the faults make of them."""

import hashlib
import hmac
import time

import pytest
from razorpay.errors import SignatureVerificationError

from sandbox.tests.driver import WEBHOOK_SECRET, Gateway
from sandbox.tests.receiver import wait_until
from sandbox.webhooks import RETRY_LADDER, sign

JITTER = 0.05
"""Seconds by which two clocks may see one pause differently; a busy machine only makes it longer."""


def test_the_signature_is_the_documented_one() -> None:
    body = '{"entity":"event","event":"payment.captured"}'
    expected = "7ab9731e7b50ed08491682bf6bf58839f6ee5c910848584630e6b3170f531a33"
    assert sign("local_webhook_secret", body) == expected


def test_the_request_is_like_the_gateways(gateway: Gateway) -> None:
    gateway.pay(gateway.order(notes={"शहर": "मुंबई"})["id"])
    delivery = gateway.receiver.wait_for("order.paid")[0]
    assert delivery.headers["user-agent"] == "Razorpay-Webhook/v1"
    assert delivery.headers["content-type"] == "application/json"
    assert delivery.headers["request-id"] == delivery.event_id
    assert len(delivery.event_id) == 14
    assert delivery.event_id.isalnum()
    assert b": " not in delivery.body.replace(b"captured: ", b"")
    assert delivery.signature == hmac.new(WEBHOOK_SECRET.encode(), delivery.body, hashlib.sha256).hexdigest()
    assert list(delivery.json) == ["entity", "account_id", "event", "contains", "payload", "created_at"]
    assert delivery.json["contains"] == ["payment", "order"]
    assert delivery.json["payload"]["order"]["entity"]["status"] == "paid"
    assert delivery.json["payload"]["payment"]["entity"]["notes"] == {"शहर": "मुंबई"}


def test_each_event_has_its_own_id_and_snapshot(gateway: Gateway) -> None:
    gateway.captured()
    gateway.receiver.wait_for("order.paid")
    gateway.receiver.wait_for("payment.captured")
    authorised = gateway.receiver.wait_for("payment.authorized")[0]
    assert authorised.json["payload"]["payment"]["entity"]["status"] == "authorized"
    assert len({delivery.event_id for delivery in gateway.receiver.deliveries}) == 3


def test_a_payment_can_be_silent_or_told_later(gateway: Gateway) -> None:
    gateway.pay(gateway.order()["id"], webhook=False)
    gateway.pay(gateway.order()["id"], delayMs=400)
    time.sleep(0.2)
    assert gateway.receiver.events() == []
    gateway.receiver.wait_for("payment.captured")
    assert gateway.sdk.payment.all()["count"] == 2
    wait_until(lambda: len(gateway.receiver.events()) == 3)


def test_what_is_not_accepted_comes_again_unchanged(gateway: Gateway) -> None:
    gateway.receiver.answers = [404, 302, 204]
    gateway.pay(gateway.order()["id"], outcome="failure")
    first, second, third = gateway.receiver.wait_for("payment.failed", times=3)
    assert first.body == second.body == third.body
    assert first.signature == second.signature == third.signature
    assert first.event_id == second.event_id == third.event_id
    assert second.at - first.at >= RETRY_LADDER[0] / 60 - JITTER
    time.sleep(0.6)
    assert gateway.receiver.events() == ["payment.failed"] * 3
    listed = gateway.http.get("/_sandbox/webhooks").json()["items"][0]
    assert (listed["state"], listed["attempts"], listed["last_answer"]) == ("delivered", 3, "204")


@pytest.mark.parametrize("webhook_compression", [1.0])
def test_a_capture_answered_with_5xx_is_repeated_at_once(gateway: Gateway) -> None:
    gateway.control("/faults", [{"match": "webhook payment.authorized", "fault": "drop"}])
    gateway.control("/faults", [{"match": "webhook order.paid", "fault": "drop"}])
    gateway.receiver.answers = [500]
    gateway.captured()
    first, second = gateway.receiver.wait_for("payment.captured", times=2)
    assert 0.23 - JITTER <= second.at - first.at < RETRY_LADDER[0]


@pytest.mark.parametrize("hold", [0.05, 6.0])
def test_no_answer_within_five_seconds_is_none(gateway: Gateway, hold: float) -> None:
    gateway.receiver.hold_first = hold
    gateway.pay(gateway.order()["id"], outcome="failure")
    first, second = gateway.receiver.wait_for("payment.failed", times=2)
    assert (first.event_id, first.body) == (second.event_id, second.body)
    assert second.at - first.at >= min(hold, 5.0) + RETRY_LADDER[0] / 60 - JITTER


@pytest.mark.parametrize("webhook_compression", [500_000.0])
def test_an_endpoint_that_never_accepts_is_disabled_until_a_person_enables_it(gateway: Gateway) -> None:
    gateway.receiver.answers = [400] * 15
    gateway.pay(gateway.order()["id"], outcome="failure")
    wait_until(lambda: not gateway.http.get("/_sandbox/health").json()["webhooks_enabled"])
    assert gateway.receiver.events() == ["payment.failed"] * 15
    gateway.captured()
    assert gateway.http.get("/_sandbox/webhooks").json()["count"] == 1
    gateway.control("/webhooks/enable", {"replay": True})
    gateway.receiver.wait_for("payment.failed", times=16)
    gateway.captured()
    gateway.receiver.wait_for("payment.captured")


def test_a_duplicate_is_the_same_event_twice(gateway: Gateway) -> None:
    gateway.control("/faults", [{"match": "webhook payment.captured", "times": 1, "fault": "duplicate"}])
    gateway.captured()
    first, second = gateway.receiver.wait_for("payment.captured", times=2)
    assert (first.body, first.event_id) == (second.body, second.event_id)
    gateway.captured()
    gateway.receiver.wait_for("payment.captured", times=3)
    gateway.receiver.wait_for("order.paid", times=2)
    assert len(gateway.receiver.of("payment.captured")) == 3


def test_a_dropped_event_never_comes(gateway: Gateway) -> None:
    gateway.control("/faults", [{"match": "webhook payment.captured", "fault": "drop"}])
    gateway.captured()
    gateway.receiver.wait_for("order.paid")
    gateway.receiver.wait_for("payment.authorized")
    time.sleep(0.3)
    assert gateway.receiver.of("payment.captured") == []
    assert gateway.http.get("/_sandbox/faults").json()["items"] == []


def test_a_delayed_event_comes_later(gateway: Gateway) -> None:
    gateway.control("/faults", [{"match": "webhook payment.captured", "fault": "delay", "ms": 500}])
    started = time.monotonic()
    gateway.captured()
    assert gateway.receiver.wait_for("payment.captured")[0].at - started >= 0.5


def test_a_reordered_event_is_overtaken(gateway: Gateway) -> None:
    gateway.control("/faults", [{"match": "webhook payment.authorized", "fault": "reorder"}])
    gateway.captured()
    gateway.receiver.wait_for("payment.authorized")
    assert gateway.receiver.events()[0] != "payment.authorized"


def test_a_bad_signature_is_only_on_so_many_deliveries(gateway: Gateway) -> None:
    gateway.receiver.answers = [400]
    gateway.control("/faults", [{"match": "webhook payment.failed", "times": 1, "fault": "bad_signature"}])
    gateway.pay(gateway.order()["id"], outcome="failure")
    bad, good = gateway.receiver.wait_for("payment.failed", times=2)
    verify = gateway.sdk.utility.verify_webhook_signature
    with pytest.raises(SignatureVerificationError):
        verify(bad.body.decode(), bad.signature, WEBHOOK_SECRET)
    assert verify(good.body.decode(), good.signature, WEBHOOK_SECRET)
