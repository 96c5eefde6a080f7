"""The nightly reconciliation: what is the same stays quiet, what is not becomes one row with an owner and an age."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from accounts.tests.factories import make_client, make_operator
from khidma.kernel.clock import now
from khidma.kernel.errors import Forbidden, Invalid, InvalidTransition
from khidma.kernel.models import AuditRecord
from khidma.kernel.states import history
from payments import services
from payments.models import BankHoliday, BankLine, Capture, Difference, ReconciliationRun, Refund, SettlementLine
from payments.providers import gateway as our_gateway
from payments.selectors.working_days import is_working_day, working_days_before
from payments.services.reconciling import compare
from payments.tasks import reconcile_at_night, send_refunds
from payments.tests.factories import balance, books, captured, earn, make_bank_account, make_escrow, make_payment
from payments.tests.test_gateway import open_order, pay, verify
from payments.tests.test_settling import run_settlement
from sandbox.testing import StandIn

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bank(gateway: StandIn, settings: LazySettings) -> None:
    """The stand-in's bank shows its statement, and the payout account's float is in our books."""
    settings.BANK_STATEMENT_URL = f"{gateway.url}/_sandbox/bank"
    services.book_owner_funds(amount=gateway.ledger()["balances"]["payout"], key="opening")


def paid(gateway: StandIn, amount: int = 100_000) -> Capture:
    payment = open_order(make_escrow(amount))
    verify(payment, pay(gateway, payment))
    return Capture.objects.get(payment=payment)


def found() -> set[tuple[str, str, int, int]]:
    """Every live difference: what, which, how much, and by how much it is off."""
    live = Difference.objects.filter(status__in=["open", "explained"])
    return {(one.kind, one.reference, one.amount, one.difference) for one in live}


def only() -> Difference:
    return Difference.objects.get()


def test_books_that_agree_leave_nothing_behind(gateway: StandIn) -> None:
    captures = [paid(gateway) for _ in range(3)]
    run_settlement(gateway)
    run = services.reconcile()
    assert found() == set()
    assert run.matched_share == 1
    captured_and_fees = sum(one.amount + (one.fee or 0) for one in captures)
    net = sum(one.amount - (one.fee or 0) for one in captures)
    assert run.compared == captured_and_fees + net + balance("payout_bank")
    assert run.unread == ""
    assert run.payout_balance == balance("payout_bank")


def test_a_payment_that_only_the_gateway_knows(gateway: StandIn) -> None:
    paid(gateway)
    payment = open_order(make_escrow(70_000))
    answer = pay(gateway, payment)
    run_settlement(gateway)
    services.reconcile()
    assert found() == {("payment_only_theirs", answer["razorpay_payment_id"], 70_000, -70_000)}


def later(days: int) -> ReconciliationRun:
    """The comparison that will be made so many days from now."""
    run = ReconciliationRun.objects.create(day=date(2030, 1, 1))
    return compare(run=run, moment=now() + timedelta(days=days))


def test_a_payment_that_only_we_know_is_missing_after_four_working_days(gateway: StandIn) -> None:
    payment = make_payment(make_escrow(80_000))
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment))
    assert services.reconcile().compared == balance("payout_bank")
    later(2)
    assert found() == set()
    later(9)
    reference = Capture.objects.get().gateway_payment_id
    assert found() == {("payment_only_ours", reference, 80_000, 80_000)}


def test_a_payment_of_another_amount_and_a_fee_of_another_amount(gateway: StandIn) -> None:
    payment, other = (open_order(make_escrow(90_000)) for _ in range(2))
    sightings = [our_gateway().fetch_payment(pay(gateway, one)["razorpay_payment_id"]) for one in (payment, other)]
    services.record_sighting(payment_id=payment.pk, sighting=replace(sightings[0], amount=90_100))
    services.record_sighting(payment_id=other.pk, sighting=replace(sightings[1], fee=2_000, fee_tax=305))
    run_settlement(gateway)
    services.reconcile()
    assert found() == {
        ("payment_amount_differs", sightings[0].payment_id, 90_100, 100),
        ("fee_amount_differs", sightings[1].payment_id, -2_000, 124),
        ("suspense_only_ours", str(Capture.objects.get(amount=90_100).pk), 90_100, 90_100),
    }


def test_the_tax_within_a_fee_is_compared_too(gateway: StandIn) -> None:
    payment = open_order(make_escrow(100_000))
    sighting = our_gateway().fetch_payment(pay(gateway, payment)["razorpay_payment_id"])
    services.record_sighting(payment_id=payment.pk, sighting=replace(sighting, fee_tax=300))
    run_settlement(gateway)
    services.reconcile()
    assert found() == {("fee_tax_amount_differs", sighting.payment_id, -300, 60)}


def refunded(gateway: StandIn, amount: int) -> Refund:
    capture = paid(gateway, amount)
    escrow = capture.escrows.get()
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    return Refund.objects.get(escrow=escrow)


def test_refunds_agree_once_they_are_processed_and_those_of_the_dashboard_do_not(gateway: StandIn) -> None:
    refunded(gateway, 50_000)
    other = paid(gateway, 300_000)
    send_refunds()
    theirs = gateway.client.post(f"/_sandbox/payments/{other.gateway_payment_id}/refund", json={"amount": 4_000}).json()
    run_settlement(gateway)
    services.reconcile()
    assert found() == {("refund_only_theirs", theirs["id"], -4_000, 4_000)}


def test_a_refund_that_failed_explains_itself(gateway: StandIn) -> None:
    gateway.set_pace(refundAfterMs=3_600_000)
    refund = refunded(gateway, 50_000)
    paid(gateway, 300_000)
    send_refunds()
    gateway_refund_id = str(Refund.objects.get(pk=refund.pk).gateway_refund_id)
    gateway.settle_refund(gateway_refund_id, "failed")
    services.record_refund(sighting=our_gateway().fetch_refund(gateway_refund_id))
    run_settlement(gateway)
    services.reconcile()
    assert found() == set()


def test_a_refund_that_came_back_after_all_agrees(gateway: StandIn) -> None:
    refund = refunded(gateway, 50_000)
    paid(gateway, 300_000)
    send_refunds()
    gateway_refund_id = str(Refund.objects.get(pk=refund.pk).gateway_refund_id)
    gateway.settle_refund(gateway_refund_id, "failed")
    services.record_refund(sighting=our_gateway().fetch_refund(gateway_refund_id))
    run_settlement(gateway)
    services.reconcile()
    assert found() == set()


@pytest.mark.parametrize("phase", ["chargeback", "fraud"])
def test_a_dispute_that_we_have_not_booked(gateway: StandIn, phase: str) -> None:
    capture = paid(gateway)
    paid(gateway, 300_000)
    dispute = gateway.client.post(
        f"/_sandbox/payments/{capture.gateway_payment_id}/dispute",
        json={"phase": phase, "amount": 30_000, "deductAtOnset": True},
    ).json()
    if phase == "fraud":  # we know of it, and book nothing in this phase
        assert services.find_chargebacks() == 1
    run_settlement(gateway)
    services.reconcile()
    assert found() == {("chargeback_only_theirs", f"{dispute['id']}:taken", -30_000, 30_000)}


def test_a_settlement_that_the_bank_never_saw(gateway: StandIn, settings: LazySettings) -> None:
    settings.BANK_STATEMENT_URL = ""
    paid(gateway)
    run_settlement(gateway)
    services.reconcile()
    assert found() == set()
    later(9)
    assert {(one.kind, one.difference) for one in Difference.objects.all()} == {("bank_only_ours", 97_640)}


def test_a_bank_credit_of_another_amount_and_one_that_nobody_sent(gateway: StandIn, settings: LazySettings) -> None:
    settings.BANK_STATEMENT_URL = ""
    capture = paid(gateway)
    run_settlement(gateway)
    services.reconcile()
    capture.refresh_from_db()
    assert capture.settlement is not None
    operator = make_operator("finance")
    text = (
        f'date,UTR,amount,description\n2026-11-20,{capture.settlement.utr},976.41,RAZORPAY\n2026-11-20,ABC,"1,000",?\n'
    )
    assert services.import_statement(text=text, operator=operator) == 2
    assert services.import_statement(text=text, operator=operator) == 0
    services.reconcile()
    assert found() == {
        ("bank_amount_differs", capture.settlement.utr, 97_640, -1),
        ("bank_only_theirs", "ABC", 100_000, -100_000),
    }


def test_a_report_that_lacks_a_line_does_not_make_up_its_settlement(gateway: StandIn) -> None:
    captures = [paid(gateway) for _ in range(2)]
    settlement_id = run_settlement(gateway)
    services.reconcile()
    SettlementLine.objects.filter(entity_id=captures[0].gateway_payment_id).delete()
    later(0)
    assert ("settlement_amount_differs", settlement_id, 195_280, 97_640) in found()


def test_payouts_agree_with_the_statement_of_the_payout_account(gateway: StandIn) -> None:
    user = make_client()
    earn(user, 50_000)
    make_bank_account(user)
    gateway.set_balances(payout=gateway.ledger()["balances"]["payout"] + 7_700)
    services.reconcile()
    assert found() == set()
    later(1)
    assert {(one.kind, one.difference) for one in Difference.objects.filter(subject="payout")} >= {
        ("payout_only_theirs", -7_700)
    }


def test_the_same_difference_is_found_again_without_doubling(gateway: StandIn) -> None:
    paid(gateway)
    pay(gateway, open_order(make_escrow(70_000)))
    run_settlement(gateway)
    services.reconcile()
    row = only()
    assert [services.reconcile().found for _ in range(2)] == [0, 0]
    assert only().pk == row.pk
    assert only().created_at == row.created_at


def test_it_closes_itself_when_the_books_agree(gateway: StandIn) -> None:
    paid(gateway)
    payment = open_order(make_escrow(70_000))
    sighting = our_gateway().fetch_payment(pay(gateway, payment)["razorpay_payment_id"])
    run_settlement(gateway)
    services.reconcile()
    services.record_sighting(payment_id=payment.pk, sighting=sighting)
    run = services.reconcile()
    assert (run.closed, only().status) == (1, "matched")
    assert [change.action for change in history(only())] == ["find", "match"]


def test_what_was_explained_stays_and_what_was_resolved_stays_away_unless_its_figure_changes(gateway: StandIn) -> None:
    paid(gateway)
    payment = open_order(make_escrow(70_000))
    sighting = our_gateway().fetch_payment(pay(gateway, payment)["razorpay_payment_id"])
    run_settlement(gateway)
    services.reconcile()
    operator = make_operator("finance")
    services.explain_difference(difference=only(), note="A test of the dashboard", operator=operator)
    services.reconcile()
    assert (only().status, only().note) == ("explained", "A test of the dashboard")
    services.resolve_difference(difference=only(), reason="Written to Razorpay", operator=operator)
    before = books()
    services.reconcile()
    assert only().status == "resolved"
    assert books() == before
    services.record_sighting(payment_id=payment.pk, sighting=replace(sighting, amount=69_000))
    services.reconcile()
    assert ("payment_amount_differs", sighting.payment_id, 69_000, -1_000) in found()


def test_an_owner_is_an_operator_of_finance_and_every_act_is_on_record(gateway: StandIn) -> None:
    paid(gateway)
    pay(gateway, open_order(make_escrow(70_000)))
    run_settlement(gateway)
    services.reconcile()
    operator, owner = make_operator("finance"), make_operator("finance")
    services.assign_difference(difference=only(), owner=owner, operator=operator)
    assert only().owner == owner
    assert AuditRecord.objects.filter(action="assign_difference", actor_id=operator.pk).count() == 1
    for stranger in (make_operator("support"), make_client()):
        with pytest.raises(Forbidden):
            services.assign_difference(difference=only(), owner=stranger, operator=operator)
        with pytest.raises(Forbidden):
            services.resolve_difference(difference=only(), reason="x", operator=stranger)
    services.resolve_difference(difference=only(), reason="x", operator=operator)
    with pytest.raises(InvalidTransition):
        services.resolve_difference(difference=only(), reason="x", operator=operator)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "date,amount\n",
        "date,utr,amount,description\n2026-13-01,A,1,x\n",
        "date,utr,amount,description\n2026-11-01,A,1.005,x\n",
        "date,utr,amount,description\n2026-11-01,A,NaN,x\n",
        "date,utr,amount,description\n2026-11-01,A,0,x\n",
        "date,utr,amount,description\n2026-11-01,A,1,x,y\n",
        "date,utr,amount,description\n2026-11-01,A\n",
        "date,utr,amount,description\n2026-11-01,A,5,good\n2026-11-01,A,1e999,x\n",
    ],
)
def test_a_statement_that_cannot_be_read_leaves_nothing(text: str) -> None:
    with pytest.raises(Invalid):
        services.import_statement(text=text, operator=make_operator("finance"))
    assert not BankLine.objects.exists()


def test_two_lines_that_are_alike_are_two(gateway: StandIn) -> None:
    text = "date,utr,amount,description\n2026-11-01,A,-5,x\n2026-11-01,A,-5,x\n"
    operator = make_operator("finance")
    assert [services.import_statement(text=text, operator=operator) for _ in range(2)] == [2, 0]
    assert list(BankLine.objects.values_list("amount", flat=True)) == [-500, -500]


def test_a_gateway_that_does_not_answer_is_named_and_closes_nothing(gateway: StandIn) -> None:
    paid(gateway)
    gateway.stop()
    try:
        run = services.reconcile()
    finally:
        gateway.start()
    assert run.unread == "settlements, bank, payout account"
    assert run.finished_at is not None


def test_the_night_run_comes_once_after_its_hour(gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for hour, runs in ((1, 0), (2, 1), (3, 1)):
        night = datetime(2026, 11, 25, hour - 5, 30, tzinfo=UTC) if hour >= 5 else None
        moment = night or datetime(2026, 11, 24, hour + 18, 30, tzinfo=UTC)
        monkeypatch.setattr("payments.services.reconciling.now", lambda at=moment: at)
        reconcile_at_night()
        assert ReconciliationRun.objects.count() == runs


def test_the_command_prints_what_differs(gateway: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    paid(gateway)
    pay(gateway, open_order(make_escrow(70_000)))
    run_settlement(gateway)
    call_command("reconcile")
    printed = capsys.readouterr().out
    assert "1 new differences" in printed
    assert "payment_only_theirs" in printed


def test_working_days_leave_out_sundays_every_other_saturday_and_holidays() -> None:
    assert [day for day in range(1, 31) if not is_working_day(date(2026, 11, day), set())] == [1, 8, 14, 15, 22, 28, 29]
    moment = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
    assert working_days_before(moment, 4).date() == date(2026, 11, 20)
    BankHoliday.objects.create(day=date(2026, 11, 24), name="Guru Nanak Jayanti")
    assert working_days_before(moment, 4).date() == date(2026, 11, 19)


def test_ten_thousand_lines_take_no_query_each(gateway: StandIn, django_assert_max_num_queries: object) -> None:
    captures = [paid(gateway) for _ in range(12)]
    run_settlement(gateway)
    services.reconcile()
    assert len(captures) == SettlementLine.objects.count()
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        later(0)
