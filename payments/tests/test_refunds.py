"""Refunds whose outcome was unknown for a while: sent once whatever the gateway says, and in whatever order."""

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from structlog.testing import capture_logs

from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent
from khidma.kernel.states import advance, history, lock
from khidma.tests.races import at_once
from payments import services
from payments.models import GatewayAttempt, Refund
from payments.providers.gateway import GatewaySaidNo, RefundSighting
from payments.services.refunds.sending import _begin
from payments.tasks import send_refunds
from payments.tests.factories import balance, books, gateway_id, make_escrow, make_funded_escrow
from payments.tests.test_gateway import late_refund, open_order, pay, verify
from sandbox.testing import StandIn

FULLY_REFUNDED = GatewaySaidNo(
    http_status=400, code="BAD_REQUEST_ERROR", description="The payment has been fully refunded already"
)
LOW_BALANCE = GatewaySaidNo(
    http_status=400, code="BAD_REQUEST_ERROR", description="Your account does not have enough balance to carry out"
)


def half_refund(gateway: StandIn) -> Refund:
    """Half of a payment, promised back: asking twice for it would be possible at the gateway."""
    gateway.set_balances(gateway=1_000_000)
    escrow = make_escrow(100_000)
    payment = open_order(escrow)
    verify(payment, pay(gateway, payment))
    services.settle_escrow(reference=escrow.reference, payee_gross=50_000, reason="split")
    return Refund.objects.get()


def send_unheard(gateway: StandIn, refund: Refund) -> str:
    """Ask for the refund; it is made, but the answer is lost. Its id at the gateway."""
    match = f"POST /v1/payments/{refund.capture.gateway_payment_id}/refund"
    gateway.faults([{"match": match, "times": 1, "fault": "timeout_after_doing"}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.status, refund.gateway_refund_id) == ("sent", None)
    made = gateway.ledger()["refunds"]
    assert len(made) == 1
    return str(made[0]["id"])


def send_again(refund: Refund) -> Refund:
    Refund.objects.filter(pk=refund.pk).update(look_at=Now())
    send_refunds()
    refund.refresh_from_db()
    return refund


def hear(refund: Refund, status: str, **over: Any) -> None:
    """The gateway says this of the refund's first attempt."""
    facts = {
        "refund_id": gateway_id("rfnd"),
        "payment_id": refund.capture.gateway_payment_id,
        "receipt": str(refund.pk),
        "amount": refund.amount,
    }
    services.record_refund(sighting=RefundSighting(**{**facts, "status": status, **over}))


@pytest.mark.parametrize("odd", [{"status": "initiated"}, {"status": "processed", "amount": 49_999}])
def test_a_strange_word_about_a_refund_never_makes_a_second_one(
    db: None, gateway: StandIn, odd: dict[str, Any]
) -> None:
    refund = half_refund(gateway)
    made = send_unheard(gateway, refund)
    hear(refund, **{"refund_id": made, **odd})
    assert send_again(refund).status == "processed"
    assert [line["id"] for line in gateway.ledger()["refunds"]] == [made]
    assert balance("refund_pending", refund.payment_id) == 0


def test_a_repeat_looks_before_it_asks_in_case_the_gateway_forgets_keys(db: None, gateway: StandIn) -> None:
    refund = half_refund(gateway)
    made = send_unheard(gateway, refund)
    with mock.patch(
        "payments.providers.razorpay.adapter.RazorpayGateway.refund", side_effect=AssertionError("asked again")
    ):
        assert send_again(refund).status == "processed"
    assert refund.gateway_refund_id == made


def test_a_refusal_after_a_silence_is_no_failure_until_the_gateways_lists_must_know(db: None, gateway: StandIn) -> None:
    refund = late_refund(gateway)
    gateway.kill()
    services.send_refund(refund_id=refund.pk)
    gateway.start()
    refused = mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.refund", side_effect=FULLY_REFUNDED)
    with refused:
        assert send_again(refund).status == "sent"
    GatewayAttempt.objects.filter(subject_id=refund.pk).update(created_at=Now() - timedelta(hours=2))
    with refused:
        assert send_again(refund).status == "failed"
    assert balance("refund_pending", refund.payment_id) == 100_000


def test_a_refund_that_waits_for_balance_hears_that_it_was_made(db: None, gateway: StandIn) -> None:
    refund = half_refund(gateway)
    made = send_unheard(gateway, refund)
    with (
        mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.find_refund", return_value=None),
        mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.refund", side_effect=LOW_BALANCE),
    ):
        assert send_again(refund).status == "waiting_funds"
    hear(refund, "processed", refund_id=made)
    assert send_again(refund).status == "processed"
    assert [line["id"] for line in gateway.ledger()["refunds"]] == [made]


def refused_once(refund: Refund) -> Refund:
    """The gateway refused the first attempt, and an operator had it tried again."""
    with mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.refund", side_effect=FULLY_REFUNDED):
        services.send_refund(refund_id=refund.pk)
    refund = Refund.objects.get(pk=refund.pk)
    assert refund.status == "failed"
    return refund


def settled() -> Refund:
    escrow = make_funded_escrow(100_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    return Refund.objects.get()


def test_an_old_attempt_does_not_speak_for_a_new_one(db: None, gateway: StandIn) -> None:
    refund = refused_once(settled())
    advance(lock(refund), "try_again", by=None, role="operator")
    _begin(refund)
    before = books()
    hear(refund, "failed")
    refund.refresh_from_db()
    assert (refund.status, books()) == ("sent", before)


def test_a_refund_that_was_refused_and_yet_made_is_an_alarm(db: None, gateway: StandIn) -> None:
    refund = refused_once(settled())
    before = books()
    with capture_logs() as logs:
        hear(refund, "processed")
    refund.refresh_from_db()
    assert (refund.status, books()) == ("failed", before)
    assert [line["log_level"] for line in logs if line["event"] == "refund_contradicted"] == ["critical"]


def test_a_receipt_of_nobody_changes_nothing(db: None) -> None:
    refund = settled()
    _begin(refund)
    before = books()
    for over in ({"receipt": str(new_id())}, {"receipt": "no id"}, {"payment_id": "pay_other"}):
        hear(refund, "processed", **over)
    assert books() == before
    assert GatewayAttempt.objects.get(subject_id=refund.pk).status == "started"


def test_twenty_bringers_of_one_refund_book_it_once(committed_db: None) -> None:
    refund = settled()
    _begin(refund)
    made = gateway_id("rfnd")
    hear(refund, "pending", refund_id=made)
    answers = at_once(*[lambda: hear(refund, "processed", refund_id=made)] * 20)
    assert answers == [None] * 20
    refund.refresh_from_db()
    assert (refund.status, refund.gateway_refund_id) == ("processed", made)
    assert [change.to_status for change in history(refund)].count("processed") == 1
    assert OutboxEvent.objects.filter(name="payments.RefundProcessed").count() == 1
    assert balance("refund_pending", refund.payment_id) == 0
