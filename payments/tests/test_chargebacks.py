"""Chargebacks: told in any order and any number of times, they take, hold, give back and cost exactly once."""

import itertools
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from structlog.testing import capture_logs

from accounts.tests.factories import make_client, make_doer, make_operator
from khidma.kernel.clock import Now
from khidma.kernel.errors import Invalid
from khidma.kernel.models import OutboxEvent, SettingsCategory
from khidma.kernel.runtime import forget_cached
from khidma.kernel.states import history
from khidma.tests.races import at_once
from payments import services
from payments.errors import BalanceTooSmall, PaymentUnseen, ReleaseHeld
from payments.models import Capture, Chargeback, Escrow, GatewayAttempt, Payout, Refund, Return, Transfer, WalletHold
from payments.providers.gateway import DisputeSighting, GatewaySaidNo, GatewaySilent
from payments.runtime import PaymentSettings
from payments.selectors import check_ledger, compare_with_gateway, wallet_balance_of
from payments.services.refunds.sending import _begin
from payments.tasks import find_chargebacks, look_at_chargebacks
from payments.tests.factories import (
    balance,
    books,
    captured,
    gateway_id,
    make_bank_account,
    make_escrow,
    make_funded_escrow,
    make_payment,
)
from payments.tests.test_gateway import open_order, pay, verify
from payments.tests.test_webhook import event, send
from sandbox.testing import StandIn

__all__ = ["send"]

NOT_RECEIVED = "goods_or_services_not_received_or_partially_received"
NAME = "chargebacks_borne_by_payee"
AMOUNT = 100_000


def told(escrow: Escrow, status: str = "open", **over: Any) -> DisputeSighting:
    """What the gateway says of a dispute about the payment behind this escrow."""
    escrow.refresh_from_db()
    assert escrow.funded_by
    facts = {
        "dispute_id": f"disp_{escrow.pk.hex[-14:]}",
        "payment_id": escrow.funded_by.gateway_payment_id,
        "amount": AMOUNT,
        "status": status,
        "phase": "chargeback",
        "reason_code": NOT_RECEIVED,
        "amount_deducted": AMOUNT if status == "lost" else 0,
        "has_evidence": status in {"under_review", "lost"},
    }
    return DisputeSighting(**{**facts, **over})


def hear(escrow: Escrow, status: str = "open", **over: Any) -> Chargeback:
    found = services.record_dispute(sighting=told(escrow, status, **over))
    assert found is not None
    return found


def release(escrow: Escrow, gross: int = AMOUNT) -> Escrow:
    services.settle_escrow(reference=escrow.reference, payee_gross=gross, reason="approved")
    escrow.refresh_from_db()
    return escrow


def keys() -> list[str]:
    return sorted(Transfer.objects.filter(kind__in=["chargeback", "return"]).values_list("key", flat=True))


# What is taken, given back and lost


def test_what_the_bank_takes_at_once_comes_back_when_we_win(db: None) -> None:
    escrow = make_funded_escrow()
    before = balance("gateway")
    found = hear(escrow, amount_deducted=AMOUNT)
    assert (balance("chargeback", found.pk), balance("gateway")) == (AMOUNT, before - AMOUNT)
    found = hear(escrow, "won")
    assert (found.status, balance("chargeback", found.pk), balance("gateway")) == ("won", 0, before)
    dispute = found.gateway_dispute_id
    assert keys() == [f"cb:{dispute}:chargeback:back", f"cb:{dispute}:chargeback:taken"]
    assert balance("escrow", escrow.pk) == AMOUNT
    assert check_ledger().faults == []


def test_one_that_took_nothing_moves_nothing_until_it_is_lost(db: None) -> None:
    escrow = make_funded_escrow()
    before = books()
    hear(escrow)
    hear(escrow, "under_review")
    assert hear(escrow, "closed").status == "closed"
    assert books() == before


def test_lost_in_escrow_it_takes_what_is_held(db: None) -> None:
    escrow = make_funded_escrow()
    found = hear(escrow, "lost")
    escrow.refresh_from_db()
    assert (escrow.status, escrow.payee_gross, escrow.refunded) == ("decided", 0, AMOUNT)
    assert (found.from_escrow, found.from_payee, found.from_house) == (AMOUNT, 0, 0)
    assert (balance("escrow", escrow.pk), balance("chargeback", found.pk), balance("loss")) == (0, 0, 0)
    assert f"cb:{found.gateway_dispute_id}:lost" in keys()
    moved = OutboxEvent.objects.filter(name="payments.ChargebackMoved").latest("id").payload
    assert (moved["status"], moved["emptied"]) == ("lost", [str(escrow.reference)])
    assert check_ledger().faults == []


def test_lost_for_a_part_it_leaves_the_rest_in_escrow(db: None) -> None:
    escrow = make_funded_escrow()
    hear(escrow, "lost", amount=30_000, amount_deducted=30_000)
    escrow.refresh_from_db()
    assert (escrow.status, escrow.held, balance("escrow", escrow.pk)) == ("funded", 70_000, 70_000)
    services.settle_escrow(reference=escrow.reference, payee_gross=70_000, reason="approved")
    assert check_ledger().faults == []


def test_lost_after_the_release_the_payee_bears_what_evidence_could_not_save(db: None) -> None:
    escrow = release(make_funded_escrow())
    found = hear(escrow, "lost")
    made = Return.objects.get()
    assert (made.why, made.chargeback, made.amount, made.taken) == ("chargeback", found, AMOUNT, 88_200)
    assert (found.from_payee, found.from_house, balance("loss")) == (AMOUNT, 0, 0)
    assert keys() == [f"cb:{found.gateway_dispute_id}:chargeback:taken", f"return:{made.pk}"]
    assert (balance("wallet", escrow.payee_id), balance("chargeback", found.pk)) == (0, 0)
    assert (balance("platform_fee"), balance("gst_payable")) == (0, 0)
    assert Refund.objects.count() == 0
    assert check_ledger().faults == []


@pytest.mark.parametrize(
    "over", [{"has_evidence": False}, {"reason_code": "fraudulent_transaction"}, {"reason_code": ""}]
)
def test_lost_after_the_release_the_house_bears_what_is_not_the_payees(db: None, over: dict[str, Any]) -> None:
    escrow = release(make_funded_escrow())
    found = hear(escrow, "lost", **over)
    assert (found.from_payee, found.from_house, balance("loss")) == (0, AMOUNT, AMOUNT)
    assert (balance("wallet", escrow.payee_id), balance("chargeback", found.pk)) == (88_200, 0)
    assert check_ledger().faults == []


def test_who_bears_it_is_a_setting(db: None) -> None:
    escrow = release(make_funded_escrow())
    SettingsCategory.objects.update_or_create(pk="payments", defaults={"values": {NAME: ["quality"]}})
    forget_cached()
    assert PaymentSettings.load().chargebacks_borne_by_payee == ["quality"]
    assert hear(escrow, "lost").from_house == AMOUNT


@pytest.mark.parametrize("wrong", ["quality", ["late"], [1], None])
def test_the_setting_takes_known_reasons_only(wrong: Any) -> None:
    with pytest.raises(Invalid):
        PaymentSettings.checked({NAME: wrong})


def test_what_was_promised_back_and_not_sent_is_not_paid_a_second_time(db: None) -> None:
    escrow = make_funded_escrow()
    hear(escrow)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    refund = Refund.objects.get()
    found = hear(escrow, "lost")
    refund.refresh_from_db()
    assert (refund.status, refund.way, found.from_refunds, found.from_house) == ("processed", "chargeback", AMOUNT, 0)
    assert (balance("refund_pending", refund.payment_id), balance("loss")) == (0, 0)
    assert Refund.objects.get().payment.status == "refunded"
    assert check_ledger().faults == []


def cancelled(escrow: Escrow) -> Refund:
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    return Refund.objects.get()


def wait_for_funds(refund: Refund) -> None:
    """The gateway has no balance for it."""
    poor = GatewaySaidNo(
        http_status=400, code="BAD_REQUEST_ERROR", description="Your account does not have enough balance"
    )
    with mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.refund", side_effect=poor):
        services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert refund.status == "waiting_funds"


def test_what_the_gateway_had_no_balance_for_is_not_paid_a_second_time(db: None, gateway: StandIn) -> None:
    escrow = make_funded_escrow()
    refund = cancelled(escrow)
    wait_for_funds(refund)
    hear(escrow)
    found = hear(escrow, "lost")
    refund.refresh_from_db()
    assert (refund.status, refund.way, found.from_refunds, found.from_house) == ("processed", "chargeback", AMOUNT, 0)
    assert (balance("refund_pending", refund.payment_id), balance("loss")) == (0, 0)
    assert refund.pk not in services.refunds_due()
    services.send_refund(refund_id=refund.pk)
    assert GatewayAttempt.objects.get(subject_id=refund.pk).calls == 1
    assert check_ledger().faults == []


def test_what_the_gateway_has_taken_on_goes_its_way_and_the_loss_too(db: None, gateway: StandIn) -> None:
    escrow = make_funded_escrow()
    refund = cancelled(escrow)
    wait_for_funds(refund)
    Refund.objects.filter(pk=refund.pk).update(gateway_refund_id=gateway_id("rfnd"))
    found = hear(escrow, "lost")
    refund.refresh_from_db()
    assert (refund.status, found.from_refunds, found.from_house) == ("waiting_funds", 0, AMOUNT)
    assert balance("refund_pending", refund.payment_id) == AMOUNT
    assert check_ledger().faults == []


def test_a_refund_that_nobody_heard_is_not_asked_for_after_a_loss(db: None, gateway: StandIn) -> None:
    escrow = make_funded_escrow()
    refund = cancelled(escrow)
    ask = "payments.providers.razorpay.adapter.RazorpayGateway.refund"
    with mock.patch(ask, side_effect=GatewaySilent("nothing")):
        services.send_refund(refund_id=refund.pk)
    hear(escrow)
    hear(escrow, "lost")
    absent = mock.patch("payments.providers.razorpay.adapter.RazorpayGateway.find_refund", return_value=None)
    with absent, mock.patch(ask) as asked:
        services.send_refund(refund_id=refund.pk)
        refund.refresh_from_db()
        assert refund.status == "sent"
        with mock.patch("payments.services.refunds.sending.ABSENT_AFTER", timedelta(0)):
            services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.status, asked.call_count) == ("failed", 0)
    assert check_ledger().faults == []


def test_a_payment_for_several_things_loses_what_is_held_first(db: None) -> None:
    payer, payee = make_client(), make_doer()
    first, second = (make_escrow(60_000, payer, payee) for _ in range(2))
    payment = make_payment(first, second)
    services.record_sighting(payment_id=payment.pk, sighting=captured(payment))
    release(first, 60_000)
    wallet = balance("wallet", payee.pk)
    found = hear(second, "lost", amount=100_000, amount_deducted=100_000)
    assert (found.from_escrow, found.from_payee, found.from_house) == (60_000, 40_000, 0)
    second.refresh_from_db()
    assert (second.status, Return.objects.get().escrow) == ("decided", first)
    assert balance("wallet", payee.pk) == wallet - Return.objects.get().taken
    assert check_ledger().faults == []


@pytest.mark.parametrize("phase", ["fraud", "retrieval"])
@pytest.mark.parametrize("status", ["open", "under_review", "won", "lost", "closed"])
def test_the_phases_that_only_ask_move_and_hold_nothing(db: None, phase: str, status: str) -> None:
    escrow = make_funded_escrow()
    before = books()
    found = hear(escrow, status, phase=phase)
    assert (found.status, books(), WalletHold.objects.count()) == (status, before, 0)
    release(escrow)


@pytest.mark.parametrize("phase", ["fraud", "retrieval"])
def test_a_bank_that_takes_money_where_it_only_asks_is_booked_nowhere_and_cried_out(db: None, phase: str) -> None:
    escrow = make_funded_escrow()
    before = books()
    with capture_logs() as logs:
        found = hear(escrow, phase=phase, amount_deducted=30_000)
    assert (found.status, found.taken, books()) == ("open", 0, before)
    cries = [line for line in logs if line["log_level"] == "critical"]
    assert [(line["dispute_id"], line["phase"], line["amount"]) for line in cries] == [
        (found.gateway_dispute_id, phase, 30_000)
    ]


def test_a_later_phase_ends_the_earlier_one_and_is_lost_once(db: None) -> None:
    escrow = make_funded_escrow()
    first = hear(escrow, amount_deducted=AMOUNT)
    second = hear(escrow, phase="pre_arbitration", amount_deducted=AMOUNT)
    first.refresh_from_db()
    assert (first.status, balance("chargeback", first.pk), balance("chargeback", second.pk)) == ("closed", 0, AMOUNT)
    assert services.record_dispute(sighting=told(escrow, "open", phase="retrieval")) is None
    hear(escrow, "lost", phase="pre_arbitration")
    assert balance("chargeback", second.pk) == 0
    assert len([key for key in keys() if key.endswith(":lost")]) == 1
    assert check_ledger().faults == []


# Any order, any number


STORIES = {
    "won": ["open", "under_review", "won"],
    "lost": ["open", "under_review", "lost"],
    "closed": ["open", "closed"],
}


@pytest.mark.parametrize("end", STORIES)
def test_every_order_of_what_is_told_ends_the_same(db: None, end: str) -> None:
    for order in itertools.permutations(STORIES[end]):
        escrow = make_funded_escrow()
        for status in (*order, *order):
            deducted = AMOUNT if status in {"open", "under_review"} and end != "closed" else 0
            hear(escrow, status, has_evidence=True, **({"amount_deducted": deducted} if deducted else {}))
        found = Chargeback.objects.get(capture=escrow.funded_by)
        assert (found.status, balance("chargeback", found.pk)) == (end, 0), order
        assert balance("escrow", escrow.pk) == (0 if end == "lost" else AMOUNT), order
        assert [step.to_status for step in history(found)].count(end) == 1
    assert check_ledger().faults == []


@pytest.mark.parametrize("end", ["won", "lost"])
def test_twenty_bringers_of_one_end_book_it_once(committed_db: None, end: str) -> None:
    escrow = release(make_funded_escrow())
    hear(escrow, amount_deducted=AMOUNT)
    sighting = told(escrow, end, has_evidence=True)
    answers = at_once(*[lambda: services.record_dispute(sighting=sighting)] * 20)
    assert {getattr(one, "status", one) for one in answers} == {end}
    assert balance("wallet", escrow.payee_id) == (0 if end == "lost" else 88_200)
    assert Return.objects.count() == (1 if end == "lost" else 0)
    assert check_ledger().faults == []


def test_twenty_bringers_of_the_first_word_open_it_once(committed_db: None) -> None:
    escrow = release(make_funded_escrow())
    sighting = told(escrow, amount_deducted=AMOUNT)
    answers = at_once(*[lambda: services.record_dispute(sighting=sighting)] * 20)
    assert {type(one) for one in answers} == {Chargeback}
    assert (Chargeback.objects.count(), WalletHold.objects.count()) == (1, 1)
    assert check_ledger().faults == []


def test_a_word_against_what_has_ended_changes_nothing(db: None) -> None:
    escrow = make_funded_escrow()
    hear(escrow, "won")
    before = books()
    assert hear(escrow, "lost").status == "won"
    assert hear(escrow, amount=AMOUNT - 1).status == "won"
    assert books() == before


def test_a_dispute_of_a_payment_that_was_not_booked_yet_waits(db: None) -> None:
    sighting = told(make_funded_escrow(), payment_id="pay_unseen")
    with pytest.raises(PaymentUnseen):
        services.record_dispute(sighting=sighting)
    assert Chargeback.objects.count() == 0


# What it holds


def test_an_open_one_holds_the_release_and_an_end_lets_it_go(db: None) -> None:
    escrow = make_funded_escrow()
    hear(escrow)
    before = books()
    with pytest.raises(ReleaseHeld):
        release(escrow)
    escrow.refresh_from_db()
    assert (escrow.status, books()) == ("funded", before)
    hear(escrow, "won")
    assert release(escrow).status == "decided"


def test_an_open_one_holds_the_wallet_up_to_its_amount(db: None) -> None:
    escrow = release(make_funded_escrow())
    make_bank_account(escrow.payee)
    release(make_funded_escrow(200_000, payee=escrow.payee), 200_000)
    found = hear(escrow)
    assert WalletHold.objects.get().amount == AMOUNT
    with pytest.raises(BalanceTooSmall):
        services.request_payout(user=escrow.payee, amount=164_601)
    assert wallet_balance_of(escrow.payee_id).available == 3 * 88_200 - AMOUNT
    hear(escrow, "won")
    assert wallet_balance_of(escrow.payee_id).available == 3 * 88_200
    assert found.pk == Chargeback.objects.get().pk


def test_an_open_one_calls_back_withdrawals_that_were_not_sent(db: None) -> None:
    escrow = release(make_funded_escrow())
    make_bank_account(escrow.payee)
    payout = services.request_payout(user=escrow.payee, amount=88_200)
    hear(escrow)
    payout.refresh_from_db()
    assert (payout.status, balance("wallet", escrow.payee_id)) == ("cancelled", 88_200)
    assert wallet_balance_of(escrow.payee_id).available == 0


def test_an_open_one_holds_the_refunds_of_its_payment(db: None, gateway: StandIn) -> None:
    escrow = make_funded_escrow()
    hear(escrow)
    services.settle_escrow(reference=escrow.reference, payee_gross=0, reason="cancelled")
    refund = Refund.objects.get()
    services.send_refund(refund_id=refund.pk)
    refund.refresh_from_db()
    assert (refund.status, refund.looks) == ("promised", 1)
    hear(escrow, "won")
    assert refund.pk in services.refunds_due()
    assert _begin(Refund.objects.get()) is not None


def test_a_release_and_a_chargeback_at_once_never_pay_what_is_held(committed_db: None) -> None:
    escrow = make_funded_escrow()
    sighting = told(escrow, amount_deducted=AMOUNT)

    def approve() -> Escrow:
        return release(Escrow.objects.get(pk=escrow.pk))

    found, decided = at_once(lambda: services.record_dispute(sighting=sighting), approve)
    assert isinstance(found, Chargeback), found
    if isinstance(decided, ReleaseHeld):
        assert balance("wallet", escrow.payee_id) == 0
    else:
        assert isinstance(decided, Escrow), decided
        assert (balance("wallet", escrow.payee_id), wallet_balance_of(escrow.payee_id).available) == (88_200, 0)
    assert check_ledger().faults == []


def test_a_withdrawal_and_a_chargeback_at_once_leave_nothing_to_run_away_with(committed_db: None) -> None:
    escrow = release(make_funded_escrow())
    make_bank_account(escrow.payee)
    sighting = told(escrow)
    found, asked = at_once(
        lambda: services.record_dispute(sighting=sighting),
        lambda: services.request_payout(user=escrow.payee, amount=88_200),
    )
    assert isinstance(found, Chargeback), found
    assert isinstance(asked, Payout | BalanceTooSmall), asked
    assert {payout.status for payout in Payout.objects.all()} <= {"cancelled"}
    assert wallet_balance_of(escrow.payee_id).available == 0


def test_a_cancellation_is_decided_all_the_same_and_held_on_the_wallet(db: None) -> None:
    escrow = make_funded_escrow()
    hear(escrow)
    services.settle_escrow(reference=escrow.reference, payee_gross=25_000, reason="cancelled", hold_in_wallet=True)
    assert (balance("wallet", escrow.payee_id), wallet_balance_of(escrow.payee_id).available) == (22_050, 0)
    hear(escrow, "closed")
    assert wallet_balance_of(escrow.payee_id).available == 22_050


# The gateway


def disputed(gateway: StandIn, **body: Any) -> tuple[Escrow, dict[str, Any]]:
    """A payment that was made at the gateway, and a dispute of it there."""
    escrow = make_escrow(AMOUNT)
    payment = open_order(escrow)
    answer = pay(gateway, payment)
    verify(payment, answer)
    return escrow, gateway.control("POST", f"/payments/{answer['razorpay_payment_id']}/dispute", body)


def test_an_event_makes_us_look_and_the_look_decides(db: None, gateway: StandIn, send: Any) -> None:
    escrow, dispute = disputed(gateway, deductAtOnset=True)
    gateway.control("POST", f"/disputes/{dispute['id']}/close", {"outcome": "lost"})
    old_news = event("payment.dispute.created", dispute=dispute, payment={"id": dispute["payment_id"]})
    assert send(old_news).status_code == 200
    services.work_through(gateway_event_id=services.events_due()[0])
    found = Chargeback.objects.get()
    assert (found.status, found.from_escrow, found.gateway_dispute_id) == ("lost", AMOUNT, dispute["id"])
    escrow.refresh_from_db()
    assert escrow.status == "decided"
    assert check_ledger().faults == []


@pytest.mark.parametrize("outcome", ["won", "lost", "closed"])
def test_what_no_event_told_is_found_and_followed(db: None, gateway: StandIn, outcome: str) -> None:
    _, dispute = disputed(gateway, deductAtOnset=True)
    assert find_chargebacks() == 1
    found = Chargeback.objects.get()
    assert (found.status, found.taken) == ("open", AMOUNT)
    gateway.control("POST", f"/disputes/{dispute['id']}/close", {"outcome": outcome})
    Chargeback.objects.update(look_at=Now())
    assert look_at_chargebacks() == 1
    found.refresh_from_db()
    assert (found.status, balance("chargeback", found.pk)) == (outcome, 0)
    assert find_chargebacks() == 0
    report = check_ledger()
    assert report.faults == []
    assert not [line for line in compare_with_gateway(gateway.ledger(), report) if line.startswith("gateway")]


def test_missed_disputes_are_found_page_by_page(db: None, gateway: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        disputed(gateway)
    monkeypatch.setattr("payments.providers.razorpay.adapter.PAGE", 2)
    assert (find_chargebacks(), Chargeback.objects.count()) == (5, 5)
    assert find_chargebacks() == 0


def test_a_search_that_was_cut_short_is_made_up_for(
    db: None, gateway: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        disputed(gateway)
    monkeypatch.setattr("payments.providers.razorpay.adapter.PAGE", 2)
    recorded: list[str] = []

    def die_at_the_third(*, sighting: DisputeSighting) -> None:
        if len(recorded) == 2:
            raise RuntimeError
        recorded.append(sighting.dispute_id)
        services.record_dispute(sighting=sighting)

    with monkeypatch.context() as dying:
        dying.setattr("payments.services.chargebacks.record_dispute", die_at_the_third)
        with pytest.raises(RuntimeError):
            find_chargebacks()
    assert (find_chargebacks(), Chargeback.objects.count()) == (3, 5)


def test_a_silent_gateway_puts_the_look_off(db: None, gateway: StandIn) -> None:
    disputed(gateway)
    find_chargebacks()
    Chargeback.objects.update(look_at=Now(), looks=0)
    gateway.kill()
    look_at_chargebacks()
    found = Chargeback.objects.get()
    assert (found.status, found.looks) == ("open", 1)
    assert services.chargebacks_due() == []


def test_money_that_was_refunded_by_an_operator_can_still_be_charged_back(db: None) -> None:
    escrow = release(make_funded_escrow())
    services.return_after_release(
        reference=escrow.reference, amount=40_000, operator=make_operator("finance"), reason="Half was copied."
    )
    found = hear(escrow, "lost")
    assert (found.from_refunds, found.from_payee, found.from_house) == (40_000, 60_000, 0)
    assert balance("wallet", escrow.payee_id) == 0
    assert Capture.objects.get().amount == AMOUNT
    assert check_ledger().faults == []


def test_ids_of_the_gateway_are_not_ours_to_guess(db: None) -> None:
    escrow = make_funded_escrow()
    strange = told(escrow, "settled")
    assert services.record_dispute(sighting=strange) is None
    assert services.record_dispute(sighting=told(escrow, phase="unheard", dispute_id=gateway_id("disp"))) is None
    assert Chargeback.objects.count() == 0
