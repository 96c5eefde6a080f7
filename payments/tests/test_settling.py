"""Settlements with the real SDK against the stand-in: booked once, read line by line, and by them what is settled."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from khidma.kernel.clock import Now
from khidma.tests.races import at_once
from payments import services
from payments.models import Capture, Settlement, Transfer
from payments.providers import gateway as our_gateway
from payments.providers.gateway import SettlementSighting
from payments.selectors.checking import check_ledger
from payments.services.capturing import book_fee
from payments.services.settling import INDIA
from payments.tasks import look_for_settlements, read_reports
from payments.tests.factories import balance, books, captured, make_escrow, make_payment
from payments.tests.test_gateway import open_order, pay, verify
from sandbox.testing import StandIn

SEEN = SettlementSighting("setl_Aaaaaaaaaaaaaa", 97_640, "processed", "UTR1", 1_790_000_000)


def pay_and_verify(gateway: StandIn, amount: int = 100_000) -> Capture:
    payment = open_order(make_escrow(amount))
    verify(payment, pay(gateway, payment))
    return Capture.objects.get(payment=payment)


def run_settlement(gateway: StandIn) -> str:
    answer = gateway.client.post("/_sandbox/settlements/run", json={}).json()
    return str(answer["items"][0]["id"])


def test_a_settlement_moves_the_gateways_balance_to_the_bank_once(db: None) -> None:
    for _ in range(2):
        services.record_settlement(sighting=SEEN)
    assert (balance("bank"), balance("gateway")) == (97_640, -97_640)
    assert Transfer.objects.get().key == "settlement:setl_Aaaaaaaaaaaaaa"


def test_twenty_bringers_of_one_settlement_book_it_once(committed_db: None) -> None:
    outcomes = at_once(*[lambda: services.record_settlement(sighting=SEEN)] * 20)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert (Settlement.objects.count(), balance("bank")) == (1, 97_640)


@pytest.mark.parametrize("status", ["created", "failed"])
def test_a_settlement_that_is_not_processed_books_nothing(db: None, status: str) -> None:
    services.record_settlement(sighting=replace(SEEN, status=status))
    assert books() == {}
    assert not Settlement.objects.exists()


def test_what_was_settled_is_not_rewritten(db: None) -> None:
    services.record_settlement(sighting=SEEN)
    with pytest.raises(IntegrityError), transaction.atomic():
        Settlement.objects.create(gateway_settlement_id=SEEN.settlement_id, amount=1, utr="x", settled_at=Now())
    with pytest.raises(Exception, match="what was agreed about money stays"), transaction.atomic():
        connection.cursor().execute("UPDATE payments_settlement SET amount = 1")


def test_the_poll_finds_it_and_its_report_says_which_captures_are_settled(db: None, gateway: StandIn) -> None:
    captures = [pay_and_verify(gateway, amount) for amount in (100_000, 55_500)]
    settlement_id = run_settlement(gateway)
    later = pay_and_verify(gateway)
    look_for_settlements()
    read_reports()
    settlement = Settlement.objects.get(gateway_settlement_id=settlement_id)
    assert settlement.lines.count() == 2
    assert settlement.lines_read_at is not None
    assert settlement.look_at is None
    for capture in captures:
        capture.refresh_from_db()
        assert (capture.settlement, capture.settled_at) == (settlement, settlement.settled_at)
    later.refresh_from_db()
    assert (later.settlement, later.settled_at) == (None, None)
    assert balance("gateway") == later.amount - (later.fee or 0)
    assert check_ledger().is_sound


def test_a_report_of_many_pages_is_read_whole(db: None, gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.providers.razorpay.adapter.REPORT_PAGE", 2)
    for _ in range(5):
        pay_and_verify(gateway)
    run_settlement(gateway)
    look_for_settlements()
    read_reports()
    settlement = Settlement.objects.get()
    assert settlement.lines.count() == 5
    read_again = list(settlement.lines.values_list("number", "entity_id"))
    services.read_report(settlement_id=settlement.pk)
    assert list(settlement.lines.values_list("number", "entity_id")) == read_again


def test_a_report_that_does_not_add_up_is_asked_for_again(db: None, gateway: StandIn) -> None:
    pay_and_verify(gateway)
    pay_and_verify(gateway)
    run_settlement(gateway)
    look_for_settlements()
    settlement = Settlement.objects.get()
    lines = our_gateway().report_lines(settlement.settled_at.astimezone(INDIA).date(), skip=0)
    kept = services.keep_lines(settlement=settlement, lines=lines[:1])
    assert kept.look_at is not None
    assert services.keep_lines(settlement=settlement, lines=lines).look_at is None


def test_the_gateways_silence_is_not_an_empty_report(db: None, gateway: StandIn) -> None:
    pay_and_verify(gateway)
    run_settlement(gateway)
    look_for_settlements()
    gateway.faults([{"match": "GET /v1/settlements/recon/combined", "times": 1, "fault": "error_502_html"}])
    read_reports()
    settlement = Settlement.objects.get()
    assert (settlement.lines_read_at, settlement.lines.count()) == (None, 0)
    assert settlement.look_at is not None


def test_a_fee_that_only_the_report_tells_is_booked_with_its_tax(db: None, gateway: StandIn) -> None:
    payment = open_order(make_escrow(100_000))
    answer = pay(gateway, payment)
    sighting = our_gateway().fetch_payment(answer["razorpay_payment_id"])
    services.record_sighting(payment_id=payment.pk, sighting=replace(sighting, fee=None, fee_tax=None))
    assert balance("gateway_fee") == 0
    run_settlement(gateway)
    look_for_settlements()
    read_reports()
    assert (balance("gateway_fee"), balance("gst_input"), balance("gateway")) == (2_000, 360, 0)
    services.record_sighting(payment_id=payment.pk, sighting=sighting)
    assert balance("gateway_fee") == 2_000


def test_a_fee_that_was_booked_is_not_booked_again_by_the_report(db: None) -> None:
    payment = make_payment(make_escrow())
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment))
    before = books()
    capture = Capture.objects.get()
    book_fee(capture, fee=1, tax=0)
    assert books() == before
