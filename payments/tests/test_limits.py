"""When a withdrawal is not yet possible: waits that end by the clock of the database, and the limits of a day."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import make_doer, make_operator
from khidma.kernel import clock
from khidma.kernel.clock import Now
from khidma.kernel.ids import new_id
from khidma.kernel.outbox import deliver_due
from khidma.kernel.runtime import change
from khidma.tests.races import at_once
from payments import services
from payments.errors import BalanceTooSmall, BankAccountCoolingOff, FirstPayoutWaiting, PayoutLimitReached
from payments.models import Capture, Escrow, Payout
from payments.runtime import PaymentSettings
from payments.selectors import wallet_balance_of
from payments.selectors.available import unsettled_of
from payments.tests.factories import balance, books, earn, make_bank_account
from payments.tests.test_payouts import hear

HOUR = timedelta(hours=1)
LOAD = "import json; from payments.runtime import PaymentSettings; rules = PaymentSettings()"


@pytest.fixture
def waits(committed_db: None) -> Iterator[None]:
    """A committed database whose clock may be shifted, with the waits of production."""
    rule(cooling_off_hours=24, first_payout_hours=72)
    yield
    connections["owner"].close()


def rule(**values: Any) -> None:
    with transaction.atomic():
        change(PaymentSettings, values)


def verified_at(user: User) -> datetime:
    moment = user.bank_accounts.get().verified_at
    assert moment is not None
    return moment


def with_money(amount: int) -> User:
    user = make_doer()
    earn(user, amount)
    make_bank_account(user)
    return user


def refusal_of(user: User, amount: int, error: Any) -> dict[str, Any]:
    """The details of the refusal, which has changed nothing."""
    before, payouts = books(), Payout.objects.count()
    with pytest.raises(error) as refused:
        services.request_payout(user=user, amount=amount)
    assert (books(), Payout.objects.count()) == (before, payouts)
    details: dict[str, Any] = refused.value.details
    return details


def shift_to(moment: datetime) -> None:
    clock.shift(moment - clock.now())


def test_a_new_account_takes_money_a_day_after_it_was_verified(waits: None) -> None:
    rule(first_payout_hours=0)
    user = with_money(50_000)
    opens_at = verified_at(user) + 24 * HOUR
    assert refusal_of(user, 50_000, BankAccountCoolingOff) == {"availableAt": int(opens_at.timestamp() * 1000)}
    clock.shift(24 * HOUR - timedelta(minutes=1))
    refusal_of(user, 50_000, BankAccountCoolingOff)
    clock.shift(timedelta(minutes=2))
    assert services.request_payout(user=user, amount=50_000).status == "queued"


def test_a_second_account_cools_off_by_itself(waits: None) -> None:
    rule(first_payout_hours=0)
    user = with_money(50_000)
    clock.shift(25 * HOUR)
    second = make_bank_account(user)
    with pytest.raises(BankAccountCoolingOff):
        services.request_payout(user=user, amount=50_000, bank_account_id=second.pk)
    assert (balance("wallet", user.pk), Payout.objects.count()) == (50_000, 0)
    assert services.request_payout(user=user, amount=50_000).bank_account != second


def test_the_first_earnings_wait_and_later_ones_do_not(waits: None) -> None:
    rule(cooling_off_hours=0)
    user = with_money(50_000)
    assert set(refusal_of(user, 20_000, FirstPayoutWaiting)) == {"availableAt"}
    clock.shift(72 * HOUR + timedelta(minutes=1))
    hear(services.request_payout(user=user, amount=50_000), "processing", "processed")
    rule(first_payout_hours=720)
    earn(user, 30_000)
    assert services.request_payout(user=user, amount=30_000).status == "queued"


@pytest.mark.parametrize(("waits_are", "hours"), [("on", [24, 72, True]), ("off", [0, 0, False])])
def test_the_waits_are_on_in_production_and_off_elsewhere(waits_are: str, hours: list[Any]) -> None:
    names = "[rules.cooling_off_hours, rules.first_payout_hours, rules.hold_unsettled]"
    told = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {LOAD}; print(json.dumps({names}))"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "khidma.settings", "KHIDMA_WAITS": waits_are},
        capture_output=True,
        check=True,
        text=True,
    )
    assert json.loads(told.stdout) == hours


# Unsettled


def test_earnings_wait_until_the_gateway_has_settled_them(db: None) -> None:
    user = with_money(30_000)
    rule(hold_unsettled=True)
    assert (wallet_balance_of(user.pk).available, wallet_balance_of(user.pk).pending) == (0, 30_000)
    assert refusal_of(user, 30_000, BalanceTooSmall) == {"available": 0}
    Capture.objects.update(settled_at=Now())
    earn(user, 20_000)
    assert (wallet_balance_of(user.pk).available, wallet_balance_of(user.pk).pending) == (30_000, 20_000)
    refusal_of(user, 30_001, BalanceTooSmall)
    assert services.request_payout(user=user, amount=30_000).status == "queued"
    assert wallet_balance_of(user.pk).available == 0


def test_what_was_given_back_of_unsettled_earnings_keeps_nothing_else(db: None) -> None:
    user = with_money(40_000)
    Capture.objects.update(settled_at=Now())
    earn(user, 30_000)
    escrow = Escrow.objects.latest("id")
    rule(hold_unsettled=True)
    assert wallet_balance_of(user.pk).available == 40_000
    services.return_after_release(
        reference=escrow.reference, amount=escrow.amount, operator=make_operator("finance"), reason="Never done"
    )
    assert (wallet_balance_of(user.pk).available, wallet_balance_of(user.pk).pending) == (40_000, 0)


def test_unsettled_earnings_that_paid_a_debt_keep_nothing_else(db: None) -> None:
    user = with_money(40_000)
    escrow = Escrow.objects.latest("id")
    services.request_payout(user=user, amount=40_000)
    Payout.objects.update(sent_at=Now())
    services.return_after_release(
        reference=escrow.reference, amount=escrow.amount, operator=make_operator("finance"), reason="Never done"
    )
    assert wallet_balance_of(user.pk).owed == 40_000
    Capture.objects.update(settled_at=Now())
    earn(user, 40_000)
    rule(hold_unsettled=True)
    assert (wallet_balance_of(user.pk).owed, unsettled_of(user.pk)) == (0, 0)


def test_what_is_unsettled_and_held_is_never_less_than_nothing(db: None) -> None:
    user = with_money(30_000)
    rule(hold_unsettled=True)
    services.hold_wallet(user_id=user.pk, amount=30_000, reason="chargeback", reference=new_id())
    assert (wallet_balance_of(user.pk).available, wallet_balance_of(user.pk).pending) == (0, 30_000)


# Limits


def test_a_day_has_an_amount_and_begins_at_midnight_in_india(waits: None) -> None:
    rule(daily_payout_amount=40_000, cooling_off_hours=0, first_payout_hours=0)
    today = timezone.localtime(clock.now()).replace(hour=23, minute=50, second=0, microsecond=0)
    shift_to(today + 24 * HOUR)
    user = with_money(100_000)
    services.request_payout(user=user, amount=30_000)
    details = refusal_of(user, 10_001, PayoutLimitReached)
    midnight = today + 24 * HOUR + timedelta(minutes=10)
    assert (details["left"], details["availableAt"]) == (10_000, int(midnight.timestamp() * 1000))
    services.request_payout(user=user, amount=10_000)
    refusal_of(user, 10_000, PayoutLimitReached)
    shift_to(midnight + timedelta(seconds=1))
    assert services.request_payout(user=user, amount=40_000).status == "queued"


def test_a_day_has_a_number_of_withdrawals(db: None) -> None:
    rule(daily_payout_count=2)
    user = with_money(100_000)
    for _ in range(3):
        payout = services.request_payout(user=user, amount=10_000)
        services.cancel_payout(payout=payout, user=user)
    hear(services.request_payout(user=user, amount=10_000), "processing", "failed")
    services.request_payout(user=user, amount=10_000)
    assert refusal_of(user, 10_000, PayoutLimitReached)["dailyCount"] == 2


def test_what_came_back_does_not_use_up_the_amount(db: None) -> None:
    rule(daily_payout_amount=50_000)
    user = with_money(60_000)
    hear(services.request_payout(user=user, amount=50_000), "processing", "processed", "reversed")
    assert services.request_payout(user=user, amount=50_000).status == "queued"
    assert refusal_of(user, 10_000, PayoutLimitReached)["left"] == 0


def test_ten_at_once_do_not_share_what_is_left_of_the_day(committed_db: None) -> None:
    rule(daily_payout_amount=30_000)
    user = with_money(200_000)
    answers = at_once(*[lambda: services.request_payout(user=user, amount=20_000)] * 10)
    assert sum(isinstance(answer, Payout) for answer in answers) == 1, answers
    assert sum(isinstance(answer, PayoutLimitReached) for answer in answers) == 9, answers
    assert balance("wallet", user.pk) == 180_000


def test_the_user_is_told_from_when_a_new_account_takes_money(db: None) -> None:
    rule(cooling_off_hours=24)
    user = make_doer()
    make_bank_account(user)
    deliver_due()
    told = user.notifications.filter(kind="bank_account_verified").get()
    opens_at = timezone.localtime(verified_at(user) + 24 * HOUR)
    assert opens_at.strftime("%H:%M") in told.body
    assert user.notifications.filter(kind="bank_account_added").exists()
