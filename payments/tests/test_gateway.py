"""Payments and refunds with the real SDK against the gateway's stand-in, in good times and bad."""

from datetime import timedelta
from itertools import accumulate
from unittest import mock
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.db import transaction

from accounts.tests.factories import make_operator
from khidma.kernel.clock import Now
from khidma.kernel.errors import GatewayUnavailable, InvalidTransition
from khidma.kernel.network import NetworkInTransaction
from khidma.kernel.outbox import deliver_due
from khidma.tests.races import at_once
from payments import services
from payments.errors import AmountMismatch, InvalidSignature
from payments.models import Capture, Escrow, GatewayAttempt, Payment, Refund
from payments.providers import gateway as our_gateway
from payments.providers.gateway import GatewaySaidNo, GatewaySilent
from payments.selectors import escrow_of
from payments.services.paying import LATE_AUTHORISATION
from payments.services.watching import next_look
from payments.tasks import look_at_payments, send_refunds
from payments.tests.factories import balance, books, make_escrow, make_funded_escrow
from sandbox.testing import StandIn

FAULTS = ["timeout_after_doing", "error_500", "error_502_html", "error_409", "connection_reset"]


def open_order(escrow: Escrow) -> Payment:
    payment = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    return services.open_gateway_order(payment_id=payment.pk)


def pay(gateway: StandIn, payment: Payment, **options: object) -> dict[str, str]:
    return gateway.pay(str(payment.gateway_order_id), **options)


def verify(payment: Payment, answer: dict[str, str]) -> Payment:
    sighting = services.look_at_checkout(
        payment_id=payment.pk,
        gateway_payment_id=answer["razorpay_payment_id"],
        signature=answer["razorpay_signature"],
    )
    return services.record_sighting(payment_id=payment.pk, sighting=sighting)


def due_again(model: type[Payment] | type[Refund], pk: UUID) -> None:
    model.objects.filter(pk=pk).update(look_at=Now())


# Opening


def test_the_gateways_order_says_what_our_row_says(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow(123_456))
    order = our_gateway().fetch_order(str(payment.gateway_order_id))
    assert (order.receipt, order.amount, order.currency) == (str(payment.pk), 123_456, "INR")
    assert services.open_gateway_order(payment_id=payment.pk).gateway_order_id == payment.gateway_order_id


@pytest.mark.parametrize(
    "fault", ["timeout_after_doing", "error_500", "error_502_html", "error_409", "connection_reset"]
)
def test_an_order_without_an_answer_is_looked_up_before_it_is_made_again(
    db: None, gateway: StandIn, fault: str
) -> None:
    escrow = make_escrow()
    payment = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    gateway.faults([{"match": "POST /v1/orders", "times": 1, "fault": fault}])
    with pytest.raises(GatewayUnavailable):
        services.open_gateway_order(payment_id=payment.pk, timeout=0.5)
    assert Payment.objects.get().gateway_order_id is None
    services.open_gateway_order(payment_id=payment.pk)
    gateway.clear_faults()
    found = our_gateway()._client.order.all({"receipt": str(payment.pk)})["items"]  # type: ignore[attr-defined]
    assert len(found) == 1
    assert GatewayAttempt.objects.get(subject_id=payment.pk).calls == 2


def test_an_answer_that_nobody_lived_to_keep_is_taken_up_again(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id=None)  # we died before this was written
    again = services.open_gateway_order(payment_id=payment.pk)
    assert again.gateway_order_id == payment.gateway_order_id
    assert GatewayAttempt.objects.get(subject_id=payment.pk).calls == 2
    assert len(our_gateway()._client.order.all({"receipt": str(payment.pk)})["items"]) == 1  # type: ignore[attr-defined]


def test_a_gateway_that_is_away_is_said_to_be_so(db: None, gateway: StandIn) -> None:
    gateway.kill()
    escrow = make_escrow()
    payment = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    with pytest.raises(GatewayUnavailable):
        services.open_gateway_order(payment_id=payment.pk)
    gateway.start()
    assert services.open_gateway_order(payment_id=payment.pk).gateway_order_id


def test_twenty_who_open_one_order_at_once_open_one(committed_db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    answers = at_once(*[lambda: services.open_gateway_order(payment_id=payment.pk)] * 20)
    assert len({answer.gateway_order_id for answer in answers}) == 1, answers
    assert len(our_gateway()._client.order.all({"count": 100})["items"]) == 1  # type: ignore[attr-defined]


def test_no_call_is_made_inside_a_transaction(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    with pytest.raises(NetworkInTransaction), transaction.atomic():
        our_gateway().fetch_order(str(payment.gateway_order_id))


def test_the_gateways_refusals_and_silences_are_told_apart(db: None, gateway: StandIn) -> None:
    with pytest.raises(GatewaySaidNo) as refusal:
        our_gateway().fetch_payment("pay_00000000000000")
    assert (refusal.value.http_status, refusal.value.code) == (400, "BAD_REQUEST_ERROR")
    for fault in ("error_500", "error_502_html", "error_409", "error_429", "connection_reset"):
        gateway.faults([{"match": "GET /v1/orders", "times": 1, "fault": fault}])
        with pytest.raises(GatewaySilent):
            our_gateway().find_order("nothing")


def test_a_wrong_key_says_nothing_about_the_payment(db: None, gateway: StandIn, settings: LazySettings) -> None:
    settings.RAZORPAY_KEY_SECRET = "another"
    with pytest.raises(GatewaySilent):
        our_gateway().fetch_payment("pay_00000000000000")


# Verifying


def test_a_paid_checkout_funds_the_escrow(db: None, gateway: StandIn) -> None:
    escrow = make_escrow(100_000)
    payment = open_order(escrow)
    answer = pay(gateway, payment)
    for _ in range(2):
        assert verify(payment, answer).status == "captured"
    assert balance("escrow", escrow.pk) == 100_000
    assert balance("gateway") == gateway.ledger()["balances"]["gateway"] == 100_000 - 2360


def test_a_forged_signature_moves_nothing(db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment, other = open_order(escrow), open_order(make_escrow())
    answer = pay(gateway, payment)
    before = books()
    for signature in ("", "0" * 64, answer["razorpay_signature"].upper(), "ü" * 64):
        with pytest.raises(InvalidSignature):
            verify(payment, {**answer, "razorpay_signature": signature})
    with pytest.raises(InvalidSignature):
        verify(other, answer)
    assert books() == before
    assert escrow_of(escrow.reference).status == "awaiting"


@pytest.mark.parametrize("options", [{"amount": 99_900}, {"currency": "USD"}])
def test_other_money_is_refused_and_set_aside(db: None, gateway: StandIn, options: dict[str, object]) -> None:
    escrow = make_escrow(100_000)
    payment = open_order(escrow)
    answer = pay(gateway, payment, **options)
    for _ in range(2):
        with pytest.raises(AmountMismatch):
            verify(payment, answer)
    assert escrow_of(escrow.reference).status == "awaiting"
    capture = Capture.objects.get()
    assert balance("suspense", capture.pk) == capture.amount
    again = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    assert again.pk != payment.pk


def test_a_claim_that_is_not_captured_yet_changes_nothing(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    before = books()
    answer = pay(gateway, payment, outcome="pending")
    assert verify(payment, answer).status == "created"
    assert books() == before


def test_a_silent_gateway_leaves_the_payment_pending_and_the_sweep_makes_up_for_it(db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment = open_order(escrow)
    answer = pay(gateway, payment)
    gateway.faults([{"match": "GET /v1/payments", "times": 1, "fault": "error_502_html"}])
    assert verify(payment, answer).status == "created"
    assert escrow_of(escrow.reference).status == "awaiting"
    due_again(Payment, payment.pk)
    look_at_payments()
    assert escrow_of(escrow.reference).status == "funded"


# The sweep


def test_the_sweep_captures_what_the_gateway_did_not(db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment = open_order(escrow)
    pay(gateway, payment, capture=False)
    due_again(Payment, payment.pk)
    look_at_payments()
    assert escrow_of(escrow.reference).status == "funded"


def test_the_sweep_does_not_capture_what_nobody_awaits(db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment = open_order(escrow)
    pay(gateway, payment, capture=False)
    services.abandon_escrow(reference=escrow.reference)
    before = books()
    due_again(Payment, payment.pk)
    look_at_payments()
    assert books() == before


def test_the_sweep_looks_less_and_less_often_and_ends(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    pauses = []
    for _ in range(3):
        due_again(Payment, payment.pk)
        look_at_payments()
        payment.refresh_from_db()
        assert payment.look_at is not None
        pauses.append(Payment.objects.filter(pk=payment.pk, look_at__gt=Now() + timedelta(seconds=55)).exists())
    assert pauses == [False, True, True]
    Payment.objects.filter(pk=payment.pk).update(looks=looks_in(LATE_AUTHORISATION), look_at=Now())
    look_at_payments()
    payment.refresh_from_db()
    assert payment.look_at is not None
    due_again(Payment, payment.pk)
    look_at_payments()
    payment.refresh_from_db()
    assert payment.look_at is None


def looks_in(time: timedelta) -> int:
    """So many looks, each after its pause, fit into it."""
    return sum(1 for pause in accumulate(next_look(n) for n in range(100)) if pause <= time)


def test_who_opens_an_old_payment_again_is_looked_at_as_at_the_beginning(db: None, gateway: StandIn) -> None:
    escrow = make_escrow()
    payment = open_order(escrow)
    Payment.objects.filter(pk=payment.pk).update(looks=40, look_at=None)
    again = open_order(escrow)
    payment.refresh_from_db()
    assert (again.pk, payment.looks) == (payment.pk, 0)
    assert payment.look_at is not None
    pay(gateway, payment)
    due_again(Payment, payment.pk)
    look_at_payments()
    assert Payment.objects.get(pk=payment.pk).status == "captured"


def test_a_payment_that_a_client_claims_is_looked_at_soon_when_the_gateway_was_silent(
    db: None, gateway: StandIn
) -> None:
    payment = open_order(make_escrow())
    paid = pay(gateway, payment)
    Payment.objects.filter(pk=payment.pk).update(looks=40, look_at=Now() + timedelta(hours=6))
    gateway.kill()
    assert verify(payment, paid).status == "created"
    gateway.start()
    payment.refresh_from_db()
    assert payment.looks == 0
    assert Payment.objects.filter(pk=payment.pk, look_at__lt=Now() + timedelta(minutes=5)).exists()


def test_a_look_while_the_gateway_is_away_is_repeated(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow())
    pay(gateway, payment)
    gateway.kill()
    due_again(Payment, payment.pk)
    look_at_payments()
    gateway.start()
    due_again(Payment, payment.pk)
    look_at_payments()
    assert Payment.objects.get(pk=payment.pk).status == "captured"


# Refunds


def late_refund(gateway: StandIn) -> Refund:
    escrow = make_escrow(100_000)
    payment = open_order(escrow)
    services.abandon_escrow(reference=escrow.reference)
    verify(payment, pay(gateway, payment))
    return Refund.objects.get()


def test_late_money_goes_back_by_itself_once(db: None, gateway: StandIn) -> None:
    gateway.set_balances(gateway=1_000_000)
    refund = late_refund(gateway)
    deliver_due()
    refund.refresh_from_db()
    assert (refund.status, refund.payment.status) == ("processed", "refunded")
    assert balance("refund_pending", refund.payment_id) == 0
    services.send_refund(refund_id=refund.pk)
    send_refunds()
    theirs = gateway.ledger()["refunds"]
    assert [(line["amount"], line["receipt"]) for line in theirs] == [(100_000, str(refund.pk))]


@pytest.mark.parametrize(
    "fault", ["timeout_after_doing", "error_500", "error_502_html", "error_409", "connection_reset"]
)
def test_a_refund_without_an_answer_is_asked_for_again_with_the_same_key(
    db: None, gateway: StandIn, fault: str
) -> None:
    gateway.set_balances(gateway=1_000_000)
    refund = late_refund(gateway)
    match = f"POST /v1/payments/{refund.capture.gateway_payment_id}/refund"
    gateway.faults([{"match": match, "times": 1, "fault": fault}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert refund.status == "sent"
    assert balance("refund_pending", refund.payment_id) == 100_000
    due_again(Refund, refund.pk)
    send_refunds()
    refund.refresh_from_db()
    assert refund.status == "processed"
    assert len(gateway.ledger()["refunds"]) == 1
    assert GatewayAttempt.objects.get(subject_id=refund.pk).calls == 2


def test_a_refund_waits_for_balance_and_goes_on_by_itself(db: None, gateway: StandIn) -> None:
    refund = late_refund(gateway)  # the gateway's balance lacks its own fee
    deliver_due()
    refund.refresh_from_db()
    assert refund.status == "waiting_funds"
    assert balance("refund_pending", refund.payment_id) == 100_000
    gateway.set_balances(gateway=1_000_000)
    due_again(Refund, refund.pk)
    send_refunds()
    refund.refresh_from_db()
    assert refund.status == "processed"
    assert GatewayAttempt.objects.get(subject_id=refund.pk).key == refund.pk


def test_a_refund_that_the_bank_gives_back_is_promised_again(db: None, gateway: StandIn) -> None:
    gateway.set_balances(gateway=1_000_000)
    refund = late_refund(gateway)
    deliver_due()
    refund.refresh_from_db()
    before = balance("gateway")
    gateway.settle_refund(str(refund.gateway_refund_id), "failed")
    sighting = our_gateway().fetch_refund(str(refund.gateway_refund_id))
    for _ in range(2):
        services.record_refund(sighting=sighting)
    refund.refresh_from_db()
    assert (refund.status, refund.payment.status) == ("failed", "captured")
    assert balance("refund_pending", refund.payment_id) == 100_000
    assert balance("gateway") == before + 100_000


def test_a_failed_refund_is_sent_again_as_a_new_attempt(db: None, gateway: StandIn) -> None:
    gateway.set_balances(gateway=1_000_000)
    refund = late_refund(gateway)
    deliver_due()
    refund.refresh_from_db()
    first = str(refund.gateway_refund_id)
    gateway.settle_refund(first, "failed")
    services.record_refund(sighting=our_gateway().fetch_refund(first))
    with pytest.raises(InvalidTransition):
        services.retry_refund(refund=make_promised_refund(), operator=make_operator("finance"), reason="Again")
    services.retry_refund(refund=refund, operator=make_operator("finance"), reason="The bank is well again")
    due_again(Refund, refund.pk)
    send_refunds()
    refund.refresh_from_db()
    assert (refund.status, refund.payment.status) == ("processed", "refunded")
    assert refund.gateway_refund_id != first
    assert balance("refund_pending", refund.payment_id) == 0
    assert GatewayAttempt.objects.filter(subject_id=refund.pk).count() == 2
    services.record_refund(sighting=our_gateway().fetch_refund(first))  # old news of the first attempt
    refund.refresh_from_db()
    assert refund.status == "processed"


def make_promised_refund() -> Refund:
    escrow = make_funded_escrow()
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    return Refund.objects.get(escrow=escrow)


def test_twenty_who_send_one_refund_at_once_send_one(committed_db: None, gateway: StandIn) -> None:
    gateway.set_balances(gateway=1_000_000)
    refund = late_refund(gateway)
    assert at_once(*[lambda: services.send_refund(refund_id=refund.pk)] * 20) == [None] * 20
    assert len(gateway.ledger()["refunds"]) == 1
    assert balance("refund_pending", refund.payment_id) == 0
