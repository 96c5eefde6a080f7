"""Bank accounts and withdrawals: services, the real SDK against the stand-in, and many at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from structlog.testing import capture_logs

from accounts.tests.factories import make_doer, make_operator
from khidma.kernel.clock import Now, now
from khidma.kernel.errors import NotFound
from khidma.kernel.ids import new_id
from khidma.kernel.models import OutboxEvent
from khidma.kernel.outbox import deliver_due
from khidma.kernel.sealing import Unreadable, unseal
from khidma.kernel.states import history
from khidma.tests.races import at_once
from payments import services
from payments.errors import (
    BalanceTooSmall,
    BankAccountAlreadyVerified,
    BankAccountExists,
    BankAccountInUse,
    BankAccountNotVerified,
    NoBankAccount,
    PayoutAlreadySent,
    PayoutTooLarge,
    PayoutTooSmall,
)
from payments.models import BankAccount, GatewayAttempt, Payout, Validation
from payments.providers import gateway as our_gateway
from payments.providers.gateway import PayoutSighting
from payments.selectors import wallet_balance_of
from payments.tasks import look_at_validations, send_payouts
from payments.tests.factories import balance, books, earn, gateway_id, make_bank_account, make_payout
from sandbox.testing import StandIn

FAULTS = ["timeout_after_doing", "error_500", "error_502_html", "error_409", "connection_reset"]


def events(name: str) -> list[dict[str, Any]]:
    return [event.payload for event in OutboxEvent.objects.filter(name=f"payments.{name}").order_by("id")]


def says(payout: Payout, status: str, **over: Any) -> PayoutSighting:
    """What the gateway might say of a payout."""
    known = payout.gateway_payout_id or gateway_id("pout")
    sighting = PayoutSighting(known, str(payout.pk), status, payout.amount, fee=590, fee_tax=90, reason="Bank says so.")
    return replace(sighting, **over)


def hear(payout: Payout, *statuses: str) -> Payout:
    """The gateway says these, one after the other, each of them twice."""
    for status in statuses:
        for _ in range(2):
            payout.refresh_from_db()
            services.record_payout(sighting=says(payout, status))
    payout.refresh_from_db()
    return payout


# Bank accounts


def test_a_number_is_sealed_for_its_row_and_found_by_its_index(db: None) -> None:
    user = make_doer()
    account = services.add_bank_account(
        user=user, holder_name="Ravi Kumar", account_number="123456789012", ifsc="HDFC0000053"
    )
    assert "123456789012" not in account.sealed_number
    assert unseal(account.sealed_number, binding=account.sealing_binding) == "123456789012"
    with pytest.raises(Unreadable):
        unseal(account.sealed_number, binding=f"bank_account:{new_id()}:number")
    assert (account.number_last4, account.status, account.is_default) == ("9012", "unverified", True)
    with pytest.raises(BankAccountExists):
        services.add_bank_account(
            user=user, holder_name="Another Name", account_number="123456789012", ifsc="HDFC0000053"
        )
    assert BankAccount.objects.count() == 1


def test_a_removed_account_may_be_added_again_and_another_becomes_the_default(db: None) -> None:
    user = make_doer()
    first, second = make_bank_account(user, "111122223333"), make_bank_account(user, "444455556666")
    services.remove_bank_account(account=first)
    assert BankAccount.objects.get(pk=second.pk).is_default
    make_bank_account(user, "111122223333")
    assert user.bank_accounts.filter(removed_at=None).count() == 2


def test_there_is_one_default(db: None) -> None:
    user = make_doer()
    _, second = make_bank_account(user), make_bank_account(user)
    assert services.make_default(account=second).is_default
    assert list(user.bank_accounts.filter(is_default=True)) == [second]


def test_an_account_with_money_on_its_way_stays(db: None) -> None:
    payout = make_payout(make_doer())
    with pytest.raises(BankAccountInUse):
        services.remove_bank_account(account=payout.bank_account)
    assert BankAccount.objects.get(pk=payout.bank_account_id).removed_at is None


def test_a_penny_drop_verifies_an_account_and_is_paid_for(db: None, gateway: StandIn) -> None:
    gateway.set_pace(validationAfterMs=0)
    user = make_doer()
    account = services.add_bank_account(
        user=user, holder_name="Ravi Kumar", account_number="123456789012", ifsc="HDFC0000053"
    )
    validation = services.start_validation(account=account, user=user)
    assert services.start_validation(account=account, user=user) == validation
    deliver_due()
    Validation.objects.update(look_at=Now())
    look_at_validations()
    account.refresh_from_db()
    assert (account.status, account.registered_name, account.name_match_score) == ("verified", "Ravi Kumar", 100)
    assert account.bank_name == "HDFC Bank"
    assert balance("payout_fee") == 100 == gateway.ledger()["totals"]["validations"]
    assert len(gateway.ledger()["validations"]) == 1
    with pytest.raises(BankAccountAlreadyVerified):
        services.start_validation(account=account, user=user)


@pytest.mark.parametrize(
    ("holder", "number", "reason"),
    [("Ravi Kumar", "123456780000", "does not exist"), ("Mismatch Kumar", "123456789012", "somebody else")],
)
def test_a_check_that_ran_is_not_yet_a_good_account(
    db: None, gateway: StandIn, holder: str, number: str, reason: str
) -> None:
    gateway.set_pace(validationAfterMs=0)
    user = make_doer()
    account = services.add_bank_account(user=user, holder_name=holder, account_number=number, ifsc="HDFC0000053")
    services.start_validation(account=account, user=user)
    deliver_due()
    Validation.objects.update(look_at=Now())
    look_at_validations()
    account.refresh_from_db()
    assert account.status == "failed"
    assert reason in account.failure_reason
    assert Validation.objects.get().status == "completed"
    assert len(events("BankAccountFailed")) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_a_penny_drop_without_an_answer_is_looked_up_before_it_is_made_again(
    db: None, gateway: StandIn, fault: str
) -> None:
    user = make_doer()
    account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    validation = services.start_validation(account=account, user=user)
    gateway.faults([{"match": "POST /v1/fund_accounts/validations", "times": 1, "fault": fault}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_validation(validation_id=validation.pk)
    services.send_validation(validation_id=validation.pk)
    GatewayAttempt.objects.update(called_at=Now() - timedelta(minutes=61))
    services.send_validation(validation_id=validation.pk)
    assert len(gateway.ledger()["validations"]) == 1
    assert Validation.objects.get().gateway_validation_id
    assert [attempt.status for attempt in GatewayAttempt.objects.all()] == ["answered"]


def test_a_penny_drop_is_not_repeated_while_the_gateways_list_may_lag(db: None, gateway: StandIn) -> None:
    account = services.add_bank_account(user=make_doer(), holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    validation = services.start_validation(account=account, user=account.user)
    gateway.faults([{"match": "POST /v1/fund_accounts/validations", "times": 1, "fault": "timeout_after_doing"}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_validation(validation_id=validation.pk)
    with mock.patch.object(type(our_gateway()), "find_validation", return_value=None):
        for _ in range(2):
            services.send_validation(validation_id=validation.pk)
    assert len(gateway.ledger()["validations"]) == 1
    services.send_validation(validation_id=validation.pk)
    assert Validation.objects.get().gateway_validation_id
    assert len(gateway.ledger()["validations"]) == 1


def test_a_penny_drop_that_was_repeated_late_is_not_repeated_again_at_once(db: None, gateway: StandIn) -> None:
    account = services.add_bank_account(user=make_doer(), holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    validation = services.start_validation(account=account, user=account.user)
    for fault in ("timeout_before_doing", "timeout_after_doing"):
        GatewayAttempt.objects.update(created_at=Now() - timedelta(minutes=61), called_at=Now() - timedelta(minutes=61))
        gateway.faults([{"match": "POST /v1/fund_accounts/validations", "times": 1, "fault": fault}])
        with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
            services.send_validation(validation_id=validation.pk)
    assert len(gateway.ledger()["validations"]) == 1
    with mock.patch.object(type(our_gateway()), "find_validation", return_value=None):
        services.send_validation(validation_id=validation.pk)
    assert len(gateway.ledger()["validations"]) == 1


def test_a_penny_drop_that_is_asked_for_again_is_looked_at_soon(db: None, gateway: StandIn) -> None:
    account = services.add_bank_account(user=make_doer(), holder_name="Ravi Kumar", vpa="ravi.kumar@okbank")
    validation = services.start_validation(account=account, user=account.user)
    gateway.faults([{"match": "POST /v1/fund_accounts/validations", "times": 1, "fault": "timeout_before_doing"}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_validation(validation_id=validation.pk)
    GatewayAttempt.objects.update(called_at=Now() - timedelta(minutes=61))
    Validation.objects.update(looks=9, look_at=Now())
    services.send_validation(validation_id=validation.pk)
    validation.refresh_from_db()
    assert validation.gateway_validation_id
    assert validation.look_at is None or validation.look_at < now() + timedelta(minutes=1)


# Asking


def test_a_withdrawal_leaves_the_wallet_at_once(db: None) -> None:
    user = make_doer()
    earn(user, 80_000)
    account = make_bank_account(user)
    payout = services.request_payout(user=user, amount=50_000)
    assert (payout.status, payout.mode, payout.bank_account) == ("queued", "IMPS", account)
    assert balance("wallet", user.pk) == 30_000
    assert balance("payout_pending", payout.pk) == 50_000
    assert len(events("PayoutRequested")) == 1


def test_all_there_is_may_be_less_than_the_minimum(db: None) -> None:
    user = make_doer()
    earn(user, 9_999)
    make_bank_account(user)
    assert services.request_payout(user=user, amount=9_999).status == "queued"


@pytest.mark.parametrize(
    ("amount", "error"),
    [(50_001, BalanceTooSmall), (1_000_000_000, BalanceTooSmall), (9_999, PayoutTooSmall), (1, PayoutTooSmall)],
)
def test_an_amount_that_does_not_do_changes_nothing(db: None, amount: int, error: type[Exception]) -> None:
    user = make_doer()
    earn(user, 50_000)
    make_bank_account(user)
    before = books()
    with pytest.raises(error):
        services.request_payout(user=user, amount=amount)
    assert books() == before
    assert not Payout.objects.exists()


def test_money_goes_to_ones_own_verified_account_only(db: None) -> None:
    user = make_doer()
    earn(user, 50_000)
    before = books()
    with pytest.raises(NoBankAccount):
        services.request_payout(user=user, amount=50_000)
    account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi@okbank")
    with pytest.raises(BankAccountNotVerified):
        services.request_payout(user=user, amount=50_000)
    strangers = make_bank_account(make_doer())
    services.remove_bank_account(account=account)
    for other in (strangers.pk, account.pk, new_id()):
        with pytest.raises(NotFound):
            services.request_payout(user=user, amount=50_000, bank_account_id=other)
    assert {key: value for key, value in books().items() if key[0] == "wallet"} == {
        key: value for key, value in before.items() if key[0] == "wallet"
    }
    assert not Payout.objects.exists()


def test_large_amounts_go_by_rtgs_and_never_by_upi(db: None) -> None:
    user = make_doer()
    earn(user, 90_000_000)
    make_bank_account(user)
    payout = services.request_payout(user=user, amount=60_000_000)
    assert (payout.mode, payout.status) == ("RTGS", "held")
    account = services.add_bank_account(user=user, holder_name="Ravi Kumar", vpa="ravi@okbank")
    BankAccount.objects.filter(pk=account.pk).update(status="verified", verified_at=Now())
    with pytest.raises(PayoutTooLarge):
        services.request_payout(user=user, amount=20_000_000, bank_account_id=account.pk)


def test_twenty_who_withdraw_everything_at_once_are_one_winner(committed_db: None) -> None:
    user = make_doer()
    earn(user, 50_000)
    make_bank_account(user)
    answers = at_once(*[lambda: services.request_payout(user=user, amount=50_000)] * 20)
    assert sum(isinstance(answer, Payout) for answer in answers) == 1, answers
    assert sum(isinstance(answer, BalanceTooSmall) for answer in answers) == 19, answers
    assert balance("wallet", user.pk) == 0
    assert Payout.objects.count() == 1


# Cancelling


def test_what_was_not_sent_can_be_called_back_once(db: None) -> None:
    user = make_doer()
    payout = make_payout(user, 50_000)
    assert services.cancel_payout(payout=payout, user=user).status == "cancelled"
    assert balance("wallet", user.pk) == 50_000
    before = books()
    with pytest.raises(PayoutAlreadySent):
        services.cancel_payout(payout=payout, user=user)
    assert books() == before


def test_what_was_sent_cannot_be_called_back(db: None, gateway: StandIn) -> None:
    user = make_doer()
    payout = make_payout(user)
    gateway.kill()
    services.send_payout(payout_id=payout.pk)
    before = books()
    with pytest.raises(PayoutAlreadySent):
        services.cancel_payout(payout=payout, user=user)
    assert books() == before


def test_cancelling_and_sending_at_once_is_one_of_both(committed_db: None, gateway: StandIn) -> None:
    user = make_doer()
    payout = verified_payout(user, gateway)
    at_once(
        *[lambda: services.cancel_payout(payout=payout, user=user)] * 5,
        *[lambda: services.send_payout(payout_id=payout.pk)] * 5,
    )
    payout.refresh_from_db()
    was_sent = bool(gateway.ledger()["payouts"])
    assert payout.status == ("processing" if was_sent else "cancelled")
    assert balance("wallet", user.pk) == (0 if was_sent else 50_000)


# Following


def test_processed_takes_the_money_and_the_fee_from_the_bank(db: None) -> None:
    payout = hear(make_payout(make_doer()), "processing", "processed", "processing", "queued")
    assert (payout.status, payout.fee) == ("processed", 590)
    assert balance("payout_pending", payout.pk) == 0
    assert balance("payout_bank") == -50_000 - 590 - 100  # and the penny drop
    assert balance("payout_fee") == 500 + 100
    assert balance("gst_input") >= 90
    assert len(events("PayoutProcessed")) == 1


@pytest.mark.parametrize("outcome", ["failed", "reversed", "rejected", "cancelled"])
def test_money_that_never_arrived_is_back_in_the_wallet_once(db: None, outcome: str) -> None:
    user = make_doer()
    payout = hear(make_payout(user), outcome, "processing", outcome)
    assert payout.status == outcome
    assert balance("wallet", user.pk) == 50_000
    assert balance("payout_pending", payout.pk) == 0
    assert len(events("PayoutFailed")) + len(events("PayoutReversed")) == 1


def test_a_reversal_after_processed_brings_back_amount_and_fee(db: None) -> None:
    user = make_doer()
    payout = make_payout(user)
    before = {name: balance(name) for name in ("payout_bank", "payout_fee", "gst_input")}
    payout = hear(payout, "processing", "processed", "reversed", "processed", "processing")
    assert payout.status == "reversed"
    assert balance("wallet", user.pk) == 50_000
    assert {name: balance(name) for name in before} == before
    assert len(events("PayoutReversed")) == 1


def test_failed_and_reversed_of_the_same_payout_return_the_money_once(db: None) -> None:
    user = make_doer()
    payout = hear(make_payout(user), "processing", "failed", "reversed", "failed")
    assert payout.status == "failed"
    assert balance("wallet", user.pk) == 50_000


def test_failed_after_processed_is_no_way_and_changes_nothing(db: None) -> None:
    payout = hear(make_payout(make_doer()), "processing", "processed")
    before = books()
    assert hear(payout, "failed").status == "processed"
    assert books() == before


@pytest.mark.parametrize("said", ["processing", "processed"])
def test_money_that_left_although_we_gave_it_back_is_an_alarm(db: None, said: str) -> None:
    payout = make_payout(make_doer())
    services.cancel_payout(payout=payout, user=payout.user)
    before = books()
    with capture_logs() as logs:
        services.record_payout(sighting=says(payout, said))
    payout.refresh_from_db()
    assert (payout.status, books()) == ("cancelled", before)
    assert [line["log_level"] for line in logs if line["event"] == "payout_contradicted"] == ["critical"]


def test_a_second_payout_under_one_reference_is_an_alarm(db: None) -> None:
    payout = hear(make_payout(make_doer()), "processing")
    first, before = payout.gateway_payout_id, books()
    stale = Payout.objects.get(pk=payout.pk)
    with mock.patch("payments.services.withdrawing._find", return_value=stale), capture_logs() as logs:
        services.record_payout(sighting=says(payout, "processed", payout_id=gateway_id("pout")))
    payout.refresh_from_db()
    assert (payout.status, payout.gateway_payout_id, books()) == ("processing", first, before)
    assert [line["log_level"] for line in logs if line["event"] == "payout_made_twice"] == ["critical"]


def test_an_utr_may_come_late(db: None) -> None:
    payout = hear(make_payout(make_doer()), "processed")
    services.record_payout(sighting=says(payout, "processed", utr="UTR123"))
    payout.refresh_from_db()
    assert payout.utr == "UTR123"


def test_a_payout_of_another_amount_is_not_believed(db: None) -> None:
    payout = make_payout(make_doer())
    before = books()
    services.record_payout(sighting=says(payout, "processed", amount=1))
    payout.refresh_from_db()
    assert payout.status == "queued"
    assert books() == before


def test_twenty_bringers_of_one_reversal_return_the_money_once(committed_db: None) -> None:
    user = make_doer()
    payout = hear(make_payout(user), "processing", "processed")
    sighting = says(payout, "reversed")
    answers = at_once(*[lambda: services.record_payout(sighting=sighting)] * 20)
    assert all(isinstance(answer, Payout) for answer in answers), answers
    assert balance("wallet", user.pk) == 50_000
    assert len(events("PayoutReversed")) == 1
    assert [change.to_status for change in history(payout)].count("reversed") == 1


# Sending


def verified_payout(user: Any, gateway: StandIn) -> Payout:
    """A queued withdrawal to an account that the gateway knows and has checked."""
    gateway.set_pace(validationAfterMs=0, payoutAfterMs="by_hand")
    account = services.add_bank_account(
        user=user, holder_name="Ravi Kumar", account_number="123456789012", ifsc="HDFC0000053"
    )
    validation = services.start_validation(account=account, user=user)
    services.send_validation(validation_id=validation.pk)
    services.send_validation(validation_id=validation.pk)
    earn(user, 50_000)
    return services.request_payout(user=user, amount=50_000)


def look_again(payout: Payout) -> Payout:
    Payout.objects.filter(pk=payout.pk).update(look_at=Now())
    send_payouts()
    payout.refresh_from_db()
    return payout


def test_a_withdrawal_is_sent_and_followed_to_the_bank(db: None, gateway: StandIn) -> None:
    user = make_doer()
    payout = verified_payout(user, gateway)
    deliver_due()
    payout.refresh_from_db()
    assert payout.status == "processing"
    gateway.settle_payout(str(payout.gateway_payout_id), "processed")
    payout = look_again(payout)
    assert (payout.status, payout.fee) == ("processed", 590)
    assert payout.utr
    assert wallet_balance_of(user.pk).total_withdrawn == 50_000
    gateway.settle_payout(str(payout.gateway_payout_id), "reversed")
    assert look_again(payout).status == "reversed"
    assert balance("wallet", user.pk) == 50_000
    assert balance("payout_bank") + 100_000_000 == gateway.ledger()["balances"]["payout"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_payout_without_an_answer_is_repeated_with_the_same_key(db: None, gateway: StandIn, fault: str) -> None:
    payout = verified_payout(make_doer(), gateway)
    gateway.faults([{"match": "POST /v1/payouts", "times": 1, "fault": fault}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_payout(payout_id=payout.pk)
    payout.refresh_from_db()
    assert (payout.status, balance("payout_pending", payout.pk)) == ("queued", 50_000)
    assert look_again(payout).status == "processing"
    assert [line["reference_id"] for line in gateway.ledger()["payouts"]] == [str(payout.pk)]
    assert GatewayAttempt.objects.get(subject_id=payout.pk).calls == 2


def test_an_event_that_overtakes_the_answer_closes_the_attempt(db: None, gateway: StandIn) -> None:
    payout = verified_payout(make_doer(), gateway)
    gateway.faults([{"match": "POST /v1/payouts", "times": 1, "fault": "timeout_after_doing"}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_payout(payout_id=payout.pk)
    assert GatewayAttempt.objects.get(subject_id=payout.pk).status == "started"
    assert hear(payout, "processed").status == "processed"
    assert GatewayAttempt.objects.get(subject_id=payout.pk).status == "answered"


def test_a_time_out_and_then_a_failure_returns_the_money_once(db: None, gateway: StandIn) -> None:
    user = make_doer()
    payout = verified_payout(user, gateway)
    gateway.faults([{"match": "POST /v1/payouts", "times": 1, "fault": "timeout_after_doing"}])
    with mock.patch("payments.providers.razorpay.session.TIMEOUT", (0.5, 0.5)):
        services.send_payout(payout_id=payout.pk)
    gateway.settle_payout(gateway.ledger()["payouts"][0]["id"], "failed")
    look_again(payout)
    assert look_again(payout).status == "failed"
    assert balance("wallet", user.pk) == 50_000


def test_a_payout_that_the_gateway_refuses_is_back_at_once(db: None, gateway: StandIn) -> None:
    user = make_doer()
    earn(user, 50_000)
    make_bank_account(user)  # an account that this gateway has never heard of
    payout = services.request_payout(user=user, amount=50_000)
    services.send_payout(payout_id=payout.pk)
    payout.refresh_from_db()
    assert payout.status == "rejected"
    assert balance("wallet", user.pk) == 50_000
    assert gateway.ledger()["payouts"] == []


def test_a_payout_waits_in_the_gateways_queue_for_balance(db: None, gateway: StandIn) -> None:
    payout = verified_payout(make_doer(), gateway)
    gateway.set_balances(payout=100)
    with capture_logs() as logs:
        services.send_payout(payout_id=payout.pk)
    assert [line["log_level"] for line in logs if line["event"] == "payout_account_low"] == ["critical"]
    payout.refresh_from_db()
    assert payout.status == "queued"
    assert payout.gateway_payout_id
    gateway.set_balances(payout=10_000_000)
    assert look_again(payout).status == "processing"


def test_a_payout_is_not_repeated_past_the_gateways_memory(db: None, gateway: StandIn) -> None:
    user = make_doer()
    payout = verified_payout(user, gateway)
    gateway.kill()
    services.send_payout(payout_id=payout.pk)
    gateway.start()
    Payout.objects.filter(pk=payout.pk).update(sent_at=Now() - timedelta(days=8))
    assert look_again(payout).status == "rejected"
    assert gateway.ledger()["payouts"] == []
    assert balance("wallet", user.pk) == 50_000


def test_holding_and_sending_at_once_is_one_of_both(committed_db: None, gateway: StandIn) -> None:
    payout, operator = verified_payout(make_doer(), gateway), make_operator("finance")
    at_once(
        *[lambda: services.hold_payout(payout=payout, operator=operator, reason="Odd.")] * 5,
        *[lambda: services.send_payout(payout_id=payout.pk)] * 5,
    )
    payout.refresh_from_db()
    assert payout.status == ("processing" if gateway.ledger()["payouts"] else "held")
    assert balance("payout_pending", payout.pk) == 50_000


def test_twenty_who_send_one_payout_at_once_send_one(committed_db: None, gateway: StandIn) -> None:
    payout = verified_payout(make_doer(), gateway)
    assert at_once(*[lambda: services.send_payout(payout_id=payout.pk)] * 20) == [None] * 20
    assert len(gateway.ledger()["payouts"]) == 1
    found = our_gateway().find_payout(str(payout.pk))
    assert found is not None
    assert found.status == "processing"


def test_old_news_puts_no_look_off(db: None) -> None:
    payout = make_payout(make_doer())
    hear(payout, "processing")
    payout.refresh_from_db()
    first = payout.look_at
    hear(payout, *["processing"] * 12)
    payout.refresh_from_db()
    assert first is not None
    assert (payout.status, payout.look_at, payout.looks) == ("processing", first, 0)


def test_each_look_without_news_doubles_the_pause(db: None) -> None:
    payout = make_payout(make_doer())
    hear(payout, "processing")
    pauses = []
    for _ in range(3):
        Payout.objects.filter(pk=payout.pk).update(look_at=Now())
        asked = now()
        hear(payout, "processing")
        payout.refresh_from_db()
        assert payout.look_at is not None
        pauses.append(round((payout.look_at - asked).total_seconds()))
    assert pauses == [30, 60, 120]
