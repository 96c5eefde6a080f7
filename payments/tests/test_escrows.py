"""Escrows and payments: money is booked once, decided once, and goes back by itself when nobody awaits it."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import make_client
from khidma.kernel.errors import NotFound
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent
from khidma.tests.races import at_once
from payments import services
from payments.errors import AlreadyPaid, EscrowFunded, EscrowNotAwaiting, EscrowNotFunded, PartTooLarge
from payments.models import Capture, Payment, Refund
from payments.selectors import escrow_of, wallet_balance_of
from payments.tests.factories import (
    balance,
    books,
    captured,
    earn,
    fund,
    make_escrow,
    make_funded_escrow,
    make_payment,
)


def events(name: str) -> list[dict[str, object]]:
    return [event.payload for event in OutboxEvent.objects.filter(name=f"payments.{name}").order_by("id")]


# Paying


def test_a_capture_funds_the_escrow_and_books_the_fee(db: None) -> None:
    escrow = make_escrow(100_000)
    payment = fund(escrow.reference)
    assert payment.status == "captured"
    assert escrow_of(escrow.reference).status == "funded"
    assert balance("escrow", escrow.pk) == 100_000
    assert balance("gateway") == 100_000 - 2360
    assert (balance("gateway_fee"), balance("gst_input")) == (2000, 360)
    assert [event["references"] for event in events("PaymentCaptured")] == [[str(escrow.reference)]]


def test_every_further_word_of_the_same_payment_changes_nothing(db: None) -> None:
    payment = make_payment(make_escrow())
    sighting = captured(payment)
    services.record_sighting(payment_id=payment.pk, sighting=sighting)
    before = books()
    for repeated in (sighting, replace(sighting, status="failed"), replace(sighting, status="authorized"), sighting):
        assert services.record_sighting(payment_id=payment.pk, sighting=repeated).status == "captured"
    assert books() == before
    assert len(events("PaymentCaptured")) == 1
    assert events("PaymentFailed") == []


def test_the_fee_is_booked_when_it_is_known(db: None) -> None:
    payment = make_payment(make_escrow())
    sighting = captured(payment)
    services.record_sighting(payment_id=payment.pk, sighting=replace(sighting, fee=None, fee_tax=None))
    assert balance("gateway") == 100_000
    services.record_sighting(payment_id=payment.pk, sighting=sighting)
    services.record_sighting(payment_id=payment.pk, sighting=sighting)
    assert balance("gateway") == 100_000 - 2360


def test_a_failed_payment_may_still_succeed(db: None) -> None:
    payment = make_payment(make_escrow())
    sighting = captured(payment)
    failed = replace(sighting, status="failed", fee=None, fee_tax=None, reason="Cancelled by the customer.")
    payment = services.record_sighting(payment_id=payment.pk, sighting=failed)
    assert (payment.status, payment.failure_reason) == ("failed", "Cancelled by the customer.")
    assert services.record_sighting(payment_id=payment.pk, sighting=sighting).status == "captured"
    assert len(events("PaymentFailed")) == 1


@pytest.mark.parametrize("status", ["created", "authorized", "unknown", "", "refunded"])
def test_only_captured_money_counts(db: None, status: str) -> None:
    payment = make_payment(make_escrow())
    before = books()
    sighting = replace(captured(payment), status=status, fee=None, fee_tax=None)
    assert services.record_sighting(payment_id=payment.pk, sighting=sighting).status == "created"
    assert books() == before


@pytest.mark.parametrize(
    "over", [{"amount": 99_999}, {"amount": 100_001}, {"currency": "USD"}, {"order_id": "order_x"}]
)
def test_other_money_than_was_asked_for_is_set_aside(db: None, over: dict[str, object]) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    sighting = captured(payment, **over)
    for _ in range(2):
        payment = services.record_sighting(payment_id=payment.pk, sighting=sighting)
    capture = Capture.objects.get()
    assert (payment.status, payment.failure_reason, capture.use) == ("failed", "amount_mismatch", "suspense")
    assert balance("suspense", capture.pk) == sighting.amount
    assert escrow_of(escrow.reference).status == "awaiting"
    assert events("PaymentCaptured") == []


def test_a_second_payment_for_the_same_thing_goes_back_in_full_once(db: None) -> None:
    escrow = make_escrow(100_000)
    payment = fund(escrow.reference)
    for sighting in [captured(payment)] * 2:
        services.record_sighting(payment_id=payment.pk, sighting=sighting)
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.status) == (100_000, "surplus", "promised")
    assert balance("refund_pending", payment.pk) == 100_000
    assert balance("escrow", escrow.pk) == 100_000


def test_money_that_comes_too_late_goes_back_in_full_once(db: None) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    services.abandon_escrow(reference=escrow.reference)
    sighting = captured(payment)
    for _ in range(2):
        payment = services.record_sighting(payment_id=payment.pk, sighting=sighting)
    assert payment.status == "captured"
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (100_000, "late")
    assert balance("refund_pending", payment.pk) == 100_000
    assert escrow_of(escrow.reference).status == "abandoned"
    assert events("PaymentCaptured") == []
    assert len(events("RefundPromised")) == 1


def test_one_payment_funds_several_things(db: None) -> None:
    client = make_client()
    escrows = [make_escrow(amount, payer=client) for amount in (40_000, 60_000)]
    payment = make_payment(*escrows)
    assert payment.amount == 100_000
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment))
    assert [balance("escrow", escrow.pk) for escrow in escrows] == [40_000, 60_000]


def test_a_payment_of_several_things_keeps_what_is_awaited_and_returns_the_rest(db: None) -> None:
    client = make_client()
    escrows = [make_escrow(amount, payer=client) for amount in (40_000, 60_000)]
    payment = make_payment(*escrows)
    services.abandon_escrow(reference=escrows[0].reference)
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment))
    assert balance("escrow", escrows[1].pk) == 60_000
    assert Refund.objects.get().amount == 40_000
    assert balance("refund_pending", payment.pk) == 40_000


def test_the_live_payment_is_answered_again(db: None) -> None:
    escrow = make_escrow()
    first = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    again = services.start_payment(payer=escrow.payer, references=[escrow.reference], purpose="order")
    assert first == again
    assert Payment.objects.count() == 1


def test_what_is_paid_or_given_up_is_not_paid_again(db: None) -> None:
    funded, abandoned = make_funded_escrow(), make_escrow()
    services.abandon_escrow(reference=abandoned.reference)
    before = Payment.objects.count()
    with pytest.raises(AlreadyPaid):
        services.start_payment(payer=funded.payer, references=[funded.reference], purpose="order")
    with pytest.raises(EscrowNotAwaiting):
        services.start_payment(payer=abandoned.payer, references=[abandoned.reference], purpose="order")
    assert Payment.objects.count() == before


def test_another_persons_debt_is_not_found(db: None) -> None:
    escrow = make_escrow()
    for references in ([escrow.reference], [new_id()], []):
        with pytest.raises(NotFound):
            services.start_payment(payer=make_client(), references=references, purpose="order")
    assert not Payment.objects.exists()


# Deciding


def test_approving_pays_the_payee_less_commission_and_tax(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    settled = services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    assert (settled.platform_fee, settled.gst, settled.tds, settled.payee_net) == (10_000, 1_800, 0, 88_200)
    assert balance("escrow", escrow.pk) == 0
    assert balance("wallet", escrow.payee_id) == 88_200
    assert (balance("platform_fee"), balance("gst_payable")) == (10_000, 1_800)
    assert escrow_of(escrow.reference).status == "decided"
    assert not Refund.objects.exists()


@pytest.mark.parametrize(
    ("amount", "gross", "fee", "gst"),
    [(1005, 1005, 101, 18), (99_999, 99_999, 10_000, 1800), (100_000, 33_333, 3333, 600)],
)
def test_shares_are_rounded_half_up_and_add_up(db: None, amount: int, gross: int, fee: int, gst: int) -> None:
    escrow = make_funded_escrow(amount)
    settled = services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="split")
    assert (settled.platform_fee, settled.gst) == (fee, gst)
    assert settled.payee_net + fee + gst == gross
    assert settled.refunded == amount - gross


def test_a_split_refunds_the_rest_to_its_source(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=25_000, reason="cancelled")
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.escrow_id) == (75_000, "decision", escrow.pk)
    assert balance("refund_pending", refund.payment_id) == 75_000
    assert balance("escrow", escrow.pk) == 0


def test_a_full_refund_gives_the_payee_nothing(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    assert balance("wallet", escrow.payee_id) == 0
    assert Refund.objects.get().amount == 100_000
    assert balance("platform_fee") == 0


def test_a_rest_below_the_gateways_minimum_goes_to_the_payee(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    assert services.settle_escrow(reference=escrow.reference, payee_gross=99_901, reason="split").payee_gross == 100_000
    assert not Refund.objects.exists()


def test_an_escrow_is_decided_once(db: None) -> None:
    escrow = make_funded_escrow()
    services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved")
    before = books()
    for gross in (100_000, 0):
        with pytest.raises(EscrowNotFunded):
            services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="again")
    assert books() == before
    assert len(events("EscrowSettled")) == 1


@pytest.mark.parametrize("gross", [-1, 100_001])
def test_nobody_gets_more_than_there_is(db: None, gross: int) -> None:
    escrow = make_funded_escrow(100_000)
    before = books()
    with pytest.raises(ValueError, match="payee_gross"):
        services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="split")
    assert books() == before


def test_an_unpaid_escrow_cannot_be_decided_nor_a_paid_one_given_up(db: None) -> None:
    awaiting, funded = make_escrow(), make_funded_escrow()
    before = books()
    with pytest.raises(EscrowNotFunded):
        services.settle_escrow(reference=awaiting.reference, payee_gross=100_000, reason="approved")
    with pytest.raises(EscrowFunded):
        services.abandon_escrow(reference=funded.reference)
    assert books() == before


def test_giving_up_twice_changes_nothing(db: None) -> None:
    escrow = make_escrow()
    for _ in range(2):
        assert services.abandon_escrow(reference=escrow.reference).status == "abandoned"


def test_the_commission_is_frozen_when_the_escrow_opens(db: None) -> None:
    escrow = services.open_escrow(
        reference=new_id(), payer=make_client(), payee=make_client(), amount=100_000, commission_bp=500
    )
    fund(escrow.reference)
    assert (
        services.settle_escrow(reference=escrow.reference, payee_gross=100_000, reason="approved").platform_fee == 5000
    )


# What the database forbids


def test_a_decided_escrow_that_still_holds_money_never_commits(committed_db: None) -> None:
    escrow = make_funded_escrow()
    before = books()
    with pytest.raises(IntegrityError, match="is abandoned and holds 100000"), transaction.atomic():
        type(escrow).objects.filter(pk=escrow.pk).update(status="abandoned")
    assert (books(), escrow_of(escrow.reference).status) == (before, "funded")


def test_refunds_never_exceed_what_was_captured(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=50_000, reason="split")
    refund = Refund.objects.get()
    with pytest.raises(IntegrityError, match="refunds of capture"), transaction.atomic():
        Refund.objects.create(capture=refund.capture, payment=refund.payment, amount=50_001, reason="surplus")
    assert Refund.objects.count() == 1


def test_one_payment_of_the_gateway_is_captured_once(db: None) -> None:
    fund(make_escrow().reference)
    capture = Capture.objects.get()
    capture.pk = new_id()
    with pytest.raises(IntegrityError, match="gateway_payment_id"), transaction.atomic():
        capture.save(force_insert=True)
    assert Capture.objects.count() == 1


# Many at once


def test_twenty_bringers_of_the_same_news_book_it_once(committed_db: None) -> None:
    payment = make_payment(make_escrow(100_000))
    sighting = captured(payment)
    answers = at_once(*[lambda: services.record_sighting(payment_id=payment.pk, sighting=sighting)] * 20)
    assert [answer.status for answer in answers] == ["captured"] * 20
    assert balance("gateway") == 100_000 - 2360
    assert len(events("PaymentCaptured")) == 1


def test_paying_and_giving_up_at_once_never_lose_the_money(committed_db: None) -> None:
    escrow = make_escrow(100_000)
    payment = make_payment(escrow)
    sighting = captured(payment)
    at_once(
        *[lambda: services.record_sighting(payment_id=payment.pk, sighting=sighting)] * 5,
        *[lambda: services.abandon_escrow(reference=escrow.reference)] * 5,
    )
    held, promised = balance("escrow", escrow.pk), balance("refund_pending", payment.pk)
    assert {held, promised} == {0, 100_000}
    assert escrow_of(escrow.reference).status == ("funded" if held else "abandoned")


def test_twenty_decisions_at_once_are_one(committed_db: None) -> None:
    escrow = make_funded_escrow(100_000)
    calls = [
        lambda gross=gross: services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="race")
        for gross in [0, 100_000] * 10
    ]
    answers = at_once(*calls)
    assert sum(isinstance(answer, services.Settlement) for answer in answers) == 1, answers
    assert sum(isinstance(answer, EscrowNotFunded) for answer in answers) == 19
    assert balance("escrow", escrow.pk) == 0


def test_earning_leaves_exactly_what_was_earned(db: None) -> None:
    escrow = make_escrow()
    earn(escrow.payee, 12_345)
    assert balance("wallet", escrow.payee_id) == 12_345


# Parts that go back before the decision


def test_a_part_goes_back_and_the_rest_is_decided_later(db: None) -> None:
    escrow = make_funded_escrow(100_001)
    refund = services.refund_part(reference=escrow.reference, amount=33_333)
    escrow = escrow_of(escrow.reference)
    assert (escrow.status, escrow.held, escrow.refunded) == ("funded", 66_668, 33_333)
    assert (refund.reason, refund.status, refund.amount) == ("part", "promised", 33_333)
    assert balance("escrow", escrow.pk) == 66_668
    assert balance("refund_pending", refund.payment_id) == 33_333
    settlement = services.settle_escrow(reference=escrow.reference, payee_gross=16_667, reason="cancelled")
    escrow = escrow_of(escrow.reference)
    assert (settlement.refunded, escrow.refunded, escrow.payee_gross, escrow.held) == (50_001, 83_334, 16_667, 0)
    assert balance("escrow", escrow.pk) == 0
    assert balance("refund_pending", refund.payment_id) == 83_334
    assert settlement.payee_net + settlement.platform_fee + settlement.gst + settlement.tds == 16_667


def test_figures_follow_what_the_escrow_still_holds(db: None) -> None:
    escrow = make_funded_escrow(100_000)
    services.refund_part(reference=escrow.reference, amount=40_000)
    assert wallet_balance_of(escrow.payer_id).in_escrow == 60_000
    expected = services.quote_shares(
        amount=60_000, commission_bp=escrow.commission_bp, payee_id=escrow.payee_id
    ).payee_net
    assert wallet_balance_of(escrow.payee_id).pending == expected


@pytest.mark.parametrize(
    ("amount", "refusal"), [(99_901, PartTooLarge), (100_000, PartTooLarge), (99, ValueError), (0, ValueError)]
)
def test_a_part_leaves_a_rupee_and_is_a_rupee(db: None, amount: int, refusal: type[Exception]) -> None:
    escrow = make_funded_escrow(100_000)
    before = books()
    with pytest.raises(refusal):
        services.refund_part(reference=escrow.reference, amount=amount)
    assert books() == before
    assert not Refund.objects.exists()


def test_only_held_money_goes_back_in_parts_and_nobody_gets_it_twice(db: None) -> None:
    awaiting, funded, decided = make_escrow(), make_funded_escrow(100_000), make_funded_escrow()
    services.settle_escrow(reference=decided.reference, payee_gross=0, reason="cancelled")
    services.refund_part(reference=funded.reference, amount=60_000)
    before = books()
    for escrow in (awaiting, decided):
        with pytest.raises(EscrowNotFunded):
            services.refund_part(reference=escrow.reference, amount=1_000)
    with pytest.raises(PartTooLarge):
        services.refund_part(reference=funded.reference, amount=60_000)
    with pytest.raises(ValueError, match="payee_gross"):
        services.settle_escrow(reference=funded.reference, payee_gross=100_000, reason="approved")
    assert books() == before


def test_parts_asked_for_at_once_stay_within_the_escrow(committed_db: None) -> None:
    escrow = make_funded_escrow(100_000)
    answers = at_once(*[lambda: services.refund_part(reference=escrow.reference, amount=30_000)] * 20)
    assert sum(isinstance(answer, Refund) for answer in answers) == 3
    assert sum(isinstance(answer, PartTooLarge) for answer in answers) == 17
    assert balance("escrow", escrow.pk) == escrow_of(escrow.reference).held == 10_000
